//! Containers can do as little as they need, and the password is where nobody looks.

use std::time::{SystemTime, UNIX_EPOCH};

use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::TryStreamExt as _;
use libtest_mimic::Trial;
use replication_lab::engine::{LAB_LABEL, Selector};
use replication_lab::scenario::catalog;
use serde::Serialize;

use crate::binary;
use crate::lab::{Lab, trial};

/// The replication user's, in the scenario.
const PASSWORD: &str = "replica123";

pub fn trials() -> Vec<Trial> {
    vec![
        trial("containers_can_do_little", "little", |lab| async move {
            lab.up("physical-sync", &["--no-verify"]).await;
            for node in ["primary", "replica"] {
                can_do_little(&inspected(&lab, node).await);
            }
        }),
        trial("no_node_can_write_into_the_template", "template", template),
        trial(
            "the_password_is_told_to_nobody",
            "secret",
            |lab| async move {
                let scenario = catalog::find("physical-sync").expect("the lab").text;
                assert!(scenario.contains(PASSWORD));
                for (place, text) in places(&lab).await {
                    assert!(!text.is_empty(), "{place} is empty");
                    assert!(!text.contains(PASSWORD), "{place} has the password: {text}");
                }
            },
        ),
    ]
}

/// The directory that all labs copy: what one could write there, the next lab would run.
async fn template(lab: Lab) {
    lab.up("physical-sync", &["--no-verify"]).await;
    for (node, has) in [("primary", true), ("replica", false)] {
        let container = lab.container(node);
        let script = "test -d /lab/template || exit 9; ls /lab/template; rm -f /lab/template/*; echo x >/lab/template/x";
        let command = ["sh", "-c", script].map(str::to_owned);
        let ran = lab.engine.exec(&container, &command, b"").await;
        let ran = ran.expect("a program");
        if !has {
            assert_eq!(ran.code, 9, "{node} has the template");
            continue;
        }
        let listed = String::from_utf8_lossy(&ran.stdout).into_owned();
        let refused = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(listed.contains("pgdata-1.tar"), "{listed}");
        assert_ne!(ran.code, 0, "{node} wrote into the template");
        assert!(refused.contains("Read-only file system"), "{refused}");
        let mounts = inspected(&lab, node).await.mounts.expect("mounts");
        let mut found = mounts.iter();
        let found = found.find(|it| it.destination.as_deref() == Some("/lab/template"));
        assert_eq!(found.expect("its mount").rw, Some(false));
    }
}

async fn inspected(lab: &Lab, node: &str) -> ContainerInspectResponse {
    let container = lab.container(node);
    let found = lab.docker.inspect_container(&container, None).await;
    found.expect("the container")
}

fn can_do_little(container: &ContainerInspectResponse) {
    let config = container.config.as_ref().expect("a configuration");
    let user = config.user.as_deref().unwrap_or_default();
    assert!(!["", "0", "root"].contains(&user), "user `{user}`");

    let host = container.host_config.as_ref().expect("a configuration");
    assert_eq!(host.privileged, Some(false));
    assert_eq!(host.cap_drop.as_deref(), Some(&["ALL".to_owned()][..]));
    assert_eq!(
        host.cap_add.as_deref().unwrap_or_default(),
        <[String; 0]>::default()
    );
    let options = host.security_opt.as_deref().unwrap_or_default();
    let fixed = |option: &String| option.starts_with("no-new-privileges");
    assert!(options.iter().any(fixed), "{options:?}");

    let network = container.network_settings.as_ref().expect("settings");
    let ports = network.ports.as_ref().expect("ports");
    let bound: Vec<_> = ports.values().flatten().flatten().collect();
    assert!(!bound.is_empty());
    for binding in bound {
        assert_eq!(binding.host_ip.as_deref(), Some("127.0.0.1"));
    }
}

/// Every place where somebody could come across the password, with what is there.
async fn places(lab: &Lab) -> Vec<(String, String)> {
    let began = seconds();
    let arguments = ["up", "physical-sync", "--name", &lab.name, "-vvv"];
    let up = binary::lab(&arguments).await;
    assert_eq!(up.code, Some(0), "{}", up.stderr);
    let mut places = vec![
        ("what `up` says".to_owned(), up.stderr),
        ("what `up` prints".to_owned(), up.stdout),
        (
            "Docker's events".to_owned(),
            events(lab, began, seconds() + 1).await,
        ),
    ];
    let mine = Selector::LabelValue(LAB_LABEL.to_owned(), lab.name.clone());
    for network in lab.engine.networks(Some(&mine)).await.expect("a list") {
        let found = lab.docker.inspect_network(&network.name, None).await;
        places.push((network.name, json(&found.expect("the network"))));
    }
    for volume in lab.engine.volumes(&mine).await.expect("a list") {
        let found = lab.docker.inspect_volume(&volume.name).await;
        places.push((volume.name, json(&found.expect("the volume"))));
    }
    for node in ["primary", "replica"] {
        let container = lab.container(node);
        places.push((
            format!("the container {node}"),
            json(&inspected(lab, node).await),
        ));
        let log = lab.engine.logs(&container, None).await.expect("its log");
        places.push((format!("the log of {node}"), log));
        let processes = "cat /proc/[0-9]*/cmdline | tr '\\0' ' '";
        let command = ["sh", "-c", processes].map(str::to_owned);
        let listed = lab
            .engine
            .exec(&container, &command, b"")
            .await
            .expect("a list");
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        assert!(listed.contains("postgres"), "{listed}");
        places.push((format!("the processes of {node}"), listed));
    }
    places
}

/// What Docker told of the lab's containers from one second until another, which may be to come.
async fn events(lab: &Lab, since: u64, until: u64) -> String {
    let filters = [(
        "label".to_owned(),
        vec![format!("{LAB_LABEL}={}", lab.name)],
    )]
    .into();
    let options = EventsOptionsBuilder::default()
        .since(&since.to_string())
        .until(&until.to_string())
        .filters(&filters)
        .build();
    let events: Vec<_> = lab
        .docker
        .events(Some(options))
        .try_collect()
        .await
        .expect("events");
    assert!(!events.is_empty(), "Docker told of nothing");
    json(&events)
}

fn seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("a time after 1970").as_secs()
}

fn json(found: &impl Serialize) -> String {
    serde_json::to_string(found).expect("JSON")
}
