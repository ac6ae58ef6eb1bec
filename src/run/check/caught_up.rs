//! `caught_up`: whether nodes have what their upstreams had.

use super::{AllOf, Look, failed};
use crate::action::Step;
use crate::action::check::caught_up::CaughtUp;
use crate::name::NodeName;
use crate::run::scene::Scene;
use crate::run::{Tried, Wrong};
use crate::server::lsn::Lsn;
use crate::server::{position, replication};
use crate::wait::Probe;

/// A position to reach, and the node that reports the progress.
#[derive(Debug, Clone)]
struct Goal {
    /// "replica".
    who: String,
    /// The node that reports.
    ask: NodeName,
    /// The `application_name` of the subscription's walsender. `None`: the node reports its own replay.
    subscription: Option<String>,
    /// The position.
    lsn: Lsn,
}

impl Look for CaughtUp {
    /// Waits for the positions that the upstreams had when the step began.
    async fn holds(&self, scene: &Scene<'_>, step: &Step) -> Tried {
        let within = scene.patience(step);
        let expected = || "an upstream to catch up with".to_owned();
        let goals = scene
            .wait(within, expected, || async {
                match goals(scene, &self.0.0).await {
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
        let goals = goals(scene, &self.0.0).await?;
        reached(scene, &goals).await
    }
}

async fn reached(scene: &Scene<'_>, goals: &[Goal]) -> Tried<Probe<String>> {
    let mut seen = AllOf::default();
    for goal in goals {
        let at = match &goal.subscription {
            None => position::replayed(&*scene.client(&goal.ask).await?).await?,
            Some(name) => {
                let senders = replication::senders(&*scene.client(&goal.ask).await?).await?;
                let sender = replication::named(&senders, name).next();
                sender.and_then(|sender| sender.replay_lsn)
            }
        };
        match at {
            Some(at) if at >= goal.lsn => seen.add(true, format!("{} has {at}", goal.who)),
            Some(at) => seen.add(false, format!("{} is at {at}", goal.who)),
            None => seen.add(false, format!("{} is not connected", goal.who)),
        }
    }
    Ok(seen.probe())
}

async fn goals(scene: &Scene<'_>, nodes: &[NodeName]) -> Tried<Vec<Goal>> {
    let mut goals = Vec::new();
    for node in nodes {
        let before = goals.len();
        if scene.recovers(node).await? {
            let primary = scene.primary_of(node).await?;
            let lsn = scene.written_by(&primary).await?;
            goals.push(Goal {
                who: node.to_string(),
                ask: node.clone(),
                subscription: None,
                lsn,
            });
        }
        goals.extend(subscription_goals(scene, node).await?);
        if goals.len() == before {
            let why = format!(
                "`{node}` is neither a standby nor a subscriber: it has no upstream to catch up with"
            );
            return Err(failed(why));
        }
    }
    Ok(goals)
}

async fn subscription_goals(scene: &Scene<'_>, node: &NodeName) -> Tried<Vec<Goal>> {
    let mut goals = Vec::new();
    for (name, publisher) in scene.subscriptions(node).await? {
        let lsn = scene.written_by(&publisher).await?;
        goals.push(Goal {
            who: format!("{node} ({name})"),
            ask: publisher,
            // The subscription's own walsender, not those of its table synchronization workers.
            subscription: Some(name),
            lsn,
        });
    }
    Ok(goals)
}
