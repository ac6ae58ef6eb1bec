//! `switch_wal`: a segment of the write-ahead log ended, and its name.

use super::{Act, Tried, Walk};
use crate::action::Step;
use crate::action::switch_wal::SwitchWal;
use crate::server::lsn::Lsn;

/// The position is that after the switch. If there was nothing to end, it is the first one of the segment in use. The byte
/// before it belongs to the ended segment in both cases, which `pg_walfile_name` of the position itself does not tell alike
/// before and since PostgreSQL 17.
const SWITCH: &str = "SELECT at, pg_catalog.pg_walfile_name(at - 1), \
     (at - '0/0') % pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size')) = 0 \
     FROM pg_catalog.pg_switch_wal() AS at";

impl Act for SwitchWal {
    async fn act(&self, walk: &mut Walk<'_, '_>, _: &Step) -> Tried {
        let (scene, Self(node)) = (walk.scene, self);
        let row = scene.client(node).await?.query_one(SWITCH, &[]).await?;
        let (at, segment, is_unchanged): (Lsn, String, bool) = (row.get(0), row.get(1), row.get(2));
        let seen = if is_unchanged {
            format!("nothing was written since {segment} ended at {at}")
        } else {
            format!("{segment} ended at {at}")
        };
        *scene.given.lock().await = Some(segment);
        Ok(seen)
    }
}
