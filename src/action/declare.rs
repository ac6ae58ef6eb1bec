//! The declarations of an action or a check, beside its type. The doc comments of the type are its description.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Step, Text};
use crate::action::Feature;
use crate::name::{BackupName, NodeName, SessionName, StepName};

/// An action or a check of the step language.
///
/// The doc comments of the type and of its fields are the descriptions of the schema and of `docs/steps.md`. The
/// first three items have no default; the others are for those who need them.
pub trait Declare: Serialize + DeserializeOwned + JsonSchema {
    /// Steps that show it, as they stand in a scenario. They are on the page, and a test checks them.
    const EXAMPLE: &'static str;

    /// The key of its mapping whose value may stand in place of the mapping: `stop: a` for `stop: { node: a }`.
    const SHORT: Option<&'static str> = None;

    /// The key of its mapping that tells an action from a check that is written with the same word.
    const MARK: Option<&'static str> = None;

    /// Its effect or its condition, in one line without passwords.
    fn describe(&self) -> String;

    /// The nodes that it names, each with the key below its own at which it does.
    fn nodes(&self) -> Vec<(&'static str, &NodeName)>;

    /// Its texts that may name captured values: `${name}`.
    fn texts(&mut self) -> Vec<Text<'_>> {
        Vec::new()
    }

    /// Whether it has a use for a key beside it.
    fn takes(&self, _key: Beside) -> bool {
        false
    }

    /// The result that a step can expect of it.
    fn gives(&self) -> Gives {
        Gives::Nothing
    }

    /// The errors that `lab check` reports.
    fn flaws(&self, _step: &Step, _known: &Known<'_>) -> Vec<Flaw> {
        Vec::new()
    }

    /// The session that it ends, waits for, or looks at.
    fn session(&self) -> Option<&SessionName> {
        None
    }

    /// The base backup that it keeps.
    fn keeps(&self) -> Option<&BackupName> {
        None
    }

    /// The node that it may make a standby. `on` is the node that it happens on.
    fn makes_standby<'a>(&'a self, _on: Option<&'a NodeName>) -> Option<&'a NodeName> {
        None
    }

    /// The kernel features that it needs, if it changes the network.
    fn network(&self) -> Option<&'static [Feature]> {
        None
    }

    /// The steps within it: one list, or one for each round.
    fn inner(&self) -> Vec<&[Step]> {
        Vec::new()
    }

    /// The same, to be changed.
    fn inner_mut(&mut self) -> Vec<&mut Vec<Step>> {
        Vec::new()
    }
}

/// Keys of a step beside its action, of which not every action has a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// The node that it happens on.
    On,
    /// The database.
    Database,
    /// The role that connects.
    User,
    /// The session that it opens or goes on in.
    Session,
    /// The name for the value that it gives.
    Capture,
}

/// The kind of result of an action, for `expect` to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// Nothing but success, or an error in words.
    Nothing,
    /// The rows of a statement that may go on after its step.
    Statement,
    /// The rows of statements that have ended.
    Rows,
    /// The output of a program and its exit code.
    Output,
    /// It holds or not: it is itself what is expected.
    Verdict,
}

impl Gives {
    /// Whether it gives what a server answered: rows, or an error with an SQLSTATE.
    #[must_use]
    pub fn is_rows(self) -> bool {
        matches!(self, Self::Statement | Self::Rows)
    }
}

/// An action or a check in the list, with what its type declares.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The key that it is written with.
    pub key: &'static str,
    /// Steps that show it.
    pub example: &'static str,
    /// The key of its mapping whose value may be written alone.
    pub short: Option<&'static str>,
    /// The key of its mapping that tells it from a check of the same name.
    pub mark: Option<&'static str>,
    pub(super) schema: fn(&mut SchemaGenerator) -> Schema,
    pub(super) reference: fn(&mut SchemaGenerator) -> Schema,
}

impl Entry {
    pub(super) const fn of<T: Declare>(key: &'static str) -> Self {
        Self {
            key,
            example: T::EXAMPLE,
            short: T::SHORT,
            mark: T::MARK,
            schema: T::json_schema,
            reference: SchemaGenerator::subschema_for::<T>,
        }
    }
}

/// The facts known about a lab at a step.
#[derive(Debug, Clone, Default)]
pub struct Known<'a> {
    /// The nodes of the lab.
    pub nodes: BTreeMap<&'a NodeName, KnownNode>,
    /// Whether it has an archive.
    pub archive: bool,
    /// The names of the steps before.
    pub names: BTreeSet<&'a StepName>,
    /// The base backups that steps before keep.
    pub backups: BTreeSet<&'a BackupName>,
    /// The nodes that are standbys by the topology, or that a step before may have made one.
    pub standbys: BTreeSet<&'a NodeName>,
    /// The same of all steps.
    pub ever_standbys: BTreeSet<&'a NodeName>,
}

/// The facts known about a node before it runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct KnownNode {
    /// Its major version of PostgreSQL, if the scenario says it.
    pub major: Option<u32>,
    /// Whether it has a data disk of its own.
    pub has_disk: bool,
}

/// Something that is wrong with an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The key below the action's own; empty for the action itself.
    pub below: String,
    /// Whether the key is wrong, and not its value.
    pub at_key: bool,
    /// The message.
    pub message: String,
    /// The way to correct it.
    pub help: Option<String>,
    /// Whether it depends on every node and every step being understood.
    pub depends: Depends,
}

/// The parts of the file that a flaw depends on. It is not reported if one of them was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depends {
    /// On the step alone.
    No,
    /// On the other steps.
    OnSteps,
    /// On the other steps and on the nodes.
    OnStepsAndNodes,
}

impl Flaw {
    /// A value that is wrong.
    pub fn value(below: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            below: below.into(),
            at_key: false,
            message: message.into(),
            help: None,
            depends: Depends::No,
        }
    }

    /// A key that should not be there, or not so.
    pub fn key(below: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            at_key: true,
            ..Self::value(below, message)
        }
    }

    /// Adds the way to correct it.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }

    /// Says what it depends on.
    #[must_use]
    pub fn depends(self, depends: Depends) -> Self {
        Self { depends, ..self }
    }
}
