//! `ledger`: the acknowledged and the missing rows of a ledger.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Beside, Declare, Span};
use crate::name::{NodeName, SessionName};
use crate::text::duration;

/// The rows of a `ledger`: the acknowledged rows that a node lacks, and the longest time without an acknowledgement. If
/// there are several keys, all must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// The session that wrote it. It must have been finished.
    pub session: SessionName,
    /// The least number of acknowledged rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_at_least: Option<u64>,
    /// The number of acknowledged rows that are missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// The least number of missing acknowledged rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_at_least: Option<u64>,
    /// The largest number of rows that exist without an acknowledgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unacknowledged_at_most: Option<u64>,
    /// The upper limit of the longest time without an acknowledgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outage_at_most: Option<Span>,
    /// The lower limit of the longest time without an acknowledgement.
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
