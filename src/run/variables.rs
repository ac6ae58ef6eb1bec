//! Values that steps captured, put in where later steps name them.

use serde_json::Value;

use super::Captured;
use crate::action::{Step, variables};
use crate::sql::quote::Quote;

/// The step with its variables filled in: in SQL as literals, or as a part of the literal or the identifier that they
/// stand in; elsewhere as they are.
pub(super) fn fill(step: &Step, values: &Captured) -> Step {
    if values.is_empty() || variables::used(step).is_empty() {
        return step.clone();
    }
    let mut json = serde_json::to_value(step).unwrap_or_default();
    // The steps within it happen later, with what is known then.
    let within = variables::take_steps(&mut json);
    put(&mut json, "", values);
    variables::put_steps_back(&mut json, within);
    // A value may not be what its place wants: then the step stays as it is written, and says so by failing.
    serde_json::from_value(json).unwrap_or_else(|_| step.clone())
}

fn put(json: &mut Value, key: &str, values: &Captured) {
    match json {
        Value::String(text) => {
            let mut filled = String::with_capacity(text.len());
            let mut from = 0;
            for (at, rest) in variables::places(text) {
                let named = rest.split_once('}').map(|(name, _)| name);
                let Some((name, value)) = named.and_then(|name| values.get_key_value(name)) else {
                    continue;
                };
                let written = if variables::is_sql(key) {
                    Quote::after(&text[..at]).write(value)
                } else {
                    Some(value.clone())
                };
                let Some(written) = written else {
                    continue;
                };
                filled.push_str(&text[from..at]);
                filled.push_str(&written);
                from = at + name.len() + "${}".len();
            }
            filled.push_str(&text[from..]);
            *text = filled;
        }
        Value::Array(items) => items.iter_mut().for_each(|item| put(item, key, values)),
        Value::Object(entries) => {
            for (key, value) in entries {
                put(value, key, values);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Action;

    fn step(text: &str) -> Step {
        let lab = format!(
            "name: a\nnodes: {{ primary: {{}} }}\nsteps:\n- {{ sql: SELECT 1, capture: v }}\n- {text}\n"
        );
        let source = crate::scenario::load::Source::new("a.yaml", lab.as_bytes(), None);
        let source = source.expect("text");
        let loaded =
            crate::scenario::load::load(&source, &crate::scenario::load::Overrides::default());
        loaded.expect("a scenario").scenario.steps.remove(1)
    }

    #[test]
    fn a_value_is_a_literal_in_sql_and_itself_elsewhere() {
        let values = Captured::from([("v".to_owned(), "it's".to_owned())]);
        let filled = fill(
            &step("{ sql: 'SELECT ${v}', expect: { value: '${v}' } }"),
            &values,
        );
        let wanted = step("{ sql: \"SELECT 'it''s'\", expect: { value: \"it's\" } }");
        assert_eq!(filled, wanted);
    }

    #[test]
    fn in_quotes_a_value_is_a_part_of_what_is_quoted() {
        let values = Captured::from([("v".to_owned(), "it's".to_owned())]);
        let filled = fill(
            &step("{ sql: \"SELECT 'so ${v}', ${v} AS \\\"a_${v}\\\" -- ${v}\" }"),
            &values,
        );
        let Action::Sql(text) = filled.action else {
            panic!("SQL");
        };
        assert_eq!(text, "SELECT 'so it''s', 'it''s' AS \"a_it's\" -- ${v}");
    }

    #[test]
    fn steps_within_a_step_are_filled_when_they_happen() {
        let values = Captured::from([("v".to_owned(), "2".to_owned())]);
        let written = step(
            "{ hold: { check: { timeline: { primary: '${v}' } }, during: [{ sql: 'SELECT ${v}', capture: v }] } }",
        );
        let Action::Hold(filled) = fill(&written, &values).action else {
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
        let values = Captured::from([("v".to_owned(), "${v}".to_owned())]);
        let filled = fill(&step("{ sql: 'SELECT ${v}, $${v}$$' }"), &values);
        let Action::Sql(text) = filled.action else {
            panic!("SQL");
        };
        assert_eq!(text, "SELECT '${v}', $${v}$$");
    }
}
