//! The statements of logical replication (manual: "Logical Replication"), rendered.

use std::fmt::Write as _;

use crate::name::{DatabaseName, NodeName, ObjectName, UserName};
use crate::scenario::logical::{Operation, Publication, PublishedTable, Subscription, Tables};

use super::PORT;
use super::client::{identifier, literal};
use super::command::{PASSFILE, tls_options};
use crate::sql::quote;

/// `CREATE PUBLICATION`.
#[must_use]
pub fn create_publication(name: &ObjectName, publication: &Publication) -> String {
    let mut what = Vec::new();
    match &publication.tables {
        Tables::All => what.push("ALL TABLES".to_owned()),
        Tables::These(tables) => what.extend(tables.iter().map(published)),
    }
    let schemas = publication.schemas.iter();
    what.extend(schemas.map(|schema| format!("TABLES IN SCHEMA {}", identifier(schema.as_str()))));
    let mut with = Vec::new();
    if let Some(operations) = &publication.publish {
        let words: Vec<&str> = operations.iter().copied().map(Operation::word).collect();
        with.push(format!("publish = {}", literal(&words.join(", "))));
    }
    if publication.via_root {
        with.push("publish_via_partition_root = true".to_owned());
    }
    let with = if with.is_empty() {
        String::new()
    } else {
        format!(" WITH ({})", with.join(", "))
    };
    let name = identifier(name.as_str());
    format!("CREATE PUBLICATION {name} FOR {}{with}", what.join(", "))
}

fn published(table: &PublishedTable) -> String {
    let mut text = format!("TABLE {}", quote::table(&table.name));
    if !table.columns.is_empty() {
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|column| identifier(column.as_str()))
            .collect();
        _ = write!(text, " ({})", columns.join(", "));
    }
    if let Some(filter) = &table.filter {
        _ = write!(text, " WHERE ({filter})");
    }
    text
}

/// `CREATE SUBSCRIPTION`. The password is in [`PASSFILE`].
#[must_use]
pub fn create_subscription(
    name: &ObjectName,
    subscription: &Subscription,
    user: &UserName,
    database: &DatabaseName,
    tls: bool,
) -> String {
    let publications: Vec<String> = subscription
        .publications
        .iter()
        .map(|publication| identifier(publication.as_str()))
        .collect();
    let mut with = Vec::new();
    let mut option = |key: &str, value: Option<String>| {
        with.extend(value.map(|value| format!("{key} = {value}")));
    };
    let slot = subscription.slot.as_ref();
    option("slot_name", slot.map(|slot| literal(slot.as_str())));
    let said = |value: bool, default: bool| (value != default).then(|| value.to_string());
    option("create_slot", said(subscription.create_slot, true));
    option("copy_data", said(subscription.copy_data, true));
    option(
        "origin",
        subscription.origin.map(|origin| origin.to_string()),
    );
    option(
        "streaming",
        subscription.streaming.map(|way| way.to_string()),
    );
    option("two_phase", subscription.two_phase.map(|on| on.to_string()));
    let disable = subscription.disable_on_error;
    option("disable_on_error", disable.map(|on| on.to_string()));
    option("binary", subscription.binary.map(|on| on.to_string()));
    option("failover", subscription.failover.map(|on| on.to_string()));
    let with = if with.is_empty() {
        String::new()
    } else {
        format!(" WITH ({})", with.join(", "))
    };
    format!(
        "CREATE SUBSCRIPTION {} CONNECTION {} PUBLICATION {}{with}",
        identifier(name.as_str()),
        literal(&format!(
            "{}{}",
            conninfo(&subscription.upstream, user, database),
            tls_options(tls)
        )),
        publications.join(", ")
    )
}

/// The connection string of a subscription (manual: "Parameter Key Words").
fn conninfo(upstream: &NodeName, user: &UserName, database: &DatabaseName) -> String {
    format!("host={upstream} port={PORT} dbname={database} user={user} passfile={PASSFILE}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::TableName;

    fn name(name: &str) -> ObjectName {
        ObjectName::new(name).expect("a name")
    }

    #[test]
    fn a_publication_of_some_rows_and_columns() {
        let table = PublishedTable {
            name: TableName::new("sales.orders").expect("a name"),
            columns: vec![name("order_id"), name("total")],
            filter: Some("total > 10".to_owned()),
        };
        let publication = Publication {
            tables: Tables::These(vec![table]),
            schemas: vec![name("public")],
            publish: Some(vec![Operation::Insert, Operation::Update]),
            via_root: true,
        };
        assert_eq!(
            create_publication(&name("pub"), &publication),
            "CREATE PUBLICATION \"pub\" FOR TABLE \"sales\".\"orders\" (\"order_id\", \"total\") WHERE (total > 10), \
             TABLES IN SCHEMA \"public\" WITH (publish = 'insert, update', publish_via_partition_root = true)"
        );
    }

    #[test]
    fn a_subscription_says_what_it_was_told_and_never_a_password() {
        let subscription = Subscription {
            upstream: NodeName::new("publisher").expect("a name"),
            publications: vec![name("shop_pub")],
            slot: Some(crate::name::SlotName::new("replica1").expect("a name")),
            create_slot: true,
            copy_data: false,
            origin: None,
            streaming: None,
            two_phase: None,
            disable_on_error: Some(true),
            binary: None,
            failover: None,
        };
        let user = UserName::new("replication_user").expect("a name");
        let database = DatabaseName::new("shopping").expect("a name");
        assert_eq!(
            create_subscription(&name("shop_sub"), &subscription, &user, &database, false),
            "CREATE SUBSCRIPTION \"shop_sub\" CONNECTION 'host=publisher port=5432 dbname=shopping \
             user=replication_user passfile=/var/lib/postgresql/data/pgpass' PUBLICATION \"shop_pub\" \
             WITH (slot_name = 'replica1', copy_data = false, disable_on_error = true)"
        );
    }
}
