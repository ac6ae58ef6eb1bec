//! What keeps a downstream from getting on although its connection looks well: a cut link, a frozen node, a paused replay,
//! and the commits that wait because of it. Pure.
//!
//! A server learns of a cut link only after `wal_sender_timeout`, and of a frozen standby no sooner. The faults and the
//! containers tell at once.

use std::fmt;

use serde::Serialize;

use crate::name::NodeName;
use crate::scenario::sync_names::{SyncName, SyncStandbyNames};
use crate::server::activity::Waiting;
use crate::server::replication::{Sender, SyncState};
use crate::text::count;

use super::faults::LinkFault;

/// What keeps a downstream from getting on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hindrance {
    /// A fault drops the packets between it and its upstream, in one direction at least.
    LinkCut,
    /// Its container is paused.
    Frozen,
    /// The container of its upstream is paused.
    UpstreamFrozen,
    /// Its replay is paused.
    ReplayPaused,
    /// It has WAL that is not part of its upstream's history.
    Diverged,
}

impl fmt::Display for Hindrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LinkCut => "link cut",
            Self::Frozen => "frozen",
            Self::UpstreamFrozen => "upstream frozen",
            Self::ReplayPaused => "replay paused",
            Self::Diverged => "diverged",
        })
    }
}

impl Hindrance {
    /// Whether no WAL arrives. A paused replay still receives.
    #[must_use]
    pub fn stops_wal(self) -> bool {
        self != Self::ReplayPaused
    }
}

/// The state of a node, as far as it hinders.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Condition {
    /// Whether its container is paused.
    pub(super) is_frozen: bool,
    /// Whether it is a standby whose replay is paused.
    pub(super) is_paused: bool,
}

/// What hinders a downstream.
pub(super) fn of_edge(
    upstream: Option<(&NodeName, Condition)>,
    downstream: (&NodeName, Condition),
    faults: &[LinkFault],
) -> Vec<Hindrance> {
    let (node, own) = downstream;
    let is_cut = |other: &NodeName| {
        let mut cut = faults.iter().filter(|fault| fault.cut);
        cut.any(|fault| {
            (fault.from == *other && fault.to == *node)
                || (fault.from == *node && fault.to == *other)
        })
    };
    let found = [
        (
            upstream.is_some_and(|(other, _)| is_cut(other)),
            Hindrance::LinkCut,
        ),
        (own.is_frozen, Hindrance::Frozen),
        (
            upstream.is_some_and(|(_, its)| its.is_frozen),
            Hindrance::UpstreamFrozen,
        ),
        (own.is_paused, Hindrance::ReplayPaused),
    ];
    let found = found.into_iter().filter(|(is, _)| *is);
    found.map(|(_, hindrance)| hindrance).collect()
}

/// The commits of a primary that wait for synchronous standbys.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WaitingCommits {
    /// Their number.
    pub commits: u64,
    /// How long the oldest has waited, in milliseconds.
    pub longest_ms: f64,
    /// The `application_name`s of the standbys that could let them go.
    pub wait_for: Vec<WaitedFor>,
}

/// A standby that a commit waits for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WaitedFor {
    /// Its name: that of its node if a node has that `application_name`.
    pub name: String,
    /// Why it does not answer: `not connected`, `frozen`, …; empty if that is not known.
    pub because: Vec<String>,
}

impl fmt::Display for WaitingCommits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.commits == 1 { "waits" } else { "wait" };
        let commits = usize::try_from(self.commits).unwrap_or(usize::MAX);
        let each = self
            .wait_for
            .iter()
            .map(|its| match its.because.as_slice() {
                [] => format!("`{}`", its.name),
                because => format!("`{}` ({})", its.name, because.join(", ")),
            });
        let each: Vec<String> = each.collect();
        let standbys = match each.as_slice() {
            [] => "a synchronous standby".to_owned(),
            each => each.join(", "),
        };
        write!(f, "{} {verb} for {standbys}", count(commits, "commit"))
    }
}

/// A standby that is connected to a primary: its sender, its node, and what hinders it.
pub(super) struct Connected<'a> {
    pub(super) sender: &'a Sender,
    pub(super) node: Option<&'a NodeName>,
    pub(super) hindered_by: Vec<Hindrance>,
}

/// A standby by the name with which it connects, and what hinders it.
pub(super) struct Known<'a> {
    pub(super) application_name: &'a str,
    pub(super) node: &'a NodeName,
    pub(super) hindered_by: Vec<Hindrance>,
}

/// For whom commits wait; `None` if none waits. `known` are the lab's standbys, connected or not.
pub(super) fn waiting(
    seen: Waiting,
    synchronous: &str,
    connected: &[Connected<'_>],
    known: &[Known<'_>],
) -> Option<WaitingCommits> {
    if seen.commits == 0 {
        return None;
    }
    let held = connected.iter().filter(|its| {
        let state = its.sender.sync_state;
        state.is_some_and(SyncState::holds_commits)
    });
    let held: Vec<&Connected<'_>> = held.collect();
    let hindered = held.iter().filter(|its| !its.hindered_by.is_empty());
    let mut wait_for: Vec<WaitedFor> = hindered.map(|its| waited_for(its)).collect();
    if wait_for.is_empty() {
        wait_for = absent(synchronous, connected, known);
    }
    if wait_for.is_empty() {
        wait_for = held.iter().map(|its| waited_for(its)).collect();
    }
    Some(WaitingCommits {
        commits: seen.commits,
        longest_ms: (seen.longest * 1000.0).round(),
        wait_for,
    })
}

fn waited_for(its: &Connected<'_>) -> WaitedFor {
    let name = its.node.map(ToString::to_string);
    WaitedFor {
        name: name.unwrap_or_else(|| its.sender.application_name.clone()),
        because: its.hindered_by.iter().map(ToString::to_string).collect(),
    }
}

/// The names in `synchronous_standby_names` with which nobody is connected. A server drops a connection in the end over which
/// it hears nothing, so what hinders the standby is still the reason.
fn absent(synchronous: &str, connected: &[Connected<'_>], known: &[Known<'_>]) -> Vec<WaitedFor> {
    let Ok(names) = synchronous.parse::<SyncStandbyNames>() else {
        return Vec::new();
    };
    let is_there = |listed: &SyncName| {
        let mut names = connected.iter().map(|its| &its.sender.application_name);
        names.any(|name| listed.matches(name))
    };
    let missing = names.names.iter().filter(|listed| !is_there(listed));
    let waited = missing.filter_map(|listed| match listed {
        SyncName::Star => None,
        SyncName::Name(name) => {
            let standby = known
                .iter()
                .find(|its| listed.matches(its.application_name));
            let by = standby.map_or(&[][..], |its| &its.hindered_by);
            let by = by.iter().filter(|by| by.stops_wal());
            let mut because: Vec<String> = by.map(ToString::to_string).collect();
            if because.is_empty() {
                because.push("not connected".to_owned());
            }
            let name = standby.map_or_else(|| name.clone(), |its| its.node.to_string());
            Some(WaitedFor { name, because })
        }
    });
    waited.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::link::Link;
    use crate::server::replication::{Lag, SenderState};

    fn node(name: &str) -> NodeName {
        NodeName::new(name).expect("a name")
    }

    fn sender(name: &str, sync_state: SyncState) -> Sender {
        Sender {
            pid: 1,
            application_name: name.to_owned(),
            address: None,
            is_logical: false,
            connected_for: 60.0,
            state: Some(SenderState::Streaming),
            sync_state: Some(sync_state),
            flush_lsn: None,
            replay_lsn: None,
            bytes: Lag::default(),
            seconds: Lag::default(),
        }
    }

    fn told(synchronous: &str, connected: &[Connected<'_>]) -> String {
        let seen = Waiting {
            commits: 2,
            longest: 1.5,
        };
        let node = node("replica");
        let known = Known {
            application_name: "replica_node",
            node: &node,
            hindered_by: vec![Hindrance::LinkCut, Hindrance::ReplayPaused],
        };
        waiting(seen, synchronous, connected, &[known])
            .expect("they wait")
            .to_string()
    }

    #[test]
    fn a_link_that_is_cut_one_way_hinders() {
        let (a, b, c) = (node("a"), node("b"), node("c"));
        let mut faults = super::super::faults::Faults::default();
        let link = Link {
            from: b.clone(),
            to: a.clone(),
        };
        faults.add(vec![link], |fault| fault.cut = true);
        let of = |down: &NodeName| {
            let well = Condition::default();
            of_edge(Some((&a, well)), (down, well), &faults.links)
        };
        assert_eq!(of(&b), [Hindrance::LinkCut]);
        assert_eq!(of(&c), []);
    }

    #[test]
    fn a_frozen_upstream_and_a_paused_replay_are_told_apart() {
        let (a, b) = (node("a"), node("b"));
        let frozen = Condition {
            is_frozen: true,
            is_paused: false,
        };
        let paused = Condition {
            is_frozen: false,
            is_paused: true,
        };
        let found = of_edge(Some((&a, frozen)), (&b, paused), &[]);
        assert_eq!(found, [Hindrance::UpstreamFrozen, Hindrance::ReplayPaused]);
        assert!(found[0].stops_wal() && !found[1].stops_wal());
    }

    #[test]
    fn commits_wait_for_the_standby_that_is_hindered() {
        let (one, two) = (
            sender("one", SyncState::Sync),
            sender("two", SyncState::Potential),
        );
        let name = node("replica");
        let connected = [
            Connected {
                sender: &one,
                node: Some(&name),
                hindered_by: vec![Hindrance::Frozen],
            },
            Connected {
                sender: &two,
                node: None,
                hindered_by: vec![Hindrance::LinkCut],
            },
        ];
        assert_eq!(
            told("FIRST 1 (one, two)", &connected),
            "2 commits wait for `replica` (frozen)"
        );
    }

    #[test]
    fn commits_wait_for_a_name_that_nobody_has() {
        assert_eq!(
            told("gone", &[]),
            "2 commits wait for `gone` (not connected)"
        );
        assert_eq!(
            told("replica_node", &[]),
            "2 commits wait for `replica` (link cut)"
        );
        assert_eq!(told("*", &[]), "2 commits wait for a synchronous standby");
        let slow = sender("slow", SyncState::Sync);
        let connected = [Connected {
            sender: &slow,
            node: None,
            hindered_by: vec![],
        }];
        assert_eq!(told("slow", &connected), "2 commits wait for `slow`");
        assert_eq!(waiting(Waiting::default(), "slow", &connected, &[]), None);
    }
}
