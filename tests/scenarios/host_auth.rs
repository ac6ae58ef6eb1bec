//! Labs whose servers ask the host for a password: who gets in, who does not, and what becomes of the file.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use tokio::process::Command;

use crate::binary::Ran;
use crate::lab::{Lab, trial};

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "the_host_needs_a_password",
        "hostpw",
        |lab| async move {
            asked(&lab).await;
        },
    )]
}

/// The program with a state folder of its own.
async fn told(home: &Path, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.args(arguments).env("XDG_STATE_HOME", home);
    let output = command.output().await.expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran {
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

fn files(home: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(home.join("lab")).expect("the folder");
    files.map(|file| file.expect("a file").path()).collect()
}

async fn asked(lab: &Lab) {
    let home = tempfile::tempdir().expect("a folder");
    let home = home.path();
    let name = lab.name.as_str();
    let up = [
        "up",
        "physical-async",
        "--name",
        name,
        "--host-auth=password",
    ];
    let up = told(home, &[&up[..], &["--output=json", "-vv"]].concat()).await;
    let report = up.document(0);
    let [file] = files(home).try_into().expect("one file");
    let mode = |path: &Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&home.join("lab")), mode(&file)), (0o700, 0o600));
    let text = std::fs::read_to_string(&file).expect("text");
    let line = text.lines().find(|line| !line.starts_with('#'));
    let password = line
        .and_then(|line| line.split(':').nth(4))
        .expect("a password");
    assert_eq!(report["nodes"][0]["passfile"], file.display().to_string());

    // It is nowhere where Docker or the program shows it.
    for object in crate::passwords::inspect(lab).await {
        assert!(!object.to_string().contains(password), "{object:#}");
    }
    let logs = told(home, &["logs", name, "--raw"]).await;
    for ran in [&up, &logs] {
        assert!(!format!("{ran:?}").contains(password), "{ran:?}");
    }
    assert!(!logs.stdout.contains("SCRAM-SHA-256$"), "{logs:?}");

    // Nobody gets in without it.
    let port = report["nodes"][0]["port"].as_u64().expect("a port");
    let wrong = format!("host=127.0.0.1 port={port} user=postgres password=wrong");
    let refused = tokio_postgres::connect(&wrong, tokio_postgres::NoTls).await;
    let code = refused.err().and_then(|error| error.code().cloned());
    assert_eq!(
        code,
        Some(tokio_postgres::error::SqlState::INVALID_PASSWORD)
    );
    let right = format!("host=127.0.0.1 port={port} user=postgres password={password}");
    let entered = tokio_postgres::connect(&right, tokio_postgres::NoTls).await;
    assert!(entered.is_ok());

    // `lab` has it, in any process, also after a failover and with other ports.
    told(home, &["verify", name, "--output=json"])
        .await
        .document(0);
    let psql = told(home, &["psql", name, "--", "-Atc", "SELECT 6 * 7"]).await;
    assert_eq!((psql.code, psql.stdout.as_str()), (Some(0), "42\n"));
    for arguments in [
        &["stop", name, "primary"][..],
        &["promote", name, "replica"],
        &["reclone", name, "primary", "replica"],
        &["verify", name],
    ] {
        let ran = told(home, arguments).await;
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
    }
    let env = told(home, &["env", name]).await;
    assert!(!env.stdout.contains(password), "{env:?}");
    let passfile = format!("export PGPASSFILE='{}'", file.display());
    assert!(env.stdout.starts_with(&passfile), "{env:?}");
    let port = env
        .stdout
        .split("PGPORT=")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    let line = format!("127.0.0.1:{}:*:postgres:{password}", port.expect("a port"));
    let text = std::fs::read_to_string(&file).expect("text");
    assert!(text.lines().any(|it| it == line), "{line}: {text}");

    // Who has no file is told so, and can still remove the lab.
    let other = tempfile::tempdir().expect("a folder");
    let verify = told(other.path(), &["verify", name]).await;
    assert_eq!(verify.code, Some(3), "{verify:?}");
    assert!(
        verify
            .stderr
            .contains("does not exist: another user made the lab")
    );
    assert!(
        verify
            .stderr
            .contains("hint: run it as the user who made the lab")
    );
    let down = told(home, &["down", name]).await;
    assert_eq!(down.code, Some(0), "{down:?}");
    assert_eq!(files(home), <[PathBuf; 0]>::default());

    let up = [
        "up",
        "physical-async",
        "--name",
        name,
        "--host-auth=password",
        "--no-verify",
    ];
    assert_eq!(told(home, &up).await.code, Some(0));
    let [file] = files(home).try_into().expect("one file");
    std::fs::remove_file(file).expect("removed");
    assert_eq!(told(home, &["down", name]).await.code, Some(0));
    assert_eq!(lab.left().await, <[String; 0]>::default());
    outlived(lab, &up).await;
}

/// The file while a container is missing, and when the lab has gone without it.
async fn outlived(lab: &Lab, up: &[&str]) {
    let home = tempfile::tempdir().expect("a folder");
    let home = home.path();
    assert_eq!(told(home, up).await.code, Some(0));
    let [file] = files(home).try_into().expect("one file");
    let read = || std::fs::read_to_string(&file).expect("text");
    let text = read();
    let replica = lab.container("replica");
    let removed = lab.engine.remove_container(&replica).await;
    removed.expect("removed");
    told(home, &["status", &lab.name]).await;
    assert_eq!(read(), text, "its ports of before");

    // That of a lab of another engine looks like one whose lab is gone.
    let other = home.join("lab/gone.0123.pgpass");
    std::fs::write(&other, text.replace("# engine ", "# engine X")).expect("written");
    told(home, &["gc"]).await;
    assert_eq!(files(home).len(), 2, "the lab is there");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let down = told(elsewhere.path(), &["down", &lab.name]).await;
    assert_eq!(down.code, Some(0), "{down:?}");
    assert_eq!(files(home).len(), 2, "nobody removed it");
    let gc = told(home, &["gc", "--output=json"]).await;
    let gc = gc.document_of_any_code();
    let removed = &gc[&lab.name]["passfiles"][0];
    assert_eq!(*removed, file.display().to_string(), "{gc:#}");
    assert_eq!(files(home), [other]);
}
