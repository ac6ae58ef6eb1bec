//! Schema and rows for a lab: built-in datasets, and the user's own SQL files.
//!
//! Owns the parts of a dataset. Never sends them to a server: that is [`crate::lab::populate`].
//! The server generates the rows, by the SQL of `labs/datasets/`, which reads `current_setting('lab.rows')` and
//! `current_setting('lab.seed')`.

use crate::name::DatasetName;
pub use crate::sql::SqlFile;

/// A dataset, ready to be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// `shopping`, or the user's own name.
    pub name: DatasetName,
    /// Number of rows of the largest table.
    pub rows: u64,
    /// The same seed gives the same rows.
    pub seed: u32,
    /// The SQL that creates the tables, if it is separate. A logical subscriber needs this alone.
    pub schema: Vec<SqlFile>,
    /// The SQL that fills the tables. In the user's own dataset it may also create them.
    pub files: Vec<SqlFile>,
    pub(crate) own: bool,
}

/// A built-in dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Builtin {
    /// Its name in a scenario's `data:`.
    pub name: &'static str,
    /// One line that says what it is.
    pub about: &'static str,
    /// Default number of rows of its largest table.
    pub rows: u64,
    schema: &'static str,
    data: &'static str,
}

const BUILTIN: &[Builtin] = &[
    Builtin {
        name: "shopping",
        about: "the tutorial's shop: products, customers, orders, order_details",
        rows: 1000,
        schema: include_str!("../labs/datasets/shopping/schema.sql"),
        data: include_str!("../labs/datasets/shopping/data.sql"),
    },
    Builtin {
        name: "jobs",
        about: "the tutorial's job market: job_seeker, employer",
        rows: 10,
        schema: include_str!("../labs/datasets/jobs/schema.sql"),
        data: include_str!("../labs/datasets/jobs/data.sql"),
    },
];

const DEFAULT_SEED: u32 = 1;

/// The built-in datasets.
///
/// ```
/// let names: Vec<_> = replication_lab::dataset::known().iter().map(|dataset| dataset.name).collect();
/// assert_eq!(names, ["shopping", "jobs"]);
/// ```
#[must_use]
pub fn known() -> &'static [Builtin] {
    BUILTIN
}

/// The built-in dataset of that name, with that number of rows.
#[must_use]
pub fn builtin(name: &DatasetName, rows: Option<u64>, seed: Option<u32>) -> Option<Dataset> {
    let found = BUILTIN.iter().find(|known| known.name == name.as_str())?;
    let file = |part: &str, text: &str| {
        vec![SqlFile {
            name: format!("{name}/{part}"),
            text: text.to_owned(),
        }]
    };
    Some(Dataset {
        name: name.clone(),
        rows: rows.unwrap_or(found.rows),
        seed: seed.unwrap_or(DEFAULT_SEED),
        schema: file("schema.sql", found.schema),
        files: file("data.sql", found.data),
        own: false,
    })
}

/// The user's own dataset: SQL files, run in order, those of `schema` first.
#[must_use]
pub fn own(
    name: DatasetName,
    schema: Vec<SqlFile>,
    files: Vec<SqlFile>,
    rows: Option<u64>,
    seed: Option<u32>,
) -> Dataset {
    Dataset {
        name,
        rows: rows.unwrap_or(1000),
        seed: seed.unwrap_or(DEFAULT_SEED),
        schema,
        files,
        own: true,
    }
}

impl Dataset {
    /// The same dataset without rows.
    #[must_use]
    pub fn tables_only(self) -> Self {
        Self {
            files: Vec::new(),
            ..self
        }
    }

    /// Everything to run, in order.
    ///
    /// A built-in dataset is one query and so one transaction, and its settings end with it. The user's own may have
    /// many transactions: one commit at the end waits for the disk, for all of them. In both, no commit waits for a standby:
    /// one in `synchronous_standby_names` need not exist yet.
    pub(crate) fn script(&self) -> Vec<SqlFile> {
        let (local, commit) = if self.own {
            ("", "off")
        } else {
            ("LOCAL ", "local")
        };
        let settings = SqlFile {
            name: "settings".to_owned(),
            text: format!(
                "SET {local}synchronous_commit = {commit}; SET {local}lab.rows = {}; SET {local}lab.seed = {}",
                self.rows, self.seed
            ),
        };
        let files = self.schema.iter().chain(&self.files).cloned();
        std::iter::once(settings).chain(files).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> DatasetName {
        DatasetName::new(name).expect("a name")
    }

    #[test]
    fn an_unknown_name_is_no_builtin_dataset() {
        assert_eq!(builtin(&name("shoping"), None, None), None);
    }

    #[test]
    fn the_shop_has_the_tutorials_tables_as_the_tutorial_writes_them() {
        let dataset = builtin(&name("shopping"), None, None).expect("it is known");
        let customer = "    customer_id INT REFERENCES customers(customer_id) NOT NULL,\n";
        assert!(dataset.schema[0].text.contains(customer));
        assert_eq!(dataset.schema[0].text.matches("CREATE TABLE").count(), 4);
    }
}
