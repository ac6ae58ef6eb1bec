//! Reads a publisher's log for what ended the walsender of a subscription's slot. Pure.
//!
//! A walsender that fails writes its statement or its context, and both name the slot.

use std::time::{Duration, SystemTime};

use super::Trouble;
use crate::server::entries::Entry;
use crate::server::replication::copies_table;

/// How old an error may be. A subscriber tries again every five seconds.
const RECENT: Duration = Duration::from_secs(60);
/// How a server says that it gives a slot up: since PostgreSQL 16, and before.
const INVALIDATES: [&str; 2] = [
    "invalidating obsolete replication slot",
    "invalidating slot \"",
];
/// How it answers whoever asks for changes that a slot cannot give any more: by PostgreSQL's version, and if only the WAL is
/// gone.
const LOST: [&str; 5] = [
    "can no longer get changes from replication slot",
    "can no longer access replication slot",
    "cannot read from logical replication slot",
    "has been invalidated",
    "has already been removed",
];

/// Whether a message says that a server gives a slot up.
fn invalidates(message: &str) -> bool {
    INVALIDATES.iter().any(|words| message.starts_with(words))
}

/// Whether a message says that a slot cannot be used any more: a failure that cannot pass by itself.
pub(super) fn gives_up(message: &str) -> bool {
    INVALIDATES
        .iter()
        .chain(&LOST)
        .any(|words| message.contains(words))
}

/// A subscription as its publisher's log knows it.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its slot.
    pub slot: &'a str,
    /// Its object identifier at the subscriber, which is in the names of the slots of its tables' copies.
    pub oid: Option<u32>,
}

impl Known<'_> {
    /// Whether a slot of that name is its own, or one of its tables' copies.
    fn has(&self, slot: &str) -> bool {
        let is_copy = |oid: u32| slot.contains(&format!("_{oid}_sync_"));
        slot == self.slot || copies_table(slot) && self.oid.is_some_and(is_copy)
    }

    /// Whether a text names such a slot.
    fn is_in(&self, text: &str) -> bool {
        let folded = text.to_ascii_lowercase();
        let mut names = folded.match_indices("slot \"");
        names.any(|(at, before)| {
            let name = text[at + before.len()..].split('"').next();
            name.is_some_and(|name| self.has(name))
        })
    }
}

/// What ended the walsender of a subscription the last time, or what made its slot unusable, in the log of the node
/// `publisher`.
#[must_use]
pub fn of_publisher(
    entries: &[Entry],
    publisher: &str,
    known: Known<'_>,
    now: SystemTime,
) -> Option<Trouble> {
    let names = |text: &String| known.is_in(text);
    let is_recent = |entry: &Entry| {
        let age = entry.at.and_then(|at| now.duration_since(at).ok());
        age.is_none_or(|age| age <= RECENT)
    };
    let is_failure = |entry: &Entry| {
        matches!(entry.severity.as_str(), "ERROR" | "FATAL")
            || invalidates(&entry.message)
            || entry.message.starts_with("skipped loading publication")
    };
    // Whoever looks at slots in psql makes errors as well; a walsender is asked by START_REPLICATION or CREATE_REPLICATION_SLOT,
    // or its output plugin tells the context.
    let asks = [
        "START_REPLICATION",
        "CREATE_REPLICATION_SLOT",
        "output plugin \"",
    ];
    let is_walsender = |entry: &Entry| {
        let is_asked = |line: &String| asks.iter().any(|words| line.contains(words));
        invalidates(&entry.message) || entry.more.iter().any(is_asked)
    };
    // A slot of that name that is decoded since is another one.
    let is_start = |entry: &Entry| {
        entry.message.starts_with("starting logical decoding") && names(&entry.message)
    };
    let decoded = entries.iter().rposition(is_start);
    // What cannot pass by itself counts however old it is.
    let counts = |at: usize, entry: &Entry| {
        let is_decoded = decoded.is_some_and(|decoded| decoded > at);
        if gives_up(&entry.message) && !is_decoded {
            return true;
        }
        is_recent(entry) && !invalidates(&entry.message)
    };
    let (_, found) = entries.iter().enumerate().rev().find(|(at, entry)| {
        is_failure(entry)
            && is_walsender(entry)
            && counts(*at, entry)
            && (names(&entry.message) || entry.more.iter().any(names))
    })?;
    let is_more = |line: &&String| !line.starts_with("STATEMENT");
    let mut words = vec![found.message.clone()];
    words.extend(found.more.iter().filter(is_more).cloned());
    Some(Trouble {
        table: None,
        copying: false,
        words,
        times: 1,
        disables: false,
        at: found.at,
        publisher: Some(publisher.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::entries::of_text;
    use crate::text::utc;

    const LOG: &str = "\
ERROR:  replication slot \"s\" does not exist
STATEMENT:  SELECT pg_drop_replication_slot('s')
ERROR:  requested WAL segment 000000010000000000000003 has already been removed
STATEMENT:  START_REPLICATION SLOT \"s\" LOGICAL 0/3000060 (proto_version '4', publication_names '\"p\"')
ERROR:  publication \"q\" does not exist
CONTEXT:  slot \"t\", output plugin \"pgoutput\", in the change callback, associated LSN 0/1954A18
ERROR:  syntax error at or near \"slot\"
STATEMENT:  slot \"s\"
ERROR:  all replication slots are in use
STATEMENT:  CREATE_REPLICATION_SLOT \"pg_16390_sync_16384_7577011\" LOGICAL pgoutput (SNAPSHOT 'use')";

    fn of(slot: &str) -> Option<String> {
        let entries = of_text(LOG.lines(), "");
        let known = Known { slot, oid: None };
        let found = of_publisher(&entries, "pub", known, SystemTime::now())?;
        Some(found.to_string())
    }

    #[test]
    fn the_walsender_of_a_slot_says_why_it_ended() {
        assert_eq!(
            of("s").as_deref(),
            Some(
                "its publisher `pub` says: requested WAL segment 000000010000000000000003 has already been removed"
            )
        );
        let plugin = of("t").expect("its plugin");
        assert!(
            plugin.contains("publication \"q\" does not exist"),
            "{plugin}"
        );
        assert_eq!(of("p"), None, "a publication is no slot");
        assert_eq!(of("u"), None);
    }

    #[test]
    fn the_copy_of_a_table_is_its_subscriptions() {
        let entries = of_text(LOG.lines(), "");
        let of = |oid| {
            let known = Known {
                slot: "x",
                oid: Some(oid),
            };
            of_publisher(&entries, "pub", known, SystemTime::now())
        };
        let words = of(16390).expect("its copy").words;
        assert_eq!(words, ["all replication slots are in use"]);
        assert_eq!(of(16384), None, "that is the table");
    }

    #[test]
    fn an_old_error_does_not_count_and_a_slot_that_was_given_up_does() {
        let error =
            "2026-11-27 00:00:00.000 GMT ERROR:  no\nSTATEMENT:  START_REPLICATION SLOT \"s\"";
        let given_up =
            "2026-11-27 00:00:00.000 GMT LOG:  invalidating obsolete replication slot \"s\"";
        let of = |log: &str| {
            let entries = of_text(log.lines(), "%m ");
            let now = utc::parse("2026-11-27 01:00:00").expect("a time");
            let known = Known {
                slot: "s",
                oid: None,
            };
            of_publisher(&entries, "pub", known, now)
        };
        assert_eq!(of(error), None);
        let found = of(given_up).expect("the slot's end");
        let hint = found.hint("sub", "n").expect("a hint");
        assert!(hint.contains("create it again"), "{hint}");
        let decoded = "LOG:  starting logical decoding for slot \"s\"";
        assert_eq!(of(&format!("{given_up}\n{decoded}")), None);
        assert!(of(&format!("{decoded}\n{given_up}")).is_some());
        // Before PostgreSQL 16.
        let older = given_up.replace("obsolete replication slot", "slot");
        let older =
            format!("{older} because its restart_lsn 0/3000000 exceeds max_slot_wal_keep_size");
        assert!(of(&older).is_some());
        let removed = error.replace(
            "no\n",
            "requested WAL segment 0001 has already been removed\n",
        );
        assert!(of(&removed).is_some(), "it does not pass by itself");
        assert_eq!(of(&format!("{removed}\n{decoded}")), None);
    }
}
