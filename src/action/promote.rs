//! `promote`: a standby that becomes a primary.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declare, Depends, Flaw, Known, Step};
use crate::name::NodeName;

/// Makes a standby a primary, and waits until it takes writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Promote(pub NodeName);

impl Declare for Promote {
    const EXAMPLE: &'static str = "- promote: replica\n";

    fn describe(&self) -> String {
        format!("promote {}", self.0)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        vec![("", &self.0)]
    }

    fn flaws(&self, step: &Step, known: &Known<'_>) -> Vec<Flaw> {
        let Self(node) = self;
        let fails = step.expect.as_ref().is_some_and(|it| it.error.is_some());
        if fails || !known.nodes.contains_key(node) || known.standbys.contains(node) {
            return Vec::new();
        }
        let flaw = Flaw::value("", format!("`{node}` is already a primary"));
        let help =
            "a standby is promoted: `follow`, `rewind`, `reclone` or `clone` make a node one";
        vec![flaw.help(help).depends(Depends::OnStepsAndNodes)]
    }
}
