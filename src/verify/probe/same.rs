//! The condition that a column has a value that was read as text. Pure.

use std::fmt::Write as _;

use crate::sql::quote::{identifier, literal};

/// The condition that a column has a value, as the type's output function writes it. A cast of `boolean` or `char` to
/// text differs from that. Zeros at the end of a `numeric` and blanks at the end of a `char` depend on the column.
pub(super) fn same(column: &str, value: Option<&str>) -> String {
    let column = identifier(column);
    let Some(value) = value else {
        return format!("{column} IS NULL");
    };
    let (text, wanted) = (format!("pg_catalog.format('%s', {column})"), literal(value));
    if value.is_empty() {
        return format!("{column} IS NOT NULL AND {text} = ''");
    }
    let trimmed = |text: &str| format!("pg_catalog.rtrim({text}, ' ')");
    let blanked = format!("{} = {}", trimmed(&text), trimmed(&wanted));
    let mut forms = format!("WHEN 'pg_catalog.bpchar'::pg_catalog.regtype THEN {blanked}");
    if is_number(value) {
        let number = format!("{text}::pg_catalog.numeric = {value}::pg_catalog.numeric");
        _ = write!(
            forms,
            " WHEN 'pg_catalog.numeric'::pg_catalog.regtype THEN {number}"
        );
    }
    format!("CASE pg_catalog.pg_typeof({column}) {forms} ELSE {text} = {wanted} END")
}

/// Whether it is written as `numeric` writes a number.
fn is_number(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(whole) && is_digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_and_blanks_at_the_end_are_no_other_value() {
        let number = same("a", Some("-1.50"));
        assert!(
            number.contains(r#"THEN pg_catalog.format('%s', "a")::pg_catalog.numeric = -1.50::pg_catalog.numeric"#),
            "{number}"
        );
        assert!(
            number.ends_with(r#"ELSE pg_catalog.format('%s', "a") = '-1.50' END"#),
            "{number}"
        );
        assert!(!same("a", Some("x")).contains("numeric"));
        assert!(same("a", Some("x")).contains("rtrim"));
        for text in ["", "-", "1.", ".5", "1e3", "NaN", "1 2", "+1"] {
            assert!(!is_number(text), "{text}");
        }
    }

    #[test]
    fn an_empty_text_is_not_null() {
        assert_eq!(
            same("a", Some("")),
            r#""a" IS NOT NULL AND pg_catalog.format('%s', "a") = ''"#
        );
        assert_eq!(same("a", None), r#""a" IS NULL"#);
    }
}
