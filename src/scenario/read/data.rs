//! The datasets of a scenario, and the SQL files of those that are one's own.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::{DATASET_KEYS, Reader};
use crate::name::DatasetName;
use crate::scenario::DatasetRef;
use crate::scenario::catalog::DATASETS;
use crate::scenario::files::{self, Refused};
use crate::text::shortened;
use crate::text::suggest::{choice, did_you_mean};
use crate::yaml::{Node, Value};

/// How many rows a dataset may be asked for.
const MOST_ROWS: u64 = 100_000_000;

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
        let sql = match self.sql.remove(&name) {
            Some(known) => Ok(known),
            None => files::sql(folder, &name, self.allow_outside),
        };
        let sql = match sql {
            Ok(sql) => sql,
            Err(error) => {
                let message = format!("reading `{}`: {error}", folder.join(&name).display());
                let help = match error {
                    Refused::Outside(_) => {
                        "keep it below that folder; `--allow-outside` reads it all the same"
                    }
                    _ => "files are looked for beside the scenario file",
                };
                let problem = node.problem(message, Some(help.to_owned()));
                self.problems.push(problem);
                return None;
            }
        };
        let left = self.sql_left.checked_sub(sql.len() as u64);
        self.sql_left = left.unwrap_or(0);
        self.sql.insert(name.clone(), sql);
        if left.is_none() {
            let message = "the SQL files have more than 128 megabytes together";
            let help = "a file counts as often as it is named; let the server make large data";
            self.problems
                .push(node.problem(message, Some(help.to_owned())));
            return None;
        }
        Some(PathBuf::from(name))
    }
}
