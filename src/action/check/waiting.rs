//! `waiting`: processes that wait.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::{Beside, Declare, Text};
use crate::name::NodeName;

/// A process of a server waits for an event: its name or its type, as in `pg_stat_activity`. The same process must stay in
/// the same wait for 200 ms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// The event, or its type: `SyncRep`, `Lock`.
    pub event: String,
    /// The kind of process, as `backend_type` has it. Default: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
}

impl Declare for Waiting {
    const EXAMPLE: &'static str = "\
- waiting: { event: WalSenderMain, backend: walsender }
  on: primary
";
    const SHORT: Option<&'static str> = Some("event");

    fn describe(&self) -> String {
        let who = self.backend.as_deref().unwrap_or("a process");
        format!("{who} waits for {}", self.event)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        let backend = self.backend.iter_mut().map(Text::plain);
        backend.chain([Text::plain(&mut self.event)]).collect()
    }

    fn takes(&self, key: Beside) -> bool {
        key == Beside::On
    }
}
