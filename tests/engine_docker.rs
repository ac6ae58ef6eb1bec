//! The engine's promises, on a real Docker.

#[path = "engine_docker/addresses.rs"]
mod addresses;
#[path = "engine_docker/images.rs"]
mod images;
#[path = "support/ready.rs"]
mod ready;
#[path = "support/docker.rs"]
mod support;

use std::time::Duration;

use futures_util::StreamExt;
use libtest_mimic::Trial;
use replication_lab::engine::{
    Attached, Container, ContainerState, EngineError, EngineErrorKind, Mount, NetworkSpec, Publish,
    Volume,
};
use replication_lab::wait::{Probe, wait_for};
use support::{Bench, trial};
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

fn main() {
    let arguments = ready::arguments();
    let trials = vec![
        trial("a_container_s_life", life),
        trial("a_container_is_unprivileged", unprivileged),
        trial("a_volume_takes_the_image_s_owner", ownership),
        trial("a_volume_made_with_its_container_has_its_labels", implied),
        trial("a_network_tells_its_addresses", told),
        trial("a_client_that_leaves_disturbs_nothing", leaving),
        trial("programs_take_input_and_give_both_outputs", programs),
        trial("a_file_is_read_whatever_its_container_does", files),
        trial("errors_say_what_they_are", kinds),
        trial("networks_that_overlap_are_refused", overlap),
        trial("a_network_s_name_is_free_once", namesakes),
        trial("a_volume_belongs_to_whoever_came_first", first_come),
        trial("a_paused_container_can_be_removed", removal),
        trial("removing_twice_at_once_is_no_error", removal_race),
        trial("an_image_is_imported_from_a_stream", images::import),
        trial("a_pull_without_a_registry_blames_it", images::pull),
        Trial::test("a_docker_that_is_not_there_is_told_at_once", || {
            ready::runtime().block_on(addresses::nobody());
            Ok(())
        }),
        Trial::test("an_address_that_is_none_is_named", || {
            ready::runtime().block_on(addresses::no_address());
            Ok(())
        }),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

fn kind<T: std::fmt::Debug>(answer: Result<T, EngineError>) -> EngineErrorKind {
    answer.expect_err("a refusal").kind
}

/// Everything that is said until `words` are among it, or nothing more comes.
async fn heard(attached: &mut Attached, words: &str) -> String {
    let mut all = String::new();
    while !all.contains(words) {
        match attached.output.next().await {
            Some(chunk) => all.push_str(&String::from_utf8_lossy(&chunk.expect("a chunk"))),
            None => break,
        }
    }
    all
}

async fn found(bench: &Bench, id: &str) -> Container {
    let found = bench.docker.find_container(id).await.expect("an answer");
    found.expect("the container")
}

async fn until(bench: &Bench, id: &str, state: ContainerState) -> Container {
    let never = CancellationToken::new();
    let look = || async {
        let container = found(bench, id).await;
        Ok::<_, EngineError>(if container.state == state {
            Probe::Ready(container)
        } else {
            Probe::NotYet(format!("{container:?}"))
        })
    };
    let waited = wait_for(Duration::from_secs(60), &never, look).await;
    waited.expect("the state that was waited for")
}

async fn life(bench: Bench) {
    let docker = &bench.docker;
    let network = docker.create_network(&bench.network("net")).await;
    let network = network.expect("a network");
    let mut spec = bench.container("node", "read x; echo got $x; read y; echo bye >&2; exit 7");
    spec.network = Some(network.name.clone());
    spec.publish = Some(Publish::anywhere(5432));
    let id = docker.create_container(&spec).await.expect("a container");
    assert_eq!(found(&bench, &id).await.state, ContainerState::Created);

    let mut attached = docker.attach(&id).await.expect("a line of talk");
    docker.start_container(&id).await.expect("a start");
    attached
        .input
        .write_all(b"hello\n")
        .await
        .expect("a reader");
    assert_eq!(heard(&mut attached, "\n").await, "got hello\n");

    let running = found(&bench, &id).await;
    assert_eq!(running.state, ContainerState::Running);
    assert_eq!((&running.name, &running.image), (&spec.name, &spec.image));
    assert!(bench.everything().matches(&running.labels), "{running:?}");
    assert!(
        running.address.is_some() && running.port.is_some(),
        "{running:?}"
    );
    let listed = docker.containers(&bench.everything()).await;
    assert_eq!(listed.expect("a list"), [running]);

    docker.pause_container(&id).await.expect("a pause");
    assert_eq!(found(&bench, &id).await.state, ContainerState::Paused);
    docker.unpause_container(&id).await.expect("a thaw");

    attached.input.write_all(b"on\n").await.expect("a reader");
    assert_eq!(heard(&mut attached, "\n").await, "bye\n");
    let ended = until(&bench, &id, ContainerState::Exited).await;
    assert_eq!(ended.exit_code, Some(7));
    assert_eq!((ended.address, ended.port), (None, None));
    let listed = docker.containers(&bench.everything()).await;
    assert_eq!(listed.expect("a list"), [ended]);
    let log = docker.logs(&id, None).await.expect("a log");
    assert_eq!(log, "got hello\nbye\n");
    let tail = docker.logs(&id, Some(1)).await.expect("a log");
    assert_eq!(tail, "bye\n");

    docker.remove_container(&id).await.expect("a removal");
    assert_eq!(docker.find_container(&id).await.expect("an answer"), None);
    docker.remove_network(&network.id).await.expect("a removal");
    docker
        .remove_network(&network.id)
        .await
        .expect("none there");
}

async fn unprivileged(bench: Bench) {
    let spec = bench.container(
        "node",
        "id -un; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status; exec cat",
    );
    let id = bench.docker.create_container(&spec).await;
    let id = id.expect("a container");
    let mut attached = bench.docker.attach(&id).await.expect("a line of talk");
    bench.docker.start_container(&id).await.expect("a start");
    let said = heard(&mut attached, "NoNewPrivs:\t1").await;
    let lines: Vec<_> = said.lines().collect();
    let none = "0000000000000000";
    assert_eq!(lines[0], "postgres");
    assert!(
        lines.contains(&format!("CapEff:\t{none}").as_str()),
        "{said}"
    );
    assert!(
        lines.contains(&format!("CapBnd:\t{none}").as_str()),
        "{said}"
    );
    assert!(lines.contains(&"NoNewPrivs:\t1"), "{said}");
}

async fn ownership(bench: Bench) {
    let volume = bench.volume("data");
    bench.docker.create_volume(&volume).await.expect("a volume");
    let mut spec = bench.container(
        "node",
        "echo x > /var/lib/postgresql/mine && echo done; exec cat",
    );
    spec.mounts = vec![Mount {
        volume: volume.name.clone(),
        target: "/var/lib/postgresql".to_owned(),
        read_only: false,
        labels: volume.labels.clone(),
    }];
    let id = bench.docker.create_container(&spec).await;
    let id = id.expect("a container");
    let mut attached = bench.docker.attach(&id).await.expect("a line of talk");
    bench.docker.start_container(&id).await.expect("a start");
    assert_eq!(heard(&mut attached, "\n").await, "done\n");
    let refused = bench.docker.remove_volume(&volume.name).await;
    assert_eq!(kind(refused), EngineErrorKind::Conflict);
}

async fn implied(bench: Bench) {
    let volume = bench.volume("implied");
    let mut spec = bench.container("node", "exec cat");
    spec.mounts = vec![Mount {
        volume: volume.name.clone(),
        target: "/var/lib/postgresql".to_owned(),
        read_only: false,
        labels: volume.labels.clone(),
    }];
    let made = bench.docker.create_container(&spec).await;
    made.expect("a container");
    let found = bench.docker.volumes(&bench.everything()).await;
    assert!(found.expect("a list").contains(&volume));
}

async fn told(bench: Bench) {
    let made = bench.docker.create_network(&bench.network("net")).await;
    let made = made.expect("a network");
    assert!(made.subnet.is_some() && made.gateway.is_some(), "{made:?}");
    let listed = bench.docker.networks(Some(&bench.everything())).await;
    assert_eq!(listed.expect("a list"), std::slice::from_ref(&made));
    let all = bench.docker.networks(None).await.expect("a list");
    assert!(all.contains(&made));
    assert!(all.iter().any(|network| network.name == "bridge"));
}

async fn leaving(bench: Bench) {
    let spec = bench.container("node", "read x; echo got $x; exec sleep 60");
    let id = bench.docker.create_container(&spec).await;
    let id = id.expect("a container");
    let mut attached = bench.docker.attach(&id).await.expect("a line of talk");
    bench.docker.start_container(&id).await.expect("a start");
    attached.input.write_all(b"it\n").await.expect("a reader");
    assert_eq!(heard(&mut attached, "\n").await, "got it\n");
    drop(attached);
    let ran = bench.docker.exec(&id, &["true".to_owned()], b"").await;
    assert_eq!(ran.expect("a run").code, 0);
    assert_eq!(found(&bench, &id).await.state, ContainerState::Running);
}

async fn programs(bench: Bench) {
    let spec = bench.container("node", "exec sleep 60");
    let id = bench.docker.create_container(&spec).await;
    let id = id.expect("a container");
    bench.docker.start_container(&id).await.expect("a start");
    let run = async |command: &[&str], input: &[u8]| {
        let command: Vec<_> = command.iter().map(|word| (*word).to_owned()).collect();
        bench.docker.exec(&id, &command, input).await
    };
    let large: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    let cat = run(&["cat"], &large).await.expect("a run");
    assert_eq!(cat.code, 0);
    assert!(cat.stdout == large, "{} bytes came back", cat.stdout.len());
    let both = run(&["sh", "-c", "echo out; echo err >&2; exit 3"], b"").await;
    let both = both.expect("a run");
    assert_eq!(
        (both.code, both.stdout, both.stderr),
        (3, b"out\n".to_vec(), b"err\n".to_vec())
    );
    let deaf = run(&["true"], &large).await.expect("a run");
    assert_eq!(deaf.code, 0);
    let silent = run(&["cat"], b"").await.expect("a run");
    assert_eq!((silent.code, silent.stdout), (0, Vec::new()));
}

async fn files(bench: Bench) {
    let docker = &bench.docker;
    let volume = bench.volume("data");
    let mount = Mount {
        volume: volume.name.clone(),
        target: "/var/lib/postgresql".to_owned(),
        read_only: false,
        labels: volume.labels.clone(),
    };
    let path = "/var/lib/postgresql/mine";
    let script = format!("umask 077; printf mine > {path}; echo done; exec sleep 60");
    let mut spec = bench.container("writer", &script);
    spec.mounts = vec![mount];
    let writer = docker.create_container(&spec).await.expect("a container");
    let nothing = docker.read_file(&writer, path).await;
    assert_eq!(kind(nothing), EngineErrorKind::NotFound);
    let mut attached = docker.attach(&writer).await.expect("a line of talk");
    docker.start_container(&writer).await.expect("a start");
    assert_eq!(heard(&mut attached, "\n").await, "done\n");
    spec.name = bench.name("created");
    let created = docker.create_container(&spec).await.expect("a container");

    let read = async |id: &str| docker.read_file(id, path).await.expect("the file");
    assert_eq!(read(&writer).await, b"mine", "it runs");
    assert_eq!(read(&created).await, b"mine", "it was not started");
    docker.pause_container(&writer).await.expect("frozen");
    assert_eq!(read(&writer).await, b"mine", "it is frozen");
    docker.unpause_container(&writer).await.expect("thawed");
    let killed = docker.signal_container(&writer, "SIGKILL").await;
    killed.expect("killed");
    until(&bench, &writer, ContainerState::Exited).await;
    assert_eq!(read(&writer).await, b"mine", "it has ended");
    let nobody = docker.read_file("lab-no-such-container", path).await;
    assert_eq!(kind(nobody), EngineErrorKind::NotFound);
}

async fn kinds(bench: Bench) {
    let docker = &bench.docker;
    let spec = bench.container("node", "exec sleep 60");
    let id = docker.create_container(&spec).await.expect("a container");
    let twice = docker.create_container(&spec).await.expect_err("a refusal");
    assert_eq!(twice.kind, EngineErrorKind::Conflict);
    assert_eq!(
        twice.to_string(),
        format!("creating the container `{}`", spec.name)
    );
    assert_eq!(
        kind(docker.pause_container(&id).await),
        EngineErrorKind::Conflict
    );
    let ran = docker.exec(&id, &["true".to_owned()], b"").await;
    assert_eq!(kind(ran), EngineErrorKind::Conflict);
    let nobody = bench.name("nobody");
    assert_eq!(
        kind(docker.start_container(&nobody).await),
        EngineErrorKind::NotFound
    );
    assert_eq!(
        docker.find_container(&nobody).await.expect("an answer"),
        None
    );
    assert_eq!(docker.find_image(&nobody).await.expect("an answer"), None);
    docker.remove_container(&nobody).await.expect("none there");
    docker.remove_volume(&nobody).await.expect("none there");
    docker.remove_image(&nobody).await.expect("none there");
    let mut imageless = bench.container("other", "true");
    imageless.image = nobody;
    let refused = docker.create_container(&imageless).await;
    assert_eq!(kind(refused), EngineErrorKind::NotFound);
    let image = docker.find_image(bench.image).await.expect("an answer");
    assert!(image.is_some_and(|image| image.bytes > 0 && image.id.starts_with("sha256:")));
}

async fn overlap(bench: Bench) {
    // One that Docker takes for nobody by itself, not even once it is free again: from the range for benchmarks (RFC 2544).
    let own = NetworkSpec {
        subnet: Some(format!("198.18.{}.0/28", std::process::id() % 256)),
        ..bench.network("one")
    };
    let first = bench.docker.create_network(&own).await;
    let first = first.expect("a network");
    let second = NetworkSpec {
        subnet: first.subnet.clone(),
        ..bench.network("two")
    };
    let refused = bench.docker.create_network(&second).await;
    assert_eq!(kind(refused), EngineErrorKind::AddressOverlap);
    bench
        .docker
        .remove_network(&first.id)
        .await
        .expect("a removal");
    let mended = bench.docker.create_network(&second).await;
    assert_eq!(mended.expect("a network").subnet, first.subnet);
}

async fn namesakes(bench: Bench) {
    let spec = bench.network("net");
    let first = bench.docker.create_network(&spec).await;
    let first = first.expect("a network");
    let second = bench.docker.create_network(&spec).await;
    assert_eq!(kind(second), EngineErrorKind::Conflict);
    // A name of which this one is a part is another name.
    let part = NetworkSpec {
        name: format!("{}-and-more", spec.name),
        ..spec.clone()
    };
    bench
        .docker
        .create_network(&part)
        .await
        .expect("another name");
    let left = bench.docker.networks(Some(&bench.everything())).await;
    assert_eq!(left.expect("a list").len(), 2);
    bench
        .docker
        .remove_network(&first.id)
        .await
        .expect("a removal");
    let again = bench.docker.create_network(&spec).await;
    assert_eq!(again.expect("a network").name, spec.name);
}

async fn first_come(bench: Bench) {
    let volume = |owner: usize| {
        let mut labels = bench.labels();
        labels.insert("owner".to_owned(), owner.to_string());
        Volume {
            name: bench.name("lock"),
            labels,
        }
    };
    let tries = (0..8).map(|owner| {
        let (docker, volume) = (bench.docker.clone(), volume(owner));
        async move {
            let made = docker.create_volume(&volume).await.expect("a volume");
            (made == volume, made)
        }
    });
    let tries = futures_util::future::join_all(tries).await;
    assert_eq!(tries.iter().filter(|(won, _)| *won).count(), 1, "{tries:?}");
    assert!(
        tries.iter().all(|(_, made)| *made == tries[0].1),
        "{tries:?}"
    );
}

async fn removal(bench: Bench) {
    let id = bench
        .docker
        .create_container(&bench.container("node", "exec sleep 60"))
        .await;
    let id = id.expect("a container");
    bench.docker.start_container(&id).await.expect("a start");
    bench.docker.pause_container(&id).await.expect("a pause");
    bench.docker.remove_container(&id).await.expect("a removal");
    assert_eq!(
        bench.docker.find_container(&id).await.expect("an answer"),
        None
    );
}

async fn removal_race(bench: Bench) {
    let id = bench
        .docker
        .create_container(&bench.container("node", "exec sleep 60"))
        .await;
    let id = id.expect("a container");
    bench.docker.start_container(&id).await.expect("a start");
    let remove = || async {
        bench.docker.remove_container(&id).await.expect("a removal");
        assert_eq!(
            bench.docker.find_container(&id).await.expect("an answer"),
            None
        );
    };
    tokio::join!(remove(), remove(), remove());
}
