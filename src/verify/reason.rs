//! The reason that a standby does not replicate, from the standby, its container and its log.

use std::time::{Duration, SystemTime};

use crate::engine::{Container, ContainerState};
use crate::failure::Failure;
use crate::lab::Lab;
use crate::lab::reasons::Suspect;
use crate::name::NodeName;
use crate::plan::{PlannedNode, PlannedSubscription, Role};
use crate::server::client::Reader;
use crate::server::{history, state, upstream};
use crate::text::{duration, utc};

use super::Prover;

/// The container's `state` in words, for its node.
pub(super) fn not_running(node: &NodeName, container: Option<&Container>) -> Failure {
    if let Some(why) = container.and_then(Container::why_ended) {
        return Failure::seen(format!("the container of `{node}` is stopped: {why}"));
    }
    let seen = match container.map(|found| found.state) {
        None => format!("the container of `{node}` is gone"),
        Some(ContainerState::Paused) => format!("the container of `{node}` is paused"),
        Some(ContainerState::Created) => format!("the container of `{node}` was never started"),
        Some(ContainerState::Running) => format!("the container of `{node}` runs"),
        Some(ContainerState::Restarting) => format!("the container of `{node}` is restarting"),
        Some(ContainerState::Exited | ContainerState::Dead) => {
            format!("the container of `{node}` is stopped")
        }
    };
    Failure::seen(seen)
}

/// The reason that nothing of `upstream` will ever arrive; `None` if waiting may help.
pub(super) async fn never_arrives(
    node: &NodeName,
    reader: &Reader,
    upstream: Option<(&NodeName, &Reader)>,
) -> Option<Failure> {
    let parting = async {
        let (name, upstream) = upstream?;
        // In this order: what the node has may be newer than what its upstream said before.
        let own = history::history(reader).await.ok()??;
        let other = history::history(upstream).await.ok()??;
        let parting = own.parted_from(&other)?;
        Some(Failure::seen(parting.told(node.as_str(), name.as_str())))
    };
    let (state, parting) = tokio::join!(state::state(reader), parting);
    match state {
        Err(error) => Some(Failure::from(error).while_doing(format!("`{node}` no longer answers"))),
        Ok(state) if !state.is_standby => Some(Failure::seen(format!(
            "`{node}` was promoted: it is not a standby any more"
        ))),
        Ok(state) if state.is_paused => Some(Failure::seen(format!(
            "replay is paused on `{node}`: `SELECT pg_wal_replay_resume()` lets it go on"
        ))),
        Ok(_) => parting,
    }
}

/// The state of a standby's container, if it does not run any more.
pub(super) async fn container(lab: &Lab, node: &NodeName) -> Option<Failure> {
    let container = lab.container(node.as_str()).ok()?;
    let now = lab.engine.find_container(&container.id).await.ok()?;
    let state = now.as_ref().map(|found| found.state);
    (state != Some(ContainerState::Running)).then(|| not_running(node, now.as_ref()))
}

/// The reason for a failed wait for a subscription, from the subscriber's container and log.
pub(super) async fn of_subscription(
    lab: &Lab,
    node: &NodeName,
    subscription: &PlannedSubscription,
) -> Option<Failure> {
    if let Some(why) = self::container(lab, node).await {
        return Some(why);
    }
    let name = subscription.name.as_str();
    let suspect = Suspect {
        node,
        name,
        publisher: Some(subscription.upstream.as_str()),
        slot: Some(subscription.slot.as_str()),
    };
    let trouble = lab.trouble(&suspect).await?;
    Some(Failure {
        hint: trouble.hint(name, node.as_str()),
        ..Failure::of(&trouble)
    })
}

/// The reason for a failed wait for a standby: a delay that was not planned, or what its container and its log say.
pub(super) async fn of_standby(proof: &Prover<'_>, node: &PlannedNode) -> Option<Failure> {
    let (name, client) = (&node.name, proof.client(&node.name).ok());
    if let (Role::Standby(meant), Some(client)) = (&node.role, client)
        && let Ok(Some(link)) = upstream::upstream(client).await
    {
        let delay = Duration::from_millis(link.apply_delay_ms);
        if delay > meant.apply_delay {
            let delay = duration(delay);
            let seen = format!("`{name}` replays {delay} late: `recovery_min_apply_delay` is set");
            return Some(Failure::seen(seen));
        }
    }
    from_log(proof.lab, name, proof.began).await
}

/// The reason for a failed wait for a standby, from its container and the log since a time: an older error may be mended.
async fn from_log(lab: &Lab, node: &NodeName, since: SystemTime) -> Option<Failure> {
    if let Some(why) = self::container(lab, node).await {
        return Some(why);
    }
    let log = lab.server_log(node).await?;
    let found = log.iter().rev().find(|entry| {
        // Those who connect while it starts are refused.
        let refuses = entry.message.starts_with("the database system is ");
        let is_failure = matches!(entry.severity.as_str(), "FATAL" | "ERROR" | "PANIC");
        is_failure && !refuses && entry.at.is_none_or(|at| at >= since)
    })?;
    let at = found
        .at
        .map_or_else(String::new, |at| format!(" ({})", utc::shown(at)));
    let more = found.more.iter().filter(|line| line.starts_with("DETAIL"));
    let words: Vec<&str> = std::iter::once(&found.message)
        .chain(more)
        .map(String::as_str)
        .collect();
    let seen = format!(
        "the log of `{node}` says{at}: {}: {}",
        found.severity,
        words.join("; ")
    );
    Some(seen.into())
}
