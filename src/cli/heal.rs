//! `lab heal`: the end of faults, whoever made them.

use anyhow::Result;
use clap::Args;
use replication_lab::action::OneOrMany;
use replication_lab::action::heal::Heal as Healing;
use replication_lab::action::thaw::Thaw;
use replication_lab::engine::ContainerState;
use replication_lab::engine::Engine;
use replication_lab::exit::Exit;
use replication_lab::lab::Lab;
use replication_lab::name::{LabName, NodeName};

use super::Context;
use super::fault::{act, done};
use super::output::Output;

const AFTER_HELP: &str = "\
Examples:
  lab heal physical-sync                     every link is whole again, and no node frozen
  lab heal fan-out replica_1                 every link of that node
  lab heal fan-out primary --to replica_1    what is between the two, both ways

What is whole stays so: healing twice is no error. Faults of a run that was killed are healed too.";

/// Makes links whole again and lets frozen nodes go on.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Heal {
    /// The lab's name.
    name: LabName,
    /// The nodes. All of them where none is named, or `all`.
    #[arg(value_name = "NODE")]
    nodes: Vec<NodeName>,
    /// Only what is between NODES and these.
    #[arg(long, num_args = 1.., value_name = "NODE", requires = "nodes")]
    to: Vec<NodeName>,
    /// How what was done is written.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

impl Heal {
    pub(super) async fn run(mut self, context: &Context) -> Result<Exit> {
        // As a step has it. No node can be called so.
        if self.to.is_empty() {
            self.nodes.retain(|node| node.as_str() != "all");
        }
        let lab = Lab::find(Engine::connect().await?, &self.name).await?;
        for node in self.nodes.iter().chain(&self.to) {
            lab.container(node.as_str())?;
        }
        let frozen = frozen(&lab, &self.nodes);
        let mut seen = Vec::new();
        // A link has no processes that could be frozen.
        if self.to.is_empty() && !frozen.is_empty() {
            let names: Vec<&str> = frozen.iter().map(NodeName::as_str).collect();
            seen.push(format!("{} goes on", names.join(", ")));
            act(&lab, Thaw(OneOrMany(frozen)).into(), context).await?;
        }
        let all = || NodeName::new("all").map(|all| vec![all]);
        let healing = Healing {
            from: OneOrMany(if self.nodes.is_empty() {
                all()?
            } else {
                self.nodes
            }),
            to: Some(OneOrMany(self.to)).filter(|to| !to.0.is_empty()),
        };
        seen.push(act(&lab, healing.into(), context).await?);
        done(&lab, seen.join("; "), self.output, context).await
    }
}

/// The frozen ones of some nodes, or of all where none is named.
fn frozen(lab: &Lab, named: &[NodeName]) -> Vec<NodeName> {
    let is_frozen = |state: ContainerState| state == ContainerState::Paused;
    lab.nodes()
        .filter(|(_, found)| found.is_some_and(|found| is_frozen(found.state)))
        .map(|(node, _)| node.name.clone())
        .filter(|node| named.is_empty() || named.contains(node))
        .collect()
}
