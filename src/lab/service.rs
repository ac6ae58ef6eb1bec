//! A service's container: created, started, and waited for until it answers.

mod http;

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::engine::{
    Container, ContainerSpec, ContainerState, Engine, EngineError, Limits, Mount, Publish, Volume,
};
use crate::failure::Failure;
use crate::image::Found;
use crate::plan::{Plan, PlannedService};
use crate::scenario::services::ServiceName;
use crate::wait::{Probe, WaitError, wait_for};

use super::error::{LabError, Late};
use super::labels::{self, Claim};
use super::node::LOG_TAIL;
use super::{HOST, claim};

/// The script that the container runs.
const START: &str = include_str!("../../images/pgadmin/start.sh");
const SERVE: &str = include_str!("../../images/pgadmin/serve.py");

/// The port that pgAdmin listens on. One below 1024 would need a capability.
const PORT: u16 = 8080;

/// The directory of pgAdmin's own data, in the official image and in ours.
const HOME: &str = "/var/lib/pgadmin";

/// The user of pgAdmin in the official image and in ours. It is a number, because only some engines look names up.
const USER: &str = "5050";

/// A service whose container runs.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) name: ServiceName,
    id: String,
    pub(super) address: Ipv4Addr,
    port: u16,
}

/// The URL of a service.
#[must_use]
pub fn url(port: u16) -> String {
    format!("http://{HOST}:{port}/")
}

/// Creates the service's volume and container, and starts it.
pub(super) async fn start(
    engine: &Engine,
    (plan, claim): (&Plan, &Claim),
    service: &PlannedService,
    found: &Found,
    address: Option<Ipv4Addr>,
) -> Result<Started, LabError> {
    let spec = spec((plan, claim), service, found, address);
    let volume = Volume {
        name: spec.name.clone(),
        labels: spec.labels.clone(),
    };
    let volume = engine.create_volume(&volume).await?;
    if let Some(by) = claim::other_holder(claim, &volume) {
        let lab = plan.lab.clone();
        return Err(LabError::Taken { lab, by });
    }
    let id = engine.create_container(&spec).await?;
    engine.start_container(&id).await?;
    match engine.find_container(&id).await? {
        Some(Container {
            address: Some(address),
            port: Some(port),
            ..
        }) => Ok(Started {
            name: service.name,
            id,
            address,
            port,
        }),
        _ => Err(failed(
            engine,
            service.name,
            &id,
            "its container ended at once".to_owned(),
        )
        .await),
    }
}

fn spec(
    (plan, claim): (&Plan, &Claim),
    service: &PlannedService,
    found: &Found,
    address: Option<Ipv4Addr>,
) -> ContainerSpec {
    let ServiceName::Pgadmin = service.name;
    let name = labels::service_object(&plan.lab, service.name);
    let labels = labels::of_service(claim, service.name);
    let mut command: Vec<String> = ["sh", "-c", START, "lab-pgadmin"].map(str::to_owned).into();
    command.extend([
        PORT.to_string(),
        plan.pgadmin_servers().to_string(),
        SERVE.to_owned(),
    ]);
    ContainerSpec {
        hostname: service.name.to_string(),
        image: found.reference.clone(),
        user: USER.to_owned(),
        command,
        env: Vec::new(),
        network: Some(labels::network_object(claim)),
        address,
        publish: Some(Publish {
            port: PORT,
            host_port: service.port,
        }),
        // The official image declares a volume there. Without ours, Docker would create one that nobody finds.
        mounts: vec![Mount {
            volume: name.clone(),
            target: HOME.to_owned(),
            read_only: false,
            labels: labels.clone(),
        }],
        limits: Limits::default(),
        shm_bytes: 64 << 20,
        labels,
        power: None,
        stdin: false,
        name,
    }
}

/// Waits until the service answers, and returns its URL.
pub(super) async fn answers(
    engine: &Engine,
    started: &Started,
    within: Duration,
    cancel: &CancellationToken,
) -> Result<String, LabError> {
    let waited = wait_for(within, cancel, || async {
        if let Err(seen) = ask(started.port).await {
            // A container that has ended will not answer.
            let found = engine.find_container(&started.id).await?;
            return match found {
                Some(found) if found.state == ContainerState::Running => {
                    Ok(Probe::NotYet(seen.to_string()))
                }
                _ => Ok(Probe::Ready(false)),
            };
        }
        Ok::<_, EngineError>(Probe::Ready(true))
    });
    let seen = match waited.await {
        Ok(true) => return Ok(url(started.port)),
        Ok(false) => "its container ended".to_owned(),
        Err(WaitError::Interrupted) => return Err(LabError::Interrupted),
        Err(WaitError::Failed(error)) => return Err(error.into()),
        Err(error @ WaitError::Limit { .. }) => error.to_string(),
    };
    Err(failed(engine, started.name, &started.id, seen).await)
}

/// Checks that pgAdmin answers at a port of the host.
pub(super) async fn ask(port: u16) -> Result<(), Failure> {
    match http::get(HOST, port, "/misc/ping").await {
        Ok((200, body)) if body == "PING" => Ok(()),
        Ok((status, _)) => Err(format!("it answers with status {status}").into()),
        Err(error) => Err(crate::text::chain(&error).into()),
    }
}

async fn failed(engine: &Engine, service: ServiceName, id: &str, seen: String) -> LabError {
    let log = engine.logs(id, Some(LOG_TAIL)).await.unwrap_or_default();
    LabError::Service {
        service,
        seen: Late(seen),
        log: log.lines().map(str::to_owned).collect(),
    }
}
