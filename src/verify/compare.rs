//! Comparison of the rows of two servers. Pure: it gets the rows that were read.

use std::fmt;

use super::probe::{ProbeRow, Values};

/// One way in which a downstream differs from its upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The downstream does not have the row.
    Missing {
        /// The table's schema and name, quoted if needed.
        table: String,
    },
    /// The downstream has another value.
    Value {
        /// The table's schema and name, quoted if needed.
        table: String,
        /// The column's name.
        column: String,
        /// The value on the upstream; `None` is NULL.
        upstream: Option<String>,
        /// The value on the downstream; `None` is NULL.
        downstream: Option<String>,
    },
}

/// The result of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// Number of rows that were looked for.
    pub rows: usize,
    /// Number of values that were compared.
    pub values: usize,
    /// The differences of the downstream; empty if there are none.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// Whether something was compared and nothing differs. An empty comparison proves nothing.
    #[must_use]
    pub fn proves_equal(&self) -> bool {
        self.rows > 0 && self.differences.is_empty()
    }
}

/// Compares `upstream` with the downstream's values at the same places, in the same order.
#[must_use]
pub fn compare(upstream: &[ProbeRow], downstream: &[Option<Values>]) -> Comparison {
    let mut comparison = Comparison {
        rows: upstream.len(),
        ..Comparison::default()
    };
    for (number, row) in upstream.iter().enumerate() {
        let Some(values) = downstream.get(number).and_then(Option::as_ref) else {
            comparison.differences.push(Difference::Missing {
                table: row.table.clone(),
            });
            continue;
        };
        for (at, (column, value)) in row.columns.iter().zip(&row.values).enumerate() {
            comparison.values += 1;
            let other = values.get(at).cloned().flatten();
            if *value != other {
                comparison.differences.push(Difference::Value {
                    table: row.table.clone(),
                    column: column.clone(),
                    upstream: value.clone(),
                    downstream: other,
                });
            }
        }
    }
    comparison
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { table } => write!(f, "{table}: the row is missing"),
            Self::Value {
                table,
                column,
                upstream,
                downstream,
            } => {
                let show = |value: &Option<String>| {
                    value
                        .as_ref()
                        .map_or("NULL".to_owned(), |value| format!("`{value}`"))
                };
                let (upstream, downstream) = (show(upstream), show(downstream));
                write!(f, "{table}.{column}: {upstream} became {downstream}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::probe::How;

    fn row(values: &[Option<&str>]) -> ProbeRow {
        ProbeRow {
            table: "public.t".to_owned(),
            relation: "public.t".to_owned(),
            ctid: "(0,1)".to_owned(),
            xmin: "7".to_owned(),
            how: How::Inserted,
            columns: vec!["a".to_owned(), "b".to_owned()],
            values: owned(values),
        }
    }

    fn owned(values: &[Option<&str>]) -> Values {
        values
            .iter()
            .map(|value| value.map(str::to_owned))
            .collect()
    }

    #[test]
    fn equal_rows_prove_equality_and_no_rows_do_not() {
        let values = [Some("1"), None];
        let same = compare(&[row(&values)], &[Some(owned(&values))]);
        assert!(same.proves_equal());
        assert_eq!((same.rows, same.values), (1, 2));
        assert!(!compare(&[], &[]).proves_equal());
    }

    #[test]
    fn null_is_no_value_and_not_the_empty_string() {
        let other = compare(
            &[row(&[Some("1"), None])],
            &[Some(owned(&[Some("1"), Some("")]))],
        );
        assert_eq!(other.differences.len(), 1);
        assert_eq!(
            other.differences[0].to_string(),
            "public.t.b: NULL became ``"
        );
    }

    #[test]
    fn a_row_that_is_not_there_is_missing() {
        let rows = [row(&[Some("1"), None])];
        for downstream in [&[None][..], &[]] {
            let gone = compare(&rows, downstream);
            assert_eq!(
                gone.differences[0].to_string(),
                "public.t: the row is missing"
            );
        }
    }
}
