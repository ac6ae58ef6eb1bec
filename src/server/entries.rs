//! A server's log as entries, however its lines begin: text with any `log_line_prefix`, CSV, or JSON. Pure.
//!
//! An entry is one message with its DETAIL, HINT, CONTEXT and STATEMENT (manual: "Error Reporting and Logging").

use std::time::SystemTime;

use serde_json::Value;

use crate::text::utc;

/// The form of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Lines of text, as `stderr` of `log_destination`.
    Text,
    /// `csvlog`.
    Csv,
    /// `jsonlog`.
    Json,
}

/// One message of a server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// The process that wrote it, if the log says so.
    pub process: Option<String>,
    /// When it was written, if the log says so in UTC, or Docker does.
    pub at: Option<SystemTime>,
    /// `ERROR`, `LOG`, …
    pub severity: String,
    /// The message.
    pub message: String,
    /// What belongs to it, each with its word: `DETAIL: …`.
    pub more: Vec<String>,
}

/// The severities, and the words of lines that belong to the message before them.
const SEVERITIES: [&str; 7] = [
    "ERROR", "LOG", "FATAL", "PANIC", "WARNING", "NOTICE", "INFO",
];
const MORE: [&str; 4] = ["DETAIL", "HINT", "CONTEXT", "STATEMENT"];

/// The prefix where no setting says another one.
pub const DEFAULT_PREFIX: &str = "%m [%p] ";

/// The entries of a log. `prefix` is `log_line_prefix`.
#[must_use]
pub fn entries(log: &str, form: Form, prefix: &str) -> Vec<Entry> {
    match form {
        Form::Text => of_text(log.lines(), prefix),
        Form::Csv => csv_records(log)
            .iter()
            .filter_map(|it| of_csv(it))
            .collect(),
        Form::Json => log.lines().filter_map(of_json).collect(),
    }
}

/// The entries of lines of text.
#[must_use]
pub fn of_text<'a>(lines: impl IntoIterator<Item = &'a str>, prefix: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in lines {
        let (stamp, line) = stamped(line);
        let Some((before, word, said)) = split(line) else {
            continue;
        };
        if MORE.contains(&word) {
            if let Some(entry) = entries.last_mut() {
                entry.more.push(format!("{word}: {said}"));
            }
            continue;
        }
        entries.push(Entry {
            process: process(before, prefix)
                .or_else(|| bracketed(before))
                .map(str::to_owned),
            at: stamp.or_else(|| time(before)),
            severity: word.to_owned(),
            message: without_state(said).to_owned(),
            more: Vec::new(),
        });
    }
    entries
}

/// A message without the SQLSTATE that `log_error_verbosity = verbose` puts before it: `42P01: relation …`.
fn without_state(said: &str) -> &str {
    let is_state = |word: &str| {
        let mut letters = word.bytes();
        word.len() == 5
            && word.contains(|letter: char| letter.is_ascii_digit())
            && letters.all(|letter| letter.is_ascii_digit() || letter.is_ascii_uppercase())
    };
    match said.split_once(": ") {
        Some((state, message)) if is_state(state) => message,
        _ => said,
    }
}

/// The time that Docker puts before a line, and the line.
fn stamped(line: &str) -> (Option<SystemTime>, &str) {
    let stamp = line.split_once(' ').and_then(|(stamp, rest)| {
        let is_stamp = stamp.contains('T') && stamp.ends_with('Z');
        Some((utc::parse(stamp).filter(|_| is_stamp)?, rest))
    });
    stamp.map_or((None, line), |(time, rest)| (Some(time), rest))
}

/// The time in the beginning of a line, if its zone is UTC.
fn time(before: &str) -> Option<SystemTime> {
    let mut zones = [" GMT", " UTC"].into_iter();
    let end = zones.find_map(|zone| before.find(zone))?;
    // With milliseconds (`%m`) and without (`%t`).
    let mut lengths = [23, 19].into_iter();
    lengths.find_map(|length| utc::parse(before.get(end.checked_sub(length)?..end)?))
}

/// The prefix, the word and the rest of `2026-11-23 05:04:08.855 GMT [33] ERROR:  …`.
fn split(line: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(found) = line[from..].find(":  ") {
        let at = from + found;
        let mut words = line[..at].rsplit(|letter: char| !letter.is_ascii_alphabetic());
        let word = words.next().unwrap_or_default();
        if SEVERITIES.contains(&word) || MORE.contains(&word) {
            return Some((&line[..at - word.len()], word, &line[at + 3..]));
        }
        from = at + 3;
    }
    None
}

/// The value of `%p` in the beginning of a line that a prefix made.
fn process<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let mut rest = text;
    let mut format = prefix;
    loop {
        let at = format.find('%')?;
        rest = rest.strip_prefix(&format[..at])?;
        let after = format[at + 1..]
            .trim_start_matches(|letter: char| letter == '-' || letter.is_ascii_digit());
        let escape = after.chars().next()?;
        format = &after[escape.len_utf8()..];
        match escape {
            '%' => rest = rest.strip_prefix('%')?,
            'q' => {}
            'p' => {
                let rest = rest.trim_start();
                let end = rest.find(|letter: char| !letter.is_ascii_digit());
                return Some(&rest[..end.unwrap_or(rest.len())]).filter(|found| !found.is_empty());
            }
            // The value ends where the literal text after it begins.
            _ => {
                let literal = format.split('%').next().unwrap_or_default();
                let literal = if literal.is_empty() { " " } else { literal };
                let end = value_end(rest, escape, literal)?;
                rest = &rest[end..];
            }
        }
    }
}

/// A number in brackets, for lines from before the prefix was changed.
fn bracketed(before: &str) -> Option<&str> {
    let (_, rest) = before.split_once('[')?;
    let (process, _) = rest.split_once(']')?;
    let is_number = !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(process)
}

/// The end of a value in front of a literal. The time of `%m` and `%t` has two spaces in it.
fn value_end(rest: &str, escape: char, literal: &str) -> Option<usize> {
    let skipped = if matches!(escape, 'm' | 't' | 's') {
        2
    } else {
        0
    };
    let mut at = 0;
    for _ in 0..skipped {
        at += rest[at..].find(' ')? + 1;
    }
    Some(at + rest[at..].find(literal)?)
}

/// The records of a CSV file, with quotes and with line feeds within quotes.
fn csv_records(log: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut letters = log.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            letter => field.push(letter),
        }
    }
    records
}

/// An entry of `csvlog` (manual: "Using CSV-Format Log Output").
fn of_csv(record: &[String]) -> Option<Entry> {
    let field = |at: usize| record.get(at).filter(|value| !value.is_empty());
    let more = [
        ("DETAIL", 14),
        ("HINT", 15),
        ("CONTEXT", 18),
        ("STATEMENT", 19),
    ];
    let more = more
        .into_iter()
        .filter_map(|(word, at)| Some(format!("{word}: {}", field(at)?)));
    Some(Entry {
        process: field(3).cloned(),
        at: field(0).and_then(|at| time(at)),
        severity: field(11)?.clone(),
        message: field(13).cloned().unwrap_or_default(),
        more: more.collect(),
    })
}

/// An entry of `jsonlog` (manual: "Using JSON-Format Log Output").
fn of_json(line: &str) -> Option<Entry> {
    let value: Value = serde_json::from_str(line).ok()?;
    let field = |key: &str| value.get(key).and_then(Value::as_str);
    let more = [
        ("DETAIL", "detail"),
        ("HINT", "hint"),
        ("CONTEXT", "context"),
        ("STATEMENT", "statement"),
    ];
    let more = more
        .into_iter()
        .filter_map(|(word, key)| Some(format!("{word}: {}", field(key)?)));
    Some(Entry {
        process: value.get("pid").map(ToString::to_string),
        at: field("timestamp").and_then(time),
        severity: field("error_severity")?.to_owned(),
        message: field("message").unwrap_or_default().to_owned(),
        more: more.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(prefix: &str, line: &str) -> Option<String> {
        of_text([line], prefix).into_iter().next()?.process
    }

    #[test]
    fn the_process_is_found_with_any_prefix_that_has_it() {
        let is = |process: &str| Some(process.to_owned());
        let error = "ERROR:  no";
        assert_eq!(
            of(
                DEFAULT_PREFIX,
                &format!("2026-11-23 05:04:08.855 GMT [33] {error}")
            ),
            is("33")
        );
        let prefix = "%t [%p]: user=%u,db=%d ";
        assert_eq!(
            of(
                prefix,
                &format!("2026-11-27 00:41:43 GMT [38]: user=,db= {error}")
            ),
            is("38")
        );
        assert_eq!(of("%p ", &format!("38 {error}")), is("38"));
        assert_eq!(
            of(
                "%m %q%u@%d/%a [%p] ",
                &format!("2026-11-27 00:41:43.1 GMT {error}")
            ),
            None
        );
        assert_eq!(
            of("%n:%6p:", &format!("1700000000.123:    38:{error}")),
            is("38")
        );
        assert_eq!(of("", error), None);
    }

    #[test]
    fn a_message_is_found_behind_any_prefix() {
        let lines = [
            "x@y/app ERROR:  duplicate key:  no",
            "x@y/app DETAIL:  Key (id)=(1)",
            "\tand more",
        ];
        let entries = of_text(lines, "%u@%d/%a ");
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].message, "duplicate key:  no");
        assert_eq!(entries[0].more, ["DETAIL: Key (id)=(1)"]);
    }

    #[test]
    fn a_verbose_log_has_the_same_messages() {
        let lines = [
            "[9] LOG:  00000: database system is ready to accept connections",
            "[9] LOCATION:  process_pm_child_exit, postmaster.c:2340",
            "[9] ERROR:  42P01: relation \"public.t\" does not exist",
            "[9] CONTEXT:  slot \"s\"",
            "[9] LOCATION:  parserOpenTable, parse_relation.c:1449",
            "[9] ERROR:  HELLO: a user's own words",
        ];
        let entries = of_text(lines, "[%p] ");
        let messages: Vec<&str> = entries.iter().map(|it| it.message.as_str()).collect();
        let wanted = [
            "database system is ready to accept connections",
            "relation \"public.t\" does not exist",
            "HELLO: a user's own words",
        ];
        assert_eq!(messages, wanted);
        assert_eq!(entries[1].more, ["CONTEXT: slot \"s\""]);
    }

    #[test]
    fn the_time_is_that_of_the_line_or_of_docker() {
        let at = |prefix: &str, line: &str| {
            let entry = of_text([line], prefix).into_iter().next()?;
            assert_eq!(entry.message, "no", "{line}");
            entry.at.map(utc::shown)
        };
        let is = Some("2026-11-27 00:41:43 UTC".to_owned());
        assert_eq!(
            at(
                DEFAULT_PREFIX,
                "2026-11-27 00:41:43.100 GMT [38] ERROR:  no"
            ),
            is
        );
        assert_eq!(at("%t %u ", "2026-11-27 00:41:43 UTC me ERROR:  no"), is);
        assert_eq!(
            at("%u ", "2026-11-27T00:41:43.123456789Z me ERROR:  no"),
            is
        );
        assert_eq!(at("%m ", "2026-11-27 01:41:43.100 CET ERROR:  no"), None);
        assert_eq!(at("", "ERROR:  no"), None);
    }

    #[test]
    fn csv_and_json_are_read() {
        let csv = "2026-11-27 00:41:43.100 GMT,,,38,,6a.26,2,,2026-11-27 00:41:43 GMT,3/5,0,ERROR,23505,\"duplicate \"\"k\"\"\n\
                   x\",\"Key (id)=(1)\",,,,,\"COPY court, line 1\",,,\"\",\"worker\",,0\n";
        let entries_of_csv = entries(csv, Form::Csv, "");
        assert_eq!(entries_of_csv[0].process.as_deref(), Some("38"));
        assert_eq!(entries_of_csv[0].message, "duplicate \"k\"\nx");
        assert_eq!(entries_of_csv[0].more[0], "DETAIL: Key (id)=(1)");
        let json = r#"{"timestamp":"x","pid":38,"error_severity":"ERROR","state_code":"23505","message":"dup","context":"COPY court"}"#;
        let entries_of_json = entries(json, Form::Json, "");
        assert_eq!(entries_of_json[0].process.as_deref(), Some("38"));
        assert_eq!(entries_of_json[0].more, ["CONTEXT: COPY court"]);
    }
}
