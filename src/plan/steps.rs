//! Steps with their defaults filled in.

use std::collections::BTreeMap;

use crate::action::{Action, Step};
use crate::name::{DatabaseName, NodeName, SessionName};

/// The steps, each with the node and the database that it means.
pub(super) fn resolve(
    steps: &[Step],
    first_primary: Option<&NodeName>,
    database: &DatabaseName,
) -> Vec<Step> {
    resolve_in(steps, first_primary, database, &mut BTreeMap::new())
}

/// A session is on the node where it was opened, whatever is silent later.
fn resolve_in(
    steps: &[Step],
    first_primary: Option<&NodeName>,
    database: &DatabaseName,
    sessions: &mut BTreeMap<SessionName, NodeName>,
) -> Vec<Step> {
    let mut resolved = Vec::with_capacity(steps.len());
    for step in steps {
        let mut step = step.clone();
        let open = step.session.as_ref().and_then(|name| sessions.get(name));
        if step.action.is_on_one_node() && step.on.is_none() {
            step.on = open.or(first_primary).cloned();
        }
        if let (Some(name), Some(on)) = (&step.session, &step.on) {
            let on = on.clone();
            sessions.entry(name.clone()).or_insert(on);
        }
        if let Action::Close(name) = &step.action {
            sessions.remove(name);
        }
        step.database.get_or_insert_with(|| database.clone());
        match &mut step.action {
            Action::Hold(hold) => {
                hold.during = resolve_in(&hold.during, first_primary, database, sessions);
            }
            Action::Repeat(repeat) => {
                for round in &mut repeat.rounds {
                    *round = resolve_in(round, first_primary, database, sessions);
                }
            }
            _ => {}
        }
        resolved.push(step);
    }
    resolved
}

/// Whether one of the steps keeps a base backup.
pub(super) fn keep_backups(steps: &[Step]) -> bool {
    steps.iter().any(|step| match &step.action {
        Action::Backup(_) => true,
        Action::Hold(hold) => keep_backups(&hold.during),
        Action::Repeat(repeat) => repeat.rounds.iter().any(|round| keep_backups(round)),
        _ => false,
    })
}
