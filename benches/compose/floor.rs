//! The engine's floor: the same network, volumes and containers through the engine's API, with PostgreSQL starting on data
//! directories that are ready, and nothing else. Nobody who makes a lab's containers can be faster.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use replication_lab::engine::{
    Container, ContainerSpec, ContainerState, Engine, Labels, Limits, Mount, NetworkSpec, Publish,
    Selector, Volume,
};
use replication_lab::image::{self, Found};
use replication_lab::server::client::{self, Door};
use replication_lab::wait::{Probe, wait_for};
use tokio_util::sync::CancellationToken;

use super::LIMIT;

/// What marks everything that is made here.
const LABEL: &str = "dev.replication-lab.bench";

/// As many as `lab` starts at once: more wait for each other inside the engine.
const AT_ONCE: usize = 3;

const PORT: u16 = 5432;

const DATA: &str = "/var/lib/postgresql/data/pgdata";

/// Makes a data directory that lets the host in.
const PREPARE: &str = "initdb --no-sync --auth=trust --username=postgres --pgdata=\"$0\" && \
     echo 'host all all all trust' >>\"$0/pg_hba.conf\" && echo \"listen_addresses = '*'\" >>\"$0/postgresql.conf\"";

/// As many servers as a case has nodes.
pub(crate) struct Floor {
    engine: Engine,
    name: String,
    found: Found,
    servers: usize,
}

impl Floor {
    pub(crate) fn new(engine: &Engine, name: &str, found: &Found, servers: usize) -> Self {
        Self {
            engine: engine.clone(),
            name: format!("{name}-floor"),
            found: found.clone(),
            servers,
        }
    }

    /// Makes the data directories, which no round pays for.
    pub(crate) async fn prepare(&self, cancel: &CancellationToken) -> Result<()> {
        for number in 0..self.servers {
            let script = ["sh", "-c", PREPARE, DATA];
            let spec = ContainerSpec {
                network: None,
                publish: None,
                ..self.spec(number, &script)
            };
            let id = self.engine.create_container(&spec).await?;
            self.engine.start_container(&id).await?;
            let ended = self.ended(&id, cancel).await?;
            ensure!(ended.exit_code == Some(0), "no data directory: {ended:?}");
            self.engine.remove_container(&id).await?;
        }
        Ok(())
    }

    /// From nothing to a connection to each server.
    pub(crate) async fn up(&self, cancel: &CancellationToken) -> Result<Duration> {
        let began = Instant::now();
        let network = NetworkSpec {
            name: self.name.clone(),
            subnet: None,
            labels: self.labels(),
        };
        self.engine.create_network(&network).await?;
        let each = (0..self.servers).map(|number| self.start(number));
        let started: Vec<String> = stream::iter(each)
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let each = started.iter().map(|id| self.answers(id, cancel));
        try_join_all(each).await?;
        Ok(began.elapsed())
    }

    async fn start(&self, number: usize) -> Result<String> {
        let volume = Volume {
            name: format!("{}-new-{number}", self.name),
            labels: self.labels(),
        };
        self.engine.create_volume(&volume).await?;
        let mut spec = self.spec(number, &["postgres", "-D", DATA]);
        spec.mounts.push(Mount {
            volume: volume.name,
            target: "/lab/new".to_owned(),
            read_only: false,
            labels: self.labels(),
        });
        let id = self.engine.create_container(&spec).await?;
        self.engine.start_container(&id).await?;
        Ok(id)
    }

    async fn answers(&self, id: &str, cancel: &CancellationToken) -> Result<()> {
        let found = self.engine.find_container(id).await?;
        let port = found.and_then(|found| found.port);
        let port = port.context("a server of the floor ended at once")?;
        wait_for(LIMIT, cancel, || async {
            let connected = client::connect(Door::trusted("127.0.0.1", port), "postgres").await;
            Ok::<_, std::convert::Infallible>(match connected {
                Ok(_) => Probe::Ready(()),
                Err(error) => Probe::NotYet(error.to_string()),
            })
        })
        .await?;
        Ok(())
    }

    /// Stops the servers in good order, so that the next start has nothing to recover, and keeps their data.
    pub(crate) async fn down(&self, cancel: &CancellationToken) -> Result<()> {
        let containers = self.engine.containers(&self.which()).await?;
        for found in &containers {
            self.engine.signal_container(&found.id, "SIGINT").await?;
        }
        for found in &containers {
            self.ended(&found.id, cancel).await?;
        }
        self.remove(|volume| volume.contains("-new-")).await
    }

    /// Removes everything, whatever state it is in.
    pub(crate) async fn forget(&self) -> Result<()> {
        self.remove(|_| true).await
    }

    async fn remove(&self, goes: impl Fn(&str) -> bool) -> Result<()> {
        for found in self.engine.containers(&self.which()).await? {
            self.engine.remove_container(&found.id).await?;
        }
        for found in self.engine.networks(Some(&self.which())).await? {
            self.engine.remove_network(&found.id).await?;
        }
        for found in self.engine.volumes(&self.which()).await? {
            if goes(&found.name) {
                self.engine.remove_volume(&found.name).await?;
            }
        }
        Ok(())
    }

    async fn ended(&self, id: &str, cancel: &CancellationToken) -> Result<Container> {
        let ended = wait_for(LIMIT, cancel, || async {
            let found = self.engine.find_container(id).await?;
            Ok::<_, replication_lab::engine::EngineError>(match found {
                Some(found) if found.state == ContainerState::Exited => Probe::Ready(found),
                _ => Probe::NotYet("it runs".to_owned()),
            })
        });
        Ok(ended.await?)
    }

    fn spec(&self, number: usize, command: &[&str]) -> ContainerSpec {
        let name = format!("{}-{number}", self.name);
        let major = self.found.major.unwrap_or_default();
        let data = image::data_mount(&self.found.image);
        ContainerSpec {
            hostname: format!("floor-{number}"),
            image: self.found.reference.clone(),
            user: "postgres".to_owned(),
            command: command.iter().map(|&word| word.to_owned()).collect(),
            env: vec![format!(
                "PATH=/usr/lib/postgresql/{major}/bin:/usr/local/bin:/usr/bin:/bin"
            )],
            network: Some(self.name.clone()),
            address: None,
            publish: Some(Publish::anywhere(PORT)),
            mounts: vec![Mount {
                volume: name.clone(),
                target: data.to_owned(),
                read_only: false,
                labels: self.labels(),
            }],
            limits: Limits::default(),
            shm_bytes: 256 << 20,
            labels: self.labels(),
            stdin: false,
            power: None,
            name,
        }
    }

    fn labels(&self) -> Labels {
        [(LABEL.to_owned(), self.name.clone())].into()
    }

    fn which(&self) -> Selector {
        Selector::LabelValue(LABEL.to_owned(), self.name.clone())
    }
}
