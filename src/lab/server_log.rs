//! A node's log as its server wrote it: the container's output, or the file of `logging_collector`.

use std::time::Duration;

use crate::engine::Engine;
use crate::name::NodeName;
use crate::server::client::SearchPath;
use crate::server::command::PGDATA;
use crate::server::entries::{DEFAULT_PREFIX, Entry, Form, entries};
use crate::server::{MAINTENANCE_DATABASE, in_force};

use super::Lab;

/// The words with which a server says that the rest of its log goes to files.
const REDIRECTED: &str = "redirecting log output to logging collector process";

/// A file of the logging collector.
pub(crate) struct Collected {
    /// Its path. A server that starts again may begin another file.
    pub(crate) path: String,
    pub(crate) form: Form,
    pub(crate) text: String,
}

/// The collector's file, if a server whose output this is has one. It is read in any state of the container.
pub(crate) async fn collected(engine: &Engine, id: &str, output: &str) -> Option<Collected> {
    if !output.contains(REDIRECTED) {
        return None;
    }
    let path = |name: &str| {
        if name.starts_with('/') {
            name.to_owned()
        } else {
            format!("{PGDATA}/{name}")
        }
    };
    let current = engine.read_file(id, &path("current_logfiles")).await.ok()?;
    let current = String::from_utf8_lossy(&current).into_owned();
    let files = current.lines().filter_map(|line| line.split_once(' '));
    let mut files = files.filter_map(|(word, name)| {
        let form = match word {
            "stderr" => Form::Text,
            "csvlog" => Form::Csv,
            "jsonlog" => Form::Json,
            _ => return None,
        };
        Some((form, name))
    });
    let (form, name) = files.next()?;
    let path = path(name);
    let text = engine.read_file(id, &path).await.ok()?;
    let text = String::from_utf8_lossy(&text).into_owned();
    Some(Collected { path, form, text })
}

impl Lab {
    /// The messages of a node's server. The oldest may be missing.
    pub async fn server_log(&self, node: &NodeName) -> Option<Vec<Entry>> {
        /// The lines of a container's output that are read.
        const LINES: usize = 2000;
        let container = self.container(node.as_str()).ok()?;
        let output = self
            .engine
            .logs_with_times(&container.id, Some(LINES))
            .await
            .ok()?;
        let collected = collected(&self.engine, &container.id, &output).await;
        let collected = collected.map(|file| (file.form, file.text));
        let (form, text) = collected.unwrap_or((Form::Text, output));
        let prefix = self.log_line_prefix(node).await;
        Some(entries(
            &text,
            form,
            prefix.as_deref().unwrap_or(DEFAULT_PREFIX),
        ))
    }

    /// The `log_line_prefix` of a server that answers.
    async fn log_line_prefix(&self, node: &NodeName) -> Option<String> {
        /// A server that hangs has a log all the same.
        const LIMIT: Duration = Duration::from_secs(2);
        let asked = async {
            let path = SearchPath::Catalog;
            let reader = self.reader(node, MAINTENANCE_DATABASE, path).await.ok()?;
            in_force::setting(&reader, "log_line_prefix").await.ok()?
        };
        tokio::time::timeout(LIMIT, asked).await.ok()?
    }
}
