//! Faults of the network between nodes, and their end.

use super::stage::Stage;
use super::{Seen, Wrong};
use crate::action::{Delay, Heal, Link, Loss, Partition, Rate, Span, between, isolated};
use crate::engine::ContainerState;
use crate::lab::faults::{LinkFault, lines};
use crate::name::NodeName;

impl Stage<'_> {
    pub(super) async fn partition(&self, partition: &Partition) -> Seen {
        let to = partition.to.iter().flat_map(|to| &to.0);
        self.fault(
            partition.from.0.iter().chain(to),
            partition.links(),
            |fault| {
                fault.cut = true;
            },
        )
        .await
    }

    pub(super) async fn isolate(&self, nodes: &[NodeName]) -> Seen {
        let all = self.lab.plan.nodes.iter().map(|node| &node.name);
        self.fault(nodes, isolated(nodes, all), |fault| fault.cut = true)
            .await
    }

    pub(super) async fn delay(&self, delay: &Delay) -> Seen {
        let Delay {
            from,
            to,
            time,
            jitter,
        } = delay;
        let millis = |span: Span| span.0.as_secs_f64() * 1000.0;
        let links = between(&from.0, &to.0);
        self.fault(from.0.iter().chain(&to.0), links, |fault| {
            fault.delay_ms = Some(millis(*time));
            fault.jitter_ms = jitter.map(millis);
        })
        .await
    }

    pub(super) async fn lose(&self, loss: &Loss) -> Seen {
        let Loss { from, to, percent } = loss;
        let links = between(&from.0, &to.0);
        self.fault(from.0.iter().chain(&to.0), links, |fault| {
            fault.loss = Some(*percent);
        })
        .await
    }

    pub(super) async fn limit(&self, limit: &Rate) -> Seen {
        let Rate { from, to, rate } = limit;
        let links = between(&from.0, &to.0);
        self.fault(from.0.iter().chain(&to.0), links, |fault| {
            fault.rate = Some(*rate);
        })
        .await
    }

    /// Adds a fault to links. A node that is down has it when it starts.
    async fn fault<'n>(
        &self,
        named: impl IntoIterator<Item = &'n NodeName>,
        links: Vec<Link>,
        fault: impl Fn(&mut LinkFault),
    ) -> Seen {
        let mut down = Vec::new();
        for node in named {
            match self.container(node).await?.state {
                ContainerState::Running | ContainerState::Paused => {}
                _ => down.push(format!("{node} is down, and starts with it")),
            }
        }
        let hit = links.clone();
        let faults = self
            .lab
            .change_faults(self.cancel, |faults| faults.add(links.clone(), &fault))
            .await?;
        let new = faults
            .links
            .into_iter()
            .filter(|fault| hit.contains(&fault.link()));
        let mut seen = lines(&new.collect::<Vec<_>>());
        seen.extend(down);
        Ok(seen.join("; "))
    }

    pub(super) async fn fill_disks(&self, nodes: &[NodeName]) -> Seen {
        let mut seen = Vec::new();
        for node in nodes {
            if self
                .lab
                .plan
                .node(node)
                .is_none_or(|node| node.disk.is_none())
            {
                let why = format!("`{node}` has no `disk` of its own that could be filled");
                return Err(Wrong::Failed(why));
            }
            seen.push(format!("{node}: {}", self.lab.fill_disk(node).await?));
        }
        Ok(seen.join("; "))
    }

    /// Gives nodes the room back that was taken from them.
    async fn free(&self, heal: &Heal) -> Seen<Vec<String>> {
        let mut seen = Vec::new();
        if heal.to.is_none() {
            for node in self.lab.full_disks().await? {
                if heal.is_all() || heal.from.0.contains(&node) {
                    seen.push(format!("{node}: {}", self.lab.free_disk(&node).await?));
                }
            }
        }
        Ok(seen)
    }

    /// Makes links whole again, and frees disks. Where nothing is broken, nothing is done.
    pub(super) async fn heal(&self, heal: &Heal) -> Seen {
        let faulty = self.lab.faults().await?.links;
        let (healed, left): (Vec<_>, Vec<_>) = faulty
            .into_iter()
            .partition(|fault| heal.covers(&fault.link()));
        self.lab
            .change_faults(self.cancel, |faults| {
                faults.heal(|link| heal.covers(link));
            })
            .await?;
        let mut seen = self.free(heal).await?;
        match (healed.len(), left.len()) {
            (0, _) if seen.is_empty() => seen.push("nothing was broken there".to_owned()),
            (0, _) => {}
            (_, 0) => seen.push("all links are whole".to_owned()),
            (_, _) => seen.push(format!("healed; still: {}", lines(&left).join("; "))),
        }
        Ok(seen.join("; "))
    }
}
