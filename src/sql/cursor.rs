//! A position between the tokens, without blanks and comments, for readers of SQL's grammar.

use super::lexer::{Lexer, Token};

/// Looks one token ahead. The methods that "eat" advance if the next token is the expected one.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    lexer: Lexer<'a>,
    next: Option<Token<'a>>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut cursor = Self {
            lexer: Lexer::new(text),
            next: None,
        };
        cursor.take();
        cursor
    }

    /// The next token; `None` at the end of the text.
    pub(super) fn peek(&self) -> Option<Token<'a>> {
        self.next
    }

    pub(super) fn take(&mut self) -> Option<Token<'a>> {
        std::mem::replace(&mut self.next, self.lexer.find(Token::is_significant))
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.next.is_some_and(|token| token.is_word(word))
    }

    pub(super) fn is_symbol(&self, symbol: char) -> bool {
        self.next.is_some_and(|token| token.is_symbol(symbol))
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let eaten = self.is_word(word);
        if eaten {
            self.take();
        }
        eaten
    }

    /// Eats all of these words, or none of them.
    pub(super) fn eat_words(&mut self, words: &[&str]) -> bool {
        let mut ahead = self.clone();
        let eaten = words.iter().all(|word| ahead.eat_word(word));
        if eaten {
            *self = ahead;
        }
        eaten
    }

    pub(super) fn eat_symbol(&mut self, symbol: char) -> bool {
        let eaten = self.is_symbol(symbol);
        if eaten {
            self.take();
        }
        eaten
    }

    /// The next token as a name; `None` if it is no name, or one that cannot be told.
    pub(super) fn name(&mut self) -> Option<String> {
        let name = self.next?.name()?;
        self.take();
        Some(name)
    }

    /// The parts of a name, with dots between them.
    pub(super) fn qualified_name(&mut self) -> Option<Vec<String>> {
        let mut parts = vec![self.name()?];
        while self.eat_symbol('.') {
            parts.push(self.name()?);
        }
        Some(parts)
    }

    /// Skips parentheses or brackets and their content; `None` if there are none, or they do not close.
    pub(super) fn pass_enclosed(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            let token = self.next?;
            if token.is_symbol('(') || token.is_symbol('[') {
                depth += 1;
            } else if token.is_symbol(')') || token.is_symbol(']') {
                depth = depth.checked_sub(1)?;
            }
            if depth == 0 && !(token.is_symbol(')') || token.is_symbol(']')) {
                return None;
            }
            self.take();
            if depth == 0 {
                return Some(());
            }
        }
    }
}
