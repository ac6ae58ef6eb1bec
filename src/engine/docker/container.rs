//! Containers: making, finding, removing.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use bollard::models;
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
};
use futures_util::future::try_join_all;
use tokio_util::sync::CancellationToken;

use super::{Docker, error, label_filter, labels, shown};
use crate::engine::{
    Container, ContainerSpec, ContainerState, EngineError, EngineErrorKind, Mount, NetworkPower,
    Selector,
};
use crate::wait::{Probe, WaitError, wait_for};

/// How long the removal that somebody else began may take.
const REMOVAL: Duration = Duration::from_secs(60);

/// What `docker stop` gives PostgreSQL before it kills it: a fast shutdown writes a checkpoint.
const STOP_SECONDS: i64 = 30;

pub(super) async fn create(docker: &Docker, spec: &ContainerSpec) -> Result<String, EngineError> {
    let act = format!("creating the container `{}`", spec.name);
    let options = CreateContainerOptionsBuilder::default()
        .name(&spec.name)
        .build();
    let made = docker
        .call(
            &act,
            docker.client.create_container(Some(options), body(spec)),
        )
        .await?;
    for warning in &made.warnings {
        tracing::debug!("{act}: {warning}");
    }
    Ok(made.id)
}

fn shares(spec: &ContainerSpec) -> bool {
    matches!(spec.power, Some(NetworkPower::Of(_)))
}

/// What is asked of Docker for a container.
fn body(spec: &ContainerSpec) -> models::ContainerCreateBody {
    let (program, arguments) = match spec.command.split_first() {
        Some((program, arguments)) => (vec![program.clone()], arguments.to_vec()),
        None => (Vec::new(), Vec::new()),
    };
    models::ContainerCreateBody {
        // With the network it shares the host name.
        hostname: Some(spec.hostname.clone()).filter(|_| !shares(spec)),
        user: Some(spec.user.clone()),
        image: Some(spec.image.clone()),
        // An entrypoint of the image's would run before ours, so it is replaced rather than left alone.
        entrypoint: Some(program),
        cmd: Some(arguments),
        env: Some(spec.env.clone()),
        labels: Some(spec.labels.clone().into_iter().collect()),
        attach_stdin: Some(spec.stdin),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        open_stdin: Some(spec.stdin),
        stdin_once: Some(spec.stdin),
        exposed_ports: spec.publish.map(|publish| vec![tcp(publish.port)]),
        // PostgreSQL's fast shutdown; its answer to SIGTERM is to wait for every client to leave.
        stop_signal: Some("SIGINT".to_owned()),
        stop_timeout: Some(STOP_SECONDS),
        host_config: Some(host_config(spec)),
        networking_config: spec.network.as_ref().map(|network| {
            let endpoint = models::EndpointSettings {
                aliases: Some(vec![spec.hostname.clone()]),
                ipam_config: spec.address.map(|address| models::EndpointIpamConfig {
                    ipv4_address: Some(address.to_string()),
                    ..Default::default()
                }),
                ..Default::default()
            };
            models::NetworkingConfig {
                endpoints_config: Some(HashMap::from([(network.clone(), endpoint)])),
            }
        }),
        ..Default::default()
    }
}

fn host_config(spec: &ContainerSpec) -> models::HostConfig {
    models::HostConfig {
        cap_drop: Some(vec!["ALL".to_owned()]),
        cap_add: spec.power.as_ref().map(|_| vec!["NET_ADMIN".to_owned()]),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        init: Some(false),
        network_mode: Some(match &spec.power {
            Some(NetworkPower::Of(id)) => format!("container:{id}"),
            _ => spec.network.clone().unwrap_or_else(|| "none".to_owned()),
        }),
        port_bindings: spec.publish.map(|publish| {
            let binding = models::PortBinding {
                host_ip: Some(Ipv4Addr::LOCALHOST.to_string()),
                host_port: Some(
                    publish
                        .host_port
                        .map_or_else(String::new, |port| port.to_string()),
                ),
            };
            HashMap::from([(tcp(publish.port), Some(vec![binding]))])
        }),
        mounts: Some(spec.mounts.iter().map(mount).collect()),
        shm_size: i64::try_from(spec.shm_bytes).ok(),
        restart_policy: Some(models::RestartPolicy {
            name: Some(models::RestartPolicyNameEnum::NO),
            maximum_retry_count: None,
        }),
        ..Default::default()
    }
}

fn mount(mount: &Mount) -> models::Mount {
    models::Mount {
        target: Some(mount.target.clone()),
        source: Some(mount.volume.clone()),
        typ: Some(models::MountType::VOLUME),
        read_only: Some(mount.read_only),
        volume_options: Some(models::MountVolumeOptions {
            // A new volume takes the owner and mode of the image's directory, which is how PostgreSQL, not being
            // root, comes to own it.
            no_copy: Some(false),
            labels: Some(mount.labels.clone().into_iter().collect()),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn tcp(port: u16) -> String {
    format!("{port}/tcp")
}

pub(super) async fn remove(docker: &Docker, id: &str) -> Result<(), EngineError> {
    let act = format!("removing the container `{}`", shown(id));
    // A frozen process cannot die on cgroup v1. Thawing one that is not frozen is refused, which is the usual case
    // and costs less than asking.
    let _ = docker.client.unpause_container(id).await;
    let options = RemoveContainerOptionsBuilder::default()
        .force(true)
        .v(true)
        .build();
    let removal = docker.client.remove_container(id, Some(options));
    match docker.call(&act, removal).await {
        Ok(()) => Ok(()),
        Err(error) if error.kind == EngineErrorKind::NotFound => Ok(()),
        Err(error)
            if error.kind == EngineErrorKind::Conflict
                && error.source.0.contains("already in progress") =>
        {
            gone(docker, id, act).await
        }
        Err(error) => Err(error),
    }
}

/// Waits until a container is gone that somebody else is removing.
async fn gone(docker: &Docker, id: &str, act: String) -> Result<(), EngineError> {
    let never = CancellationToken::new();
    let waited = wait_for(REMOVAL, &never, || async {
        Ok::<_, EngineError>(match find(docker, id).await? {
            None => Probe::Ready(()),
            Some(container) => Probe::NotYet(format!("it is still {:?}", container.state)),
        })
    });
    match waited.await {
        Ok(()) => Ok(()),
        Err(WaitError::Failed(error)) => Err(error),
        Err(error) => Err(error::other(&act, error.to_string())),
    }
}

pub(super) async fn find(docker: &Docker, id: &str) -> Result<Option<Container>, EngineError> {
    let act = format!("looking at the container `{}`", shown(id));
    match docker
        .call(&act, docker.client.inspect_container(id, None))
        .await
    {
        Ok(inspected) => Ok(Some(inspected_container(inspected))),
        Err(error) if error.kind == EngineErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) async fn list(docker: &Docker, which: &Selector) -> Result<Vec<Container>, EngineError> {
    let options = ListContainersOptionsBuilder::default()
        .all(true)
        .filters(&label_filter(which))
        .build();
    let listed = docker
        .call(
            "listing containers",
            docker.client.list_containers(Some(options)),
        )
        .await?;
    let containers = try_join_all(listed.into_iter().map(|summary| async {
        let container = listed_container(summary);
        match container.state {
            // Docker's list tells everything but how a container ended.
            ContainerState::Exited | ContainerState::Dead => find(docker, &container.id).await,
            _ => Ok(Some(container)),
        }
    }))
    .await?;
    Ok(containers.into_iter().flatten().collect())
}

fn listed_container(summary: models::ContainerSummary) -> Container {
    use models::ContainerSummaryStateEnum as Is;
    let name = summary.names.unwrap_or_default().into_iter().next();
    let ports = summary.ports.unwrap_or_default();
    let networks = summary
        .network_settings
        .and_then(|settings| settings.networks);
    Container {
        id: summary.id.unwrap_or_default(),
        name: bare(&name.unwrap_or_default()),
        state: match summary.state {
            Some(Is::RUNNING | Is::STOPPING) => ContainerState::Running,
            Some(Is::PAUSED) => ContainerState::Paused,
            Some(Is::RESTARTING) => ContainerState::Restarting,
            Some(Is::EXITED) => ContainerState::Exited,
            Some(Is::DEAD | Is::REMOVING) => ContainerState::Dead,
            Some(Is::CREATED | Is::EMPTY) | None => ContainerState::Created,
        },
        exit_code: None,
        image: summary.image.unwrap_or_default(),
        address: address(networks),
        port: ports.into_iter().find_map(|port| port.public_port),
        labels: labels(summary.labels),
    }
}

fn inspected_container(inspected: models::ContainerInspectResponse) -> Container {
    use models::ContainerStateStatusEnum as Is;
    let config = inspected.config.unwrap_or_default();
    let settings = inspected.network_settings.unwrap_or_default();
    let found = inspected.state.unwrap_or_default();
    let state = match found.status {
        Some(Is::RUNNING | Is::STOPPING) => ContainerState::Running,
        Some(Is::PAUSED) => ContainerState::Paused,
        Some(Is::RESTARTING) => ContainerState::Restarting,
        Some(Is::EXITED) => ContainerState::Exited,
        Some(Is::DEAD | Is::REMOVING) => ContainerState::Dead,
        Some(Is::CREATED | Is::EMPTY) | None => ContainerState::Created,
    };
    let ended = matches!(state, ContainerState::Exited | ContainerState::Dead);
    Container {
        id: inspected.id.unwrap_or_default(),
        name: bare(&inspected.name.unwrap_or_default()),
        state,
        exit_code: found.exit_code.filter(|_| ended),
        image: config.image.unwrap_or_default(),
        address: address(settings.networks),
        port: settings.ports.and_then(published),
        labels: labels(config.labels),
    }
}

/// A container's name without the `/` that Docker puts before it.
fn bare(name: &str) -> String {
    name.trim_start_matches('/').to_owned()
}

fn address(networks: Option<HashMap<String, models::EndpointSettings>>) -> Option<Ipv4Addr> {
    let mut networks: Vec<_> = networks?.into_iter().collect();
    networks.sort_by(|one, other| one.0.cmp(&other.0));
    networks.into_iter().find_map(|(_, endpoint)| {
        let has = endpoint.ip_address.and_then(|address| address.parse().ok());
        let asked = endpoint.ipam_config.and_then(|asked| asked.ipv4_address);
        has.or_else(|| asked?.parse().ok())
    })
}

fn published(ports: models::PortMap) -> Option<u16> {
    ports
        .into_values()
        .flatten()
        .flatten()
        .find_map(|binding| binding.host_port?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Labels;

    fn spec() -> ContainerSpec {
        ContainerSpec {
            name: "lab-a-primary".to_owned(),
            hostname: "primary".to_owned(),
            image: "postgres:17".to_owned(),
            user: "postgres".to_owned(),
            command: ["sh", "-c", "true"].map(str::to_owned).to_vec(),
            env: Vec::new(),
            network: Some("lab-a".to_owned()),
            address: Some([172, 18, 0, 9].into()),
            publish: Some(crate::engine::Publish::anywhere(5432)),
            mounts: Vec::new(),
            shm_bytes: 1 << 20,
            labels: Labels::new(),
            stdin: true,
            power: None,
        }
    }

    #[test]
    fn a_container_has_no_privileges_and_its_port_is_on_this_host_alone() {
        let host = body(&spec()).host_config.expect("a host's part");
        assert_eq!(host.cap_drop, Some(vec!["ALL".to_owned()]));
        assert_eq!(
            host.security_opt,
            Some(vec!["no-new-privileges".to_owned()])
        );
        assert_eq!((host.privileged, host.cap_add), (None, None));
        let ports = host.port_bindings.expect("a port");
        let bindings = ports["5432/tcp"].clone().expect("a binding");
        assert_eq!(bindings.len(), 1);
        assert_eq!(bindings[0].host_ip.as_deref(), Some("127.0.0.1"));
        assert_eq!(bindings[0].host_port.as_deref(), Some(""));
    }

    #[test]
    fn who_changes_a_node_s_network_is_in_it_and_has_one_capability() {
        let spec = ContainerSpec {
            network: None,
            power: Some(NetworkPower::Of("5d".to_owned())),
            ..spec()
        };
        let body = body(&spec);
        assert_eq!((body.hostname, body.networking_config), (None, None));
        let host = body.host_config.expect("a host's part");
        assert_eq!(host.network_mode.as_deref(), Some("container:5d"));
        assert_eq!(host.cap_drop, Some(vec!["ALL".to_owned()]));
        assert_eq!(host.cap_add, Some(vec!["NET_ADMIN".to_owned()]));
    }

    #[test]
    fn a_volume_that_is_made_with_its_container_gets_its_labels() {
        let mount = Mount {
            volume: "lab-template".to_owned(),
            target: "/lab/template".to_owned(),
            read_only: false,
            labels: Labels::from([("template".to_owned(), "sha256:1".to_owned())]),
        };
        let spec = ContainerSpec {
            mounts: vec![mount],
            ..spec()
        };
        let host = body(&spec).host_config.expect("a host's part");
        let mounts = host.mounts.expect("mounts");
        let options = mounts[0].volume_options.clone().expect("options");
        let labels = options.labels.expect("labels");
        assert_eq!(labels.get("template").map(String::as_str), Some("sha256:1"));
    }

    #[test]
    fn the_image_s_entrypoint_does_not_run() {
        let body = body(&spec());
        assert_eq!(body.entrypoint, Some(vec!["sh".to_owned()]));
        assert_eq!(body.cmd, Some(vec!["-c".to_owned(), "true".to_owned()]));
    }

    #[test]
    fn a_container_asks_for_its_address_and_goes_by_its_host_name() {
        let networks = body(&spec()).networking_config.expect("a network");
        let endpoints = networks.endpoints_config.expect("an endpoint");
        let endpoint = &endpoints["lab-a"];
        assert_eq!(endpoint.aliases, Some(vec!["primary".to_owned()]));
        let asked = endpoint
            .ipam_config
            .clone()
            .and_then(|ipam| ipam.ipv4_address);
        assert_eq!(asked.as_deref(), Some("172.18.0.9"));
    }
}
