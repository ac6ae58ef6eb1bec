//! Whether a server took its settings: a setting that did not take is an error, not a surprise.

use tokio_postgres::Client;

use crate::plan::PlannedNode;
use crate::server::client::Doing as _;

use super::error::{LabError, NotTaken};

/// Compares the plan with `pg_file_settings` (manual, 54.9): what the server read, and what it made of it.
///
/// # Errors
/// [`LabError::Settings`] with every setting that was not applied, or the server's words.
pub(super) async fn check(client: &Client, node: &PlannedNode) -> Result<(), LabError> {
    let sql = "SELECT DISTINCT ON (lower(name)) lower(name), applied, error FROM pg_file_settings \
               WHERE name IS NOT NULL ORDER BY lower(name), seqno DESC";
    let rows = client
        .query(sql, &[])
        .await
        .doing(|| format!("checking the settings of `{}`", node.name))?;
    let seen: Vec<(String, bool, Option<String>)> = rows
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect();
    let not_taken = not_taken(node, &seen);
    if not_taken.is_empty() {
        return Ok(());
    }
    Err(LabError::Settings {
        node: node.name.clone(),
        not_taken: NotTaken(not_taken),
    })
}

fn not_taken(node: &PlannedNode, seen: &[(String, bool, Option<String>)]) -> Vec<String> {
    node.settings
        .iter()
        .filter_map(|setting| {
            let name = setting.name.to_ascii_lowercase();
            match seen.iter().find(|(seen, ..)| *seen == name) {
                None => Some(format!("`{name}` is not in the file that the server read")),
                Some((_, false, Some(error))) => Some(format!(
                    "`{name} = {}` was not applied: {error}",
                    setting.value
                )),
                Some((_, false, None)) => {
                    Some(format!("`{name} = {}` was not applied", setting.value))
                }
                Some((_, true, _)) => None,
            }
        })
        .collect()
}
