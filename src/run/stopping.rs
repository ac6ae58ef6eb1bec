//! Why a server that was told to stop does not.

use std::collections::BTreeMap;

use super::scene::Scene;
use super::{Tried, Wrong};
use crate::action::stop::StopMode;
use crate::engine::ContainerState;
use crate::failure::Failure;
use crate::name::NodeName;
use crate::text::count;

const TITLES: &str = include_str!("../../images/node/titles.sh");

/// The processes of a server that are still there, by what a shutdown waits for them to do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct StillThere {
    /// The walsenders: to whom, and what they do.
    senders: Vec<String>,
    archives: bool,
    clients: usize,
    checkpoints: bool,
}

impl StillThere {
    /// From the titles of processes: `postgres: one: walsender replication_user 10.0.0.3(4711) streaming 0/3000148`.
    fn of(titles: &str) -> Self {
        let mut found = Self::default();
        for title in titles
            .lines()
            .filter_map(|line| line.trim().strip_prefix("postgres: "))
        {
            let words: Vec<&str> = title.split_whitespace().collect();
            let at = words.iter().position(|word| !word.ends_with(':'));
            let Some((kind, rest)) = at.and_then(|at| words[at..].split_first()) else {
                continue;
            };
            match *kind {
                "walsender" => found.senders.push(rest.join(" ")),
                "archiver" => found.archives |= rest.contains(&"archiving"),
                "checkpointer" => found.checkpoints = true,
                "startup" | "walwriter" | "walreceiver" | "background" | "logical"
                | "autovacuum" | "logger" | "io" | "slotsync" | "walsummarizer" => {}
                // A user, a database and what they do.
                _ => found.clients += 1,
            }
        }
        found
    }

    /// What the server waits for, and the way out.
    fn told(&self, mode: StopMode, nodes: &Receivers) -> (Option<String>, &'static str) {
        if mode == StopMode::Smart && self.clients > 0 {
            let clients = count(self.clients, "client");
            let way = "a smart shutdown waits until every client has left: `mode: fast` ends them";
            return (Some(clients), way);
        }
        if !self.senders.is_empty() {
            let senders = count(self.senders.len(), "walsender");
            let each = self.senders.iter().map(|sender| to(sender, nodes));
            let told = format!("{senders} ({})", each.collect::<Vec<_>>().join(", "));
            let way = "a shutdown waits until every standby and subscriber has received all WAL: thaw it, heal its link, or \
                       stop with `mode: immediate`";
            return (Some(told), way);
        }
        let told = match self {
            Self { archives: true, .. } => Some("the archiver, which copies what is left"),
            Self { clients: 1.., .. } => Some("a client that does not end"),
            Self {
                checkpoints: true, ..
            } => Some("its last checkpoint"),
            _ => None,
        };
        (
            told.map(str::to_owned),
            "`mode: immediate` waits for nothing",
        )
    }
}

/// The lab's other nodes as a walsender's title knows them: by address, each with what to say of it.
type Receivers = BTreeMap<String, String>;

/// A walsender, and the node that it sends to.
fn to(sender: &str, nodes: &Receivers) -> String {
    let address = sender.split(['(', ' ']).find_map(|word| nodes.get(word));
    address.map_or_else(|| sender.to_owned(), |node| format!("to {node}: {sender}"))
}

impl Scene<'_> {
    /// What a node that was told to stop waits for.
    pub(super) async fn why_not_stopped(
        &self,
        node: &NodeName,
        mode: StopMode,
        wrong: Wrong,
    ) -> Wrong {
        let Wrong::Unmet { found, .. } = &wrong else {
            return wrong;
        };
        let Ok(Some(still)) = self.still_there(node).await else {
            return wrong;
        };
        let (waits_for, way) = still.told(mode, &self.receivers().await);
        let Some(waits_for) = waits_for else {
            return wrong;
        };
        let told = format!("`{node}` has not stopped: it waits for {waits_for}; {found}");
        Wrong::Failed(Failure::seen(told).with_hint(way))
    }

    /// What is known of them.
    async fn receivers(&self) -> Receivers {
        let mut receivers = Receivers::new();
        for node in &self.lab.plan.nodes {
            let Ok(container) = self.container(&node.name).await else {
                continue;
            };
            let frozen = container.state == ContainerState::Paused;
            let frozen = if frozen { ", which is frozen" } else { "" };
            let said = format!("`{}`{frozen}", node.name);
            receivers.extend(container.address.map(|address| (address.to_string(), said)));
        }
        receivers
    }

    async fn still_there(&self, node: &NodeName) -> Tried<Option<StillThere>> {
        let container = self.container(node).await?;
        let command = ["sh", "-c", TITLES].map(str::to_owned);
        let output = self.lab.engine.exec(&container.id, &command, &[]).await?;
        let titles = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok((output.code == 0).then(|| StillThere::of(&titles)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processes_that_hold_a_shutdown_up_are_named() {
        let titles = "postgres: one: checkpointer \npostgres -D /data\n\n\
                      postgres: one: walsender replication_user 10.0.0.3(4711) streaming 0/3000148 \n";
        let nobody = Receivers::new();
        let (told, way) = StillThere::of(titles).told(StopMode::Fast, &nobody);
        assert_eq!(
            told.as_deref(),
            Some("1 walsender (replication_user 10.0.0.3(4711) streaming 0/3000148)")
        );
        let two = ("10.0.0.3".to_owned(), "`two`, which is frozen".to_owned());
        let (told, _) = StillThere::of(titles).told(StopMode::Fast, &[two].into());
        assert_eq!(
            told.as_deref(),
            Some(
                "1 walsender (to `two`, which is frozen: replication_user 10.0.0.3(4711) streaming 0/3000148)"
            )
        );
        assert!(way.contains("`mode: immediate`"));
    }

    #[test]
    fn a_smart_shutdown_waits_for_clients() {
        let titles = "postgres: one: postgres shopping 10.0.0.1(5) idle\npostgres: one: logical replication launcher\n";
        let nobody = Receivers::new();
        let (told, way) = StillThere::of(titles).told(StopMode::Smart, &nobody);
        assert_eq!(told.as_deref(), Some("1 client"));
        assert!(way.contains("`mode: fast`"));
        assert_eq!(StillThere::of("").told(StopMode::Fast, &nobody).0, None);
    }
}
