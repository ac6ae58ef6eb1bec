//! What subscriptions do not get, and what a publication lost of its plan.

use crate::failure::Failure;
use crate::name::ObjectName;
use crate::plan::{PlannedNode, PlannedPublication};
use crate::server::catalog::{self, Catalog};
use crate::server::client::{Noticing, Reader, identifier};
use crate::server::publications::planned::{self, Difference};
use crate::server::publications::{self, Publication, PublishedTable};
use crate::server::server_error::ServerError;
use crate::server::version::Version;
use crate::server::{subscriptions, unreplicated};
use crate::text::{chain, count};
use crate::verify::Prover;
use crate::verify::probe::qualified;

use super::{Found, is_it, shown};

/// The operations of a publication, in PostgreSQL's order.
const OPERATIONS: [&str; 4] = ["insert", "update", "delete", "truncate"];
/// What lets subscriptions know.
const REFRESH: &str = "then `ALTER SUBSCRIPTION … REFRESH PUBLICATION`";
/// SQLSTATE `lock_not_available`.
const LOCKED: &str = "55P03";

impl Prover<'_> {
    pub(super) fn has_subscribers(&self, primary: &PlannedNode) -> bool {
        let plan = &self.lab.plan;
        let mut subscriptions = plan.subscriptions();
        subscriptions.any(|(_, its)| *plan.primary_of(&its.upstream) == primary.name)
    }

    /// What the subscriptions from and to a primary leave unproven, and what its publications lost.
    pub(super) async fn beside_subscriptions(
        &self,
        primary: &PlannedNode,
        client: &Reader,
        found: &mut Found,
    ) -> Result<(), Failure> {
        let plan = &self.lab.plan;
        let nodes = plan.nodes.iter();
        let family = nodes.filter(|node| *plan.primary_of(&node.name) == primary.name);
        let publications: Vec<_> = family.flat_map(|node| &node.publications).collect();
        if !publications.is_empty() {
            // With the settings that its users have, as it was created.
            let database = plan.database.as_str();
            let user = self.lab.connect(&primary.name, database).await?;
            for publication in publications {
                as_planned(primary, (&user, client.version()), publication, found).await;
            }
            user.close().await;
        }
        self.other_subscriptions(primary, client, found).await?;
        let followed = plan
            .subscriptions()
            .filter(|(_, its)| *plan.primary_of(&its.upstream) == primary.name);
        let mut names: Vec<&str> = followed
            .flat_map(|(_, its)| its.publications.iter().map(ObjectName::as_str))
            .collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            return Ok(());
        }
        self.unpublished(primary, client, &names, found).await
    }

    /// The subscriptions of a node that no check follows.
    async fn other_subscriptions(
        &self,
        primary: &PlannedNode,
        client: &Reader,
        found: &mut Found,
    ) -> Result<(), Failure> {
        let database = self.lab.plan.database.as_str();
        for its in subscriptions::everywhere(client).await? {
            let mut known = primary.subscriptions.iter();
            if its.database == database && known.any(|known| known.name.as_str() == its.name) {
                continue;
            }
            let because = if its.database == database {
                let host = its.host().unwrap_or("no host");
                let remote = its.remote_database.as_deref().unwrap_or(database);
                format!("it follows database `{remote}` at `{host}`, which is not proven here")
            } else {
                format!("it is in database `{}`, which is not proven", its.database)
            };
            found.name(
                format!("{}: subscription `{}`", primary.name, its.name),
                because,
            );
        }
        Ok(())
    }

    /// What of a publisher's database the followed publications do not carry.
    async fn unpublished(
        &self,
        primary: &PlannedNode,
        client: &Reader,
        names: &[&str],
        found: &mut Found,
    ) -> Result<(), Failure> {
        let node = &primary.name;
        let (all, without, tables, catalog, unpublished, uncopied) = tokio::join!(
            publications::publications(client),
            unreplicated::unidentified(client, names),
            publications::tables(client, names),
            catalog::read(client),
            unreplicated::unpublished(client, names),
            unreplicated::uncopied(client),
        );
        let tables = tables?;
        for publication in all?.iter().filter(|it| names.contains(&it.name.as_str())) {
            let missing = missing(publication);
            if !missing.is_empty() {
                let because = format!("it does not publish {}", missing.join(", "));
                found.name(
                    format!("{node}: publication `{}`", publication.name),
                    because,
                );
            }
        }
        let planned = self.planned_tables(primary);
        for table in without? {
            let why = "it has no replica identity: UPDATE and DELETE fail while they are published";
            let mut planned = planned.iter();
            if planned.any(|it| it.identified && is_it(it, &table)) {
                let name = &table.shown;
                let hint = format!(
                    "`ALTER TABLE {name} REPLICA IDENTITY DEFAULT`, with a primary key that is not deferrable"
                );
                found.fail(
                    node,
                    &format!("{name} has its replica identity"),
                    why,
                    Some(hint),
                );
            } else {
                found.name(format!("{node}: {}", table.shown), why);
            }
        }
        for table in unpublished? {
            let because = "no publication that is subscribed to has it";
            found.name(format!("{node}: {}", table.shown), because);
        }
        let catalog = catalog.map_err(|error| chain(&error))?;
        for (table, columns) in unsent_columns(&catalog, &tables) {
            let because = format!("no publication has its columns {columns}");
            found.name(format!("{node}: {table}"), because);
        }
        let [sequences, objects] = uncopied?;
        for (number, what) in [(sequences, "sequence"), (objects, "large object")] {
            if let Ok(number @ 1..) = usize::try_from(number) {
                let name = format!("{node}: {}", count(number, what));
                found.name(name, "subscriptions do not get them");
            }
        }
        Ok(())
    }
}

/// Compares a publication with its plan.
async fn as_planned(
    primary: &PlannedNode,
    (user, version): (&Noticing, Version),
    publication: &PlannedPublication,
    found: &mut Found,
) {
    let PlannedPublication { name, create } = publication;
    let name = name.as_str();
    let claim = format!("`{name}` publishes what was planned");
    match planned::differences(user, version, name, create).await {
        Ok(differences) if differences.is_empty() => {}
        Ok(differences) => {
            let words: Vec<String> = differences.iter().map(ToString::to_string).collect();
            let hint = differences.iter().find_map(|it| cure(name, it));
            found.fail(&primary.name, &claim, words.join("; "), hint);
        }
        Err(error) if is_of_plan(&error) => {
            let why = format!(
                "it could not be created as planned any more: {}",
                chain(&error)
            );
            found.fail(&primary.name, &claim, why, None);
        }
        Err(error) => {
            let why = if error.is(LOCKED) {
                "another session has a lock on a table".to_owned()
            } else {
                chain(&error)
            };
            let why = format!("whether it is as planned was not looked up: {why}");
            found.name(format!("{}: `{name}`", primary.name), why);
        }
    }
}

/// Whether the server refuses what was planned, and not the moment: a table, a column or a function of a filter is gone, or
/// a value of it is none any more (classes 42 and 22 of "PostgreSQL Error Codes").
fn is_of_plan(error: &ServerError) -> bool {
    let state = error.code().map_or("", |state| state.code());
    state.starts_with("42") || state.starts_with("22")
}

/// The operations that a publication does not publish.
fn missing(publication: &Publication) -> Vec<&'static str> {
    let is_missing = |word: &&str| !publication.publish.iter().any(|known| known == word);
    OPERATIONS.into_iter().filter(is_missing).collect()
}

/// The published tables of which no publication has some columns, with these.
fn unsent_columns(catalog: &Catalog, published: &[PublishedTable]) -> Vec<(String, String)> {
    let tables = catalog.tables.iter();
    let each = tables.filter_map(|table| {
        let columns = table.columns.iter().filter(|column| !column.generated);
        let columns: Vec<&str> = columns.map(|column| column.name.as_str()).collect();
        let unsent = unsent(published, (&table.schema, &table.name), &columns);
        (!unsent.is_empty()).then(|| (shown(&qualified(table)), unsent.join(", ")))
    });
    each.collect()
}

/// The columns of a published table that no publication has.
fn unsent<'a>(
    tables: &[PublishedTable],
    (schema, name): (&String, &String),
    columns: &[&'a str],
) -> Vec<&'a str> {
    let entries = tables.iter();
    let entries = entries.filter(|table| (&table.schema, &table.name) == (schema, name));
    let entries: Vec<&PublishedTable> = entries.collect();
    if entries.is_empty() {
        return Vec::new();
    }
    let is_sent = |column: &str| {
        let mut entries = entries.iter();
        entries.any(|table| table.columns.iter().any(|known| known == column))
    };
    let columns = columns.iter().copied();
    columns.filter(|column| !is_sent(column)).collect()
}

/// The statement that gives a publication back what it lost.
fn cure(publication: &str, difference: &Difference) -> Option<String> {
    let publication = identifier(publication);
    match difference {
        Difference::Operations([_, planned]) => Some(format!(
            "`ALTER PUBLICATION {publication} SET (publish = '{planned}')`"
        )),
        Difference::ViaRoot(planned) => Some(format!(
            "`ALTER PUBLICATION {publication} SET (publish_via_partition_root = {planned})`, {REFRESH}"
        )),
        Difference::TableLeft(_, Some(added)) => Some(format!(
            "`ALTER PUBLICATION {publication} ADD {added}`, {REFRESH}"
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_publication_does_not_publish_is_named() {
        let publish = ["insert", "update"].map(str::to_owned).to_vec();
        let publication = Publication {
            name: "p".to_owned(),
            tables: Vec::new(),
            roots: Vec::new(),
            publish,
        };
        assert_eq!(missing(&publication), ["delete", "truncate"]);
    }

    #[test]
    fn a_column_is_sent_if_any_publication_has_it() {
        let table = |columns: &[&str]| PublishedTable {
            schema: "public".to_owned(),
            name: "t".to_owned(),
            relation: "public.t".to_owned(),
            root: ("public".to_owned(), "t".to_owned()),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            own: Vec::new(),
            key: Vec::new(),
            operations: [true; 3],
            filter: None,
        };
        let tables = [table(&["a"]), table(&["b"])];
        let (schema, name) = ("public".to_owned(), "t".to_owned());
        assert_eq!(unsent(&tables, (&schema, &name), &["a", "b", "c"]), ["c"]);
        let other = "u".to_owned();
        assert!(unsent(&tables, (&schema, &other), &["a"]).is_empty());
    }

    #[test]
    fn the_cure_of_a_publication_keeps_what_was_planned() {
        let added = "TABLE public.t (a, b) WHERE ((a > 1))".to_owned();
        let left = Difference::TableLeft("public.t".to_owned(), Some(added));
        assert_eq!(
            cure("P", &left).as_deref(),
            Some(
                "`ALTER PUBLICATION \"P\" ADD TABLE public.t (a, b) WHERE ((a > 1))`, \
                 then `ALTER SUBSCRIPTION … REFRESH PUBLICATION`"
            )
        );
        assert_eq!(
            cure("P", &Difference::TableLeft("t".to_owned(), None)),
            None
        );
        let root = cure("P", &Difference::ViaRoot(true)).expect("a statement");
        assert!(root.contains("publish_via_partition_root = true"), "{root}");
    }
}
