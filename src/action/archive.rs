//! `archive`: the archive broken and healed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declare, Flaw, Known, Step};
use crate::name::NodeName;

/// Breaks the archive, so that no WAL segment goes in or comes out, or heals it. Needs `archive: true`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Archive {
    /// It cannot be reached.
    Broken,
    /// It can.
    Healed,
}

impl Declare for Archive {
    const EXAMPLE: &'static str = "- archive: broken\n";

    fn describe(&self) -> String {
        match self {
            Self::Broken => "break the archive".to_owned(),
            Self::Healed => "heal the archive".to_owned(),
        }
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn flaws(&self, _: &Step, known: &Known<'_>) -> Vec<Flaw> {
        missing(known).into_iter().collect()
    }
}

/// The error that the lab has no archive.
pub(super) fn missing(known: &Known<'_>) -> Option<Flaw> {
    let flaw = || Flaw::key("", "this lab has no archive");
    let help = "write `archive: true` at the top of the scenario";
    (!known.archive).then(|| flaw().help(help))
}
