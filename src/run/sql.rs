//! `sql`: see [`super::statements`].

use super::{Act, Tried, Walk};
use crate::action::Step;
use crate::action::sql::Sql;

impl Act for Sql {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        walk.scene.statements(step, &self.0).await
    }
}
