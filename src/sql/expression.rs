//! The columns that an expression uses.
//!
//! Owns the part of the grammar of expressions that row filters of publications use. Returns nothing if a text has
//! anything else.

use super::cursor::Cursor;
use super::lexer::{Token, TokenKind};

/// Words that stand for a value by themselves.
const VALUES: &str = "true false null current_catalog current_date current_role current_schema current_time current_timestamp \
    current_user localtime localtimestamp session_user user";

/// Words between two operands.
const BETWEEN_OPERANDS: &[&[&str]] = &[
    &["AND"],
    &["OR"],
    &["ESCAPE"],
    &["AT", "TIME", "ZONE"],
    &["IS", "DISTINCT", "FROM"],
    &["IS", "NOT", "DISTINCT", "FROM"],
];

/// Such words that may follow a `NOT`.
const BETWEEN_NEGATED: &[&[&str]] = &[
    &["LIKE"],
    &["ILIKE"],
    &["SIMILAR", "TO"],
    &["BETWEEN", "SYMMETRIC"],
    &["BETWEEN", "ASYMMETRIC"],
    &["BETWEEN"],
];

/// Other reserved words, which are never the name of a column or a function (manual: "SQL Key Words").
const RESERVED: &str = "all analyse analyze and any array as asc asymmetric both case cast check collate column constraint \
    create default deferrable desc distinct do else end except fetch for foreign from grant group having in \
    initially intersect into is isnull lateral leading like ilike limit not notnull offset on only or order \
    placing primary references returning select similar some symmetric system_user table then to trailing \
    union unique using variadic when where window with";

/// Words that a type's name may have after its first.
const OF_TYPES: &str = "precision varying with without time zone";

/// The columns that an expression uses; `None` if it cannot be read.
#[must_use]
pub fn columns_of(expression: &str) -> Option<Vec<String>> {
    let mut reader = ExpressionReader {
        cursor: Cursor::new(expression),
        columns: Vec::new(),
        depth: 0,
    };
    reader.expression()?;
    reader.cursor.peek().is_none().then_some(reader.columns)
}

/// Maximum depth of parentheses: a recursive reader needs a limit.
const DEPTH: usize = 100;

/// A reader that ignores the precedence of operators: the columns are the same.
struct ExpressionReader<'a> {
    cursor: Cursor<'a>,
    columns: Vec<String>,
    depth: usize,
}

fn is_one_of(token: &Token<'_>, words: &str) -> bool {
    words.split_whitespace().any(|word| token.is_word(word))
}

impl ExpressionReader<'_> {
    fn expression(&mut self) -> Option<()> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        loop {
            while self.cursor.eat_word("NOT") || self.eat_operator() {}
            self.operand()?;
            self.after_operand()?;
            if !self.binary()? {
                break;
            }
        }
        self.depth -= 1;
        Some(())
    }

    fn eat_operator(&mut self) -> bool {
        let eaten = self
            .cursor
            .peek()
            .is_some_and(|token| token.kind == TokenKind::Operator);
        if eaten {
            self.cursor.take();
        }
        eaten
    }

    /// Skips the operator between this operand and the next. True if there is a next operand.
    fn binary(&mut self) -> Option<bool> {
        loop {
            let between = self.eat_operator()
                || BETWEEN_OPERANDS
                    .iter()
                    .any(|words| self.cursor.eat_words(words));
            if between {
                return Some(true);
            }
            let negated = self.cursor.eat_word("NOT");
            if BETWEEN_NEGATED
                .iter()
                .any(|words| self.cursor.eat_words(words))
            {
                return Some(true);
            }
            if !self.cursor.eat_word("IN") {
                return (!negated).then_some(false);
            }
            self.list('(', ')')?;
            self.after_operand()?;
        }
    }

    fn operand(&mut self) -> Option<()> {
        let token = self.cursor.peek()?;
        let is_value = matches!(
            token.kind,
            TokenKind::String
                | TokenKind::EscapeString
                | TokenKind::DollarString
                | TokenKind::Number
                | TokenKind::Parameter
        );
        if is_value || is_one_of(&token, VALUES) {
            self.cursor.take();
            return token.ended.then_some(());
        }
        if token.is_symbol('(') {
            return self.list('(', ')');
        }
        if self.cursor.eat_word("ARRAY") {
            return self.list('[', ']');
        }
        if ["ANY", "ALL", "SOME"]
            .iter()
            .any(|word| self.cursor.eat_word(word))
        {
            return self.list('(', ')');
        }
        if self.cursor.eat_word("CASE") {
            return self.case();
        }
        if self.cursor.eat_word("CAST") {
            self.symbol('(')?;
            self.expression()?;
            self.word("AS")?;
            self.type_name()?;
            return self.symbol(')');
        }
        self.column_or_call(token)
    }

    fn column_or_call(&mut self, first: Token<'_>) -> Option<()> {
        if is_one_of(&first, RESERVED) {
            return None;
        }
        let name = self.cursor.qualified_name()?;
        let next = self.cursor.peek();
        if next.is_some_and(|next| next.is_symbol('(')) {
            if first.is_word("EXTRACT") {
                self.cursor.take();
                self.cursor.take();
                self.word("FROM")?;
                self.expression()?;
                return self.symbol(')');
            }
            return self.list('(', ')');
        }
        // `date '2030-01-01'`: a type, and a value of it.
        if next.is_some_and(|next| matches!(next.kind, TokenKind::String | TokenKind::EscapeString))
        {
            self.cursor.take();
            return Some(());
        }
        self.columns.extend(name.last().cloned());
        Some(())
    }

    /// Expressions between parentheses or brackets, or none.
    fn list(&mut self, open: char, close: char) -> Option<()> {
        self.symbol(open)?;
        if self.cursor.eat_symbol(close) {
            return Some(());
        }
        loop {
            self.expression()?;
            // `substring(a FROM 1 FOR 2)`, `overlay(a PLACING b FROM 1)`.
            let goes_on = self.cursor.eat_symbol(',')
                || ["FROM", "FOR", "PLACING"]
                    .iter()
                    .any(|word| self.cursor.eat_word(word));
            if !goes_on {
                return self.symbol(close);
            }
        }
    }

    fn case(&mut self) -> Option<()> {
        if !self.cursor.is_word("WHEN") {
            self.expression()?;
        }
        self.word("WHEN")?;
        loop {
            self.expression()?;
            self.word("THEN")?;
            self.expression()?;
            if !self.cursor.eat_word("WHEN") {
                break;
            }
        }
        if self.cursor.eat_word("ELSE") {
            self.expression()?;
        }
        self.word("END")
    }

    /// Skips the suffixes of an operand.
    fn after_operand(&mut self) -> Option<()> {
        loop {
            if self.eat_cast() {
                self.type_name()?;
            } else if self.cursor.is_symbol('[') {
                self.subscript()?;
            } else if self.cursor.eat_symbol('.') {
                self.cursor.name()?;
            } else if self.cursor.eat_word("COLLATE") {
                self.cursor.qualified_name()?;
            } else if !self.test() {
                return Some(());
            }
        }
    }

    /// `::`; a single colon belongs to a subscript.
    fn eat_cast(&mut self) -> bool {
        let mut ahead = self.cursor.clone();
        let eaten = ahead.eat_symbol(':') && ahead.eat_symbol(':');
        if eaten {
            self.cursor = ahead;
        }
        eaten
    }

    /// `IS NULL` and its like.
    fn test(&mut self) -> bool {
        let mut tests = ["NULL", "TRUE", "FALSE", "UNKNOWN"].iter();
        tests.any(|word| {
            self.cursor.eat_words(&["IS", word]) || self.cursor.eat_words(&["IS", "NOT", word])
        }) || self.cursor.eat_word("ISNULL")
            || self.cursor.eat_word("NOTNULL")
    }

    /// `[1]`, `[1:2]`, `[:]`.
    fn subscript(&mut self) -> Option<()> {
        self.symbol('[')?;
        while !self.cursor.eat_symbol(']') {
            if !self.cursor.eat_symbol(':') {
                self.expression()?;
            }
        }
        Some(())
    }

    fn type_name(&mut self) -> Option<()> {
        self.cursor.qualified_name()?;
        loop {
            let token = self.cursor.peek();
            if token.is_some_and(|token| is_one_of(&token, OF_TYPES)) {
                self.cursor.take();
            } else if token.is_some_and(|token| token.is_symbol('(') || token.is_symbol('[')) {
                self.cursor.pass_enclosed()?;
            } else {
                return Some(());
            }
        }
    }

    fn symbol(&mut self, symbol: char) -> Option<()> {
        self.cursor.eat_symbol(symbol).then_some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.cursor.eat_word(word).then_some(())
    }
}

#[cfg(test)]
mod tests;
