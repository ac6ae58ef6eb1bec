//! Errors of a subscription in a subscriber's log. Pure: it reads entries.
//!
//! A failing worker ends, and five seconds later another one fails in the same way. Only the log says why.

mod hint;
mod publisher;
mod reading;

use std::fmt;
use std::time::SystemTime;

use crate::text::utc;

pub use publisher::{Known, of_publisher};
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
    "could not connect",
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

/// How a server refuses to let somebody in: SQLSTATE 28000 and 28P01, or 42501 without REPLICATION; and how libpq says that it
/// has nothing to answer with.
const REFUSES_ENTRY: [&str; 9] = [
    "authentication failed for user",
    "no pg_hba.conf entry for",
    "pg_hba.conf rejects",
    "is not permitted to log in",
    "no password supplied",
    "no password was supplied",
    "requires a valid client certificate",
    "to start WAL sender",
    "to start walsender",
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
    /// Whether the next attempt of the server may succeed.
    ///
    /// What others cause, they may end at any time. An interrupted stream may be the publisher's end as well, or an error
    /// that comes back, and a role may be about to get its password: the second time in the same way decides.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        let Some(error) = self.words.first() else {
            return true;
        };
        if self.lost_its_slot() {
            return false;
        }
        if refuses_entry(error) {
            return self.times < 2;
        }
        let is_of = |kind: &[&str]| kind.iter().any(|words| error.contains(words));
        is_of(&CAUSED_BY_OTHERS) || (self.times < 2 && is_of(&INTERRUPTED))
    }

    /// Whether its slot cannot be used any more.
    fn lost_its_slot(&self) -> bool {
        let mut own = self.words.iter();
        own.any(|line| !line.starts_with("CONTEXT") && publisher::gives_up(line))
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
        let is_told = error.contains("ERROR:  ") || error.contains("FATAL:  ");
        is_end.next().is_some() && !is_told && !refuses_entry(error)
    }

    /// Whether the machine is to blame, which lacks disk or memory.
    #[must_use]
    pub fn is_of_machine(&self) -> bool {
        lacks_resources(&self.words)
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

/// Whether an error says that the publisher does not let the subscription in.
fn refuses_entry(error: &str) -> bool {
    let lacks_role = error.contains("could not connect")
        && error.contains("role \"")
        && error.contains("does not exist");
    lacks_role || REFUSES_ENTRY.iter().any(|words| error.contains(words))
}

fn quoted_after<'a>(said: &'a str, word: &str) -> Option<&'a str> {
    let (_, rest) = said.split_once(&format!("{word}\""))?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests;
