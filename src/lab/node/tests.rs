//! One node at a time on the engine in memory. Most are standbys: without a server no whole lab gets that far.

use std::sync::{Arc, Mutex};

use super::*;
use crate::engine::NetworkSpec;
use crate::engine::fake::{Fake, Process};
use crate::event::{Reporter, Silent};
use crate::failure::Explain as _;
use crate::image;
use crate::lab::error::{ContainerEnd, Holder};
use crate::name::LabName;
use crate::scenario::PostgresVersion;
use crate::scenario::load::{Overrides, Source, load};

fn plan() -> Plan {
    planned("name: pair\nnodes: { primary: {}, replica: { standby_of: primary } }\n")
}

fn planned(text: &str) -> Plan {
    let source = Source::new("pair.yaml", text.as_bytes(), None).expect("text");
    let loaded = load(&source, &Overrides::default()).expect("a scenario");
    Plan::resolve(&loaded.scenario, &loaded.sql, None)
}

async fn image_of_17(fake: &Fake) -> Found {
    fake.add_image("postgres:17");
    let never = CancellationToken::new();
    let version = PostgresVersion::Major(17);
    let found = image::ensure(&fake.engine(), &version, &Silent, &never).await;
    found.expect("an image")
}

/// Starts `replica` on a network of its lab, with `main` in its container.
async fn replica<F>(
    fake: &Fake,
    reporter: Arc<dyn Reporter>,
    main: impl Fn(Process) -> F + Send + Sync + 'static,
) -> Result<Starting, LabError>
where
    F: Future<Output = i64> + Send + 'static,
{
    let plan = plan();
    let claim = claim::new(&plan.lab);
    let found = image_of_17(fake).await;
    fake.on_start(main);
    let network = NetworkSpec {
        name: labels::network_object(&claim),
        subnet: Some("10.213.0.0/27".to_owned()),
        labels: labels::of_lab(&claim),
    };
    fake.engine()
        .create_network(&network)
        .await
        .expect("a network");
    let address = Some(Ipv4Addr::new(10, 213, 0, 3));
    let clock = Clock::new(reporter);
    start(
        &fake.engine(),
        (&plan, &claim),
        &plan.nodes[1],
        &found,
        address,
        (&clock, None),
    )
    .await
}

#[tokio::test]
async fn a_volume_of_an_earlier_lab_of_the_name_is_refused() {
    let fake = Fake::new();
    let there = Volume {
        name: "lab-pair-replica".to_owned(),
        labels: labels::of_lab(&claim::new(&plan().lab)),
    };
    fake.engine().create_volume(&there).await.expect("a volume");
    let refused = replica(&fake, Arc::new(Silent), |_| std::future::pending()).await;
    let LabError::Taken { by, .. } = refused.expect_err("it has the data of another lab") else {
        panic!("the name is taken")
    };
    assert_eq!(by, Holder::Earlier("lab-pair-replica".to_owned()));
    assert_eq!(fake.made(), []);
}

/// Waits for the base backup of a standby whose container says `words` and exits.
async fn backup(words: &'static str, code: i64) -> LabError {
    let fake = Fake::new();
    let main = move |process: Process| async move {
        process.say(words);
        code
    };
    let starting = replica(&fake, Arc::new(Silent), main).await;
    let starting = starting.expect("a start");
    let never = CancellationToken::new();
    match starting
        .reached(Stage::BackedUp, "taking a base backup", &never)
        .await
    {
        Err(error) => error,
        Ok(()) => starting
            .connect("shopping", Duration::from_secs(1), &never)
            .await
            .expect_err("it has ended"),
    }
}

fn ended(error: &LabError) -> (&str, &ContainerEnd, Option<&str>) {
    match error {
        LabError::NodeEnded {
            act, how, blame, ..
        } => {
            let blame = blame.as_ref().map(|blame| blame.setting.as_str());
            (act.as_str(), how, blame)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_standby_asks_for_its_address_and_gets_no_more_than_it_needs() {
    let fake = Fake::new();
    let starting = replica(&fake, Arc::new(Silent), |_| std::future::pending()).await;
    let starting = starting.expect("a start");
    let found = fake.engine().find_container("lab-pair-replica").await;
    let found = found.expect("an answer").expect("a container");
    assert_eq!(found.address, Some(Ipv4Addr::new(10, 213, 0, 3)));
    assert_eq!(found.port, Some(starting.port));
    let spec = fake.made().remove(0);
    assert_eq!((spec.user.as_str(), spec.stdin), ("postgres", true));
    assert_eq!(
        (spec.hostname.as_str(), spec.publish),
        ("replica", Some(Publish::anywhere(PORT)))
    );
    let mounts: Vec<_> = spec.mounts.iter().map(|mount| &mount.volume).collect();
    assert_eq!(mounts, ["lab-pair-replica"], "a template is for primaries");
    assert_eq!(&spec.command[3..7], ["lab-node", "replica", "1", "1"]);
}

#[tokio::test]
async fn standbys_with_one_base_backup_have_its_volume_and_know_how_many_they_are() {
    let plan = planned(
        "name: three\nnodes: { primary: {}, one: { standby_of: primary }, two: { standby_of: primary } }\n",
    );
    let claim = claim::new(&plan.lab);
    let fake = Fake::new();
    let found = image_of_17(&fake).await;
    for node in &plan.nodes[1..] {
        let backup = Backup::of(&plan, node);
        let spec = spec(
            (&plan, &claim),
            node,
            &backup,
            &found,
            None,
            node.name.to_string(),
        );
        assert_eq!(spec.command[5], "2");
        assert_eq!(spec.mounts[1].volume, "lab-three.backup-one");
        assert_eq!(spec.mounts[1].labels, labels::of_lab(&claim));
    }
}

#[tokio::test(start_paused = true)]
async fn a_base_backup_that_fails_is_told_in_its_own_words() {
    let words = "lab: base backup begins\n\
                 pg_basebackup: error: FATAL:  no pg_hba.conf entry for replication connection\n";
    let error = backup(words, 1).await;
    assert_eq!(
        ended(&error),
        ("taking a base backup", &ContainerEnd::Code(1), None)
    );
    assert!(
        error
            .evidence()
            .is_some_and(|log| log.contains("no pg_hba.conf entry"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_standby_that_refuses_to_start_is_told_as_starting_and_its_setting_blamed() {
    let words = "lab: base backup taken\n\
                 FATAL:  recovery aborted because of insufficient parameter settings\n\
                 DETAIL:  max_connections = 50 is a lower setting than on the primary server, where its value was 100.\n";
    let error = backup(words, 1).await;
    let expected = (
        "starting `replica`",
        &ContainerEnd::Code(1),
        Some("max_connections"),
    );
    assert_eq!(ended(&error), expected);
    let hint = error.hint().expect("a hint");
    assert!(
        hint.contains("nodes.replica.conf.max_connections"),
        "{hint}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_container_that_somebody_removes_is_gone() {
    let fake = Fake::new();
    let starting = replica(&fake, Arc::new(Silent), |_| std::future::pending()).await;
    let starting = starting.expect("a start");
    let never = CancellationToken::new();
    let engine = fake.engine();
    let (reached, removed) = tokio::join!(
        starting.reached(Stage::BackedUp, "taking a base backup", &never),
        engine.remove_container("lab-pair-replica"),
    );
    removed.expect("a removal");
    let error = reached.expect_err("it is gone");
    assert_eq!(
        ended(&error),
        ("taking a base backup", &ContainerEnd::Gone, None)
    );
}

#[tokio::test(start_paused = true)]
async fn files_for_a_container_that_has_ended_are_told_as_its_end() {
    let fake = Fake::new();
    let main = |process: Process| async move {
        process.say("sh: not found\n");
        127
    };
    let starting = replica(&fake, Arc::new(Silent), main).await;
    let mut starting = starting.expect("a start");
    starting.console.ended().await;
    let error = starting
        .configure(b"0\n")
        .await
        .expect_err("nobody listens");
    assert_eq!(
        ended(&error),
        ("configuring `replica`", &ContainerEnd::Code(127), None)
    );
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_ends_the_wait_for_a_stage_and_for_a_server() {
    let fake = Fake::new();
    fake.set_port("lab-pair-replica", 1);
    let starting = replica(&fake, Arc::new(Silent), |_| std::future::pending()).await;
    let starting = starting.expect("a start");
    let cancel = CancellationToken::new();
    cancel.cancel();
    let reached = starting.reached(Stage::BackedUp, "waiting", &cancel).await;
    assert!(reached.expect_err("an interrupt").is_interrupt());
    let hour = Duration::from_secs(3600);
    let connected = starting.connect("shopping", hour, &cancel).await;
    assert!(connected.expect_err("an interrupt").is_interrupt());
}

/// The progress that was reported.
#[derive(Default)]
struct Bar(Mutex<Vec<(u64, Option<u64>)>>);

impl Reporter for Bar {
    fn report(&self, event: &Event) {
        if let Event::Progress(Phase::BaseBackup, progress) = event {
            assert_eq!(progress.subject, "replica");
            let mut moves = self.0.lock().expect("no panic");
            moves.push((progress.done, progress.total));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_base_backup_moves_its_bar_in_bytes() {
    let fake = Fake::new();
    let bar = Arc::new(Bar::default());
    let main = |process: Process| async move {
        process.say("waiting for checkpoint\r    0/4 kB (0%), 0/1 tablespace\r");
        process.say("    4/4 kB (100%), 1/1 tablespace\nlab: base backup taken\n");
        std::future::pending().await
    };
    let starting = replica(&fake, Arc::clone(&bar) as _, main).await;
    let starting = starting.expect("a start");
    let never = CancellationToken::new();
    let taken = starting.reached(Stage::BackedUp, "taking a base backup", &never);
    taken.await.expect("a base backup");
    let moves = bar.0.lock().expect("no panic");
    assert_eq!(*moves, [(0, Some(4096)), (4096, Some(4096))]);
}

#[tokio::test]
async fn a_volume_that_is_another_lab_s_is_refused() {
    let fake = Fake::new();
    let other = LabName::new("other").expect("a name");
    let there = Volume {
        name: "lab-pair-replica".to_owned(),
        labels: labels::of_lab(&claim::new(&other)),
    };
    fake.engine().create_volume(&there).await.expect("a volume");
    let refused = replica(&fake, Arc::new(Silent), |_| std::future::pending()).await;
    let refused = refused.expect_err("it is not ours");
    assert!(matches!(refused, LabError::Taken { .. }), "{refused:?}");
    assert_eq!(fake.made(), []);
}
