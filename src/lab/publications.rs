//! What a publisher needs: its publications, and a replication user who may read what is copied.

use tokio_postgres::Client;

use crate::plan::{Plan, PlannedNode};
use crate::server::client::{Doing as _, SqlError, identifier};

/// Creates the publications of a node.
///
/// The copy of a table that a subscription begins with is a SELECT by the user that it connects as (manual, 29.12).
pub(super) async fn create(
    client: &Client,
    plan: &Plan,
    node: &PlannedNode,
) -> Result<(), SqlError> {
    if node.publications.is_empty() {
        return Ok(());
    }
    let user = identifier(plan.replication_user.name.as_str());
    // PostgreSQL 13 has no role that reads everything.
    let grant = format!(
        "DO $$ BEGIN \
         IF current_setting('server_version_num')::int >= 140000 THEN GRANT pg_read_all_data TO {user}; \
         ELSE GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user}; END IF; END $$"
    );
    client
        .batch_execute(&grant)
        .await
        .doing(|| format!("letting the replication user read on `{}`", node.name))?;
    for publication in &node.publications {
        client.batch_execute(&publication.create).await.doing(|| {
            let name = &publication.name;
            format!("creating the publication `{name}` on `{}`", node.name)
        })?;
    }
    Ok(())
}
