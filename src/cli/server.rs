//! `lab promote`, `follow`, `rewind`, `reclone`, `stop`, `start` and `restart`: what steps do with servers, by hand.

use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};
use replication_lab::action::follow::Follow;
use replication_lab::action::promote::Promote as Promotion;
use replication_lab::action::reclone::Reclone as Recloning;
use replication_lab::action::restart::Restart as Restarting;
use replication_lab::action::rewind::Rewind as Rewinding;
use replication_lab::action::start::Start as Starting;
use replication_lab::action::stop::{Stop, StopMode};
use replication_lab::action::upstream::Upstream;
use replication_lab::action::{Action, OneOrMany, Step};
use replication_lab::exit::Exit;
use replication_lab::name::{NodeName, SlotName};
use replication_lab::run::by_hand;
use replication_lab::text::duration;

use super::Context;
use super::arguments::{self, LabArgument};
use super::failure::Misuse;
use super::output::{self, Output, say};

/// Which lab, and how what was seen is told.
#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    lab: LabArgument,
    /// How long it may take.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = arguments::duration)]
    within: Duration,
    /// How it is written.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

/// Makes a standby a primary, and waits until it takes writes.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  lab promote physical-sync replica\n\nIts old primary is left as it is: stop it first, or both take writes."
)]
pub(super) struct Promote {
    #[command(flatten)]
    common: Common,
    /// The standby.
    #[arg(value_name = "NODE")]
    node: NodeName,
}

/// Starts stopped nodes and waits until each takes connections.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lab start physical-sync primary\n  lab start cascade relay leaf"
)]
pub(super) struct Start {
    #[command(flatten)]
    common: Common,
    /// The nodes.
    #[arg(value_name = "NODE", required = true)]
    nodes: Vec<NodeName>,
}

/// Which nodes stop, and how.
#[derive(Debug, Args)]
struct How {
    /// The nodes.
    #[arg(value_name = "NODE", required = true)]
    nodes: Vec<NodeName>,
    /// How the server shuts down.
    #[arg(long, value_enum, default_value_t = Mode::Fast)]
    mode: Mode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// It waits until every client has left.
    Smart,
    /// It ends all connections and writes a checkpoint.
    Fast,
    /// It stops as after a crash, and recovers when it starts again.
    Immediate,
}

/// Stops nodes.
#[derive(Debug, Args)]
#[command(name = "stop")]
#[command(
    after_help = "Examples:\n  lab stop physical-sync primary\n  lab stop physical-sync primary --mode immediate"
)]
pub(super) struct StopNodes {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    how: How,
}

/// Stops nodes and starts them again.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lab restart physical-sync replica\n  lab restart cascade relay leaf --mode smart"
)]
pub(super) struct Restart {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    how: How,
}

/// A node, and the node that it is to stream from.
#[derive(Debug, Args)]
struct Onto {
    /// The node that becomes a standby.
    #[arg(value_name = "NODE")]
    node: NodeName,
    /// The node that it streams from.
    #[arg(value_name = "UPSTREAM")]
    upstream: NodeName,
    /// The slot on the upstream that it streams through, made there if it is not there yet.
    #[arg(long, value_name = "NAME")]
    slot: Option<SlotName>,
}

/// Makes a node stream from another one, with the data that it has.
#[derive(Debug, Args)]
#[command(
    name = "follow",
    after_help = "Example:\n  lab follow switchover primary replica --slot primary_slot\n\nA node that has gone another way is refused by its upstream: `lab rewind` or `lab reclone` it."
)]
pub(super) struct FollowNode {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    onto: Onto,
}

/// Makes a stopped node that has gone another way a standby again, with `pg_rewind`. What it alone had is gone.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  lab promote physical-async replica\n  lab stop physical-async primary\n  lab rewind physical-async primary replica"
)]
pub(super) struct Rewind {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    onto: Onto,
}

/// Throws a node's data away and begins again with a base backup of its upstream.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  lab reclone physical-async primary replica --slot old_primary")]
pub(super) struct Reclone {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    onto: Onto,
}

impl TryFrom<Onto> for Upstream {
    type Error = Misuse;

    fn try_from(onto: Onto) -> Result<Self, Misuse> {
        if onto.node == onto.upstream {
            return Err(Misuse {
                message: format!("`{}` cannot stream from itself", onto.node),
                hint: Some("name the node, and then the one that it is to stream from".to_owned()),
            });
        }
        Ok(Self {
            node: onto.node,
            upstream: onto.upstream,
            slot: onto.slot,
        })
    }
}

impl FollowNode {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let follow = Follow(self.onto.try_into()?);
        self.common.run(context, follow).await
    }
}

impl Rewind {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let rewind = Rewinding(self.onto.try_into()?);
        self.common.run(context, rewind).await
    }
}

impl Reclone {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let reclone = Recloning(self.onto.try_into()?);
        self.common.run(context, reclone).await
    }
}

impl Promote {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        self.common.run(context, Promotion(self.node)).await
    }
}

impl Start {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let start = Starting(OneOrMany(self.nodes));
        self.common.run(context, start).await
    }
}

impl StopNodes {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let (node, mode) = self.how.split();
        self.common.run(context, Stop { node, mode }).await
    }
}

impl Restart {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let (node, mode) = self.how.split();
        self.common.run(context, Restarting { node, mode }).await
    }
}

impl How {
    fn split(self) -> (OneOrMany<NodeName>, StopMode) {
        let mode = match self.mode {
            Mode::Smart => StopMode::Smart,
            Mode::Fast => StopMode::Fast,
            Mode::Immediate => StopMode::Immediate,
        };
        (OneOrMany(self.nodes), mode)
    }
}

impl Common {
    async fn run(self, context: &Context, action: impl Into<Action>) -> Result<Exit> {
        let lab = self.lab.find().await?;
        let action = action.into();
        for (_, node) in action.nodes() {
            lab.container(node.as_str())?;
        }
        let step = Step::of(action);
        let doing = by_hand::one(&lab, &step, self.within, &context.cancel);
        let done = Box::pin(doing).await;
        let outcome = match done {
            Err(error) if error.is_interrupt() => {
                say(&format!("interrupted; `{}` is still there", self.lab.name));
                return Ok(Exit::Interrupted);
            }
            done => done?,
        };
        match self.output {
            Output::Json => output::json(&outcome)?,
            Output::Table if outcome.passed => {
                let took = duration(Duration::from_secs_f64(outcome.took_ms / 1000.0));
                if !context.quiet {
                    say(&format!("{}: {} ({took})", outcome.what, outcome.seen));
                }
            }
            Output::Table => say(&format!("error: {}: {}", outcome.what, outcome.seen)),
        }
        Ok(if outcome.passed {
            Exit::Done
        } else {
            Exit::CheckFailed
        })
    }
}
