//! The binary without Docker: what it prints where, and how it exits.

#[path = "support/case.rs"]
mod case;
#[path = "cli/cases.rs"]
mod cases;
#[path = "cli/hostile.rs"]
mod hostile;
#[path = "cli/pages.rs"]
mod pages;
#[path = "cli/project.rs"]
mod project;

use std::process::{Command, Output};

fn lab(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    // Nothing listens there: these tests are the same with and without a Docker.
    command
        .env("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        .env_remove("LAB_POSTGRES");
    command.args(arguments).output().expect("the binary runs")
}

/// Scenarios with steps.
const STEPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/steps/passes.yaml");
const MORE_STEPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/steps/fails.yaml");

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn scenario(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scenario.yaml");
    std::fs::write(&path, text).expect("a file");
    let path = path.display().to_string();
    (folder, path)
}

#[test]
fn help_has_examples_and_exit_codes() {
    let help = lab(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(
        out(&help).contains("lab up physical-sync"),
        "{}",
        out(&help)
    );
    assert!(out(&help).contains("130  interrupted"), "{}", out(&help));
    for verb in [
        "up", "status", "monitor", "verify", "psql", "exec", "logs", "env", "down", "gc", "images",
        "check", "plan", "run", "step", "promote", "stop", "start", "restart",
    ] {
        let help = out(&lab(&[verb, "--help"]));
        assert!(
            help.contains("Example"),
            "`lab {verb} --help` has no example:\n{help}"
        );
    }
}

#[test]
fn every_verb_that_needs_docker_says_what_is_wrong_and_exits_with_3() {
    for arguments in [
        &["up", "physical-sync"][..],
        &["status", "physical-sync"],
        &["verify", "physical-sync"],
        &["psql", "physical-sync"],
        &["exec", "physical-sync", "primary", "true"],
        &["logs", "physical-sync"],
        &["env", "physical-sync"],
        &["down", "physical-sync"],
        &["down", "--all"],
        &["gc"],
        &["images"],
        &["step", "physical-sync"],
        &["promote", "physical-sync", "replica"],
        &["stop", "physical-sync", "replica"],
        &["run", STEPS],
        &["run", STEPS, MORE_STEPS],
    ] {
        let failed = lab(arguments);
        assert_eq!(failed.status.code(), Some(3), "{arguments:?}");
        assert_eq!(out(&failed), "", "{arguments:?}");
        let said = err(&failed);
        assert!(
            said.contains("error: connecting to Docker at `unix:///nonexistent/docker.sock`"),
            "{said}"
        );
        assert!(said.contains("hint: "), "{said}");
    }
}

#[test]
fn doctor_fails_without_docker_and_says_how_to_mend_it() {
    let doctor = lab(&["doctor"]);
    assert_eq!(doctor.status.code(), Some(3));
    assert!(out(&doctor).contains("FAIL"), "{}", out(&doctor));
    assert!(
        err(&doctor).contains("systemctl start docker"),
        "{}",
        err(&doctor)
    );
}

#[test]
fn the_catalogue_is_listed_without_docker() {
    let list = lab(&["list", "--output", "json"]);
    assert_eq!(list.status.code(), Some(0));
    let document: serde_json::Value = serde_json::from_slice(&list.stdout).expect("JSON");
    let names: Vec<&str> = document["catalogue"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|lab| lab["name"].as_str())
        .collect();
    assert!(
        names.contains(&"physical-sync") && names.contains(&"fan-out"),
        "{names:?}"
    );
    assert!(document["labs"].is_null());
    assert!(err(&list).contains("warning"), "{}", err(&list));
}

#[test]
fn a_wrong_scenario_is_refused_with_all_its_errors_before_docker_is_asked() {
    let (_folder, path) = scenario(
        "name: wrong\nnodes:\n  primary: {}\n  replica: { standby_of: primry, slto: x }\n",
    );
    for verb in ["up", "plan", "check"] {
        let refused = lab(&[verb, &path]);
        assert_eq!(refused.status.code(), Some(2), "{verb}");
        let said = err(&refused);
        assert!(
            said.contains("primry") && said.contains("did you mean `primary`?"),
            "{verb}: {said}"
        );
        assert!(
            said.contains("slto") && said.contains("`slot`"),
            "{verb}: {said}"
        );
        assert!(said.contains(":4:"), "{verb}: {said}");
    }
    let json = lab(&["check", &path, "--output", "json"]);
    let document: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(document[0]["passed"], false);
    assert_eq!(document[0]["errors"].as_array().map(Vec::len), Some(2));
    assert_eq!(document[0]["errors"][0]["line"], 4);
}

#[test]
fn a_file_that_cannot_be_read_keeps_no_other_from_being_checked() {
    let (_folder, path) = scenario("name: right\nnodes: { primary: {} }\n");
    let checked = lab(&["check", "nowhere.yaml", "physical-syn", &path]);
    assert_eq!(checked.status.code(), Some(2));
    let table = format!("nowhere.yaml: not read\nphysical-syn: not read\n{path}: ok\n");
    assert_eq!(out(&checked), table);
    let said = err(&checked);
    assert!(said.contains("No such file"), "{said}");
    assert!(said.contains("did you mean `physical-sync`?"), "{said}");
    let json = lab(&["check", "nowhere.yaml", &path, "--output", "json"]);
    let document: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    let unread = document[0]["unread"].as_str().expect("a reason");
    assert!(unread.starts_with("reading the scenario `nowhere.yaml`: No such file"));
    assert_eq!(document[0]["passed"], false);
    assert_eq!(document[1]["passed"], true);
}

#[test]
fn a_run_of_several_labs_is_refused_with_all_that_is_wrong_before_docker_is_asked() {
    let refused = lab(&["run", STEPS, "nope", "physical-async", "--no-verify"]);
    assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
    let said = err(&refused);
    assert!(said.contains("no lab `nope`"), "{said}");
    assert!(said.contains("`physical-async` has no steps"), "{said}");

    let (_folder, twin) = scenario("name: passes\nnodes: { a: {} }\nsteps: [{ sql: SELECT 1 }]\n");
    for (arguments, wanted) in [
        (&["run", STEPS, STEPS][..], "is given twice"),
        (&["run", STEPS, &twin], "both have the lab name `passes`"),
        (
            &["run", STEPS, MORE_STEPS, "--name", "x"],
            "cannot all have the name `x`",
        ),
        (
            &["run", STEPS, MORE_STEPS, "--from", "2"],
            "several are given",
        ),
        (&["run", STEPS, "--from", "6"], "start with `--from 4`"),
        (
            &["run", STEPS, "--from", "9"],
            "there are 7 steps; the named ones are blocked",
        ),
        (&["run", STEPS, "--report", "xml=x"], "unknown format `xml`"),
        (&["run", STEPS, "--report", "tap"], "expected FORMAT=FILE"),
        (
            &["run", STEPS, "--report", "tap=/nonexistent/run.tap"],
            "a directory that does not exist",
        ),
        (
            &[
                "run",
                STEPS,
                "--report",
                "tap=both",
                "--report",
                "junit=both",
            ],
            "two reports would be written to `both`",
        ),
        (
            &["run", STEPS, "--report", "tap=-", "--report", "junit=-"],
            "only one document",
        ),
        (
            &["run", STEPS, "--report", "tap=-", "--output", "json"],
            "only one document",
        ),
        (&["run", STEPS, "--jobs", "0"], "--jobs"),
    ] {
        let refused = lab(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(
            err(&refused).contains(wanted),
            "{arguments:?}: {}",
            err(&refused)
        );
    }
}

#[test]
fn a_step_that_may_wait_for_longer_than_the_run_is_refused() {
    let steps = "steps:\n  - streaming: b\n    within: 3s\n";
    let nodes = "name: a\nnodes: { a: {}, b: { standby_of: a } }\n";
    let (_folder, path) = scenario(&format!("{nodes}limit: 2s\n{steps}"));
    let refused = lab(&["check", &path]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        err(&refused).contains("3s is longer than all steps together"),
        "{}",
        err(&refused)
    );
    assert!(err(&refused).contains(":6:13"), "{}", err(&refused));
    let (_folder, path) = scenario(&format!("{nodes}limit: 0s\n{steps}"));
    assert!(err(&lab(&["check", &path])).contains("no step can happen in no time"));
}

#[test]
fn a_plan_shows_every_file_and_no_password() {
    let plan = lab(&["plan", "physical-sync"]);
    assert_eq!(plan.status.code(), Some(0));
    let text = out(&plan);
    for wanted in [
        "pg_hba.conf",
        "<replica>/32",
        "<gateway>/32",
        "primary_conninfo",
        "standby.signal",
        "wal_log_hints",
    ] {
        assert!(text.contains(wanted), "{wanted} is missing:\n{text}");
    }
    assert!(!text.contains("replica123"), "{text}");
    let json = out(&lab(&["plan", "physical-sync", "--output", "json"]));
    assert!(!json.contains("replica123"), "{json}");
}

#[test]
fn a_password_in_a_step_is_not_shown() {
    for arguments in [["show", "hba-methods"], ["plan", "hba-methods"]] {
        for output in ["table", "json"] {
            let shown = out(&lab(&[arguments[0], arguments[1], "--output", output]));
            assert!(!shown.contains("secret"), "{shown}");
        }
    }
    let steps = out(&lab(&["show", "hba-methods"]));
    assert!(steps.contains("user=plain password=… -c"), "{steps}");
}

#[test]
fn overrides_reach_the_plan_and_wrong_ones_are_refused() {
    let arguments = [
        "plan",
        "physical-sync",
        "--set",
        "nodes.replica.conf.hot_standby_feedback=on",
        "--postgres",
        "15",
    ];
    let text = out(&lab(&arguments));
    assert!(text.contains("hot_standby_feedback = 'on'"), "{text}");
    assert!(text.contains("PostgreSQL 15"), "{text}");
    let refused = lab(&["plan", "physical-sync", "--set", "nodes.replicaa.slot=x"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        err(&refused).contains("did you mean `replica`?"),
        "{}",
        err(&refused)
    );
}

#[test]
fn an_unknown_lab_gets_a_suggestion() {
    let refused = lab(&["show", "physical-snc"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        err(&refused).contains("did you mean `physical-sync`?"),
        "{}",
        err(&refused)
    );
}

#[test]
fn show_draws_the_topology() {
    let text = out(&lab(&["show", "cascade"]));
    assert!(
        text.contains("└─ relay") && text.contains("   └─ leaf"),
        "{text}"
    );
}

#[test]
fn the_schema_is_the_one_that_is_checked_in() {
    assert_eq!(
        out(&lab(&["schema"])),
        include_str!("../labs/lab.schema.json")
    );
    assert_eq!(
        out(&lab(&["schema", "--steps"])),
        include_str!("../docs/steps.md")
    );
}

#[test]
fn a_shell_s_script_asks_lab_for_verbs_and_scenarios() {
    for shell in ["bash", "zsh", "fish"] {
        let script = lab(&["completions", shell]);
        assert_eq!(script.status.code(), Some(0), "{shell}");
        assert!(out(&script).contains("LAB_COMPLETE"), "{shell}");
    }
    let completed = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
        command.env("LAB_COMPLETE", "fish").arg("--").args(words);
        out(&command.output().expect("lab runs"))
    };
    assert!(completed(&["lab", "ver"]).starts_with("verify\t"));
    assert!(completed(&["lab", "up", "physical-s"]).starts_with("physical-sync"));
    assert!(completed(&["lab", "run", "--ke"]).starts_with("--keep"));
}
