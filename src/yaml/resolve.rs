//! The type of a plain scalar: null, a boolean, a number or text.
//!
//! The YAML crate says what a number is. The words are those of YAML 1.2's core schema, so `on` and `yes` are text.

use serde_yaml::Number;

use super::tree::Value;

/// The value of a scalar without quotes.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Boolean(true),
        "false" | "False" | "FALSE" => Value::Boolean(false),
        _ => number(text).unwrap_or_else(|| Value::Text(text.to_owned())),
    }
}

fn number(text: &str) -> Option<Value> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
        return None;
    }
    let Ok(number) = text.parse::<Number>() else {
        return large(text);
    };
    Some(if !number.is_f64() {
        // `-0` is not `0`, as text.
        let own = is_decimal(text).then(|| text.to_owned());
        Value::Integer(own.unwrap_or_else(|| number.to_string()))
    } else if is_decimal(text) || is_exponential(text) {
        Value::Float(text.to_owned())
    } else {
        Value::Float(decimal(number.as_f64()?))
    })
}

/// A number as PostgreSQL writes it without an exponent.
fn decimal(number: f64) -> String {
    if number.is_finite() {
        return number.to_string();
    }
    let word = if number.is_nan() { "NaN" } else { "Infinity" };
    let sign = if number == f64::NEG_INFINITY { "-" } else { "" };
    format!("{sign}{word}")
}

/// An integer of more than 64 bits.
fn large(text: &str) -> Option<Value> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let text = text.strip_prefix('+').unwrap_or(text);
    (!digits.starts_with('0') && is_digits(digits)).then(|| Value::Integer(text.to_owned()))
}

/// Whether it is written as PostgreSQL writes a number: `-12.50`.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    match digits.split_once('.') {
        Some((whole, fraction)) => is_digits(whole) && is_digits(fraction),
        None => is_digits(digits),
    }
}

/// Whether it is written as PostgreSQL writes a large or small number: `1e+20`, `-2.5e-07`.
fn is_exponential(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return false;
    };
    let digits = exponent.strip_prefix(['+', '-']);
    is_decimal(mantissa) && digits.is_some_and(|digits| digits.len() >= 2 && is_digits(digits))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_as_postgresql_writes_it_keeps_its_spelling_and_others_become_such() {
        for (written, read) in [
            ("12.50", "12.50"),
            ("-0.10", "-0.10"),
            ("1e3", "1000"),
            (".5", "0.5"),
            ("+1.5", "1.5"),
            ("1e+20", "1e+20"),
            ("-2.50e-07", "-2.50e-07"),
            ("-0.0", "-0.0"),
            (".inf", "Infinity"),
            ("-.inf", "-Infinity"),
            (".nan", "NaN"),
        ] {
            assert_eq!(plain(written), Value::Float(read.to_owned()), "{written}");
        }
        for (written, read) in [
            ("0x1F", "31"),
            ("+7", "7"),
            ("-0", "-0"),
            ("-0o17", "-15"),
            ("18446744073709551616", "18446744073709551616"),
        ] {
            assert_eq!(plain(written), Value::Integer(read.to_owned()), "{written}");
        }
    }

    #[test]
    fn what_only_looks_like_a_number_or_a_word_is_text() {
        for text in [
            "007", "1_000", "0x", "1:30", "1.2.3", "+-1", "on", "yes", "-", "+", ".", "NaN", "e5",
        ] {
            assert_eq!(plain(text), Value::Text(text.to_owned()), "{text}");
        }
    }
}
