//! Comparison of a subscriber's rows with the published ones. Pure: it gets the rows that were read.

use std::fmt::Write as _;

use crate::failure::Failure;
use crate::text::count;
use crate::verify::probe::Sighting;

use super::RowStage;
use super::published::Operations;

/// One row at one stage.
#[derive(Debug, Clone)]
pub(super) struct Looked<'a> {
    /// Its table.
    pub(super) table: &'a str,
    /// Whether the subscriber should have it; before its removal.
    pub(super) expected: bool,
    /// Whether its publication has a filter for it.
    pub(super) filtered: bool,
    /// The numbers of its values that are published and that are not.
    pub(super) values: (usize, usize),
    /// Whether its published values are the same as at the previous stage.
    pub(super) same: bool,
    /// The operations that are published for its table.
    pub(super) operations: Operations,
    /// The rows that the subscriber has for it.
    pub(super) seen: Sighting,
}

/// The counts of rows that are as they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    rows: usize,
    values: usize,
    kept_back: usize,
    unsent: usize,
}

/// Whether a row with its values of this stage should be at the subscriber.
///
/// An UPDATE that is not published leaves the old row there. That is the row that is looked for only if both are the
/// same.
fn is_wanted(stage: RowStage, row: &Looked<'_>) -> bool {
    row.expected
        && match stage {
            RowStage::Inserted => true,
            RowStage::Updated => row.operations.update || row.same,
            RowStage::Deleted => !row.operations.delete,
        }
}

/// Whether the subscriber has a row after an UPDATE, from whether it had the row and whether the filter passed it before
/// and passes it now. A row that begins to pass is inserted, and one that stops passing is deleted (manual: "UPDATE
/// Transformations"). An UPDATE of a row that is not there does nothing.
pub(super) fn after_change(was_there: bool, passed: [bool; 2], operations: Operations) -> bool {
    let [before, now] = passed;
    if operations.update {
        now && (was_there || !before)
    } else {
        was_there
    }
}

/// Judges all rows of a stage.
pub(super) fn judge(stage: RowStage, looked: &[Looked<'_>]) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    for row in looked {
        let table = row.table;
        let wanted = is_wanted(stage, row);
        match (wanted, row.seen.rows, stage) {
            (true, 0, _) => {
                return Err(format!("{table}: the row is missing, or has other values").into());
            }
            (false, 1.., RowStage::Deleted) => {
                return Err(format!("{table}: the row is still there").into());
            }
            (false, 1.., _) => {
                return Err(format!("{table}: the row is there, and is not published").into());
            }
            _ => {}
        }
        if row.seen.leaks > 0 {
            return Err(format!("{table}: a column that is not published has its value").into());
        }
        if wanted {
            tally.rows += 1;
            tally.values += row.values.0;
        } else {
            tally.kept_back += usize::from(row.filtered);
        }
        tally.unsent += row.values.1;
    }
    Ok(tally)
}

impl Tally {
    /// The counts in words.
    pub(super) fn text(self, stage: RowStage, operations: Operations) -> String {
        let Self { rows, values, .. } = self;
        match stage {
            RowStage::Deleted if operations.delete => return "the rows are gone".to_owned(),
            RowStage::Deleted => return "deletes are not published, and none arrived".to_owned(),
            RowStage::Updated if !operations.update => {
                return "updates are not published, and none arrived".to_owned();
            }
            _ => {}
        }
        let mut text = format!(
            "{} in {}, {} equal",
            count(rows, "row"),
            count(rows, "table"),
            count(values, "value")
        );
        if self.kept_back > 0 {
            _ = write!(text, "; {} excluded by a filter", self.kept_back);
        }
        if self.unsent > 0 {
            _ = write!(text, "; {} not sent", count(self.unsent, "value"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Operations = Operations {
        insert: true,
        update: true,
        delete: true,
    };

    const INSERTS: Operations = Operations {
        insert: true,
        update: false,
        delete: false,
    };

    fn looked(operations: Operations, expected: bool, rows: u64) -> Looked<'static> {
        Looked {
            table: "products",
            expected,
            filtered: true,
            values: (2, 1),
            same: false,
            operations,
            seen: Sighting { rows, leaks: 0 },
        }
    }

    #[test]
    fn a_row_that_is_published_must_be_there_and_one_that_is_not_must_not() {
        let judged = |expected, rows| judge(RowStage::Inserted, &[looked(ALL, expected, rows)]);
        let tally = judged(true, 1).expect("it is there");
        assert_eq!(
            tally.text(RowStage::Inserted, ALL),
            "1 row in 1 table, 2 values equal; 1 value not sent"
        );
        let missing = judged(true, 0).expect_err("it is not there");
        assert_eq!(
            missing.to_string(),
            "products: the row is missing, or has other values"
        );
        judged(false, 0).expect("it was kept back");
        let passed = judged(false, 1).expect_err("the filter let it pass");
        assert_eq!(
            passed.to_string(),
            "products: the row is there, and is not published"
        );
    }

    #[test]
    fn a_column_that_is_not_published_must_not_have_its_value() {
        let mut row = looked(ALL, true, 1);
        row.seen.leaks = 1;
        judge(RowStage::Inserted, &[row]).expect_err("the column arrived");
    }

    #[test]
    fn what_is_not_published_must_not_happen() {
        let judged = |stage, operations, rows| judge(stage, &[looked(operations, true, rows)]);
        judged(RowStage::Updated, INSERTS, 0).expect("no change came");
        judged(RowStage::Updated, INSERTS, 1).expect_err("a change came");
        let no_removal = Operations {
            delete: false,
            ..ALL
        };
        judged(RowStage::Deleted, no_removal, 1).expect("it stayed");
        judged(RowStage::Deleted, no_removal, 0).expect_err("it went");
        judged(RowStage::Deleted, ALL, 1).expect_err("it stayed");
    }

    #[test]
    fn a_row_without_a_column_to_change_stays_as_it_was() {
        let mut row = looked(INSERTS, true, 1);
        row.same = true;
        judge(RowStage::Updated, &[row.clone()]).expect("nothing changed");
        row.seen.rows = 0;
        judge(RowStage::Updated, &[row]).expect_err("it is gone");
    }

    #[test]
    fn a_change_brings_and_takes_what_filters_say_and_nothing_that_was_not_inserted() {
        assert!(after_change(true, [true, true], ALL));
        assert!(after_change(false, [false, true], ALL));
        assert!(!after_change(true, [true, false], ALL));
        assert!(!after_change(false, [true, true], ALL));
        assert!(after_change(true, [true, false], INSERTS));
    }
}
