//! `lab promote`, `follow`, `rewind`, `reclone`, `stop`, `start` and `restart`: actions on servers by hand, with the code of the
//! steps.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};
use replication_lab::action::follow::Follow;
use replication_lab::action::promote::Promote;
use replication_lab::action::reclone::Reclone;
use replication_lab::action::restart::Restart;
use replication_lab::action::rewind::Rewind;
use replication_lab::action::start::Start;
use replication_lab::action::stop::{Stop, StopMode};
use replication_lab::action::upstream::Upstream;
use replication_lab::action::{Action, OneOrMany, Step};
use replication_lab::event::Outcome;
use replication_lab::exit::Exit;
use replication_lab::name::{NodeName, SlotName};
use replication_lab::run::by_hand;
use replication_lab::text::duration;

use super::Context;
use super::arguments::{self, LabArgument};
use super::failure::Misuse;
use super::output::{self, Output, say};

/// The arguments that all of them have.
#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    lab: LabArgument,
    /// How long it may take.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = arguments::duration)]
    within: Duration,
    /// The output format.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
}

/// Promote a standby to primary and wait until it accepts writes.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  lab promote physical-sync replica\n\nThis does not touch the old primary: stop it first, or both accept writes."
)]
pub(super) struct PromoteCommand {
    #[command(flatten)]
    common: Common,
    /// The standby.
    #[arg(value_name = "NODE")]
    node: NodeName,
}

/// Start stopped nodes and wait until each accepts connections.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lab start physical-sync primary\n  lab start cascade relay leaf"
)]
pub(super) struct StartCommand {
    #[command(flatten)]
    common: Common,
    /// The nodes.
    #[arg(value_name = "NODE", required = true)]
    nodes: Vec<NodeName>,
}

/// The nodes to stop, and the shutdown mode.
#[derive(Debug, Args)]
struct StopArguments {
    /// The nodes.
    #[arg(value_name = "NODE", required = true)]
    nodes: Vec<NodeName>,
    /// PostgreSQL's shutdown mode.
    #[arg(long, value_enum, default_value_t = Mode::Fast)]
    mode: Mode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Wait until every client has disconnected.
    Smart,
    /// Close all connections and write a checkpoint.
    Fast,
    /// Stop at once, as in a crash. The server recovers when it starts again.
    Immediate,
}

/// Stop nodes.
#[derive(Debug, Args)]
#[command(name = "stop")]
#[command(
    after_help = "Examples:\n  lab stop physical-sync primary\n  lab stop physical-sync primary --mode immediate"
)]
pub(super) struct StopCommand {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    how: StopArguments,
}

/// Restart nodes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lab restart physical-sync replica\n  lab restart cascade relay leaf --mode smart"
)]
pub(super) struct RestartCommand {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    how: StopArguments,
}

/// A node and its new upstream.
#[derive(Debug, Args)]
struct UpstreamArguments {
    /// The node that becomes a standby.
    #[arg(value_name = "NODE")]
    node: NodeName,
    /// The node that it streams from.
    #[arg(value_name = "UPSTREAM")]
    upstream: NodeName,
    /// The replication slot on the upstream. It is created there if it does not exist.
    #[arg(long, value_name = "NAME")]
    slot: Option<SlotName>,
}

/// Make a node a standby of another node, with the data that it has.
#[derive(Debug, Args)]
#[command(
    name = "follow",
    after_help = "Example:\n  lab follow switchover primary replica --slot primary_slot\n\nThe upstream refuses a node whose history has diverged: use `lab rewind` or `lab reclone` instead."
)]
pub(super) struct FollowCommand {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    onto: UpstreamArguments,
}

/// Make an old primary a standby again with `pg_rewind`.
///
/// The node must be stopped. Changes that only this node had are lost.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  lab promote physical-async replica\n  lab stop physical-async primary\n  lab rewind physical-async primary replica"
)]
pub(super) struct RewindCommand {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    onto: UpstreamArguments,
}

/// Delete a node's data and rebuild it from a base backup.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  lab reclone physical-async primary replica --slot old_primary")]
pub(super) struct RecloneCommand {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    onto: UpstreamArguments,
}

impl TryFrom<UpstreamArguments> for Upstream {
    type Error = Misuse;

    fn try_from(onto: UpstreamArguments) -> Result<Self, Misuse> {
        if onto.node == onto.upstream {
            return Err(Misuse {
                message: format!("`{}` cannot stream from itself", onto.node),
                hint: Some("name the node first, then its upstream".to_owned()),
            });
        }
        Ok(Self {
            node: onto.node,
            upstream: onto.upstream,
            slot: onto.slot,
        })
    }
}

impl FollowCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let follow = Follow(self.onto.try_into()?);
        self.common.run(context, follow).await
    }
}

impl RewindCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let rewind = Rewind(self.onto.try_into()?);
        self.common.run(context, rewind).await
    }
}

impl RecloneCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let reclone = Reclone(self.onto.try_into()?);
        self.common.run(context, reclone).await
    }
}

impl PromoteCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        self.common.run(context, Promote(self.node)).await
    }
}

impl StartCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let start = Start(OneOrMany(self.nodes));
        self.common.run(context, start).await
    }
}

impl StopCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let (node, mode) = self.how.split();
        self.common.run(context, Stop { node, mode }).await
    }
}

impl RestartCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let (node, mode) = self.how.split();
        self.common.run(context, Restart { node, mode }).await
    }
}

impl StopArguments {
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
        let lab = self.lab.enter().await?;
        let action = action.into();
        for (_, node) in action.nodes() {
            lab.container(node.as_str())?;
        }
        let step = Step::of(action);
        let doing = by_hand::one(&lab, &step, self.within, &context.cancel);
        let done = Box::pin(doing).await;
        let outcome = match done {
            Err(error) if error.is_interrupt() => {
                say(&format!("interrupted; `{}` still exists", self.lab.name));
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
            Output::Table => say(&failed(&outcome)),
        }
        Ok(if outcome.passed {
            Exit::Done
        } else {
            Exit::CheckFailed
        })
    }
}

/// Why an action failed, and what to do.
fn failed(outcome: &Outcome) -> String {
    let Outcome {
        what,
        seen,
        expected,
        hint,
        ..
    } = outcome;
    let mut text = format!("error: {what}: {seen}");
    if let Some(expected) = expected {
        _ = write!(text, "\nexpected: {expected}");
    }
    if let Some(hint) = hint {
        _ = write!(text, "\nhint: {hint}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_that_failed_says_what_was_expected_and_what_to_do() {
        let outcome = Outcome {
            number: "1".to_owned(),
            name: None,
            say: None,
            passed: false,
            took_ms: 1.0,
            what: "run pg_rewind on a against b".to_owned(),
            seen: "no such file".to_owned(),
            expected: Some("a file".to_owned()),
            hint: Some("`reclone` needs none".to_owned()),
        };
        assert_eq!(
            failed(&outcome),
            "error: run pg_rewind on a against b: no such file\nexpected: a file\nhint: `reclone` needs none"
        );
    }
}
