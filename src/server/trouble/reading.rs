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
/// error is logged, and the postmaster says that a worker exited. An error that may be that of another worker is left out.
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
    work: Work<'a>,
    /// How long the worker had run.
    ran: Duration,
}

impl Failed<'_> {
    /// Whether a worker has been running since for longer than those that failed.
    fn is_over(&self, starts: &BTreeMap<Work<'_>, Option<SystemTime>>, now: SystemTime) -> bool {
        let (Some(at), Some(Some(started))) = (self.trouble.at, starts.get(&self.work)) else {
            return false;
        };
        let runs = now.duration_since(*started).unwrap_or_default();
        !self.trouble.disables && *started > at && runs > SETTLED + self.ran * 2
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
        let table = quoted_after(said, "table ");
        if is_worker && said.contains("has started") {
            self.started(entry, is_own, table);
        } else if is_worker && said.contains("has finished") {
            if is_own {
                let is_copied = |failed: &Failed<'_>| table.is_some() && failed.work == table;
                self.found.retain(|failed| !is_copied(failed));
            }
            self.leaves(|it| it.is_own == is_own && it.work == table);
        } else if is_own && said.contains("has been disabled because of an error") {
            self.ended();
            if let Some(last) = self.found.last_mut() {
                last.trouble.disables = true;
            }
        } else if is_own && (said.contains("will stop because") || said.contains("will restart")) {
            // Somebody changed the subscription: what failed before was of the one before.
            self.found.retain(|failed| failed.trouble.disables);
            self.leaves(|it| it.is_own && it.work.is_none());
        } else if said.starts_with("database system is ready to accept") {
            self.workers.clear();
            self.alive.clear();
            self.nameless = None;
            self.found.retain(|failed| failed.trouble.disables);
        } else if said.starts_with("background worker \"logical replication ")
            && said.contains("exited with exit code")
        {
            self.ended();
        } else if entry.severity == "ERROR" {
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
        match entry.process.as_deref() {
            Some(process) => {
                self.workers.remove(process);
                self.workers.extend(is_own.then_some((process, work)));
            }
            None => self.alive.push(Nameless { is_own, work }),
        }
    }

    fn failed(&mut self, entry: &'a Entry) {
        match entry.process.as_deref() {
            None => self.nameless = Some(entry),
            Some(process) => {
                if let Some(work) = self.workers.get(process) {
                    self.add(entry, *work);
                }
            }
        }
    }

    /// A worker has ended: one that can have written the error before, if no line names its process.
    fn ended(&mut self) {
        let Some(entry) = self.nameless.take() else {
            return;
        };
        let says = |words: &str| entry.more.iter().any(|line| line.contains(words));
        let applies = says("processing remote data");
        let can = |it: &&Nameless<'a>| match it.work {
            None => !says("CONTEXT: COPY "),
            Some(table) => !applies && (!says("CONTEXT: COPY ") || says(&format!("COPY {table},"))),
        };
        let able: Vec<Nameless<'a>> = self.alive.iter().filter(can).copied().collect();
        let Some(first) = able.first().copied() else {
            return;
        };
        if able.iter().all(|it| *it == first) {
            self.leaves(|it| *it == first);
            if first.is_own {
                self.add(entry, first.work);
            }
        } else if able.iter().all(|it| it.is_own) {
            // Whichever it was, it was one of the subscription's; the last one started is the likelier.
            let last = able[able.len() - 1];
            self.leaves(|it| *it == last);
            self.add(entry, last.work);
        }
    }

    /// One of the workers without a process has ended.
    fn leaves(&mut self, is_it: impl Fn(&Nameless<'a>) -> bool) {
        if let Some(at) = self.alive.iter().position(is_it) {
            self.alive.remove(at);
        }
    }

    /// Adds an error of a worker, the last one at the end. Workers run side by side, so each has its own.
    fn add(&mut self, entry: &Entry, work: Work<'a>) {
        let is_more = |line: &&String| !line.starts_with("STATEMENT");
        let context = entry.more.iter();
        let mut at = context.filter_map(|line| quoted_after(line, "replication target relation "));
        let table = work.or_else(|| at.next());
        let mut words = vec![entry.message.clone()];
        words.extend(entry.more.iter().filter(is_more).cloned());
        let copying = work.is_some();
        let is_same = |other: &Failed<'_>| {
            let is_alike = other.trouble.words.first() == words.first();
            other.work == work && (copying || is_alike)
        };
        let found = &mut self.found;
        let before = found.iter().position(is_same).map(|at| found.remove(at));
        let before = before.filter(|other| other.trouble.words.first() == words.first());
        let started = self.starts.get(&work).copied().flatten();
        let ran = entry.at.zip(started);
        self.found.push(Failed {
            work,
            ran: ran
                .and_then(|(at, started)| at.duration_since(started).ok())
                .unwrap_or_default(),
            trouble: Trouble {
                table: table.map(str::to_owned),
                copying,
                words,
                times: before.map_or(0, |other| other.trouble.times) + 1,
                disables: false,
                at: entry.at,
                publisher: None,
            },
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::entries::{DEFAULT_PREFIX, of_text};
    use crate::text::utc;

    const START: &str = "LOG:  logical replication apply worker for subscription \"s\" has started";
    const OTHERS: &str =
        "LOG:  logical replication apply worker for subscription \"o\" has started";
    const ERROR: &str = "ERROR:  duplicate key value";
    const EXIT: &str = "LOG:  background worker \"logical replication apply worker\" (PID 9) exited with exit code 1";

    /// The log of lines that were written at these seconds, at that second.
    fn at(now: u32, lines: &[(u32, &str)]) -> Option<Trouble> {
        let time = |second: u32| format!("2026-11-27 00:{:02}:{:02}", second / 60, second % 60);
        let lines: Vec<String> = lines
            .iter()
            .map(|(second, line)| format!("{}.000 GMT [9] {line}", time(*second)))
            .collect();
        let entries = of_text(lines.iter().map(String::as_str), DEFAULT_PREFIX);
        last(&entries, "s", utc::parse(&time(now)).expect("a time"))
    }

    #[test]
    fn an_error_counts_until_a_worker_has_run_for_a_while() {
        let log = [(0, START), (1, ERROR), (6, START)];
        let trouble = at(7, &log).expect("it may fail again");
        assert!(
            trouble
                .to_string()
                .ends_with("(seen 2026-11-27 00:00:01 UTC)"),
            "{trouble}"
        );
        assert_eq!(at(60, &log), None, "the worker runs");
        // It fails only after minutes.
        let slow = [(0, START), (300, ERROR), (305, START)];
        assert!(at(400, &slow).is_some());
        assert!(at(60, &log[..2]).is_some(), "no worker since");
    }

    #[test]
    fn what_ended_before_a_restart_or_a_change_does_not_count() {
        let ready = "LOG:  database system is ready to accept connections";
        assert_eq!(at(9, &[(0, START), (1, ERROR), (2, ready)]), None);
        let stop = "LOG:  logical replication worker for subscription \"s\" will stop because the subscription was disabled";
        assert_eq!(
            at(9, &[(0, START), (1, ERROR), (2, START), (3, stop)]),
            None
        );
        let disabled = "LOG:  subscription \"s\" has been disabled because of an error";
        let disabling = [(0, START), (1, ERROR), (1, disabled), (2, ready)];
        assert!(at(9, &disabling).expect("it is disabled").disables);
    }

    #[test]
    fn without_a_process_workers_are_not_confused() {
        let of = |lines: &[&str], subscription: &str| {
            let entries = of_text(lines.iter().copied(), "");
            last(&entries, subscription, SystemTime::UNIX_EPOCH)
        };
        let one = [START, ERROR, EXIT];
        assert!(of(&one, "s").is_some());
        // Either may have failed, and nothing says which.
        let two = [START, OTHERS, ERROR, EXIT];
        assert_eq!((of(&two, "s"), of(&two, "o")), (None, None));
        let copy = "LOG:  logical replication table synchronization worker for subscription \"o\", table \"t\" has started";
        let told = [START, copy, ERROR, "CONTEXT:  COPY t, line 1", EXIT];
        assert_eq!(of(&told, "s"), None);
        assert_eq!(
            of(&told, "o").expect("its copy").table.as_deref(),
            Some("t")
        );
    }
}
