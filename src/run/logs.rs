//! Logs: their length when a step began, and the lines after that.

use futures_util::future::join_all;

use super::scene::Scene;
use super::state::{LogEnd, Mark};
use super::{NodeLog, Tried};
use crate::lab::server_log::collected;
use crate::name::{NodeName, StepName};
use crate::sql::password::without_passwords;

/// The number of lines of each node's log that a failure shows.
const SHOWN: usize = 20;

/// A node's log.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The container's output, over all starts.
    output: Vec<String>,
    /// The present file of the logging collector: its path and its lines.
    file: Option<(String, Vec<String>)>,
}

impl Lines {
    pub(super) fn end(&self) -> LogEnd {
        let file = self.file.as_ref();
        LogEnd {
            output: self.output.len(),
            file: file.map(|(path, lines)| (path.clone(), lines.len())),
        }
    }

    /// The lines after an end: those of the output, then those of the file. A file that is another one by now is new.
    pub(super) fn since(mut self, end: &LogEnd) -> Vec<String> {
        let mut new = self.output.split_off(end.output.min(self.output.len()));
        if let Some((path, mut lines)) = self.file {
            let before = end.file.as_ref().filter(|(known, _)| *known == path);
            let before = before.map_or(0, |(_, lines)| *lines);
            new.extend(lines.split_off(before.min(lines.len())));
        }
        new
    }
}

impl Scene<'_> {
    /// Marks the end of the logs, under the step's name if it has one.
    pub(super) async fn mark(&self, step: Option<&StepName>) -> Mark {
        let nodes = self.lab.plan.nodes.iter();
        let marks = join_all(nodes.map(async |node| {
            let lines = self.lines(&node.name).await.unwrap_or_default();
            (node.name.clone(), lines.end())
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

    /// All log lines of a node.
    pub(super) async fn lines(&self, node: &NodeName) -> Tried<Lines> {
        let name = crate::lab::labels::node_object(&self.lab.plan.lab, node);
        let log = self.lab.engine.logs(&name, None).await?;
        let lines = |text: &str| text.lines().map(str::to_owned).collect();
        let file = collected(&self.lab.engine, &name, &log).await;
        Ok(Lines {
            output: lines(&log),
            file: file.map(|file| (file.path, lines(&file.text))),
        })
    }

    /// The last lines that each node wrote since a mark.
    pub(super) async fn logs_since(&self, mark: Option<&Mark>) -> Vec<NodeLog> {
        let mut logs = Vec::new();
        for node in &self.lab.plan.nodes {
            let before = mark.and_then(|mark| mark.get(&node.name)).cloned();
            let lines = self.lines(&node.name).await.unwrap_or_default();
            let mut lines = lines.since(&before.unwrap_or_default());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(output: usize, path: &str, file: usize) -> Lines {
        let named = |of: &str, count| (0..count).map(|at| format!("{of} {at}")).collect();
        Lines {
            output: named("output", output),
            file: Some((path.to_owned(), named(path, file))),
        }
    }

    #[test]
    fn the_output_and_the_collector_s_file_are_counted_each_for_itself() {
        let end = lines(2, "a", 3).end();
        assert_eq!(lines(3, "a", 4).since(&end), ["output 2", "a 3"]);
        assert_eq!(lines(2, "b", 1).since(&end), ["b 0"]);
        assert_eq!(lines(1, "a", 1).since(&end), <[String; 0]>::default());
        let all = lines(1, "a", 1).since(&LogEnd::default());
        assert_eq!(all, ["output 0", "a 0"]);
    }
}
