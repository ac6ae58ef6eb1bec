//! Steps with their defaults filled in.

use std::collections::BTreeMap;

use crate::action::close::Close;
use crate::action::not::Not;
use crate::action::{self, Action, Beside, Check, Step};
use crate::name::{DatabaseName, NodeName, SessionName};

/// The steps, each with its node and database.
pub(super) fn resolve(
    steps: &[Step],
    first_primary: Option<&NodeName>,
    database: &DatabaseName,
) -> Vec<Step> {
    let mut steps = steps.to_vec();
    resolve_in(&mut steps, first_primary, database, &mut BTreeMap::new());
    steps
}

/// A session stays on the node where it was opened, also in later steps that name no node.
fn resolve_in(
    steps: &mut [Step],
    first_primary: Option<&NodeName>,
    database: &DatabaseName,
    sessions: &mut BTreeMap<SessionName, NodeName>,
) {
    for step in steps {
        let open = step.session.as_ref().and_then(|name| sessions.get(name));
        if step.action.takes(Beside::On) && step.on.is_none() {
            step.on = open.or(first_primary).cloned();
        }
        if let (Some(name), Some(on)) = (&step.session, &step.on) {
            let on = on.clone();
            sessions.entry(name.clone()).or_insert(on);
        }
        if let Action::Close(Close(name)) = &step.action {
            sessions.remove(name);
        }
        if !is_about_every_database(&step.action) {
            step.database.get_or_insert_with(|| database.clone());
        }
        for inner in step.action.inner_mut() {
            resolve_in(inner, first_primary, database, sessions);
        }
    }
}

/// Whether a step without a database is about all of them.
fn is_about_every_database(action: &Action) -> bool {
    let check = match action {
        Action::Check(check) | Action::Not(Not(check)) => check,
        Action::Hold(hold) => &hold.check,
        _ => return false,
    };
    matches!(check, Check::Synced(_))
}

/// Whether one of the steps keeps a base backup.
pub(super) fn keep_backups(steps: &[Step]) -> bool {
    let mut steps = action::all(steps).into_iter();
    steps.any(|step| step.action.keeps().is_some())
}
