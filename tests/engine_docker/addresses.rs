//! Where Docker is looked for, and what is said when it is not there.

use std::time::{Duration, Instant};

use replication_lab::engine::EngineErrorKind;
use replication_lab::engine::docker::Docker;

pub async fn nobody() {
    for address in ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:9"] {
        let began = Instant::now();
        let error = Docker::connect_to(address)
            .await
            .expect_err("nobody is there");
        assert_eq!(error.kind, EngineErrorKind::Unreachable, "{error:?}");
        assert_eq!(
            error.to_string(),
            format!("connecting to Docker at `{address}`")
        );
        assert!(began.elapsed() < Duration::from_secs(5), "{address}");
    }
}

pub async fn no_address() {
    for address in [
        "banana",
        "ftp://host",
        "unix://relative",
        "tcp://host:banana",
        "tcp://",
    ] {
        let error = Docker::connect_to(address).await.expect_err("no address");
        assert_eq!(error.kind, EngineErrorKind::BadAddress, "{error:?}");
        assert!(error.to_string().contains(address), "{error}");
    }
}
