//! What no row of the proof goes into: it is named, or it is a failure if the scenario planned otherwise.

mod logical;

use crate::failure::Failure;
use crate::name::NodeName;
use crate::plan::{PlannedNode, PlannedSubscription, Standby};
use crate::server::client::{Reader, SearchPath};
use crate::server::replication::{self, Sender};
use crate::server::slots;
use crate::server::unreplicated::{self, Kind, Relation};
use crate::sql::tables::LoggedTable;
use crate::text::duration;

use super::{Check, NotProven, Prover, failed};

/// What was found beside the rows of a proof.
#[derive(Debug, Default)]
struct Found {
    /// What was planned and is not so any more.
    failed: Vec<Check>,
    not_proven: Vec<NotProven>,
}

impl Found {
    fn name(&mut self, name: String, because: impl Into<String>) {
        let because = because.into();
        self.not_proven.push(NotProven { name, because });
    }

    fn fail(&mut self, node: &NodeName, claim: &str, why: impl Into<String>, hint: Option<String>) {
        let mut why = Failure::seen(why.into());
        why.hint = hint;
        self.failed.push(failed(node, claim, why));
    }
}

impl Prover<'_> {
    /// Names what of a primary's family is not proven. Returns what was planned and is gone.
    ///
    /// It has connections of its own, waits for nobody's locks for long, and ends in time. What it could not look up is named.
    pub(super) async fn beside(
        &self,
        primary: &PlannedNode,
        standbys: &[(&PlannedNode, &Standby)],
    ) -> Vec<Check> {
        let mut found = Found::default();
        self.beside_standbys(primary, standbys, &mut found);
        let looking = self.look_beside(primary, standbys, &mut found);
        let looked = tokio::time::timeout(self.within, looking).await;
        let why = match looked {
            Ok(Ok(())) => None,
            Ok(Err(why)) => Some(why.to_string()),
            Err(_) => Some(format!("it took longer than {}", duration(self.within))),
        };
        if let Some(why) = why {
            let name = format!("{}: what the proof leaves out", primary.name);
            found.name(name, format!("it was not looked up: {why}"));
        }
        self.not_proven.lock().await.extend(found.not_proven);
        found.failed
    }

    async fn look_beside(
        &self,
        primary: &PlannedNode,
        standbys: &[(&PlannedNode, &Standby)],
        found: &mut Found,
    ) -> Result<(), Failure> {
        let (database, path) = (self.lab.plan.database.as_str(), SearchPath::Catalog);
        let reader = self.lab.reader(&primary.name, database, path).await?;
        reader.limit_locks().await?;
        if !standbys.is_empty() || self.has_subscribers(primary) {
            let planned = self.planned_tables(primary);
            let relations = unreplicated::relations(&reader).await?;
            judge(&primary.name, &relations, &planned, found);
            self.strangers(primary, standbys, &reader, found).await?;
        }
        self.beside_subscriptions(primary, &reader, found).await?;
        reader.close().await;
        Ok(())
    }

    /// The tables that the scenario created on the nodes of a primary's family.
    fn planned_tables(&self, primary: &PlannedNode) -> Vec<LoggedTable> {
        let plan = &self.lab.plan;
        let nodes = plan.nodes.iter();
        let family = nodes.filter(|node| *plan.primary_of(&node.name) == primary.name);
        let tables = family.flat_map(|node| node.data.iter().flat_map(|data| &data.tables));
        tables.cloned().collect()
    }

    /// The standbys whose rows are not compared.
    fn beside_standbys(
        &self,
        primary: &PlannedNode,
        standbys: &[(&PlannedNode, &Standby)],
        found: &mut Found,
    ) {
        let plan = &self.lab.plan;
        for (node, standby) in plan.standbys() {
            if *plan.primary_of(&node.name) == primary.name && self.lab.is_to_come(node) {
                let name = format!("{} -> {}", standby.upstream, node.name);
                found.name(name, "it starts later, and has not been started");
            }
        }
        for (node, standby) in standbys {
            let name = format!("{} -> {}: values", standby.upstream, node.name);
            if !standby.hot {
                found.name(
                    name,
                    "it answers no queries, so only positions are compared",
                );
            } else if standby.apply_delay > self.within {
                let delay = duration(standby.apply_delay);
                found.name(name, format!("its delay of {delay} is not awaited"));
            }
        }
    }

    /// The receivers that are no nodes of the lab.
    async fn strangers(
        &self,
        primary: &PlannedNode,
        standbys: &[(&PlannedNode, &Standby)],
        client: &Reader,
        found: &mut Found,
    ) -> Result<(), Failure> {
        let (senders, slots) =
            tokio::try_join!(replication::senders(client), slots::slots(client))?;
        for sender in senders {
            let name = sender.application_name.as_str();
            let mut slots = slots.iter();
            let slot = slots.find(|slot| slot.active_pid == Some(sender.pid));
            let slot = slot.map(|slot| slot.name.as_str());
            let is_standby = standbys
                .iter()
                .any(|(_, standby)| standby.application_name.as_str() == name);
            let planned = self.lab.plan.subscriptions().map(|(_, its)| its);
            if sender.sends() && !is_standby && !is_of_subscription(&sender, slot, planned) {
                let name = format!("{}: the receiver `{name}`", primary.name);
                found.name(name, "it is no node of this lab's plan");
            }
        }
        Ok(())
    }
}

/// Whether a sender serves a planned subscription, or the copy of a table. A subscription may have an `application_name` of
/// its own; its slot is known all the same.
fn is_of_subscription<'a>(
    sender: &Sender,
    slot: Option<&str>,
    planned: impl IntoIterator<Item = &'a PlannedSubscription>,
) -> bool {
    let name = sender.application_name.as_str();
    let is_it = |its: &PlannedSubscription| {
        its.name.as_str() == name || slot.is_some_and(|slot| its.slot.as_str() == slot)
    };
    let copies = |name: &str| replication::copies_table(name);
    copies(name) || slot.is_some_and(copies) || planned.into_iter().any(is_it)
}

/// The relations that get no row.
fn judge(
    node: &NodeName,
    relations: &[(Relation, Kind)],
    planned: &[LoggedTable],
    found: &mut Found,
) {
    for (relation, kind) in relations {
        let shown = &relation.shown;
        let mut planned = planned.iter();
        let is_planned = planned.any(|table| is_it(table, relation));
        if *kind == Kind::Unlogged && is_planned {
            found.fail(
                node,
                &format!("{shown} replicates"),
                "it is unlogged now, and the scenario creates it as a logged table: no other node gets its rows",
                Some(format!("`ALTER TABLE {shown} SET LOGGED` on `{node}`")),
            );
            continue;
        }
        let because = match kind {
            Kind::Unlogged => "it is unlogged: no other node gets its rows",
            Kind::Temporary => "it is a temporary table: no other node gets its rows",
            Kind::Foreign => "it is a foreign table: its rows are on another server",
            Kind::MaterializedView => {
                "it is a materialized view: the proof writes no row into it, and no subscription gets it"
            }
            Kind::Partly => {
                "a partition of it is unlogged or foreign: the proof writes no row into it"
            }
            Kind::UnloggedSequence => "it is an unlogged sequence: no other node gets its numbers",
            Kind::Extension => "it belongs to an extension: the proof writes no row into it",
            Kind::Other(_) => "the proof writes no row into it",
        };
        found.name(format!("{node}: {shown}"), because);
    }
}

/// A quoted name without its quotes, where it is a plain one.
pub(super) fn shown(qualified: &str) -> String {
    let is_plain = |part: &str| {
        let mut letters = part.bytes();
        part.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
            && letters.all(|letter| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_'
            })
    };
    let parts = qualified
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let parts = parts.and_then(|parts| parts.split_once("\".\""));
    match parts {
        Some((schema, name)) if is_plain(schema) && is_plain(name) => format!("{schema}.{name}"),
        _ => qualified.to_owned(),
    }
}

fn is_it(table: &LoggedTable, relation: &Relation) -> bool {
    (&table.schema, &table.name) == (&relation.schema, &relation.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{ObjectName, SlotName};

    fn relation(name: &str) -> Relation {
        Relation {
            shown: format!("public.{name}"),
            schema: "public".to_owned(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn a_plain_name_is_shown_without_quotes() {
        assert_eq!(shown(r#""public"."a_1""#), "public.a_1");
        assert_eq!(shown(r#""public"."My""T""#), r#""public"."My""T""#);
    }

    #[test]
    fn what_was_planned_is_a_failure_and_the_rest_is_named() {
        let planned = ["employer", "scratch"].map(|name| LoggedTable {
            schema: "public".to_owned(),
            name: name.to_owned(),
            identified: true,
        });
        let relations = [
            (relation("employer"), Kind::Unlogged),
            (relation("cache"), Kind::Unlogged),
            (relation("totals"), Kind::MaterializedView),
            // A session's own table hides the planned one, which is still there.
            (relation("scratch"), Kind::Temporary),
        ];
        let mut found = Found::default();
        let node = NodeName::new("primary").expect("a name");
        judge(&node, &relations, &planned, &mut found);
        let failed: Vec<&str> = found.failed.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(failed, ["primary: public.employer replicates"]);
        assert_eq!(
            found.failed[0].hint.as_deref(),
            Some("`ALTER TABLE public.employer SET LOGGED` on `primary`")
        );
        let named: Vec<&str> = found.not_proven.iter().map(|it| it.name.as_str()).collect();
        let wanted = [
            "primary: public.cache",
            "primary: public.totals",
            "primary: public.scratch",
        ];
        assert_eq!(named, wanted);
    }

    #[test]
    fn a_subscription_is_known_by_its_slot_too() {
        let name = |name: &str| ObjectName::new(name).expect("a name");
        let planned = [PlannedSubscription {
            name: name("s"),
            upstream: NodeName::new("p").expect("a name"),
            publications: vec![name("all")],
            slot: SlotName::new("s_slot").expect("a name"),
            create_slot: true,
            copy_data: true,
            create: String::new(),
        }];
        let is_known = |application_name: &str, slot| {
            let sender = Sender {
                application_name: application_name.to_owned(),
                is_logical: true,
                ..Sender::default()
            };
            is_of_subscription(&sender, slot, &planned)
        };
        assert!(is_known("s", None) && is_known("own", Some("s_slot")));
        let copy = "pg_16390_sync_16384_7577011";
        assert!(is_known("own", Some(copy)) && is_known(copy, None));
        assert!(!is_known("own", Some("other")) && !is_known("pg_recvlogical", None));
    }
}
