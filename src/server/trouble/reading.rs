//! Reads a subscriber's log for what ended a subscription's workers. Pure.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::{Trouble, quoted_after};
use crate::server::entries::Entry;

/// How long a worker must have run since an error that no longer counts. A worker that fails is started again after five
/// seconds.
const SETTLED: Duration = Duration::from_secs(10);

/// The last trouble of a subscription in a log, unless a worker has got on since.
///
/// A log whose lines do not name the process says which worker failed by the order of its messages: a worker starts, an
/// error is logged, and the postmaster says that a worker exited. An error that may be that of another subscription's worker
/// is left out. One that may be that of several of its own workers names no table.
#[must_use]
pub fn last(entries: &[Entry], subscription: &str, now: SystemTime) -> Option<Trouble> {
    let mut reading = Reading {
        quoted: format!("subscription \"{subscription}\""),
        workers: BTreeMap::new(),
        alive: Vec::new(),
        nameless: None,
        starts: BTreeMap::new(),
        found: Vec::new(),
    };
    for entry in entries {
        reading.take(entry);
    }
    let Reading {
        mut found, starts, ..
    } = reading;
    found.retain(|failed| !failed.is_over(&starts, now));
    found.pop().map(|failed| failed.trouble)
}

/// A worker: the table that it copies; `None` for the worker that applies.
type Work<'a> = Option<&'a str>;

/// A worker of which no line names the process.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Nameless<'a> {
    is_own: bool,
    work: Work<'a>,
}

/// A failure of a worker.
struct Failed<'a> {
    trouble: Trouble,
    /// The work that failed. Several if the log does not say which of them.
    works: Vec<Work<'a>>,
    /// How long the worker had run.
    ran: Duration,
}

impl Failed<'_> {
    /// Whether a worker has been running since for longer than those that failed. Only the one that failed starts again.
    fn is_over(&self, starts: &BTreeMap<Work<'_>, Option<SystemTime>>, now: SystemTime) -> bool {
        let Some(at) = self.trouble.at.filter(|_| !self.trouble.disables) else {
            return false;
        };
        let mut started = self.works.iter().filter_map(|work| *starts.get(work)?);
        started.any(|started| {
            let runs = now.duration_since(started).unwrap_or_default();
            started > at && runs > SETTLED + self.ran * 2
        })
    }
}

/// What was read of a log.
struct Reading<'a> {
    /// `subscription "name"`.
    quoted: String,
    /// The work of the subscription's workers, by process.
    workers: BTreeMap<&'a str, Work<'a>>,
    /// The workers of all subscriptions that run, as far as no line names their process.
    alive: Vec<Nameless<'a>>,
    /// An error of which no line names the process.
    nameless: Option<&'a Entry>,
    /// When the subscription's worker for each work started the last time.
    starts: BTreeMap<Work<'a>, Option<SystemTime>>,
    found: Vec<Failed<'a>>,
}

impl<'a> Reading<'a> {
    fn take(&mut self, entry: &'a Entry) {
        let said = entry.message.as_str();
        let is_own = said.contains(&self.quoted);
        let is_worker = said.starts_with("logical replication ");
        let is_parallel = said.starts_with("logical replication parallel apply worker ");
        let table = quoted_after(said, "table ");
        if is_parallel {
            self.helps(entry, is_own);
        } else if is_worker && said.contains("has started") {
            self.started(entry, is_own, table);
        } else if is_worker && said.contains("has finished") {
            if is_own && table.is_some() {
                for failed in &mut self.found {
                    failed.works.retain(|work| *work != table);
                }
                self.found.retain(|failed| !failed.works.is_empty());
            }
            self.leaves(Nameless {
                is_own,
                work: table,
            });
        } else if is_own && said.contains("has been disabled because of an error") {
            self.ended();
            if let Some(last) = self.found.last_mut() {
                last.trouble.disables = true;
            }
        } else if is_own && (said.contains("will stop because") || said.contains("will restart")) {
            // Somebody changed the subscription: what failed before was of the one before.
            self.found.retain(|failed| failed.trouble.disables);
            self.leaves(Nameless { is_own, work: None });
        } else if said.starts_with("database system is ready to accept") {
            self.workers.clear();
            self.alive.clear();
            self.nameless = None;
            self.found.retain(|failed| failed.trouble.disables);
        } else if said.starts_with("background worker \"logical replication ")
            && said.contains("exited with exit code")
        {
            self.ended();
        } else if matches!(entry.severity.as_str(), "ERROR" | "FATAL") {
            self.failed(entry);
        }
    }

    fn started(&mut self, entry: &'a Entry, is_own: bool, work: Work<'a>) {
        if is_own {
            self.starts.insert(work, entry.at);
            if work.is_none() {
                // It was enabled again.
                self.found.retain(|failed| !failed.trouble.disables);
            }
        }
        self.runs(entry, Nameless { is_own, work });
    }

    /// A worker that applies large transactions for the one that applies: its errors are of the same work, and its start and
    /// its end say nothing of that one.
    fn helps(&mut self, entry: &'a Entry, is_own: bool) {
        if entry.process.is_some() && entry.message.contains("has started") {
            self.runs(entry, Nameless { is_own, work: None });
        }
    }

    fn runs(&mut self, entry: &'a Entry, worker: Nameless<'a>) {
        match entry.process.as_deref() {
            Some(process) => {
                self.workers.remove(process);
                let work = (process, worker.work);
                self.workers.extend(worker.is_own.then_some(work));
            }
            // A subscription has one worker for each work.
            None if worker.is_own && self.alive.contains(&worker) => {}
            None => self.alive.push(worker),
        }
    }

    fn failed(&mut self, entry: &'a Entry) {
        match entry.process.as_deref() {
            // Workers run no statements of a client, and a client that is refused is no worker.
            None if says(entry, "STATEMENT: ") => {}
            None if entry.severity == "FATAL" && !entry.message.starts_with("terminating ") => {}
            None => self.nameless = Some(entry),
            Some(process) => {
                if let Some(work) = self.workers.get(process).copied()
                    && entry.severity == "ERROR"
                {
                    self.add(entry, vec![work]);
                }
            }
        }
    }

    /// A worker has ended: one that can have written the error before, if no line names its process.
    fn ended(&mut self) {
        let Some(entry) = self.nameless.take().filter(|it| it.severity == "ERROR") else {
            return;
        };
        let mut able: Vec<Nameless<'a>> = Vec::new();
        for worker in &self.alive {
            if can_write(entry, worker.work) && !able.contains(worker) {
                able.push(*worker);
            }
        }
        if let [only] = able.as_slice() {
            self.leaves(*only);
        }
        if !able.is_empty() && able.iter().all(|it| it.is_own) {
            self.add(entry, able.iter().map(|it| it.work).collect());
        }
    }

    /// A worker without a process has ended.
    fn leaves(&mut self, worker: Nameless<'a>) {
        if let Some(at) = self.alive.iter().position(|it| *it == worker) {
            self.alive.remove(at);
        }
    }

    /// Adds an error of a worker, of one of these works, the last one at the end. Workers run side by side, so each has its own.
    fn add(&mut self, entry: &Entry, able: Vec<Work<'a>>) {
        let is_more = |line: &&String| !line.starts_with("STATEMENT");
        let context = entry.more.iter();
        let mut at = context.filter_map(|line| quoted_after(line, "replication target relation "));
        let work = match able.as_slice() {
            [only] => *only,
            _ => None,
        };
        let table = work.or_else(|| at.next());
        let mut words = vec![entry.message.clone()];
        words.extend(entry.more.iter().filter(is_more).cloned());
        let is_same = |other: &Failed<'_>| {
            let is_alike = other.trouble.words.first() == words.first();
            other.works == able && (work.is_some() || is_alike)
        };
        let found = &mut self.found;
        let before = found.iter().position(is_same).map(|at| found.remove(at));
        let before = before.filter(|other| other.trouble.words.first() == words.first());
        let started = self.starts.get(&work).copied().flatten();
        let ran = entry.at.zip(started);
        self.found.push(Failed {
            ran: ran
                .and_then(|(at, started)| at.duration_since(started).ok())
                .unwrap_or_default(),
            trouble: Trouble {
                table: table.map(str::to_owned),
                copying: able.iter().all(Option::is_some),
                words,
                times: before.map_or(0, |other| other.trouble.times) + 1,
                disables: false,
                at: entry.at,
                publisher: None,
            },
            works: able,
        });
    }
}

fn says(entry: &Entry, words: &str) -> bool {
    entry.more.iter().any(|line| line.contains(words))
}

/// Whether a worker can have written an error, as far as its CONTEXT or its message names the work.
fn can_write(entry: &Entry, work: Work<'_>) -> bool {
    // Schema and name: `could not start initial contents copy for table "public.t"`.
    let named = quoted_after(&entry.message, "for table ");
    let named = named.filter(|_| entry.message.starts_with("could not "));
    let named = named.map(|table| table.rsplit_once('.').map_or(table, |(_, name)| name));
    match work {
        None => !says(entry, "CONTEXT: COPY ") && named.is_none(),
        Some(table) => {
            !says(entry, "processing remote data")
                && (!says(entry, "CONTEXT: COPY ") || says(entry, &format!("COPY {table},")))
                && named.is_none_or(|named| named == table)
        }
    }
}

#[cfg(test)]
mod tests;
