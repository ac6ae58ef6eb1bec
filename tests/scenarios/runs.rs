//! `lab run`: scenarios as tests, what is said of a step that fails, their reports, and what is left of them.

use std::path::Path;
use std::process::Stdio;

use libtest_mimic::Trial;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Command;

use crate::binary::{self, Ran};
use crate::lab::{self, Lab};

pub fn trials() -> Vec<Trial> {
    vec![
        lab::trial("runs::steps_and_servers_by_hand", "rb", by_hand),
        lab::trial(
            "runs::of_several_each_has_its_lines_and_its_report",
            "rs",
            several,
        ),
        lab::trial(
            "runs::a_step_that_fails_says_all_that_is_known",
            "rf",
            fails,
        ),
        lab::trial("runs::a_kept_lab_goes_on_with_an_edited_file", "rk", kept),
        lab::trial(
            "runs::a_check_that_stops_holding_and_a_teardown_that_fails",
            "rh",
            held,
        ),
        lab::trial("runs::a_limit_that_runs_out_names_the_step", "rl", limit),
        lab::trial(
            "runs::an_interrupt_leaves_nothing_also_of_what_is_kept",
            "ri",
            interrupted,
        ),
        lab::trial("runs::an_up_that_fails_is_in_the_report", "ru", not_up),
        lab::trial("runs::a_wait_of_a_moment_does_not_count", "rmo", moment),
        lab::trial("runs::without_steps_it_is_the_proof", "rw", proof_alone),
    ]
}

/// A scenario of `tests/steps/` as it is and under a name of this test's own.
pub struct Own {
    folder: tempfile::TempDir,
    pub path: String,
}

pub fn own(file: &str, lab: &Lab, change: (&str, &str)) -> Own {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/steps");
    let text = std::fs::read_to_string(from.join(format!("{file}.yaml"))).expect("a scenario");
    let text = text.replacen(&format!("name: {file}"), &format!("name: {}", lab.name), 1);
    assert!(text.contains(change.0), "{text}");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(format!("{file}.yaml"));
    std::fs::write(&path, text.replacen(change.0, change.1, 1)).expect("a file");
    let path = path.display().to_string();
    Own { folder, path }
}

pub const AS_IT_IS: (&str, &str) = ("", "");

#[track_caller]
pub fn says(text: &str, all: &[&str]) {
    for wanted in all {
        assert!(text.contains(wanted), "`{wanted}` is not in:\n{text}");
    }
}

async fn fails(lab: Lab) {
    let own = own("fails", &lab, AS_IT_IS);
    let ran = binary::lab(&["run", &own.path]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let place = format!("step 2 (look) failed at {}:9\n", own.path);
    says(
        &ran.stdout,
        &[
            &place,
            "  Somebody wrote another name.\n",
            "  expected: HardCorp\n",
            "  found:    SoftCorp\n",
            "replication at that moment:\nNODE",
            "replica  running  standby  primary",
            "primary wrote since the step before:\n",
            "a line of the log",
        ],
    );
    assert!(!ran.stdout.contains("never"), "{}", ran.stdout);
    let taken_down = ran.stdout.lines().find(|line| line.contains(" t1 "));
    assert!(
        taken_down.is_some_and(|line| line.starts_with("pass ")),
        "{}",
        ran.stdout
    );
    assert_eq!(lab.left().await, Vec::<String>::new());
}

async fn kept(lab: Lab) {
    let own = own("fails", &lab, AS_IT_IS);
    let run = |more: &'static [&str]| {
        let mut arguments = vec!["run", own.path.as_str(), "--output=json"];
        arguments.extend(more);
        async move { binary::lab(&arguments).await }
    };
    let document = run(&["--keep=failed"]).await.document(1);
    assert_eq!(document["kept"], true);
    assert!(!lab.left().await.is_empty());
    // What is kept is how it was then: without the teardown.
    let last = document["steps"].as_array().and_then(|steps| steps.last());
    assert_eq!(last.expect("a step")["number"], "2", "{document:#}");
    let text = std::fs::read_to_string(&own.path).expect("the scenario");
    std::fs::write(&own.path, text.replace("HardCorp", "SoftCorp")).expect("written");
    let document = run(&["--from=look"]).await.document(0);
    assert_eq!(document["steps"][0]["number"], "2", "{document:#}");
    assert_eq!(document["not_run"][0]["number"], "1", "{document:#}");
    assert_eq!(document["kept"], true, "{document:#}");
    // What the first run inserted is still there.
    let document = run(&["--from=1"]).await.document(1);
    assert_eq!(document["steps"][0]["passed"], false, "{document:#}");
    drop(own.folder);
}

async fn held(lab: Lab) {
    let own = own("held", &lab, AS_IT_IS);
    let ran = binary::lab(&["run", &own.path]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let watch = format!("step 2 (watch) failed at {}:8\n", own.path);
    let torn = format!("step t1 failed at {}:16\n", own.path);
    says(
        &ran.stdout,
        &[&watch, "during step 2.", &torn, "the step before", "42601"],
    );
}

async fn moment(lab: Lab) {
    let own = own("moment", &lab, AS_IT_IS);
    let ran = binary::lab(&["run", &own.path]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let place = format!("step 4 (moment) failed at {}:13\n", own.path);
    says(&ran.stdout, &[&place, "found:    the statement returned"]);
    assert_eq!(lab.left().await, Vec::<String>::new());
}

async fn limit(lab: Lab) {
    let own = own("limit", &lab, AS_IT_IS);
    let ran = binary::lab(&["run", &own.path]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let place = format!("step 2 (endless) failed at {}:8\n", own.path);
    says(
        &ran.stdout,
        &[
            &place,
            "last seen: 1",
            "`limit` of 2.0 s expired during this step",
            "bye",
        ],
    );
    assert_eq!(lab.left().await, Vec::<String>::new());
}

/// `lab run` until it says `line`, and then SIGINT.
async fn interrupt_at(arguments: &[&str], line: &str) -> Ran {
    let mut run = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(arguments)
        .env_remove("LAB_POSTGRES")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(run.stderr.take().expect("standard error"));
    let mut said = String::new();
    while !said.contains(line) {
        let read = lines.read_line(&mut said).await.expect("text");
        assert!(read > 0, "`{line}` was never said:\n{said}");
    }
    let pid = run.id().expect("it runs").to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().await;
    assert!(sent.expect("kill runs").success());
    lines.read_to_string(&mut said).await.expect("text");
    let ended = run.wait_with_output().await.expect("it ends");
    Ran {
        code: ended.status.code(),
        stdout: String::from_utf8_lossy(&ended.stdout).into_owned(),
        stderr: said,
    }
}

async fn interrupted(lab: Lab) {
    let sleep = (
        "SELECT name FROM employer WHERE id = 200",
        "SELECT pg_sleep(60)",
    );
    let one = own("fails", &lab, sleep);
    let ran = interrupt_at(
        &["run", &one.path, "--keep=failed", "--within=60s"],
        "pg_sleep",
    )
    .await;
    assert_eq!(ran.code, Some(130), "{ran:?}");
    assert_eq!(lab.left().await, Vec::<String>::new(), "{ran:?}");

    let other = Lab {
        name: format!("{}-2", lab.name),
        ..lab.clone()
    };
    let second = own("passes", &other, AS_IT_IS);
    // The first one has ended by then, and is kept.
    let both = [
        "run",
        &second.path,
        &one.path,
        "--jobs=1",
        "--keep=always",
        "--within=60s",
    ];
    let ran = interrupt_at(&both, "pg_sleep").await;
    assert_eq!(ran.code, Some(130), "{ran:?}");
    says(&ran.stdout, &["2 labs: 1 passed, 1 ended early"]);
    for lab in [&lab, &other] {
        assert_eq!(lab.left().await, Vec::<String>::new(), "{ran:?}");
    }
}

async fn not_up(lab: Lab) {
    let wrong = (
        "primary: {}",
        "primary: { conf: { shared_preload_libraries: none_such } }",
    );
    let own = own("fails", &lab, wrong);
    let junit = own.folder.path().join("run.xml").display().to_string();
    let report = format!("--report=junit={junit}");
    let ran = binary::lab(&["run", &own.path, "--output=json", &report]).await;
    let document = ran.document(2);
    assert_eq!(document["error"]["during"], "up", "{document:#}");
    says(&document["error"]["evidence"].to_string(), &["none_such"]);
    says(&ran.stderr, &["error: starting `primary`", "none_such"]);
    let junit = std::fs::read_to_string(junit).expect("a report");
    says(
        &junit,
        &[
            r#"failures="0" errors="1""#,
            r#"<error message="starting `primary`""#,
        ],
    );
    assert_eq!(lab.left().await, Vec::<String>::new());
}

async fn several(lab: Lab) {
    let of = |more: &str| Lab {
        name: format!("{}-{more}", lab.name),
        ..lab.clone()
    };
    let labs = [of("pass"), of("fail")];
    let (passes, fails) = (
        own("passes", &labs[0], AS_IT_IS),
        own("fails", &labs[1], AS_IT_IS),
    );
    let place = |name: &str| passes.folder.path().join(name).display().to_string();
    let (junit, tap) = (place("run.xml"), place("run.tap"));
    let reports = [
        format!("--report=junit={junit}"),
        format!("--report=tap={tap}"),
    ];
    let both = [
        "run",
        &passes.path,
        &fails.path,
        "--jobs=2",
        "--output=json",
    ];
    let ran = binary::lab(&[&both[..], &[&reports[0], &reports[1]]].concat()).await;
    let document = ran.document(1);
    assert_eq!(document[0]["passed"], true, "{document:#}");
    assert_eq!(document[0]["steps"][7]["number"], "7", "{document:#}");
    assert_eq!(document[1]["passed"], false, "{document:#}");
    assert_eq!(document[1]["steps"][1]["line"], 9, "{document:#}");
    assert_eq!(document[1]["not_run"][0]["number"], "3", "{document:#}");
    let prefixed = |line: &str| labs.iter().any(|lab| line.starts_with(&lab.name));
    assert!(ran.stderr.lines().all(prefixed), "{}", ran.stderr);
    let junit = std::fs::read_to_string(junit).expect("a report");
    let case = format!(r#"file="{}" line="9""#, fails.path);
    let failure = "expected: HardCorp, found: SoftCorp";
    says(
        &junit,
        &[
            r#"failures="1" errors="0""#,
            failure,
            &case,
            "a line of the log",
        ],
    );
    let tap = std::fs::read_to_string(tap).expect("a report");
    assert!(tap.starts_with("TAP version 14\n1..2\n"), "{tap}");
    says(&tap, &[&format!("\nnot ok 2 - {}", labs[1].name)]);
    for lab in &labs {
        assert_eq!(lab.left().await, Vec::<String>::new());
    }
}

async fn by_hand(lab: Lab) {
    let own = own("passes", &lab, ("id = 200", "id = 999"));
    lab.up(&own.path, &["--no-verify"]).await;
    let number = |document: &serde_json::Value| document["next"][0]["number"].clone();
    let shown = lab.run("step", &["--show"]).await.document(0);
    assert_eq!(number(&shown), 1, "{shown:#}");
    let first = lab.run("step", &[]).await.document(0);
    assert_eq!(first["steps"][0]["seen"], "1 row", "{first:#}");
    assert_eq!(number(&first), 2, "{first:#}");
    // One that fails is what comes next, also with the rest.
    for more in [&[][..], &["--all"]] {
        let failed = lab.run("step", more).await.document(1);
        assert_eq!(failed["steps"][0]["expected"], "SoftCorp", "{failed:#}");
        assert_eq!(number(&failed), 2, "{failed:#}");
    }
    let primary = lab.connect("primary").await;
    let mend = "INSERT INTO employer (id, name, industry) VALUES (999, 'SoftCorp', 'Software')";
    primary.batch_execute(mend).await.expect("mended");
    lab.run("step", &[]).await.document(0);
    lab.run("step", &[]).await.document(0);
    // The session's steps happen together.
    let session = lab.run("step", &[]).await.document(0);
    assert_eq!(
        session["steps"].as_array().map(Vec::len),
        Some(3),
        "{session:#}"
    );
    let rest = lab.run("step", &["--all"]).await.document(0);
    assert_eq!(rest["next"], serde_json::json!([]), "{rest:#}");
    assert!(
        lab.left()
            .await
            .contains(&format!("lab-{}.step-7", lab.name))
    );

    for (verb, more, seen) in [
        ("stop", &["replica", "--mode=immediate"][..], "stopped"),
        ("start", &["replica"], "takes connections"),
        ("restart", &["primary", "replica"], "takes connections"),
        ("promote", &["replica"], "takes writes, on timeline 2"),
    ] {
        let done = lab.run(verb, more).await.document(0);
        assert_eq!(done["seen"], seen, "{done:#}");
    }
    let again = lab.run("promote", &["replica"]).await.document(1);
    assert_eq!(again["seen"], "`replica` is already a primary", "{again:#}");
    assert_eq!(lab.run("stop", &["nobody"]).await.code, Some(2));
    // One that is not there is said, and is no failure.
    let gone = binary::lab(&["down", "rb-none-such", &lab.name]).await;
    assert_eq!(gone.code, Some(0), "{gone:?}");
    says(
        &gone.stderr,
        &["there is no lab `rb-none-such`", "removed: 2 containers"],
    );
    assert_eq!(lab.left().await, Vec::<String>::new());
}

/// A lab without steps is a test too, and its proof what was tested.
async fn proof_alone(lab: Lab) {
    let ran = binary::lab(&["run", "physical-async", "--name", &lab.name]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let proof = "primary -> replica: rows arrive";
    assert!(ran.stdout.contains(proof), "{}", ran.stdout);
    assert_eq!(lab.left().await, <[String; 0]>::default());
}
