//! Faults of links between nodes.

use super::Tried;
use super::scene::Scene;
use crate::action::OneOrMany;
use crate::action::link::{Link, between};
use crate::engine::ContainerState;
use crate::lab::faults::{LinkFault, lines};
use crate::name::NodeName;

impl Scene<'_> {
    /// Adds a fault to links. A node that is down gets it when it starts.
    pub(super) async fn fault<'n>(
        &self,
        named: impl IntoIterator<Item = &'n NodeName>,
        links: Vec<Link>,
        fault: impl Fn(&mut LinkFault),
    ) -> Tried {
        let mut down = Vec::new();
        for node in named {
            match self.container(node).await?.state {
                ContainerState::Running | ContainerState::Paused => {}
                _ => down.push(format!("{node} is down and gets it when it starts")),
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

    /// The same for the links from one side to the other.
    pub(super) async fn fault_between(
        &self,
        from: &OneOrMany<NodeName>,
        to: &OneOrMany<NodeName>,
        fault: impl Fn(&mut LinkFault),
    ) -> Tried {
        let links = between(&from.0, &to.0);
        self.fault(from.0.iter().chain(&to.0), links, fault).await
    }
}
