use super::*;
use crate::action::Action;
use crate::scenario::load::{Overrides, Source, load};

fn step(text: &str) -> Step {
    let lab = format!(
        "name: a\nnodes: {{ primary: {{}} }}\nsteps:\n- {{ sql: SELECT 1, capture: v }}\n- {text}\n"
    );
    let source = Source::new("a.yaml", lab.as_bytes(), None).expect("text");
    let loaded = load(&source, &Overrides::default());
    loaded.expect("a scenario").scenario.steps.remove(1)
}

fn values(value: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("v".to_owned(), value.to_owned())])
}

fn sql(step: Step) -> String {
    let Action::Sql(sql) = step.action else {
        panic!("SQL");
    };
    sql.0
}

#[test]
fn a_value_is_a_literal_in_sql_and_itself_elsewhere() {
    let filled = step("{ sql: 'SELECT ${v}', expect: { value: '${v}' } }").filled(&values("it's"));
    let wanted = step("{ sql: \"SELECT 'it''s'\", expect: { value: \"it's\" } }");
    assert_eq!(filled, wanted);
}

#[test]
fn in_quotes_a_value_is_a_part_of_what_is_quoted() {
    let written = step("{ sql: \"SELECT 'so ${v}', ${v} AS \\\"a_${v}\\\" -- ${v}\" }");
    assert_eq!(
        sql(written.filled(&values("it's"))),
        "SELECT 'so it''s', 'it''s' AS \"a_it's\" -- ${v}"
    );
}

#[test]
fn steps_within_a_step_are_filled_when_they_happen() {
    let written = step(
        "{ hold: { check: { timeline: { primary: '${v}' } }, during: [{ sql: 'SELECT ${v}', capture: v }] } }",
    );
    let Action::Hold(filled) = written.filled(&values("2")).action else {
        panic!("a hold");
    };
    let Action::Hold(written) = written.action else {
        panic!("a hold");
    };
    assert_ne!(filled.check, written.check);
    assert_eq!(filled.during, written.during);
}

#[test]
fn what_is_put_in_is_not_looked_at_again_and_a_dollar_quote_stays() {
    let written = step("{ sql: 'SELECT ${v}, $${v}$$' }");
    assert_eq!(
        sql(written.filled(&values("${v}"))),
        "SELECT '${v}', $${v}$$"
    );
}

#[test]
fn outside_of_sql_a_second_dollar_keeps_the_name_as_it_is() {
    for (written, filled) in [
        ("echo $${v}", "echo ${v}"),
        ("${v} $${v} ${v}", "7 ${v} 7"),
        ("$HOME${v} $1${v} $$ $${", "$HOME7 $17 $$ ${"),
        ("kill $$; $${x:-${v}}", "kill $$; ${x:-7}"),
    ] {
        let exec = step(&format!("{{ exec: [sh, -c, '{written}'] }}")).filled(&values("7"));
        let wanted = format!("{filled:?}");
        assert!(
            format!("{:?}", exec.action).contains(&wanted),
            "{written}: {exec:?}"
        );
    }
}

#[test]
fn a_dollar_quote_begins_no_variable() {
    let found = |text: &str| {
        places_in_sql(text)
            .map(|(_, rest)| rest.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(found("SELECT ${a}, $1${b}"), ["a}, $1${b}", "b}"]);
    assert_eq!(found("DO $$BEGIN PERFORM ${a}; END$$"), ["a}; END$$"]);
    assert_eq!(found("SELECT $$x${a}$$"), ["a}$$"]);
    for text in ["SELECT $${1}$$", "SELECT $j${\"a\": 1}$j$", "$$ {", "$1"] {
        assert!(found(text).is_empty(), "{text}");
    }
}
