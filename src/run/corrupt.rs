//! `corrupt`: a page of a table made unreadable.

use super::scene::{Scene, one};
use super::work::Work;
use super::{Act, Tried, Walk, Wrong, target};
use crate::action::Step;
use crate::action::corrupt::Corrupt;
use crate::action::stop::StopMode;
use crate::name::NodeName;
use crate::server::client::{literal, words};
use crate::server::position;
use crate::sql::quote;
use crate::wait::Probe;

const CORRUPT: &str = include_str!("../../images/node/corrupt.sh");

/// The number of pages in one file of a table: a gigabyte (manual: "Database File Layout").
const PAGES_A_FILE: u64 = (1 << 30) / 8192;

impl Act for Corrupt {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let (node, database) = target(step)?;
        let Self { table, block } = self;
        let name = literal(&quote::table(table));
        let sql = format!(
            "SELECT pg_relation_filepath({name}::regclass) || ' ' || pg_relation_size({name}::regclass) / 8192 \
             || ' ' || current_setting('data_checksums')"
        );
        let client = scene.reader(node, database).await?;
        let told = one(&client, &sql).await?.unwrap_or_default();
        drop(client);
        let mut told = told.split(' ');
        let path = told.next().unwrap_or_default();
        let pages = told.next().and_then(|pages| pages.parse::<u64>().ok());
        if pages.is_none_or(|pages| *block >= pages) {
            let pages = pages.unwrap_or_default();
            let why = format!("`{table}` has {pages} pages, so page {block} does not exist");
            return Err(Wrong::failed(why));
        }
        let checksums = told.next().unwrap_or_default();
        let file = match block / PAGES_A_FILE {
            0 => path.to_owned(),
            number => format!("{path}.{number}"),
        };
        settle(scene, step, node).await?;
        scene
            .stop_one(node, StopMode::Fast, scene.patience(step))
            .await?;
        let work = Work {
            node,
            act: format!("overwriting a page of `{table}` on `{node}`"),
            script: CORRUPT,
            arguments: vec![file.clone(), (block % PAGES_A_FILE).to_string()],
            auto_conf: None,
            within: scene.patience(step),
        };
        let done = scene.work(work).await;
        // The server starts again even if overwriting the page failed.
        scene.start(step, std::slice::from_ref(node)).await?;
        done?;
        Ok(format!(
            "page {block} of {file} is overwritten; data_checksums is {checksums}"
        ))
    }
}

/// Makes a standby start after the page's last change. It replays the WAL after its last restartpoint, which would
/// restore the page by a full-page image. A standby makes a restartpoint only at a checkpoint of its primary.
async fn settle(scene: &Scene<'_>, step: &Step, node: &NodeName) -> Tried<()> {
    if !scene.recovers(node).await? {
        return Ok(());
    }
    let primary = scene.lab.plan.primary_of(node);
    let batch = async |node: &NodeName| -> Tried<()> {
        let client = scene.client(node).await?;
        let done = client.batch_execute("CHECKPOINT").await;
        done.map_err(|error| Wrong::failed(format!("a checkpoint on `{node}`: {}", words(error))))
    };
    batch(primary).await?;
    let lsn = scene.written_by(primary).await?;
    let expected = || format!("`{node}` has replayed a checkpoint of `{primary}`");
    scene
        .wait(scene.patience(step), expected, || async {
            let at = position::replayed(&*scene.client(node).await?).await?;
            Ok(if at >= Some(lsn) {
                Probe::Ready(())
            } else {
                Probe::NotYet(format!("it has not replayed {lsn}"))
            })
        })
        .await?;
    batch(node).await
}
