//! That labels alone are enough to take away what there is, and no more than that.

use replication_lab::engine::fake::Fake;
use replication_lab::engine::{
    ContainerSpec, EngineErrorKind, Image, LAB_LABEL, Labels, Limits, Mount, NetworkSpec,
};
use replication_lab::failure::Explain as _;
use replication_lab::image::IMAGE_LABEL;
use replication_lab::lab::cleanup::{self, GcScope, Removed};
use replication_lab::lab::labels::{self as ours, Claim};
use replication_lab::lab::up::Keep;
use replication_lab::lab::{Lab, LabError, owner, running};
use replication_lab::name::{LabName, NodeName};
use tokio_util::sync::CancellationToken;

use crate::lab::{chain, claim, ended, engine, labels, left, pair, up, volume};

fn lab(name: &str) -> LabName {
    LabName::new(name).expect("a name")
}

pub fn container(name: &str, labels: Labels, mounts: Vec<Mount>) -> ContainerSpec {
    ContainerSpec {
        name: name.to_owned(),
        hostname: "node".to_owned(),
        image: "postgres:17".to_owned(),
        user: "postgres".to_owned(),
        command: vec!["postgres".to_owned()],
        env: Vec::new(),
        network: None,
        address: None,
        publish: None,
        mounts,
        limits: Limits::default(),
        shm_bytes: 0,
        labels,
        stdin: false,
        power: None,
    }
}

async fn network(fake: &Fake, name: &str, labels: Labels) {
    let spec = NetworkSpec {
        name: name.to_owned(),
        subnet: None,
        labels,
    };
    fake.engine()
        .create_network(&spec)
        .await
        .expect("a network");
}

/// The claim of a lab of this file.
fn own(name: &str) -> Claim {
    claim(name, "a-word")
}

/// A lab as a killed process left it: a claim, a network, and a node that runs, on the lab's network.
async fn killed(fake: &Fake, name: &str) {
    killed_under(fake, &own(name)).await;
}

pub async fn killed_under(fake: &Fake, claim: &Claim) {
    let plan = pair(claim.lab.as_str());
    let object = ours::lab_object(&plan.lab);
    volume(fake, &object, ours::of_claim(&plan, claim, &ended())).await;
    let on = ours::network_object(claim);
    network(fake, &on, ours::of_lab(claim)).await;
    let node = NodeName::new("primary").expect("a name");
    let own = ours::of_node(claim, &node);
    let node = ours::node_object(&plan.lab, &node);
    let mount = Mount {
        volume: node.clone(),
        target: "/data".to_owned(),
        read_only: false,
        labels: own.clone(),
    };
    let mut spec = container(&node, own, vec![mount]);
    spec.network = Some(on);
    fake.engine()
        .create_container(&spec)
        .await
        .expect("a container");
    fake.engine().start_container(&node).await.expect("a start");
}

pub async fn gc(fake: &Fake, reach: GcScope) -> Vec<String> {
    let removed = cleanup::gc(&fake.engine(), reach)
        .await
        .expect("a clean-up");
    assert!(removed.failed.is_empty(), "{:?}", removed.failed);
    removed.removed.into_keys().collect()
}

#[tokio::test(start_paused = true)]
async fn gc_takes_what_a_killed_process_left_and_nothing_that_is_whole() {
    let fake = engine();
    killed(&fake, "dead").await;
    killed(&fake, "complete").await;
    volume(&fake, "lab-complete.ready", ours::of_lab(&own("complete"))).await;
    volume(&fake, "somebody-s", labels(&[("com.example", "x")])).await;
    assert_eq!(
        running(&fake.engine()).await.expect("a list"),
        ["complete", "dead"]
    );
    assert_eq!(gc(&fake, GcScope::Leftovers).await, ["dead"]);
    let whole = [
        "container lab-complete-primary",
        "network lab-complete.a-word",
        "volume lab-complete",
        "volume lab-complete-primary",
        "volume lab-complete.ready",
        "volume somebody-s",
    ];
    assert_eq!(fake.objects(), whole);
    assert!(gc(&fake, GcScope::Everything).await.is_empty());
    assert_eq!(fake.objects(), whole);
}

#[tokio::test(start_paused = true)]
async fn gc_takes_a_complete_lab_that_was_for_a_process_which_is_gone() {
    let fake = engine();
    for (name, owner) in [
        ("gone", ended()),
        ("alive", owner::this_process()),
        // Nobody here knows whether it lives.
        ("elsewhere", "1@another-host".to_owned()),
    ] {
        killed(&fake, name).await;
        let mut mark = ours::of_lab(&own(name));
        mark.insert(ours::OWNER_LABEL.to_owned(), owner);
        volume(&fake, &format!("lab-{name}.ready"), mark).await;
    }
    killed(&fake, "kept").await;
    volume(&fake, "lab-kept.ready", ours::of_lab(&own("kept"))).await;
    assert_eq!(gc(&fake, GcScope::Leftovers).await, ["gone"]);
    let there = running(&fake.engine()).await.expect("a list");
    assert_eq!(there, ["alive", "elsewhere", "kept"]);
}

#[tokio::test(start_paused = true)]
async fn gc_leaves_alone_what_a_living_process_is_making() {
    let fake = engine();
    let cancel = CancellationToken::new();
    let making = tokio::spawn({
        let (fake, cancel) = (fake.clone(), cancel.clone());
        async move { up(&fake, &pair("pair"), Keep::Never, &cancel).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let before = left(&fake);
    assert_eq!(before.len(), 6, "{before:?}");
    assert!(gc(&fake, GcScope::Leftovers).await.is_empty());
    assert_eq!(left(&fake), before);
    cancel.cancel();
    making.await.expect("no panic").expect_err("an interrupt");
}

#[tokio::test(start_paused = true)]
async fn gc_finds_a_network_that_is_all_there_is_of_a_lab() {
    let fake = engine();
    network(&fake, "lab-half", ours::of_lab(&own("half"))).await;
    assert_eq!(gc(&fake, GcScope::Leftovers).await, ["half"]);
    assert!(fake.objects().is_empty(), "{:?}", fake.objects());
}

#[tokio::test(start_paused = true)]
async fn gc_goes_on_to_the_next_lab_when_one_cannot_be_removed() {
    let fake = engine();
    killed(&fake, "first").await;
    killed(&fake, "second").await;
    fake.fail(
        "remove_container lab-first-primary",
        EngineErrorKind::Other,
        "stuck",
    );
    let collected = cleanup::gc(&fake.engine(), GcScope::Leftovers).await;
    let collected = collected.expect("a clean-up");
    assert!(collected.removed.contains_key("second"));
    assert_eq!(collected.failed.len(), 1);
    let told = chain(&collected.failed["first"]);
    assert_eq!(told, "removing the container `lab-first-primary`: stuck");
    assert!(
        !fake
            .objects()
            .iter()
            .any(|object| object.contains("second"))
    );
}

/// The engine's images, by name.
async fn image(fake: &Fake, reference: &str, labels: Labels) {
    fake.insert_image(Image {
        id: format!("sha256:{reference}"),
        tags: vec![reference.to_owned()],
        labels,
        env: Vec::new(),
        volumes: Vec::new(),
        bytes: 0,
    });
    let found = fake
        .engine()
        .find_image(reference)
        .await
        .expect("an answer");
    assert!(found.is_some());
}

#[tokio::test(start_paused = true)]
async fn gc_of_everything_takes_templates_and_built_images_that_nobody_uses() {
    let fake = engine();
    let template = |id: &str| labels(&[(ours::TEMPLATE_LABEL, id)]);
    volume(&fake, "lab-template-3-a", template("a")).await;
    volume(&fake, "lab-template-3-b", template("b")).await;
    let ours = labels(&[(IMAGE_LABEL, "postgres")]);
    image(&fake, "lab-postgres:15", ours.clone()).await;
    image(&fake, "lab-postgres:17", ours).await;
    let mount = Mount {
        volume: "lab-template-3-b".to_owned(),
        target: "/lab/template".to_owned(),
        read_only: false,
        labels: template("b"),
    };
    let mut user = container("somebody-s", labels(&[]), vec![mount]);
    user.image = "lab-postgres:17".to_owned();
    fake.engine()
        .create_container(&user)
        .await
        .expect("a container");

    assert!(gc(&fake, GcScope::Leftovers).await.is_empty());
    let removed = cleanup::gc(&fake.engine(), GcScope::Everything).await;
    let removed = removed.expect("a clean-up");
    let expected = Removed {
        volumes: vec!["lab-template-3-a".to_owned()],
        images: vec!["lab-postgres:15".to_owned()],
        ..Removed::default()
    };
    assert_eq!(
        removed.removed.into_values().collect::<Vec<_>>(),
        [expected]
    );
    for (reference, there) in [
        ("lab-postgres:15", false),
        ("lab-postgres:17", true),
        ("postgres:17", true),
    ] {
        let found = fake
            .engine()
            .find_image(reference)
            .await
            .expect("an answer");
        assert_eq!(found.is_some(), there, "{reference}");
    }
}

#[tokio::test(start_paused = true)]
async fn gc_takes_a_container_that_was_to_prepare_a_template() {
    let fake = engine();
    let own = labels(&[(ours::TEMPLATE_LABEL, "a"), (LAB_LABEL, "x")]);
    let made = fake
        .engine()
        .create_container(&container("lab-template-3-a-x", own, Vec::new()))
        .await;
    made.expect("a container");
    assert_eq!(gc(&fake, GcScope::Leftovers).await, ["x"]);
    assert!(fake.objects().is_empty(), "{:?}", fake.objects());
}

/// A whole lab with a container in every state that one can be in.
async fn states(fake: &Fake) {
    let lab = lab("states");
    let object = ours::lab_object(&lab);
    volume(
        fake,
        &object,
        ours::of_claim(&pair("states"), &own("states"), &ended()),
    )
    .await;
    let on = ours::network_object(&own("states"));
    network(fake, &on, ours::of_lab(&own("states"))).await;
    for name in ["created", "running", "paused", "exited"] {
        let node = NodeName::new(name).expect("a name");
        let object = ours::node_object(&lab, &node);
        let own = ours::of_node(&own("states"), &node);
        let mount = Mount {
            volume: object.clone(),
            target: "/data".to_owned(),
            read_only: false,
            labels: own.clone(),
        };
        let mut spec = container(&object, own, vec![mount]);
        spec.network = Some(on.clone());
        fake.engine()
            .create_container(&spec)
            .await
            .expect("a container");
        if name != "created" {
            fake.engine()
                .start_container(&object)
                .await
                .expect("a start");
        }
        match name {
            "paused" => fake
                .engine()
                .pause_container(&object)
                .await
                .expect("a pause"),
            "exited" => fake.exit(&object, 1),
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn down_takes_containers_in_any_state_and_the_claim_last() {
    let fake = engine();
    states(&fake).await;
    let removed = cleanup::remove(&fake.engine(), &own("states"))
        .await
        .expect("a removal");
    assert!(fake.objects().is_empty(), "{:?}", fake.objects());
    let journal = fake.journal();
    let thawed = journal.iter().filter(|call| call.starts_with("unpause"));
    let thawed: Vec<_> = thawed.collect();
    assert_eq!(thawed, ["unpause_container lab-states-paused"]);
    let (containers, volumes) = (removed.containers.len(), removed.volumes.len());
    assert_eq!((containers, removed.networks.len(), volumes), (4, 1, 5));
    let journal = fake.journal();
    assert_eq!(
        journal.last().map(String::as_str),
        Some("remove_volume lab-states")
    );
    let again = cleanup::remove(&fake.engine(), &own("states"))
        .await
        .expect("a removal");
    assert!(again.is_empty(), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_removed_is_told_and_the_rest_goes() {
    let fake = engine();
    states(&fake).await;
    fake.fail_nth(
        "remove_container lab-states-exited",
        1,
        EngineErrorKind::Other,
        "stuck",
    );
    let failed = cleanup::remove(&fake.engine(), &own("states"))
        .await
        .expect_err("one is stuck");
    assert_eq!(
        chain(&failed),
        "removing the container `lab-states-exited`: stuck"
    );
    let stuck = [
        "container lab-states-exited",
        "volume lab-states",
        "volume lab-states-exited",
    ];
    assert_eq!(fake.objects(), stuck, "the claim still holds the name");
    cleanup::remove(&fake.engine(), &own("states"))
        .await
        .expect("a removal");
    assert!(fake.objects().is_empty(), "{:?}", fake.objects());
}

#[tokio::test(start_paused = true)]
async fn down_takes_no_other_lab_with_it() {
    let fake = engine();
    killed(&fake, "one").await;
    killed(&fake, "one-more").await;
    let before = fake.objects().len();
    cleanup::remove(&fake.engine(), &own("one"))
        .await
        .expect("a removal");
    assert_eq!(fake.objects().len(), before / 2);
    assert!(
        fake.objects()
            .iter()
            .all(|object| object.contains("lab-one-more"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_lab_is_found_by_its_labels_alone() {
    let fake = engine();
    let never = CancellationToken::new();
    let kept = up(&fake, &pair("pair"), Keep::Failed, &never).await;
    kept.expect_err("no server answers here");
    let found = Lab::find(fake.engine(), &lab("pair")).await.expect("a lab");
    assert!(found.is_running());
    let names: Vec<_> = found.nodes().map(|(node, _)| node.name.as_str()).collect();
    assert_eq!(names, ["primary", "replica"]);
    assert_eq!(found.plan.replication_user.password.expose(), "***");

    fake.exit("lab-pair-replica", 0);
    let found = Lab::find(fake.engine(), &lab("pair")).await.expect("a lab");
    assert!(!found.is_running());
    fake.engine()
        .remove_container("lab-pair-replica")
        .await
        .expect("a removal");
    let found = Lab::find(fake.engine(), &lab("pair")).await.expect("a lab");
    let gone = found.container("replica").expect_err("it is gone");
    assert!(matches!(gone, LabError::HalfMade { .. }), "{gone:?}");

    fake.engine()
        .remove_volume("lab-pair")
        .await
        .expect("a removal");
    let half = Lab::find(fake.engine(), &lab("pair")).await;
    assert!(matches!(half, Err(LabError::HalfMade { .. })), "{half:?}");
    let none = Lab::find(fake.engine(), &lab("other"))
        .await
        .expect_err("no lab");
    assert_eq!(none.hint().as_deref(), Some("running now: pair"));
}
