//! Rows and answers as reports show them. Pure.

use crate::action::Cell;
use crate::run::state::Answer;

/// Rows in an order of their own.
pub(super) fn sorted(rows: &[Vec<Cell>]) -> Vec<&Vec<Cell>> {
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort_by_key(|row| row.iter().map(|cell| &cell.0).collect::<Vec<_>>());
    rows
}

/// The most rows that are shown.
const MOST_ROWS: usize = 20;

/// An answer in words.
pub(super) fn shown(answer: &Answer) -> String {
    let mut text = if answer.rows.is_empty() {
        match answer.count {
            0 if !answer.counts => "done".to_owned(),
            1 => "1 row".to_owned(),
            count => format!("{count} rows"),
        }
    } else {
        rows(&answer.rows)
    };
    for notice in &answer.notices {
        text.push('\n');
        text.push_str(notice);
    }
    text
}

/// One line a row, with values separated by ` | ` as in `psql`.
pub(super) fn rows(rows: &[Vec<Cell>]) -> String {
    let mut lines: Vec<String> = rows
        .iter()
        .take(MOST_ROWS)
        .map(|row| {
            row.iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" | ")
        })
        .collect();
    if let Some(more) = rows.len().checked_sub(MOST_ROWS).filter(|more| *more > 0) {
        lines.push(format!("… and {more} more rows"));
    }
    lines.join("\n")
}
