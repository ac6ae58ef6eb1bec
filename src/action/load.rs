//! `load`: writes that go on for a while.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Beside, Declare, Flaw, Known, Span, Step, Text};
use crate::name::NodeName;
use crate::text::count;

/// Writes for a while, with `pgbench` or as a `ledger` whose acknowledged rows can be counted after a failover. With a
/// `session` it keeps running during later steps, until `finish`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// `pgbench`, or `ledger`: numbered rows in the table `lab_ledger` of the node that takes writes, with a record of the
    /// acknowledged ones. Default: `pgbench`.
    #[serde(default)]
    pub kind: LoadKind,
    /// How many connections write. Default: 4.
    #[serde(default = "four")]
    pub clients: u32,
    /// How long. A ledger in a session writes until `finish`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Span>,
    /// How many transactions each connection makes, for `pgbench`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transactions: Option<u32>,
    /// The most transactions a second in all, for `pgbench`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// The scale of the tables that `pgbench` makes first. Default: it makes no tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<u32>,
    /// Your own script for `pgbench`, in place of its built-in transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// The nodes that a ledger may write to. It writes to the first that takes writes. Default: all nodes of the lab.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeName>,
}

fn four() -> u32 {
    4
}

/// The kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoadKind {
    /// PostgreSQL's own benchmark.
    #[default]
    Pgbench,
    /// Numbered rows.
    Ledger,
}

impl Declare for Load {
    const EXAMPLE: &'static str = "\
- load: { clients: 4, transactions: 100, scale: 1 }
  on: primary
- load: { kind: ledger, clients: 4 }
  session: ledger
- finish: ledger
";
    const SHORT: Option<&'static str> = Some("kind");

    fn describe(&self) -> String {
        let clients = count(self.clients, "connection");
        match self.kind {
            LoadKind::Pgbench => format!("run pgbench with {clients}"),
            LoadKind::Ledger => format!("write a ledger with {clients}"),
        }
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.nodes.iter().map(|node| ("nodes", node)).collect()
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        self.script.as_mut().map(Text::plain).into_iter().collect()
    }

    fn takes(&self, key: Beside) -> bool {
        matches!(key, Beside::On | Beside::Database | Beside::Session)
    }

    fn flaws(&self, step: &Step, _: &Known<'_>) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if self.time.is_some() && self.transactions.is_some() {
            let message = "a load ends after a time or after so many transactions, not both";
            let flaw = Flaw::key("transactions", message);
            flaws.push(flaw.help("leave out `time` or `transactions`"));
        }
        if self.kind == LoadKind::Ledger && step.session.is_none() {
            let message = "a ledger is written while other steps happen: it needs a session";
            let help = "add `session: ledger`, and `finish: ledger` in a later step";
            flaws.push(Flaw::key("", message).help(help));
        }
        flaws
    }
}
