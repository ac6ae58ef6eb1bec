//! Scenarios that mean harm, on a real Docker: they write and start nothing on this host.

use std::path::Path;

use libtest_mimic::Trial;

use crate::binary;
use crate::lab::{Lab, trial};

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "hostile::a_scenario_writes_and_starts_nothing_on_the_host",
        "hostile",
        hostile,
    )]
}

/// SQL that would make the file `MARK` if `psql` or a shell on this host read it, and whether `check` refuses it.
const HARM: [(&str, bool); 7] = [
    ("\\o MARK\nSELECT 1;\n", true),
    ("\\! touch MARK\n", true),
    ("SELECT 1 \\g MARK\n", true),
    ("SELECT 1 \\g | touch MARK\n", true),
    ("CREATE TABLE t (n int);\n\\copy t to 'MARK'\n", true),
    (
        "CREATE TABLE t AS SELECT 1 AS n;\nCOPY t TO PROGRAM 'touch MARK';\n",
        false,
    ),
    (
        "CREATE TABLE t AS SELECT 1 AS n;\nCOPY t TO 'MARK';\n",
        false,
    ),
];

async fn hostile(lab: Lab) {
    // A path that exists in containers, too: what a server writes there is theirs.
    let mark = format!("/tmp/{}-mark", lab.name);
    let outer = tempfile::tempdir().expect("a folder");
    let folder = outer.path().join("lab");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(outer.path().join("outside.sql"), "SELECT 1;\n").expect("written");
    for (at, (sql, refused)) in HARM.into_iter().enumerate() {
        let sql = sql.replace("MARK", &mark);
        std::fs::write(folder.join("harm.sql"), &sql).expect("written");
        for place in [
            "data: [{ name: own, files: [harm.sql] }]",
            "steps: [{ sql_file: harm.sql }]",
        ] {
            let path = written(&folder, &lab, place);
            // Of a step, the server refuses what is no SQL.
            let is_step = place.starts_with("steps");
            let checked = if refused && !is_step { 2 } else { 0 };
            for verb in ["check", "plan"] {
                let ran = binary::lab(&[verb, &path]).await;
                assert_eq!(ran.code, Some(checked), "{verb} {at}: {ran:?}");
            }
            let (verb, code) = match (is_step, refused) {
                (true, true) => ("run", 1),
                (true, false) => ("run", 0),
                (false, _) => ("up", checked),
            };
            let ran = binary::lab(&[verb, &path, "--no-verify"]).await;
            // A server runs what its superuser asks for, in its container.
            assert_eq!(ran.code, Some(code), "{verb} {at}: {ran:?}");
            if !refused && !is_step {
                let there = ["exec", &lab.name, "primary", "--", "ls", &mark];
                assert_eq!(binary::lab(&there).await.code, Some(0), "{sql}");
            }
            binary::lab(&["down", &lab.name]).await;
            assert!(!Path::new(&mark).exists(), "{verb}: {sql}");
            assert_eq!(names(outer.path()), ["lab", "outside.sql"]);
            assert_eq!(names(&folder), ["harm.sql", "harm.yaml"]);
        }
    }
    for place in [
        "data: [{ name: own, files: [../outside.sql] }]",
        "steps: [{ sql_file: ../outside.sql }]",
        "steps: [{ sql_file: '; touch MARK' }]",
        "steps: [{ sql_file: '$(touch MARK)' }]",
    ] {
        let path = written(&folder, &lab, &place.replace("MARK", &mark));
        for verb in ["check", "plan", "up", "run"] {
            let ran = binary::lab(&[verb, &path]).await;
            assert_eq!(ran.code, Some(2), "{verb} {place}: {ran:?}");
        }
        assert!(!Path::new(&mark).exists(), "{place}");
    }
    // A check of a file looks in the container.
    std::fs::write(&mark, "ours").expect("written");
    let file = format!("steps: [{{ not: {{ file: {mark} }}, on: primary }}]");
    let path = written(&folder, &lab, &file);
    let ran = binary::lab(&["run", &path, "--no-verify"]).await;
    let kept = std::fs::read_to_string(&mark);
    std::fs::remove_file(&mark).expect("removed");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(kept.expect("text"), "ours");
}

fn written(folder: &Path, lab: &Lab, place: &str) -> String {
    let path = folder.join("harm.yaml");
    let text = format!(
        "name: {}\ntitle: Harm\nnodes: {{ primary: {{}} }}\n{place}\n",
        lab.name
    );
    std::fs::write(&path, text).expect("written");
    path.display().to_string()
}

fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = files
        .map(|file| file.expect("a file").file_name().display().to_string())
        .collect();
    names.sort();
    names
}
