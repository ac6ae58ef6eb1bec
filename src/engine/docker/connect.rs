//! Finds Docker and negotiates the API version. Owns the meaning of `DOCKER_HOST` and the default sockets.

use std::path::PathBuf;
use std::time::Duration;

use bollard::errors::Error;

use super::{CALL, Docker, error};
use crate::engine::{EngineCause, EngineError, EngineErrorKind, EngineInfo};

/// How long Docker may take to tell its version. A daemon on this host answers in milliseconds; ssh needs longer.
const HELLO: Duration = Duration::from_secs(15);

/// The oldest supported API, that of Docker 20.10.
const OLDEST: (usize, usize) = (1, 41);

impl Docker {
    /// Connects to Docker at `DOCKER_HOST` and negotiates the API version. Default: the socket on this host.
    ///
    /// # Errors
    /// [`EngineErrorKind::BadAddress`] when `DOCKER_HOST` is not an address, [`EngineErrorKind::PermissionDenied`] when this user
    /// may not open the socket, [`EngineErrorKind::Unreachable`] when nothing answers within 15 s.
    pub async fn connect() -> Result<Self, EngineError> {
        Self::connect_to(&address()).await
    }

    /// Connects to Docker at an address in the form of `DOCKER_HOST`.
    ///
    /// # Errors
    /// The same as [`Docker::connect`].
    pub async fn connect_to(address: &str) -> Result<Self, EngineError> {
        let act = format!("connecting to Docker at `{address}`");
        check(address).map_err(|source| EngineError {
            act: act.clone(),
            kind: EngineErrorKind::BadAddress,
            source,
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
                    "it speaks API {}.{}; the oldest supported version is {}.{} (Docker 20.10)",
                    agreed.major_version, agreed.minor_version, OLDEST.0, OLDEST.1
                ),
            ));
        }
        Ok(Self { client })
    }
}

/// Something that cannot tell a version is not Docker. For the caller it is the same as if nothing answered.
fn not_docker(mut error: EngineError) -> EngineError {
    if matches!(
        error.kind,
        EngineErrorKind::Other | EngineErrorKind::NotFound
    ) {
        error.kind = EngineErrorKind::Unreachable;
    }
    error
}

/// Refuses addresses that bollard accepts and fails on later.
fn check(address: &str) -> Result<(), EngineCause> {
    let refused = |why: String| Err(EngineCause(why));
    let Some((scheme, rest)) = address.split_once("://") else {
        return refused(format!(
            "`{address}` does not start with unix://, tcp://, http://, https:// or ssh://"
        ));
    };
    match scheme {
        "unix" if !rest.starts_with('/') => {
            refused(format!("`{rest}` is not the absolute path of a socket"))
        }
        "tcp" | "http" | "https" | "ssh" => {
            let host = rest.rsplit('@').next().unwrap_or(rest);
            let host = host.split('/').next().unwrap_or(host);
            let (name, port) = match host.rsplit_once(':') {
                Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
                _ => (host, None),
            };
            if name.is_empty() || name.contains(char::is_whitespace) {
                return refused(format!("`{address}` names no host"));
            }
            match port {
                Some(port) if port.parse::<u16>().is_err() => {
                    refused(format!("`{port}` is not a port"))
                }
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// `DOCKER_HOST`, or else the first existing socket of Docker, rootless Docker and Docker Desktop.
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
        .call("asking Docker for its version", docker.client.info())
        .await?;
    let agreed = docker.client.client_version();
    Ok(EngineInfo {
        version: info.server_version.unwrap_or_default(),
        api: format!("{}.{}", agreed.major_version, agreed.minor_version),
        system: info.operating_system.unwrap_or_default(),
        root: info.docker_root_dir.unwrap_or_default(),
        id: info.id.unwrap_or_default(),
    })
}
