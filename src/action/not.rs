//! `not`: a check that does not hold.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Beside, Check, Declare, Depends, Flaw, Gives, Known, Step, Text};
use crate::name::{NodeName, SessionName};

/// A check that must not hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Not(pub Check);

impl Declare for Not {
    const EXAMPLE: &'static str = "- not: { role: { replica: primary } }\n";

    fn describe(&self) -> String {
        format!("not: {}", self.0.describe())
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.0.nodes()
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        self.0.texts()
    }

    fn takes(&self, key: Beside) -> bool {
        key != Beside::Capture && self.0.takes(key)
    }

    fn gives(&self) -> Gives {
        Gives::Verdict
    }

    fn flaws(&self, step: &Step, known: &Known<'_>) -> Vec<Flaw> {
        let mut flaws = self.0.flaws(step, known);
        flaws.extend(never_streams(&self.0, known));
        flaws
    }

    fn session(&self) -> Option<&SessionName> {
        self.0.session()
    }
}

/// The error that a node is never a standby: it cannot stream, so the check would prove nothing.
pub(super) fn never_streams(check: &Check, known: &Known<'_>) -> Vec<Flaw> {
    let Check::Streaming(streaming) = check else {
        return Vec::new();
    };
    let never =
        |node: &&NodeName| known.nodes.contains_key(node) && !known.ever_standbys.contains(node);
    let nodes = streaming.node.0.iter().filter(never);
    nodes
        .map(|node| {
            let message = format!("`{node}` is never a standby: it could not stream");
            Flaw::value("node", message).depends(Depends::OnStepsAndNodes)
        })
        .collect()
}
