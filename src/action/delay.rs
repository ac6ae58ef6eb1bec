//! `delay`: packets that arrive late.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::link;
use super::{Declare, Flaw, Known, OneOrMany, Span, Step};
use crate::action::Feature;
use crate::name::NodeName;
use crate::text::duration;

/// Lets what `from` sends to `to` arrive later. The kernel must have `netem`: see `requires`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// The sending nodes.
    pub from: OneOrMany<NodeName>,
    /// The receiving nodes.
    pub to: OneOrMany<NodeName>,
    /// How much later it arrives.
    pub time: Span,
    /// By how much that varies, up and down. Default: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Span>,
}

impl Declare for Delay {
    const EXAMPLE: &'static str =
        "- delay: { from: primary, to: replica, time: 200ms, jitter: 20ms }\n";

    fn describe(&self) -> String {
        let Self { from, to, time, .. } = self;
        let time = duration(time.0);
        format!("delay packets from {from} to {to} by {time}")
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        link::sides(&self.from, &self.to)
    }

    fn flaws(&self, _: &Step, _: &Known<'_>) -> Vec<Flaw> {
        let mut flaws = link::overlap(&self.from, &self.to);
        if self.time.0.is_zero() {
            let flaw = Flaw::value("time", "a delay of nothing is none");
            flaws.push(flaw.help("`heal` takes a delay away"));
        }
        if self.jitter.is_some_and(|jitter| jitter.0 > self.time.0) {
            let message = "what varies by more than it is delayed would arrive before it is sent";
            flaws.push(Flaw::value("jitter", message));
        }
        flaws
    }

    fn network(&self) -> Option<&'static [Feature]> {
        Some(&[Feature::Netem, Feature::Htb])
    }
}
