use std::time::SystemTime;

use super::*;
use crate::server::entries::{DEFAULT_PREFIX, of_text};

/// A moment after the logs below.
fn now() -> SystemTime {
    utc::parse("2026-11-23 05:04:15").expect("a time")
}

fn last<'a>(lines: impl IntoIterator<Item = &'a str>, subscription: &str) -> Option<Trouble> {
    super::last(&of_text(lines, DEFAULT_PREFIX), subscription, now())
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
         CONTEXT: COPY customers, line 1: \"1\tNoah Nguyen\" (seen 2026-11-23 05:04:13 UTC)"
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
        hint.ends_with("`ALTER SUBSCRIPTION \"jobs_sub\" SKIP (lsn = '0/19C1F40')`"),
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
    let trouble = super::last(&entries, "shop_sub", now()).expect("trouble");
    assert_eq!(trouble.table.as_deref(), Some("customers"));
    assert_eq!(super::last(&entries, "another", now()), None);
}

fn of(error: &str, times: usize) -> Trouble {
    Trouble {
        table: None,
        copying: false,
        words: error.lines().map(str::to_owned).collect(),
        times,
        disables: false,
        at: None,
        publisher: None,
    }
}

fn hint(error: &str) -> String {
    of(error, 1).hint("s", "sub").unwrap_or_default()
}

#[test]
fn a_hint_is_about_what_is_missing() {
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

#[test]
fn a_name_in_a_statement_of_a_hint_is_quoted() {
    let error = of("relation \"public.t\" does not exist", 1);
    let hint = error.hint("My \"sub\"", "n").expect("a hint");
    assert!(
        hint.contains(r#"`ALTER SUBSCRIPTION "My ""sub""" REFRESH PUBLICATION`"#),
        "{hint}"
    );
    let error = of("replication slot \"it's\" does not exist", 1);
    let hint = error.hint("s", "n").expect("a hint");
    assert!(hint.contains("('it''s', 'pgoutput')"), "{hint}");
}

#[test]
fn a_refused_role_may_be_let_in_once_more_and_has_a_hint_of_its_own() {
    let refused = [
        "could not connect to the publisher: connection to server at \"p\" (10.0.0.2), port 5432 failed: FATAL:  password authentication failed for user \"r\"",
        "could not connect to the publisher: FATAL:  no pg_hba.conf entry for host \"10.0.0.3\", user \"r\", database \"d\", no encryption",
        "apply worker for subscription \"s\" could not connect to the publisher: connection failed: FATAL:  role \"r\" does not exist",
        "could not connect to the publisher: fe_sendauth: no password supplied",
        "could not connect to the publisher: FATAL:  must be superuser or replication role to start walsender",
    ];
    for error in refused {
        assert!(of(error, 1).may_pass(), "{error}");
        assert!(!of(error, 2).may_pass(), "{error}");
        assert!(hint(error).contains("does not let the subscription in"));
        assert!(!of(error, 1).is_vague(), "{error}");
    }
}

#[test]
fn a_lost_slot_is_told_in_the_words_of_every_version() {
    let lost = [
        "could not start WAL streaming: ERROR:  cannot read from logical replication slot \"s\"",
        "could not start WAL streaming: ERROR:  can no longer get changes from replication slot \"s\"",
        "could not start WAL streaming: ERROR:  can no longer access replication slot \"s\"",
        "could not receive data from WAL stream: ERROR:  requested WAL segment 000000010000000000000003 has already been removed",
        "could not start WAL streaming: ERROR:  no\nDETAIL: This slot has been invalidated because it exceeded the maximum reserved size.",
    ];
    for error in lost {
        assert!(!of(error, 1).may_pass(), "{error}");
        assert!(hint(error).contains("create it again"), "{error}");
    }
}

#[test]
fn a_publisher_that_does_not_answer_is_told_in_the_words_of_every_version() {
    for by in ["", "apply worker for subscription \"s\" "] {
        let error = format!("{by}could not connect to the publisher: Connection refused");
        assert!(hint(&error).contains("lab status"), "{error}");
        assert!(of(&error, 9).may_pass(), "{error}");
    }
}

#[test]
fn what_others_cause_may_pass_however_often() {
    let others = [
        "could not connect to the publisher: connection to server at \"publisher\" failed: Connection refused",
        "could not start WAL streaming: ERROR:  replication slot \"s\" is already active for PID 40",
        "could not create replication slot \"s\": ERROR:  all replication slots are in use",
        "could not receive data from WAL stream: server closed the connection unexpectedly",
        "could not receive data from WAL stream: FATAL:  terminating connection due to administrator command",
    ];
    for error in others {
        assert!(of(error, 1).may_pass(), "{error}");
        assert!(of(error, 9).may_pass(), "{error}");
    }
    let interrupted = [
        "could not receive data from WAL stream: ERROR:  canceling statement due to statement timeout",
        "could not send data to WAL stream: no COPY in progress",
        "could not start initial contents copy for table \"public.t\": ERROR:  permission denied for table t",
    ];
    for error in interrupted {
        assert!(of(error, 1).may_pass(), "{error}");
        assert!(!of(error, 2).may_pass(), "{error}");
    }
    assert!(
        !of(
            "duplicate key value violates unique constraint \"t_pkey\"",
            1
        )
        .may_pass()
    );
}
