//! From a text to its tree, by the parser's events.
//!
//! Owns aliases and the limits on a document's size and depth.

use std::collections::HashMap;

use libyaml_safer::{Encoding, Event, EventData, Parser, ScalarStyle};

use super::mapping::entries;
use super::resolve;
use super::syntax::SyntaxError;
use super::tree::Problem;
use super::tree::{Node, Spot, Value};

/// Values in one document, each use of an alias counted. Without aliases a file of a megabyte, the most that is read,
/// holds fewer; with them it may hold any number.
const MOST_VALUES: usize = 1 << 20;
/// Bytes of text in one document, each use of an alias counted.
const MOST_TEXT: usize = 8 << 20;
/// Lists and mappings within each other, aliases followed.
const MOST_DEPTH: usize = 128;

const TOO_MUCH: &str = "there is far too much in here once every alias is followed";
const TOO_DEEP: &str = "lists and mappings are nested too deep here";

/// The one document of a text.
#[derive(Debug, PartialEq)]
pub(crate) struct Document {
    pub(crate) root: Node,
    /// Errors that did not stop the parser.
    pub(crate) problems: Vec<Problem>,
}

/// Parses a text. What is empty, or comments alone, is a null.
///
/// # Errors
/// With the first thing that is no YAML, or that YAML has and a scenario has not: tags, a second document.
pub(crate) fn parse(text: &str, origin: usize) -> Result<Document, SyntaxError> {
    if let Some(at) = tag_before_comma(text) {
        return Err(SyntaxError::tag(at));
    }
    let ended = Ended::new(text);
    let mut parser = Parser::new();
    parser.set_encoding(Encoding::Utf8);
    parser.set_input(ended.text.as_bytes());
    let mut builder = Builder::new(origin);
    loop {
        let mut event = parser
            .parse()
            .map_err(|error| SyntaxError::of(&error, text))?;
        if event.data == EventData::StreamEnd {
            break;
        }
        ended.restore(&mut event);
        builder.take(event, text)?;
    }
    let spot = Spot {
        origin,
        start: 0,
        end: 0,
    };
    let nothing = Node {
        spot,
        value: Value::Null,
    };
    Ok(Document {
        root: builder.root.unwrap_or(nothing),
        problems: builder.problems,
    })
}

/// The place of a tag with a comma right after it, at which the parser would panic: `[!!str, b]`.
fn tag_before_comma(text: &str) -> Option<usize> {
    /// No scenario has so many that only look like one.
    const MOST: usize = 100;
    let begins = |at: usize| {
        at == 0 || text[..at].ends_with(|c: char| c.is_whitespace() || "[{,:?-".contains(c))
    };
    let places = text.match_indices('!').map(|(at, _)| at);
    let looks = places.filter(|at| begins(*at)).filter_map(|at| {
        let word = text[at..].find(|c: char| c.is_whitespace() || c == ',')?;
        let comma = at + word;
        text[comma..].starts_with(',').then_some((at, comma))
    });
    let mut looks = looks.enumerate();
    let is_tag = |(count, (at, comma)): &(usize, (usize, usize))| {
        *count >= MOST || ends_in_tag(&text[..*comma], *at)
    };
    looks.find(is_tag).map(|(_, (at, _))| at)
}

/// Whether what begins at a place is a tag, and not part of a text.
fn ends_in_tag(text: &str, at: usize) -> bool {
    // The parser needs a line break at the end.
    let text = format!("{text} \n");
    let mut parser = Parser::new();
    parser.set_encoding(Encoding::Utf8);
    parser.set_input(text.as_bytes());
    while let Ok(event) = parser.parse() {
        let tag = match &event.data {
            EventData::StreamEnd => return false,
            EventData::Scalar { tag, .. }
            | EventData::SequenceStart { tag, .. }
            | EventData::MappingStart { tag, .. } => tag,
            _ => continue,
        };
        if tag.is_some() && offset(event.end_mark) >= at {
            return true;
        }
    }
    false
}

/// A text with a line break at its end: the parser needs one behind a block of text (`|`, `>`).
struct Ended {
    text: String,
    /// The place of the added line break.
    added: Option<usize>,
}

impl Ended {
    const BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

    fn new(text: &str) -> Self {
        let added = !text.is_empty() && !text.ends_with(Self::BREAKS);
        Self {
            text: format!("{text}{}", if added { "\n" } else { "" }),
            added: added.then_some(text.len()),
        }
    }

    /// Takes the added line break out of the block of text that it ended.
    fn restore(&self, event: &mut Event) {
        let EventData::Scalar { value, style, .. } = &mut event.data else {
            return;
        };
        let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let Some(added) = self
            .added
            .filter(|added| is_block && offset(event.end_mark) > *added)
        else {
            return;
        };
        let header = self
            .text
            .get(offset(event.start_mark)..)
            .unwrap_or_default();
        let header = header.lines().next().unwrap_or_default();
        let keeps = header.contains('+');
        let last = |text: &str| text.rsplit(Self::BREAKS).next().map(is_blank);
        // Of blanks alone the last line is none of the text's, unless they are more than its indentation.
        let is_part = last(&self.text[..added]) == Some(false)
            || value.strip_suffix('\n').and_then(last) == Some(true);
        if keeps || is_part {
            value.truncate(value.strip_suffix('\n').unwrap_or(value).len());
        }
    }
}

fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c == ' ' || c == '\t')
}

fn offset(mark: libyaml_safer::Mark) -> usize {
    usize::try_from(mark.index).unwrap_or(usize::MAX)
}

/// A value with what it counts for.
#[derive(Clone)]
struct Counted {
    node: Node,
    values: usize,
    bytes: usize,
    depth: usize,
}

/// A list or a mapping whose end has not come.
struct Open {
    anchor: Option<String>,
    start: usize,
    is_map: bool,
    /// The items; for a mapping its keys and values in turn.
    items: Vec<Node>,
    values: usize,
    bytes: usize,
    depth: usize,
}

struct Builder {
    origin: usize,
    root: Option<Node>,
    open: Vec<Open>,
    anchors: HashMap<String, Counted>,
    values: usize,
    bytes: usize,
    problems: Vec<Problem>,
}

impl Builder {
    fn new(origin: usize) -> Self {
        Self {
            origin,
            root: None,
            open: Vec::new(),
            anchors: HashMap::new(),
            values: 0,
            bytes: 0,
            problems: Vec::new(),
        }
    }

    fn take(&mut self, event: Event, text: &str) -> Result<(), SyntaxError> {
        let start = offset(event.start_mark).min(text.len());
        let spot = Spot {
            origin: self.origin,
            start,
            end: offset(event.end_mark).clamp(start, text.len()),
        };
        let is_content = !matches!(
            event.data,
            EventData::DocumentStart { .. } | EventData::DocumentEnd { .. }
        );
        if self.root.is_some() && is_content {
            let message = "a second document begins here";
            return Err(SyntaxError::new(
                start,
                message,
                "a file holds one scenario",
            ));
        }
        match event.data {
            EventData::Alias { anchor } => {
                let value = self.repeated(&anchor, spot)?;
                self.put(None, value, start)
            }
            EventData::Scalar {
                anchor,
                tag,
                value,
                style,
                ..
            } => {
                let bytes = value.len();
                let value = scalar(value, tag.as_deref(), style, start)?;
                let node = Node { spot, value };
                let (values, depth) = (1, 0);
                let value = Counted {
                    node,
                    values,
                    bytes,
                    depth,
                };
                self.put(anchor, value, start)
            }
            EventData::SequenceStart { anchor, tag, .. } => {
                self.begin(anchor, tag.as_deref(), "seq", start)
            }
            EventData::MappingStart { anchor, tag, .. } => {
                self.begin(anchor, tag.as_deref(), "map", start)
            }
            EventData::SequenceEnd | EventData::MappingEnd => self.finish(spot.end),
            EventData::StreamStart { .. }
            | EventData::StreamEnd
            | EventData::DocumentStart { .. }
            | EventData::DocumentEnd { .. } => Ok(()),
        }
    }

    /// The value of an alias, counted again before it is copied.
    fn repeated(&mut self, name: &str, at: Spot) -> Result<Counted, SyntaxError> {
        let Some(found) = self.anchors.get(name) else {
            let mut open = self.open.iter();
            let within = open.any(|open| open.anchor.as_deref() == Some(name));
            return Err(SyntaxError::alias(at.start, name, within));
        };
        let values = self.values + found.values;
        let bytes = self.bytes + found.bytes;
        if values > MOST_VALUES || bytes > MOST_TEXT {
            return Err(SyntaxError::new(at.start, TOO_MUCH, None));
        }
        Ok(found.clone())
    }

    fn begin(
        &mut self,
        anchor: Option<String>,
        tag: Option<&str>,
        kind: &str,
        start: usize,
    ) -> Result<(), SyntaxError> {
        if tag.is_some_and(|tag| core(tag) != Some(kind)) {
            return Err(SyntaxError::tag(start));
        }
        if self.open.len() >= MOST_DEPTH {
            return Err(SyntaxError::new(start, TOO_DEEP, None));
        }
        self.values += 1;
        self.open.push(Open {
            anchor,
            start,
            is_map: kind == "map",
            items: Vec::new(),
            values: self.values - 1,
            bytes: self.bytes,
            depth: 0,
        });
        Ok(())
    }

    fn finish(&mut self, end: usize) -> Result<(), SyntaxError> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let value = if open.is_map {
            let mut items = open.items.into_iter();
            let pairs = std::iter::from_fn(|| items.next().zip(items.next()));
            Value::Map(entries(pairs.collect(), &mut self.problems))
        } else {
            Value::List(open.items)
        };
        let spot = Spot {
            origin: self.origin,
            start: open.start,
            end: end.max(open.start),
        };
        let finished = Counted {
            node: Node { spot, value },
            values: self.values - open.values,
            bytes: self.bytes - open.bytes,
            depth: open.depth + 1,
        };
        // They are counted already, and are counted again as those of what is put.
        self.values = open.values;
        self.bytes = open.bytes;
        self.put(open.anchor, finished, open.start)
    }

    /// Puts a complete value where it belongs.
    fn put(
        &mut self,
        anchor: Option<String>,
        value: Counted,
        start: usize,
    ) -> Result<(), SyntaxError> {
        self.values += value.values;
        self.bytes += value.bytes;
        if self.values > MOST_VALUES || self.bytes > MOST_TEXT {
            return Err(SyntaxError::new(start, TOO_MUCH, None));
        }
        if self.open.len() + value.depth > MOST_DEPTH {
            return Err(SyntaxError::new(start, TOO_DEEP, None));
        }
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut() {
            Some(open) => {
                open.depth = open.depth.max(value.depth);
                open.items.push(value.node);
            }
            None => self.root = Some(value.node),
        }
        Ok(())
    }
}

/// A tag of YAML's core schema, by its short name.
fn core(tag: &str) -> Option<&str> {
    tag.strip_prefix("tag:yaml.org,2002:")
}

fn scalar(
    text: String,
    tag: Option<&str>,
    style: ScalarStyle,
    start: usize,
) -> Result<Value, SyntaxError> {
    let Some(tag) = tag else {
        return Ok(match style {
            ScalarStyle::Plain => resolve::plain(&text),
            _ => Value::Text(text),
        });
    };
    let kind = core(tag);
    if kind == Some("str") {
        return Ok(Value::Text(text));
    }
    match (kind, resolve::plain(&text)) {
        (Some("null"), value @ Value::Null)
        | (Some("bool"), value @ Value::Boolean(_))
        | (Some("int"), value @ Value::Integer(_))
        | (Some("float"), value @ Value::Float(_)) => Ok(value),
        _ => Err(SyntaxError::tag(start)),
    }
}
