//! One look at a whole lab: what every node says, the topology that follows from it, and the faults. `status` and
//! `monitor` tell what it saw.

use std::fmt::Write as _;
use std::time::Duration;

use crate::engine::ContainerState;
use crate::name::NodeName;
use crate::plan::{PlannedNode, Role};
use crate::server::client::{identifier, literal};
use crate::server::history::History;
use crate::server::replication::Sender;
use crate::server::slots;
use crate::text::duration;

use super::Lab;
use super::deeds::{Deed, Note};
use super::faults::LinkFault;
use super::hindrance::{self, Condition, Connected, Hindrance, Known, WaitingCommits};
use super::status::SubscriptionStatus;
use super::succession::{self, Rest};
use super::topology::{Answers, Topology, Unasked, sender_to};

/// What was seen of a lab.
pub(super) struct Look<'a> {
    pub(super) lab: &'a Lab,
    /// In plan order.
    pub(super) asked: Vec<Result<Answers, Unasked>>,
    pub(super) topology: Topology,
    pub(super) faults: Vec<LinkFault>,
    /// What killed proofs left.
    left: Vec<Note>,
}

impl<'a> Look<'a> {
    pub(super) async fn at(lab: &'a Lab) -> Self {
        let (asked, faults, left) = tokio::join!(lab.ask_all(), lab.faults(), lab.deeds_left());
        Self {
            lab,
            topology: lab.topology_of(&asked),
            asked,
            faults: faults.unwrap_or_default().links,
            left: left.unwrap_or_default(),
        }
    }

    /// What a node's server said.
    pub(super) fn said_by(&self, name: &NodeName) -> Option<&Answers> {
        let mut nodes = self.lab.plan.nodes.iter();
        let at = nodes.position(|node| node.name == *name)?;
        self.asked[at].as_ref().ok()
    }

    /// The node whose receiver a sender serves.
    pub(super) fn node_of(&self, sender: &Sender) -> Option<&NodeName> {
        let address = sender.address.as_deref()?;
        let mut nodes = self.lab.nodes().filter_map(|(node, container)| {
            let its = container?.address?;
            (its.to_string() == address).then_some(&node.name)
        });
        nodes.next()
    }

    /// The node that sends to a node which does not answer.
    fn sends_to(&self, node: &NodeName) -> Option<&NodeName> {
        let mut nodes = self.lab.plan.nodes.iter().zip(&self.asked);
        let sends = |said: &Answers| {
            said.senders
                .iter()
                .any(|its| self.node_of(its) == Some(node))
        };
        let found = nodes.find(|(_, said)| said.as_ref().is_ok_and(sends));
        found.map(|(upstream, _)| &upstream.name)
    }

    /// The node that a node's WAL comes from: as it says, as its upstream says, or as planned.
    pub(super) fn upstream(&self, node: &NodeName) -> Option<&NodeName> {
        if self.topology.role(node).is_some() {
            return self.topology.upstream(node);
        }
        let mut planned = self.lab.plan.standbys();
        let planned = planned.find(|(standby, _)| standby.name == *node);
        self.sends_to(node)
            .or_else(|| planned.map(|(_, standby)| &standby.upstream))
    }

    fn condition(&self, node: &NodeName) -> Condition {
        let container = self.lab.container(node.as_str());
        Condition {
            is_frozen: container.is_ok_and(|found| found.state == ContainerState::Paused),
            is_paused: self.said_by(node).is_some_and(|said| said.state.is_paused),
        }
    }

    /// What hinders a downstream of a node.
    pub(super) fn hinders(&self, upstream: Option<&NodeName>, node: &NodeName) -> Vec<Hindrance> {
        let upstream = upstream.map(|name| (name, self.condition(name)));
        let fork = upstream.and_then(|(upstream, _)| self.fork(upstream, node));
        let mut found = hindrance::of_edge(upstream, (node, self.condition(node)), &self.faults);
        found.extend(fork.map(|_| Hindrance::Diverged));
        found
    }

    /// Why a standby cannot follow its upstream, in words: they are of different clusters, or their histories fork.
    fn fork(&self, upstream: &NodeName, node: &NodeName) -> Option<String> {
        let own = self.said_by(node)?;
        let other = self.said_by(upstream)?.history.as_ref()?;
        // They were asked at once, so what the standby has may be newer than what its upstream said.
        let other = History {
            is_standby: true,
            ..other.clone()
        };
        let is_standby = own.state.is_standby;
        let parting = own
            .history
            .as_ref()
            .filter(|_| is_standby)?
            .parted_from(&other)?;
        Some(parting.told(node.as_str(), upstream.as_str()))
    }

    /// In what a standby that is where it was planned differs from the plan: its delay, and whether commits wait for it.
    pub(super) fn off_plan(&self, node: &PlannedNode) -> Vec<String> {
        let name = &node.name;
        let mut found = Vec::new();
        let (Role::Standby(meant), true) = (
            &node.role,
            self.topology.is_as_planned(&self.lab.plan, name),
        ) else {
            return found;
        };
        let Some(link) = self.said_by(name).and_then(|own| own.upstream.as_ref()) else {
            return found;
        };
        let delay = Duration::from_millis(link.apply_delay_ms);
        if delay != meant.apply_delay {
            let words = |delay: Duration| match delay {
                Duration::ZERO => "at once".to_owned(),
                delay => format!("{} late", duration(delay)),
            };
            let (now, planned) = (words(delay), words(meant.apply_delay));
            found.push(format!("replays {now} (planned: {planned})"));
        }
        let upstream = self.said_by(&meant.upstream);
        // A connection that was lost and has not timed out has the same name.
        let own = self.lab.container(name.as_str()).ok();
        let own = own.and_then(|found| Some(found.address?.to_string()));
        let sender = upstream
            .and_then(|said| sender_to(&said.senders, &link.application_name, own.as_deref()));
        // While it catches up it is not synchronous yet.
        let sync_state = sender
            .filter(|sender| sender.is_streaming())
            .and_then(|sender| sender.sync_state);
        if let Some(now) = sync_state.filter(|state| !meant.sync_states.contains(state)) {
            let planned: Vec<String> = meant.sync_states.iter().map(ToString::to_string).collect();
            found.push(format!(
                "is `{now}` (planned: `{}`)",
                planned.join("` or `")
            ));
        }
        found
    }

    /// The commits of a node that wait, and for whom.
    pub(super) fn waiting(&self, node: &NodeName, said: &Answers) -> Option<WaitingCommits> {
        let connected = said.senders.iter().map(|sender| {
            let below = self.node_of(sender);
            Connected {
                sender,
                node: below,
                hindered_by: below.map_or_else(Vec::new, |below| self.hinders(Some(node), below)),
            }
        });
        let connected: Vec<Connected<'_>> = connected.collect();
        let known = self.lab.plan.standbys().map(|(standby, planned)| {
            let own = self
                .said_by(&standby.name)
                .and_then(|own| own.upstream.as_ref());
            let planned = planned.application_name.as_str();
            Known {
                application_name: own.map_or(planned, |own| &own.application_name),
                node: &standby.name,
                hindered_by: self.hinders(Some(node), &standby.name),
            }
        });
        let known: Vec<Known<'_>> = known.collect();
        hindrance::waiting(said.waiting, &said.synchronous, &connected, &known)
    }

    /// What to say of the lab as a whole, a line each.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = self.rivalries();
        remarks.extend(self.remains());
        for (node, said) in self.lab.plan.nodes.iter().zip(&self.asked) {
            let name = &node.name;
            match said {
                Ok(said) => {
                    let waiting = self.waiting(name, said);
                    remarks.extend(waiting.map(|waiting| format!("{name}: {waiting}")));
                    let off = self.off_plan(node);
                    remarks.extend(off.iter().map(|what| format!("{name}: {what}")));
                    remarks.extend(self.moved_publishers(name, said));
                    remarks.extend(self.unrefreshed(name, said));
                    let upstream = self.topology.upstream(name);
                    remarks.extend(upstream.and_then(|upstream| self.fork(upstream, name)));
                }
                Err(_) => remarks.extend(self.succession(name)),
            }
        }
        remarks
    }

    /// What killed proofs left.
    fn remains(&self) -> Vec<String> {
        let lab = &self.lab.plan.lab;
        let told = self.left.iter().map(|note| {
            let what = match &note.deed {
                Deed::Freeze { nodes } => {
                    let names: Vec<String> = nodes.iter().map(|node| format!("`{node}`")).collect();
                    format!("may have left {} frozen", names.join(", "))
                }
                Deed::Write { node, .. } => format!("may have left rows on `{node}`"),
            };
            format!("a proof that was killed {what}: `lab heal {lab}` undoes it")
        });
        told.collect()
    }

    fn rivalries(&self) -> Vec<String> {
        let history = |node: &NodeName| self.said_by(node)?.history.as_ref();
        let rivals = self.topology.rivals();
        let told = rivals.iter().filter_map(|group| {
            let histories = history(group.first()?).zip(history(group.last()?));
            succession::competition(&self.lab.plan.lab, group, histories)
        });
        told.collect()
    }

    /// A node that was replaced must not be started as it is.
    fn succession(&self, node: &NodeName) -> Option<String> {
        let what = self.lab.succession(&self.topology, node)?;
        Some(format!("{node}: {what}"))
    }

    /// The subscriptions of a node whose publisher is no primary any more.
    fn moved_publishers(&self, node: &NodeName, said: &Answers) -> Vec<String> {
        let Ok(publishing) = &said.publishing else {
            return Vec::new();
        };
        let lost = publishing
            .subscriptions
            .iter()
            .filter(|its| !its.is_healthy());
        let told = lost.filter_map(|its| {
            let host = its.upstream.as_deref()?;
            let publisher = &self.lab.host(host)?;
            let now = self.topology.now_instead_of(publisher)?;
            let slot = its.slot.as_ref().map(|slot| slot.name.as_str());
            Some(format!(
                "{node} ({}): {}",
                its.name,
                self.new_publisher(its, publisher, now, slot)
            ))
        });
        told.collect()
    }

    /// The subscriptions of a node that do not know tables of their publications in the lab's database.
    fn unrefreshed(&self, node: &NodeName, said: &Answers) -> Vec<String> {
        let Ok(publishing) = &said.publishing else {
            return Vec::new();
        };
        let told = publishing.subscriptions.iter().filter_map(|its| {
            let database = its.database.as_deref()?;
            let mut hosts = its.hosts.iter();
            let publisher = hosts.find_map(|host| self.lab.host(host))?;
            let there = self.said_by(&publisher)?.publishing.as_ref().ok()?;
            let missed = its.missed(&there.publications)?;
            let is_here = database == self.lab.plan.database.as_str();
            is_here.then(|| format!("{node} ({}): {missed}", its.name))
        });
        told.collect()
    }

    /// How a subscription follows the present primary.
    fn new_publisher(
        &self,
        its: &SubscriptionStatus,
        publisher: &NodeName,
        now: &NodeName,
        slot: Option<&str>,
    ) -> String {
        let name = identifier(&its.name);
        let is_there = |slot: &str| {
            let said = self.said_by(now);
            said.is_some_and(|said| slots::named(&said.slots, slot).is_some())
        };
        let mut text = format!("connects to `{publisher}`, and `{now}` is the primary now: ");
        if let Some(slot) = slot.filter(|slot| !is_there(slot)) {
            _ = write!(
                text,
                "`SELECT pg_create_logical_replication_slot({}, 'pgoutput')` on `{now}`, then ",
                literal(slot)
            );
        }
        _ = write!(
            text,
            "`ALTER SUBSCRIPTION {name} CONNECTION 'host={now} …'` makes it follow"
        );
        text
    }
}

impl Lab {
    /// What to do about a node that does not run and was replaced by another primary; `None` if it was not.
    #[must_use]
    pub fn succession(&self, topology: &Topology, node: &NodeName) -> Option<String> {
        let rest = Rest::of(self.container(node.as_str()).ok());
        succession::succession(&self.plan.lab, node, &topology.successors(node), rest)
    }
}
