//! That this room is the only one that asks servers about replication.

use std::fs;
use std::path::{Path, PathBuf};

/// The views and functions that tell what a server is, how far it is, and who follows whom.
const ASKED: [&str; 22] = [
    "pg_stat_replication",
    "pg_stat_wal_receiver",
    "pg_stat_subscription",
    "pg_stat_subscription_stats",
    "pg_stat_database_conflicts",
    "pg_stat_activity",
    "pg_replication_slots",
    "pg_subscription",
    "pg_subscription_rel",
    "pg_publication",
    "pg_publication_tables",
    "pg_hba_file_rules",
    "pg_file_settings",
    "pg_settings",
    "pg_is_in_recovery(",
    "pg_current_wal_lsn(",
    "pg_current_wal_flush_lsn(",
    "pg_last_wal_replay_lsn(",
    "pg_last_wal_receive_lsn(",
    "pg_control_checkpoint(",
    "pg_reload_conf(",
    "pg_conf_load_time(",
];

/// Files that name one of them in SQL, and why they may.
const ALLOWED: [(&str, &str); 4] = [
    (
        "verify/probe/write.rs",
        "the position comes with the answer to the COMMIT, in the same message",
    ),
    ("cli/psql.rs", "an example for people"),
    ("action/hold.rs", "an example for people"),
    ("action/schema.rs", "examples for people"),
];

#[test]
fn no_other_room_asks_a_server_about_replication() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found: Vec<String> = Vec::new();
    for path in files(&source) {
        let name = path.strip_prefix(&source).expect("below it");
        let name = name.to_string_lossy().replace('\\', "/");
        let elsewhere = !name.starts_with("server") && !name.contains("tests");
        let allowed = ALLOWED.iter().any(|(file, _)| *file == name);
        let text = fs::read_to_string(&path).expect("a source file");
        let tests = text.find("#[cfg(test)]").unwrap_or(text.len());
        if elsewhere && !allowed && text[..tests].lines().any(asks) {
            found.push(name);
        }
    }
    assert!(
        found.is_empty(),
        "src/server/ has what is asked of a server; these ask by themselves: {found:?}"
    );
}

/// Whether a line has SQL that asks. A message may name a view, and so may a comment.
fn asks(line: &str) -> bool {
    if line.trim_start().starts_with("//") {
        return false;
    }
    let plain = line.replace("pg_catalog.", "");
    ASKED.iter().any(|asked| match asked.strip_suffix('(') {
        Some(_) => plain.contains(asked),
        None => ["FROM", "JOIN"].iter().any(|before| {
            plain.contains(&format!("{before} {asked} "))
                || plain.contains(&format!("{before} {asked}\""))
                || plain.contains(&format!("{before} {asked},"))
        }),
    })
}

#[test]
fn what_asks_is_told_from_what_speaks_of_it() {
    assert!(asks(
        r#"let sql = "SELECT state FROM pg_stat_replication";"#
    ));
    assert!(asks(r#""SELECT pg_catalog.pg_is_in_recovery()""#));
    assert!(asks(r"LEFT JOIN pg_replication_slots AS s"));
    assert!(!asks(r#"format!("pg_stat_replication has no `{name}`")"#));
    assert!(!asks("// FROM pg_stat_replication AS r"));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}
