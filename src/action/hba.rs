//! `hba`: lines added to `pg_hba.conf`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Beside, Declare};
use crate::hba::HbaLine;
use crate::name::NodeName;

/// Adds lines to a node's `pg_hba.conf`, after those that it has, and reloads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hba(pub Vec<HbaLine>);

impl Declare for Hba {
    const EXAMPLE: &'static str = "\
- hba:
    - { database: replication, user: replication_user, address: replica, method: reject }
  on: primary
";

    fn describe(&self) -> String {
        match self.0.len() {
            1 => "add a line to pg_hba.conf".to_owned(),
            count => format!("add {count} lines to pg_hba.conf"),
        }
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn takes(&self, key: Beside) -> bool {
        key == Beside::On
    }
}
