//! The values by which a row is found where it has another place. Pure.

use super::ProbeRow;
use super::same::same;
use crate::sql::quote::{identifier, literal};

/// The values of a row to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought<'a> {
    /// The row on its publisher.
    pub row: &'a ProbeRow,
    /// The table as which it is published.
    pub table: &'a str,
    /// The columns that are published.
    pub columns: &'a [String],
    /// The columns to which a subscriber gives its own value, which may be the same.
    pub own: &'a [String],
    /// The columns of its primary key, by which an index finds it; empty where the key is not published.
    pub key: &'a [String],
}

/// Whether rows are found by their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// An index finds them. The subscriber may have a type that cannot be compared so.
    Key,
    /// All rows of a table are read.
    Values,
}

impl Sought<'_> {
    /// Whether a column is published.
    fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|known| known == column)
    }

    /// The condition that all published columns have their values.
    pub(super) fn condition(&self, by: By) -> String {
        let published = || {
            let values = self.row.columns.iter().zip(&self.row.values);
            values.filter(|(column, _)| self.has(column))
        };
        // What is equal as a text is equal by its type's operator, which an index knows.
        let keys = published().filter(|(column, _)| by == By::Key && self.key.contains(column));
        let keys = keys.filter_map(|(column, value)| {
            let (name, value) = (identifier(column), literal(value.as_deref()?));
            Some(format!("{name} OPERATOR(pg_catalog.=) {value}"))
        });
        let same = published().map(|(column, value)| same(column, value.as_deref()));
        let all: Vec<String> = keys.chain(same).collect();
        all.join(" AND ")
    }

    /// The condition that an unpublished column still has its publisher's value.
    pub(super) fn leak(&self) -> Option<String> {
        let leaks: Vec<String> = self
            .row
            .columns
            .iter()
            .zip(&self.row.values)
            .filter(|(column, value)| {
                !self.has(column) && !self.own.contains(column) && value.is_some()
            })
            .map(|(column, value)| same(column, value.as_deref()))
            .collect();
        (!leaks.is_empty()).then(|| leaks.join(" OR "))
    }

    /// Whether another version of the row has the same published values.
    #[must_use]
    pub fn is_same(&self, other: &ProbeRow) -> bool {
        let published = |row: &ProbeRow| {
            let values = row.columns.iter().zip(&row.values);
            let published = values.filter(|(column, _)| self.has(column));
            published
                .map(|(_, value)| value.clone())
                .collect::<Vec<_>>()
        };
        published(self.row) == published(other)
    }

    /// Number of values that are compared.
    #[must_use]
    pub fn values(&self) -> usize {
        self.row
            .columns
            .iter()
            .filter(|column| self.has(column))
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::probe::How;

    fn version(values: &[(&str, &str)]) -> ProbeRow {
        ProbeRow {
            table: "t".to_owned(),
            relation: "t".to_owned(),
            ctid: String::new(),
            xmin: String::new(),
            how: How::Inserted,
            columns: values.iter().map(|(name, _)| (*name).to_owned()).collect(),
            values: values
                .iter()
                .map(|(_, value)| Some((*value).to_owned()))
                .collect(),
        }
    }

    #[test]
    fn a_value_of_the_subscriber_s_own_is_no_leak() {
        let row = version(&[("id", "-1"), ("twice", "-2"), ("note", "x")]);
        let (columns, own) = (["id".to_owned()], ["twice".to_owned()]);
        let sought = Sought {
            row: &row,
            table: "t",
            columns: &columns,
            own: &own,
            key: &columns,
        };
        let all = same("id", Some("-1"));
        assert_eq!(sought.condition(By::Values), all);
        let by_key = format!("\"id\" OPERATOR(pg_catalog.=) '-1' AND {all}");
        assert_eq!(sought.condition(By::Key), by_key);
        assert_eq!(sought.leak(), Some(same("note", Some("x"))));
        assert!(sought.is_same(&version(&[("id", "-1"), ("twice", "-2"), ("note", "y")])));
    }
}
