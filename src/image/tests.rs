//! What is promised about finding images, on an engine in memory and with recipes of a line or two.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::build::Recipe;
use super::*;
use crate::engine::Labels;
use crate::engine::fake::Fake;
use crate::event::{Phase, ProgressUnit};
use crate::failure::Explain as _;

mod recipe;

const GOOD: &str = "echo 'from: Debian test' >&2; echo 'step: 1 2 unpacking' >&2; printf tar";

/// Keeps what is reported, and cancels at a word.
#[derive(Default)]
pub(super) struct Ear {
    pub(super) events: Mutex<Vec<Event>>,
    pub(super) cancel: CancellationToken,
    pub(super) cancel_at: Option<&'static str>,
}

impl Ear {
    fn notes(&self) -> Vec<String> {
        let events = self.events.lock().expect("a whole list");
        let notes = events.iter().filter_map(|event| match event {
            Event::Note(note) => Some(note.clone()),
            _ => None,
        });
        notes.collect()
    }

    pub(super) fn subjects(&self) -> BTreeSet<String> {
        let events = self.events.lock().expect("a whole list");
        let subjects = events.iter().filter_map(|event| match event {
            Event::Progress(_, progress) => Some(progress.subject.clone()),
            _ => None,
        });
        subjects.collect()
    }
}

impl Reporter for Ear {
    fn report(&self, event: &Event) {
        self.events
            .lock()
            .expect("a whole list")
            .push(event.clone());
        if self
            .cancel_at
            .is_some_and(|word| format!("{event:?}").contains(word))
        {
            self.cancel.cancel();
        }
    }
}

struct Bench {
    engine: Fake,
    ear: Ear,
    recipe: Recipe,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new(script: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self {
            engine: Fake::new(),
            ear: Ear::default(),
            recipe: Recipe {
                script,
                claims: folder.path().to_owned(),
                ..Recipe::default()
            },
            _folder: folder,
        }
    }

    fn image(&self, reference: &str, env: &[&str]) {
        self.engine.insert_image(Image {
            env: env.iter().map(|&env| env.to_owned()).collect(),
            ..image(reference)
        });
    }

    async fn major(&self, major: u32) -> Result<Found, ImageError> {
        self.ensure(&PostgresVersion::Major(major)).await
    }

    async fn named(&self, reference: &str) -> Result<Found, ImageError> {
        self.ensure(&PostgresVersion::Image(reference.to_owned()))
            .await
    }

    async fn ensure(&self, wanted: &PostgresVersion) -> Result<Found, ImageError> {
        ensure_by(
            &self.engine.engine(),
            wanted,
            &self.recipe,
            &self.ear,
            &self.ear.cancel,
        )
        .await
    }

    async fn has(&self, reference: &str) -> bool {
        let found = self.engine.engine().find_image(reference).await;
        found.expect("an engine that answers").is_some()
    }

    fn imports(&self) -> usize {
        let journal = self.engine.journal();
        let imports = journal.iter().filter(|call| call.starts_with("import"));
        imports.count()
    }
}

fn image(reference: &str) -> Image {
    Image {
        id: format!("sha256:{reference}"),
        tags: vec![reference.to_owned()],
        labels: Labels::new(),
        env: Vec::new(),
        volumes: Vec::new(),
        bytes: 1,
    }
}

fn chain(error: &ImageError) -> String {
    let mut said = error.to_string();
    let mut below = std::error::Error::source(error);
    while let Some(error) = below {
        said = format!("{said}: {error}");
        below = error.source();
    }
    said
}

#[tokio::test]
async fn the_official_image_goes_before_ours() {
    let bench = Bench::new("exit 99");
    bench.image("lab-postgres:17", &[]);
    bench.image("postgres:17", &["PG_MAJOR=17"]);
    let found = bench.major(17).await.expect("an image that is here");
    assert_eq!(found.reference, "postgres:17");
    assert_eq!((found.way, found.major), (Way::Present, Some(17)));
    assert_eq!(bench.ear.notes(), ["image postgres:17 present"]);
    assert_eq!(bench.engine.journal(), ["find_image postgres:17"]);
}

#[tokio::test]
async fn an_image_built_before_is_found_without_asking_a_registry() {
    let bench = Bench::new("exit 99");
    bench.image("lab-postgres:17", &[]);
    let found = bench.major(17).await.expect("an image that is here");
    assert_eq!((found.way, found.major), (Way::Present, Some(17)));
    assert_eq!(bench.ear.notes(), ["image lab-postgres:17 present"]);
    let journal = bench.engine.journal();
    assert!(!journal.iter().any(|call| call.starts_with("pull_image")));
}

#[tokio::test]
async fn a_registry_s_image_is_pulled_with_progress_a_layer() {
    let bench = Bench::new("exit 99");
    bench.engine.publish_image("postgres:17");
    let found = bench.major(17).await.expect("an image in the registry");
    assert_eq!(
        (found.way, found.reference.as_str()),
        (Way::Pulled, "postgres:17")
    );
    assert!(bench.ear.notes()[0].starts_with("image postgres:17 pulled in "));
    let events = bench.ear.events.lock().expect("a whole list");
    let full = Event::Progress(
        Phase::Images,
        crate::event::Progress {
            subject: "5d0da3dc9764".to_owned(),
            done: 1 << 20,
            total: Some(1 << 20),
            unit: ProgressUnit::Bytes,
        },
    );
    assert!(events.contains(&full), "{events:?}");
}

#[tokio::test]
async fn an_image_with_another_version_than_its_name_says_is_refused() {
    let bench = Bench::new("exit 99");
    bench.image("postgres:17", &["PG_MAJOR=16"]);
    let error = bench.major(17).await.expect_err("PostgreSQL 16");
    assert_eq!(
        error.to_string(),
        "expecting PostgreSQL 17 in the image `postgres:17`, which has 16"
    );
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("docker rmi postgres:17"))
    );
    bench.image("lab-postgres:17", &["PG_MAJOR=17"]);
    let found = bench.major(17).await.expect("the other image");
    assert_eq!(found.reference, "lab-postgres:17");
}

#[tokio::test]
async fn a_named_image_is_present_or_pulled() {
    let bench = Bench::new("exit 99");
    bench.image("mine:1", &["PG_MAJOR=16"]);
    let found = bench.named("mine:1").await.expect("an image that is here");
    assert_eq!((found.way, found.major), (Way::Present, Some(16)));
    bench.engine.publish_image("postgres:17.2");
    let found = bench
        .named("postgres:17.2")
        .await
        .expect("an image in the registry");
    assert_eq!((found.way, found.major), (Way::Pulled, None));
}

#[tokio::test]
async fn a_named_image_that_is_nowhere_is_an_error_that_says_why() {
    let cases = [
        (
            "dial tcp: lookup registry.example on 10.0.0.1:53: no such host",
            PullFailure::NoRegistry,
            "docker load -i",
        ),
        (
            "manifest for postgres:17.99 not found: manifest unknown: manifest unknown",
            PullFailure::Missing,
            "spelled correctly",
        ),
        (
            "pull access denied for postgers, repository does not exist or may require 'docker login'",
            PullFailure::Missing,
            "docker login",
        ),
        (
            "unauthorized: authentication required",
            PullFailure::Refused,
            "docker login",
        ),
        (
            "toomanyrequests: You have reached your pull rate limit",
            PullFailure::Refused,
            "docker login",
        ),
    ];
    for (words, why, hint) in cases {
        let bench = Bench::new(GOOD);
        bench
            .engine
            .fail("pull_image", EngineErrorKind::Registry, words);
        let error = bench.named("postgres:17.99").await.expect_err(words);
        let ImageError::Absent { failure, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(*failure, why, "{words}");
        assert!(chain(&error).ends_with(words));
        let said = error.hint().expect("a hint");
        assert!(said.contains(hint), "{said}");
        assert_eq!(bench.imports(), 0);
    }
}

#[tokio::test]
async fn our_own_image_asked_for_by_name_is_explained() {
    let bench = Bench::new(GOOD);
    let error = bench
        .named("lab-postgres:15")
        .await
        .expect_err("no such image");
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("--postgres 15"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_registry_is_given_up() {
    let bench = Bench::new("exit 99");
    bench.engine.publish_image("postgres:17.2");
    bench.engine.delay("pull_image", Duration::from_secs(3600));
    let began = Instant::now();
    let error = bench.named("postgres:17.2").await.expect_err("silence");
    assert!(chain(&error).ends_with("the registry did not answer for 20.0 s"));
    assert!(matches!(
        error,
        ImageError::Absent {
            failure: PullFailure::NoRegistry,
            ..
        }
    ));
    assert!(began.elapsed() < Duration::from_secs(21));
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_ends_a_pull_at_once() {
    let bench = Bench::new("exit 99");
    bench.engine.delay("pull_image", Duration::from_secs(3600));
    let cancel = bench.ear.cancel.clone();
    bench.engine.on("pull_image", move || cancel.cancel());
    let began = Instant::now();
    let error = bench.major(17).await.expect_err("an interrupt");
    assert!(matches!(error, ImageError::Interrupted));
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn an_engine_that_is_gone_is_no_reason_to_build() {
    let bench = Bench::new(GOOD);
    let gone = "there is no socket";
    bench
        .engine
        .fail("pull_image", EngineErrorKind::Unreachable, gone);
    let error = bench.major(17).await.expect_err("no engine");
    assert!(matches!(error, ImageError::Engine(_)));
    assert_eq!(bench.imports(), 0);
}

#[test]
fn an_image_says_its_major_version_by_environment_or_label() {
    let mut image = image("x");
    assert_eq!(major_of(&image), None);
    image
        .labels
        .insert(POSTGRES_LABEL.to_owned(), "15".to_owned());
    assert_eq!(major_of(&image), Some(15));
    image.env.push("PG_MAJOR=17".to_owned());
    assert_eq!(major_of(&image), Some(17));
}

#[test]
fn data_goes_where_the_image_declares_a_volume() {
    let mut image = image("x");
    assert_eq!(data_mount(&image), "/var/lib/postgresql");
    image.volumes = vec!["/var/lib/postgresql".to_owned()];
    assert_eq!(data_mount(&image), "/var/lib/postgresql");
    assert_eq!(node_mounts(&image), ["/var/lib/postgresql"]);
    image.volumes = vec!["/var/lib/postgresql/data".to_owned()];
    assert_eq!(data_mount(&image), "/var/lib/postgresql/data");
    assert_eq!(
        node_mounts(&image),
        ["/var/lib/postgresql", "/var/lib/postgresql/data"]
    );
}
