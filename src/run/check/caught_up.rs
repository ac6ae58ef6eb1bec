//! `caught_up`: whether nodes have what their upstreams had.

use super::{AllOf, Look, failed};
use crate::action::Step;
use crate::action::check::caught_up::CaughtUp;
use crate::lab::reasons::Suspect;
use crate::name::NodeName;
use crate::run::scene::Scene;
use crate::run::{Tried, Wrong};
use crate::server::lsn::Lsn;
use crate::server::position;
use crate::server::subscriptions::{self, Subscription, TableState};
use crate::wait::Probe;

/// A position to reach.
#[derive(Debug, Clone)]
enum Goal {
    /// A standby has to replay it.
    Standby {
        node: NodeName,
        primary: NodeName,
        lsn: Lsn,
    },
    /// A subscription has to apply it.
    Subscription {
        node: NodeName,
        name: String,
        database: String,
        publisher: NodeName,
        lsn: Lsn,
    },
}

impl Look for CaughtUp {
    /// Waits for the positions that the upstreams had when the step began.
    async fn holds(&self, scene: &Scene<'_>, step: &Step) -> Tried {
        let within = scene.patience(step);
        let expected = || "an upstream to catch up with".to_owned();
        let goals = scene
            .wait(within, expected, || async {
                match goals(scene, self).await {
                    Ok(goals) => Ok(Probe::Ready(goals)),
                    Err(Wrong::Unmet { found, .. }) => Ok(Probe::NotYet(found)),
                    Err(wrong) => Err(wrong),
                }
            })
            .await?;
        let expected = || "all WAL that existed when the step began".to_owned();
        scene
            .wait(within, expected, || reached(scene, &goals))
            .await
    }

    async fn look(&self, scene: &Scene<'_>, _: &Step) -> Tried<Probe<String>> {
        match goals(scene, self).await {
            Ok(goals) => reached(scene, &goals).await,
            Err(Wrong::Unmet { found, .. }) => Ok(Probe::NotYet(found)),
            Err(wrong) => Err(wrong),
        }
    }
}

async fn reached(scene: &Scene<'_>, goals: &[Goal]) -> Tried<Probe<String>> {
    let mut seen = AllOf::default();
    for goal in goals {
        match goal {
            Goal::Standby { node, primary, lsn } => {
                let at = position::replayed(&*scene.client(node).await?).await?;
                let holds = at >= Some(*lsn);
                let parting = if holds {
                    scene.parting(node, primary).await?
                } else {
                    None
                };
                match parting {
                    Some(parting) => seen.add(false, parting.told(node.as_str(), primary.as_str())),
                    None => seen.add(holds, said(node.as_str(), holds, at)),
                }
            }
            Goal::Subscription { .. } => match applied(scene, goal).await? {
                Probe::Ready(said) => seen.add(true, said),
                Probe::NotYet(said) => seen.add(false, said),
            },
        }
    }
    Ok(seen.probe())
}

fn said(who: &str, holds: bool, at: Option<Lsn>) -> String {
    let verb = if holds { "has" } else { "is at" };
    match at {
        Some(at) => format!("{who} {verb} {at}"),
        None => format!("{who} has nothing yet"),
    }
}

/// Whether a subscription has applied its goal.
async fn applied(scene: &Scene<'_>, goal: &Goal) -> Tried<Probe<String>> {
    let Goal::Subscription {
        node,
        name,
        database,
        publisher,
        lsn,
    } = goal
    else {
        return Err(failed("a standby has no subscription"));
    };
    let who = if *database == scene.lab.plan.database.as_str() {
        format!("{node} ({name})")
    } else {
        format!("{node} ({name} in {database})")
    };
    let not_yet = |why: &str| Ok(Probe::NotYet(format!("{who} {why}")));
    let found = subscriptions::subscriptions(&*scene.reader(node, database).await?).await?;
    let Some(found) = subscriptions::named(&found, name) else {
        return not_yet("is gone");
    };
    let slot = match &found.slot {
        _ if !found.is_enabled => return not_yet(&disabled(scene, node, found).await),
        None => return not_yet("has no slot: `slot_name = NONE`"),
        Some(slot) => slot,
    };
    let Some(progress) = scene.progress(publisher, found).await? else {
        return not_yet(&format!("has no slot: `{slot}` is gone from `{publisher}`"));
    };
    let at = progress.applied();
    let mut tables = found.tables.iter();
    if let Some(table) = tables.find(|table| !table.state.is_copied()) {
        let state = TableState::meaning(table.state);
        return not_yet(&format!(
            "waits for its table {}, which is {state}",
            table.name
        ));
    }
    Ok(match (&progress.sender, at) {
        (None, None) => Probe::NotYet(format!("{who} is not connected")),
        (None, Some(at)) => Probe::NotYet(format!("{who} is not connected; it is at {at}")),
        // What it was sent is applied, and rows of a table that it does not know were passed over.
        (Some(_), at) if at >= Some(*lsn) => match scene.unrefreshed(publisher, found).await? {
            Some(missed) => Probe::Ready(format!("{}, and {missed}", said(&who, true, at))),
            None => Probe::Ready(said(&who, true, at)),
        },
        (Some(_), at) => Probe::NotYet(said(&who, false, at)),
    })
}

/// That a subscription is disabled, and the error for which it disabled itself.
async fn disabled(scene: &Scene<'_>, node: &NodeName, found: &Subscription) -> String {
    let trouble = scene.lab.trouble(&Suspect::found(node, found)).await;
    match trouble.filter(|trouble| trouble.disables) {
        Some(trouble) => format!("is disabled: {trouble}"),
        None => "is disabled".to_owned(),
    }
}

async fn goals(scene: &Scene<'_>, wanted: &CaughtUp) -> Tried<Vec<Goal>> {
    let mut goals = Vec::new();
    for node in &wanted.node.0 {
        let before = goals.len();
        if !wanted.is_logical() && scene.recovers(node).await? {
            goals.push(standby_goal(scene, node).await?);
        }
        goals.extend(subscription_goals(scene, node, wanted).await?);
        if goals.len() == before {
            return Err(no_goal(node, wanted));
        }
    }
    Ok(goals)
}

async fn standby_goal(scene: &Scene<'_>, node: &NodeName) -> Tried<Goal> {
    let primary = match scene.primary_of(node).await {
        Err(Wrong::Unmet { expected, found }) => {
            let found = scene.diverged(node).await.unwrap_or(found);
            return Err(Wrong::Unmet { expected, found });
        }
        primary => primary?,
    };
    Ok(Goal::Standby {
        node: node.clone(),
        lsn: scene.written_by(&primary).await?,
        primary,
    })
}

/// That a node has nothing to catch up with.
fn no_goal(node: &NodeName, wanted: &CaughtUp) -> Wrong {
    let within = wanted.database.as_ref();
    let within = within.map_or_else(String::new, |name| format!(" in the database `{name}`"));
    match &wanted.subscription {
        Some(name) => Wrong::Unmet {
            expected: format!("a subscription `{name}`"),
            found: format!("`{node}` has no subscription `{name}`{within}"),
        },
        None if wanted.is_logical() => Wrong::Unmet {
            expected: "a subscription".to_owned(),
            found: format!("`{node}` has no subscription{within}"),
        },
        None => failed(format!(
            "`{node}` is neither a standby nor a subscriber: it has no upstream to catch up with"
        )),
    }
}

async fn subscription_goals(
    scene: &Scene<'_>,
    node: &NodeName,
    wanted: &CaughtUp,
) -> Tried<Vec<Goal>> {
    let is_meant = |found: &Subscription| {
        let name = wanted.subscription.as_ref();
        let database = wanted.database.as_ref();
        name.is_none_or(|name| name.as_str() == found.name)
            && database.is_none_or(|database| database.as_str() == found.database)
    };
    let mut goals = Vec::new();
    for found in scene
        .subscriptions(node)
        .await?
        .into_iter()
        .filter(is_meant)
    {
        let publisher = scene.publisher(node, &found).await?;
        goals.push(Goal::Subscription {
            node: node.clone(),
            lsn: scene.written_by(&publisher).await?,
            name: found.name,
            database: found.database,
            publisher,
        });
    }
    Ok(goals)
}
