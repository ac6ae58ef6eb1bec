//! Walking through SQL byte by byte, for the one question where a statement ends.

use super::ScriptError;

/// A place in a file. Every byte that decides something is ASCII, so bytes will do.
pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

/// What a statement has opened so far.
#[derive(Default)]
struct Open {
    parentheses: usize,
    /// `BEGIN ATOMIC` and `CASE` that wait for their `END` (the body of an SQL function).
    blocks: usize,
    /// The words so far, as far as `CREATE [OR REPLACE] FUNCTION` and `BEGIN ATOMIC` need them.
    words: Vec<String>,
}

impl Open {
    fn nothing(&self) -> bool {
        self.parentheses == 0 && self.blocks == 0
    }

    fn word(&mut self, word: &str) {
        let word = word.to_ascii_uppercase();
        let routine = self.words.first().is_some_and(|first| first == "CREATE")
            && self
                .words
                .iter()
                .take(4)
                .any(|word| word == "FUNCTION" || word == "PROCEDURE");
        if routine {
            let begun = word == "ATOMIC" && self.words.last().is_some_and(|last| last == "BEGIN");
            if begun || (self.blocks > 0 && word == "CASE") {
                self.blocks += 1;
            } else if word == "END" {
                self.blocks = self.blocks.saturating_sub(1);
            }
        }
        if self.words.len() > 4 {
            self.words.pop();
        }
        self.words.push(word);
    }
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self { text, at, line: 1 }
    }

    /// The next statement and its first line; `None` at the end of the file.
    pub(super) fn statement(&mut self) -> Result<Option<(&'a str, usize)>, ScriptError> {
        let mut open = Open::default();
        let mut start = None;
        while let Some(byte) = self.peek(0) {
            if byte.is_ascii_whitespace() {
                self.step(1);
                continue;
            }
            if self.comment()? {
                continue;
            }
            if byte == b'\\' {
                self.meta_command()?;
                continue;
            }
            if byte == b';' && open.nothing() {
                let end = self.at;
                self.step(1);
                if let Some((start, line)) = start {
                    return Ok(Some((&self.text[start..end], line)));
                }
                continue;
            }
            start.get_or_insert((self.at, self.line));
            self.token(byte, &mut open)?;
        }
        Ok(start.map(|(start, line)| (self.text[start..].trim_end(), line)))
    }

    /// The lines up to `\.` or the end of the file, and the first one's number.
    pub(super) fn data(&mut self) -> (&'a str, usize) {
        self.rest_of_line();
        let (start, line) = (self.at, self.line);
        while self.at < self.text.len() {
            let end = self.at;
            if self.rest_of_line().trim_end_matches(['\r', '\n']) == "\\." {
                return (&self.text[start..end], line);
            }
        }
        (&self.text[start..], line)
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn step(&mut self, bytes: usize) {
        let end = (self.at + bytes).min(self.text.len());
        for byte in &self.text.as_bytes()[self.at..end] {
            self.line += usize::from(*byte == b'\n');
        }
        self.at = end;
    }

    fn rest_of_line(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let line = &rest[..rest.find('\n').map_or(rest.len(), |end| end + 1)];
        self.step(line.len());
        line
    }

    fn comment(&mut self) -> Result<bool, ScriptError> {
        match (self.peek(0), self.peek(1)) {
            (Some(b'-'), Some(b'-')) => {
                self.rest_of_line();
                Ok(true)
            }
            (Some(b'/'), Some(b'*')) => {
                let line = self.line;
                let mut depth = 0_usize;
                loop {
                    match (self.peek(0), self.peek(1)) {
                        (Some(b'/'), Some(b'*')) => {
                            depth += 1;
                            self.step(2);
                        }
                        (Some(b'*'), Some(b'/')) => {
                            depth -= 1;
                            self.step(2);
                            if depth == 0 {
                                return Ok(true);
                            }
                        }
                        (Some(_), _) => self.step(1),
                        (None, _) => {
                            let what = "a comment";
                            return Err(ScriptError::Endless { what, line });
                        }
                    }
                }
            }
            _ => Ok(false),
        }
    }

    /// `pg_dump` guards its output with `\restrict` and `\unrestrict`, which mean something to `psql` alone.
    fn meta_command(&mut self) -> Result<(), ScriptError> {
        let line = self.line;
        let command = self.rest_of_line();
        let command = command.split_whitespace().next().unwrap_or(command);
        if command == "\\restrict" || command == "\\unrestrict" {
            return Ok(());
        }
        let command = command.to_owned();
        Err(ScriptError::MetaCommand { command, line })
    }

    fn token(&mut self, byte: u8, open: &mut Open) -> Result<(), ScriptError> {
        match byte {
            b'\'' => return self.quoted(b'\'', false, "a string"),
            b'"' => return self.quoted(b'"', false, "a quoted name"),
            b'$' => return self.dollar(),
            b'(' => open.parentheses += 1,
            b')' => open.parentheses = open.parentheses.saturating_sub(1),
            _ if is_word(byte) => {
                if byte.eq_ignore_ascii_case(&b'E') && self.peek(1) == Some(b'\'') {
                    self.step(1);
                    return self.quoted(b'\'', true, "a string");
                }
                let start = self.at;
                while self
                    .peek(0)
                    .is_some_and(|byte| is_word(byte) || byte == b'$')
                {
                    self.at += 1;
                }
                open.word(&self.text[start..self.at]);
                return Ok(());
            }
            _ => {}
        }
        self.step(1);
        Ok(())
    }

    fn quoted(&mut self, quote: u8, escapes: bool, what: &'static str) -> Result<(), ScriptError> {
        let line = self.line;
        self.step(1);
        while let Some(byte) = self.peek(0) {
            if escapes && byte == b'\\' {
                self.step(2);
                continue;
            }
            self.step(1);
            if byte == quote {
                // A doubled quote stands for itself.
                if self.peek(0) != Some(quote) {
                    return Ok(());
                }
                self.step(1);
            }
        }
        Err(ScriptError::Endless { what, line })
    }

    fn dollar(&mut self) -> Result<(), ScriptError> {
        let rest = &self.text[self.at..];
        let tag = rest[1..]
            .find('$')
            .map(|end| &rest[..end + 2])
            .filter(|tag| {
                let name = &tag[1..tag.len() - 1];
                name.bytes().all(is_word) && !name.starts_with(|c: char| c.is_ascii_digit())
            });
        let Some(tag) = tag else {
            self.step(1);
            return Ok(());
        };
        let line = self.line;
        let Some(end) = rest[tag.len()..].find(tag) else {
            let what = "a dollar-quoted string";
            return Err(ScriptError::Endless { what, line });
        };
        self.step(end + 2 * tag.len());
        Ok(())
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}
