//! `lab list`: lists the catalogue and the existing labs.

use anyhow::Result;
use clap::Args;
use futures_util::{StreamExt as _, stream};
use replication_lab::engine::Engine;
use replication_lab::exit::Exit;
use replication_lab::lab::{self, Lab};
use replication_lab::name::{LabName, NodeName};
use replication_lab::report::table as tables;
use replication_lab::scenario::catalog;
use replication_lab::scenario::load::{Overrides, load};
use serde::Serialize;

use super::output::{self, Output, say};

/// List the catalogue and the existing labs.
#[derive(Debug, Args)]
pub(super) struct ListCommand {
    /// The output format.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Catalogue {
    catalogue: Vec<CatalogueEntry>,
    /// Missing if Docker does not answer.
    labs: Option<Vec<Existing>>,
}

#[derive(Debug, Serialize)]
struct CatalogueEntry {
    name: String,
    title: String,
    nodes: usize,
}

/// A lab that exists.
#[derive(Debug, Serialize)]
pub(super) struct Existing {
    name: String,
    scenario: Option<String>,
    /// `up`, `degraded` (a node is not running) or `incomplete` (its `up` has not ended).
    state: &'static str,
    nodes: usize,
    /// The current primaries.
    primaries: Vec<NodeName>,
}

impl Existing {
    /// Whether its `up` still runs or was killed.
    pub(super) fn is_incomplete(&self) -> bool {
        self.state == "incomplete"
    }
}

/// How many labs are asked at once.
const AT_ONCE: usize = 8;

/// Whether every server is asked what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// Docker is asked alone.
    Docker,
    /// The servers are asked too.
    Servers,
}

/// The existing labs, by name.
pub(super) async fn existing(docker: &Engine, ask: Ask) -> Result<Vec<Existing>> {
    let names = lab::running(docker).await?;
    let labs = stream::iter(names).map(|name| one(docker, name, ask));
    Ok(labs.buffered(AT_ONCE).collect().await)
}

async fn one(docker: &Engine, name: String, ask: Ask) -> Existing {
    let found = match LabName::new(name.clone()) {
        Ok(lab) => Lab::find(docker.clone(), &lab).await.ok(),
        Err(_) => None,
    };
    let Some(lab) = found else {
        return Existing {
            name,
            scenario: None,
            state: "incomplete",
            nodes: 0,
            primaries: Vec::new(),
        };
    };
    let primaries = match ask {
        Ask::Docker => Vec::new(),
        Ask::Servers => lab.topology().await.primaries().cloned().collect(),
    };
    Existing {
        name,
        scenario: Some(lab.plan.scenario.to_string()),
        state: match (lab.is_complete, lab.is_running()) {
            (true, true) => "up",
            (true, false) => "degraded",
            (false, _) => "incomplete",
        },
        nodes: lab.plan.nodes.len(),
        primaries,
    }
}

/// A table of the existing labs.
pub(super) fn table(labs: &[Existing]) -> String {
    if labs.is_empty() {
        return "no lab exists; `lab up physical-sync` starts one\n".to_owned();
    }
    let rows = labs.iter().map(|lab| {
        let scenario = lab.scenario.clone().unwrap_or_else(|| "-".to_owned());
        vec![
            lab.name.clone(),
            lab.state.to_owned(),
            lab.nodes.to_string(),
            primaries(&lab.primaries),
            scenario,
        ]
    });
    tables::rows(
        &["lab", "state", "nodes", "primary", "scenario"],
        rows,
        output::width(),
    )
}

/// The first names of a list that may be long.
fn primaries(nodes: &[NodeName]) -> String {
    let names: Vec<&str> = nodes.iter().take(3).map(NodeName::as_str).collect();
    match (names.is_empty(), nodes.len() > names.len()) {
        (true, _) => "-".to_owned(),
        (_, true) => format!("{}, …", names.join(", ")),
        (_, false) => names.join(", "),
    }
}

impl ListCommand {
    pub(super) async fn run(self) -> Result<Exit> {
        let mut entries = Vec::new();
        for lab in catalog::embedded() {
            let scenario = load(&lab.source(), &Overrides::default())?.scenario;
            let nodes = scenario.nodes.0.len();
            entries.push(CatalogueEntry {
                name: lab.name.to_owned(),
                title: scenario.title,
                nodes,
            });
        }
        let labs = match Engine::connect().await {
            Ok(docker) => Some(existing(&docker, Ask::Servers).await?),
            Err(error) => {
                say(&format!(
                    "warning: cannot list the existing labs: {}: {}",
                    error, error.source
                ));
                None
            }
        };
        let report = Catalogue {
            catalogue: entries,
            labs,
        };
        match self.output {
            Output::Json => output::json(&report)?,
            Output::Table => output::print(&text(&report))?,
        }
        Ok(Exit::Done)
    }
}

fn text(report: &Catalogue) -> String {
    let rows = report
        .catalogue
        .iter()
        .map(|lab| vec![lab.name.clone(), lab.nodes.to_string(), lab.title.clone()]);
    let catalogue = tables::rows(&["catalogue", "nodes", "shows"], rows, output::width());
    match &report.labs {
        Some(labs) => format!("{catalogue}\n{}", table(labs)),
        None => catalogue,
    }
}
