//! What is printed on a terminal of 80 or 200 columns, in a pipe, with and without colours.

use std::process::Stdio;
use std::time::Duration;

use libtest_mimic::Trial;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use crate::lab::{Lab, trial};
use crate::runs::says;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("terminal::psql_names_node_and_role", "prompt", prompt),
        trial("terminal::results_fit_and_have_colours", "fits", fits),
    ]
}

/// What a shell command prints on a terminal with so many columns.
async fn shown(columns: usize, command: &str) -> String {
    let mut script = terminal(columns, command);
    let output = script
        .stdin(Stdio::null())
        .output()
        .await
        .expect("`script` starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn terminal(columns: usize, command: &str) -> Command {
    let lab = env!("CARGO_BIN_EXE_lab");
    let command = command.replace("lab ", &format!("{lab} "));
    let sized = format!("stty rows 24 cols {columns}; {command}");
    let mut script = Command::new("script");
    script.args(["-qec", &sized, "/dev/null"]);
    script.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    script.kill_on_drop(true);
    script
}

/// The first prompt of `lab psql`.
async fn prompted(open: &str) -> String {
    let mut script = terminal(200, open);
    script.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut script = script.spawn().expect("`script` starts");
    let mut input = script.stdin.take().expect("standard input");
    let mut output = script.stdout.take().expect("standard output");
    let mut seen = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&seen).contains("=# ") {
            let read = output.read_buf(&mut seen).await.expect("text");
            assert!(read > 0, "it ended: {}", String::from_utf8_lossy(&seen));
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), reading).await;
    let seen = String::from_utf8_lossy(&seen).into_owned();
    assert!(waited.is_ok(), "no prompt: {seen}");
    input.write_all(b"\\q\n").await.expect("typed");
    let ended = tokio::time::timeout(Duration::from_secs(20), script.wait());
    ended.await.expect("psql ends").expect("its end");
    seen
}

async fn prompt(lab: Lab) {
    lab.up("physical-async", &["--no-verify"]).await;
    let open = format!("lab psql {} replica", lab.name);
    let seen = prompted(&open).await;
    says(&seen, &["replica (standby) shopping=# "]);
    lab.run("promote", &["replica"]).await.document(0);
    let seen = prompted(&open).await;
    says(&seen, &["replica (primary) shopping=# "]);
}

async fn fits(lab: Lab) {
    lab.up("physical-sync", &["--no-verify"]).await;
    let name = &lab.name;
    let (green, plain) = ("\x1b[32mpass\x1b[0m", "\x1b[");
    for verb in ["status", "monitor", "verify", "show"] {
        let command = format!("lab {verb} {name}");
        let narrow = shown(80, &command).await;
        let colourless = shown(80, &format!("NO_COLOR=1 {command}")).await;
        assert!(!colourless.contains(plain), "{colourless:?}");
        if verb == "verify" {
            says(&narrow, &[green, "OUTCOME  CHECK"]);
        }
        assert!(
            verb != "monitor" || colourless.contains("STATE"),
            "{colourless}"
        );
        for line in colourless.lines() {
            let is_table = verb != "show" && !line.starts_with("hint: ");
            assert!(
                !is_table || line.trim_end().chars().count() <= 80,
                "{colourless}"
            );
        }
        let wide = shown(200, &format!("NO_COLOR=1 {command}")).await;
        assert!(!wide.contains("left out:"), "{verb}: {wide}");
        let piped = shown(80, &format!("{command} | cat")).await;
        assert!(
            !piped.contains(plain) && !piped.contains("left out:"),
            "{piped:?}"
        );
    }
    let forced = shown(80, &format!("CLICOLOR_FORCE=1 lab verify {name} | cat")).await;
    says(&forced, &[green]);
    let list = shown(80, "NO_COLOR=1 lab list").await;
    let widest = list
        .lines()
        .map(|line| line.trim_end().chars().count())
        .max();
    assert!(widest.is_some_and(|widest| widest <= 80), "{list}");
}
