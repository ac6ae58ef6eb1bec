//! What `lab run` runs: every scenario is loaded and checked before the first one starts.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use replication_lab::action::Step;
use replication_lab::lab::LabError;
use replication_lab::name::LabName;
use replication_lab::plan::Plan;
use replication_lab::report::run::{About, RunReport};
use replication_lab::run::groups::{self, Severed};
use replication_lab::scenario::load::Loaded;

use crate::cli::arguments::Changes;
use crate::cli::failure::{self, Misuse};
use crate::cli::secrets;
use crate::cli::up::blamed;

/// A scenario to run.
pub(super) struct Job {
    /// Its name or path on the command line.
    pub(super) given: String,
    pub(super) loaded: Loaded,
    pub(super) plan: Plan,
}

/// Loads all scenarios. If several are invalid, shows their errors and returns nothing.
///
/// A scenario without steps runs the proof only, so it is an error when the proof is skipped too.
pub(super) fn all(
    labs: &[String],
    changes: &Changes,
    name: Option<&LabName>,
    proves: bool,
) -> Result<Option<Vec<Job>>> {
    if let (Some(name), [_, _, ..]) = (name, labs) {
        return Err(Misuse {
            message: format!("several labs cannot all have the name `{name}`"),
            hint: Some("omit `--name`: each lab then has the name of its scenario".to_owned()),
        }
        .into());
    }
    let mut targets = Vec::new();
    let mut wrong = Vec::new();
    for given in labs {
        match Job::load(given, changes, name, proves) {
            Ok(target) => targets.push(target),
            Err(error) => wrong.push(error),
        }
    }
    // A single error is shown like that of every other verb.
    if wrong.len() == 1 {
        return Err(wrong.remove(0));
    }
    for error in &wrong {
        failure::show(error);
    }
    if !wrong.is_empty() {
        return Ok(None);
    }
    twins(&targets)?;
    Ok(Some(targets))
}

/// Refuses two scenarios with the same lab name.
fn twins(targets: &[Job]) -> Result<()> {
    let mut names: BTreeMap<&LabName, &Job> = BTreeMap::new();
    for target in targets {
        let lab = &target.plan.lab;
        let Some(other) = names.insert(lab, target) else {
            continue;
        };
        let message = if other.given == target.given {
            format!("`{}` is given twice", target.given)
        } else {
            format!(
                "`{}` and `{}` both have the lab name `{lab}`",
                other.given, target.given
            )
        };
        let hint = "run them one after the other, or change `name:` in one of them".to_owned();
        return Err(Misuse {
            message,
            hint: Some(hint),
        }
        .into());
    }
    Ok(())
}

/// Checks that an existing lab was made from the scenario whose steps continue in it. The file may have changed since.
pub(super) fn same_scenario(there: &Plan, wanted: &Plan) -> Result<()> {
    if there.scenario == wanted.scenario {
        return Ok(());
    }
    let Plan { lab, scenario, .. } = there;
    Err(Misuse {
        message: format!(
            "the lab `{lab}` was made from `{scenario}`, not from `{}`",
            wanted.scenario
        ),
        hint: Some(format!(
            "`lab run {scenario} --name {lab} --from STEP` continues with its own steps"
        )),
    }
    .into())
}

impl Job {
    fn load(given: &str, changes: &Changes, name: Option<&LabName>, proves: bool) -> Result<Self> {
        let loaded = changes.load(given)?;
        let plan = Plan::resolve(&loaded.scenario, &loaded.sql, name);
        secrets::keep(&plan, &[&loaded.scenario.about]);
        if plan.steps.is_empty() && !proves {
            return Err(Misuse {
                message: format!("`{given}` has no steps"),
                hint: Some(
                    "omit `--no-verify`: the run then proves that the lab replicates".to_owned(),
                ),
            }
            .into());
        }
        Ok(Self {
            given: given.to_owned(),
            loaded,
            plan,
        })
    }

    /// Finds the line of a step in the file by its number.
    pub(super) fn line(&self) -> impl Fn(&str) -> Option<usize> {
        |number| Some(self.loaded.locate(&RunReport::path(number)?)?.line)
    }

    pub(super) fn about<'a>(&'a self, line: &'a dyn Fn(&str) -> Option<usize>) -> About<'a> {
        About {
            lab: &self.plan.lab,
            scenario: &self.given,
            file: &self.loaded.file,
            steps: &self.plan.steps,
            line,
        }
    }

    /// The report of a run that ended early.
    pub(super) fn broken(&self, error: &anyhow::Error, kept: bool, took: Duration) -> RunReport {
        let lab = error.downcast_ref::<LabError>();
        let during = match lab {
            Some(LabError::Leftover { .. }) => "down",
            _ => "up",
        };
        let mut trouble = failure::trouble(error, during);
        let blamed = lab.and_then(|error| blamed(&self.loaded, error));
        trouble.line = blamed.map(|(_, at)| at.line);
        // A lab that existed before does not belong to this run.
        let nothing_made = matches!(lab, Some(LabError::Taken { .. } | LabError::Interrupted));
        RunReport::broken(
            trouble,
            &self.about(&self.line()),
            kept && !nothing_made,
            took,
        )
    }

    /// The number of a step given by its number or name.
    pub(super) fn step(&self, given: &str) -> Result<usize> {
        let steps = &self.loaded.scenario.steps;
        let is_it = |step: &Step| {
            step.name
                .as_ref()
                .is_some_and(|name| name.as_str() == given)
        };
        let number = match given.parse::<usize>() {
            Ok(number) => Some(number).filter(|number| (1..=steps.len()).contains(number)),
            Err(_) => steps.iter().position(is_it).map(|index| index + 1),
        };
        if let Some(number) = number {
            return self.needs_no_session(given, number);
        }
        Err({
            let names: Vec<&str> = steps
                .iter()
                .filter_map(|step| step.name.as_ref().map(AsRef::as_ref))
                .collect();
            let names = match names.as_slice() {
                [] => "none has a name".to_owned(),
                names => format!("the named ones are {}", names.join(", ")),
            };
            Misuse {
                message: format!("there is no step `{given}`"),
                hint: Some(match steps.len() {
                    0 => "the scenario has no steps".to_owned(),
                    count => format!("there are {count} steps; {names}"),
                }),
            }
            .into()
        })
    }

    /// Refuses to start between two steps of one session: sessions of an earlier run no longer exist.
    fn needs_no_session(&self, given: &str, number: usize) -> Result<usize> {
        let steps = &self.plan.steps;
        let Some(severed) = groups::severed(steps, number - 1) else {
            return Ok(number);
        };
        let told = |at: usize| match steps.get(at).and_then(|step| step.name.as_ref()) {
            Some(name) => format!("{} (`{name}`)", at + 1),
            None => format!("{}", at + 1),
        };
        let Severed {
            session,
            opened,
            needed,
            instead,
        } = severed;
        let (opened, needed) = (told(opened), told(needed));
        let before = format!("start with `--from {}`", instead.start + 1);
        let hint = if instead.end < steps.len() {
            format!("{before} or `--from {}`", instead.end + 1)
        } else {
            before
        };
        Err(Misuse {
            message: format!(
                "`--from {given}`: step {needed} needs the session `{session}`, which step {opened} opens"
            ),
            hint: Some(hint),
        }
        .into())
    }
}
