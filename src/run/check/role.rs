//! `role`: the roles of nodes.

use super::{AllOf, Look};
use crate::action::check::role::Role;
use crate::action::{Cell, Step};
use crate::engine::ContainerState;
use crate::run::Tried;
use crate::run::scene::Scene;
use crate::wait::Probe;

impl Look for Role {
    async fn look(&self, scene: &Scene<'_>, _: &Step) -> Tried<Probe<String>> {
        let mut seen = AllOf::default();
        for (node, Cell(wanted)) in &self.0 {
            // The container's state tells `down` and `frozen`; the server tells `primary` and `standby`.
            let found = match wanted.as_deref() {
                Some("down" | "frozen") => match scene.container(node).await?.state {
                    ContainerState::Running => "up",
                    ContainerState::Paused => "frozen",
                    _ => "down",
                },
                _ if scene.recovers(node).await? => "standby",
                _ => "primary",
            };
            seen.add(wanted.as_deref() == Some(found), format!("{node}: {found}"));
        }
        Ok(seen.probe())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::action::{Action, StateOf};
    use crate::engine::Engine;
    use crate::name::NodeName;
    use crate::run::{Wrong, stopped};

    #[tokio::test(start_paused = true)]
    async fn what_is_down_and_what_is_frozen_the_container_tells() {
        let lab = stopped::lab("p: {}, r: { standby_of: p }").await;
        let Engine::Fake(fake) = &lab.engine else {
            unreachable!("the lab is in memory")
        };
        let cancel = CancellationToken::new();
        let second = Duration::from_secs(1);
        let scene = Scene::new(&lab, second, &cancel, second);
        let look = async |role: &str| {
            let node = NodeName::new("r").expect("a name");
            let role = Role(StateOf::from([(node, Cell(Some(role.to_owned())))]));
            let step = Step::of(Action::Check(role.clone().into()));
            role.look(&scene, &step).await
        };
        let ready = |seen: &str| Probe::Ready(seen.to_owned());
        let not_yet = |seen: &str| Probe::NotYet(seen.to_owned());
        // Any other check of a node that is down fails at once.
        assert_eq!(look("down").await.expect("a look"), ready("r: down"));
        assert_eq!(look("frozen").await.expect("a look"), not_yet("r: down"));
        assert!(matches!(look("standby").await, Err(Wrong::Down(_))));
        fake.engine()
            .start_container("lab-a-r")
            .await
            .expect("started");
        assert_eq!(look("down").await.expect("a look"), not_yet("r: up"));
        assert_eq!(look("frozen").await.expect("a look"), not_yet("r: up"));
        fake.engine()
            .pause_container("lab-a-r")
            .await
            .expect("frozen");
        assert_eq!(look("down").await.expect("a look"), not_yet("r: frozen"));
        assert_eq!(look("frozen").await.expect("a look"), ready("r: frozen"));
        assert!(matches!(look("standby").await, Err(Wrong::Frozen(_))));
    }
}
