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
mod tests;
