//! `signal`: signals to a server's processes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Beside, Declare, Text};
use crate::name::NodeName;

/// Sends a signal to a server's processes of one kind: `walsender`, `walreceiver`, `checkpointer`, … as `backend_type` in
/// `pg_stat_activity` calls them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// Their `backend_type` in `pg_stat_activity`.
    pub backend: String,
    /// `SIGTERM` ends them, `SIGINT` cancels what they do, `SIGSTOP` and `SIGCONT` freeze and thaw them, `SIGKILL` makes
    /// the whole server recover. Default: `SIGTERM`.
    #[serde(default)]
    pub signal: SignalName,
}

/// A signal's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum SignalName {
    /// Ends a process.
    #[default]
    #[serde(rename = "SIGTERM")]
    Term,
    /// Cancels what it does.
    #[serde(rename = "SIGINT")]
    Int,
    /// Freezes it.
    #[serde(rename = "SIGSTOP")]
    Stop,
    /// Lets it continue.
    #[serde(rename = "SIGCONT")]
    Cont,
    /// Kills it.
    #[serde(rename = "SIGKILL")]
    Kill,
}

impl SignalName {
    /// The name without `SIG`, as `kill` takes it everywhere.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Term => "TERM",
            Self::Int => "INT",
            Self::Stop => "STOP",
            Self::Cont => "CONT",
            Self::Kill => "KILL",
        }
    }
}

impl Declare for Signal {
    const EXAMPLE: &'static str = "\
- signal: { backend: walsender, signal: SIGTERM }
  on: primary
";
    const SHORT: Option<&'static str> = Some("backend");

    fn describe(&self) -> String {
        format!("send SIG{} to every {}", self.signal.word(), self.backend)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        vec![Text::plain(&mut self.backend)]
    }

    fn takes(&self, key: Beside) -> bool {
        key == Beside::On
    }
}
