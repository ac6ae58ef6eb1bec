//! The addresses that a lab got, and the `pg_hba.conf` that follows from them.

use std::time::Duration;

use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

use crate::engine::{Engine, Selector};
use crate::plan::{Plan, PlannedNode};
use crate::postgres::client::{Doing as _, SqlError, literal};
use crate::postgres::command::PGDATA;
use crate::postgres::hba::{self, Addresses};
use crate::wait::{Probe, wait_for};

use super::error::{ClusterError, Late};
use super::{HOST, client, labels};

/// Asks the engine for the addresses of a lab's network and nodes.
///
/// # Errors
/// What the engine says; [`ClusterError::HalfMade`] where the network is gone.
pub async fn addresses<E: Engine>(engine: &E, plan: &Plan) -> Result<Addresses, ClusterError> {
    let which = Selector::lab(&plan.lab);
    let (networks, containers) =
        tokio::try_join!(engine.networks(Some(&which)), engine.containers(&which))?;
    let gateway = networks
        .iter()
        .find_map(|network| network.gateway)
        .ok_or_else(|| ClusterError::HalfMade {
            lab: plan.lab.clone(),
            missing: "its network is gone".to_owned(),
        })?;
    let nodes = plan.nodes.iter().filter_map(|node| {
        let found = containers.iter().find(|found| {
            found
                .labels
                .get(labels::NODE_LABEL)
                .is_some_and(|name| name == node.name.as_str())
        })?;
        Some((node.name.clone(), found.address?))
    });
    Ok(Addresses {
        gateway,
        nodes: nodes.collect(),
    })
}

/// Writes a node's `pg_hba.conf` and has the server read it.
///
/// The server writes the file itself, which needs no program in the container and works on a standby too. Returns when
/// a *new* connection has read it: the postmaster reads the file some time after it was told to, and hands what it
/// read to the connections that it accepts from then on.
///
/// # Errors
/// The server's words, or that it did not read the file in time.
pub async fn write_hba(
    client: &Client,
    port: u16,
    node: &PlannedNode,
    addresses: &Addresses,
    cancel: &CancellationToken,
) -> Result<(), ClusterError> {
    let act = || format!("writing pg_hba.conf on `{}`", node.name);
    let text = hba::render(&node.name, &node.hba, addresses);
    let lines: Vec<String> = text.lines().map(literal).collect();
    let path = literal(&format!("{PGDATA}/pg_hba.conf"));
    let copy = format!("COPY (SELECT unnest(ARRAY[{}])) TO {path}", lines.join(","));
    client.batch_execute(&copy).await.doing(act)?;
    let reload = "SELECT clock_timestamp()::text, pg_reload_conf()";
    let told: String = client.query_one(reload, &[]).await.doing(act)?.get(0);
    let read = wait_for(Duration::from_secs(10), cancel, || async {
        let fresh = client::connect(HOST, port, crate::postgres::MAINTENANCE_DATABASE).await;
        let fresh = fresh.map_err(|source| SqlError { act: act(), source })?;
        let loaded = "SELECT pg_conf_load_time() >= $1::text::timestamptz";
        let loaded: bool = fresh.query_one(loaded, &[&told]).await.doing(act)?.get(0);
        Ok::<_, SqlError>(if loaded {
            Probe::Ready(())
        } else {
            Probe::NotYet("the server has not read it yet".to_owned())
        })
    });
    read.await.map_err(|error| match error {
        crate::wait::WaitError::Interrupted => ClusterError::Interrupted,
        crate::wait::WaitError::Failed(error) => error.into(),
        error @ crate::wait::WaitError::Limit { .. } => ClusterError::Late {
            act: act(),
            seen: Late(error.to_string()),
            log: Vec::new(),
        },
    })
}
