//! `hold`: a check that holds while steps happen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::not::never_streams;
use super::{Beside, Check, Declare, Flaw, Gives, Known, Step, Text};
use crate::name::{NodeName, SessionName};
use crate::text::count;

/// A check that holds all the time while other steps run. A look that gets no answer does not count, for example at a
/// frozen node. At least one look must get an answer. A node that is down is an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Hold {
    /// The check. It is repeated all the time.
    pub check: Check,
    /// Whether the check must never hold, instead of always.
    #[schemars(default)]
    pub never: bool,
    /// The steps that run meanwhile.
    pub during: Vec<Step>,
}

impl Hold {
    /// How often it must hold: `always` or `never`.
    #[must_use]
    pub fn how_often(&self) -> &'static str {
        if self.never { "never" } else { "always" }
    }
}

impl Declare for Hold {
    const EXAMPLE: &'static str = "\
- hold:
    check: { streaming: replica }
    during:
      - set: { work_mem: 8MB }
        on: primary
      - sql: SELECT pg_reload_conf()
";

    fn describe(&self) -> String {
        let (often, steps) = (self.how_often(), count(self.during.len(), "step"));
        format!("{often} during {steps}: {}", self.check.describe())
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.check.nodes()
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        self.check.texts()
    }

    fn takes(&self, key: Beside) -> bool {
        key != Beside::Capture && self.check.takes(key)
    }

    fn gives(&self) -> Gives {
        Gives::Verdict
    }

    fn flaws(&self, step: &Step, known: &Known<'_>) -> Vec<Flaw> {
        let mut flaws = self.check.flaws(step, known);
        if self.never {
            flaws.extend(never_streams(&self.check, known));
        }
        flaws
    }

    fn session(&self) -> Option<&SessionName> {
        self.check.session()
    }

    fn inner(&self) -> Vec<&[Step]> {
        vec![&self.during]
    }

    fn inner_mut(&mut self) -> Vec<&mut Vec<Step>> {
        vec![&mut self.during]
    }
}
