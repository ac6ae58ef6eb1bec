//! Whose a name is while its lab is up or is made, and that what steps made in a lab is proven.

use std::process::Stdio;

use libtest_mimic::Trial;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::binary;
use crate::lab::{self, Lab};
use crate::runs::{AS_IT_IS, own, says};

pub fn trials() -> Vec<Trial> {
    vec![lab::trial(
        "taken::a_name_is_refused_while_it_runs_or_is_another_plan_s_and_what_steps_made_is_proven",
        "tk",
        taken,
    )]
}

async fn taken(lab: Lab) {
    let own = own("subscribed", &lab, AS_IT_IS);
    let mut run = run(&["run", &own.path, "--within=70s"]);
    said(&mut run, "pg_sleep").await;
    // It is a run's, which removes it in the end: nobody else may take it for theirs.
    for arguments in [
        &["up", &own.path][..],
        &["up", &own.path, "--output=json"],
        &["run", &own.path],
        &["up", "physical-async", "--name", &lab.name],
    ] {
        refused(arguments, &["is taken", "hint: "]).await;
    }
    let pid = run.id().expect("it runs").to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().await;
    assert!(sent.expect("kill runs").success());
    let ended = run.wait().await.expect("it ends");
    assert_eq!(ended.code(), Some(130));
    assert_eq!(lab.left().await, Vec::<String>::new());

    lab.up(&own.path, &["--no-verify"]).await;
    for other in [["--image", "postgres:17.2"], ["--postgres", "15"]] {
        let arguments = ["up", &own.path, other[0], other[1]];
        refused(&arguments, &["another nodes.source.postgres.", "--replace"]).await;
    }
    let same = binary::lab(&["up", &own.path]).await;
    assert_eq!(same.code, Some(0), "{same:?}");
    proven(&lab).await;
}

/// The subscription that steps make is proven as one of the plan's, and missed where it does not follow.
async fn proven(lab: &Lab) {
    for _ in 0..4 {
        lab.run("step", &[]).await.document(0);
    }
    let edge = "source => target (s): ";
    let checks = async |code| {
        let proof = lab.run("verify", &[]).await.document(code);
        let checks = proof["checks"].as_array().expect("checks").clone();
        let ours = checks.into_iter().filter(|check| {
            let name = check["name"].as_str().expect("a name");
            name.starts_with(edge)
        });
        ours.collect::<Vec<Value>>()
    };
    let found = checks(0).await;
    assert!(found.len() >= 4, "{found:#?}");
    assert!(found.iter().all(|check| check["passed"] == true));
    let target = lab.connect("target").await;
    let disable = "ALTER SUBSCRIPTION s DISABLE";
    target.batch_execute(disable).await.expect("disabled");
    let found = checks(1).await;
    assert!(
        found.iter().any(|check| check["passed"] == false),
        "{found:#?}"
    );
}

async fn refused(arguments: &[&str], words: &[&str]) {
    let ran = binary::lab(arguments).await;
    assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:?}");
    says(&ran.stderr, words);
}

fn run(arguments: &[&str]) -> Child {
    let mut run = Command::new(env!("CARGO_BIN_EXE_lab"));
    run.args(arguments).env_remove("LAB_POSTGRES");
    run.stdout(Stdio::null()).stderr(Stdio::piped());
    run.spawn().expect("the program starts")
}

/// Waits until a program says this.
async fn said(run: &mut Child, words: &str) {
    let errors = run.stderr.as_mut().expect("standard error");
    let (mut lines, mut said) = (BufReader::new(errors), String::new());
    while !said.contains(words) {
        let read = lines.read_line(&mut said).await.expect("text");
        assert!(read > 0, "`{words}` was never said:\n{said}");
    }
}
