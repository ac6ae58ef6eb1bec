//! Tests that need a real Docker: they are ignored without one, never passed over in silence, and leave nothing.

use std::future::Future;
use std::sync::OnceLock;

use libtest_mimic::{Completion, Failed, Trial};
use replication_lab::engine::docker::Docker;
use replication_lab::engine::{
    ContainerSpec, Engine, LAB_LABEL, Labels, NetworkSpec, Selector, Volume,
};
use tokio::runtime::{Builder, Runtime};

/// The image that the tests run. They build none: bringing up any lab does.
pub const IMAGE: &str = "lab-postgres:17";

/// A real Docker, and names on it that are one test's own.
#[derive(Clone)]
pub struct Bench {
    pub docker: Docker,
    prefix: String,
}

impl Bench {
    /// A name that no other test uses.
    pub fn name(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    /// The label by which everything is removed in the end.
    pub fn labels(&self) -> Labels {
        Labels::from([(LAB_LABEL.to_owned(), self.prefix.clone())])
    }

    pub fn everything(&self) -> Selector {
        Selector::LabelValue(LAB_LABEL.to_owned(), self.prefix.clone())
    }

    pub fn network(&self, name: &str) -> NetworkSpec {
        NetworkSpec {
            name: self.name(name),
            subnet: None,
            labels: self.labels(),
        }
    }

    pub fn volume(&self, name: &str) -> Volume {
        Volume {
            name: self.name(name),
            labels: self.labels(),
        }
    }

    /// A container that does what the shell is told, and nothing else.
    pub fn container(&self, name: &str, script: &str) -> ContainerSpec {
        ContainerSpec {
            name: self.name(name),
            hostname: name.to_owned(),
            image: IMAGE.to_owned(),
            user: "postgres".to_owned(),
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            env: Vec::new(),
            network: None,
            address: None,
            publish: None,
            mounts: Vec::new(),
            shm_bytes: 64 << 20,
            labels: self.labels(),
            stdin: true,
        }
    }

    /// Removes what the test made; the answer is what would not go.
    async fn sweep(&self) -> Result<(), replication_lab::engine::EngineError> {
        let which = self.everything();
        for container in self.docker.containers(&which).await? {
            self.docker.remove_container(&container.id).await?;
        }
        for network in self.docker.networks(Some(&which)).await? {
            self.docker.remove_network(&network.id).await?;
        }
        for volume in self.docker.volumes(&which).await? {
            self.docker.remove_volume(&volume.name).await?;
        }
        for image in self.docker.images(&which).await? {
            self.docker.remove_image(&image.id).await?;
        }
        Ok(())
    }
}

/// A test on a real Docker.
pub fn trial<F>(name: &'static str, test: impl FnOnce(Bench) -> F + Send + 'static) -> Trial
where
    F: Future<Output = ()> + Send + 'static,
{
    Trial::ignorable_test(name, move || {
        if let Err(reason) = ready() {
            return if required() {
                Err(Failed::from(reason.clone()))
            } else {
                Ok(Completion::ignored_with(reason))
            };
        }
        runtime().block_on(async {
            let bench = Bench {
                docker: Docker::connect().await?,
                prefix: format!("labtest-{}-{}", std::process::id(), name.replace('_', "-")),
            };
            // In a task of its own, so that what it made is removed also when it panics.
            let outcome = tokio::spawn(test(bench.clone())).await;
            let swept = bench.sweep().await;
            match outcome {
                Ok(()) => swept.map_err(Failed::from)?,
                Err(error) => return Err(said(error)),
            }
            Ok(Completion::Completed)
        })
    })
}

/// Whether a Docker with the image is there, or else why not.
fn ready() -> &'static Result<(), String> {
    static READY: OnceLock<Result<(), String>> = OnceLock::new();
    READY.get_or_init(|| {
        runtime().block_on(async {
            let docker = Docker::connect().await;
            let docker = docker.map_err(|error| format!("{error}: {}", error.source))?;
            let image = docker.find_image(IMAGE).await;
            match image.map_err(|error| format!("{error}: {}", error.source))? {
                Some(_) => Ok(()),
                None => Err(format!("there is no image `{IMAGE}`")),
            }
        })
    })
}

fn required() -> bool {
    std::env::var_os("LAB_REQUIRE_DOCKER").is_some_and(|value| value == "1")
}

fn runtime() -> Runtime {
    let runtime = Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime for the test")
}

/// What a test said when it panicked.
fn said(error: tokio::task::JoinError) -> Failed {
    let panic = error.into_panic();
    let words = panic.downcast_ref::<String>().cloned();
    let words = words.or_else(|| {
        panic
            .downcast_ref::<&str>()
            .map(|words| (*words).to_owned())
    });
    Failed::from(words.unwrap_or_else(|| "the test panicked".to_owned()))
}
