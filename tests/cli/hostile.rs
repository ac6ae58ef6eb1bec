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

#[test]
fn a_file_of_a_step_is_not_in_the_plan() {
    let (_folder, path) = naming("link.sql");
    for format in ["table", "json"] {
        let plan = lab(&["plan", &path, "--allow-outside", "-o", format]);
        assert_eq!(plan.status.code(), Some(0), "{}", err(&plan));
        assert!(!out(&plan).contains("hidden-words"), "{}", out(&plan));
    }
}
