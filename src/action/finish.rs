//! `finish`: wait for the statement or the load of a session.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Beside, Declare, Gives};
use crate::name::{NodeName, SessionName};

/// Waits until the statement of a session has ended and compares its result. Ends a ledger, and waits for a `pgbench`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finish(pub SessionName);

impl Declare for Finish {
    const EXAMPLE: &'static str = "\
- sql: SELECT pg_sleep(1)
  session: sleeper
  expect: { waiting: PgSleep }
- finish: sleeper
  within: 5s
- sql: SELECT pg_sleep(3600)
  session: orphan
  expect: { waiting: PgSleep }
- kill: primary
- finish: orphan
  expect: { error: \"08006\" }
- start: primary
";

    fn describe(&self) -> String {
        format!("wait for session `{}` to finish", self.0)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn takes(&self, key: Beside) -> bool {
        key == Beside::Capture
    }

    fn gives(&self) -> Gives {
        Gives::Rows
    }

    fn session(&self) -> Option<&SessionName> {
        Some(&self.0)
    }
}
