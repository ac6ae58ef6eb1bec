//! Errors of a subscription in a subscriber's log. Pure: it reads entries.
//!
//! A failing worker ends, and five seconds later another one fails in the same way. Only the log says why.

mod publisher;
mod reading;

use std::fmt;
use std::time::SystemTime;

use crate::text::utc;

pub use publisher::of_publisher;
pub use reading::last;

/// Why a subscription's worker ended the last time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Trouble {
    /// The table, where the worker copied one or says which row it was at.
    pub table: Option<String>,
    /// The act: copying a table, or applying changes.
    pub copying: bool,
    /// The server's words: the error, then DETAIL, HINT and CONTEXT as far as it gave them.
    pub words: Vec<String>,
    /// How often the same worker has failed so since it last got on.
    pub times: usize,
    /// Whether it disabled the subscription (`disable_on_error`).
    pub disables: bool,
    /// When it was seen the last time, if the log says so.
    pub at: Option<SystemTime>,
    /// The publisher in whose log it is, if it is not in the subscriber's.
    pub publisher: Option<String>,
}

/// Errors that others cause: a publisher that is not up, a slot that another worker still has, a server that ends.
const CAUSED_BY_OTHERS: [&str; 5] = [
    "could not connect to the publisher",
    "already active",
    "could not create replication slot",
    "terminating",
    "server closed the connection",
];
/// Errors of a stream that was interrupted.
const INTERRUPTED: [&str; 3] = [
    "could not receive data",
    "could not send data",
    "could not start initial contents copy",
];

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let did = if self.copying {
            "copying"
        } else {
            "applying changes to"
        };
        match (&self.publisher, &self.table) {
            (Some(node), _) => write!(f, "its publisher `{node}` says: ")?,
            (None, Some(table)) => write!(f, "{did} the table `{table}` failed: ")?,
            (None, None) => f.write_str("its worker failed: ")?,
        }
        f.write_str(&self.words.join("; "))?;
        match self.at {
            Some(at) => write!(f, " (seen {})", utc::shown(at)),
            None => Ok(()),
        }
    }
}

impl Trouble {
    /// A hint for the subscription of that name on that node.
    #[must_use]
    pub fn hint(&self, subscription: &str, node: &str) -> Option<String> {
        let error = self.words.first()?;
        let has = |words: &str| error.contains(words);
        if has("duplicate key") {
            let remove = format!("remove the row on `{node}` that is in the way");
            return Some(match self.finished_at() {
                Some(lsn) => format!(
                    "{remove}, or leave the change out: `ALTER SUBSCRIPTION {subscription} SKIP (lsn = '{lsn}')`"
                ),
                None => remove,
            });
        }
        if error.starts_with("could not connect to the publisher") {
            return Some(
                "`lab status` shows whether the publisher runs; the worker tries again by itself"
                    .to_owned(),
            );
        }
        if lacks_wal(error) {
            return Some(format!(
                "the publisher no longer has the WAL that the slot needs: drop the subscription `{subscription}` and its slot and \
                 create it again, or raise `max_slot_wal_keep_size` before the next time"
            ));
        }
        if has("violates not-null constraint") {
            return Some(format!(
                "publish that column too, or give it a default on `{node}`"
            ));
        }
        if let Some(hint) = hint_of_missing(error, subscription) {
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
                 `ALTER SUBSCRIPTION {subscription} REFRESH PUBLICATION`"
            ));
        }
        None
    }

    /// Whether the next attempt of the server may succeed.
    ///
    /// What others cause, they may end at any time. An interrupted stream may be the publisher's end as well, or an error
    /// that comes back: its second time in the same way decides.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        let Some(error) = self.words.first() else {
            return true;
        };
        let is_of = |kind: &[&str]| kind.iter().any(|words| error.contains(words));
        is_of(&CAUSED_BY_OTHERS) || (self.times < 2 && is_of(&INTERRUPTED))
    }

    /// Whether it says only that something ended, and not why: the publisher's log may say more.
    #[must_use]
    pub fn is_vague(&self) -> bool {
        let Some(error) = self.words.first() else {
            return true;
        };
        let is_end = CAUSED_BY_OTHERS.iter().chain(&INTERRUPTED);
        let mut is_end = is_end.filter(|words| error.contains(**words));
        // The publisher's own error is in the message.
        is_end.next().is_some() && !error.contains("ERROR:  ") && !error.contains("FATAL:  ")
    }

    /// Whether the machine is to blame, which lacks disk or memory.
    #[must_use]
    pub fn is_of_machine(&self) -> bool {
        lacks_resources(&self.words)
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

/// Whether lines of a server say that the machine lacks disk or memory.
#[must_use]
pub fn lacks_resources(lines: &[String]) -> bool {
    let lacks = [
        "No space left on device",
        "out of memory",
        "Cannot allocate memory",
    ];
    let lacking = |line: &String| lacks.iter().any(|lack| line.contains(lack));
    lines.iter().any(lacking)
}

/// Whether an error says that a slot's WAL was removed.
fn lacks_wal(error: &str) -> bool {
    let lacking = [
        "has already been removed",
        "can no longer get changes from replication slot",
        "can no longer access replication slot",
        "invalidating obsolete replication slot",
    ];
    lacking.iter().any(|words| error.contains(words))
}

/// A hint for an error that says what the publisher lacks.
fn hint_of_missing(error: &str, subscription: &str) -> Option<String> {
    if let Some(slot) = missing(error, "replication slot ") {
        return Some(format!(
            "create the slot in the publisher's database: `SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')`; \
             changes that were made without it are lost, so copy the tables again"
        ));
    }
    let publication = missing(error, "publication ")?;
    Some(format!(
        "create the publication `{publication}` on the publisher, or name others with \
         `ALTER SUBSCRIPTION {subscription} SET PUBLICATION …`"
    ))
}

/// The object that an error says is missing: `relation "a" does not exist`.
fn missing<'a>(error: &'a str, kind: &str) -> Option<&'a str> {
    let name = quoted_after(error, kind)?;
    let (_, after) = error.split_once(&format!("{kind}\"{name}\""))?;
    after.contains("does not exist").then_some(name)
}

fn quoted_after<'a>(said: &'a str, word: &str) -> Option<&'a str> {
    let (_, rest) = said.split_once(&format!("{word}\""))?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests;
