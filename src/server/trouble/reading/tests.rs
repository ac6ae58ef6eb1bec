use super::*;
use crate::server::entries::{DEFAULT_PREFIX, of_text};
use crate::text::utc;

const START: &str = "LOG:  logical replication apply worker for subscription \"s\" has started";
const OTHERS: &str = "LOG:  logical replication apply worker for subscription \"o\" has started";
const ERROR: &str = "ERROR:  duplicate key value";
const EXIT: &str =
    "LOG:  background worker \"logical replication apply worker\" (PID 9) exited with exit code 1";

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

const COPIES: [&str; 2] = [
    "LOG:  logical replication table synchronization worker for subscription \"s\", table \"a\" has started",
    "LOG:  logical replication table synchronization worker for subscription \"s\", table \"b\" has started",
];

fn nameless(lines: &[&str]) -> Option<Trouble> {
    let entries = of_text(lines.iter().copied(), "");
    last(&entries, "s", SystemTime::UNIX_EPOCH)
}

#[test]
fn without_a_process_an_error_names_no_table_that_may_be_the_wrong_one() {
    let [a, b] = COPIES;
    let either = [START, a, b, ERROR, EXIT];
    let trouble = nameless(&either).expect("one of its own workers");
    assert_eq!(trouble.table, None);
    assert!(!trouble.copying, "it may be the worker that applies");
    // What names the table is sure.
    let told = [START, a, b, ERROR, "CONTEXT:  COPY a, line 1", EXIT];
    let trouble = nameless(&told).expect("a copy");
    assert_eq!(trouble.table.as_deref(), Some("a"));
    let named = "ERROR:  could not start initial contents copy for table \"public.a\": ERROR:  no";
    let trouble = nameless(&[START, a, b, named, EXIT]).expect("a copy");
    assert_eq!(trouble.table.as_deref(), Some("a"));
    // It was one of the two, and both are done.
    let done = [a, b].map(|line| line.replace("has started", "has finished"));
    let copies = [a, b, ERROR, "CONTEXT:  COPY c, line 1", ERROR, EXIT];
    assert_eq!(nameless(&copies).expect("a copy").table, None);
    let all = [&copies[..], &[&done[0]]].concat();
    assert!(nameless(&all).is_some());
    let all = [&copies[..], &[&done[0], &done[1]]].concat();
    assert_eq!(nameless(&all), None);
}

#[test]
fn without_a_process_no_clients_error_is_a_workers() {
    let client = ["ERROR:  division by zero", "STATEMENT:  SELECT 1/0"];
    let log = [&[START, ERROR][..], &client, &[EXIT]].concat();
    let trouble = nameless(&log).expect("the worker's");
    assert_eq!(trouble.words, ["duplicate key value"]);
    let refused = "FATAL:  password authentication failed for user \"x\"";
    let trouble = nameless(&[START, ERROR, refused, EXIT]).expect("the worker's");
    assert_eq!(trouble.words, ["duplicate key value"]);
    let told = "FATAL:  terminating logical replication worker due to administrator command";
    assert_eq!(nameless(&[START, ERROR, told, EXIT]), None);
}

#[test]
fn a_worker_that_helps_to_apply_is_not_the_one_that_applies() {
    let helps =
        "LOG:  logical replication parallel apply worker for subscription \"s\" has started";
    let disabled = "LOG:  subscription \"s\" has been disabled because of an error";
    let log = [(0, START), (1, ERROR), (1, disabled), (2, helps)];
    assert!(at(9, &log).expect("it is disabled").disables);
    // It starts, and the one that failed has not.
    assert!(at(60, &[(0, START), (1, ERROR), (2, helps)]).is_some());
    let finished = helps.replace("started", "finished");
    let log = [START, helps, &finished, ERROR, EXIT];
    assert!(nameless(&log).is_some(), "the one that applies is there");
    let own = "2026-11-27 00:00:01.000 GMT [8] ERROR:  its own";
    let helps = format!("2026-11-27 00:00:01.000 GMT [8] {helps}");
    let entries = of_text([helps.as_str(), own], DEFAULT_PREFIX);
    let trouble = last(&entries, "s", SystemTime::UNIX_EPOCH).expect("its error");
    assert_eq!(trouble.words, ["its own"]);
}
