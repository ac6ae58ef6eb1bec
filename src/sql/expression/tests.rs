use proptest::prelude::*;

use super::*;
use crate::sql::odd::odd;

#[track_caller]
fn has(expression: &str, columns: &[&str]) {
    let found = columns_of(expression).unwrap_or_else(|| panic!("cannot be read: {expression}"));
    assert_eq!(found, columns, "{expression}");
}

#[test]
fn an_expression_s_columns_are_found() {
    has(
        "price > 10 AND (orders.total IS NULL OR lower(Name) = 'x')",
        &["price", "total", "name"],
    );
    has(
        "a::numeric(10, 2)[] = -b AND \"C\" <> 'd' COLLATE \"de_DE\"",
        &["a", "b", "C"],
    );
    has(
        "a NOT IN (1, b) AND c NOT BETWEEN SYMMETRIC 1 AND d",
        &["a", "b", "c", "d"],
    );
    has(
        "CASE a WHEN 1 THEN b ELSE c END IS DISTINCT FROM d",
        &["a", "b", "c", "d"],
    );
    has(
        "CAST(a AS double precision) >= ALL (ARRAY[b, 1])",
        &["a", "b"],
    );
    has(
        "extract(year FROM a) = 2030 AND substring(b FROM 1 FOR 2) = E'\\''",
        &["a", "b"],
    );
    has(
        "date '2030-01-01' <= day AND day < current_date",
        &["day", "day"],
    );
    has(
        "NOT active AND (place).city ILIKE '%a' ESCAPE '!'",
        &["active", "place"],
    );
    has(
        "tags[1:2] @> '{a}' AND at AT TIME ZONE 'UTC' > now() AND b ISNULL",
        &["tags", "at", "b"],
    );
    has("(a, b) = ROW(1, 2) -- it's\n", &["a", "b"]);
}

#[test]
fn what_is_no_expression_or_goes_beyond_is_not_guessed_at() {
    for text in [
        "",
        "price >",
        "> AND 1",
        "a b",
        "a = (b",
        "a)",
        "'a",
        "\"a",
        "a = 1;",
        "a IN b",
        "a NOT 1",
        "a IN (SELECT b FROM c)",
        "count(*) > 1",
        "CASE a END",
        "a IS JSON",
        "a = ,",
        "CAST(a)",
    ] {
        assert_eq!(columns_of(text), None, "{text}");
    }
    assert_eq!(columns_of(&"(".repeat(100_000)), None);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in odd()) {
        let _ = columns_of(&text);
    }
}
