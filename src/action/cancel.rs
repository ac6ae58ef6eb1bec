//! `cancel`: a session's statement cancelled.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Declare, Gives};
use crate::name::{NodeName, SessionName};

/// Cancels the statement of a session with `pg_cancel_backend` and waits until it has ended. The usual result is the error
/// 57014. A commit that waits for a standby ends with a warning instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cancel(pub SessionName);

impl Declare for Cancel {
    const EXAMPLE: &'static str = "\
- sql: SELECT pg_sleep(3600)
  session: sleeper
  expect: { waiting: PgSleep }
- cancel: sleeper
";

    fn describe(&self) -> String {
        format!("cancel the statement of session `{}`", self.0)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn gives(&self) -> Gives {
        Gives::Rows
    }

    fn session(&self) -> Option<&SessionName> {
        Some(&self.0)
    }
}
