//! Steps and checks in one line.

use std::fmt::Write as _;

use crate::action::{
    Action, ArchiveState, Cell, Check, Corrupt, Delay, Heal, LoadKind, Loss, OneOrMany, Rate,
    StateOf, Step,
};
use crate::name::NodeName;
use crate::sql::password::without_passwords;
use crate::text::count;

/// At most so many characters of a text are shown in a line.
const MOST: usize = 90;

/// What a step does, in one line and without passwords: `primary: INSERT INTO …`.
#[must_use]
pub fn describe(step: &Step) -> String {
    let on = step
        .on
        .as_ref()
        .map_or_else(String::new, |node| format!("{node}: "));
    let what = match &step.action {
        Action::Sql(text) => one_line(text),
        Action::SqlFile(file) => format!("the file {}", file.path.display()),
        Action::Exec(program) => one_line(&program.0.join(" ")),
        Action::Finish(session) => format!("finish {session}"),
        Action::Cancel(session) => format!("cancel {session}"),
        Action::Close(session) => format!("close {session}"),
        Action::Start(nodes) => format!("start {}", list(nodes)),
        Action::Stop(how) => format!("stop {} ({:?})", list(&how.node), how.mode).to_lowercase(),
        Action::Restart(how) => {
            format!("restart {} ({:?})", list(&how.node), how.mode).to_lowercase()
        }
        Action::Kill(nodes) => format!("kill {}", list(nodes)),
        Action::Promote(node) => format!("promote {node}"),
        Action::Follow(follow) => format!("{} follows {}", follow.node, follow.upstream),
        Action::Reclone(follow) => {
            format!(
                "{} begins again with a base backup of {}",
                follow.node, follow.upstream
            )
        }
        Action::Set(settings) => {
            let pairs = settings.iter().map(|(name, value)| match value {
                Some(Cell(Some(value))) => format!("{name} = {value}"),
                _ => format!("reset {name}"),
            });
            one_line(&pairs.collect::<Vec<_>>().join(", "))
        }
        Action::Hba(lines) => match lines.len() {
            1 => "a line more in pg_hba.conf".to_owned(),
            count => format!("{count} lines more in pg_hba.conf"),
        },
        Action::Freeze(nodes) => format!("freeze {}", list(nodes)),
        Action::Thaw(nodes) => format!("thaw {}", list(nodes)),
        Action::Not(of) => format!("not: {}", check(of)),
        Action::Hold(hold) => {
            let always = if hold.never { "never" } else { "always" };
            format!(
                "{always}, during {}: {}",
                count(hold.during.len(), "step"),
                check(&hold.check)
            )
        }
        Action::Repeat(repeat) => {
            let values: Vec<String> = repeat.over.iter().map(ToString::to_string).collect();
            format!(
                "{} for each of {}",
                count(repeat.round(0).len(), "step"),
                one_line(&values.join(", "))
            )
        }
        Action::Load(load) => match load.kind {
            LoadKind::Pgbench => {
                let clients = count(load.clients, "connection");
                format!("pgbench with {clients}")
            }
            LoadKind::Ledger => {
                let clients = count(load.clients, "connection");
                format!("a ledger with {clients}")
            }
        },
        Action::Signal(signal) => {
            format!("SIG{} to every {}", signal.signal.word(), signal.backend)
        }
        Action::Check(of) => check(of),
        action => fault(action)
            .or_else(|| recovery(action))
            .unwrap_or_default(),
    };
    on + &what
}

/// What is done to the network and to disks.
fn fault(action: &Action) -> Option<String> {
    Some(match action {
        Action::Partition(partition) => match &partition.to {
            None => format!("cut off from each other: {}", list(&partition.from)),
            Some(to) if partition.one_way => format!(
                "what {} {} no longer reaches {}",
                list(&partition.from),
                verb(&partition.from, "send"),
                list(to)
            ),
            Some(to) => format!("cut {} off from {}", list(&partition.from), list(to)),
        },
        Action::Isolate(nodes) => format!("cut {} off from all other nodes", list(nodes)),
        Action::Delay(Delay { from, to, time, .. }) => format!(
            "what {} {} to {} arrives {} later",
            list(from),
            verb(from, "send"),
            list(to),
            crate::text::duration(time.0)
        ),
        Action::Loss(Loss { from, to, percent }) => {
            format!(
                "{percent} of what {} {} to {} is lost",
                list(from),
                verb(from, "send"),
                list(to)
            )
        }
        Action::Rate(Rate { from, to, rate }) => {
            format!("at most {rate} pass from {} to {}", list(from), list(to))
        }
        Action::Fill(nodes) if nodes.0.len() > 1 => {
            format!("fill the data disks of {}", list(nodes))
        }
        Action::Fill(nodes) => format!("fill the data disk of {}", list(nodes)),
        Action::Corrupt(Corrupt { table, block }) => format!("overwrite page {block} of {table}"),
        Action::Heal(Heal { from, to: None }) => format!("heal {}", list(from)),
        Action::Heal(Heal { from, to: Some(to) }) => {
            format!("heal what is between {} and {}", list(from), list(to))
        }
        _ => return None,
    })
}

/// How a node begins again.
fn recovery(action: &Action) -> Option<String> {
    Some(match action {
        Action::Rewind(follow) => format!("rewind {} to {}", follow.node, follow.upstream),
        Action::Backup(name) => format!("base backup, kept as {name}"),
        Action::Clone(clone) => format!(
            "{} begins again with the backup {} and follows {}",
            clone.node, clone.backup, clone.upstream
        ),
        Action::Restore(restore) => {
            let to = restore.target_in_words();
            format!("restore {} from {} to {to}", restore.node, restore.backup)
        }
        Action::Archive(ArchiveState::Broken) => "the archive breaks".to_owned(),
        Action::Archive(ArchiveState::Healed) => "the archive is healed".to_owned(),
        Action::CreateSubscriber(created) => {
            format!(
                "{} becomes a subscriber of {}",
                created.node, created.upstream
            )
        }
        _ => return None,
    })
}

/// What a check looks for, in one line.
pub(super) fn check(check: &Check) -> String {
    match check {
        Check::Streaming(streaming) => {
            let from = streaming
                .from
                .as_ref()
                .map_or_else(String::new, |from| format!(" from {from}"));
            let streams = verb(&streaming.node, "stream");
            format!("{} {streams}{from}", list(&streaming.node))
        }
        Check::CaughtUp(nodes) => format!("{} caught up", list(nodes)),
        Check::Synced(synced) => match &synced.subscription {
            Some(name) => format!("{}: subscription {name} is synced", synced.node),
            None => format!("{}: subscriptions are synced", synced.node),
        },
        Check::Role(states) | Check::SyncState(states) => states_of("is", states),
        Check::Timeline(states) => states_of("is on timeline", states),
        Check::Slot(slot) => {
            let mut text = format!("slot {}", slot.name);
            for (key, value) in [
                ("active", slot.active.map(|value| value.to_string())),
                ("wal_status", slot.wal_status.clone()),
                ("invalidation_reason", slot.invalidation_reason.clone()),
                ("synced", slot.synced.map(|value| value.to_string())),
            ] {
                if let Some(value) = value {
                    _ = write!(text, ", {key} {value}");
                }
            }
            text
        }
        Check::Log(log) => {
            let has = log.has.iter().map(|words| ("has", words));
            let lacks = log.lacks.iter().map(|words| ("lacks", words));
            let parts = has.chain(lacks);
            let parts = parts.map(|(verb, words)| format!("{verb} `{}`", one_line(words)));
            format!("the log {}", parts.collect::<Vec<_>>().join(" and "))
        }
        Check::File(file) => match &file.has {
            Some(has) if has.is_empty() => format!("the file {} is empty", file.path),
            Some(has) => format!("the file {} has `{}`", file.path, one_line(has)),
            None => format!("the file {} is there", file.path),
        },
        Check::Setting(settings) => {
            let pairs = settings
                .iter()
                .map(|(name, value)| format!("{name} is {value}"));
            one_line(&pairs.collect::<Vec<_>>().join(", "))
        }
        Check::Rows(rows) => {
            let pairs = rows
                .iter()
                .map(|(table, rows)| format!("{table} has {}", count(rows, "row")));
            one_line(&pairs.collect::<Vec<_>>().join(", "))
        }
        Check::Lag(lag) => {
            let parts = [("at least", lag.at_least), ("at most", lag.at_most)];
            let parts = parts
                .into_iter()
                .filter_map(|(how, amount)| Some(format!("{how} {}", amount?)));
            format!(
                "{} is {} behind",
                lag.node,
                parts.collect::<Vec<_>>().join(" and ")
            )
        }
        Check::Waiting(waiting) => {
            let who = waiting.backend.as_deref().unwrap_or("somebody");
            format!("{who} waits for {}", waiting.event)
        }
        Check::Conflict(conflicts) => {
            let pairs = conflicts
                .iter()
                .map(|(kind, count)| format!("{kind} at least {count}"));
            format!("conflicts: {}", pairs.collect::<Vec<_>>().join(", "))
        }
        Check::Ledger(ledger) => {
            let mut parts = vec![format!("the ledger {}", ledger.session)];
            parts.extend(ledger.lost.map(|lost| format!("{lost} lost")));
            parts.extend(
                ledger
                    .lost_at_least
                    .map(|lost| format!("at least {lost} lost")),
            );
            parts.join(", ")
        }
        Check::Unreplicated(missing) => {
            let rows = missing
                .rows
                .map_or("rows".to_owned(), |rows| count(rows, "row"));
            format!("{} has {rows} that {} lacks", missing.from, missing.node)
        }
        Check::SameRows(same) => {
            let nodes: Vec<&str> = same.nodes.iter().map(NodeName::as_str).collect();
            format!("{} have the same rows", nodes.join(" and "))
        }
    }
}

fn states_of(verb: &str, states: &StateOf) -> String {
    let pairs = states
        .iter()
        .map(|(node, state)| format!("{node} {verb} {state}"));
    pairs.collect::<Vec<_>>().join(", ")
}

fn list(nodes: &OneOrMany<NodeName>) -> String {
    let names: Vec<&str> = nodes.0.iter().map(NodeName::as_str).collect();
    names.join(", ")
}

/// A verb that is about nodes: one `streams`, several `stream`.
fn verb(nodes: &OneOrMany<NodeName>, word: &str) -> String {
    let ending = if nodes.0.len() == 1 { "s" } else { "" };
    format!("{word}{ending}")
}

/// A text on one line, without passwords, cut where it is long.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = without_passwords(&words.join(" "));
    match line.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::load::{Overrides, Source, load};

    #[test]
    fn a_password_is_left_out_before_a_text_is_cut() {
        let text = format!("SELECT '{}', PASSWORD 'secret'", "a".repeat(MOST - 24));
        let line = one_line(&text);
        assert!(line.ends_with("PASSWORD '…'"), "{line}");
    }

    #[test]
    fn one_and_several_are_told_apart() {
        let text = "\
name: a
nodes: { p: { disk: 512MB }, r: { standby_of: p }, s: { standby_of: p } }
steps:
- streaming: r
- streaming: { node: [r, s], from: p }
- delay: { from: p, to: r, time: 1s }
- delay: { from: [p, s], to: r, time: 1s }
- rows: { t: 1 }
- hold: { check: { streaming: r }, during: [{ sql: SELECT 1 }] }
- repeat: { over: [1], as: n, steps: [{ sql: SELECT 1 }, { sql: SELECT 2 }] }
";
        let source = Source::new("a.yaml", text.as_bytes(), None).expect("text");
        let loaded = load(&source, &Overrides::default()).expect("a scenario");
        let said: Vec<String> = loaded.scenario.steps.iter().map(describe).collect();
        assert_eq!(
            said,
            [
                "r streams",
                "r, s stream from p",
                "what p sends to r arrives 1.0 s later",
                "what p, s send to r arrives 1.0 s later",
                "t has 1 row",
                "always, during 1 step: r streams",
                "2 steps for each of 1",
            ]
        );
    }

    #[test]
    fn every_step_says_what_it_does() {
        let text = include_str!("../action/examples.yaml");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("more.sql"), "SELECT 1").expect("a file");
        let source = Source::new("examples.yaml", text.as_bytes(), Some(folder.path().into()));
        let loaded = load(&source.expect("text"), &Overrides::default());
        let loaded = loaded.expect("a scenario");
        for step in &loaded.scenario.steps {
            let what = describe(step);
            assert!(!what.is_empty() && !what.ends_with(": "), "{step:?}");
        }
    }
}
