//! `setting`: settings of a running server.

use super::{AllOf, Look};
use crate::action::Step;
use crate::action::check::setting::Setting;
use crate::run::scene::Scene;
use crate::run::{Tried, target};
use crate::wait::Probe;

impl Look for Setting {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let (node, _) = target(step)?;
        let mut seen = AllOf::default();
        for (name, wanted) in &self.0 {
            match scene.setting_is(node, name.as_str(), wanted).await? {
                Probe::Ready(said) => seen.add(true, said),
                Probe::NotYet(said) => seen.add(false, said),
            }
        }
        Ok(seen.probe())
    }
}
