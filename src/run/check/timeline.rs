//! `timeline`: the timelines that nodes are on.

use super::{AllOf, Look};
use crate::action::check::timeline::Timeline;
use crate::action::{Cell, Step};
use crate::run::Tried;
use crate::run::scene::Scene;
use crate::wait::Probe;

impl Look for Timeline {
    async fn look(&self, scene: &Scene<'_>, _: &Step) -> Tried<Probe<String>> {
        let mut seen = AllOf::default();
        for (node, Cell(wanted)) in &self.0 {
            let found = scene.timeline(node).await?;
            let is_it = wanted.as_deref() == Some(found.as_str());
            seen.add(is_it, format!("{node}: {found}"));
        }
        Ok(seen.probe())
    }
}
