//! That a password and a private key are nowhere where `docker inspect`, `ps` or a log shows it.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use replication_lab::engine::EngineErrorKind;
use replication_lab::event::{Event, Reporter};
use replication_lab::lab::up::{self, Keep, Options};
use replication_lab::lab::{Lab, LabError, labels};
use replication_lab::name::NodeName;
use replication_lab::server::command::PASSWORDS;
use replication_lab::verify;
use tokio_util::sync::CancellationToken;

use crate::cleanup::container;
use crate::lab::{self, chain, configured, every_label, plan};

const PASSWORD: &str = "hidden-treasure";

/// What every private key has in its first line.
const KEY: &str = "PRIVATE KEY";

/// Everything that is reported, as text.
#[derive(Default)]
struct Said(Mutex<String>);

impl Reporter for Said {
    fn report(&self, event: &Event) {
        let mut said = self.0.lock().expect("no panic");
        _ = writeln!(said, "{event:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_reaches_a_node_on_its_standard_input_alone() {
    let plan = plan(&format!(
        "name: pair\ntls: true\nreplication_user: {{ password: {PASSWORD} }}\nnodes:\n  primary: {{}}\n  \
         replica: {{ standby_of: primary }}\nsteps:\n- sql: CREATE ROLE a PASSWORD '{PASSWORD}-2'\n"
    ));
    let fake = lab::engine();
    fake.set_port("lab-pair-primary", lab::NOBODY);
    let heard = Arc::new(Mutex::new(String::new()));
    fake.on_start({
        let heard = Arc::clone(&heard);
        move |mut process| {
            let heard = Arc::clone(&heard);
            async move {
                if lab::is_primary(&process) {
                    *heard.lock().expect("no panic") = configured(&mut process).await;
                    process.say("lab: initialised\n");
                }
                std::future::pending().await
            }
        }
    });
    let (said, never) = (Arc::new(Said::default()), CancellationToken::new());
    let options = Options {
        keep: Keep::Failed,
        within: Duration::from_secs(1),
        proof: Some(verify::proof),
        for_this_process: false,
    };
    let reporter: Arc<dyn Reporter> = Arc::clone(&said) as _;
    let failed = up::up(&fake.engine(), plan, &options, reporter, &never).await;
    let failed = failed.expect_err("no server answers here");

    let heard = heard.lock().expect("no panic").clone();
    assert!(heard.contains(PASSWORD) && heard.contains(KEY));
    assert!(heard.contains(&format!("[\"{PASSWORD}-2\"]")), "{heard}");
    let specs = fake.made();
    assert_eq!(specs.len(), 3, "a template's and two nodes'");
    let found = every_label(&fake).await;
    assert!(found.len() >= 6, "{found:?}");
    let places = [
        format!("{specs:?}"),
        format!("{found:?}"),
        fake.journal().join("\n"),
        format!("{failed:?} {}", chain(&failed)),
        said.0.lock().expect("no panic").clone(),
    ];
    for place in places {
        assert!(!place.is_empty());
        assert!(!place.contains(PASSWORD), "{place}");
        assert!(!place.contains(KEY), "{place}");
    }
}

#[tokio::test]
async fn who_carries_out_a_step_has_its_password_as_long_as_a_container_knows_it() {
    let plan = plan(&format!(
        "name: pair\nnodes:\n  primary: {{}}\n  replica: {{ standby_of: primary }}\nsteps:\n- sql: ALTER ROLE a \
         PASSWORD '{PASSWORD}'\n"
    ));
    let fake = lab::engine();
    let held = lab::claim("pair", "a-word");
    let claim = labels::of_claim(&plan, &held, "1@nowhere");
    lab::volume(&fake, "lab-pair", claim).await;
    let replica = NodeName::new("replica").expect("a name");
    let name = labels::node_object(&plan.lab, &replica);
    let spec = container(&name, labels::of_node(&held, &replica), Vec::new());
    let id = fake
        .engine()
        .create_container(&spec)
        .await
        .expect("a container");
    let found = Lab::find(fake.engine(), &plan.lab).await;
    let found = found.expect("the lab");
    assert!(!format!("{:?}", found.plan).contains(PASSWORD));

    let gone = found.whole_plan().await.expect_err("no file");
    assert!(matches!(gone, LabError::HalfMade { .. }), "{gone:?}");
    assert_eq!(found.known_plan().await.expect("no file"), None);
    // What cannot be read or understood is not taken for no password.
    fake.put_file(&spec.name, PASSWORDS, "[\"half");
    let broken = found.known_plan().await.expect_err("no JSON");
    assert!(matches!(broken, LabError::HalfMade { .. }), "{broken:?}");
    fake.fail_nth("read_file", 1, EngineErrorKind::PermissionDenied, "no");
    let refused = found.known_plan().await.expect_err("no answer");
    assert!(matches!(refused, LabError::Engine(_)), "{refused:?}");
    fake.put_file(&spec.name, PASSWORDS, format!("[\"{PASSWORD}\"]"));
    let whole = found.whole_plan().await.expect("the file");
    assert_eq!(whole.steps, plan.steps);
    fake.engine().remove_container(&id).await.expect("removed");
    let gone = found.whole_plan().await.expect_err("no container");
    assert!(matches!(gone, LabError::HalfMade { .. }), "{gone:?}");
}
