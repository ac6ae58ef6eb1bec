//! `heal`: faults of links removed, and filled disks freed. Healing twice does no harm.

use super::scene::Scene;
use super::{Act, Tried, Walk};
use crate::action::Step;
use crate::action::heal::Heal;
use crate::lab::faults::lines;

impl Act for Heal {
    async fn act(&self, walk: &mut Walk<'_, '_>, _: &Step) -> Tried {
        let scene = walk.scene;
        let faulty = scene.lab.faults().await?.links;
        let (healed, left): (Vec<_>, Vec<_>) = faulty
            .into_iter()
            .partition(|fault| self.covers(&fault.link()));
        scene
            .lab
            .change_faults(scene.cancel, |faults| {
                faults.heal(|link| self.covers(link));
            })
            .await?;
        let mut seen = free(scene, self).await?;
        match (healed.len(), left.len()) {
            (0, _) if seen.is_empty() => seen.push("there were no faults".to_owned()),
            (0, _) => {}
            (_, 0) => seen.push("no link has a fault".to_owned()),
            (_, _) => seen.push(format!("healed; remaining: {}", lines(&left).join("; "))),
        }
        Ok(seen.join("; "))
    }
}

/// Frees the filled disks of nodes.
async fn free(scene: &Scene<'_>, heal: &Heal) -> Tried<Vec<String>> {
    let mut seen = Vec::new();
    if heal.to.is_none() {
        for node in scene.lab.full_disks().await? {
            if heal.is_all() || heal.from.0.contains(&node) {
                seen.push(format!("{node}: {}", scene.lab.free_disk(&node).await?));
            }
        }
    }
    Ok(seen)
}
