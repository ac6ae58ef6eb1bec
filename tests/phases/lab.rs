//! A lab on the engine in memory: as far as it goes without a server, which is up to "starting `primary`".

use std::sync::Arc;
use std::time::Duration;

use replication_lab::engine::fake::{Fake, Process};
use replication_lab::engine::{Labels, Selector, Volume};
use replication_lab::event::Silent;
use replication_lab::lab::labels::Claim;
use replication_lab::lab::up::{self, Keep, Options, Up};
use replication_lab::lab::{LabError, owner};
use replication_lab::name::LabName;
use replication_lab::plan::Plan;
use replication_lab::scenario::load::{Overrides, Source, load};
use replication_lab::verify;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio_util::sync::CancellationToken;

/// A port of this host where nothing listens.
pub const NOBODY: u16 = 1;

/// The plan of a scenario's text.
pub fn plan(text: &str) -> Plan {
    let source = Source::new("lab.yaml", text.as_bytes(), None).expect("text");
    match load(&source, &Overrides::default()) {
        Ok(loaded) => Plan::resolve(&loaded.scenario, &loaded.sql, None),
        Err(wrong) => panic!("{}", wrong.render(false)),
    }
}

/// A primary and a standby, in a lab of that name.
pub fn pair(name: &str) -> Plan {
    plan(&format!(
        "name: {name}\nnodes:\n  primary: {{}}\n  replica: {{ standby_of: primary }}\n"
    ))
}

/// An engine with PostgreSQL's image, whose primaries initialise their data directory and then never answer.
pub fn engine() -> Fake {
    let fake = Fake::new();
    fake.add_image("postgres:17");
    fake.on_start(|mut process| async move {
        if is_primary(&process) {
            configured(&mut process).await;
            process.say("lab: initialised\n");
        }
        std::future::pending().await
    });
    fake
}

/// Whether a container is to run `initdb`.
pub fn is_primary(process: &Process) -> bool {
    process.spec.command.iter().any(|word| word == "initdb")
}

/// Takes a node's files as `images/node/start.sh` does, and gives them as one text.
pub async fn configured(process: &mut Process) -> String {
    let mut input = BufReader::new(&mut process.input);
    let mut line = String::new();
    input.read_line(&mut line).await.expect("a line");
    let mut files = vec![0; line.trim().parse().expect("a number of bytes")];
    input.read_exact(&mut files).await.expect("so many bytes");
    String::from_utf8_lossy(&files).into_owned()
}

/// Brings a lab up as `keep` says, waiting a second at most for anything.
pub async fn up(
    fake: &Fake,
    plan: &Plan,
    keep: Keep,
    cancel: &CancellationToken,
) -> Result<Up, LabError> {
    for node in &plan.nodes {
        fake.set_port(&format!("lab-{}-{}", plan.lab, node.name), NOBODY);
    }
    let options = Options {
        keep,
        within: Duration::from_secs(1),
        proof: Some(verify::proof),
        for_this_process: false,
    };
    up::up(
        &fake.engine(),
        plan.clone(),
        &options,
        Arc::new(Silent),
        cancel,
    )
    .await
}

/// Brings a lab up that cannot come up, with nobody to interrupt it.
pub async fn failing(fake: &Fake, plan: &Plan) -> LabError {
    let never = CancellationToken::new();
    up(fake, plan, Keep::Never, &never)
        .await
        .expect_err("no server answers here")
}

/// What is left, but for templates, which are meant to stay. Networks are named without the word of their claim.
pub fn left(fake: &Fake) -> Vec<String> {
    let mut objects = fake.objects();
    objects.retain(|object| !object.starts_with("volume lab-template-"));
    for object in &mut objects {
        if let Some((network, _)) = object.split_once('.')
            && network.starts_with("network ")
        {
            *object = network.to_owned();
        }
    }
    objects
}

/// A claim of that lab, with a word.
pub fn claim(lab: &str, word: &str) -> Claim {
    Claim {
        lab: LabName::new(lab).expect("a name"),
        word: word.to_owned(),
    }
}

/// A process of this host that has ended, as labels name it.
pub fn ended() -> String {
    let child = std::process::Command::new("true").spawn();
    let mut child = child.expect("a child");
    let owner = owner::of(child.id());
    child.wait().expect("its end");
    owner
}

/// An error and all its reasons.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Labels of an object, as text.
pub fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// Makes a volume.
pub async fn volume(fake: &Fake, name: &str, labels: Labels) {
    let name = name.to_owned();
    let made = fake.engine().create_volume(&Volume { name, labels }).await;
    made.expect("a volume");
}

/// The labels of every network, volume and container of any lab, and of every template.
pub async fn every_label(fake: &Fake) -> Vec<Labels> {
    let template = replication_lab::lab::labels::TEMPLATE_LABEL.to_owned();
    let mut all = Vec::new();
    for which in [Selector::any_lab(), Selector::Label(template)] {
        let volumes = fake.engine().volumes(&which).await.expect("a list");
        all.extend(volumes.into_iter().map(|found| found.labels));
        let containers = fake.engine().containers(&which).await.expect("a list");
        all.extend(containers.into_iter().map(|found| found.labels));
        let networks = fake.engine().networks(Some(&which)).await.expect("a list");
        all.extend(networks.into_iter().map(|found| found.labels));
    }
    all
}
