//! `lab doctor`: what would fail on this machine, and how to mend it.

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

/// What would fail on this machine, and how to mend it.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// How it is written.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Finding {
    name: &'static str,
    /// `ok`, `note` (works all the same) or `FAIL`.
    state: &'static str,
    detail: String,
    hint: Option<String>,
}

impl Finding {
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

impl Doctor {
    pub(super) async fn run(self) -> Result<Exit> {
        let findings = examine().await;
        match self.output {
            Output::Json => output::json(&findings)?,
            Output::Table => {
                let rows = findings
                    .iter()
                    .map(|found| vec![found.state.into(), found.name.into(), found.detail.clone()]);
                output::print(&table::rows(&["", "what", "found"], rows))?;
                for finding in &findings {
                    if let Some(hint) = &finding.hint {
                        say(&format!("hint: {}: {hint}", finding.name));
                    }
                }
            }
        }
        let failed = findings.iter().any(|finding| finding.state == "FAIL");
        Ok(if failed {
            Exit::Environment
        } else {
            Exit::Done
        })
    }
}

async fn examine() -> Vec<Finding> {
    let mut findings = Vec::new();
    match Engine::connect().await {
        Err(error) => findings.push(Finding::fail("docker", &error)),
        Ok(docker) => match docker.info().await {
            Err(error) => findings.push(Finding::fail("docker", &error)),
            Ok(info) => {
                let detail = format!(
                    "version {}, API {}, on {}",
                    info.version, info.api, info.system
                );
                findings.push(Finding::ok("docker", detail));
                findings.push(images(&docker).await);
                findings.push(labs(&docker).await);
                findings.push(address(&docker).await);
            }
        },
    }
    findings.push(client());
    findings.push(builder());
    findings
}

async fn images(docker: &Engine) -> Finding {
    let mut here = match docker
        .images(&Selector::Label(IMAGE_LABEL.to_owned()))
        .await
    {
        Ok(images) => images
            .into_iter()
            .filter_map(|image| image.tags.first().cloned())
            .collect::<Vec<_>>(),
        Err(error) => return Finding::fail("images", &error),
    };
    for major in [15, 16, 17, 18] {
        let name = format!("postgres:{major}");
        if let Ok(Some(_)) = docker.find_image(&name).await {
            here.push(name);
        }
    }
    here.sort();
    if here.is_empty() {
        let hint = "`lab images --get 17` pulls or builds one; `lab up` does so by itself";
        return Finding::note("images", "none is here yet", hint);
    }
    Finding::ok("images", here.join(", "))
}

async fn labs(docker: &Engine) -> Finding {
    match running(docker).await {
        Ok(labs) if labs.is_empty() => Finding::ok("labs", "none"),
        Ok(_) => match list::existing(docker).await {
            Ok(labs) if labs.iter().any(list::Existing::is_incomplete) => Finding::note(
                "labs",
                "some are not complete",
                "`lab list` shows them, `lab gc` removes what was left",
            ),
            Ok(labs) => Finding::ok("labs", format!("{} up", labs.len())),
            Err(error) => Finding::note("labs", error.to_string(), "`lab list` shows more"),
        },
        Err(error) => Finding::note("labs", error.to_string(), "`lab list` shows more"),
    }
}

/// Ports are published on the loopback address of the engine's host: elsewhere they cannot be reached from here.
async fn address(docker: &Engine) -> Finding {
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    if host.starts_with("tcp://") && !host.contains("127.0.0.1") && !host.contains("localhost")
        || host.starts_with("ssh://")
    {
        let hint = "run lab on that host, or forward its ports";
        return Finding::note(
            "ports",
            "DOCKER_HOST is another host, whose loopback ports are out of reach",
            hint,
        );
    }
    match docker.networks(None).await {
        Ok(networks) => Finding::ok(
            "ports",
            format!("published on 127.0.0.1; {} networks exist", networks.len()),
        ),
        Err(error) => Finding::fail("networks", &error),
    }
}

fn client() -> Finding {
    if runs("docker") {
        Finding::ok(
            "docker client",
            "present: `lab psql` and `lab exec` pass the terminal on",
        )
    } else {
        let hint = "install Docker's client for interactive `lab psql` and `lab exec`";
        Finding::note(
            "docker client",
            "absent: `lab psql` and `lab exec` work without a terminal",
            hint,
        )
    }
}

fn builder() -> Finding {
    let debian = Path::new("/etc/debian_version").exists();
    if debian && runs("apt-get") && runs("dpkg-deb") && runs("perl") {
        Finding::ok(
            "image recipe",
            "this host can build images from its own packages where no registry answers",
        )
    } else {
        let hint = "`docker pull postgres:17` where there is a registry, `docker save` and `docker load` elsewhere";
        Finding::note(
            "image recipe",
            "images cannot be built here: it takes a Debian or Ubuntu host with apt and perl",
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
