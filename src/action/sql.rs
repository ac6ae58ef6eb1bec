//! `sql`: statements.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::one_line;
use super::{Beside, Declare, Gives, Text};
use crate::name::NodeName;

/// Runs SQL: one statement or several. `expect` is compared with the rows of the last one. Without `session` the step
/// has a connection of its own, which ends with it: settings, temporary tables and locks of a session end too, and a step
/// that ends within a transaction fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sql(pub String);

impl Declare for Sql {
    const EXAMPLE: &'static str = "\
- sql: |
    CREATE TABLE notes (id int PRIMARY KEY);
    INSERT INTO notes SELECT generate_series(1, 3)
  expect: { count: 3 }
";

    fn describe(&self) -> String {
        one_line(&self.0)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        vec![Text::sql(&mut self.0)]
    }

    fn takes(&self, _: Beside) -> bool {
        true
    }

    fn gives(&self) -> Gives {
        Gives::Statement
    }

    fn makes_standby<'a>(&'a self, on: Option<&'a NodeName>) -> Option<&'a NodeName> {
        on.filter(|_| runs_programs(&self.0))
    }
}

/// Whether SQL may run programs, which can write `standby.signal`: by `COPY … TO PROGRAM`.
pub(super) fn runs_programs(sql: &str) -> bool {
    sql.to_ascii_lowercase().contains("program")
}
