//! The replication user, the database and the slots of a primary, which must exist before anybody replicates from it.

use postgres_protocol::password;
use tokio_postgres::Client;

use crate::name::SlotName;
use crate::plan::{Plan, PlannedNode};
use crate::scenario::AuthMethod;
use crate::server::MAINTENANCE_DATABASE;
use crate::server::client::{Doing as _, Reader, SqlError, identifier, literal};
use crate::server::{quiet, slots};

/// The extra database of an initialised directory (see `images/node/start.sh`).
const SPARE_DATABASE: &str = "lab_spare";

/// Commits of the set-up wait for no standby: `synchronous_standby_names` may name some that do not exist yet.
const SET_UP: &str = "SET synchronous_commit = local";

/// Begins a set-up session.
pub(super) async fn set_up(client: &Client, node: &PlannedNode) -> Result<(), SqlError> {
    client
        .batch_execute(SET_UP)
        .await
        .doing(|| format!("setting up `{}`", node.name))
}

/// Begins a session that runs the scenario's own SQL. The user's time limits and a read-only default do not apply. All
/// other settings of the user apply to its statements.
pub(super) async fn set_up_for_user(client: &Client, node: &PlannedNode) -> Result<(), SqlError> {
    let lifted = format!(
        "{SET_UP}; SET default_transaction_read_only = off; SET statement_timeout = 0; SET lock_timeout = 0"
    );
    client
        .batch_execute(&lifted)
        .await
        .doing(|| format!("setting up `{}`", node.name))
}

/// Creates the replication user, and renames the database.
///
/// The password is hashed here, so that no statement and no log contains it.
pub(super) async fn create(
    client: &Client,
    plan: &Plan,
    node: &PlannedNode,
) -> Result<(), SqlError> {
    let user = &plan.replication_user;
    let hash = match plan.auth {
        AuthMethod::Md5 => password::md5(user.password.expose().as_bytes(), user.name.as_str()),
        AuthMethod::ScramSha256 => password::scram_sha_256(user.password.expose().as_bytes()),
    };
    let role = format!(
        "{SET_UP}; CREATE ROLE {} WITH REPLICATION LOGIN CONNECTION LIMIT {} PASSWORD {}",
        identifier(user.name.as_str()),
        user.connection_limit,
        literal(&hash)
    );
    // With md5, a hash is as good as the password.
    quiet::begin(client).await;
    let created = client.batch_execute(&role).await;
    quiet::end(client).await;
    created.doing(|| format!("creating the replication user on `{}`", node.name))?;
    let database = match plan.database.as_str() {
        MAINTENANCE_DATABASE => format!("DROP DATABASE {SPARE_DATABASE}"),
        SPARE_DATABASE => return Ok(()),
        name => format!(
            "ALTER DATABASE {SPARE_DATABASE} RENAME TO {}",
            identifier(name)
        ),
    };
    client
        .batch_execute(&database)
        .await
        .doing(|| format!("creating the database on `{}`", node.name))?;
    Ok(())
}

/// Creates the physical slots of the direct standbys. They retain WAL from now on (manual: "Replication Slots").
pub(super) async fn create_slots(client: &Reader, node: &PlannedNode) -> Result<(), SqlError> {
    if node.slots.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = node.slots.iter().map(SlotName::as_str).collect();
    let made = slots::create_physical(client, &names).await;
    made.doing(|| format!("creating replication slots on `{}`", node.name))
}
