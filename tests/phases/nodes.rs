//! What is told of a node that does not come up.

use std::io::{Read, Write};
use std::net::TcpListener;

use replication_lab::engine::fake::Fake;
use replication_lab::exit::Exit;
use replication_lab::failure::Explain as _;
use replication_lab::lab::LabError;
use replication_lab::lab::error::ContainerEnd;
use tokio_util::sync::CancellationToken;

use crate::lab::{self, NOBODY, chain, configured, engine, failing, left, pair};

/// An engine whose primaries say `words`, by the time they have their files, and exit.
fn ending(words: &'static str, code: i64) -> Fake {
    let fake = engine();
    fake.on_start(move |mut process| async move {
        if !lab::is_primary(&process) {
            return std::future::pending().await;
        }
        configured(&mut process).await;
        process.say(words);
        code
    });
    fake
}

#[tokio::test(start_paused = true)]
async fn a_data_directory_that_cannot_be_made_is_told_in_initdb_s_words() {
    let words = "lab: no template yet: running initdb\n\
                 initdb: error: could not create directory: No space left on device\n";
    let fake = ending(words, 1);
    let failed = failing(&fake, &pair("pair")).await;
    assert_eq!(
        chain(&failed),
        "initialising the data directory of `primary`: its container exited with code 1"
    );
    let evidence = failed.evidence().expect("its log");
    assert!(evidence.contains("No space left on device"), "{evidence}");
    assert_eq!(failed.hint(), None);
    assert_eq!(failed.exit(), Exit::Environment);
    assert!(left(&fake).is_empty(), "{:?}", left(&fake));
}

#[tokio::test(start_paused = true)]
async fn a_server_for_which_the_machine_has_no_room_is_no_bad_scenario() {
    for words in [
        "FATAL:  could not write lock file \"postmaster.pid\": No space left on device\n",
        "FATAL:  could not resize shared memory segment \"/PostgreSQL.1\" to 4 bytes: No space left on device\n",
        "LOG:  unrecognized configuration parameter \"shared_bufers\" in file \"postgresql.conf\" line 9\n\
         FATAL:  could not open log file: No space left on device\n",
        "FATAL:  could not map anonymous shared memory: Cannot allocate memory\n",
    ] {
        let fake = ending(words, 1);
        let failed = failing(&fake, &pair("pair")).await;
        assert_eq!(failed.exit(), Exit::Environment, "{failed:?}");
        let evidence = failed.evidence().expect("its log");
        for line in words.lines() {
            assert!(evidence.contains(line), "{evidence}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_setting_that_the_server_refuses_is_blamed() {
    let words = "lab: initialised\n\
                 LOG:  unrecognized configuration parameter \"shared_bufers\" in file \"postgresql.conf\" line 9\n\
                 FATAL:  configuration file \"postgresql.conf\" contains errors\n";
    let fake = ending(words, 3);
    let failed = failing(&fake, &pair("pair")).await;
    let LabError::NodeEnded {
        act,
        node,
        how,
        log,
        blame,
    } = &failed
    else {
        panic!("{failed:?}");
    };
    assert_eq!(act, "starting `primary`");
    assert_eq!((node.as_str(), how), ("primary", &ContainerEnd::Code(3)));
    let said: Vec<_> = words.lines().collect();
    assert_eq!(*log, said);
    let blame = blame.as_ref().expect("a setting");
    assert_eq!(
        (blame.setting.as_str(), blame.line.as_str()),
        ("shared_bufers", said[1])
    );
    let hint = failed.hint().expect("a hint");
    assert!(hint.contains("nodes.primary.conf.shared_bufers"), "{hint}");
    assert!(left(&fake).is_empty(), "{:?}", left(&fake));
}

#[tokio::test(start_paused = true)]
async fn of_a_long_log_the_last_twenty_lines_are_shown() {
    let fake = engine();
    fake.on_start(|mut process| async move {
        if !lab::is_primary(&process) {
            return std::future::pending().await;
        }
        configured(&mut process).await;
        for line in 1..=300 {
            process.say(format!("line {line}\n"));
        }
        process.say("the last words, cut o");
        2
    });
    let failed = failing(&fake, &pair("pair")).await;
    let LabError::NodeEnded { log, .. } = &failed else {
        panic!("{failed:?}");
    };
    assert_eq!(log.len(), 20);
    assert_eq!(
        (log[0].as_str(), log[18].as_str()),
        ("line 282", "line 300")
    );
    assert_eq!(log[19], "the last words, cut o");
}

#[tokio::test(start_paused = true)]
async fn a_container_that_ends_as_soon_as_it_starts_is_told() {
    let fake = engine();
    let engine = fake.clone();
    fake.on("find_container lab-pair-replica", move || {
        engine.exit("lab-pair-replica", 127);
    });
    let failed = failing(&fake, &pair("pair")).await;
    assert_eq!(
        chain(&failed),
        "starting the container of `replica`: its container exited with code 127"
    );
    assert!(left(&fake).is_empty(), "{:?}", left(&fake));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up_with_what_was_seen_and_its_log() {
    let fake = engine();
    let failed = failing(&fake, &pair("pair")).await;
    let told = chain(&failed);
    assert!(
        told.starts_with("starting `primary`: gave up after 1.0 s; last seen: "),
        "{told}"
    );
    assert!(told.contains("refused"), "{told}");
    let evidence = failed.evidence().expect("its log");
    assert!(evidence.contains("lab: initialised"), "{evidence}");
}

/// Answers each client as a server that has no line for it in `pg_hba.conf`.
fn refusing_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.expect("a client");
            let mut startup = [0; 1024];
            _ = client.read(&mut startup).expect("a startup message");
            let fields = b"SFATAL\0VFATAL\0C28000\0Mno pg_hba.conf entry for host\0\0";
            let length = u32::try_from(fields.len() + 4).expect("a short message");
            client.write_all(b"E").expect("a listener");
            client.write_all(&length.to_be_bytes()).expect("a listener");
            client.write_all(fields).expect("a listener");
        }
    });
    port
}

#[tokio::test]
async fn a_server_that_refuses_us_for_good_is_not_waited_for() {
    let fake = engine();
    let plan = pair("pair");
    fake.set_port("lab-pair-replica", NOBODY);
    fake.set_port("lab-pair-primary", refusing_server());
    let options = replication_lab::lab::up::Options {
        within: std::time::Duration::from_secs(600),
        ..replication_lab::lab::up::Options::new(None)
    };
    let (silent, never) = (
        std::sync::Arc::new(replication_lab::event::Silent),
        CancellationToken::new(),
    );
    let failed = replication_lab::lab::up::up(&fake.engine(), plan, &options, silent, &never).await;
    let told = chain(&failed.expect_err("a refusal"));
    assert!(told.contains("no pg_hba.conf entry for host"), "{told}");
    assert!(left(&fake).is_empty(), "{:?}", left(&fake));
}
