//! Comparison of a server's settings with the plan. A setting that did not take effect is an error.

use crate::plan::PlannedNode;
use crate::server::client::{Doing as _, Reader};
use crate::server::in_force::{self, FileSetting};

use super::error::{LabError, NotTaken};

/// Compares the plan with the files that the server read and with its present settings.
///
/// # Errors
/// [`LabError::Settings`] with every setting that was not applied, or the server's words.
pub(super) async fn check(reader: &Reader, node: &PlannedNode) -> Result<(), LabError> {
    let seen = in_force::file_settings(reader).await;
    let seen = seen.doing(|| format!("checking the settings of `{}`", node.name))?;
    let not_taken = not_taken(node, &seen);
    if not_taken.is_empty() {
        return Ok(());
    }
    Err(LabError::Settings {
        node: node.name.clone(),
        not_taken: NotTaken(not_taken),
    })
}

fn not_taken(node: &PlannedNode, seen: &[FileSetting]) -> Vec<String> {
    node.settings
        .iter()
        .filter_map(|setting| {
            let name = setting.name.to_ascii_lowercase();
            let Some(seen) = seen.iter().find(|seen| seen.name == name) else {
                return Some(format!("`{name}` is not in the file that the server read"));
            };
            if seen.is_applied {
                return None;
            }
            let said = format!("`{name} = {}` was not applied", setting.value);
            Some(match &seen.error {
                Some(error) => format!("{said}: {error}"),
                None => said,
            })
        })
        .collect()
}
