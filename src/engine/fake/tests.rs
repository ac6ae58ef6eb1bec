//! The fake keeps Docker's rules and follows its script.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::time::Instant;

use super::*;
use crate::engine::{ContainerState, Labels, Limits, Mount, NetworkSpec, Selector, Volume};

fn network(name: &str, subnet: Option<&str>) -> NetworkSpec {
    NetworkSpec {
        name: name.to_owned(),
        subnet: subnet.map(str::to_owned),
        labels: Labels::new(),
    }
}

fn container(name: &str) -> ContainerSpec {
    ContainerSpec {
        name: name.to_owned(),
        hostname: name.to_owned(),
        image: "postgres:17".to_owned(),
        user: "postgres".to_owned(),
        command: vec!["postgres".to_owned()],
        env: Vec::new(),
        network: Some("lab-a".to_owned()),
        address: None,
        publish: Some(crate::engine::Publish::anywhere(5432)),
        mounts: vec![Mount {
            volume: format!("{name}-data"),
            target: "/data".to_owned(),
            read_only: false,
            labels: labelled("made", "with the container"),
        }],
        limits: Limits::default(),
        shm_bytes: 0,
        labels: Labels::new(),
        stdin: true,
        power: None,
    }
}

fn labelled(key: &str, value: &str) -> Labels {
    Labels::from([(key.to_owned(), value.to_owned())])
}

/// An engine with an image and a network.
async fn engine() -> Fake {
    let fake = Fake::new();
    fake.add_image("postgres:17");
    fake.create_network(&network("lab-a", None))
        .await
        .expect("a network");
    fake
}

async fn started(fake: &Fake, name: &str) -> Container {
    let id = fake
        .create_container(&container(name))
        .await
        .expect("a container");
    fake.start_container(&id).await.expect("a start");
    let found = fake.find_container(&id).await.expect("an answer");
    found.expect("the container")
}

fn kind<T: std::fmt::Debug>(answer: Result<T, EngineError>) -> EngineErrorKind {
    answer.expect_err("a refusal").kind
}

#[tokio::test]
async fn a_network_gets_free_addresses() {
    let fake = engine().await;
    let second = fake.create_network(&network("lab-b", None)).await;
    let second = second.expect("a network");
    assert_eq!(second.subnet.as_deref(), Some("172.19.0.0/16"));
    assert_eq!(second.gateway, Some([172, 19, 0, 1].into()));
    let overlapping = network("lab-c", Some("172.19.128.0/20"));
    let refused = fake.create_network(&overlapping).await;
    assert_eq!(kind(refused), EngineErrorKind::AddressOverlap);
    let same_name = fake.create_network(&network("lab-b", None)).await;
    assert_eq!(kind(same_name), EngineErrorKind::Conflict);
}

#[tokio::test]
async fn the_pools_end_after_thirty_networks() {
    let fake = Fake::new();
    for number in 0..30 {
        let name = format!("lab-{number}");
        let made = fake.create_network(&network(&name, None)).await;
        made.expect("a network");
    }
    let refused = fake.create_network(&network("lab-30", None)).await;
    assert_eq!(kind(refused), EngineErrorKind::AddressesExhausted);
}

#[tokio::test]
async fn a_volume_that_exists_keeps_its_labels() {
    let fake = Fake::new();
    let volume = |owner: &str| Volume {
        name: "lab-a".to_owned(),
        labels: labelled("owner", owner),
    };
    let first = fake.create_volume(&volume("one")).await;
    let second = fake.create_volume(&volume("two")).await;
    assert_eq!(first.expect("a volume"), volume("one"));
    assert_eq!(second.expect("the first one's volume"), volume("one"));
}

#[tokio::test]
async fn a_volume_created_by_a_mount_gets_the_mount_s_labels() {
    let fake = engine().await;
    let there = Volume {
        name: "lab-a-two-data".to_owned(),
        labels: labelled("made", "before"),
    };
    fake.create_volume(&there).await.expect("a volume");
    for name in ["lab-a-one", "lab-a-two"] {
        let made = fake.create_container(&container(name)).await;
        made.expect("a container");
    }
    let which = Selector::Label("made".to_owned());
    let volumes = fake.volumes(&which).await.expect("a list");
    let said: Vec<_> = volumes
        .iter()
        .map(|volume| volume.labels["made"].as_str())
        .collect();
    assert_eq!(said, ["before", "with the container"]);
}

#[tokio::test]
async fn an_object_in_use_cannot_be_removed() {
    let fake = engine().await;
    let primary = started(&fake, "lab-a-primary").await;
    let refused = fake.remove_network("lab-a").await;
    assert_eq!(kind(refused), EngineErrorKind::Conflict);
    let refused = fake.remove_volume("lab-a-primary-data").await;
    assert_eq!(kind(refused), EngineErrorKind::Conflict);
    let refused = fake.remove_image("postgres:17").await;
    assert_eq!(kind(refused), EngineErrorKind::Conflict);

    // A container that has stopped still holds its volume and no longer its address.
    fake.exit("lab-a-primary", 1);
    let refused = fake.remove_volume("lab-a-primary-data").await;
    assert_eq!(kind(refused), EngineErrorKind::Conflict);
    fake.remove_network("lab-a").await.expect("no endpoints");

    fake.remove_container(&primary.id).await.expect("a removal");
    fake.remove_volume("lab-a-primary-data")
        .await
        .expect("nobody uses it");
    assert!(fake.objects().is_empty(), "{:?}", fake.objects());
}

#[tokio::test]
async fn removing_a_missing_object_succeeds() {
    let fake = Fake::new();
    fake.remove_container("x").await.expect("no container");
    fake.remove_network("x").await.expect("no network");
    fake.remove_volume("x").await.expect("no volume");
    fake.remove_image("x").await.expect("no image");
}

#[tokio::test]
async fn a_container_holds_its_address_and_port_only_while_it_runs() {
    let fake = engine().await;
    let created = fake.create_container(&container("lab-a-one")).await;
    let created = created.expect("a container");
    let before = fake.find_container(&created).await.expect("an answer");
    assert_eq!(before.and_then(|found| found.address), None);
    fake.start_container(&created).await.expect("a start");
    let one = fake.find_container("lab-a-one").await.expect("an answer");
    let one = one.expect("the container");
    assert_eq!(one.address, Some([172, 18, 0, 2].into()));
    assert!(one.port.is_some());

    fake.exit("lab-a-one", 0);
    let two = started(&fake, "lab-a-two").await;
    assert_eq!(two.address, one.address, "a freed address is given on");
}

#[tokio::test]
async fn two_containers_cannot_have_one_name() {
    let fake = engine().await;
    started(&fake, "lab-a-primary").await;
    let refused = fake.create_container(&container("lab-a-primary")).await;
    assert_eq!(kind(refused), EngineErrorKind::Conflict);
}

#[tokio::test]
async fn a_container_needs_its_image_and_its_network() {
    let fake = Fake::new();
    let refused = fake.create_container(&container("lab-a-primary")).await;
    assert_eq!(kind(refused), EngineErrorKind::NotFound);
    fake.add_image("postgres:17");
    let made = fake.create_container(&container("lab-a-primary")).await;
    let refused = fake.start_container(&made.expect("a container")).await;
    assert_eq!(kind(refused), EngineErrorKind::NotFound);
}

#[tokio::test]
async fn only_a_running_container_can_be_paused_and_only_a_paused_one_thawed() {
    let fake = engine().await;
    let primary = started(&fake, "lab-a-primary").await;
    let refused = fake.unpause_container(&primary.id).await;
    assert_eq!(kind(refused), EngineErrorKind::Conflict);
    fake.pause_container(&primary.id).await.expect("a pause");
    let refused = fake.pause_container(&primary.id).await;
    assert_eq!(kind(refused), EngineErrorKind::Conflict);
    let refused = fake.exec(&primary.id, &["true".to_owned()], b"").await;
    assert_eq!(kind(refused), EngineErrorKind::Conflict);
    let found = fake.find_container(&primary.id).await.expect("an answer");
    let state = found.map(|found| found.state);
    assert_eq!(state, Some(ContainerState::Paused));
    fake.unpause_container(&primary.id).await.expect("a thaw");
}

#[tokio::test]
async fn a_main_process_reads_what_an_attached_client_writes() {
    let fake = engine().await;
    fake.on_start(|mut process| async move {
        let mut line = String::new();
        let mut input = BufReader::new(&mut process.input);
        input.read_line(&mut line).await.expect("a line");
        process.say(format!("got {line}"));
        7
    });
    let made = fake.create_container(&container("lab-a-primary")).await;
    let id = made.expect("a container");
    let mut attached = fake.attach(&id).await.expect("a line of talk");
    fake.start_container(&id).await.expect("a start");
    let written = attached.input.write_all(b"hello\n").await;
    written.expect("a listener");
    let said: Vec<_> = attached.output.by_ref().collect().await;
    let said: Vec<u8> = said.into_iter().flatten().flatten().collect();
    assert_eq!(String::from_utf8_lossy(&said), "got hello\n");
    let found = fake.find_container(&id).await.expect("an answer");
    let found = found.expect("the container");
    assert_eq!(
        (found.state, found.exit_code),
        (ContainerState::Exited, Some(7))
    );
    assert_eq!(fake.logs(&id, Some(1)).await.expect("a log"), "got hello\n");
}

#[tokio::test]
async fn a_queued_answer_precedes_the_closure_s() {
    let fake = engine().await;
    started(&fake, "lab-a-primary").await;
    let says = |words: &[u8]| ExecOutput {
        code: 0,
        stdout: words.to_vec(),
        stderr: Vec::new(),
    };
    fake.on_exec(move |_, _, input| says(input));
    fake.answer_exec("lab-a-primary", says(b"queued"));
    let cat = ["cat".to_owned()];
    for expected in ["queued", "input"] {
        let ran = fake.exec("lab-a-primary", &cat, b"input").await;
        assert_eq!(ran.expect("a run").stdout, expected.as_bytes());
    }
}

#[tokio::test]
async fn a_failure_can_be_scripted_for_one_call_of_many() {
    let fake = engine().await;
    fake.fail_nth("start_container", 2, EngineErrorKind::NoSpace, "full");
    started(&fake, "lab-a-one").await;
    let two = fake.create_container(&container("lab-a-two")).await;
    let two = two.expect("a container");
    let error = fake.start_container(&two).await.expect_err("the second");
    assert_eq!(error.kind, EngineErrorKind::NoSpace);
    assert_eq!(error.to_string(), "starting the container `lab-a-two`");
    assert_eq!(error.source.to_string(), "full");
    let found = fake.find_container(&two).await.expect("an answer");
    let state = found.map(|found| found.state);
    assert_eq!(state, Some(ContainerState::Created), "it had no effect");
    fake.start_container(&two).await.expect("the third");
}

#[tokio::test]
async fn the_journal_names_objects_and_hooks_run_at_their_calls() {
    let fake = engine().await;
    let starts = Arc::new(AtomicUsize::new(0));
    fake.on("start_container lab-a-one", {
        let starts = Arc::clone(&starts);
        move || {
            starts.fetch_add(1, Ordering::SeqCst);
        }
    });
    started(&fake, "lab-a-one").await;
    started(&fake, "lab-a-one-more").await;
    assert_eq!(starts.load(Ordering::SeqCst), 1);
    let journal = fake.journal();
    assert_eq!(
        journal[..4],
        [
            "create_network lab-a",
            "create_container lab-a-one",
            "start_container lab-a-one",
            "find_container lab-a-one",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_delayed_call_that_is_dropped_has_no_effect() {
    let fake = engine().await;
    fake.delay("create_volume", Duration::from_secs(5));
    let volume = Volume {
        name: "lab-a".to_owned(),
        labels: Labels::new(),
    };
    let began = Instant::now();
    let limit = Duration::from_secs(1);
    let cut = tokio::time::timeout(limit, fake.create_volume(&volume)).await;
    assert!(cut.is_err());
    assert_eq!(fake.objects(), ["network lab-a"]);
    fake.create_volume(&volume).await.expect("a volume");
    assert_eq!(began.elapsed(), Duration::from_secs(6));
}

#[tokio::test]
async fn images_come_from_the_registry_or_from_a_tar() {
    let fake = Fake::new();
    let refused = fake.pull_image("postgres:17", &|_| {}).await;
    assert_eq!(kind(refused), EngineErrorKind::Registry);
    fake.publish_image("postgres:17");
    let seen = AtomicUsize::new(0);
    fake.pull_image("postgres:17", &|_| {
        seen.fetch_add(1, Ordering::SeqCst);
    })
    .await
    .expect("an image");
    assert!(seen.load(Ordering::SeqCst) > 0);

    let changes = ["LABEL made=here".to_owned(), "ENV A=b".to_owned()];
    let tar: &[u8] = b"not really a tar";
    let imported = fake.import_image("mine:1", &changes, Box::new(tar)).await;
    imported.expect("an image");
    let found = fake.find_image("mine:1").await.expect("an answer");
    let found = found.expect("the image");
    assert_eq!(found.labels, labelled("made", "here"));
    assert_eq!((found.env, found.bytes), (vec!["A=b".to_owned()], 16));
    let which = Selector::Label("made".to_owned());
    let listed = fake.images(&which).await.expect("a list");
    assert_eq!(listed.len(), 1);
}
