//! Translates Docker's errors. Owns their classification by status and message; never calls Docker.

use std::error::Error as _;
use std::io;

use bollard::errors::Error;

use crate::engine::{EngineCause, EngineError, EngineErrorKind};

/// Translates bollard's error.
pub(super) fn explain(act: &str, error: &Error) -> EngineError {
    EngineError {
        act: act.to_owned(),
        kind: kind(error),
        source: EngineCause(words(error)),
    }
}

/// An error that does not come from bollard.
pub(super) fn other(act: &str, cause: impl Into<String>) -> EngineError {
    EngineError {
        act: act.to_owned(),
        kind: EngineErrorKind::Other,
        source: EngineCause(cause.into()),
    }
}

fn kind(error: &Error) -> EngineErrorKind {
    match error {
        Error::DockerResponseServerError {
            status_code,
            message,
        } => classify(Some(*status_code), message),
        Error::DockerStreamError { error } => classify(None, error),
        Error::SocketNotFoundError(path) => match std::fs::metadata(path) {
            // A socket in a directory that may not be entered looks as if it did not exist.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                EngineErrorKind::PermissionDenied
            }
            _ => EngineErrorKind::Unreachable,
        },
        Error::UnsupportedURISchemeError { .. }
        | Error::URLParseError { .. }
        | Error::InvalidURIError { .. }
        | Error::InvalidURIPartsError { .. } => EngineErrorKind::BadAddress,
        Error::IOError { err } => of_io(err).unwrap_or(EngineErrorKind::Other),
        Error::HyperLegacyError { .. } | Error::HyperResponseError { .. } => {
            // Any other failure of the connection means that nothing answers there any more.
            io_below(error)
                .and_then(of_io)
                .unwrap_or(EngineErrorKind::Unreachable)
        }
        _ => EngineErrorKind::Other,
    }
}

fn of_io(error: &io::Error) -> Option<EngineErrorKind> {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Some(EngineErrorKind::PermissionDenied),
        io::ErrorKind::NotFound
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::TimedOut => Some(EngineErrorKind::Unreachable),
        _ => None,
    }
}

fn io_below<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a io::Error> {
    let mut below = Some(error);
    while let Some(error) = below {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io);
        }
        below = error.source();
    }
    None
}

/// Docker's own message, without the words that bollard puts around it.
fn words(error: &Error) -> String {
    match error {
        Error::DockerResponseServerError {
            status_code,
            message,
        } if message.trim().is_empty() => format!("status {status_code} without a message"),
        Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        Error::DockerStreamError { error } => error.trim().to_owned(),
        Error::SocketNotFoundError(path) => format!("there is no socket `{path}`"),
        Error::UnsupportedURISchemeError { uri } => {
            format!("`{uri}` does not start with unix://, tcp://, http://, https:// or ssh://")
        }
        Error::RequestTimeoutError => "Docker did not answer in time".to_owned(),
        error => innermost(error),
    }
}

/// The last error of the chain. It says what happened; the others only say where.
fn innermost(error: &Error) -> String {
    let mut said = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        said = error.to_string();
        below = error.source();
    }
    said
}

/// The kind of an error that Docker reports. The message decides before the status, because statuses changed between Docker's
/// versions and messages did not.
fn classify(status: Option<u16>, message: &str) -> EngineErrorKind {
    let message = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["no space left on device", "disk quota exceeded"]) {
        EngineErrorKind::NoSpace
    } else if says(&[
        "could not find an available, non-overlapping",
        "predefined address pools have been fully subnetted",
        "no available network",
        "no available ipv4 addresses",
    ]) {
        EngineErrorKind::AddressesExhausted
    } else if says(&["port is already allocated", "bind: address already in use"]) {
        EngineErrorKind::PortTaken
    } else if says(&["overlap"]) {
        EngineErrorKind::AddressOverlap
    } else if status == Some(404) {
        EngineErrorKind::NotFound
    } else if status == Some(409)
        || says(&[
            "already in use",
            "is already",
            "already exists",
            "has active endpoints",
            "is in use",
            "being used by",
            "is not running",
            "is not paused",
        ])
    {
        EngineErrorKind::Conflict
    } else if says(&["unable to freeze"]) {
        EngineErrorKind::Busy
    } else {
        EngineErrorKind::Other
    }
}

/// Reclassifies a failed pull: unless the disk or Docker itself failed, the registry did.
pub(super) fn blame_registry(mut error: EngineError) -> EngineError {
    if matches!(
        error.kind,
        EngineErrorKind::NotFound | EngineErrorKind::Conflict | EngineErrorKind::Other
    ) {
        error.kind = EngineErrorKind::Registry;
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(status_code: u16, message: &str) -> EngineError {
        explain(
            "trying",
            &Error::DockerResponseServerError {
                status_code,
                message: message.to_owned(),
            },
        )
    }

    #[test]
    fn docker_s_message_decides_the_kind() {
        use EngineErrorKind::{
            AddressOverlap, AddressesExhausted, Busy, Conflict, NoSpace, NotFound, Other, PortTaken,
        };
        for (status, message, kind) in [
            (404, "No such container: lab-a-primary", NotFound),
            (404, "network lab-a not found", NotFound),
            (
                409,
                "Conflict. The container name \"/lab-a\" is already in use by container \"5d\".",
                Conflict,
            ),
            (409, "network with name lab-a already exists", Conflict),
            (
                403,
                "error while removing network: network lab-a id 5d has active endpoints",
                Conflict,
            ),
            (403, "Address already in use", Conflict),
            (500, "Container 5d is not paused", Conflict),
            (
                500,
                "Cannot pause container 5d: OCI runtime pause failed: unable to freeze: unknown",
                Busy,
            ),
            (
                403,
                "Pool overlaps with other one on this address space",
                AddressOverlap,
            ),
            (
                403,
                "cannot create network 5d (br-5d): conflicts with network 6e (br-6e): networks have overlapping IPv4",
                AddressOverlap,
            ),
            (
                404,
                "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network",
                AddressesExhausted,
            ),
            (
                400,
                "all predefined address pools have been fully subnetted",
                AddressesExhausted,
            ),
            (
                403,
                "no available IPv4 addresses on this network's address pools: lab-a (5d)",
                AddressesExhausted,
            ),
            (
                500,
                "Error processing tar file(exit status 1): write /usr/x: no space left on device",
                NoSpace,
            ),
            (
                500,
                "driver failed programming external connectivity on endpoint lab-a-pgadmin (5d): \
                 Bind for 127.0.0.1:5050 failed: port is already allocated",
                PortTaken,
            ),
            (
                500,
                "driver failed programming external connectivity on endpoint lab-a-pgadmin (5d): \
                 Error starting userland proxy: listen tcp4 127.0.0.1:5050: bind: address already in use",
                PortTaken,
            ),
            (400, "invalid reference format", Other),
        ] {
            assert_eq!(server(status, message).kind, kind, "{message}");
        }
    }

    #[test]
    fn a_socket_that_may_not_be_opened_differs_from_one_where_nothing_listens() {
        let kind = |code: io::ErrorKind| kind(&Error::from(io::Error::from(code)));
        assert_eq!(
            kind(io::ErrorKind::PermissionDenied),
            EngineErrorKind::PermissionDenied
        );
        assert_eq!(
            kind(io::ErrorKind::ConnectionRefused),
            EngineErrorKind::Unreachable
        );
    }

    #[test]
    fn the_source_is_docker_s_message_only() {
        let error = server(404, "No such container: x\n");
        assert_eq!(error.to_string(), "trying");
        assert_eq!(error.source.to_string(), "No such container: x");
    }

    #[test]
    fn a_failed_pull_is_blamed_on_the_registry_unless_the_disk_is_full() {
        let missing = server(404, "manifest for postgres:99 not found: manifest unknown");
        assert_eq!(blame_registry(missing).kind, EngineErrorKind::Registry);
        let offline = server(
            500,
            "Get \"https://registry.example/v2/\": dial tcp: lookup registry.example: no such host",
        );
        assert_eq!(blame_registry(offline).kind, EngineErrorKind::Registry);
        let full = server(500, "write /x: no space left on device");
        assert_eq!(blame_registry(full).kind, EngineErrorKind::NoSpace);
    }
}
