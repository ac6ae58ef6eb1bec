//! A lab's name that is left out, while one lab exists: a proxy before Docker shows this test's own lab alone.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use replication_lab::engine::{ContainerSpec, LAB_LABEL, Labels, Limits, Selector};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::Command;

use crate::binary::{self, Ran};
use crate::lab::{Lab, trial};
use crate::runs::says;

const SOCKET: &str = "/var/run/docker.sock";

pub fn trials() -> Vec<Trial> {
    vec![
        trial("only::the_only_lab_is_meant_or_nothing_is", "only", only),
        trial("only::a_lab_that_exists_is_not_overridden", "shown", shown),
        trial(
            "only::what_cannot_be_removed_is_in_the_document",
            "stuck",
            stuck,
        ),
    ]
}

/// A socket at which Docker has the labs of one name alone.
fn alone(folder: &Path, lab: &str) -> String {
    let path: PathBuf = folder.join("docker.sock");
    let listener = UnixListener::bind(&path).expect("a socket");
    let any = format!("{LAB_LABEL}%22").into_bytes();
    let own = format!("{LAB_LABEL}%3D{lab}%22").into_bytes();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let docker = UnixStream::connect(SOCKET).await.expect("Docker");
            let (mut asked, mut answer) = client.into_split();
            let (mut answered, mut ask) = docker.into_split();
            let (any, own) = (any.clone(), own.clone());
            tokio::spawn(async move {
                let mut buffer = vec![0; 65536];
                while let Ok(count @ 1..) = asked.read(&mut buffer).await {
                    let sent = narrowed(&buffer[..count], &any, &own);
                    if ask.write_all(&sent).await.is_err() {
                        break;
                    }
                }
            });
            tokio::spawn(async move { tokio::io::copy(&mut answered, &mut answer).await });
        }
    });
    format!("unix://{}", path.display())
}

fn narrowed(request: &[u8], any: &[u8], own: &[u8]) -> Vec<u8> {
    let at = request.windows(any.len()).position(|part| part == any);
    at.map_or_else(
        || request.to_vec(),
        |at| [&request[..at], own, &request[at + any.len()..]].concat(),
    )
}

async fn told(host: &str, program: &str, arguments: &[&str]) -> Ran {
    let mut command = Command::new(program);
    command.args(arguments).env("DOCKER_HOST", host);
    command
        .env_remove("LAB_POSTGRES")
        .env_remove("LAB_HOST_AUTH");
    let output = command.output().await.expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran {
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

async fn only(lab: Lab) {
    lab.up("physical-async", &["--no-verify"]).await;
    let folder = tempfile::tempdir().expect("a folder");
    let host = alone(folder.path(), &lab.name);
    let ask = async |arguments: &[&str]| told(&host, env!("CARGO_BIN_EXE_lab"), arguments).await;
    let name = lab.name.as_str();
    let guessed = format!("the lab is `{name}`, the only one");

    let opened = ask(&[
        "psql",
        "replica",
        "--",
        "-Atc",
        "SELECT pg_is_in_recovery()",
    ])
    .await;
    assert_eq!(
        (opened.code, opened.stdout.trim()),
        (Some(0), "t"),
        "{opened:?}"
    );
    says(&opened.stderr, &[&guessed]);
    for arguments in [
        &["psql", ""][..],
        &["psql", "", "replica"],
        &["stop", ""],
        &["stop", name],
        &["down", ""],
    ] {
        let refused = ask(arguments).await;
        assert_eq!(refused.code, Some(2), "{arguments:?}: {refused:?}");
        assert!(
            !refused.stderr.contains(&guessed),
            "{arguments:?}: {refused:?}"
        );
    }
    // A script that forgot the name removes nothing.
    let there = lab.left().await.len();
    let refused = ask(&["down"]).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let hint = format!("hint: name it: `lab down {name}`");
    says(&refused.stderr, &["on a terminal alone", &hint]);
    let refused = ask(&["down", "-qo", "json"]).await.document(2);
    assert_eq!(
        refused["error"]["hint"],
        hint["hint: ".len()..],
        "{refused:#}"
    );
    assert_eq!(lab.left().await.len(), there);
    let down = format!("{} down", env!("CARGO_BIN_EXE_lab"));
    let gone = told(&host, "script", &["-qec", &down, "/dev/null"]).await;
    assert_eq!(gone.code, Some(0), "{gone:?}");
    says(&gone.stdout, &[&guessed, "removed: 2 containers"]);
    assert_eq!(lab.left().await, <[String; 0]>::default());
}

async fn shown(lab: Lab) {
    lab.up("physical-async", &["--no-verify"]).await;
    let name = lab.name.as_str();
    for verb in ["show", "plan"] {
        let shown = binary::lab(&[verb, name]).await;
        assert_eq!(shown.code, Some(0), "{shown:?}");
        for change in ["--set=postgres=15", "--postgres=15", "--host-auth=password"] {
            let refused = binary::lab(&[verb, name, change]).await;
            assert_eq!(refused.code, Some(2), "{verb} {change}: {refused:?}");
            let words = [
                "nothing of it can be overridden",
                "scenario `physical-async`",
            ];
            says(&refused.stderr, &words);
        }
    }
    let refused = binary::lab(&["plan", name, "--name", "other"]).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
}

/// A container of somebody else is on the lab's network.
async fn stuck(lab: Lab) {
    lab.up("physical-async", &["--no-verify"]).await;
    let of_lab = Selector::LabelValue(LAB_LABEL.to_owned(), lab.name.clone());
    let networks = lab.engine.networks(Some(&of_lab)).await.expect("a list");
    let containers = lab.engine.containers(&of_lab).await.expect("a list");
    let guest = ContainerSpec {
        name: format!("{}-guest", lab.name),
        hostname: "guest".to_owned(),
        image: containers[0].image.clone(),
        user: "postgres".to_owned(),
        command: ["sleep", "600"].map(str::to_owned).into(),
        env: Vec::new(),
        network: Some(networks[0].name.clone()),
        address: None,
        publish: None,
        mounts: Vec::new(),
        limits: Limits::default(),
        shm_bytes: 0,
        labels: Labels::new(),
        stdin: false,
        power: None,
    };
    let id = lab.engine.create_container(&guest).await.expect("a guest");
    lab.engine.start_container(&id).await.expect("it starts");
    let down = lab.run("down", &[]).await;
    lab.engine.remove_container(&id).await.expect("a removal");
    let document = down.document(3);
    let error = &document[&lab.name]["error"];
    says(
        &error["because"].to_string(),
        &["the container `", "-guest` is on it"],
    );
    assert_ne!(error["hint"], Value::Null, "{document:#}");
    says(&down.stderr, &["error: "]);
    let document = lab.run("down", &[]).await.document(0);
    let networks = document[&lab.name]["networks"].as_array();
    assert_eq!(networks.map(Vec::len), Some(1), "{document:#}");
}
