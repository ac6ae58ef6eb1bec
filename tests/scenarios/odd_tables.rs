//! Tables that take no row, no change or no removal: what can be proven is, what cannot is said, and nothing stays behind.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::binary;
use crate::lab::{Lab, trial};

const TABLES: &str = include_str!("../tables/odd.sql");
const ROWS: &str = include_str!("../tables/odd_rows.sql");

/// Which changes are published, and the tables of which the proof must say that it left them out.
const PUBLISHED: &[(&str, &[&str])] = &[
    ("[insert]", &["parted", "chk", "always", "flags"]),
    ("[insert, update]", &["parted", "chk", "always", "flags"]),
    (
        "[insert, update, delete]",
        &["parted", "chk", "always", "flags", "nokey"],
    ),
];

pub fn trials() -> Vec<Trial> {
    let published = PUBLISHED.iter().enumerate();
    let mut trials: Vec<Trial> = published
        .map(|(number, (publish, left_out))| {
            let words = publish.trim_matches(['[', ']']).replace(", ", "_");
            trial(
                &format!("a_proof_leaves_no_row_where_{words}_are_published"),
                &format!("odd{number}"),
                move |lab| async move { proven(&lab, publish, left_out).await },
            )
        })
        .collect();
    trials.push(trial(
        "a_proof_leaves_no_row_at_a_subscriber_s_subscriber",
        "oddsink",
        |lab| async move { nothing_at_the_sink(&lab).await },
    ));
    trials
}

/// What the source removes does not reach the sink, to which the relay publishes no removals.
async fn nothing_at_the_sink(lab: &Lab) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let table = "CREATE TABLE note (id int PRIMARY KEY, text text);";
    std::fs::write(path("odd.sql"), table).expect("a file");
    let text = "\
name: odd
nodes:
  source: { publications: { p: { tables: all } } }
  relay:
    subscriptions: { s: { upstream: source, publications: [p] } }
    publications: { q: { tables: all, publish: [insert] } }
  sink: { subscriptions: { t: { upstream: relay, publications: [q] } } }
data:
- { name: odd, schema: [odd.sql] }
";
    std::fs::write(path("odd.yaml"), text).expect("a file");
    let up = lab.up(&path("odd.yaml").display().to_string(), &[]).await;
    assert_eq!(up["verification"]["passed"], Value::Bool(true), "{up:#}");
    for node in ["source", "relay", "sink"] {
        assert_eq!(rows(lab, node).await, <[String; 0]>::default(), "{node}");
    }
}

async fn proven(lab: &Lab, publish: &str, left_out: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    file("odd.sql", TABLES);
    file("odd_rows.sql", ROWS);
    let text = format!(
        "name: odd\nnodes:\n  publisher:\n    publications:\n      p: {{ tables: all, publish: {publish} }}\n  \
         subscriber:\n    subscriptions:\n      s: {{ upstream: publisher, publications: [p] }}\n\
         data:\n- {{ name: odd, schema: [odd.sql], files: [odd_rows.sql] }}\n"
    );
    let scenario = file("odd.yaml", &text);
    lab.up(&scenario, &["--no-verify"]).await;
    let before = [rows(lab, "publisher").await, rows(lab, "subscriber").await];
    let verified = binary::lab(&["verify", &lab.name, "--output", "json"]).await;
    let verdict = verified.document(0);
    assert_eq!(verdict["passed"], Value::Bool(true), "{verdict:#}");
    let checks = verdict["checks"].as_array().expect("checks");
    let arrived = checks
        .iter()
        .find(|check| check["name"] == "publisher => subscriber (s): rows arrive as published");
    let detail = arrived.expect("the check")["detail"].as_str();
    let detail = detail.expect("words");
    for table in left_out {
        let words = format!("\"public\".\"{table}\" was left out: ");
        assert!(detail.contains(&words), "{table}: {detail}");
    }
    assert_eq!(detail.matches(" was left out: ").count(), left_out.len());
    let after = [rows(lab, "publisher").await, rows(lab, "subscriber").await];
    assert_eq!(before, after);
}

/// Every row of every table as text, and how far every sequence is.
async fn rows(lab: &Lab, node: &str) -> Vec<String> {
    let client = lab.connect(node).await;
    let sequences =
        "SELECT sequencename || ' ' || coalesce(last_value, 0) FROM pg_sequences ORDER BY 1";
    let sequences = client.query(sequences, &[]).await.expect("sequences");
    let sql = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1";
    let tables = client.query(sql, &[]).await.expect("tables");
    let mut all: Vec<String> = sequences.iter().map(|row| row.get(0)).collect();
    for table in tables {
        let table: String = table.get(0);
        let sql = format!("SELECT t::text FROM ONLY {table} AS t ORDER BY 1");
        let rows = client.query(&sql, &[]).await.expect("rows");
        all.extend(
            rows.iter()
                .map(|row| format!("{table} {}", row.get::<_, String>(0))),
        );
    }
    all
}
