//! Whether the host has room for what a plan asks for by number: ports and a subnet. Asked before anything is made; who takes
//! one of them later is told by the engine.

use std::io;
use std::net::TcpListener;

use crate::engine::{Engine, LAB_LABEL, Labels, Selector};
use crate::plan::Plan;

use super::HOST;
use super::error::LabError;
use super::labels;
use super::subnet::{self, Subnet};

/// Fails if a port or the subnet of a plan is taken.
///
/// # Errors
/// [`LabError::PortTaken`], [`LabError::SubnetTaken`], or the engine's error.
pub(super) async fn is_free(engine: &Engine, plan: &Plan) -> Result<(), LabError> {
    ports(engine, plan).await?;
    subnet(engine, plan).await
}

async fn ports(engine: &Engine, plan: &Plan) -> Result<(), LabError> {
    let nodes = plan.nodes.iter();
    let nodes = nodes.map(|node| ("nodes", node.name.to_string(), node.port));
    let services = plan.services.iter();
    let services = services.map(|it| ("services", it.name.to_string(), it.port));
    let wanted: Vec<(&str, String, u16)> = nodes
        .chain(services)
        .filter_map(|(kind, name, port)| Some((kind, name, port?)))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let running = engine.containers(&Selector::any_lab()).await?;
    for (kind, node, port) in wanted {
        let of_lab = running.iter().find(|found| found.port == Some(port));
        let by = match of_lab {
            Some(found) => Some(holder(&found.labels)),
            // Another machine's ports cannot be tried.
            None if engine.is_on_this_host() && is_bound(port) => {
                Some("another program".to_owned())
            }
            None => None,
        };
        if let Some(by) = by {
            let path = format!("{kind}.{node}.port");
            return Err(LabError::PortTaken {
                node,
                port,
                path,
                by,
            });
        }
    }
    Ok(())
}

/// The node and the lab of a container.
fn holder(labels: &Labels) -> String {
    let said = |label| labels.get(label).map_or("?", String::as_str);
    let node = labels
        .get(labels::NODE_LABEL)
        .or_else(|| labels.get(labels::SERVICE_LABEL));
    let node = node.map_or("?", String::as_str);
    format!("`{node}` of the lab `{}`", said(LAB_LABEL))
}

/// Whether a program of this host listens there.
fn is_bound(port: u16) -> bool {
    matches!(TcpListener::bind((HOST, port)), Err(error) if error.kind() == io::ErrorKind::AddrInUse)
}

async fn subnet(engine: &Engine, plan: &Plan) -> Result<(), LabError> {
    let Some(cidr) = &plan.subnet else {
        return Ok(());
    };
    let Some(wanted) = Subnet::parse(cidr) else {
        return Ok(());
    };
    let networks = engine.networks(None).await?;
    let network = networks.iter().find(|network| {
        let subnet = network.subnet.as_deref().and_then(Subnet::parse);
        subnet.is_some_and(|subnet| subnet.overlaps(wanted))
    });
    let by = match network {
        Some(network) => {
            let lab = network.labels.get(LAB_LABEL);
            Some(lab.map_or_else(
                || format!("the network `{}`", network.name),
                |lab| format!("the lab `{lab}`"),
            ))
        }
        None => subnet::of_this_host()
            .into_iter()
            .find(|route| route.overlaps(wanted))
            .map(|route| format!("this host's route to {route}")),
    };
    match by {
        Some(by) => Err(LabError::SubnetTaken {
            subnet: cidr.clone(),
            by,
        }),
        None => Ok(()),
    }
}
