//! Tables that publications list and a subscription does not know: it gets no row of them until somebody tells it to look
//! again (manual: "ALTER SUBSCRIPTION"). Pure.

use std::collections::BTreeSet;

use super::client::identifier;
use super::publications::Publication;
use super::subscriptions::Subscription;

/// The tables that a subscription does not know, as it would name them. `published` has each table of its publications with
/// the root of the partitioned table that it belongs to, or itself.
fn unsubscribed(published: &[(&str, &str)], subscribed: &[&str]) -> Vec<String> {
    let listed: BTreeSet<&str> = published.iter().map(|(table, _)| *table).collect();
    // A partition is not subscribed where another publication has its root.
    let is_part = |table: &str, root: &str| table != root && listed.contains(root);
    let own = published
        .iter()
        .filter(|(table, root)| !is_part(table, root))
        .map(|(table, _)| table.strip_prefix("public.").unwrap_or(table))
        .filter(|table| !subscribed.contains(table));
    let own: BTreeSet<&str> = own.collect();
    own.into_iter().map(str::to_owned).collect()
}

/// That the subscription of that name does not know tables of its publications, and what mends it. `None` if it knows all.
#[must_use]
pub fn missed(name: &str, published: &[(&str, &str)], subscribed: &[&str]) -> Option<String> {
    let tables = unsubscribed(published, subscribed);
    let are = match tables.len() {
        0 => return None,
        1 => "is",
        _ => "are",
    };
    let (tables, name) = (tables.join("`, `"), identifier(name));
    Some(format!(
        "`{tables}` {are} published and not subscribed: `ALTER SUBSCRIPTION {name} REFRESH PUBLICATION`"
    ))
}

/// The same, from what the publisher and the subscriber said.
#[must_use]
pub fn missed_by(subscription: &Subscription, publications: &[Publication]) -> Option<String> {
    let published: Vec<(&str, &str)> = publications
        .iter()
        .filter(|its| subscription.publications.contains(&its.name))
        .flat_map(|its| its.tables.iter().zip(&its.roots))
        .map(|(table, root)| (table.as_str(), root.as_str()))
        .collect();
    let subscribed = subscription.tables.iter();
    let subscribed: Vec<&str> = subscribed.map(|table| table.name.as_str()).collect();
    missed(&subscription.name, &published, &subscribed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_missed_that_is_published_and_not_subscribed() {
        let published = [("public.a", "public.a"), ("s.\"B\"", "s.\"B\"")];
        assert_eq!(unsubscribed(&published, &["a"]), ["s.\"B\""]);
        assert!(unsubscribed(&published, &["a", "s.\"B\"", "more"]).is_empty());
        assert_eq!(unsubscribed(&published, &[]), ["a", "s.\"B\""]);
    }

    #[test]
    fn a_partition_is_part_of_a_root_that_is_published_itself() {
        let (leaf, root) = (("public.t_1", "public.t"), ("public.t", "public.t"));
        assert_eq!(unsubscribed(&[leaf], &["t"]), ["t_1"]);
        assert!(unsubscribed(&[leaf, root], &["t"]).is_empty());
    }

    #[test]
    fn what_mends_it_is_said() {
        let late = [("public.late", "public.late")];
        assert_eq!(
            missed("My sub", &late, &[]).as_deref(),
            Some(
                "`late` is published and not subscribed: `ALTER SUBSCRIPTION \"My sub\" REFRESH PUBLICATION`"
            )
        );
        assert_eq!(missed("s", &late, &["late"]), None);
    }
}
