//! `archive`: the archive broken and healed.

use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::archive::Archive;
use crate::engine::ContainerState;
use crate::server::command::ARCHIVE_BROKEN;

impl Act for Archive {
    async fn act(&self, walk: &mut Walk<'_, '_>, _: &Step) -> Tried {
        let scene = walk.scene;
        let command = match self {
            Self::Broken => vec!["touch".to_owned(), ARCHIVE_BROKEN.to_owned()],
            Self::Healed => ["rm", "-f", ARCHIVE_BROKEN].map(str::to_owned).to_vec(),
        };
        for node in &scene.lab.plan.nodes {
            if scene.container(&node.name).await?.state == ContainerState::Running {
                scene.run_in(&node.name, &command).await?;
                return Ok(match self {
                    Self::Broken => "nothing goes in or comes out",
                    Self::Healed => "it can be reached again",
                }
                .to_owned());
            }
        }
        Err(Wrong::failed(
            "no running node can reach the archive".to_owned(),
        ))
    }
}
