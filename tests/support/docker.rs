//! Tests of the engine on a real Docker. Each has names of its own and leaves nothing.

use libtest_mimic::{Failed, Trial};
use replication_lab::engine::{
    ContainerSpec, Engine, EngineError, LAB_LABEL, Labels, Limits, NetworkSpec, Selector, Volume,
};
use replication_lab::event::Silent;
use replication_lab::image;
use replication_lab::scenario::PostgresVersion;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::ready;

/// A real Docker, and names on it that are one test's own.
#[derive(Clone)]
pub struct Bench {
    pub docker: Engine,
    /// The image that its containers run.
    pub image: &'static str,
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
            image: self.image.to_owned(),
            user: "postgres".to_owned(),
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            env: Vec::new(),
            network: None,
            address: None,
            publish: None,
            mounts: Vec::new(),
            limits: Limits::default(),
            shm_bytes: 64 << 20,
            labels: self.labels(),
            stdin: true,
            power: None,
        }
    }

    /// Removes what the test made; the answer is what would not go.
    async fn sweep(&self) -> Result<(), EngineError> {
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
    ready::needs_docker(name, move || {
        // A connection belongs to the runtime that made it.
        ready::runtime().block_on(async {
            let docker = Engine::connect().await?;
            let bench = Bench {
                image: image(&docker).await?,
                docker,
                prefix: format!("labtest-{}-{}", std::process::id(), name.replace('_', "-")),
            };
            let outcome = ready::outcome(test(bench.clone())).await;
            let swept = bench.sweep().await;
            outcome?;
            swept.map_err(Failed::from)
        })
    })
}

/// An image to run: the one that labs run on. Where it is not there yet it is made, once.
async fn image(docker: &Engine) -> Result<&'static str, Failed> {
    static IMAGE: OnceCell<String> = OnceCell::const_new();
    let find = async || {
        let never = CancellationToken::new();
        let found = image::ensure(docker, &PostgresVersion::Major(17), &Silent, &never).await;
        found.map(|found| found.reference)
    };
    let found = IMAGE.get_or_try_init(find).await;
    Ok(found?.as_str())
}
