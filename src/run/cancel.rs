//! `cancel`: what runs in a session, cancelled.

use super::{Act, Tried, Walk, Wrong, statements};
use crate::action::Step;
use crate::action::cancel::Cancel;
use crate::server::client::literal;

impl Act for Cancel {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let Self(name) = self;
        if let Some(seen) = scene.end_load(name).await {
            return seen;
        }
        let (node, task) = scene.running_in(name).await?;
        let pid = {
            let sessions = scene.sessions.lock().await;
            let session = sessions.get(name);
            let session =
                session.ok_or_else(|| Wrong::failed(format!("no session `{name}` is open")))?;
            session.pid.clone()
        };
        scene
            .ask(
                &node,
                &format!("SELECT pg_cancel_backend({})", literal(&pid)),
            )
            .await?;
        let ran = scene.ended(step, &node, task).await?;
        if let Some(expect) = &step.expect {
            return statements::judge(expect, ran);
        }
        match ran {
            Err(error) => Ok(error.to_string()),
            // A cancelled commit that waited for a standby returns with a warning.
            Ok(answer) => Ok(if answer.notices.is_empty() {
                "the statement returned".to_owned()
            } else {
                answer.notices.join("\n")
            }),
        }
    }
}
