//! The page that documents the step language: the schema's descriptions, key by key, each with an example.

use std::fmt::Write as _;

use serde_json::Value;

use crate::action::{Action, COMMON, Check, Entry};
use crate::scenario::schema;

const HEAD: &str = "\
<!-- Made by `lab schema --steps` from what src/action.rs and its folder declare. -->

# The step language

A scenario's `steps:` are what `lab run` walks through once the lab is up, one after the other; those of `teardown:` happen at the
end, whatever became of the others, unless the lab is kept. A step is a mapping with one [action](#actions) or one [check](#checks), and [beside
it](#beside-an-action) what is said, waited for and expected. `limit:` at the top of the scenario is how long all steps together
may take. Default: `10min`.

```yaml
steps:
  - say: Freeze the standby, and a commit waits.
    freeze: replica
  - sql: INSERT INTO employer (id, name, industry) VALUES (3, 'Patience', 'Waiting')
    session: writer
    expect: { waiting: SyncRep }
  - thaw: replica
  - finish: writer
    within: 10s
```

No step sleeps: each waits for what it is about, and when its time runs out it says what was last seen. `lab check` finds what is
wrong with steps before anything is made, and `lab run --help` says how they are run.

";

/// The page, in Markdown.
#[must_use]
pub fn page() -> String {
    let schema: Value = serde_json::from_str(&schema::schema()).unwrap_or_default();
    let page = Page {
        definitions: &schema["$defs"],
    };
    let mut text = HEAD.to_owned();
    let step = &page.definitions["Step"]["properties"];
    for (title, about, entries) in [
        ("Actions", "What happens.", Action::ALL),
        (
            "Checks",
            "What is looked at, again and again until it holds. `not` and `hold` take a check as well.",
            Check::ALL,
        ),
    ] {
        _ = writeln!(text, "## {title}\n\n{about}\n");
        for Entry { key, example, .. } in entries {
            // A key that is both an action and a check has the schemas of both.
            let schema = match (&step[*key], Action::KEYS.contains(key)) {
                (both, is_action) if is_action && Check::KEYS.contains(key) => {
                    &both["anyOf"][usize::from(title == "Checks")]
                }
                (own, _) => own,
            };
            page.key(&mut text, key, schema, example);
        }
    }
    text.push_str("## Beside an action\n\nThe keys that any step may have, if its action has a use for them.\n\n");
    for (key, example) in COMMON {
        page.key(&mut text, key, &step[*key], example);
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

struct Page<'a> {
    definitions: &'a Value,
}

impl<'a> Page<'a> {
    fn key(&self, text: &mut String, key: &str, schema: &'a Value, example: &str) {
        let about = one_line(&schema["description"]);
        _ = writeln!(
            text,
            "### `{key}`\n\n{about}\n\nTakes {}.\n",
            self.shape(schema)
        );
        for definition in self.mappings(schema) {
            _ = writeln!(text, "| key | takes | |\n|---|---|---|");
            let required = definition["required"].as_array();
            for (name, value) in definition["properties"].as_object().into_iter().flatten() {
                let is_required = required.is_some_and(|keys| keys.iter().any(|it| it == name));
                let must = if is_required { " (needed)" } else { "" };
                let about = one_line(&self.about(value)).replace('|', "\\|");
                let shape = self.shape(value).replace('|', "\\|");
                _ = writeln!(text, "| `{name}`{must} | {shape} | {about} |");
            }
            text.push('\n');
        }
        _ = writeln!(text, "```yaml\n{}\n```\n", example.trim_end());
    }

    fn resolve(&self, schema: &'a Value) -> (Option<&'a str>, &'a Value) {
        let name = schema["$ref"].as_str().and_then(|it| it.rsplit('/').next());
        match name {
            Some(name) => (Some(name), &self.definitions[name]),
            None => (None, schema),
        }
    }

    /// What is said of a value: where it is used, or else where it is defined.
    fn about(&self, schema: &'a Value) -> Value {
        match &schema["description"] {
            Value::Null => self.resolve(schema).1["description"].clone(),
            about => about.clone(),
        }
    }

    /// The mappings with keys of their own that may stand at a place.
    fn mappings(&self, schema: &'a Value) -> Vec<&'a Value> {
        let (name, of) = self.resolve(schema);
        if matches!(name, Some("Step" | "Check")) {
            return Vec::new();
        }
        let choices = of["anyOf"].as_array().into_iter().flatten();
        let items = Some(&of["items"]).filter(|items| items.is_object());
        let below = choices
            .chain(items)
            .flat_map(|schema| self.mappings(schema));
        let own = Some(of).filter(|of| of["properties"].is_object());
        own.into_iter().chain(below).collect()
    }

    /// What may stand at a place, in words.
    fn shape(&self, schema: &'a Value) -> String {
        let (name, of) = self.resolve(schema);
        match name {
            Some("Step") => return "a step".to_owned(),
            Some("Check") => return "a check, such as `{ streaming: replica }`".to_owned(),
            Some("Cell") => return "a value: text, a number, a boolean or `null`".to_owned(),
            Some("Span") => return "a duration: `10s`, `250ms`, `2min`".to_owned(),
            Some("Timeline") => return "`latest`, `current` or a number".to_owned(),
            Some("Percent") => return "a number, above 0 and at most 100".to_owned(),
            Some("Amount") => return "a size or a time: `16MB`, `5s`".to_owned(),
            Some("Address") => return "a node, `gateway` or a network".to_owned(),
            Some(name) if name.ends_with("Name") => return named(name),
            Some("SqlState") => return "an SQLSTATE, in quotes: `\"25006\"`".to_owned(),
            _ => {}
        }
        let choices = |list: &str| of[list].as_array().into_iter().flatten();
        let alternatives: Vec<String> = choices("oneOf")
            .flat_map(|choice| {
                let word = choice["const"].as_str().map(|word| format!("`{word}`"));
                let keys = choice["properties"].as_object().into_iter().flatten();
                word.into_iter()
                    .chain(keys.map(|(key, _)| format!("`{{ {key}: … }}`")))
            })
            .collect();
        if !alternatives.is_empty() {
            return alternatives.join(" or ");
        }
        let shapes: Vec<String> = choices("anyOf").map(|choice| self.shape(choice)).collect();
        if !shapes.is_empty() {
            return shapes.join(", or ");
        }
        if of["propertyNames"].is_object() {
            let key = match self.resolve(&of["propertyNames"]).0 {
                Some(name) => key_of(name),
                None => "kind".to_owned(),
            };
            let value = self.shape(&of["additionalProperties"]);
            return format!("a mapping: by {key}, {value}");
        }
        if let Some((pattern, value)) = of["patternProperties"]
            .as_object()
            .and_then(|by| by.iter().next())
        {
            let key = self.by_pattern(pattern);
            return format!("a mapping: by {key}, {}", self.shape(value));
        }
        if let Some(properties) = of["properties"].as_object() {
            let keys: Vec<&str> = properties.keys().map(String::as_str).collect();
            return format!("`{{ {} }}`", keys.join(", "));
        }
        match of["type"].as_str() {
            Some("array") => match self.resolve(&of["items"]).0 {
                Some("Step") => "a list of steps".to_owned(),
                _ => format!("a list, each {}", self.shape(&of["items"])),
            },
            Some("integer" | "number") => "a number".to_owned(),
            Some("boolean") => "`true` or `false`".to_owned(),
            _ => "text".to_owned(),
        }
    }

    /// What the keys of a mapping are that are known by their pattern.
    fn by_pattern(&self, pattern: &str) -> String {
        let mut definitions = self.definitions.as_object().into_iter().flatten();
        let found = definitions.find(|(name, of)| {
            name.ends_with("Name") && of["pattern"] == pattern && *name != "StepName"
        });
        found.map_or_else(|| "name".to_owned(), |(name, _)| key_of(name))
    }
}

/// `NodeName` as what a mapping is by: "node".
fn key_of(name: &str) -> String {
    let named = named(name);
    let named = named.trim_start_matches("a ");
    named.replacen("'s name", "", 1)
}

/// `NodeName` as words: "a node's name".
fn named(name: &str) -> String {
    let what = name.trim_end_matches("Name").to_lowercase();
    format!("a {what}'s name").replace("a object", "an object")
}

fn one_line(text: &Value) -> String {
    let text = text.as_str().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checked_in_page_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/steps.md");
        let current = page();
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(path, &current).expect("the page can be written");
        }
        let checked_in = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            checked_in == current,
            "docs/steps.md is old: `UPDATE_SCHEMA=1 cargo test --lib checked_in` makes it anew"
        );
    }

    #[test]
    fn what_stands_at_a_place_is_told_by_its_type() {
        let page = page();
        for words in [
            "Takes a mapping: by node, a value",
            "Takes a mapping: by setting, a value",
            "Takes a mapping: by table, a number.",
            "Takes a mapping: by kind, a number.",
            "| `percent` (needed) | a number, above 0 and at most 100 |",
            "| `to` | `immediate` or `{ time: … }` or `{ name: … }` or `{ xid: … }` or `{ lsn: … }` or `{ before_xid: … }` |",
            "| `at_most` | a size or a time: `16MB`, `5s` |",
        ] {
            assert!(page.contains(words), "{words}");
        }
        assert!(!page.contains("by backup") && !page.contains("by database"));
    }
}
