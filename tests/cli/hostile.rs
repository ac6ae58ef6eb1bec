//! Scenario files that mean harm: what they read, and what they print.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{err, lab, out};

/// A folder with a secret and, below it, a folder with a scenario. The scenario names a file in a step and in a dataset.
fn naming(file: &str) -> (tempfile::TempDir, String) {
    let outer = tempfile::tempdir().expect("a folder");
    let folder = outer.path().join("lab");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(outer.path().join("secret.sql"), "SELECT 'hidden-words'").expect("a file");
    std::os::unix::fs::symlink("../secret.sql", folder.join("link.sql")).expect("a link");
    let made = Command::new("mkfifo").arg(folder.join("pipe.sql")).status();
    assert!(made.expect("mkfifo").success());
    let text = format!(
        "name: mine\nnodes: {{ primary: {{}} }}\ndata:\n  - {{ name: own, files: [{file}] }}\nsteps:\n  - sql_file: {file}\n"
    );
    let path = folder.join("mine.yaml");
    std::fs::write(&path, text).expect("a file");
    let path = path.display().to_string();
    (outer, path)
}

#[test]
fn a_scenario_reads_files_of_its_folder_alone() {
    for file in ["../secret.sql", "link.sql"] {
        let (_folder, path) = naming(file);
        for verb in ["check", "plan", "show", "run"] {
            let refused = lab(&[verb, &path]);
            assert_eq!(refused.status.code(), Some(2), "{verb} {file}");
            let said = out(&refused) + &err(&refused);
            assert!(!said.contains("hidden-words"), "{said}");
            assert!(
                said.contains("which is outside the scenario's folder"),
                "{said}"
            );
            for place in ["mine.yaml:4:26", "mine.yaml:6:15", "^^^"] {
                assert!(said.contains(place), "{said}");
            }
            assert!(
                said.contains("`--allow-outside` reads it all the same"),
                "{said}"
            );
            let meant = lab(&[verb, "--allow-outside", &path]);
            // Without Docker `run` gets as far as asking for it.
            let wanted = if verb == "run" { 3 } else { 0 };
            assert_eq!(
                meant.status.code(),
                Some(wanted),
                "{verb} {file}: {}",
                err(&meant)
            );
        }
    }
}

#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    for file in ["pipe.sql", "/dev/zero", "/dev/stdin", "/proc/kmsg", "."] {
        let (_folder, path) = naming(file);
        for allow in [&["check", &path][..], &["check", "--allow-outside", &path]] {
            let refused = lab(allow);
            assert_eq!(refused.status.code(), Some(2), "{file}: {}", err(&refused));
            assert!(
                err(&refused).contains("mine.yaml:6:15"),
                "{}",
                err(&refused)
            );
        }
    }
    let (folder, _) = naming("link.sql");
    let pipe = folder.path().join("lab/pipe.sql").display().to_string();
    for scenario in [pipe.as_str(), "/dev/zero", "/dev"] {
        let refused = lab(&["check", scenario]);
        assert_eq!(refused.status.code(), Some(2), "{scenario}");
        assert!(
            err(&refused).contains("not a regular file"),
            "{}",
            err(&refused)
        );
        assert!(err(&refused).contains("`-` reads"), "{}", err(&refused));
    }
}

/// A verb with a scenario on its standard input.
fn piped(folder: &Path, text: &[u8], arguments: &[&str]) -> std::process::Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lab"))
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    // It stops reading where a text is too large.
    let _ = child.stdin.take().expect("a pipe").write_all(text);
    child.wait_with_output().expect("an output")
}

#[test]
fn a_scenario_comes_from_standard_input_too() {
    let (outer, _) = naming("link.sql");
    let folder = outer.path().join("lab");
    std::fs::write(folder.join("more.sql"), "SELECT 1").expect("a file");
    let text = "name: a\nnodes: { primary: {} }\nsteps: [{ sql_file: more.sql }]\n";
    let checked = piped(&folder, text.as_bytes(), &["check", "-"]);
    assert_eq!(checked.status.code(), Some(0), "{}", err(&checked));
    let outside = text.replace("more", "../secret");
    let refused = piped(&folder, outside.as_bytes(), &["plan", "-"]);
    assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
    assert!(
        err(&refused).contains("standard input:3:21"),
        "{}",
        err(&refused)
    );
    let refused = piped(&folder, &vec![b'#'; 3 << 20], &["check", "-"]);
    assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
    assert!(
        err(&refused).contains("standard input:1:1"),
        "{}",
        err(&refused)
    );
}

/// Words that move the cursor, rename the window and turn the direction, as YAML and as a terminal sees them.
const ESCAPES: (&str, &str) = (
    r"\e]0;mine\a\e[2J\x9b31m\u202Efdp\u2066\u200B\r",
    "\u{1b}]0;mine\u{7}\u{1b}[2J\u{9b}31m\u{202e}fdp\u{2066}\u{200b}\r",
);

#[test]
fn no_verb_prints_a_control_character_of_a_scenario() {
    let (yaml, shown) = ESCAPES;
    let one_line = yaml.trim_end_matches(r"\r");
    let text = format!(
        "name: a\ntitle: \"{yaml}\"\nabout: \"{yaml}\"\nnodes: {{ primary: {{ conf: {{ log_line_prefix: \"%m {one_line}\" }} }} }}\n\
         data: [{{ name: own, files: [more.sql] }}]\n\
         steps:\n- say: \"{yaml}\"\n  sql: \"SELECT '{yaml}'\"\n- exec: [\"{yaml}\"]\n  expect: {{ output: \"{yaml}\" }}\n"
    );
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("more.sql"), shown).expect("a file");
    let wrong = format!("{text}\"{yaml}\": 1\npostgres: \"{yaml}\"\nlimit: \u{202e}{yaml}\n");
    for (file, text) in [("good.yaml", &text), ("wrong.yaml", &wrong)] {
        std::fs::write(folder.path().join(file), text).expect("a file");
        let path = folder.path().join(file).display().to_string();
        for arguments in [
            &["check", &path][..],
            &["check", &path, "-o", "json"],
            &["plan", &path],
            &["plan", &path, "-o", "json"],
            &["show", &path],
            &["show", &path, "-o", "json"],
            &[
                "show",
                &path,
                "--set",
                &format!("nodes.{shown}.slot={shown}"),
            ],
            &["show", shown],
            &["run", &path, "-vvv"],
        ] {
            let ran = lab(arguments);
            let said = out(&ran) + &err(&ran);
            assert!(!said.is_empty(), "{arguments:?}");
            let hidden = said.contains(|c: char| {
                (c.is_control() && c != '\n') || "\u{202e}\u{2066}\u{200b}".contains(c)
            });
            assert!(!hidden, "{arguments:?}: {said:?}");
        }
    }
    let path = folder.path().join("good.yaml").display().to_string();
    assert!(out(&lab(&["show", &path])).contains(r"\x1b]0;mine\x07\x1b[2J\u{9b}31m\u{202e}fdp"));
    let json = out(&lab(&["show", &path, "-o", "json"]));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["title"], shown);
}

#[test]
fn a_file_of_a_step_is_not_in_the_plan() {
    let (_folder, path) = naming("link.sql");
    for format in ["table", "json"] {
        let plan = lab(&["plan", &path, "--allow-outside", "-o", format]);
        assert_eq!(plan.status.code(), Some(0), "{}", err(&plan));
        assert!(!out(&plan).contains("hidden-words"), "{}", out(&plan));
    }
}

#[test]
fn no_verb_shows_a_password_of_a_scenario() {
    let text = "name: a\nreplication_user: { name: r, password: swordfish-1 }\nnodes:\n  primary: {}\n  replica: { standby_of: primary }\n\
                steps:\n- sql: ALTER ROLE r PASSWORD 'swordfish-2'\n- exec: [psql, --set, pass=swordfish-3]\n\
                - exec: [prog, --password, swordfish-4]\n- sql: SELECT format('PASSWORD %L', 'swordfish-5')\n\
                - sql: SELECT 'swordfish-2'\n  expect: { value: swordfish-3 }\n";
    let folder = tempfile::tempdir().expect("a folder");
    let wrong = text.replace("{ name: r,", "{ nme: r,") + "  on: nobody\n";
    for (file, text) in [("good.yaml", text), ("wrong.yaml", &wrong)] {
        std::fs::write(folder.path().join(file), text).expect("a file");
        let path = folder.path().join(file).display().to_string();
        let set = "replication_user.passwod=swordfish-6";
        for arguments in [
            &["check", &path][..],
            &["check", &path, "-o", "json"],
            &["plan", &path],
            &["plan", &path, "-o", "json"],
            &["show", &path],
            &["show", &path, "-o", "json"],
            &[
                "plan",
                &path,
                "--set",
                "replication_user.password=swordfish-6",
                "--set",
                "x=y",
            ],
            &["run", &path, "-vvv", "--report", "json=-"],
        ] {
            let ran = lab(arguments);
            let said = out(&ran) + &err(&ran);
            // It stands openly in a step that only selects it.
            for number in [1, 4, 5, 6] {
                let secret = format!("swordfish-{number}");
                assert!(!said.contains(&secret), "{arguments:?}: {said}");
            }
        }
        assert_eq!(lab(&["plan", &path, "--set", set]).status.code(), Some(2));
    }
}
