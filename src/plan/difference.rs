//! The parts in which two plans differ.
//!
//! Pure. Passwords do not count: a plan that was read back has none.

use serde_json::Value;

use super::Plan;

/// The parts of a plan that make no other lab: they are for readers and for later steps.
const AFTERWARDS: [&str; 5] = ["lab", "title", "steps", "teardown", "limit"];

/// The most parts that are named.
const SHOWN: usize = 5;

impl Plan {
    /// The parts in which another plan would make a different lab: `nodes.primary.settings`. Empty if it would not.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut own = self.hidden().plan;
        let mut others = other.hidden().plan;
        for plan in [&mut own, &mut others] {
            if let Some(plan) = plan.as_object_mut() {
                plan.retain(|key, _| !AFTERWARDS.contains(&key.as_str()));
            }
        }
        let mut found = Vec::new();
        differ(&own, &others, "", &mut found);
        found.sort();
        found.dedup();
        let more = found.len().saturating_sub(SHOWN);
        found.truncate(SHOWN);
        if more > 0 {
            found.push(format!("{more} more"));
        }
        found
    }

    /// Whether another plan differs in anything, its steps and texts included.
    #[must_use]
    pub fn differs_from(&self, other: &Self) -> bool {
        self.hidden().plan != other.hidden().plan
    }

    /// Whether another plan has other steps.
    #[must_use]
    pub fn has_other_steps(&self, other: &Self) -> bool {
        let (own, others) = (self.hidden().plan, other.hidden().plan);
        ["steps", "teardown", "limit"]
            .iter()
            .any(|key| own[key] != others[key])
    }
}

/// The name of an element of a list.
fn name(value: &Value) -> Option<&str> {
    value.get("name")?.as_str()
}

fn differ(one: &Value, other: &Value, at: &str, found: &mut Vec<String>) {
    let below = |key: &str| match at {
        "" => key.to_owned(),
        at => format!("{at}.{key}"),
    };
    match (one, other) {
        _ if one == other => {}
        (Value::Object(ones), Value::Object(others)) if at.matches('.').count() < 3 => {
            for key in ones.keys().chain(others.keys()) {
                let value = |of: &Value| of.get(key).cloned().unwrap_or_default();
                differ(&value(one), &value(other), &below(key), found);
            }
        }
        (Value::Array(ones), Value::Array(others))
            if ones.iter().chain(others).all(|value| name(value).is_some()) =>
        {
            for name in ones.iter().chain(others).filter_map(name) {
                let find =
                    |all: &[Value]| all.iter().find(|it| self::name(it) == Some(name)).cloned();
                match (find(ones), find(others)) {
                    (Some(one), Some(other)) => differ(&one, &other, &below(name), found),
                    _ => found.push(below(name)),
                }
            }
            // Datasets are loaded one after the other. No other order makes another lab.
            let order = |all: &[Value]| -> Vec<String> {
                all.iter().filter_map(name).map(str::to_owned).collect()
            };
            let (mut ones, mut others) = (order(ones), order(others));
            let is_data = at.rsplit('.').next() == Some("data");
            let is_other = is_data && ones != others;
            ones.sort();
            others.sort();
            if is_other && ones == others {
                found.push(format!("order of {at}"));
            }
        }
        _ => found.push(at.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::Plan;
    use crate::scenario::load::{Overrides, Source, load};

    fn plan(text: &str) -> Plan {
        let text = format!("name: a\n{text}");
        let source = Source::new("a.yaml", text.as_bytes(), None).expect("text");
        let loaded = load(&source, &Overrides::default()).expect("a scenario");
        Plan::resolve(&loaded.scenario, &loaded.sql, None)
    }

    #[test]
    fn the_parts_that_make_another_lab_are_named() {
        let first = plan("nodes: { p: {}, r: { standby_of: p } }\n");
        let differences = |text: &str| first.differences(&plan(text)).join(" ");
        assert_eq!(differences("nodes: { p: {}, r: { standby_of: p } }\n"), "");
        assert_eq!(
            differences("postgres: 15\nnodes: { p: {}, r: { standby_of: p } }\n"),
            "nodes.p.postgres.major nodes.r.postgres.major"
        );
        let other = differences("nodes: { p: {} }\n");
        assert!(other.contains("nodes.r"), "{other}");
        assert_eq!(differences("nodes: { r: { standby_of: p }, p: {} }\n"), "");
        let data = |names: &str| plan(&format!("nodes: {{ p: {{}} }}\ndata: [{names}]\n"));
        let other = data("shopping, jobs").differences(&data("jobs, shopping"));
        assert_eq!(other, ["order of nodes.p.data"]);
        let steps =
            "nodes: { p: {}, r: { standby_of: p } }\ntitle: T\nsteps: [{ sql: SELECT 1 }]\n";
        assert_eq!(differences(steps), "");
        assert!(first.has_other_steps(&plan(steps)));
    }
}
