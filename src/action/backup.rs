//! `backup`: a base backup that is kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Beside, Declare, Depends, Flaw, Known};
use crate::name::{BackupName, NodeName};
use crate::text::suggest::did_you_mean_or_list;

/// Takes a base backup of a node and keeps it under a name, for `clone` and `restore`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Backup(pub BackupName);

impl Declare for Backup {
    const EXAMPLE: &'static str = "\
- backup: monday
  on: primary
";

    fn describe(&self) -> String {
        format!("take a base backup and keep it as `{}`", self.0)
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn takes(&self, key: Beside) -> bool {
        key == Beside::On
    }

    fn keeps(&self) -> Option<&BackupName> {
        Some(&self.0)
    }
}

/// The error that no earlier step keeps this backup.
pub(super) fn missing(name: &BackupName, known: &Known<'_>) -> Vec<Flaw> {
    if known.backups.contains(name) {
        return Vec::new();
    }
    let names: Vec<&str> = known.backups.iter().map(|name| name.as_str()).collect();
    let message = format!("no step before this one keeps a backup `{name}`");
    let help = did_you_mean_or_list(name.as_str(), "backups", &names);
    let flaw = Flaw::value("backup", message).help(help);
    vec![flaw.depends(Depends::OnSteps)]
}
