//! Errors in a file and their places, shown with the line and a caret, or as JSON.
//!
//! Owns positions and their rendering. Never decides what is wrong.

use std::fmt;
use std::ops::Range;

#[cfg(feature = "cli")]
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::tree::Spot;
use crate::sql::password;
use crate::text::foreign;

/// A place in a text, both counted from 1; the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character of the line.
    pub column: usize,
}

/// The place of an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the file.
    File(Excerpt),
    /// In what was given on the command line: `--set nodes.replica.slot=none`.
    Override(String),
}

impl Place {
    /// The line that is shown.
    pub(crate) fn line(&self) -> &str {
        match self {
            Self::File(excerpt) => &excerpt.line,
            Self::Override(given) => given,
        }
    }
}

/// A line of a file and the part of it that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    position: Position,
    line: String,
    caret: Range<usize>,
}

impl Excerpt {
    /// Where the excerpt begins to matter.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The line of `text` that holds the byte at `offset`, with a caret under `width` bytes from there on.
    ///
    /// An offset behind the end, or inside a character, means the nearest place before it.
    #[must_use]
    pub fn new(text: &str, offset: usize, width: usize) -> Self {
        let offset = boundary(text, offset);
        let (before, after) = text.split_at(offset);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let end = after.find('\n').map_or(text.len(), |at| offset + at);
        let end = start + text[start..end].trim_end_matches('\r').len();
        let offset = offset.min(end);
        let position = Position {
            line: before.matches('\n').count() + 1,
            column: text[start..offset].chars().count() + 1,
        };
        let under = boundary(text, offset.saturating_add(width)).min(end);
        let from = boundary(text, offset.saturating_sub(MOST_BESIDE)).max(start);
        let to = boundary(text, under.saturating_add(MOST_BESIDE)).min(end);
        let secret = password::places(&text[from..to]).into_iter();
        let secret: Vec<_> = secret.map(|it| from + it.start..from + it.end).collect();
        let before_caret = one_wide(text, start..offset, &secret);
        let under_caret = one_wide(text, offset..under, &secret);
        Self {
            position,
            caret: before_caret.len()..before_caret.len() + under_caret.len(),
            line: before_caret + &under_caret + &one_wide(text, under..end, &secret),
        }
    }

    /// The line on which a spot begins, with a caret under what says best what is meant.
    pub(crate) fn of(text: &str, spot: Spot) -> Self {
        Self::new(text, spot.start, width(text, spot))
    }
}

/// Passwords are looked for in so much of a line on each side of the caret. Nobody sees more of a longer one.
const MOST_BESIDE: usize = 1000;

/// A part of a line in which every character has a place: a tab would be widened, and some are not seen. Passwords are
/// not shown.
fn one_wide(text: &str, part: Range<usize>, secret: &[Range<usize>]) -> String {
    let is_secret = |at: usize| {
        let place = secret.partition_point(|place| place.end <= at);
        secret.get(place).is_some_and(|place| place.start <= at)
    };
    text[part.clone()]
        .char_indices()
        .map(|(at, c)| match c {
            _ if is_secret(part.start + at) => '*',
            '\t' | '\r' => ' ',
            // Unicode has pictures of the oldest control characters.
            '\0'..'\x20' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(c),
            _ if foreign::is_hidden(c) => '\u{fffd}',
            _ => c,
        })
        .collect()
}

/// How much of a value to put a caret under: a scalar whole, of a list or a mapping its bracket, its dash or its first
/// key, of a block of text its sign.
fn width(text: &str, spot: Spot) -> usize {
    let value = text.get(spot.start..spot.end).unwrap_or_default();
    let line = value.lines().next().unwrap_or_default();
    let is_dash = line.strip_prefix('-').is_some_and(is_apart);
    if line.starts_with(['[', '{', '|', '>']) || is_dash {
        return 1;
    }
    let key = if line.starts_with(['"', '\'']) {
        None
    } else {
        let colons = line.match_indices(':').map(|(at, _)| at);
        colons.into_iter().find(|at| is_apart(&line[at + 1..]))
    };
    key.unwrap_or(line.len()).max(1)
}

/// Whether what came before ends here.
fn is_apart(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with([' ', '\t'])
}

/// The nearest place at or before `offset` that is not inside a character.
fn boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// One error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file, as it is shown.
    pub file: String,
    /// Its place.
    pub place: Place,
    /// The message.
    pub message: String,
    /// The way to correct it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// The place in the file. Nothing where the error is in an override.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        match &self.place {
            Place::File(excerpt) => Some(excerpt.position),
            Place::Override(_) => None,
        }
    }

    #[cfg(feature = "cli")]
    fn visible(&self) -> Self {
        let visible = |text: &str| foreign::visible(text).into_owned();
        Self {
            file: visible(&self.file),
            place: match &self.place {
                Place::File(excerpt) => Place::File(excerpt.clone()),
                Place::Override(given) => {
                    Place::Override(visible(&password::without_passwords(given)))
                }
            },
            message: visible(&self.message),
            help: self.help.as_deref().map(visible),
        }
    }

    #[cfg(feature = "cli")]
    fn group(&self) -> Group<'_> {
        let title = Level::ERROR.primary_title(self.message.as_str());
        let group = match &self.place {
            Place::File(excerpt) => title.element(
                Snippet::source(excerpt.line.as_str())
                    .path(self.file.as_str())
                    .line_start(excerpt.position.line)
                    .annotation(AnnotationKind::Primary.span(excerpt.caret.clone())),
            ),
            Place::Override(given) => {
                title.element(Level::NOTE.message(format!("given by `{given}`")))
            }
        };
        match &self.help {
            Some(help) => group.element(Level::HELP.message(help.as_str())),
            None => group,
        }
    }
}

impl Serialize for Diagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let position = self.position();
        let file = match &self.place {
            Place::File(_) => &self.file,
            Place::Override(given) => &password::without_passwords(given),
        };
        let mut fields = serializer.serialize_struct("Diagnostic", 5)?;
        fields.serialize_field("file", file)?;
        fields.serialize_field("line", &position.map(|at| at.line))?;
        fields.serialize_field("column", &position.map(|at| at.column))?;
        fields.serialize_field("message", &self.message)?;
        fields.serialize_field("help", &self.help)?;
        fields.end()
    }
}

/// Everything wrong with one scenario: at least one error, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    file: String,
    first: Diagnostic,
    rest: Vec<Diagnostic>,
    /// Errors that were found and left out, because there are too many.
    left_out: usize,
}

impl Diagnostics {
    /// One error alone.
    #[must_use]
    pub fn one(diagnostic: Diagnostic) -> Self {
        Self {
            file: diagnostic.file.clone(),
            first: diagnostic,
            rest: Vec::new(),
            left_out: 0,
        }
    }

    /// These errors, sorted by position and each once. Nothing where there is none.
    #[must_use]
    pub fn several(mut found: Vec<Diagnostic>, left_out: usize) -> Option<Self> {
        // Overrides have no position and come last.
        found.sort_by_key(|one| one.position().map_or((true, None), |at| (false, Some(at))));
        found.dedup();
        let mut found = found.into_iter();
        let first = found.next()?;
        Some(Self {
            file: first.file.clone(),
            first,
            rest: found.collect(),
            left_out,
        })
    }

    /// The errors, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// How many errors there are, with those that [`Diagnostics::iter`] leaves out.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.rest.len() + self.left_out
    }

    /// The errors for people: message, line, caret and help of each. What they quote is made visible.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let mut blocks: Vec<String> = self
            .iter()
            .map(|one| {
                // The renderer pads the empty lines beside the bar; nobody wants blanks at the end of a line.
                let one = one.visible();
                let drawn = renderer.render(&[one.group()]);
                let lines: Vec<&str> = drawn.lines().map(str::trim_end).collect();
                lines.join("\n") + "\n"
            })
            .collect();
        if self.left_out > 0 {
            blocks.push(format!("… and {} more errors\n", self.left_out));
        }
        blocks.join("\n")
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count() {
            1 => write!(f, "`{}` has an error", self.file),
            count => write!(f, "`{}` has {count} errors", self.file),
        }
    }
}

impl std::error::Error for Diagnostics {}

impl Serialize for Diagnostics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests;
