//! What to do about primaries that compete, and about a node that others replaced. Pure.

use crate::engine::{Container, ContainerState};
use crate::name::{LabName, NodeName};
use crate::server::history::History;

/// What to do about primaries of one database system, the one of the oldest timeline first. `histories` are those of the
/// first and the last of them.
pub(super) fn competition(
    lab: &LabName,
    rivals: &[&NodeName],
    histories: Option<(&History, &History)>,
) -> Option<String> {
    let (old, new) = (rivals.first()?, rivals.last()?);
    let names = listed(rivals);
    let way = if histories.is_none_or(|(old, new)| can_rewind(old, new)) {
        format!(
            "`lab stop {lab} {old}` and `lab rewind {lab} {old} {new}` make `{old}` a standby of `{new}`"
        )
    } else {
        format!(
            "`lab reclone {lab} {old} {new}` makes `{old}` a standby of `{new}` (`pg_rewind` cannot: both are on a timeline \
             of the same number)"
        )
    };
    Some(format!(
        "{names} take writes, each for itself: {way}, and what was written on `{old}` alone is lost"
    ))
}

/// Whether `pg_rewind` can make a primary a standby of another one.
fn can_rewind(old: &History, new: &History) -> bool {
    // Each of two primaries writes a timeline of its own, whatever their numbers.
    old.timeline != new.timeline
        && old
            .parted_from(new)
            .is_none_or(|parting| parting.can_rewind())
}

/// How a node is that does not run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rest<'a> {
    /// It was stopped, or killed.
    Stopped,
    /// Its container, of this name, is paused.
    Frozen(&'a str),
    /// It refused to start because `pg_rewind` was killed in its data directory (`images/node/start.sh`).
    Torn,
}

impl<'a> Rest<'a> {
    /// The exit code of a node that refuses to start.
    const TORN: i64 = 65;

    pub(super) fn of(container: Option<&'a Container>) -> Self {
        match container {
            Some(found) if found.state == ContainerState::Paused => Self::Frozen(&found.name),
            Some(found) if found.exit_code == Some(Self::TORN) => Self::Torn,
            _ => Self::Stopped,
        }
    }
}

/// What to do about a node that does not run, when these primaries took over. `None` if there is none.
pub(super) fn succession(
    lab: &LabName,
    node: &NodeName,
    now: &[&NodeName],
    rest: Rest<'_>,
) -> Option<String> {
    let [first, others @ ..] = now else {
        return None;
    };
    let joins = if !others.is_empty() {
        format!(
            "when one of them is left, `lab reclone {lab} {node}` and the name of that one make `{node}` its standby"
        )
    } else if matches!(rest, Rest::Torn) {
        format!("`lab reclone {lab} {node} {first}` makes `{node}` its standby")
    } else {
        format!(
            "`lab rewind {lab} {node} {first}` or `lab reclone {lab} {node} {first}` makes `{node}` its standby"
        )
    };
    let names = listed(now);
    Some(match (rest, others) {
        (Rest::Frozen(container), _) => format!(
            "{names} became primary while `{node}` was frozen: after `docker kill {container}`, {joins}; thawed as it is, \
             `{node}` would be one more primary"
        ),
        (Rest::Torn, []) => format!("{names} is the primary now: {joins}"),
        (_, []) => format!(
            "{names} is the primary now: {joins}; started as it is, `{node}` could be a second primary"
        ),
        _ => format!(
            "{names} took its place, each for itself: {joins}; started as it is, `{node}` could be one more primary"
        ),
    })
}

fn listed(nodes: &[&NodeName]) -> String {
    let names: Vec<String> = nodes.iter().map(|node| format!("`{node}`")).collect();
    names.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::history::Stretch;
    use crate::server::lsn::Lsn;

    fn name(text: &str) -> NodeName {
        NodeName::new(text).expect("a name")
    }

    /// A primary whose timeline began where timeline 1 ended.
    fn history(timeline: i32, began: u64) -> History {
        let past = Stretch {
            timeline: 1,
            end: Lsn(began),
        };
        History {
            system: "1".to_owned(),
            is_standby: false,
            timeline,
            at: Lsn(2000),
            past: if timeline == 1 {
                Vec::new()
            } else {
                vec![past]
            },
            anchors: Vec::new(),
        }
    }

    fn told(old: &History, new: &History) -> String {
        let lab: LabName = "l".parse().expect("a name");
        let (one, two) = (name("one"), name("two"));
        competition(&lab, &[&one, &two], Some((old, new))).expect("words")
    }

    #[test]
    fn a_primary_that_was_replaced_is_rewound() {
        let told = told(&history(1, 0), &history(2, 1000));
        assert!(
            told.starts_with("`one` and `two` take writes, each for itself: `lab stop l one`"),
            "{told}"
        );
        assert!(told.contains("`lab rewind l one two`"), "{told}");
    }

    #[test]
    fn primaries_on_timelines_of_one_number_are_copied() {
        for began in [1000, 1500] {
            let told = told(&history(2, 1000), &history(2, began));
            assert!(told.contains("`lab reclone l one two`"), "{told}");
            assert!(!told.contains("lab rewind"), "{told}");
        }
    }

    #[test]
    fn no_one_of_several_primaries_is_said_to_be_the_primary() {
        let lab: LabName = "l".parse().expect("a name");
        let (old, one, two) = (name("old"), name("one"), name("two"));
        let single = succession(&lab, &old, &[&one], Rest::Stopped).expect("words");
        assert!(
            single.starts_with("`one` is the primary now: `lab rewind l old one`"),
            "{single}"
        );
        let several = succession(&lab, &old, &[&one, &two], Rest::Stopped).expect("words");
        assert!(several.starts_with("`one` and `two` took"), "{several}");
        assert!(!several.contains("rewind"), "{several}");
        let frozen = succession(&lab, &old, &[&one], Rest::Frozen("lab-l-old")).expect("words");
        let torn = succession(&lab, &old, &[&one], Rest::Torn).expect("words");
        assert!(
            torn.contains("`lab reclone l old one`") && !torn.contains("rewind"),
            "{torn}"
        );
        assert!(frozen.contains("after `docker kill lab-l-old`"), "{frozen}");
        assert_eq!(succession(&lab, &old, &[], Rest::Stopped), None);
    }
}
