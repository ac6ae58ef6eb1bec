//! `lab doctor`: checks what would fail on this machine, and how to fix it.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;
use clap::Args;
use replication_lab::engine::Engine;
use replication_lab::engine::{EngineError, Selector};
use replication_lab::exit::Exit;
use replication_lab::failure::Explain as _;
use replication_lab::image::IMAGE_LABEL;
use replication_lab::lab::running;
use replication_lab::report::table;
use serde::Serialize;

use super::list;
use super::output::{self, Output, say};

/// Check what would fail on this machine, and how to fix it.
#[derive(Debug, Args)]
pub(super) struct DoctorCommand {
    /// The output format.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct HostCheck {
    name: &'static str,
    /// `ok`, `note` (`lab` works, with a limit) or `FAIL`.
    state: &'static str,
    detail: String,
    hint: Option<String>,
}

impl HostCheck {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            state: "ok",
            detail: detail.into(),
            hint: None,
        }
    }

    fn note(name: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            name,
            state: "note",
            detail: detail.into(),
            hint: Some(hint.into()),
        }
    }

    fn fail(name: &'static str, error: &EngineError) -> Self {
        let detail = format!("{error}: {}", error.source);
        Self {
            name,
            state: "FAIL",
            detail,
            hint: error.hint(),
        }
    }
}

impl DoctorCommand {
    pub(super) async fn run(self) -> Result<Exit> {
        let checks = examine().await;
        match self.output {
            Output::Json => output::json(&checks)?,
            Output::Table => {
                let rows = checks
                    .iter()
                    .map(|found| vec![found.state.into(), found.name.into(), found.detail.clone()]);
                output::print_results(&table::rows(
                    &["outcome", "what", "found"],
                    rows,
                    output::width(),
                ))?;
                for check in &checks {
                    if let Some(hint) = &check.hint {
                        say(&format!("hint: {}: {hint}", check.name));
                    }
                }
            }
        }
        let failed = checks.iter().any(|check| check.state == "FAIL");
        Ok(if failed {
            Exit::Environment
        } else {
            Exit::Done
        })
    }
}

async fn examine() -> Vec<HostCheck> {
    let mut checks = Vec::new();
    match Engine::connect().await {
        Err(error) => checks.push(HostCheck::fail("docker", &error)),
        Ok(docker) => match docker.info().await {
            Err(error) => checks.push(HostCheck::fail("docker", &error)),
            Ok(info) => {
                let detail = format!(
                    "version {}, API {}, on {}",
                    info.version, info.api, info.system
                );
                checks.push(HostCheck::ok("docker", detail));
                checks.push(images(&docker).await);
                checks.push(labs(&docker).await);
                checks.push(address(&docker).await);
            }
        },
    }
    checks.push(client());
    checks.push(builder());
    checks
}

async fn images(docker: &Engine) -> HostCheck {
    let mut here = match docker
        .images(&Selector::Label(IMAGE_LABEL.to_owned()))
        .await
    {
        Ok(images) => images
            .into_iter()
            .filter_map(|image| image.tags.first().cloned())
            .collect::<Vec<_>>(),
        Err(error) => return HostCheck::fail("images", &error),
    };
    for major in [15, 16, 17, 18] {
        let name = format!("postgres:{major}");
        if let Ok(Some(_)) = docker.find_image(&name).await {
            here.push(name);
        }
    }
    here.sort();
    if here.is_empty() {
        let hint = "`lab up` gets one when it needs it; `lab images --get 17` gets one now";
        return HostCheck::note("images", "none yet", hint);
    }
    HostCheck::ok("images", here.join(", "))
}

async fn labs(docker: &Engine) -> HostCheck {
    match running(docker).await {
        Ok(labs) if labs.is_empty() => HostCheck::ok("labs", "none"),
        Ok(_) => match list::existing(docker, list::Ask::Docker).await {
            Ok(labs) if labs.iter().any(list::Existing::is_incomplete) => HostCheck::note(
                "labs",
                "some are incomplete",
                "`lab list` shows them, `lab gc` removes what crashed labs left",
            ),
            Ok(labs) => HostCheck::ok("labs", format!("{} up", labs.len())),
            Err(error) => HostCheck::note("labs", error.to_string(), "`lab list` shows more"),
        },
        Err(error) => HostCheck::note("labs", error.to_string(), "`lab list` shows more"),
    }
}

/// Ports are published on the loopback address of the engine's host, so only programs on that host reach them.
async fn address(docker: &Engine) -> HostCheck {
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    if host.starts_with("tcp://") && !host.contains("127.0.0.1") && !host.contains("localhost")
        || host.starts_with("ssh://")
    {
        let hint = "run `lab` on that host, or forward its ports";
        return HostCheck::note(
            "ports",
            "DOCKER_HOST is another host, and its loopback ports cannot be reached from here",
            hint,
        );
    }
    match docker.networks(None).await {
        Ok(networks) => HostCheck::ok(
            "ports",
            format!("published on 127.0.0.1; {} networks exist", networks.len()),
        ),
        Err(error) => HostCheck::fail("networks", &error),
    }
}

fn client() -> HostCheck {
    if runs("docker") {
        HostCheck::ok(
            "docker client",
            "found: `lab psql` and `lab exec` have a terminal",
        )
    } else {
        let hint = "install Docker's client for interactive `lab psql` and `lab exec`";
        HostCheck::note(
            "docker client",
            "not found: `lab psql` and `lab exec` have no terminal",
            hint,
        )
    }
}

fn builder() -> HostCheck {
    let debian = Path::new("/etc/debian_version").exists();
    if debian && runs("apt-get") && runs("dpkg-deb") && runs("perl") {
        HostCheck::ok(
            "image recipe",
            "this host can build images from its own packages when no registry answers",
        )
    } else {
        let hint = "run `docker pull postgres:17` if a registry is reachable, otherwise bring the image with `docker save` and `docker load`";
        HostCheck::note(
            "image recipe",
            "images cannot be built here: that needs a Debian or Ubuntu host with apt and perl",
            hint,
        )
    }
}

fn runs(program: &str) -> bool {
    let version = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    version.is_ok_and(|status| status.success())
}
