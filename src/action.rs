//! Steps: what is done to a lab that is up, and what must be seen then.
//!
//! Owns the language: which actions and checks there are, and their keys. The descriptions of these types are the
//! schema's and the reference page's. Never knows how a step is carried out: that is [`crate::run`].

mod amount;
mod check;
mod data;
mod expect;
mod fault;
mod load;
mod recovery;
mod schema;
mod server;
mod value;
pub mod variables;

use serde::{Deserialize, Serialize};

use crate::name::{
    BackupName, DatabaseName, NodeName, SessionName, StepName, UserName, VariableName,
};

pub use amount::{Bandwidth, Percent};
pub use check::{
    CONFLICTS, Check, Conflicts, FileCheck, Hold, Lag, LogCheck, NodePair, RowCount, SettingCheck,
    SlotCheck, StateOf, Streaming, Synced, Unreplicated, Waiting,
};
pub use data::{Program, Repeat, SqlFile};
pub use expect::{Expect, ExpectedError};
pub use fault::{Corrupt, Delay, Heal, Link, Loss, Partition, Rate, between, isolated};
pub use load::{LedgerCheck, Load, LoadKind};
pub use recovery::{ArchiveState, CloneFrom, CreateSubscriber, Restore, Target, Timeline};
pub(super) use schema::SHORT;
pub use schema::{ACTIONS, CHECKS, COMMON};
pub use server::{Follow, Signal, Stop, StopMode};
pub use value::{Amount, Cell, OneOrMany, Span};

/// One step: one action or check, and what is said, waited for and expected beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// A short name for this step, by which `--from` and other texts can point at it.
    pub name: Option<StepName>,
    /// What a reader is told before it happens.
    pub say: Option<String>,
    /// The node that it happens on: for `sql`, `exec`, `set` and the checks that look at one server. The first primary
    /// where silent.
    pub on: Option<NodeName>,
    /// The database of `sql`. The scenario's where silent.
    pub database: Option<DatabaseName>,
    /// The role that `sql` connects as. The superuser where silent.
    pub user: Option<UserName>,
    /// A connection with a name, which stays open over steps. A statement of `sql` may still run in it while later
    /// steps happen.
    pub session: Option<SessionName>,
    /// How long it may take until what is expected is seen. A query with `expect` is asked again until then; without
    /// `within` it is asked once. Checks wait for ten seconds where silent.
    pub within: Option<Span>,
    /// What must be seen.
    pub expect: Option<Expect>,
    /// A name for what this step gives, used as `${name}` in later ones: the one value of `sql`, what a program wrote,
    /// the line of the log that was found. In SQL it is put in as a literal, or as a part of the text or the identifier
    /// in whose quotes it stands. It is kept in the lab's labels, where everybody can read it: no place for passwords.
    pub capture: Option<VariableName>,
    /// What happens.
    pub action: Action,
}

impl Step {
    /// A step that is nothing but its action.
    #[must_use]
    pub fn of(action: Action) -> Self {
        Self {
            name: None,
            say: None,
            on: None,
            database: None,
            user: None,
            session: None,
            within: None,
            expect: None,
            capture: None,
            action,
        }
    }
}

/// What one step does. A step has one of these keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// SQL: one statement or several. What `expect` says is compared with the last one's rows.
    Sql(String),
    /// SQL in a file beside the scenario.
    SqlFile(SqlFile),
    /// A program and its arguments, run in a node's container: a list, or one text that is split at blanks.
    Exec(Program),
    /// Waits until a session's statement has ended, and compares what it gave.
    Finish(SessionName),
    /// Cancels a session's statement, as `pg_cancel_backend` does, and waits until it has ended: with 57014 as a rule, or,
    /// for a commit that waits for a standby, with a warning.
    Cancel(SessionName),
    /// Closes a session.
    Close(SessionName),
    /// Starts stopped nodes and waits until each takes connections. A node with `start: later` takes its base backup then,
    /// for which it has a minute where `within` is silent.
    Start(OneOrMany<NodeName>),
    /// Stops nodes: a node, a list of them, or `{ node, mode }` with mode `smart`, `fast` or `immediate`.
    Stop(Stop),
    /// Stops nodes and starts them again.
    Restart(Stop),
    /// Kills nodes as a crash does: SIGKILL to all their processes.
    Kill(OneOrMany<NodeName>),
    /// Makes a standby a primary, and waits until it takes writes.
    Promote(NodeName),
    /// Makes a node stream from another one: writes `primary_conninfo` and `standby.signal`, and restarts the node
    /// where it must.
    Follow(Follow),
    /// Makes a stopped node that has gone another way a standby again, with `pg_rewind`: what the upstream does not have
    /// is undone, and it streams from there. Needs `wal_log_hints` or data checksums, and of the node's own log what it has
    /// written since the two parted: `wal_keep_size`. The upstream may be a standby whose primary runs.
    Rewind(Follow),
    /// Throws a node's data away and begins again with a base backup of its upstream.
    Reclone(Follow),
    /// Makes a stopped standby a subscriber of its primary with `pg_createsubscriber` (PostgreSQL 17), and starts it.
    CreateSubscriber(CreateSubscriber),
    /// Takes a base backup of a node and keeps it under a name, for nodes that begin with it later.
    Backup(BackupName),
    /// Begins a node again as a standby, with a base backup that was kept.
    Clone(CloneFrom),
    /// Begins a node again with a base backup that was kept, and replays the archive up to a target (manual, 25.3.5).
    Restore(Restore),
    /// Breaks the archive, so that no segment of the log goes in or comes out, or heals it. Needs `archive: true`.
    Archive(ArchiveState),
    /// Writes for a while: `pgbench`, or a `ledger` whose acknowledged rows can be counted after a failover. With a
    /// `session` it goes on while later steps happen, until `finish`.
    Load(Load),
    /// Sends a signal to a server's processes of one kind: `walsender`, `walreceiver`, `checkpointer`, … as
    /// `backend_type` in `pg_stat_activity` has them.
    Signal(Signal),
    /// Changes settings with `ALTER SYSTEM`, then reloads or restarts the server as they need. `null` resets one. A
    /// server that is stopped has them when it starts.
    Set(Settings),
    /// Adds lines to a node's `pg_hba.conf`, after those it has, and reloads it.
    Hba(Vec<crate::scenario::hba::HbaLine>),
    /// Freezes every process of nodes.
    Freeze(OneOrMany<NodeName>),
    /// Lets frozen nodes go on.
    Thaw(OneOrMany<NodeName>),
    /// Cuts nodes off from each other, at once and without a word to anybody; this host still reaches all of them. A list:
    /// each from each other. `{ from, to }`: the nodes of one side from those of the other, `one_way: true` only what the
    /// first send. A node that is down has it when it starts.
    Partition(Partition),
    /// Cuts nodes off from all other nodes, both ways.
    Isolate(OneOrMany<NodeName>),
    /// Lets what `from` sends to `to` arrive later. The kernel must have `netem`: see `requires`.
    Delay(Delay),
    /// Loses a part of what `from` sends to `to`. The kernel must have `netem`: see `requires`.
    Loss(Loss),
    /// Lets no more than so much a second pass from `from` to `to`.
    Rate(Rate),
    /// Takes all the room that is left on the data disk of nodes, each of which has a `disk` of its own. What a server does
    /// then is its own affair: a table that cannot grow is an error, a log that cannot grow is the server's end.
    Fill(OneOrMany<NodeName>),
    /// Makes a page of a table unreadable, as a bad disk does: a table, or `{ table, block }`. The server is stopped and
    /// started for it; who reads the page is told SQLSTATE XX001. What mends it is another node's copy: see `reclone`.
    Corrupt(Corrupt),
    /// Makes links whole again: `all`, every link of a node or of a list of them, or `{ from, to }` the links between
    /// them. It names links, not faults: a link that several faults hit is whole after one `heal`. What is whole already
    /// stays so. `all` and nodes also get back the room that `fill` took.
    Heal(Heal),
    /// A check that must not hold.
    Not(Check),
    /// A check that holds all the time while other steps happen. A look at it that gets no answer, of a frozen node or
    /// within the time that a check may wait, says nothing; one at least must get an answer. A node that is down is an
    /// answer.
    Hold(Hold),
    /// Steps that happen several times: once for each value of a list. A value may also stand where a name is wanted, as
    /// in `on: ${node}`; it has to be a good one then.
    Repeat(Repeat),
    /// A check.
    #[schemars(skip)]
    Check(Check),
}

impl Action {
    /// The key that it is written with.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::Sql(_) => "sql",
            Self::SqlFile(_) => "sql_file",
            Self::Exec(_) => "exec",
            Self::Finish(_) => "finish",
            Self::Cancel(_) => "cancel",
            Self::Close(_) => "close",
            Self::Start(_) => "start",
            Self::Stop(_) => "stop",
            Self::Restart(_) => "restart",
            Self::Kill(_) => "kill",
            Self::Promote(_) => "promote",
            Self::Follow(_) => "follow",
            Self::Reclone(_) => "reclone",
            Self::Set(_) => "set",
            Self::Hba(_) => "hba",
            Self::Freeze(_) => "freeze",
            Self::Thaw(_) => "thaw",
            Self::Partition(_) => "partition",
            Self::Isolate(_) => "isolate",
            Self::Delay(_) => "delay",
            Self::Loss(_) => "loss",
            Self::Rate(_) => "rate",
            Self::Fill(_) => "fill",
            Self::Corrupt(_) => "corrupt",
            Self::Heal(_) => "heal",
            Self::Not(check) | Self::Check(check) => check.key(),
            Self::Hold(_) => "hold",
            Self::Repeat(_) => "repeat",
            Self::CreateSubscriber(_) => "create_subscriber",
            Self::Rewind(_) => "rewind",
            Self::Signal(_) => "signal",
            Self::Backup(_) => "backup",
            Self::Clone(_) => "clone",
            Self::Restore(_) => "restore",
            Self::Archive(_) => "archive",
            Self::Load(_) => "load",
        }
    }

    /// The check that it is or has, and where that stands: `streaming`, `not.streaming`, `hold.check.streaming`.
    #[must_use]
    pub fn check(&self) -> Option<(String, &Check)> {
        let (before, check) = match self {
            Self::Check(check) => ("", check),
            Self::Not(check) => ("not.", check),
            Self::Hold(hold) => ("hold.check.", &hold.check),
            _ => return None,
        };
        Some((format!("{before}{}", check.key()), check))
    }

    /// Where it stands: its key, or that of its check.
    #[must_use]
    pub fn place(&self) -> String {
        let check = self.check().map(|(place, _)| place);
        check.unwrap_or_else(|| self.key().to_owned())
    }

    /// Whether it is SQL, whose errors are the server's.
    #[must_use]
    pub fn is_sql(&self) -> bool {
        matches!(
            self,
            Self::Sql(_) | Self::SqlFile(_) | Self::Finish(_) | Self::Cancel(_)
        )
    }

    /// Whether it happens on the node that `on` names.
    #[must_use]
    pub fn is_on_one_node(&self) -> bool {
        match self {
            Self::Sql(_)
            | Self::SqlFile(_)
            | Self::Exec(_)
            | Self::Set(_)
            | Self::Hba(_)
            | Self::Backup(_)
            | Self::Load(_)
            | Self::Signal(_)
            | Self::Corrupt(_) => true,
            Self::Not(check) | Self::Check(check) => check.is_of_one_node(),
            Self::Hold(hold) => hold.check.is_of_one_node(),
            _ => false,
        }
    }

    /// The nodes that it names, each with the key below the action's own at which it does.
    #[must_use]
    pub fn nodes(&self) -> Vec<(&'static str, &NodeName)> {
        let at = |key: &'static str| move |node| (key, node);
        match self {
            Self::Start(nodes)
            | Self::Kill(nodes)
            | Self::Freeze(nodes)
            | Self::Thaw(nodes)
            | Self::Isolate(nodes)
            | Self::Fill(nodes) => nodes.0.iter().map(at("")).collect(),
            Self::Heal(heal) if heal.is_all() => Vec::new(),
            Self::Partition(Partition { from, to, .. }) | Self::Heal(Heal { from, to }) => {
                let to = to.iter().flat_map(|to| &to.0);
                from.0
                    .iter()
                    .map(at("from"))
                    .chain(to.map(at("to")))
                    .collect()
            }
            Self::Delay(Delay { from, to, .. })
            | Self::Loss(Loss { from, to, .. })
            | Self::Rate(Rate { from, to, .. }) => from
                .0
                .iter()
                .map(at("from"))
                .chain(to.0.iter().map(at("to")))
                .collect(),
            Self::Stop(stop) | Self::Restart(stop) => stop.node.0.iter().map(at("node")).collect(),
            Self::Promote(node) => vec![("", node)],
            Self::Follow(follow) | Self::Rewind(follow) | Self::Reclone(follow) => {
                vec![("node", &follow.node), ("upstream", &follow.upstream)]
            }
            Self::CreateSubscriber(created) => {
                vec![("node", &created.node), ("upstream", &created.upstream)]
            }
            Self::Clone(clone) => vec![("node", &clone.node), ("upstream", &clone.upstream)],
            Self::Restore(restore) => vec![("node", &restore.node)],
            Self::Load(load) => load.nodes.iter().map(at("nodes")).collect(),
            Self::Not(check) | Self::Check(check) => check.nodes(),
            Self::Hold(hold) => hold.check.nodes(),
            Self::Sql(_)
            | Self::SqlFile(_)
            | Self::Exec(_)
            | Self::Finish(_)
            | Self::Cancel(_)
            | Self::Close(_)
            | Self::Set(_)
            | Self::Signal(_)
            | Self::Backup(_)
            | Self::Archive(_)
            | Self::Repeat(_)
            | Self::Corrupt(_)
            | Self::Hba(_) => Vec::new(),
        }
    }

    /// The session that it ends, or waits for.
    #[must_use]
    pub fn session(&self) -> Option<&SessionName> {
        match self {
            Self::Finish(session) | Self::Cancel(session) | Self::Close(session) => Some(session),
            _ => None,
        }
    }
}

/// Settings by name.
pub type Settings = std::collections::BTreeMap<crate::name::SettingName, Option<Cell>>;

/// How long a check waits where a step does not say.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
