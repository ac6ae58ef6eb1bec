//! A publisher's publications, and the replication user's right to read the tables.

use crate::plan::{Plan, PlannedNode};
use crate::server::client::{Doing as _, Noticing, Reader, SqlError, identifier};
use crate::server::version::Version;

/// Creates the publications of a node. Their filters see the settings of `user`'s connection, as `psql` would.
///
/// The initial copy of a table is a SELECT by the user that the subscription connects as (manual: "Logical Replication").
pub(super) async fn create(
    reader: &Reader,
    user: &Noticing,
    plan: &Plan,
    node: &PlannedNode,
) -> Result<(), SqlError> {
    let role = identifier(plan.replication_user.name.as_str());
    // PostgreSQL 13 has no role that reads everything.
    let grant = if reader.version() >= Version(14) {
        format!("GRANT pg_read_all_data TO {role}")
    } else {
        format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    };
    reader
        .batch_execute(&grant)
        .await
        .doing(|| format!("letting the replication user read on `{}`", node.name))?;
    for publication in &node.publications {
        user.batch_execute(&publication.create).await.doing(|| {
            let name = &publication.name;
            format!("creating the publication `{name}` on `{}`", node.name)
        })?;
    }
    Ok(())
}
