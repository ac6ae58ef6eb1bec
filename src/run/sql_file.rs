//! `sql_file`: see [`super::statements`].

use super::{Act, Tried, Walk};
use crate::action::Step;
use crate::action::sql_file::SqlFile;

impl Act for SqlFile {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        walk.scene.statements(step, &self.text).await
    }
}
