//! Why subscriptions do not get on: from either end's log, and as soon as it is sure.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use replication_lab::wait::{Probe, wait_for};
use tokio_util::sync::CancellationToken;

use crate::binary;
use crate::lab::{Lab, trial};

pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "a_failure_that_repeats_ends_up_after_its_second_time",
            "repeats",
            repeats,
        ),
        trial("a_copy_that_stalls_ends_with_its_reason", "stalls", |lab| {
            stalls(
                lab,
                "log_min_messages: warning",
                "copying the table `t` failed: could not create",
            )
        }),
        trial(
            "a_copy_that_stalls_ends_with_what_its_publisher_says",
            "silent",
            |lab| stalls(lab, "log_min_messages: fatal", "its publisher `pub` says: "),
        ),
        trial(
            "the_publisher_says_why_where_the_subscriber_logs_nothing",
            "told",
            told,
        ),
    ]
}

/// Writes a scenario that lives as long as the folder.
fn scenario(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("it.yaml");
    std::fs::write(&path, text).expect("written");
    let path = path.display().to_string();
    (folder, path)
}

/// The worker fails, and five seconds later once more in the same way.
async fn repeats(lab: Lab) {
    let case = format!(
        "{}/tests/cases/copy-is-too-slow.yaml",
        env!("CARGO_MANIFEST_DIR")
    );
    let began = Instant::now();
    let up = binary::lab(&["up", &case, "--name", &lab.name, "--within", "60s"]).await;
    let took = began.elapsed().as_secs();
    assert_eq!(up.code, Some(2), "{}", up.stderr);
    let why = "canceling statement due to statement timeout";
    assert!(up.stderr.contains(why), "{}", up.stderr);
    assert!((5..30).contains(&took), "it took {took} s: {}", up.stderr);
    assert_eq!(lab.left().await, <[String; 0]>::default());
}

/// Others have the slots that the copies of the tables need, and may give them back at any time.
async fn stalls(lab: Lab, conf: &str, words: &str) {
    let text = format!(
        "name: stalls
nodes:
  pub:
    conf: {{ max_replication_slots: 3 }}
    publications: {{ p: {{ tables: [t] }} }}
  sub:
    conf: {{ {conf} }}
    subscriptions: {{ s: {{ upstream: pub, publications: [p] }} }}
data: [{{ name: own, schema: [schema.sql], files: [slots.sql] }}]
"
    );
    let (folder, path) = scenario(&text);
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    write("schema.sql", "CREATE TABLE t (a int PRIMARY KEY);\n");
    let slots = "SELECT pg_create_logical_replication_slot(name, 'pgoutput') FROM unnest(ARRAY['a', 'b']) AS name;\n";
    write("slots.sql", slots);
    let up = ["up", &path, "--name", &lab.name, "--within", "8s"];
    let up = binary::lab(&up).await;
    assert_eq!(up.code, Some(2), "{}", up.stderr);
    for words in [words, "all replication slots are in use"] {
        assert!(up.stderr.contains(words), "{}", up.stderr);
    }
    assert_eq!(lab.left().await, <[String; 0]>::default());
}

/// The subscriber logs no errors.
async fn told(lab: Lab) {
    let text = "name: told
nodes:
  pub: { publications: { p: { tables: [employer] } } }
  sub:
    conf: { log_min_messages: fatal }
    subscriptions: { s: { upstream: pub, publications: [p] } }
data: [jobs]
";
    let (_folder, path) = scenario(text);
    lab.up(&path, &["--no-verify"]).await;
    let publisher = lab.connect("pub").await;
    let change =
        "DROP PUBLICATION p; INSERT INTO employer (id, name, industry) VALUES (50, 'x', 'y')";
    publisher.batch_execute(change).await.expect(change);
    let cancel = CancellationToken::new();
    let waited = wait_for(Duration::from_secs(30), &cancel, || async {
        let seen = lab.run("status", &[]).await.document_of_any_code();
        let trouble = &seen["nodes"][1]["subscriptions"][0]["trouble"];
        let said = trouble.as_str().unwrap_or_default().to_owned();
        let is_so = said.starts_with("its publisher `pub` says: publication \"p\" does not exist");
        Ok::<_, Infallible>(if is_so {
            Probe::Ready(said)
        } else {
            Probe::NotYet(said)
        })
    });
    let said = waited.await.expect("the publisher's words");
    assert!(said.contains("create the publication `p`"), "{said}");
}
