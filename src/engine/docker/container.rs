//! Creates, finds and removes containers.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use bollard::models;
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
};
use futures_util::future::try_join_all;
use tokio_util::sync::CancellationToken;

use super::{Docker, answer, error, label_filter, shown};
use crate::engine::{
    Container, ContainerSpec, ContainerState, EngineError, EngineErrorKind, Mount, NetworkPower,
    Selector,
};
use crate::wait::{Probe, WaitError, wait_for};

/// How long to wait for a removal that somebody else began.
const REMOVAL: Duration = Duration::from_secs(60);

/// How long `docker stop` waits before it kills PostgreSQL. A fast shutdown writes a checkpoint, which takes time.
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

/// Docker's form of a container's specification.
fn body(spec: &ContainerSpec) -> models::ContainerCreateBody {
    let (program, arguments) = match spec.command.split_first() {
        Some((program, arguments)) => (vec![program.clone()], arguments.to_vec()),
        None => (Vec::new(), Vec::new()),
    };
    models::ContainerCreateBody {
        // A container that shares a network namespace shares the host name too, and Docker refuses another one.
        hostname: Some(spec.hostname.clone()).filter(|_| !shares(spec)),
        user: Some(spec.user.clone()),
        image: Some(spec.image.clone()),
        // The image's entrypoint would run first, so it is replaced.
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
        // SIGINT is PostgreSQL's fast shutdown. On SIGTERM it waits until every client has left.
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
        memory: memory(spec),
        // As much as the memory: a node that swaps is slow for no reason that anybody sees.
        memory_swap: memory(spec),
        nano_cpus: spec.limits.cpus.map(nano_cpus),
        pids_limit: Some(spec.limits.pids.into()),
        restart_policy: Some(models::RestartPolicy {
            name: Some(models::RestartPolicyNameEnum::NO),
            maximum_retry_count: None,
        }),
        ..Default::default()
    }
}

fn memory(spec: &ContainerSpec) -> Option<i64> {
    i64::try_from(spec.limits.memory?).ok()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a scenario's processors are few"
)]
fn nano_cpus(cpus: f64) -> i64 {
    (cpus * 1e9).round() as i64
}

fn mount(mount: &Mount) -> models::Mount {
    models::Mount {
        target: Some(mount.target.clone()),
        source: Some(mount.volume.clone()),
        typ: Some(models::MountType::VOLUME),
        read_only: Some(mount.read_only),
        volume_options: Some(models::MountVolumeOptions {
            // A new volume copies owner and mode of the image's directory. This is how PostgreSQL, which is not root, gets
            // to own its data.
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
    let error = match try_to_remove(docker, &act, id).await {
        Err(error) => error,
        done => return done,
    };
    if error.kind == EngineErrorKind::Conflict && error.source.0.contains("already in progress") {
        return gone(docker, id, act).await;
    }
    // A frozen process may not die. A container that is not frozen is not thawed: the engine would call it an error.
    let found = find(docker, id).await?;
    match found.map(|container| container.state) {
        None => Ok(()),
        Some(ContainerState::Paused) => {
            docker.unpause_container(id).await?;
            try_to_remove(docker, &act, id).await
        }
        Some(_) => Err(error),
    }
}

async fn try_to_remove(docker: &Docker, act: &str, id: &str) -> Result<(), EngineError> {
    let options = RemoveContainerOptionsBuilder::default()
        .force(true)
        .v(true)
        .build();
    let removal = docker.client.remove_container(id, Some(options));
    match docker.call(act, removal).await {
        Err(error) if error.kind != EngineErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Waits until a container that somebody else removes is gone.
async fn gone(docker: &Docker, id: &str, act: String) -> Result<(), EngineError> {
    let never = CancellationToken::new();
    let waited = wait_for(REMOVAL, &never, || async {
        Ok::<_, EngineError>(match find(docker, id).await? {
            None => Probe::Ready(()),
            Some(container) => Probe::NotYet(format!("it is still {}", container.state.word())),
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
    let inspection = async { answer::json(docker.client.inspect_container(id, None).await) };
    match docker.call(&act, inspection).await {
        Ok(inspected) => Ok(Some(answer::inspected(&inspected))),
        Err(error) if error.kind == EngineErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) async fn list(docker: &Docker, which: &Selector) -> Result<Vec<Container>, EngineError> {
    let options = ListContainersOptionsBuilder::default()
        .all(true)
        .filters(&label_filter(which))
        .build();
    let listing = async { answer::json(docker.client.list_containers(Some(options)).await) };
    let listed = docker.call("listing containers", listing).await?;
    let summaries = listed.as_array().into_iter().flatten();
    let containers = try_join_all(summaries.map(|summary| async {
        let container = answer::listed(summary);
        match container.state {
            // The list tells everything except the exit code.
            ContainerState::Exited | ContainerState::Dead => find(docker, &container.id).await,
            _ => Ok(Some(container)),
        }
    }))
    .await?;
    Ok(containers.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Labels, Limits};

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
            limits: Limits::default(),
            shm_bytes: 1 << 20,
            labels: Labels::new(),
            stdin: true,
            power: None,
        }
    }

    #[test]
    fn a_container_has_no_privileges_and_its_port_is_published_on_localhost_only() {
        let host = body(&spec()).host_config.expect("a host configuration");
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
    fn a_container_has_its_limits_and_never_swaps() {
        let host = body(&spec()).host_config.expect("a host configuration");
        assert_eq!((host.memory, host.nano_cpus), (None, None));
        assert_eq!(host.pids_limit, Some(8192));
        let limits = Limits {
            memory: Some(512 << 20),
            cpus: Some(1.5),
            pids: 200,
        };
        let spec = ContainerSpec { limits, ..spec() };
        let host = body(&spec).host_config.expect("a host configuration");
        assert_eq!(host.memory, Some(512 << 20));
        assert_eq!(host.memory_swap, host.memory);
        assert_eq!(host.nano_cpus, Some(1_500_000_000));
        assert_eq!(host.pids_limit, Some(200));
    }

    #[test]
    fn a_container_with_power_over_a_node_s_network_shares_it_and_has_one_capability() {
        let spec = ContainerSpec {
            network: None,
            power: Some(NetworkPower::Of("5d".to_owned())),
            ..spec()
        };
        let body = body(&spec);
        assert_eq!((body.hostname, body.networking_config), (None, None));
        let host = body.host_config.expect("a host configuration");
        assert_eq!(host.network_mode.as_deref(), Some("container:5d"));
        assert_eq!(host.cap_drop, Some(vec!["ALL".to_owned()]));
        assert_eq!(host.cap_add, Some(vec!["NET_ADMIN".to_owned()]));
    }

    #[test]
    fn a_volume_created_by_a_mount_gets_the_mount_s_labels() {
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
        let host = body(&spec).host_config.expect("a host configuration");
        let mounts = host.mounts.expect("mounts");
        let options = mounts[0].volume_options.clone().expect("options");
        let labels = options.labels.expect("labels");
        assert_eq!(labels.get("template").map(String::as_str), Some("sha256:1"));
    }

    #[test]
    fn the_command_replaces_the_image_s_entrypoint() {
        let body = body(&spec());
        assert_eq!(body.entrypoint, Some(vec!["sh".to_owned()]));
        assert_eq!(body.cmd, Some(vec!["-c".to_owned(), "true".to_owned()]));
    }

    #[test]
    fn a_container_asks_for_its_address_and_is_found_by_its_host_name() {
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
