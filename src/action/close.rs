//! `close`: the end of a session.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Declare;
use crate::name::{NodeName, SessionName};

/// Closes a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Close(pub SessionName);

impl Declare for Close {
    const EXAMPLE: &'static str = "- close: sleeper\n";

    fn describe(&self) -> String {
        format!("close session `{}`", self.0)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn session(&self) -> Option<&SessionName> {
        Some(&self.0)
    }
}
