//! `ledger`: what became of the rows of a ledger.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Beside, Declare, Span};
use crate::name::{NodeName, SessionName};
use crate::text::duration;

/// What became of the rows that a `ledger` wrote: which of the acknowledged ones a node lacks, and for how long nothing
/// was acknowledged. Of several keys all must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// The session that wrote it. It must have been finished.
    pub session: SessionName,
    /// The least number of rows that were acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_at_least: Option<u64>,
    /// How many acknowledged rows are missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// The least number of acknowledged rows that are missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_at_least: Option<u64>,
    /// The most rows that exist and were never acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unacknowledged_at_most: Option<u64>,
    /// The longest time in which nothing was acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outage_at_most: Option<Span>,
    /// The least that the longest time without an acknowledgement was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outage_at_least: Option<Span>,
}

impl Declare for Ledger {
    const EXAMPLE: &'static str = "\
- ledger: { session: ledger, lost: 0 }
  on: primary
";
    const SHORT: Option<&'static str> = Some("session");

    fn describe(&self) -> String {
        let rows = |how: &str, rows: Option<u64>, kind: &str, verb: &str| {
            let rows = rows?;
            let (row, be) = if rows == 1 {
                ("row", "is")
            } else {
                ("rows", "are")
            };
            Some(format!("{how}{rows} {kind}{row} {be} {verb}"))
        };
        let outage = |how: &str, time: Option<Span>| {
            Some(format!("the longest outage is {how} {}", duration(time?.0)))
        };
        let parts = [
            rows("at least ", self.acknowledged_at_least, "", "acknowledged"),
            rows("", self.lost, "acknowledged ", "missing"),
            rows("at least ", self.lost_at_least, "acknowledged ", "missing"),
            rows(
                "at most ",
                self.unacknowledged_at_most,
                "unacknowledged ",
                "present",
            ),
            outage("at most", self.outage_at_most),
            outage("at least", self.outage_at_least),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() {
            return format!("session `{}` wrote a ledger", self.session);
        }
        parts.join(", ")
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn takes(&self, key: Beside) -> bool {
        key == Beside::On
    }

    fn session(&self) -> Option<&SessionName> {
        Some(&self.session)
    }
}
