//! Finding Docker and agreeing on a version. Owns `DOCKER_HOST` and what is tried without it.

use std::path::PathBuf;
use std::time::Duration;

use bollard::errors::Error;

use super::{CALL, Docker, error};
use crate::engine::{EngineCause, EngineError, EngineErrorKind, EngineInfo};

/// How long Docker may take to say which version it is. A daemon on this host answers in milliseconds; the rest is
/// for one behind ssh.
const HELLO: Duration = Duration::from_secs(15);

/// The oldest API that is enough: that of Docker 20.10.
const OLDEST: (usize, usize) = (1, 41);

impl Docker {
    /// Connects to the Docker that `DOCKER_HOST` names, or to the one on this host, and agrees on an API version.
    ///
    /// # Errors
    /// [`EngineErrorKind::BadAddress`] when `DOCKER_HOST` is no address, [`EngineErrorKind::PermissionDenied`] when
    /// the socket may not be opened, [`EngineErrorKind::Unreachable`] when nobody answers within seconds.
    pub async fn connect() -> Result<Self, EngineError> {
        Self::connect_to(&address()).await
    }

    /// Connects to the Docker at an address as `DOCKER_HOST` would have it.
    ///
    /// # Errors
    /// As [`Docker::connect`].
    pub async fn connect_to(address: &str) -> Result<Self, EngineError> {
        let act = format!("connecting to Docker at `{address}`");
        check(address).map_err(|rule| EngineError {
            act: act.clone(),
            kind: EngineErrorKind::BadAddress,
            source: EngineCause(rule),
        })?;
        let client = bollard::Docker::connect_with_host(address)
            .map_err(|cause| error::explain(&act, &cause))?;
        let docker = Self {
            client: client.with_timeout(CALL),
        };
        let hello = async {
            match tokio::time::timeout(HELLO, docker.client.clone().negotiate_version()).await {
                Ok(answer) => answer,
                Err(_) => Err(Error::RequestTimeoutError),
            }
        };
        let client = docker.call(&act, hello).await.map_err(not_docker)?;
        let agreed = client.client_version();
        if (agreed.major_version, agreed.minor_version) < OLDEST {
            return Err(error::other(
                &act,
                format!(
                    "it speaks API {}.{}, and {}.{} (Docker 20.10) is the oldest that will do",
                    agreed.major_version, agreed.minor_version, OLDEST.0, OLDEST.1
                ),
            ));
        }
        Ok(Self { client })
    }
}

/// Who does not even say a version is not the engine: for the caller that is as if nobody were there.
fn not_docker(mut error: EngineError) -> EngineError {
    if matches!(
        error.kind,
        EngineErrorKind::Other | EngineErrorKind::NotFound
    ) {
        error.kind = EngineErrorKind::Unreachable;
    }
    error
}

/// What bollard would take for an address and then stumble over.
fn check(address: &str) -> Result<(), String> {
    let (scheme, rest) = address.split_once("://").ok_or_else(|| {
        format!("`{address}` does not start with unix://, tcp://, http://, https:// or ssh://")
    })?;
    match scheme {
        "unix" if !rest.starts_with('/') => {
            Err(format!("`{rest}` is not the absolute path of a socket"))
        }
        "tcp" | "http" | "https" | "ssh" => {
            let host = rest.rsplit('@').next().unwrap_or(rest);
            let host = host.split('/').next().unwrap_or(host);
            let (name, port) = match host.rsplit_once(':') {
                Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
                _ => (host, None),
            };
            if name.is_empty() || name.contains(char::is_whitespace) {
                return Err(format!("`{address}` names no host"));
            }
            match port {
                Some(port) if port.parse::<u16>().is_err() => {
                    Err(format!("`{port}` is not a port"))
                }
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// `DOCKER_HOST`, or else the first socket that exists where Docker, rootless Docker and Docker Desktop put it.
fn address() -> String {
    let set = |key: &str| std::env::var(key).ok().filter(|value| !value.is_empty());
    set("DOCKER_HOST").unwrap_or_else(|| {
        let usual = PathBuf::from("/var/run/docker.sock");
        let rootless = set("XDG_RUNTIME_DIR").map(|dir| PathBuf::from(dir).join("docker.sock"));
        let desktop = set("HOME").map(|dir| PathBuf::from(dir).join(".docker/run/docker.sock"));
        let socket = [Some(usual.clone()), rootless, desktop]
            .into_iter()
            .flatten()
            .find(|path| path.exists())
            .unwrap_or(usual);
        format!("unix://{}", socket.display())
    })
}

pub(super) async fn info(docker: &Docker) -> Result<EngineInfo, EngineError> {
    let info = docker
        .call("asking Docker who it is", docker.client.info())
        .await?;
    let agreed = docker.client.client_version();
    Ok(EngineInfo {
        version: info.server_version.unwrap_or_default(),
        api: format!("{}.{}", agreed.major_version, agreed.minor_version),
        system: info.operating_system.unwrap_or_default(),
        root: info.docker_root_dir.unwrap_or_default(),
    })
}
