//! `diverged`: whether a node's history has left that of another one.

use super::{Look, failed};
use crate::action::Step;
use crate::action::check::diverged::Diverged;
use crate::run::Tried;
use crate::run::scene::Scene;
use crate::wait::Probe;

impl Look for Diverged {
    async fn look(&self, scene: &Scene<'_>, _: &Step) -> Tried<Probe<String>> {
        let from = match &self.from {
            Some(from) => from.clone(),
            None => scene
                .configured_upstream(&self.node)
                .await?
                .ok_or_else(|| {
                    failed(format!(
                        "`{}` has no upstream in the lab: name the other node with `from`",
                        self.node
                    ))
                })?,
        };
        Ok(match scene.parting(&self.node, &from).await? {
            Some(parting) => Probe::Ready(parting.told(self.node.as_str(), from.as_str())),
            None => Probe::NotYet(format!(
                "all that `{}` has is part of the history of `{from}`",
                self.node
            )),
        })
    }
}
