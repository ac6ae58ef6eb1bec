//! `sync_state`: which standbys are synchronous.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::value::by_node;
use crate::action::words::states_of;
use crate::action::{Beside, Declare, Flaw, Known, StateOf, Step, Text};
use crate::name::NodeName;

/// `sync_state` in the `pg_stat_replication` of the node that is asked, by standby: `sync`, `potential`, `quorum` or
/// `async`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SyncState(#[schemars(schema_with = "by_node")] pub StateOf);

impl Declare for SyncState {
    const EXAMPLE: &'static str = "\
- sync_state: { replica: async }
  on: primary
";

    fn describe(&self) -> String {
        states_of("is", &self.0)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.0.keys().map(|node| ("", node)).collect()
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        Text::cells(self.0.values_mut())
    }

    fn takes(&self, key: Beside) -> bool {
        key == Beside::On
    }

    fn flaws(&self, _: &Step, _: &Known<'_>) -> Vec<Flaw> {
        let words = ["sync", "potential", "quorum", "async", "not connected"];
        super::unknown_word(self.0.values(), &words, "`sync_state`")
    }
}
