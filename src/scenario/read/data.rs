//! The datasets of a scenario, and the SQL files of those that are one's own.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use super::{DATASET_KEYS, Reader};
use crate::name::DatasetName;
use crate::scenario::DatasetRef;
use crate::scenario::catalog::DATASETS;
use crate::text::shortened;
use crate::text::suggest::{choice, did_you_mean};
use crate::yaml::{Node, Value};

/// How many rows a dataset may be asked for.
const MOST_ROWS: u64 = 100_000_000;
/// The largest SQL file that is read.
const MOST_SQL_BYTES: u64 = 64 << 20;

impl Reader<'_> {
    pub(super) fn data(&mut self, node: &Node) -> Option<Vec<DatasetRef>> {
        let Value::List(items) = &node.value else {
            let wanted = "a list of datasets, such as `[shopping, jobs]`,";
            return self.wrong_type(node, wanted);
        };
        let mut data = Vec::with_capacity(items.len());
        let mut seen = HashSet::new();
        for item in items {
            let Some(dataset) = self.dataset(item) else {
                continue;
            };
            if !seen.insert(dataset.name.clone()) {
                let message = format!("the dataset `{}` is here twice", dataset.name);
                self.problems.push(item.problem(message, None));
            }
            data.push(dataset);
        }
        Some(data)
    }

    fn dataset(&mut self, node: &Node) -> Option<DatasetRef> {
        let (keys, name) = if let Value::Map(_) = &node.value {
            let keys = self.section(node, "keys of a dataset", DATASET_KEYS);
            (keys, self.required(node, keys, "name")?)
        } else {
            (&[][..], node)
        };
        let files = self.optional(keys, "files", Self::files);
        let schema = self.optional(keys, "schema", Self::files);
        let rows = self.optional(keys, "rows", |reader, node| {
            reader.number(node, 1, MOST_ROWS)
        });
        let seed = self.optional(keys, "seed", |reader, node| {
            reader.number(node, 0, u32::MAX.into())
        });
        let dataset = DatasetRef {
            name: self.text_as::<DatasetName>(name)?,
            rows,
            seed: seed.and_then(|seed| seed.try_into().ok()),
            schema: schema.unwrap_or_default(),
            files: files.unwrap_or_default(),
        };
        let built_in = DATASETS.contains(&dataset.name.as_str());
        let has_files = keys
            .iter()
            .any(|entry| ["files", "schema"].contains(&entry.key.as_str()));
        if !built_in && !has_files {
            let message = format!("there is no dataset `{}`", dataset.name);
            let help = did_you_mean(dataset.name.as_str(), DATASETS.iter().copied());
            let help = help.unwrap_or_else(|| {
                let known = choice("datasets", DATASETS);
                format!("{known}; one of your own has `files: [my.sql]`")
            });
            self.problems.push(name.problem(message, Some(help)));
        } else if built_in && has_files {
            let message = format!("`{}` is a dataset that `lab` brings along", dataset.name);
            let help = "give a dataset of your own another name".to_owned();
            self.problems.push(name.problem(message, Some(help)));
        }
        Some(dataset)
    }

    fn files(&mut self, node: &Node) -> Option<Vec<PathBuf>> {
        let Value::List(items) = &node.value else {
            return self.wrong_type(node, "a list of SQL files");
        };
        if items.is_empty() {
            self.problems
                .push(node.problem("the list of files is empty", None));
        }
        let files = items.iter().filter_map(|item| self.file(item));
        Some(files.collect())
    }

    /// What a file said that was read before.
    pub(super) fn sql_text(&self, path: &Path) -> Option<String> {
        self.sql.get(&path.display().to_string()).cloned()
    }

    pub(super) fn file(&mut self, node: &Node) -> Option<PathBuf> {
        let name = self.text(node)?;
        let Some(folder) = self.folder else {
            let message = format!(
                "`{}` cannot be found: the scenario has no folder",
                shortened(&name)
            );
            let help = "keep the scenario in a file beside its SQL files".to_owned();
            self.problems.push(node.problem(message, Some(help)));
            return None;
        };
        let path = folder.join(&name);
        match read_sql(&path) {
            Ok(sql) => {
                self.sql.insert(name.clone(), sql);
                Some(PathBuf::from(name))
            }
            Err(error) => {
                let message = format!("reading `{}`: {error}", path.display());
                let help = "files are looked for beside the scenario file".to_owned();
                self.problems.push(node.problem(message, Some(help)));
                None
            }
        }
    }
}

fn read_sql(path: &Path) -> io::Result<String> {
    if std::fs::metadata(path)?.len() > MOST_SQL_BYTES {
        let why = "it is larger than 64 megabytes";
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    std::fs::read_to_string(path)
}
