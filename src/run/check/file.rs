//! `file`: a file in a node's data directory.

use super::Look;
use crate::action::Step;
use crate::action::check::file::File;
use crate::run::scene::{Scene, one};
use crate::run::{Tried, target};
use crate::server::client::literal;
use crate::wait::Probe;

impl Look for File {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let (node, _) = target(step)?;
        let path = literal(&self.path);
        let client = scene.client(node).await?;
        let size = one(
            &client,
            &format!("SELECT size FROM pg_stat_file({path}, true)"),
        )
        .await?;
        let Some(size) = size else {
            return Ok(Probe::NotYet(format!(
                "`{node}` has no file `{}`",
                self.path
            )));
        };
        let there = format!("{}: {size} bytes", self.path);
        let Some(has) = &self.has else {
            return Ok(Probe::Ready(there));
        };
        let text = one(&client, &format!("SELECT pg_read_file({path}, 0, 1048576)")).await?;
        let text = text.unwrap_or_default();
        let line = text.lines().find(|line| line.contains(has.as_str()));
        Ok(match line {
            _ if has.is_empty() && text.is_empty() => Probe::Ready(format!("{}: empty", self.path)),
            _ if has.is_empty() => Probe::NotYet(format!("{there}, not empty")),
            Some(line) => Probe::Ready(line.to_owned()),
            None => Probe::NotYet(format!("{there}, no line contains it")),
        })
    }
}
