//! The reason that a standby does not replicate, from the standby, its container and its log.

use std::time::{Duration, SystemTime};

use crate::engine::{Container, ContainerState};
use crate::failure::Failure;
use crate::lab::Lab;
use crate::lab::reasons::Suspect;
use crate::name::NodeName;
use crate::plan::{PlannedNode, PlannedSubscription, Role};
use crate::server::client::Reader;
use crate::server::entries::Entry;
use crate::server::{history, state, upstream};
use crate::text::{duration, utc};

use super::{Check, Prover, check};

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

impl Prover<'_> {
    /// A check whose look waits for something `within` a time, and that ends soon after that even if the server of `node`
    /// hangs.
    pub(super) async fn check_at(
        &self,
        node: &NodeName,
        within: Duration,
        name: String,
        looked: impl Future<Output = Result<String, Failure>>,
    ) -> Check {
        /// For what is asked before and after the wait.
        const MORE: Duration = Duration::from_secs(15);
        let limit = within + MORE;
        let looking = async {
            match tokio::time::timeout(limit, looked).await {
                Ok(looked) => looked,
                Err(_) => Err(self::container(self.lab, node).await.unwrap_or_else(|| {
                    let limit = duration(limit);
                    Failure::seen(format!("`{node}` has not answered within {limit}"))
                })),
            }
        };
        check(name, looking).await
    }
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
        publishers: vec![subscription.upstream.as_str()],
        slot: Some(subscription.slot.as_str()),
        oid: None,
    };
    let trouble = lab.trouble(&suspect).await?;
    Some(Failure {
        hint: trouble.hint(name, node.as_str()),
        ..Failure::of(&trouble)
    })
}

/// The reason for a failed wait for a standby: what its container, its delay or its log says. Nothing is known of one that
/// does not say it in time.
pub(super) async fn of_standby(proof: &Prover<'_>, node: &PlannedNode) -> Option<Failure> {
    /// A server that hangs never answers.
    const LIMIT: Duration = Duration::from_secs(5);
    let name = &node.name;
    if let Some(why) = self::container(proof.lab, name).await {
        return Some(why);
    }
    let (late, log) = tokio::join!(
        tokio::time::timeout(LIMIT, delayed(proof, node)),
        tokio::time::timeout(LIMIT, proof.lab.server_log(name)),
    );
    if let Ok(Some(why)) = late {
        return Some(why);
    }
    let log = log.ok().flatten()?;
    since(&log, proof.began).map(|found| told(name, found))
}

/// That a standby replays later than planned.
async fn delayed(proof: &Prover<'_>, node: &PlannedNode) -> Option<Failure> {
    let (name, Role::Standby(meant)) = (&node.name, &node.role) else {
        return None;
    };
    let client = proof.client(name).ok()?;
    let link = upstream::upstream(client).await.ok()??;
    let delay = Duration::from_millis(link.apply_delay_ms);
    (delay > meant.apply_delay).then(|| {
        let delay = duration(delay);
        Failure::seen(format!(
            "`{name}` replays {delay} late: `recovery_min_apply_delay` is set"
        ))
    })
}

/// The last failure in a log since a time. An older one may be mended, and so may one that carries no time.
fn since(log: &[Entry], since: SystemTime) -> Option<&Entry> {
    log.iter().rev().find(|entry| {
        // Those who connect while it starts are refused.
        let refuses = entry.message.starts_with("the database system is ");
        let is_failure = matches!(entry.severity.as_str(), "FATAL" | "ERROR" | "PANIC");
        is_failure && !refuses && entry.at.is_some_and(|at| at >= since)
    })
}

/// What a node's log says.
fn told(node: &NodeName, found: &Entry) -> Failure {
    let at = found
        .at
        .map_or_else(String::new, |at| format!(" ({})", utc::shown(at)));
    let more = found.more.iter().filter(|line| line.starts_with("DETAIL"));
    let words: Vec<&str> = std::iter::once(&found.message)
        .chain(more)
        .map(String::as_str)
        .collect();
    Failure::seen(format!(
        "the log of `{node}` says{at}: {}: {}",
        found.severity,
        words.join("; ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::entries::{DEFAULT_PREFIX, of_text};

    #[test]
    fn only_what_failed_since_the_proof_began_is_the_reason() {
        let began = utc::parse("2026-11-27 01:00:00").expect("a time");
        let found = |log: &str| {
            let entries = of_text(log.lines(), DEFAULT_PREFIX);
            since(&entries, began).map(|entry| entry.message.clone())
        };
        let old = "2026-11-27 00:59:59.999 GMT [9] FATAL:  old";
        let new = "2026-11-27 01:00:00.000 GMT [9] ERROR:  new";
        let later = "2026-11-27 01:00:01.000 GMT [9] FATAL:  the database system is starting up";
        assert_eq!(found(old), None);
        assert_eq!(found("[9] FATAL:  of no time"), None);
        let all = [old, new, later, "[9] ERROR:  of no time"].join("\n");
        assert_eq!(found(&all).as_deref(), Some("new"));
        assert_eq!(found(&[old, later].join("\n")), None);
    }
}
