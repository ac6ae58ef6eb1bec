//! `lab heal`: undoes faults, whoever injected them.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use replication_lab::action::OneOrMany;
use replication_lab::action::heal::Heal;
use replication_lab::action::thaw::Thaw;
use replication_lab::engine::ContainerState;
use replication_lab::engine::Engine;
use replication_lab::exit::Exit;
use replication_lab::lab::Lab;
use replication_lab::name::{LabName, NodeName};
use replication_lab::verify;

use super::Context;
use super::arguments;
use super::fault::{act, done};
use super::output::Output;

/// How long undoing what a killed proof left may wait for a server.
const PATIENCE: Duration = Duration::from_secs(10);

const AFTER_HELP: &str = "\
Examples:
  lab heal physical-sync                     undo all network faults, thaw all nodes
  lab heal fan-out replica_1                 undo the faults of that node
  lab heal fan-out primary --to replica_1    undo the faults between the two, in both directions

Healing without a fault is not an error. Faults of a killed run are undone too, and so is what \
a killed `lab verify` left.";

/// Undo faults: heal the network, free disks, thaw nodes.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct HealCommand {
    /// The lab's name. Default: the only lab that exists.
    name: LabName,
    /// The nodes, or `all`. Default: all nodes.
    #[arg(value_name = "NODE")]
    nodes: Vec<NodeName>,
    /// Only undo the faults between NODES and these nodes.
    #[arg(long, num_args = 1.., value_name = "NODE", requires = "nodes")]
    to: Vec<NodeName>,
    /// The output format.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

impl HealCommand {
    pub(super) async fn run(mut self, context: &Context) -> Result<Exit> {
        // Steps accept `all` too. No node can have this name.
        if self.to.is_empty() {
            self.nodes.retain(|node| node.as_str() != "all");
        }
        let lab = arguments::find(Engine::connect().await?, &self.name).await?;
        for node in self.nodes.iter().chain(&self.to) {
            lab.container(node.as_str())?;
        }
        let mut seen = verify::undo_killed(&lab, PATIENCE, &context.cancel).await?;
        let lab = if seen.is_empty() {
            lab
        } else {
            arguments::find(lab.engine, &self.name).await?
        };
        let frozen = frozen(&lab, &self.nodes);
        // With `--to` only links are healed.
        if self.to.is_empty() && !frozen.is_empty() {
            let names: Vec<&str> = frozen.iter().map(NodeName::as_str).collect();
            seen.push(format!("{} thawed", names.join(", ")));
            act(&lab, Thaw(OneOrMany(frozen)).into(), context).await?;
        }
        let all = || NodeName::new("all").map(|all| vec![all]);
        let heal = Heal {
            from: OneOrMany(if self.nodes.is_empty() {
                all()?
            } else {
                self.nodes
            }),
            to: Some(OneOrMany(self.to)).filter(|to| !to.0.is_empty()),
        };
        seen.push(act(&lab, heal.into(), context).await?);
        done(&lab, seen.join("; "), self.output, context).await
    }
}

/// The frozen nodes among those named. Default: among all.
fn frozen(lab: &Lab, named: &[NodeName]) -> Vec<NodeName> {
    let is_frozen = |state: ContainerState| state == ContainerState::Paused;
    lab.nodes()
        .filter(|(_, found)| found.is_some_and(|found| is_frozen(found.state)))
        .map(|(node, _)| node.name.clone())
        .filter(|node| named.is_empty() || named.contains(node))
        .collect()
}
