//! What to do about a trouble. Pure.
//!
//! A statement in a hint can be copied as it stands: a name is quoted as an identifier, a text as a literal.

use super::{Trouble, quoted_after, refuses_entry};
use crate::sql::quote::{identifier, literal};

impl Trouble {
    /// A hint for the subscription of that name on that node.
    #[must_use]
    pub fn hint(&self, subscription: &str, node: &str) -> Option<String> {
        let error = self.words.first()?;
        let has = |words: &str| error.contains(words);
        let alter = format!("ALTER SUBSCRIPTION {}", identifier(subscription));
        if has("duplicate key") {
            let remove = format!("remove the row on `{node}` that is in the way");
            return Some(match self.finished_at() {
                Some(lsn) => format!(
                    "{remove}, or leave the change out: `{alter} SKIP (lsn = {})`",
                    literal(lsn)
                ),
                None => remove,
            });
        }
        if refuses_entry(error) {
            return Some(format!(
                "the publisher does not let the subscription in: look at its `pg_hba.conf`, and at the role and the password \
                 that `{alter} CONNECTION '…'` sets"
            ));
        }
        if self.lost_its_slot() {
            return Some(format!(
                "the slot cannot give the changes any more: drop the subscription `{subscription}` and its slot and create it \
                 again, or raise `max_slot_wal_keep_size` on the publisher before the next time"
            ));
        }
        if has("could not connect") {
            return Some(
                "`lab status` shows whether the publisher runs; the worker tries again by itself"
                    .to_owned(),
            );
        }
        if has("violates not-null constraint") {
            return Some(format!(
                "publish that column too, or give it a default on `{node}`"
            ));
        }
        if let Some(hint) = of_missing(error, &alter) {
            return Some(hint);
        }
        if has("canceling statement due to statement timeout") {
            return Some(
                "let the role that replicates take its time on the publisher: `ALTER ROLE … SET statement_timeout = 0`"
                    .to_owned(),
            );
        }
        if has("permission denied for") {
            return Some(
                "let the role that replicates read the table on the publisher: `GRANT SELECT ON … TO …`".to_owned(),
            );
        }
        let lacks =
            has("is missing replicated column") || has("is missing some replicated columns");
        if lacks || missing(error, "relation ").is_some() || missing(error, "column ").is_some() {
            return Some(format!(
                "create the table or the column on `{node}` as the publisher has it; after a new table, \
                 `{alter} REFRESH PUBLICATION`"
            ));
        }
        None
    }

    /// The position after which the failed transaction ends: what `SKIP` wants (manual: `ALTER SUBSCRIPTION`).
    fn finished_at(&self) -> Option<&str> {
        let context = self
            .words
            .iter()
            .find(|line| line.contains("finished at "))?;
        let (_, lsn) = context.rsplit_once("finished at ")?;
        lsn.split_whitespace().next()
    }
}

/// A hint for an error that says what the publisher lacks. `alter` begins a statement about the subscription.
fn of_missing(error: &str, alter: &str) -> Option<String> {
    if let Some(slot) = missing(error, "replication slot ") {
        return Some(format!(
            "create the slot in the publisher's database: `SELECT pg_create_logical_replication_slot({}, 'pgoutput')`; \
             changes that were made without it are lost, so copy the tables again",
            literal(slot)
        ));
    }
    let publication = missing(error, "publication ")?;
    Some(format!(
        "create the publication `{publication}` on the publisher, or name others with `{alter} SET PUBLICATION …`"
    ))
}

/// The object that an error says is missing: `relation "a" does not exist`.
fn missing<'a>(error: &'a str, kind: &str) -> Option<&'a str> {
    let name = quoted_after(error, kind)?;
    let (_, after) = error.split_once(&format!("{kind}\"{name}\""))?;
    after.contains("does not exist").then_some(name)
}
