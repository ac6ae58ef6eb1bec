//! Some of the rows in which two servers differ: which columns, and what each server has.

use std::fmt;

use super::differing::{Differing, SHOWN, Surplus};
use super::{Side, form};
use crate::server::server_error::ServerError;
use crate::text::{count, shortened};

/// A value as text; `None` is NULL.
type Value = Option<String>;

/// A column, and its value.
type Cell = (String, Value);

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Example {
    /// The rows of one key differ in some columns.
    Changed {
        /// The key.
        key: Vec<Cell>,
        /// Each column that differs, with the first server's value and the other's.
        columns: Vec<(String, Value, Value)>,
    },
    /// One server lacks the row.
    Only {
        /// Whether the first server has it.
        first: bool,
        /// The row.
        row: Vec<Cell>,
        /// How many of it there are more.
        times: u64,
    },
}

/// A row that was read again.
struct Found {
    hash: i64,
    key: i64,
    values: Vec<Value>,
}

/// Some of the differences.
pub(super) async fn of(
    first: Side<'_>,
    other: Side<'_>,
    rows: &form::Rows<'_>,
    differing: &Differing,
) -> Result<Vec<Example>, ServerError> {
    let hash = rows.row_hash();
    let (mine, theirs) = tokio::try_join!(
        read(first, rows, &hash, hashes(&differing.first)),
        read(other, rows, &hash, hashes(&differing.other))
    )?;
    let keys = |found: &[Found]| -> Vec<i64> { found.iter().map(|row| row.key).collect() };
    let key = rows.key_hash();
    let keyed = !rows.common.key.is_empty();
    let (mine_there, theirs_here) = if keyed {
        tokio::try_join!(
            read(other, rows, &key, keys(&mine)),
            read(first, rows, &key, keys(&theirs))
        )?
    } else {
        (Vec::new(), Vec::new())
    };
    let mut examples = Vec::new();
    for row in &mine {
        let pair = mine_there.iter().find(|there| there.key == row.key);
        examples.push(pair.map_or_else(
            || only(true, row, rows, &differing.first),
            |pair| changed(row, pair, rows),
        ));
    }
    for row in &theirs {
        match theirs_here.iter().find(|here| here.key == row.key) {
            None => examples.push(only(false, row, rows, &differing.other)),
            Some(here) => {
                let example = changed(here, row, rows);
                if !examples.contains(&example) && examples.len() < SHOWN {
                    examples.push(example);
                }
            }
        }
    }
    Ok(examples)
}

fn hashes(surplus: &Surplus) -> Vec<i64> {
    surplus.some.iter().map(|(hash, _)| *hash).collect()
}

/// The rows whose hash is one of `wanted`, each once.
async fn read(
    side: Side<'_>,
    rows: &form::Rows<'_>,
    hash: &str,
    wanted: Vec<i64>,
) -> Result<Vec<Found>, ServerError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let key = if rows.common.key.is_empty() {
        "0::int8".to_owned()
    } else {
        rows.key_hash()
    };
    let sql = format!(
        "SELECT DISTINCT ON (1) {}, {key}, {} FROM {} WHERE {hash} = ANY ($1) ORDER BY 1",
        rows.row_hash(),
        rows.values(),
        side.relation.from()
    );
    let found = side.reader.query(&sql, &[&wanted]).await?;
    let found = found.iter().map(|row| Found {
        hash: row.get(0),
        key: row.get(1),
        values: row.get(2),
    });
    Ok(found.collect())
}

fn only(first: bool, row: &Found, rows: &form::Rows<'_>, surplus: &Surplus) -> Example {
    let names = rows.common.columns.iter().map(|(name, _)| name.clone());
    let known = surplus.some.iter().find(|(hash, _)| *hash == row.hash);
    Example::Only {
        first,
        row: names.zip(row.values.iter().cloned()).collect(),
        times: known.map_or(1, |(_, times)| *times),
    }
}

fn changed(first: &Found, other: &Found, rows: &form::Rows<'_>) -> Example {
    let names = rows.common.columns.iter().map(|(name, _)| name);
    let values = first.values.iter().zip(&other.values);
    let columns = names
        .zip(values)
        .filter(|(_, (first, other))| first != other);
    let columns =
        columns.map(|(name, (first, other))| (name.clone(), first.clone(), other.clone()));
    let key = rows.common.key.iter().map(|&number| {
        let (name, _) = &rows.common.columns[number];
        (name.clone(), first.values[number].clone())
    });
    Example::Changed {
        key: key.collect(),
        columns: columns.collect(),
    }
}

fn shown(value: &Value) -> String {
    value.as_ref().map_or_else(
        || "NULL".to_owned(),
        |value| format!("`{}`", shortened(value)),
    )
}

fn cells(cells: &[Cell]) -> String {
    let cells: Vec<String> = cells
        .iter()
        .map(|(name, value)| format!("{name} = {}", shown(value)))
        .collect();
    if cells.is_empty() {
        "a row without columns".to_owned()
    } else {
        cells.join(", ")
    }
}

impl Example {
    /// The number of differing rows that it stands for, of both servers.
    #[must_use]
    pub fn rows(&self) -> u64 {
        match self {
            Self::Changed { .. } => 2,
            Self::Only { times, .. } => *times,
        }
    }

    /// The difference between servers of these names.
    pub fn words<'a>(&'a self, first: &'a dyn fmt::Display, other: &'a dyn fmt::Display) -> String {
        match self {
            Self::Changed { key, columns } => {
                let columns = columns.iter().map(|(name, mine, theirs)| {
                    format!(
                        "{name} is {} on {first} and {} on {other}",
                        shown(mine),
                        shown(theirs)
                    )
                });
                let columns: Vec<String> = columns.collect();
                format!("({}): {}", cells(key), columns.join(", "))
            }
            Self::Only {
                first: of_first,
                row,
                times,
            } => {
                let node = if *of_first { first } else { other };
                let times = match times {
                    1 => String::new(),
                    times => format!(" ({})", count(times, "time")),
                };
                format!("only on {node}: ({}){times}", cells(row))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_row_and_the_columns() {
        let value = |text: &str| Some(text.to_owned());
        let changed = Example::Changed {
            key: vec![("id".to_owned(), value("1"))],
            columns: vec![("v".to_owned(), value("1"), None)],
        };
        assert_eq!(
            changed.words(&"pub", &"sub"),
            "(id = `1`): v is `1` on pub and NULL on sub"
        );
        let only = Example::Only {
            first: false,
            row: vec![("a".to_owned(), value("7"))],
            times: 3,
        };
        assert_eq!(
            only.words(&"pub", &"sub"),
            "only on sub: (a = `7`) (3 times)"
        );
    }
}
