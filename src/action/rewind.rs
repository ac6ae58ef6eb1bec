//! `rewind`: a node that has diverged, made a standby with `pg_rewind`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::upstream::Upstream;
use super::{Declare, Flaw, Known, Step};
use crate::name::NodeName;

/// Makes a stopped node that has diverged a standby again, with `pg_rewind`. Changes that the upstream does not have are
/// undone. The node needs `wal_log_hints` or data checksums, and its own WAL since the divergence: see `wal_keep_size`. The
/// upstream may be a standby if its primary is running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rewind(pub Upstream);

impl Declare for Rewind {
    const EXAMPLE: &'static str = "- rewind: { node: leaf, upstream: replica }\n";

    fn describe(&self) -> String {
        format!(
            "run pg_rewind on {} against {}",
            self.0.node, self.0.upstream
        )
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        self.0.nodes()
    }

    fn flaws(&self, _: &Step, _: &Known<'_>) -> Vec<Flaw> {
        self.0.flaws()
    }

    fn makes_standby<'a>(&'a self, _: Option<&'a NodeName>) -> Option<&'a NodeName> {
        Some(&self.0.node)
    }
}
