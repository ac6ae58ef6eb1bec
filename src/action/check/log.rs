//! `log`: words in a server's log.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::words::one_line;
use crate::action::{Beside, Declare, Depends, Flaw, Known, Step, Text};
use crate::name::{NodeName, StepName};
use crate::text::suggest::did_you_mean_or_list;

/// A server's log has a line with these words: a text, or `{ has, since }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Words that one line must contain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has: Option<String>,
    /// Words that no line may contain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks: Option<String>,
    /// The name of a step: only lines since the start of that step count. Default: the first step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<StepName>,
}

impl Declare for Log {
    const EXAMPLE: &'static str = "\
- log: { has: canceling statement, since: insert }
  on: primary
- log: { lacks: PANIC }
  on: primary
";
    const SHORT: Option<&'static str> = Some("has");

    fn describe(&self) -> String {
        let has = self.has.iter().map(|words| ("contains", words));
        let lacks = self.lacks.iter().map(|words| ("does not contain", words));
        let parts = has.chain(lacks);
        let parts = parts.map(|(verb, words)| format!("{verb} `{}`", one_line(words)));
        format!("the log {}", parts.collect::<Vec<_>>().join(" and "))
    }

    fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        Vec::new()
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        let texts = self.has.iter_mut().chain(&mut self.lacks);
        texts.map(Text::plain).collect()
    }

    fn takes(&self, key: Beside) -> bool {
        key == Beside::On || (key == Beside::Capture && self.has.is_some())
    }

    fn flaws(&self, _: &Step, known: &Known<'_>) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if self.has.is_none() && self.lacks.is_none() {
            let flaw = Flaw::value("", "these words are missing");
            flaws.push(flaw.help("add `has: …`, or `lacks: …`"));
        } else if [&self.has, &self.lacks].contains(&&Some(String::new())) {
            flaws.push(Flaw::value("", "every line contains that"));
        }
        if let Some(since) = self.since.as_ref().filter(|it| !known.names.contains(it)) {
            let names: Vec<&str> = known.names.iter().map(|name| name.as_str()).collect();
            let message = format!("no step before this one is called `{since}`");
            let help = did_you_mean_or_list(since.as_str(), "named steps before it", &names);
            let flaw = Flaw::value("since", message).help(help);
            flaws.push(flaw.depends(Depends::OnSteps));
        }
        flaws
    }
}
