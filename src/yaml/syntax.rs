//! Why a text is refused before anybody asks what it means, in our words.

use std::borrow::Cow;

use libyaml_safer::{Error, Mark};

/// The largest text that is read.
pub(crate) const MOST_BYTES: usize = 1 << 20;

/// The parser looks at every open bracket for each word that it reads, so that a megabyte of brackets would take it
/// minutes. The largest topology needs a few hundred.
const MOST_BRACKETS: usize = 1000;

const UTF8: &str = "a scenario is a text file in UTF-8";
const QUOTES: &str = "put a value that begins with such a sign in quotes";
const SPACES: &str = "indent with spaces: YAML takes no tabs there";

/// Why a text is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct SyntaxError {
    /// A byte of the text.
    pub(crate) at: usize,
    pub(crate) message: Cow<'static, str>,
    pub(crate) help: Option<&'static str>,
}

impl SyntaxError {
    pub(super) fn new(
        at: usize,
        message: impl Into<Cow<'static, str>>,
        help: impl Into<Option<&'static str>>,
    ) -> Self {
        Self {
            at,
            message: message.into(),
            help: help.into(),
        }
    }

    pub(super) fn tag(at: usize) -> Self {
        Self::new(at, "a YAML tag (`!…`) has no meaning here", QUOTES)
    }

    pub(super) fn alias(at: usize, name: &str, within: bool) -> Self {
        if within {
            let message = format!("`*{name}` is within what `&{name}` names");
            return Self::new(at, message, "an alias repeats a value that is complete");
        }
        Self::new(
            at,
            format!("no value before `*{name}` has the anchor `&{name}`"),
            QUOTES,
        )
    }

    /// The parser's error. It marks where it could not go on, and where what it was reading began.
    pub(super) fn of(error: &Error, text: &str) -> Self {
        let at = error.problem_mark().map_or(0, index).min(text.len());
        let began = error.context_mark().unwrap_or_default();
        let began = Began {
            at: index(began).min(text.len()),
            line: began.line + 1,
            sign: sign(text, index(began)),
        };
        words(error, text, at, &began)
    }
}

/// The start of the construct that the parser was reading.
struct Began {
    at: usize,
    line: u64,
    sign: char,
}

fn index(mark: Mark) -> usize {
    usize::try_from(mark.index).unwrap_or(usize::MAX)
}

/// The character at a byte.
fn sign(text: &str, at: usize) -> char {
    let rest = text.get(at..).and_then(|rest| rest.chars().next());
    rest.unwrap_or(' ')
}

fn words(error: &Error, text: &str, at: usize, began: &Began) -> SyntaxError {
    let say = |message: String, help: &'static str| SyntaxError::new(at, message, help);
    let Began {
        line, sign: opened, ..
    } = began;
    if is_indented_by_tab(text, at) || error.problem().contains("tab character") {
        return say("this line is indented with a tab".to_owned(), SPACES);
    }
    match error.problem() {
        "found character that cannot start any token" | "did not find expected node content" => {
            say(
                format!("a value cannot begin with `{}`", sign(text, at)),
                QUOTES,
            )
        }
        "did not find expected alphabetic or numeric character" => SyntaxError::new(
            began.at,
            format!("`{opened}` needs a name after it"),
            QUOTES,
        ),
        "did not find expected ',' or '}'" => say(
            format!("`,` or `}}` is missing: the `{{` of line {line} is still open"),
            "every `{` needs its `}`",
        ),
        "did not find expected ',' or ']'" => say(
            format!("`,` or `]` is missing: the `[` of line {line} is still open"),
            "every `[` needs its `]`",
        ),
        "did not find expected key" => say(
            format!("this is not a key of the mapping that begins in line {line}"),
            "the keys of a mapping begin in one column, and text with quotes in it is put in quotes as a whole",
        ),
        "did not find expected '-' indicator" => say(
            format!("this is not an item of the list that begins in line {line}"),
            "the `-` of a list's items stand in one column",
        ),
        "mapping values are not allowed in this context" => say(
            "this `:` cannot end a key here".to_owned(),
            "put text with `: ` in it in quotes, and indent a mapping below its key",
        ),
        "block sequence entries are not allowed in this context" => say(
            "this `-` cannot begin a list here".to_owned(),
            "begin a list on a line of its own",
        ),
        "could not find expected ':'" => say(
            format!("the key of line {line} has no `:`"),
            "write `key: value`, with a blank after the `:`",
        ),
        "found unexpected end of stream" => SyntaxError::new(
            began.at,
            format!("this `{opened}` is never closed"),
            "close the quotes",
        ),
        "found unexpected document indicator" => say(
            format!("a document ends here, and the `{opened}` of line {line} is still open"),
            "close the quotes",
        ),
        "found unknown escape character" => say(
            format!(
                "`\\{}` is not an escape in double quotes",
                escaped(text, at)
            ),
            "single quotes take a backslash as it is",
        ),
        "did not find expected <document start>" => say(
            "the file goes on where its mapping has ended".to_owned(),
            "the keys of a scenario begin in the first column",
        ),
        other => {
            let context = error.context().unwrap_or_default();
            let message = format!("{other} {context}");
            SyntaxError::new(at, message.trim_end().to_owned(), None)
        }
    }
}

/// The character after a backslash.
fn escaped(text: &str, at: usize) -> char {
    let rest = text.get(at..).unwrap_or_default();
    rest.trim_start_matches('\\').chars().next().unwrap_or(' ')
}

fn is_indented_by_tab(text: &str, at: usize) -> bool {
    let (before, rest) = text.split_at_checked(at).unwrap_or((text, ""));
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let before = &before[line..];
    let is_blank = before.chars().all(|c| c == ' ' || c == '\t');
    rest.starts_with('\t') || is_blank && before.contains('\t')
}

/// A text from bytes that may be anything, without its byte order mark. An error comes with the text to show it in.
pub(crate) fn checked(bytes: &[u8]) -> Result<&str, (String, SyntaxError)> {
    if bytes.len() > MOST_BYTES {
        let start = String::from_utf8_lossy(&bytes[..200]).into_owned();
        let message = "the file is larger than a megabyte";
        let help = "a scenario has a few kilobytes";
        return Err((start, SyntaxError::new(0, message, help)));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let error = SyntaxError::new(good.len(), "the file is not text", UTF8);
            return Err((format!("{good}\u{fffd}"), error));
        }
    };
    let refuse = |error| Err((text.to_owned(), error));
    if let Some((at, _)) = text.match_indices(['[', '{']).nth(MOST_BRACKETS) {
        let message = "more than a thousand `[` and `{`";
        return refuse(SyntaxError::new(
            at,
            message,
            "a scenario is not that large",
        ));
    }
    if let Some((at, c)) = text.char_indices().find(|(_, c)| !is_printable(*c)) {
        let number = u32::from(c);
        let message = format!("the character U+{number:04X} has no place in a text file");
        return refuse(SyntaxError::new(at, message, UTF8));
    }
    Ok(text)
}

/// The characters that YAML allows (YAML 1.2, "Character Set").
fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
        && c != '\u{feff}'
}
