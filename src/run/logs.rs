//! Logs: their length when a step began, and the lines after that.

use futures_util::future::join_all;

use super::scene::Scene;
use super::state::Mark;
use super::{NodeLog, Tried};
use crate::lab::server_log::collected;
use crate::name::{NodeName, StepName};
use crate::sql::password::without_passwords;

/// The number of lines of each node's log that a failure shows.
const SHOWN: usize = 20;

impl Scene<'_> {
    /// Marks the end of the logs, under the step's name if it has one.
    pub(super) async fn mark(&self, step: Option<&StepName>) -> Mark {
        let nodes = self.lab.plan.nodes.iter();
        let marks = join_all(nodes.map(async |node| {
            let lines = self.lines(&node.name).await.unwrap_or_default();
            (node.name.clone(), lines.len())
        }));
        let mark: Mark = marks.await.into_iter().collect();
        let mut marks = self.marks.lock().await;
        // The first mark is the start of the steps.
        marks.entry(String::new()).or_insert_with(|| mark.clone());
        if let Some(name) = step {
            marks.insert(name.to_string(), mark.clone());
        }
        mark
    }

    /// Makes the whole log count when a run resumes after the first step.
    pub(super) async fn forget_no_log(&self, first: usize) {
        if first > 0 {
            let mut marks = self.marks.lock().await;
            marks.entry(String::new()).or_default();
        }
    }

    /// All log lines of a node, over all its starts.
    pub(super) async fn lines(&self, node: &NodeName) -> Tried<Vec<String>> {
        let name = crate::lab::labels::node_object(&self.lab.plan.lab, node);
        let log = self.lab.engine.logs(&name, None).await?;
        let mut lines: Vec<String> = log.lines().map(str::to_owned).collect();
        // What a server logs to a file of its own comes after its output, which ends there.
        if let Some((_, text)) = collected(&self.lab.engine, &name, &log).await {
            lines.extend(text.lines().map(str::to_owned));
        }
        Ok(lines)
    }

    /// The last lines that each node wrote since a mark.
    pub(super) async fn logs_since(&self, mark: Option<&Mark>) -> Vec<NodeLog> {
        let mut logs = Vec::new();
        for node in &self.lab.plan.nodes {
            let mut lines = self.lines(&node.name).await.unwrap_or_default();
            let before = mark.and_then(|mark| mark.get(&node.name)).copied();
            lines.drain(..before.unwrap_or(0).min(lines.len()));
            let cut = lines.len().saturating_sub(SHOWN);
            let mut lines = lines.split_off(cut);
            for line in &mut lines {
                *line = self.masked(&without_passwords(line));
            }
            if !lines.is_empty() {
                let node = node.name.to_string();
                logs.push(NodeLog { node, lines });
            }
        }
        logs
    }
}
