//! SQL as tokens, by the lexical rules that the server and `psql` share (manual: "Lexical Structure").
//!
//! Owns the boundaries of tokens. The texts of all tokens, in order, are the whole text that was read. Any text has
//! tokens, SQL or not, so nothing here fails.

use std::ops::Range;

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Spaces and line breaks.
    Blank,
    /// `-- …`, without its line break.
    LineComment,
    /// `/* … */`; such comments nest.
    BlockComment,
    /// A key word, or a name without quotes.
    Word,
    /// A name in quotes: `"…"`, `U&"…"`.
    QuotedName,
    /// A string in which a backslash is a letter: `'…'`, `B'…'`, `X'…'`, `N'…'`, `U&'…'`.
    String,
    /// A string with C's escapes: `E'…'`.
    EscapeString,
    /// A string between dollar quotes: `$$…$$`, `$tag$…$tag$`.
    DollarString,
    /// `12`, `1.5e3`, `0x1F`, `1_000`.
    Number,
    /// `$1`.
    Parameter,
    /// One or more letters of operators: `<=`, `||`.
    Operator,
    /// Any other letter: parentheses, brackets, comma, semicolon, colon, dot, backslash.
    Symbol,
}

/// A token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// Its kind.
    pub kind: TokenKind,
    /// Its text, with its quotes.
    pub text: &'a str,
    /// The byte at which it begins.
    pub at: usize,
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Whether it is complete: it has a string's last quote, or a comment's `*/` or line break.
    pub ended: bool,
}

/// A place in SQL, from which tokens are read.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

/// A token's kind, its length in bytes, and whether it is complete.
type Measure = (TokenKind, usize, bool);

impl<'a> Lexer<'a> {
    /// The beginning of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
        }
    }

    /// The line that the next token is on, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The rest of the text.
    #[must_use]
    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Skips `bytes` bytes, and returns them.
    fn pass(&mut self, bytes: usize) -> &'a str {
        let passed = &self.text[self.at..self.at + bytes];
        self.at += bytes;
        self.line += passed.bytes().filter(|&byte| byte == b'\n').count();
        passed
    }

    /// Skips the rest of the line, and returns it with its line break.
    pub fn pass_line(&mut self) -> &'a str {
        let rest = self.rest();
        self.pass(rest.find('\n').map_or(rest.len(), |end| end + 1))
    }

    /// Skips a byte order mark, which some editors write at the beginning of a file.
    pub fn pass_byte_order_mark(&mut self) {
        if self.rest().starts_with('\u{feff}') {
            self.pass('\u{feff}'.len_utf8());
        }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let first = self.rest().bytes().next()?;
        let (kind, bytes, ended) = measure(self.rest(), first);
        let (at, line) = (self.at, self.line);
        Some(Token {
            kind,
            text: self.pass(bytes),
            at,
            line,
            ended,
        })
    }
}

impl<'a> Token<'a> {
    /// Whether it is neither a comment nor a blank.
    #[must_use]
    pub fn is_significant(&self) -> bool {
        !matches!(
            self.kind,
            TokenKind::Blank | TokenKind::LineComment | TokenKind::BlockComment
        )
    }

    /// Whether it is that key word.
    #[must_use]
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is that symbol.
    #[must_use]
    pub fn is_symbol(&self, symbol: char) -> bool {
        self.kind == TokenKind::Symbol && self.text.starts_with(symbol)
    }

    /// The name as the server stores it: in lower case if it has no quotes. `None` if it is no name, or has Unicode
    /// escapes, which a later `UESCAPE` may change.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        match self.kind {
            TokenKind::Word => Some(self.text.to_ascii_lowercase()),
            TokenKind::QuotedName if self.ended => {
                let inside = self.inside()?;
                let escaped = !self.text.starts_with('"') && inside.contains('\\');
                (!escaped).then(|| inside.replace("\"\"", "\""))
            }
            _ => None,
        }
    }

    /// The text between the quotes of a string or a name, as it is written.
    #[must_use]
    pub fn inside(&self) -> Option<&'a str> {
        Some(&self.text[self.inside_place()?])
    }

    /// The range of that text in the token.
    #[must_use]
    pub fn inside_place(&self) -> Option<Range<usize>> {
        let quote = match self.kind {
            TokenKind::String | TokenKind::EscapeString => "'",
            TokenKind::QuotedName => "\"",
            TokenKind::DollarString => dollar_tag(self.text)?,
            _ => return None,
        };
        let start = self.text.find(quote)? + quote.len();
        let end = self.text.len() - if self.ended { quote.len() } else { 0 };
        Some(start..end)
    }
}

/// The token that `rest` begins with, as its first byte tells.
fn measure(rest: &str, first: u8) -> Measure {
    let bytes = rest.as_bytes();
    let run = |is: fn(u8) -> bool| bytes.iter().take_while(|&&byte| is(byte)).count();
    match first {
        _ if is_blank(first) => (TokenKind::Blank, run(is_blank), true),
        b'-' if rest.starts_with("--") => {
            let end = line_comment(rest);
            (TokenKind::LineComment, end, end < rest.len())
        }
        b'/' if rest.starts_with("/*") => block_comment(rest),
        b'\'' => string(rest, 0, TokenKind::String),
        b'"' => quoted_name(rest, 0),
        b'$' => dollar(rest),
        b'0'..=b'9' => (TokenKind::Number, number(bytes), true),
        b'.' if bytes.get(1).is_some_and(u8::is_ascii_digit) => {
            (TokenKind::Number, number(bytes), true)
        }
        _ if begins_word(first) => {
            prefixed(rest).unwrap_or_else(|| (TokenKind::Word, run(is_in_word), true))
        }
        _ if is_operator(first) => (TokenKind::Operator, operator(rest), true),
        _ => (TokenKind::Symbol, 1, true),
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn begins_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_in_word(byte: u8) -> bool {
    begins_word(byte) || byte.is_ascii_digit() || byte == b'$'
}

fn is_operator(byte: u8) -> bool {
    b"~!@#^&|`?+-*/%<>=".contains(&byte)
}

/// A string or a name with letters before its quote.
fn prefixed(rest: &str) -> Option<Measure> {
    let bytes = rest.as_bytes();
    match (bytes[0].to_ascii_lowercase(), bytes.get(1)?, bytes.get(2)) {
        (b'e', b'\'', _) => Some(string(rest, 1, TokenKind::EscapeString)),
        (b'b' | b'x' | b'n', b'\'', _) => Some(string(rest, 1, TokenKind::String)),
        (b'u', b'&', Some(b'\'')) => Some(string(rest, 2, TokenKind::String)),
        (b'u', b'&', Some(b'"')) => Some(quoted_name(rest, 2)),
        _ => None,
    }
}

/// The length of the comment that `rest` begins with: up to the end of its line.
fn line_comment(rest: &str) -> usize {
    rest.find(['\n', '\r']).unwrap_or(rest.len())
}

fn block_comment(rest: &str) -> Measure {
    let bytes = rest.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while at < bytes.len() {
        match &bytes[at..bytes.len().min(at + 2)] {
            b"/*" => (at, depth) = (at + 2, depth + 1),
            b"*/" if depth == 1 => return (TokenKind::BlockComment, at + 2, true),
            b"*/" => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    (TokenKind::BlockComment, rest.len(), false)
}

/// A string whose first quote is at `open`. A doubled quote stands for itself. A quote on a following line continues the
/// string.
fn string(rest: &str, open: usize, kind: TokenKind) -> Measure {
    let bytes = rest.as_bytes();
    let mut at = open + 1;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' if kind == TokenKind::EscapeString => at += 1,
            b'\'' if bytes.get(at) == Some(&b'\'') => at += 1,
            b'\'' => match continued(&rest[at..]) {
                Some(quote) => at += quote + 1,
                None => return (kind, at, true),
            },
            _ => {}
        }
    }
    (kind, rest.len(), false)
}

/// The place of the quote that continues a string after its last one. A line break must be in between, and comments may
/// be.
fn continued(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let (mut at, mut broken) = (0, false);
    loop {
        match *bytes.get(at)? {
            b'\'' => return broken.then_some(at),
            b'-' if rest[at..].starts_with("--") => at += line_comment(&rest[at..]),
            byte if is_blank(byte) => {
                broken |= matches!(byte, b'\n' | b'\r');
                at += 1;
            }
            _ => return None,
        }
    }
}

fn quoted_name(rest: &str, open: usize) -> Measure {
    let bytes = rest.as_bytes();
    let mut at = open + 1;
    while let Some(quote) = rest[at..].find('"') {
        at += quote + 1;
        if bytes.get(at) != Some(&b'"') {
            return (TokenKind::QuotedName, at, true);
        }
        at += 1;
    }
    (TokenKind::QuotedName, rest.len(), false)
}

fn dollar(rest: &str) -> Measure {
    let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 {
        return (TokenKind::Parameter, 1 + digits, true);
    }
    let Some(tag) = dollar_tag(rest) else {
        return (TokenKind::Symbol, 1, true);
    };
    match rest[tag.len()..].find(tag) {
        Some(inside) => (TokenKind::DollarString, inside + 2 * tag.len(), true),
        None => (TokenKind::DollarString, rest.len(), false),
    }
}

/// The delimiter of a dollar-quoted string: `$$`, `$tag$`.
fn dollar_tag(text: &str) -> Option<&str> {
    let name = text.strip_prefix('$')?;
    let end = name
        .bytes()
        .position(|byte| byte == b'$' || !is_in_word(byte))?;
    let is_tag = name.as_bytes()[end] == b'$' && !name.as_bytes()[0].is_ascii_digit();
    is_tag.then(|| &text[..end + 2])
}

/// The length of a number, including what PostgreSQL calls "trailing junk".
fn number(bytes: &[u8]) -> usize {
    let based = bytes
        .get(1)
        .is_some_and(|base| bytes[0] == b'0' && b"xXoObB".contains(base));
    let (mut at, mut pointed) = (0, false);
    while let Some(&byte) = bytes.get(at) {
        let next = bytes.get(at + 1);
        match byte {
            b'.' if !pointed => pointed = true,
            b'+' | b'-' if !based && at > 0 && bytes[at - 1].eq_ignore_ascii_case(&b'e') => {
                if !next.is_some_and(u8::is_ascii_digit) {
                    break;
                }
            }
            _ if byte.is_ascii_alphanumeric() || byte == b'_' => {}
            _ => break,
        }
        at += 1;
    }
    at
}

/// The length of an operator, which ends where a comment begins.
fn operator(rest: &str) -> usize {
    let end = rest.bytes().take_while(|&byte| is_operator(byte)).count();
    let comment = ["--", "/*"].map(|mark| rest[..end].find(mark).unwrap_or(end));
    comment[0].min(comment[1])
}

#[cfg(test)]
mod tests;
