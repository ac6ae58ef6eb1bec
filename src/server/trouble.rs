//! Errors of a subscription in a subscriber's log. Pure: it reads entries.
//!
//! A failing worker ends, and five seconds later another one fails in the same way. Only the log says why.

use std::collections::BTreeMap;
use std::fmt;

use super::entries::Entry;

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
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let did = if self.copying {
            "copying"
        } else {
            "applying changes to"
        };
        match &self.table {
            Some(table) => write!(f, "{did} the table `{table}` failed: ")?,
            None => f.write_str("its worker failed: ")?,
        }
        f.write_str(&self.words.join("; "))
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

    /// Whether the next attempt of the server may succeed. What failed twice in the same way will not.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        if self.times > 1 {
            return false;
        }
        let passing = [
            "could not connect to the publisher",
            "terminating",
            "could not receive data",
            "could not send data",
            "server closed the connection",
            "already active",
            "could not create replication slot",
            "could not start initial contents copy",
        ];
        let error = self.words.first();
        error.is_none_or(|error| passing.iter().any(|word| error.contains(word)))
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

/// The last trouble of a subscription in a log.
///
/// A log whose lines do not name the process says which worker failed by the order of its messages: a worker starts, an
/// error is logged, and the postmaster says that a worker exited.
#[must_use]
pub fn last(entries: &[Entry], subscription: &str) -> Option<Trouble> {
    let mut reading = Reading {
        quoted: format!("subscription \"{subscription}\""),
        workers: BTreeMap::new(),
        started: None,
        nameless: None,
        found: Vec::new(),
    };
    for entry in entries {
        reading.take(entry);
    }
    reading.found.pop()
}

/// What was read of a log.
struct Reading<'a> {
    /// `subscription "name"`.
    quoted: String,
    /// The tables that the subscription's workers copy, by process; `None` for the worker that applies.
    workers: BTreeMap<&'a str, Option<&'a str>>,
    /// The worker of any subscription that started last: whether it is the subscription's, and its table.
    started: Option<(bool, Option<&'a str>)>,
    /// An error of which no line names the process.
    nameless: Option<&'a Entry>,
    found: Vec<Trouble>,
}

impl<'a> Reading<'a> {
    fn take(&mut self, entry: &'a Entry) {
        let said = entry.message.as_str();
        let is_own = said.contains(&self.quoted);
        let is_worker = said.starts_with("logical replication ");
        let table = quoted_after(said, "table ");
        if is_worker && said.contains("has started") {
            self.started = Some((is_own, table));
            if let Some(process) = entry.process.as_deref() {
                self.workers.remove(process);
                self.workers.extend(is_own.then_some((process, table)));
            }
        } else if is_worker && is_own && said.contains("has finished") {
            let is_copied =
                |trouble: &Trouble| table.is_some() && trouble.table.as_deref() == table;
            self.found.retain(|trouble| !is_copied(trouble));
        } else if is_own && said.contains("has been disabled because of an error") {
            self.ended();
            if let Some(last) = self.found.last_mut() {
                last.disables = true;
            }
        } else if said.starts_with("background worker \"logical replication ")
            && said.contains("exited with exit code")
        {
            self.ended();
        } else if entry.severity == "ERROR" {
            self.failed(entry);
        }
    }

    fn failed(&mut self, entry: &'a Entry) {
        match entry.process.as_deref() {
            None => self.nameless = Some(entry),
            Some(process) => {
                if let Some(table) = self.workers.get(process) {
                    add(&mut self.found, entry, *table);
                }
            }
        }
    }

    /// A worker has ended: the one that started last, if no line names the process of the error before.
    fn ended(&mut self) {
        if let (Some(entry), Some((true, table))) = (self.nameless.take(), self.started) {
            let mut context = entry.more.iter();
            let applies = context.any(|line| line.contains("processing remote data"));
            add(&mut self.found, entry, table.filter(|_| !applies));
        }
    }
}

/// Adds an error of a worker, the last one at the end. Workers run side by side, so each has its own.
fn add(found: &mut Vec<Trouble>, entry: &Entry, copied: Option<&str>) {
    let is_more = |line: &&String| !line.starts_with("STATEMENT");
    let context = entry.more.iter();
    let mut at = context.filter_map(|line| quoted_after(line, "replication target relation "));
    let table = copied.or_else(|| at.next());
    let mut words = vec![entry.message.clone()];
    words.extend(entry.more.iter().filter(is_more).cloned());
    let is_same = |other: &Trouble| {
        other.copying == copied.is_some()
            && (other.copying || other.words.first() == words.first())
            && (!other.copying || other.table.as_deref() == copied)
    };
    let before = found.iter().position(is_same).map(|at| found.remove(at));
    let before = before.filter(|other| other.words.first() == words.first());
    found.push(Trouble {
        table: table.map(str::to_owned),
        copying: copied.is_some(),
        words,
        times: before.map_or(0, |other| other.times) + 1,
        disables: false,
    });
}

fn quoted_after<'a>(said: &'a str, word: &str) -> Option<&'a str> {
    let (_, rest) = said.split_once(&format!("{word}\""))?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::entries::{DEFAULT_PREFIX, of_text};

    fn last<'a>(lines: impl IntoIterator<Item = &'a str>, subscription: &str) -> Option<Trouble> {
        super::last(&of_text(lines, DEFAULT_PREFIX), subscription)
    }

    const COPY: &str = "\
2026-11-23 05:04:13.872 GMT [34] LOG:  logical replication table synchronization worker for subscription \"shop_sub\", table \"customers\" has started
2026-11-23 05:04:13.937 GMT [34] ERROR:  null value in column \"email\" of relation \"customers\" violates not-null constraint
2026-11-23 05:04:13.937 GMT [34] DETAIL:  Failing row contains (1, Noah Nguyen, null).
2026-11-23 05:04:13.937 GMT [34] CONTEXT:  COPY customers, line 1: \"1	Noah Nguyen\"
2026-11-23 05:04:13.944 GMT [1] LOG:  background worker \"logical replication tablesync worker\" (PID 34) exited with exit code 1";

    const APPLY: &str = "\
2026-11-23 05:04:08.813 GMT [41] LOG:  logical replication apply worker for subscription \"jobs_sub\" has started
2026-11-23 05:04:09.100 GMT [77] ERROR:  somebody else's
2026-11-23 05:04:09.855 GMT [41] ERROR:  duplicate key value violates unique constraint \"job_seeker_pkey\"
2026-11-23 05:04:09.855 GMT [41] DETAIL:  Key (id)=(50) already exists.
2026-11-23 05:04:09.855 GMT [41] CONTEXT:  processing remote data for replication origin \"pg_16430\" during message type \"INSERT\" for replication target relation \"public.job_seeker\" in transaction 745, finished at 0/19C1F40";

    #[test]
    fn a_copy_that_fails_names_its_table_and_says_why() {
        let trouble = last(COPY.lines(), "shop_sub").expect("trouble");
        assert_eq!(trouble.table.as_deref(), Some("customers"));
        assert!(trouble.copying && !trouble.may_pass() && !trouble.is_of_machine());
        assert_eq!(trouble.words.len(), 3);
        assert_eq!(
            trouble.to_string(),
            "copying the table `customers` failed: null value in column \"email\" of relation \"customers\" violates \
             not-null constraint; DETAIL: Failing row contains (1, Noah Nguyen, null).; \
             CONTEXT: COPY customers, line 1: \"1\tNoah Nguyen\""
        );
        let hint = trouble.hint("shop_sub", "subscriber").expect("a hint");
        assert_eq!(
            hint,
            "publish that column too, or give it a default on `subscriber`"
        );
        assert_eq!(last(COPY.lines(), "another"), None);
    }

    #[test]
    fn an_apply_that_fails_says_what_to_skip() {
        let trouble = last(APPLY.lines(), "jobs_sub").expect("trouble");
        assert_eq!(trouble.table.as_deref(), Some("public.job_seeker"));
        assert!(!trouble.copying);
        let hint = trouble.hint("jobs_sub", "subscriber").expect("a hint");
        assert!(
            hint.ends_with("`ALTER SUBSCRIPTION jobs_sub SKIP (lsn = '0/19C1F40')`"),
            "{hint}"
        );
    }

    #[test]
    fn a_publisher_that_is_gone_may_come_back() {
        let log = "x [9] LOG:  logical replication apply worker for subscription \"s\" has started\n\
                   x [9] ERROR:  could not connect to the publisher: connection to server at \"publisher\" failed";
        let trouble = last(log.lines(), "s").expect("trouble");
        assert!(trouble.may_pass());
        assert!(trouble.hint("s", "subscriber").is_some());
    }

    #[test]
    fn what_fails_twice_in_the_same_way_will_not_pass() {
        let once = "x [9] LOG:  logical replication apply worker for subscription \"s\" has started\n\
                    x [9] ERROR:  could not receive data from WAL stream: ERROR:  canceling statement due to statement timeout\n";
        assert!(last(once.lines(), "s").expect("trouble").may_pass());
        let twice = once.repeat(2);
        let trouble = last(twice.lines(), "s").expect("trouble");
        assert!(trouble.times == 2 && !trouble.may_pass());
        let hint = trouble.hint("s", "subscriber").expect("a hint");
        assert!(hint.contains("statement_timeout = 0"), "{hint}");
    }

    #[test]
    fn workers_that_run_side_by_side_have_their_own_errors() {
        let log = "x [1] LOG:  logical replication table synchronization worker for subscription \"s\", table \"a\" has started\n\
                   x [2] LOG:  logical replication table synchronization worker for subscription \"s\", table \"b\" has started\n\
                   x [1] ERROR:  duplicate key value\n\
                   x [1] DETAIL:  Key (id)=(1) already exists.\n\
                   x [2] LOG:  logical replication table synchronization worker for subscription \"s\", table \"b\" has finished";
        let trouble = last(log.lines(), "s").expect("trouble");
        assert_eq!(trouble.table.as_deref(), Some("a"));
        // A copy that succeeded later is no trouble any more.
        let done = format!(
            "{log}\nx [3] LOG:  logical replication table synchronization worker for subscription \"s\", table \"a\" has finished"
        );
        assert_eq!(last(done.lines(), "s"), None);
    }

    #[test]
    fn without_a_process_the_order_tells() {
        let lines = COPY
            .lines()
            .map(|line| line.split_once("] ").expect("a prefix").1);
        let entries = of_text(lines, "");
        let trouble = super::last(&entries, "shop_sub").expect("trouble");
        assert_eq!(trouble.table.as_deref(), Some("customers"));
        assert_eq!(super::last(&entries, "another"), None);
    }

    #[test]
    fn a_hint_is_about_what_is_missing() {
        let hint = |error: &str| {
            let trouble = Trouble {
                table: None,
                copying: false,
                words: vec![error.to_owned()],
                times: 1,
                disables: false,
            };
            trouble.hint("s", "sub").unwrap_or_default()
        };
        let slot = "could not start WAL streaming: ERROR:  replication slot \"s1\" does not exist";
        assert!(hint(slot).contains("pg_create_logical_replication_slot('s1'"));
        let publication =
            "could not receive data from WAL stream: ERROR:  publication \"p\" does not exist";
        assert!(hint(publication).contains("the publication `p`"));
        let table = "logical replication target relation \"public.t\" does not exist";
        assert!(hint(table).starts_with("create the table"));
        assert!(hint("relation \"public.t\" does not exist").starts_with("create the table"));
        assert_eq!(hint("role \"x\" does not exist"), "");
    }
}
