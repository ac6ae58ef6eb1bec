//! Tests that need a real Docker: they are ignored without one, never passed over in silence.

use std::sync::OnceLock;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use replication_lab::engine::Engine;
use tokio::runtime::{Builder, Runtime};

/// What the command line says. Two tests at once where it says nothing: each has several servers to run.
pub fn arguments() -> Arguments {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(2);
    arguments
}

/// A test that is ignored where no Docker answers, or fails where one is required.
pub fn needs_docker(
    name: impl Into<String>,
    test: impl FnOnce() -> Result<(), Failed> + Send + 'static,
) -> Trial {
    Trial::ignorable_test(name, move || match answers() {
        Ok(()) => test().map(|()| Completion::Completed),
        Err(reason) => unready(reason),
    })
}

/// What a test comes to that lacks something.
pub fn unready(reason: &str) -> Result<Completion, Failed> {
    if required() {
        Err(Failed::from(reason))
    } else {
        Ok(Completion::ignored_with(reason))
    }
}

/// Runs what may panic in a task of its own, so that whoever waits for it can clean up.
pub async fn outcome(test: impl Future<Output = ()> + Send + 'static) -> Result<(), Failed> {
    match tokio::spawn(test).await {
        Ok(()) => Ok(()),
        Err(error) => Err(said(error)),
    }
}

pub fn runtime() -> Runtime {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.expect("a runtime for the test")
}

/// Whether a Docker answers, or else why not.
fn answers() -> &'static Result<(), String> {
    static ANSWERS: OnceLock<Result<(), String>> = OnceLock::new();
    ANSWERS.get_or_init(|| {
        let docker = runtime().block_on(Engine::connect());
        docker
            .map(drop)
            .map_err(|error| format!("{error}: {}", error.source))
    })
}

fn required() -> bool {
    std::env::var_os("LAB_REQUIRE_DOCKER").is_some_and(|value| value == "1")
}

/// What a test said when it panicked.
pub fn said(error: tokio::task::JoinError) -> Failed {
    let panic = error.into_panic();
    let words = panic.downcast_ref::<String>().cloned();
    let words = words.or_else(|| {
        panic
            .downcast_ref::<&str>()
            .map(|words| (*words).to_owned())
    });
    Failed::from(words.unwrap_or_else(|| "the test panicked".to_owned()))
}
