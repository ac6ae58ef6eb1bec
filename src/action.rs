//! Steps: what happens to a running lab, and what must be observed.
//!
//! Owns the language. An action has a file here and a check one in [`check`], named after its key, with all that is
//! declared of it; the file of the same name in [`crate::run`] carries it out. The list below names them. From the
//! list come the types [`Action`] and [`Check`], the keys that a scenario may have, the schema, the page
//! `docs/steps.md` and what finds an action's file when it is described, checked and carried out.

mod amount;
pub mod check;
mod declare;
mod expect;
mod feature;
pub mod link;
mod schema;
pub mod text;
pub mod upstream;
mod value;
mod words;

use serde::{Deserialize, Serialize};

use crate::name::{
    BackupName, DatabaseName, NodeName, Secret, SessionName, StepName, UserName, VariableName,
};

pub use amount::{Bandwidth, Percent};
pub use check::Check;
pub use declare::{Beside, Declare, Depends, Entry, Flaw, Gives, Known, KnownNode};
pub use expect::{Expect, ExpectedError};
pub use feature::Feature;
pub use schema::COMMON;
pub use text::Text;
pub use value::{Amount, Cell, OneOrMany, Span, StateOf};

/// The actions, in the order of the page, as arguments of the macro `$then`: a file and its type.
macro_rules! actions {
    ($then:ident) => {
        $then! {
            sql Sql,
            sql_file SqlFile,
            exec Exec,
            finish Finish,
            cancel Cancel,
            close Close,
            start Start,
            stop Stop,
            restart Restart,
            kill Kill,
            checkpoint Checkpoint,
            switch_wal SwitchWal,
            lag Lag,
            promote Promote,
            follow Follow,
            rewind Rewind,
            reclone Reclone,
            set Set,
            hba Hba,
            freeze Freeze,
            thaw Thaw,
            partition Partition,
            isolate Isolate,
            delay Delay,
            loss Loss,
            rate Rate,
            fill Fill,
            corrupt Corrupt,
            heal Heal,
            not Not,
            hold Hold,
            repeat Repeat,
            signal Signal,
            backup Backup,
            clone Clone,
            restore Restore,
            archive Archive,
            load Load,
            create_subscriber CreateSubscriber,
        }
    };
}
pub(crate) use actions;

/// The enum of some files' types, with what each of them declares. `+ Other` adds a variant that has no key of its own.
macro_rules! declared {
    (
        $(#[$about:meta])*
        $Enum:ident { $($file:ident $Type:ident,)* } $(+ $(#[$other_about:meta])* $Other:ident)?
    ) => {
        $(pub mod $file;)*

        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $Enum {
            $(#[doc = concat!("`", stringify!($file), "`")] $Type($file::$Type),)*
            $($(#[$other_about])* $Other($Other),)?
        }

        $(impl From<$file::$Type> for $Enum {
            fn from(it: $file::$Type) -> Self {
                Self::$Type(it)
            }
        })*

        impl $Enum {
            /// The declarations of the files, in the order of the list.
            pub const ALL: &'static [$crate::action::Entry] =
                &[$($crate::action::Entry::of::<$file::$Type>(stringify!($file)),)*];

            /// The keys, in the order of the list.
            pub const KEYS: &'static [&'static str] = &[$(stringify!($file),)*];

            /// Reads what is written below a key, which is one of the [`Self::KEYS`].
            pub(crate) fn read(key: &str, from: &mut impl $crate::action::Read) -> Option<Self> {
                match key {
                    $(stringify!($file) => from.read().map(Self::$Type),)*
                    _ => None,
                }
            }

            /// The key that it is written with.
            #[must_use]
            pub fn key(&self) -> &'static str {
                match self {
                    $(Self::$Type(_) => stringify!($file),)*
                    $(Self::$Other(it) => it.key(),)?
                }
            }

            /// Its effect or its condition, in one line without passwords.
            #[must_use]
            pub fn describe(&self) -> String {
                match self {
                    $(Self::$Type(it) => it.describe(),)*
                    $(Self::$Other(it) => it.describe(),)?
                }
            }

            /// The nodes that it names, each with the key below its own at which it does.
            #[must_use]
            pub fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
                match self {
                    $(Self::$Type(it) => it.nodes(),)*
                    $(Self::$Other(it) => it.nodes(),)?
                }
            }

            /// Its texts that may name captured values.
            pub fn texts(&mut self) -> Vec<Text<'_>> {
                match self {
                    $(Self::$Type(it) => it.texts(),)*
                    $(Self::$Other(it) => it.texts(),)?
                }
            }

            /// Whether it has a use for a key beside it.
            #[must_use]
            pub fn takes(&self, key: Beside) -> bool {
                match self {
                    $(Self::$Type(it) => it.takes(key),)*
                    $(Self::$Other(it) => it.takes(key),)?
                }
            }

            /// The errors that `lab check` reports.
            #[must_use]
            pub fn flaws(&self, step: &Step, known: &Known<'_>) -> Vec<Flaw> {
                match self {
                    $(Self::$Type(it) => it.flaws(step, known),)*
                    $(Self::$Other(it) => it.flaws(step, known),)?
                }
            }

            /// The session that it ends, waits for, or looks at.
            #[must_use]
            pub fn session(&self) -> Option<&SessionName> {
                match self {
                    $(Self::$Type(it) => it.session(),)*
                    $(Self::$Other(it) => it.session(),)?
                }
            }
        }
    };
}
use declared;

macro_rules! declare_actions {
    ($($file:ident $Type:ident,)*) => {
        declared! {
            /// The action of a step. A step has one of these keys, or the key of a check.
            Action { $($file $Type,)* }
            +
            /// A check.
            Check
        }

        impl Action {
            /// The result that a step can expect of it.
            #[must_use]
            pub fn gives(&self) -> Gives {
                match self {
                    $(Self::$Type(it) => it.gives(),)*
                    Self::Check(_) => Gives::Verdict,
                }
            }

            /// The base backup that it keeps.
            #[must_use]
            pub fn keeps(&self) -> Option<&BackupName> {
                match self {
                    $(Self::$Type(it) => it.keeps(),)*
                    Self::Check(_) => None,
                }
            }

            /// The node that it may make a standby. `on` is the node that it happens on.
            #[must_use]
            pub fn makes_standby<'a>(&'a self, on: Option<&'a NodeName>) -> Option<&'a NodeName> {
                match self {
                    $(Self::$Type(it) => it.makes_standby(on),)*
                    Self::Check(_) => None,
                }
            }

            /// The kernel features that it needs, if it changes the network.
            #[must_use]
            pub fn network(&self) -> Option<&'static [Feature]> {
                match self {
                    $(Self::$Type(it) => it.network(),)*
                    Self::Check(_) => None,
                }
            }

            /// The steps within it: one list, or one for each round.
            #[must_use]
            pub fn inner(&self) -> Vec<&[Step]> {
                match self {
                    $(Self::$Type(it) => it.inner(),)*
                    Self::Check(_) => Vec::new(),
                }
            }

            /// The same, to be changed.
            pub fn inner_mut(&mut self) -> Vec<&mut Vec<Step>> {
                match self {
                    $(Self::$Type(it) => it.inner_mut(),)*
                    Self::Check(_) => Vec::new(),
                }
            }
        }
    };
}
actions!(declare_actions);

/// Reads what a person wrote as the type of an action or a check.
pub(crate) trait Read {
    /// The value, or nothing if it is wrong, which has been said then.
    fn read<T: Declare>(&mut self) -> Option<T>;
}

impl Action {
    /// The check that it is or has, and where that stands: `streaming`, `not.streaming`, `hold.check.streaming`.
    fn check(&self) -> Option<(&'static str, &Check)> {
        match self {
            Self::Check(check) => Some(("", check)),
            Self::Not(not::Not(check)) => Some(("not.", check)),
            Self::Hold(hold) => Some(("hold.check.", &hold.check)),
            _ => None,
        }
    }

    /// Its place in the step: its key, or the key of its check.
    #[must_use]
    pub fn place(&self) -> String {
        let check = self.check();
        check.map_or_else(
            || self.key().to_owned(),
            |(before, check)| format!("{before}{}", check.key()),
        )
    }
}

/// One step: one action or check, and what is said, waited for and expected beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(transform = schema::refuse_others)]
pub struct Step {
    /// A short name for this step. `--from` and `since` point at it.
    pub name: Option<StepName>,
    /// A text for the reader, shown before the step runs.
    pub say: Option<String>,
    /// The node that it happens on. Default: the first primary.
    pub on: Option<NodeName>,
    /// The database. Default: the scenario's.
    pub database: Option<DatabaseName>,
    /// The role that `sql` connects as. Default: the superuser.
    pub user: Option<UserName>,
    /// The password of `user`, for servers that ask the host for one (`host_auth: password`). It is in no label and no report.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "crate::name::exposed"
    )]
    pub password: Option<Secret>,
    /// A named connection that stays open across steps. With `expect: { waiting: … }` or `{ running: true }`, the
    /// statement of `sql` keeps running in it during later steps, until `finish`.
    pub session: Option<SessionName>,
    /// The longest time until the expectation is met. A query with `expect` is repeated until then; without `within` it is
    /// sent once. Default for checks: 10 seconds.
    pub within: Option<Span>,
    /// The expected result.
    pub expect: Option<Expect>,
    /// A name for the result of this step, used as `${name}` in later steps: the single value of `sql`, the output of a
    /// program, the found line of the log, or the segment that `switch_wal` ended. In SQL the value becomes a literal. Inside
    /// quotes it becomes a part of that literal or identifier. Elsewhere `$${name}` is how `${name}` itself is written. The value is kept in the lab's labels, which every user of Docker can read: do not capture
    /// passwords.
    pub capture: Option<VariableName>,
    /// The action or the check.
    #[schemars(flatten)]
    pub action: Action,
}

impl Step {
    /// A step that is nothing but its action.
    #[must_use]
    pub fn of(action: impl Into<Action>) -> Self {
        Self {
            name: None,
            say: None,
            on: None,
            database: None,
            user: None,
            password: None,
            session: None,
            within: None,
            expect: None,
            capture: None,
            action: action.into(),
        }
    }

    /// The role that `sql` connects as, and its password.
    #[must_use]
    pub fn role(&self) -> (Option<&UserName>, Option<&Secret>) {
        (self.user.as_ref(), self.password.as_ref())
    }

    /// Its effect, in one line without passwords: `primary: INSERT INTO …`.
    #[must_use]
    pub fn describe(&self) -> String {
        let what = self.action.describe();
        match &self.on {
            Some(node) => format!("{node}: {what}"),
            None => what,
        }
    }
}

/// Some steps and the steps within them.
pub fn all(steps: &[Step]) -> Vec<&Step> {
    let mut found = Vec::new();
    for step in steps {
        found.push(step);
        found.extend(step.action.inner().into_iter().flat_map(all));
    }
    found
}

/// How long a check waits by default.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

#[cfg(test)]
mod tests;
