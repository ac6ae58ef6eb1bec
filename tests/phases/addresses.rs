//! That addresses are known before anything has them, and that an engine that gives others is believed.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use replication_lab::engine::fake::Fake;
use replication_lab::engine::{Container, Selector};
use replication_lab::event::{Event, Reporter};
use replication_lab::lab::up::{self, Keep, Options};
use replication_lab::plan::Plan;
use replication_lab::verify;
use tokio_util::sync::CancellationToken;

use crate::lab::{NOBODY, configured, engine, is_primary, pair, plan};

/// The files that a node was given, and the calls until then.
#[derive(Default)]
struct Given {
    files: String,
    journal: Vec<String>,
}

/// Keeps what is said of nodes.
#[derive(Default)]
struct Said(Mutex<Vec<String>>);

impl Reporter for Said {
    fn report(&self, event: &Event) {
        if let Event::Node(node, said) = event {
            let mut all = self.0.lock().expect("no panic");
            all.push(format!("{node}: {said}"));
        }
    }
}

/// An engine that keeps what the node `name` is given. Who starts later ends then.
fn keeping(name: &'static str) -> (Fake, Arc<Mutex<Given>>) {
    let (fake, given) = (engine(), Arc::new(Mutex::new(Given::default())));
    fake.on_start({
        let (fake, given) = (fake.clone(), Arc::clone(&given));
        move |mut process| {
            let (fake, given) = (fake.clone(), Arc::clone(&given));
            async move {
                let is_wanted = process.spec.hostname == name;
                if is_wanted || is_primary(&process) {
                    let files = configured(&mut process).await;
                    process.say("lab: initialised\n");
                    if is_wanted {
                        let journal = fake.journal();
                        *given.lock().expect("no panic") = Given { files, journal };
                    }
                    if !is_primary(&process) {
                        return 0;
                    }
                }
                std::future::pending().await
            }
        }
    });
    (fake, given)
}

/// Brings a lab up as far as it goes, keeps it, and gives what was said of its nodes.
async fn up(fake: &Fake, plan: &Plan) -> Vec<String> {
    for node in &plan.nodes {
        fake.set_port(&format!("lab-{}-{}", plan.lab, node.name), NOBODY);
    }
    let options = Options {
        keep: Keep::Failed,
        within: Duration::from_secs(1),
        ..Options::new(Some(verify::proof))
    };
    let (said, never) = (Arc::new(Said::default()), CancellationToken::new());
    let reporter: Arc<dyn Reporter> = Arc::clone(&said) as _;
    let failed = up::up(&fake.engine(), plan.clone(), &options, reporter, &never).await;
    failed.expect_err("no server answers here");
    said.0.lock().expect("no panic").clone()
}

async fn address(fake: &Fake, plan: &Plan, node: &str) -> Ipv4Addr {
    let which = Selector::lab(&plan.lab);
    let containers = fake.engine().containers(&which).await.expect("a list");
    let name = format!("lab-{}-{node}", plan.lab);
    let is = |container: &&Container| container.name == name;
    let found = containers.iter().find(is).expect("a container");
    found.address.expect("an address")
}

/// The line of a file that lets `peer` replicate.
fn line<'a>(files: &'a str, peer: &str) -> &'a str {
    let comment = format!("# {peer}");
    let mut lines = files.lines();
    lines
        .find(|line| line.starts_with("host") && line.ends_with(&comment))
        .unwrap_or_else(|| panic!("no line of `{peer}` in {files}"))
}

#[tokio::test(start_paused = true)]
async fn a_primary_s_file_names_a_standby_that_has_no_container_yet() {
    let (fake, given) = keeping("primary");
    fake.delay("create_volume lab-pair-replica", Duration::from_millis(500));
    let plan = pair("pair");
    let said = up(&fake, &plan).await;
    let replica = address(&fake, &plan, "replica").await;
    let given = given.lock().expect("no panic");
    let create = "create_container lab-pair-replica".to_owned();
    assert!(!given.journal.contains(&create), "{:?}", given.journal);
    let named = line(&given.files, "replica");
    assert!(named.contains(&format!(" {replica}/32 ")), "{named}");
    assert_eq!(said, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_chooses_addresses_is_believed() {
    // The plan has `late` before `replica`; containers start the other way round.
    let (fake, given) = keeping("late");
    fake.choose_addresses();
    let plan = plan(
        "name: trio\nnodes:\n  primary: {}\n  late: { standby_of: primary, start: later }\n  \
         replica: { standby_of: primary }\n",
    );
    let said = up(&fake, &plan).await;
    let replica = address(&fake, &plan, "replica").await;
    let given = given.lock().expect("no panic");
    let named = line(&given.files, "replica");
    assert!(named.contains(&format!(" {replica}/32 ")), "{named}");
    let chosen = format!("replica: has the address {replica}, which the engine chose");
    assert!(said.contains(&chosen), "{said:?}");
}
