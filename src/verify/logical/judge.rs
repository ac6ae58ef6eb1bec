//! Whether what a subscriber has is what was published to it. Pure: it is handed what was seen.

use std::fmt::Write as _;

use crate::verify::probe::Sighting;

use super::Stage;
use super::published::Operations;

/// One row at one stage.
#[derive(Debug, Clone)]
pub(super) struct Looked<'a> {
    /// Its table.
    pub(super) table: &'a str,
    /// Whether the subscriber should have it, before its removal.
    pub(super) expected: bool,
    /// Whether its publication has a filter for it.
    pub(super) filtered: bool,
    /// How many of its values are published, and how many are not.
    pub(super) values: (usize, usize),
    /// What the subscriber has.
    pub(super) seen: Sighting,
}

/// What a row's looking right adds up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    rows: usize,
    values: usize,
    kept_back: usize,
    unsent: usize,
}

/// Whether a row with its values of this stage should be at the subscriber.
///
/// A change that is not published leaves the row there as it was, which is not the one that is looked for.
pub(super) fn is_wanted(stage: Stage, expected: bool, operations: Operations) -> bool {
    expected
        && match stage {
            Stage::Inserted => true,
            Stage::Updated => operations.update,
            Stage::Deleted => !operations.delete,
        }
}

/// Judges all rows of a stage.
pub(super) fn judge(
    stage: Stage,
    operations: Operations,
    looked: &[Looked<'_>],
) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for row in looked {
        let table = row.table;
        let wanted = is_wanted(stage, row.expected, operations);
        match (wanted, row.seen.rows, stage) {
            (true, 0, _) => {
                return Err(format!("{table}: the row is missing, or has other values"));
            }
            (false, 1.., Stage::Deleted) => return Err(format!("{table}: the row is still there")),
            (false, 1.., _) => {
                return Err(format!("{table}: the row is there, and is not published"));
            }
            _ => {}
        }
        if row.seen.leaks > 0 {
            return Err(format!(
                "{table}: a column that is not published has its value"
            ));
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
    /// What was compared, in words.
    pub(super) fn text(self, stage: Stage, operations: Operations) -> String {
        let Self { rows, values, .. } = self;
        match stage {
            Stage::Deleted if operations.delete => return "the rows are gone".to_owned(),
            Stage::Deleted => return "removals are not published, and none came".to_owned(),
            Stage::Updated if !operations.update => {
                return "changes are not published, and none came".to_owned();
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
            _ = write!(text, "; {} kept back by a filter", self.kept_back);
        }
        if self.unsent > 0 {
            _ = write!(text, "; {} not sent", count(self.unsent, "value"));
        }
        text
    }
}

/// A number of things, in words.
pub(super) fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Operations = Operations {
        insert: true,
        update: true,
        delete: true,
    };

    fn looked(expected: bool, rows: u64, leaks: u64) -> Looked<'static> {
        Looked {
            table: "products",
            expected,
            filtered: true,
            values: (2, 1),
            seen: Sighting { rows, leaks },
        }
    }

    #[test]
    fn a_row_that_is_published_must_be_there_and_one_that_is_not_must_not() {
        let judged = |row| judge(Stage::Inserted, ALL, &[row]);
        let tally = judged(looked(true, 1, 0)).expect("it is there");
        assert_eq!(
            tally.text(Stage::Inserted, ALL),
            "1 row in 1 table, 2 values equal; 1 value not sent"
        );
        let missing = judged(looked(true, 0, 0)).expect_err("it is not there");
        assert_eq!(missing, "products: the row is missing, or has other values");
        judged(looked(false, 0, 0)).expect("it was kept back");
        let passed = judged(looked(false, 1, 0)).expect_err("the filter let it pass");
        assert_eq!(passed, "products: the row is there, and is not published");
    }

    #[test]
    fn a_column_that_is_not_published_must_not_have_its_value() {
        let leak = judge(Stage::Inserted, ALL, &[looked(true, 1, 1)]);
        leak.expect_err("the column arrived");
    }

    #[test]
    fn what_is_not_published_must_not_happen() {
        let inserts = Operations {
            insert: true,
            ..Operations::default()
        };
        judge(Stage::Updated, inserts, &[looked(true, 0, 0)]).expect("no change came");
        judge(Stage::Updated, inserts, &[looked(true, 1, 0)]).expect_err("a change came");
        let no_removal = Operations {
            delete: false,
            ..ALL
        };
        judge(Stage::Deleted, no_removal, &[looked(true, 1, 0)]).expect("it stayed");
        judge(Stage::Deleted, no_removal, &[looked(true, 0, 0)]).expect_err("it went");
        judge(Stage::Deleted, ALL, &[looked(true, 1, 0)]).expect_err("it stayed");
    }
}
