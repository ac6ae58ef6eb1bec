//! `lab fault`: injects faults by hand, with the code of the steps.

use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};
use replication_lab::action::corrupt::Corrupt;
use replication_lab::action::delay::Delay;
use replication_lab::action::fill::Fill;
use replication_lab::action::freeze::Freeze;
use replication_lab::action::isolate::Isolate;
use replication_lab::action::loss::Loss;
use replication_lab::action::partition::Partition;
use replication_lab::action::rate::Rate;
use replication_lab::action::{Action, Bandwidth, OneOrMany, Percent, Span, Step};
use replication_lab::engine::Engine;
use replication_lab::exit::Exit;
use replication_lab::failure::Failure;
use replication_lab::lab::Lab;
use replication_lab::lab::faults::LinkFault;
use replication_lab::name::{DatabaseName, LabName, NodeName, TableName};
use replication_lab::run::{self, by_hand};
use serde::Serialize;

use super::Context;
use super::arguments;
use super::failure::Misuse;
use super::output::{self, Output, say};

const AFTER_HELP: &str = "\
Examples:
  lab fault physical-sync partition primary replica     cut the link between the two
  lab fault fan-out partition primary --to replica_1 replica_2 --one-way
  lab fault cascade isolate relay                       cut off from all other nodes
  lab fault physical-sync freeze replica                freeze every process of the node
  lab fault delayed delay primary late 200ms --jitter 20ms
  lab fault delayed rate primary late 1Mbit
  lab fault failover-rewind corrupt replica employer    make a page unreadable; `lab reclone` repairs it
  lab heal physical-sync                                undo all faults

`lab status NAME` shows the active faults. A node keeps its faults when it is stopped and started.";

/// Break the network, fill a disk, corrupt a table, freeze nodes.
///
/// `lab heal` undoes all of them except corruption.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct FaultCommand {
    /// The lab's name. Default: the only lab that exists.
    name: LabName,
    #[command(subcommand)]
    what: FaultKind,
    /// The output format.
    #[arg(long, short, value_enum, global = true, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Debug, Subcommand)]
enum FaultKind {
    /// Cut nodes off from each other.
    #[command(
        after_help = "Examples:\n  lab fault physical-sync partition primary replica\n  lab fault fan-out partition primary --to replica_1 replica_2 --one-way"
    )]
    Partition {
        /// The nodes. Each is cut off from each other one, or with `--to` from the nodes there.
        #[arg(required = true)]
        nodes: Vec<NodeName>,
        /// The nodes on the other side.
        #[arg(long, num_args = 1.., value_name = "NODE")]
        to: Vec<NodeName>,
        /// Drop only what NODES send.
        #[arg(long, requires = "to")]
        one_way: bool,
    },
    /// Cut nodes off from all other nodes.
    #[command(after_help = "Example:\n  lab fault cascade isolate relay")]
    Isolate {
        /// The nodes.
        #[arg(required = true)]
        nodes: Vec<NodeName>,
    },
    /// Delay what one node sends to another.
    #[command(
        after_help = "Example:\n  lab fault delayed delay primary late 200ms --jitter 20ms\n\nThis needs the kernel module `sch_netem`."
    )]
    Delay {
        /// The sender.
        from: NodeName,
        /// The receiver.
        to: NodeName,
        /// The delay: `200ms`.
        #[arg(value_parser = arguments::duration)]
        time: Duration,
        /// The variation of the delay.
        #[arg(long, value_name = "TIME", value_parser = arguments::duration)]
        jitter: Option<Duration>,
    },
    /// Drop some of the packets that one node sends to another.
    #[command(
        after_help = "Example:\n  lab fault delayed loss primary late 10\n\nThis needs the kernel module `sch_netem`."
    )]
    Loss {
        /// The sender.
        from: NodeName,
        /// The receiver.
        to: NodeName,
        /// The share of dropped packets in percent.
        percent: Percent,
    },
    /// Limit the bandwidth from one node to another.
    #[command(after_help = "Example:\n  lab fault delayed rate primary late 1Mbit")]
    Rate {
        /// The sender.
        from: NodeName,
        /// The receiver.
        to: NodeName,
        /// The bandwidth a second: `1Mbit`, or in bytes `128kB`.
        rate: Bandwidth,
    },
    /// Fill the data disk of nodes. The scenario must give each of them a `disk`.
    #[command(
        after_help = "Examples:\n  lab up physical-async --set nodes.primary.disk=512MB\n  lab fault physical-async fill primary"
    )]
    Fill {
        /// The nodes.
        #[arg(required = true)]
        nodes: Vec<NodeName>,
    },
    /// Make a page of a table unreadable, like a bad disk does. The server is stopped and started for this.
    #[command(
        after_help = "Example:\n  lab fault physical-sync corrupt replica employer\n\nA query that reads the page fails with \
                      SQLSTATE XX001. `lab heal` does not repair it; a copy from another node does: `lab reclone \
                      physical-sync replica primary`."
    )]
    Corrupt {
        /// The node.
        node: NodeName,
        /// The table, with its schema unless that is `public`.
        table: TableName,
        /// The number of the page, counted from 0.
        #[arg(long, default_value_t = 0)]
        block: u64,
        /// The table's database. Default: the lab's database.
        #[arg(long, value_name = "NAME")]
        database: Option<DatabaseName>,
    },
    /// Freeze every process of nodes.
    #[command(
        after_help = "Examples:\n  lab fault physical-sync freeze replica\n  lab heal physical-sync replica                        thaws it"
    )]
    Freeze {
        /// The nodes.
        #[arg(required = true)]
        nodes: Vec<NodeName>,
    },
}

/// What was done, and the faults of the network now.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    lab: String,
    seen: String,
    faults: Vec<LinkFault>,
}

impl FaultCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let lab = arguments::find(Engine::connect().await?, &self.name).await?;
        let step = self.what.step(&lab.plan.database)?;
        for node in step
            .action
            .nodes()
            .into_iter()
            .map(|(_, node)| node)
            .chain(&step.on)
        {
            lab.container(node.as_str())?;
        }
        let seen = carry_out(&lab, &step, context).await?;
        done(&lab, seen, self.output, context).await
    }
}

impl FaultKind {
    /// The fault as a step. Its default database is the lab's.
    fn step(self, lab: &DatabaseName) -> Result<Step> {
        let (on, database) = match &self {
            Self::Corrupt { node, database, .. } => (Some(node.clone()), database.clone()),
            _ => (None, None),
        };
        Ok(Step {
            on,
            database: Some(database.unwrap_or_else(|| lab.clone())),
            ..Step::of(self.action()?)
        })
    }

    fn action(self) -> Result<Action> {
        let one = |node| OneOrMany(vec![node]);
        Ok(match self {
            Self::Partition { nodes, to, one_way } => {
                let partition = Partition {
                    from: OneOrMany(nodes),
                    to: Some(OneOrMany(to)).filter(|to| !to.0.is_empty()),
                    one_way,
                };
                if partition.links().is_empty() {
                    return Err(same_node());
                }
                partition.into()
            }
            Self::Isolate { nodes } => Isolate(OneOrMany(nodes)).into(),
            Self::Fill { nodes } => Fill(OneOrMany(nodes)).into(),
            Self::Corrupt { table, block, .. } => Corrupt { table, block }.into(),
            Self::Freeze { nodes } => Freeze(OneOrMany(nodes)).into(),
            Self::Delay { from, to, .. }
            | Self::Loss { from, to, .. }
            | Self::Rate { from, to, .. }
                if from == to =>
            {
                return Err(same_node());
            }
            Self::Delay {
                from,
                to,
                time,
                jitter,
            } => Delay {
                from: one(from),
                to: one(to),
                time: Span(time),
                jitter: jitter.map(Span),
            }
            .into(),
            Self::Loss { from, to, percent } => Loss {
                from: one(from),
                to: one(to),
                percent,
            }
            .into(),
            Self::Rate { from, to, rate } => Rate {
                from: one(from),
                to: one(to),
                rate,
            }
            .into(),
        })
    }
}

fn same_node() -> anyhow::Error {
    let message = "a link is between two different nodes".to_owned();
    let hint = Some("`isolate NODE` cuts a node off from all others".to_owned());
    Misuse { message, hint }.into()
}

/// Runs an action with the code that runs steps.
pub(super) async fn act(lab: &Lab, action: Action, context: &Context) -> Result<String> {
    carry_out(lab, &Step::of(action), context).await
}

async fn carry_out(lab: &Lab, step: &Step, context: &Context) -> Result<String> {
    let within = run::StepOptions::default().within;
    let doing = by_hand::one(lab, step, within, &context.cancel);
    let outcome = Box::pin(doing).await?;
    if outcome.passed {
        Ok(outcome.seen)
    } else {
        let seen = Failure::seen(outcome.seen);
        Err(Failure {
            hint: outcome.hint,
            ..seen
        }
        .into())
    }
}

/// Reports what was done, and the faults of the network now.
pub(super) async fn done(
    lab: &Lab,
    seen: String,
    output: Output,
    context: &Context,
) -> Result<Exit> {
    let name = lab.plan.lab.to_string();
    match output {
        Output::Json => {
            let faults = lab.faults().await?.links;
            output::json(&Done {
                lab: name,
                seen,
                faults,
            })?;
        }
        Output::Table if !context.quiet => say(&format!("{name}: {seen}")),
        Output::Table => {}
    }
    Ok(Exit::Done)
}
