//! `heal`: links made whole again, and disks freed. What is whole already stays so.

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
            (0, _) if seen.is_empty() => seen.push("nothing was broken there".to_owned()),
            (0, _) => {}
            (_, 0) => seen.push("all links are whole".to_owned()),
            (_, _) => seen.push(format!("healed; still: {}", lines(&left).join("; "))),
        }
        Ok(seen.join("; "))
    }
}

/// Gives nodes the room back that was taken from them.
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
