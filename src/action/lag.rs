//! `lag`: the replay delay of a standby (manual: "`recovery_min_apply_delay`").

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Cell, Declare, Depends, Flaw, Known, Span, Step};
use crate::name::NodeName;
use crate::text::duration;
use crate::units::{self, TimeUnit};

/// Delays replay on a running standby, `by: 2s`, or ends the delay, `by: off`: sets `recovery_min_apply_delay` and reloads
/// the server. With `at_least` or `at_most` in place of `by`, `lag` is the check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lag {
    /// The standby.
    pub node: NodeName,
    /// The delay, or `off`.
    pub by: By,
}

/// A replay delay: `2s`, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Cell", into = "Span")]
pub struct By(pub Duration);

impl TryFrom<Cell> for By {
    type Error = String;
    fn try_from(cell: Cell) -> Result<Self, String> {
        match cell.0.as_deref() {
            // YAML's `off` may be a boolean.
            Some("off" | "f") => Ok(Self(Duration::ZERO)),
            Some(text) => units::duration(text, TimeUnit::Seconds)
                .map(Self)
                .map_err(|error| error.to_string()),
            None => Err("a duration such as `2s`, or `off`, is wanted".to_owned()),
        }
    }
}

impl From<By> for Span {
    fn from(by: By) -> Self {
        Self(by.0)
    }
}

impl JsonSchema for By {
    fn schema_name() -> Cow<'static, str> {
        "By".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let span = generator.subschema_for::<Span>();
        json_schema!({ "anyOf": [span, { "oneOf": [{ "const": "off" }, { "const": false }] }] })
    }
}

impl Declare for Lag {
    const EXAMPLE: &'static str = "\
- lag: { node: replica, by: 2s }
- lag: { node: replica, by: off }
";
    const MARK: Option<&'static str> = Some("by");

    fn describe(&self) -> String {
        match self.by.0 {
            Duration::ZERO => format!("replay without delay on {}", self.node),
            time => format!("delay replay on {} by {}", self.node, duration(time)),
        }
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        vec![("node", &self.node)]
    }

    fn flaws(&self, step: &Step, known: &Known<'_>) -> Vec<Flaw> {
        let Self { node, .. } = self;
        let fails = step.expect.as_ref().is_some_and(|it| it.error.is_some());
        if fails || !known.nodes.contains_key(node) || known.standbys.contains(node) {
            return Vec::new();
        }
        let message = format!("`{node}` is a primary: it does not replay");
        let flaw = Flaw::value("node", message).help("name a standby");
        vec![flaw.depends(Depends::OnStepsAndNodes)]
    }
}
