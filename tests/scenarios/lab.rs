//! A lab of a test's own: brought up by the program, interfered with by hand, gone in the end whatever happens.

use bollard::models::NetworkDisconnectRequest;
use libtest_mimic::{Failed, Trial};
use replication_lab::engine::{Engine, LAB_LABEL, Selector};
use serde_json::Value;
use tokio_postgres::{Client, NoTls};

use crate::binary::{self, Ran};
use crate::ready;

/// A lab's name, and two ways to Docker: the engine's, and one that can do what a person could.
#[derive(Clone)]
pub struct Lab {
    pub name: String,
    pub engine: Engine,
    pub docker: bollard::Docker,
}

/// A test with a lab's name of its own. Nothing of that name is left after it.
pub fn trial<F>(name: &str, short: &str, test: impl FnOnce(Lab) -> F + Send + 'static) -> Trial
where
    F: Future<Output = ()> + Send + 'static,
{
    let lab = format!("t{}-{short}", std::process::id());
    ready::needs_docker(name, move || {
        ready::runtime().block_on(async {
            let docker = bollard::Docker::connect_with_defaults()?;
            let lab = Lab {
                name: lab,
                engine: Engine::connect().await?,
                docker: docker.negotiate_version().await?,
            };
            let outcome = ready::outcome(test(lab.clone())).await;
            let swept = lab.sweep().await;
            outcome?;
            swept
        })
    })
}

impl Lab {
    /// Brings the lab up and returns the document that `up` prints.
    pub async fn up(&self, scenario: &str, more: &[&str]) -> Value {
        let mut arguments = vec!["up", scenario, "--name", &self.name, "--output", "json"];
        arguments.extend(more);
        binary::lab(&arguments).await.document(0)
    }

    /// Runs a verb on the lab, with `--output json`.
    pub async fn run(&self, verb: &str, more: &[&str]) -> Ran {
        let mut arguments = vec![verb, &self.name, "--output", "json"];
        arguments.extend(more);
        binary::lab(&arguments).await
    }

    /// The name of a node's container.
    pub fn container(&self, node: &str) -> String {
        format!("lab-{}-{node}", self.name)
    }

    /// Connects to a node's server, as it is reachable now.
    pub async fn connect(&self, node: &str) -> Client {
        let arguments = ["env", &self.name, node, "--output", "json"];
        let node = binary::lab(&arguments).await.document(0);
        connect(node["dsn"].as_str().expect("a connection string")).await
    }

    /// `docker stop`.
    pub async fn stop(&self, node: &str) {
        let container = self.container(node);
        let stopped = self.docker.stop_container(&container, None).await;
        stopped.expect("stopped");
    }

    /// `docker start`.
    pub async fn start(&self, node: &str) {
        let container = self.container(node);
        let started = self.docker.start_container(&container, None).await;
        started.expect("started");
    }

    /// `docker restart`.
    pub async fn restart(&self, node: &str) {
        let container = self.container(node);
        let restarted = self.docker.restart_container(&container, None).await;
        restarted.expect("restarted");
    }

    /// `docker network disconnect`.
    pub async fn disconnect(&self, node: &str) {
        let which = NetworkDisconnectRequest {
            container: self.container(node),
            force: None,
        };
        let own = Selector::LabelValue(LAB_LABEL.to_owned(), self.name.clone());
        let networks = self.engine.networks(Some(&own)).await.expect("a list");
        let done = self.docker.disconnect_network(&networks[0].id, which).await;
        done.expect("disconnected");
    }

    /// What Docker has with the lab's label.
    pub async fn left(&self) -> Vec<String> {
        let which = Selector::LabelValue(LAB_LABEL.to_owned(), self.name.clone());
        let containers = self.engine.containers(&which).await.expect("a list");
        let networks = self.engine.networks(Some(&which)).await.expect("a list");
        let volumes = self.engine.volumes(&which).await.expect("a list");
        let mut left: Vec<String> = containers.into_iter().map(|it| it.name).collect();
        left.extend(networks.into_iter().map(|it| it.name));
        left.extend(volumes.into_iter().map(|it| it.name));
        left
    }

    async fn sweep(&self) -> Result<(), Failed> {
        if self.left().await.is_empty() {
            return Ok(());
        }
        let down = binary::lab(&["down", &self.name]).await;
        match down.code {
            Some(0) => Ok(()),
            _ => Err(down.stderr.into()),
        }
    }
}

pub async fn connect(dsn: &str) -> Client {
    let connected = tokio_postgres::connect(dsn, NoTls).await;
    let (client, connection) = connected.expect("a connection");
    tokio::spawn(connection);
    client
}
