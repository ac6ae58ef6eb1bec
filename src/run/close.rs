//! `close`: the end of a session.

use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::close::Close;

impl Act for Close {
    async fn act(&self, walk: &mut Walk<'_, '_>, _: &Step) -> Tried {
        let scene = walk.scene;
        let Self(name) = self;
        if let Some(seen) = scene.end_load(name).await {
            return seen;
        }
        let session = scene.sessions.lock().await.remove(name);
        let session =
            session.ok_or_else(|| Wrong::failed(format!("no session `{name}` is open")))?;
        scene.end(session).await;
        Ok("closed".to_owned())
    }
}
