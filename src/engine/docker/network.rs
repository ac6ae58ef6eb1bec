//! Creates, finds and removes bridge networks.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use bollard::models;
use bollard::query_parameters::ListNetworksOptionsBuilder;

use super::{Docker, label_filter, labels, shown};
use crate::engine::{
    Endpoint, EngineCause, EngineError, EngineErrorKind, Network, NetworkSpec, Selector,
};

/// The address that Docker gives to a subnet's gateway: the first host address.
fn first_address(subnet: &str) -> Option<Ipv4Addr> {
    let network: Ipv4Addr = subnet.split('/').next()?.parse().ok()?;
    u32::from(network).checked_add(1).map(Ipv4Addr::from)
}

pub(super) async fn create(docker: &Docker, spec: &NetworkSpec) -> Result<Network, EngineError> {
    let act = format!("creating the network `{}`", spec.name);
    let ipam = spec.subnet.as_ref().map(|subnet| models::Ipam {
        config: Some(vec![models::IpamConfig {
            subnet: Some(subnet.clone()),
            // For a subnet that was asked for, Docker only reports a gateway that was asked for too.
            gateway: first_address(subnet).map(|address| address.to_string()),
            ..Default::default()
        }]),
        ..Default::default()
    });
    let request = models::NetworkCreateRequest {
        name: spec.name.clone(),
        driver: Some("bridge".to_owned()),
        ipam,
        labels: Some(spec.labels.clone().into_iter().collect()),
        ..Default::default()
    };
    // Docker before version 25 accepts two networks of one name.
    if !named(docker, &spec.name).await?.is_empty() {
        return Err(EngineError {
            act,
            kind: EngineErrorKind::Conflict,
            source: EngineCause(format!("network with name {} already exists", spec.name)),
        });
    }
    let id = docker
        .call(&act, docker.client.create_network(request))
        .await?
        .id;
    let mut made = named(docker, &spec.name).await?.into_iter();
    let made = made.find(|network| network.id.as_ref() == Some(&id));
    made.map(translate).ok_or_else(|| EngineError {
        act,
        kind: EngineErrorKind::NotFound,
        source: EngineCause(format!(
            "network {} was removed at the same time",
            spec.name
        )),
    })
}

async fn named(docker: &Docker, name: &str) -> Result<Vec<models::Network>, EngineError> {
    let filters = HashMap::from([("name".to_owned(), vec![name.to_owned()])]);
    let options = ListNetworksOptionsBuilder::default()
        .filters(&filters)
        .build();
    let act = format!("looking at the network `{name}`");
    let mut found = docker
        .call(&act, docker.client.list_networks(Some(options)))
        .await?;
    // The filter also matches parts of names.
    found.retain(|network| network.name.as_deref() == Some(name));
    Ok(found)
}

pub(super) async fn list(
    docker: &Docker,
    which: Option<&Selector>,
) -> Result<Vec<Network>, EngineError> {
    let options = which.map(|which| {
        ListNetworksOptionsBuilder::default()
            .filters(&label_filter(which))
            .build()
    });
    let listed = docker
        .call("listing networks", docker.client.list_networks(options))
        .await?;
    Ok(listed.into_iter().map(translate).collect())
}

pub(super) async fn remove(docker: &Docker, id: &str) -> Result<(), EngineError> {
    let act = format!("removing the network `{}`", shown(id));
    match docker.call(&act, docker.client.remove_network(id)).await {
        Err(error) if error.kind != EngineErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

pub(super) async fn endpoints(docker: &Docker, id: &str) -> Result<Vec<Endpoint>, EngineError> {
    let act = format!("looking at the network `{}`", shown(id));
    let inspected = docker.call(&act, docker.client.inspect_network(id, None));
    let network = match inspected.await {
        Ok(network) => network,
        Err(error) if error.kind == EngineErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let containers = network.containers.unwrap_or_default().into_iter();
    Ok(containers
        .map(|(container, endpoint)| Endpoint {
            name: endpoint.name.unwrap_or_default(),
            container,
        })
        .collect())
}

pub(super) async fn disconnect(
    docker: &Docker,
    id: &str,
    endpoint: &str,
) -> Result<(), EngineError> {
    let act = format!(
        "disconnecting `{endpoint}` from the network `{}`",
        shown(id)
    );
    let which = models::NetworkDisconnectRequest {
        container: endpoint.to_owned(),
        // Docker looks for an endpoint of that name only if this is set.
        force: Some(true),
    };
    let done = docker.client.disconnect_network(id, which);
    match docker.call(&act, done).await {
        Err(error) if error.kind != EngineErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn translate(network: models::Network) -> Network {
    let pools = network.ipam.and_then(|ipam| ipam.config);
    let pool = pools.unwrap_or_default().into_iter().find(|pool| {
        pool.subnet
            .as_ref()
            .is_some_and(|subnet| !subnet.contains(':'))
    });
    let (subnet, gateway) = pool.map_or((None, None), |pool| (pool.subnet, pool.gateway));
    Network {
        id: network.id.unwrap_or_default(),
        name: network.name.unwrap_or_default(),
        subnet,
        gateway: gateway.and_then(|gateway| {
            // Some versions append the length of the prefix.
            gateway.split('/').next()?.parse().ok()
        }),
        labels: labels(network.labels),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subnet_is_that_of_the_ipv4_pool() {
        let pool = |subnet: &str, gateway: &str| models::IpamConfig {
            subnet: Some(subnet.to_owned()),
            gateway: Some(gateway.to_owned()),
            ..Default::default()
        };
        let translated = translate(models::Network {
            ipam: Some(models::Ipam {
                config: Some(vec![
                    pool("fd00::/64", "fd00::1"),
                    pool("172.18.0.0/16", "172.18.0.1/16"),
                ]),
                ..Default::default()
            }),
            ..Default::default()
        });
        assert_eq!(translated.subnet.as_deref(), Some("172.18.0.0/16"));
        assert_eq!(translated.gateway, Some([172, 18, 0, 1].into()));
    }
}
