//! Making a table as narrow as a terminal. Pure.
//!
//! Long texts are shortened in the middle, between words. If that is not enough, whole columns are left out and named.

/// The most characters of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Width(Option<usize>);

impl Width {
    /// No limit: a pipe, a file, `--wide`.
    pub const ANY: Self = Self(None);

    /// A terminal of so many columns.
    #[must_use]
    pub const fn of(columns: usize) -> Self {
        Self(Some(columns))
    }

    /// A sentence in as many lines as it takes.
    pub(super) fn fold(self, sentence: &str) -> String {
        let most = self.0.unwrap_or(usize::MAX);
        let (mut text, mut used) = (String::new(), 0);
        for word in sentence.split(' ') {
            let fits = used + 1 + length(word) <= most;
            let gap = match (used, fits) {
                (0, _) => "",
                (_, true) => " ",
                (_, false) => "\n",
            };
            used = if gap == " " { used + 1 } else { 0 } + length(word);
            text += gap;
            text += word;
        }
        text
    }
}

/// Blanks between two columns.
const GAP: usize = 2;

/// The columns that a table can do without, the first one first.
const LEAST: [&str; 18] = [
    "not written",
    "not flushed",
    "wal retained",
    "kind",
    "address",
    "origin",
    "publishes",
    "errors",
    "timeline",
    "port",
    "slot",
    "scenario",
    "name",
    "publications",
    "lsn",
    "not sent",
    "state",
    "upstream",
];

/// A table that was made to fit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fitted {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    /// The titles of the columns that were left out.
    pub(super) left_out: Vec<String>,
}

/// Makes a table fit. A table that cannot fit is as narrow as it can be.
pub(super) fn fit(header: &[&str], rows: Vec<Vec<String>>, width: Width) -> Fitted {
    let mut fitted = Fitted {
        header: header.iter().map(ToString::to_string).collect(),
        rows,
        left_out: Vec::new(),
    };
    let Width(Some(most)) = width else {
        return fitted;
    };
    let columns = 0..fitted.header.len();
    let mut narrowest: Vec<usize> = columns.map(|column| fitted.narrowest(column)).collect();
    while total(&narrowest) > most {
        let Some(column) = fitted.dispensable() else {
            break;
        };
        fitted.leave_out(column);
        narrowest.remove(column);
    }
    fitted.shorten(most, &narrowest);
    fitted
}

impl Fitted {
    /// The cells of a column, with its title.
    fn cells(&self, column: usize) -> impl Iterator<Item = &str> {
        let cells = self.rows.iter().filter_map(move |row| row.get(column));
        cells.chain(self.header.get(column)).map(String::as_str)
    }

    fn widest(&self, column: usize) -> usize {
        self.cells(column).map(length).max().unwrap_or(0)
    }

    /// The least width of a column.
    fn narrowest(&self, column: usize) -> usize {
        self.cells(column).map(least).max().unwrap_or(0)
    }

    /// The column that is left out next. The first two say what a row is about.
    fn dispensable(&self) -> Option<usize> {
        let place = |title: &&str| self.header.iter().position(|it| it == title);
        let columns = LEAST.iter().filter_map(place);
        columns.into_iter().find(|column| *column > 1)
    }

    fn leave_out(&mut self, column: usize) {
        self.left_out.push(self.header.remove(column));
        for row in &mut self.rows {
            if column < row.len() {
                row.remove(column);
            }
        }
    }

    /// Shortens the widest columns until the table fits.
    fn shorten(&mut self, most: usize, narrowest: &[usize]) {
        let columns = 0..self.header.len();
        let mut widths: Vec<usize> = columns.map(|column| self.widest(column)).collect();
        while total(&widths) > most {
            let slack = |column: &usize| widths[*column] > narrowest[*column];
            let widest = (0..widths.len())
                .filter(slack)
                .max_by_key(|column| widths[*column]);
            let Some(widest) = widest else { break };
            widths[widest] -= 1;
        }
        for row in &mut self.rows {
            for (cell, width) in row.iter_mut().zip(&widths) {
                if length(cell) > *width {
                    *cell = shortened(cell, *width);
                }
            }
        }
    }
}

/// The width of a table whose columns are so wide.
fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// The width below which a text cannot be shortened: its first and its last word, and what stands between them.
fn least(text: &str) -> usize {
    let words: Vec<&str> = text.split(' ').collect();
    match words.as_slice() {
        [first, _, .., last] => (length(first) + length(last) + 3).min(length(text)),
        _ => length(text),
    }
}

/// A text with words left out in its middle.
fn shortened(text: &str, most: usize) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let (mut head, mut tail) = (1, words.len().saturating_sub(1));
    let with = |head: usize, tail: usize| {
        format!("{} … {}", words[..head].join(" "), words[tail..].join(" "))
    };
    if tail <= head || length(&with(head, tail)) > most {
        return text.to_owned();
    }
    // From both sides in turn, as long as the next word has room.
    loop {
        let more = head + 1 < tail && length(&with(head + 1, tail)) <= most;
        head += usize::from(more);
        let back = head + 1 < tail && length(&with(head, tail - 1)) <= most;
        tail -= usize::from(back);
        if !more && !back {
            return with(head, tail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(header: &[&str], row: &[&str], most: usize) -> (Vec<String>, Vec<String>) {
        let rows = vec![row.iter().map(ToString::to_string).collect()];
        let fitted = fit(header, rows, Width::of(most));
        (fitted.rows[0].clone(), fitted.left_out)
    }

    #[test]
    fn a_long_text_loses_words_in_its_middle() {
        let title = "A standby that was away too long catches up from the archive";
        let (row, left_out) = fitted(&["name", "shows"], &["archive-gap", title], 50);
        assert_eq!(row[1], "A standby that was … from the archive");
        assert_eq!(length(&row[0]) + GAP + length(&row[1]), 50);
        assert_eq!(left_out, Vec::<String>::new());
    }

    #[test]
    fn a_word_stays_whole() {
        for text in ["0123456789abcdef", "two words", ""] {
            assert_eq!(shortened(text, 5), text);
            assert_eq!(least(text), length(text));
        }
        assert_eq!(shortened("ab cd ef gh", 7), "ab … gh");
        assert_eq!(least("ab cd ef gh"), 7);
    }

    #[test]
    fn columns_go_where_shortening_is_not_enough() {
        let header = ["node", "role", "lsn", "slot", "port"];
        let row = ["primary", "primary", "0/402A8A8", "replica_slot", "32823"];
        let (short, left_out) = fitted(&header, &row, 35);
        assert_eq!(short, ["primary", "primary", "0/402A8A8"]);
        assert_eq!(left_out, ["port", "slot"]);
        let (all, left_out) = fitted(&header, &row, 200);
        assert_eq!(all, row);
        assert_eq!(left_out, Vec::<String>::new());
        let (least, _) = fitted(&header, &row, 1);
        assert_eq!(least, ["primary", "primary"], "the first two stay");
    }

    #[test]
    fn a_sentence_is_folded_between_its_words() {
        let sentence = "left out: A, B C (--wide shows all)";
        let folded = Width::of(12).fold(sentence);
        assert_eq!(folded, "left out: A,\nB C (--wide\nshows all)");
        assert_eq!(Width::ANY.fold(sentence), sentence);
    }

    #[test]
    fn nothing_is_cut_without_a_limit() {
        let rows = vec![vec!["a b c d".repeat(100)]];
        assert_eq!(fit(&["x"], rows.clone(), Width::ANY).rows, rows);
    }
}
