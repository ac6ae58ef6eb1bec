//! `synchronous_standby_names` in all its forms (manual: "Primary Server").
//!
//! Owns the grammar of that one setting. Never knows which standbys there are.

use std::fmt;
use std::str::FromStr;

/// How the standbys that answer are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncMethod {
    /// The first ones listed that are connected; the rest is `potential`.
    First,
    /// Whichever answer first: a quorum.
    Any,
}

/// One entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncName {
    /// `*`: every standby.
    Star,
    /// A standby's `application_name`, compared without case.
    Name(String),
}

impl SyncName {
    /// Whether a standby that calls itself `application_name` is meant.
    #[must_use]
    pub fn matches(&self, application_name: &str) -> bool {
        match self {
            Self::Star => true,
            Self::Name(name) => name.eq_ignore_ascii_case(application_name),
        }
    }
}

/// The value of `synchronous_standby_names`, when it is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncStandbyNames {
    /// How the standbys that answer are chosen.
    pub method: SyncMethod,
    /// How many standbys a commit waits for.
    pub count: u32,
    /// The standbys, in the order of their priority.
    pub names: Vec<SyncName>,
}

impl SyncStandbyNames {
    /// Whether a standby that calls itself `application_name` is on the list.
    #[must_use]
    pub fn lists(&self, application_name: &str) -> bool {
        self.names.iter().any(|name| name.matches(application_name))
    }
}

/// Why a text is none of the forms.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyncNamesError {
    /// The text is empty, which turns synchronous replication off and lists nobody.
    #[error("nobody is listed")]
    Empty,
    /// A character that belongs to no token.
    #[error("`{0}` is neither part of a name nor a sign of the list")]
    Stray(char),
    /// A double quote without its partner.
    #[error("a double quote is not closed")]
    OpenQuote,
    /// A token where another was wanted.
    #[error("{wanted} is wanted where {found} stands")]
    Unexpected {
        /// The expected token.
        wanted: &'static str,
        /// The token found.
        found: String,
    },
    /// `FIRST 0 (…)`, or a number too large.
    #[error("the number of standbys, `{0}`, is not between 1 and 2147483647")]
    Count(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(String),
    Number(String),
    Sign(char),
    End,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(text) | Self::Number(text) => write!(f, "`{text}`"),
            Self::Quoted(text) => write!(f, "`\"{text}\"`"),
            Self::Sign(sign) => write!(f, "`{sign}`"),
            Self::End => f.write_str("the end"),
        }
    }
}

fn tokens(given: &str) -> Result<Vec<Token>, SyncNamesError> {
    let mut tokens = Vec::new();
    let mut rest = given.chars().peekable();
    while let Some(next) = rest.next() {
        let token = match next {
            // The characters that PostgreSQL's scanner takes for space.
            ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c' => continue,
            '(' | ')' | ',' | '*' => Token::Sign(next),
            '"' => {
                let mut text = String::new();
                loop {
                    match rest.next() {
                        None => return Err(SyncNamesError::OpenQuote),
                        Some('"') if rest.next_if_eq(&'"').is_none() => break,
                        Some(c) => text.push(c),
                    }
                }
                Token::Quoted(text)
            }
            digit if digit.is_ascii_digit() => {
                let mut text = digit.to_string();
                while let Some(c) = rest.next_if(char::is_ascii_digit) {
                    text.push(c);
                }
                Token::Number(text)
            }
            letter if is_word_start(letter) => {
                let mut text = letter.to_string();
                while let Some(c) = rest.next_if(|c| is_word_part(*c)) {
                    text.push(c);
                }
                Token::Word(text)
            }
            stray => return Err(SyncNamesError::Stray(stray)),
        };
        tokens.push(token);
    }
    Ok(tokens)
}

fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn is_word_part(c: char) -> bool {
    is_word_start(c) || c.is_ascii_digit() || c == '$'
}

struct Parser(std::vec::IntoIter<Token>);

impl Parser {
    fn next(&mut self) -> Token {
        self.0.next().unwrap_or(Token::End)
    }

    fn peek(&self, ahead: usize) -> Option<&Token> {
        self.0.as_slice().get(ahead)
    }

    fn sign(&mut self, sign: char, wanted: &'static str) -> Result<(), SyncNamesError> {
        match self.next() {
            Token::Sign(found) if found == sign => Ok(()),
            found => Err(unexpected(wanted, &found)),
        }
    }

    fn list(&mut self) -> Result<Vec<SyncName>, SyncNamesError> {
        let mut names = Vec::new();
        loop {
            names.push(match self.next() {
                Token::Sign('*') => SyncName::Star,
                // PostgreSQL compares the text alone: a quoted star is a star as well.
                Token::Quoted(text) if text == "*" => SyncName::Star,
                Token::Word(text) if !is_keyword(&text) => SyncName::Name(text),
                Token::Quoted(text) | Token::Number(text) => SyncName::Name(text),
                found => return Err(unexpected("a standby's name", &found)),
            });
            if self.peek(0) != Some(&Token::Sign(',')) {
                return Ok(names);
            }
            self.next();
        }
    }
}

fn is_keyword(text: &str) -> bool {
    text.eq_ignore_ascii_case("any") || text.eq_ignore_ascii_case("first")
}

fn unexpected(wanted: &'static str, found: &Token) -> SyncNamesError {
    SyncNamesError::Unexpected {
        wanted,
        found: found.to_string(),
    }
}

impl FromStr for SyncStandbyNames {
    type Err = SyncNamesError;

    fn from_str(given: &str) -> Result<Self, SyncNamesError> {
        let mut parser = Parser(tokens(given)?.into_iter());
        let method = match parser.peek(0) {
            None => return Err(SyncNamesError::Empty),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("any") => Some(SyncMethod::Any),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("first") => {
                Some(SyncMethod::First)
            }
            Some(_) => None,
        };
        if method.is_some() {
            parser.next();
        }
        // A number alone is a name; a number before a bracket is a count.
        let counted = method.is_some() || parser.peek(1) == Some(&Token::Sign('('));
        let (count, names) = if counted {
            let count = match parser.next() {
                Token::Number(text) => match text.parse::<u32>() {
                    Ok(count) if (1..=0x7fff_ffff).contains(&count) => count,
                    _ => return Err(SyncNamesError::Count(text)),
                },
                found => return Err(unexpected("the number of standbys", &found)),
            };
            parser.sign('(', "`(`")?;
            let names = parser.list()?;
            parser.sign(')', "`,` or `)`")?;
            (count, names)
        } else {
            (1, parser.list()?)
        };
        match parser.next() {
            Token::End => Ok(Self {
                method: method.unwrap_or(SyncMethod::First),
                count,
                names,
            }),
            found => Err(unexpected("`,` or the end", &found)),
        }
    }
}

impl fmt::Display for SyncName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Star => f.write_str("*"),
            Self::Name(name) => {
                let bare = name.starts_with(is_word_start)
                    && name.chars().all(is_word_part)
                    && !is_keyword(name);
                if bare {
                    f.write_str(name)
                } else {
                    write!(f, "\"{}\"", name.replace('"', "\"\""))
                }
            }
        }
    }
}

/// The full form, with its keyword.
impl fmt::Display for SyncStandbyNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match self.method {
            SyncMethod::First => "FIRST",
            SyncMethod::Any => "ANY",
        };
        write!(f, "{method} {} (", self.count)?;
        for (index, name) in self.names.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name}")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(given: &str) -> String {
        let parsed: SyncStandbyNames = given.parse().expect("a list of standbys");
        let full = parsed.to_string();
        assert_eq!(full.parse(), Ok(parsed), "`{full}` must mean the same");
        full
    }

    #[test]
    fn every_form_of_the_manual_is_read() {
        assert_eq!(full("replica_node"), "FIRST 1 (replica_node)");
        assert_eq!(full("s1, s2 ,s3"), "FIRST 1 (s1, s2, s3)");
        assert_eq!(full("*"), "FIRST 1 (*)");
        assert_eq!(full("2 (s1, s2, s3)"), "FIRST 2 (s1, s2, s3)");
        assert_eq!(full("first 2(s1,s2)"), "FIRST 2 (s1, s2)");
        assert_eq!(full("Any 1 (*)"), "ANY 1 (*)");
    }

    #[test]
    fn quoted_names_and_numbers_are_names() {
        assert_eq!(
            full("\"a-b\", \"say \"\"hi\"\"\""),
            "FIRST 1 (\"a-b\", \"say \"\"hi\"\"\")"
        );
        assert_eq!(full("\"any\", s1"), "FIRST 1 (\"any\", s1)");
        assert_eq!(full("\"*\""), "FIRST 1 (*)");
        assert_eq!(full("1"), "FIRST 1 (\"1\")");
    }

    #[test]
    fn names_match_without_case() {
        let list: SyncStandbyNames = "Replica".parse().expect("a list");
        assert!(list.lists("rePLICA"));
        assert!(!list.lists("replica2"));
    }

    #[test]
    fn what_postgresql_refuses_is_refused_with_the_reason() {
        let said = |given: &str| {
            given
                .parse::<SyncStandbyNames>()
                .expect_err("refused")
                .to_string()
        };
        assert_eq!(said(" "), "nobody is listed");
        assert_eq!(
            said("a-b"),
            "`-` is neither part of a name nor a sign of the list"
        );
        assert_eq!(said("\"a"), "a double quote is not closed");
        assert_eq!(
            said("ANY (a)"),
            "the number of standbys is wanted where `(` stands"
        );
        assert_eq!(
            said("ANY 1 (a"),
            "`,` or `)` is wanted where the end stands"
        );
        assert_eq!(said("a b"), "`,` or the end is wanted where `b` stands");
        assert_eq!(
            said("a,"),
            "a standby's name is wanted where the end stands"
        );
        assert_eq!(
            said("a, first"),
            "a standby's name is wanted where `first` stands"
        );
        assert_eq!(
            said("FIRST 0 (a)"),
            "the number of standbys, `0`, is not between 1 and 2147483647"
        );
    }
}
