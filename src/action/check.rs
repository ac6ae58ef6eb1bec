//! Checks: what steps look at. Each has a file here, named after its key.

use super::{Beside, Cell, Declare, Flaw, Known, Step, Text, declared};
use crate::name::{NodeName, SessionName};
use crate::text::suggest::did_you_mean_or_list;

/// The checks, in the order of the page, as arguments of the macro `$then`: a file and its type.
macro_rules! checks {
    ($then:ident) => {
        $then! {
            streaming Streaming,
            caught_up CaughtUp,
            synced Synced,
            role Role,
            sync_state SyncState,
            timeline Timeline,
            diverged Diverged,
            slot Slot,
            log Log,
            file File,
            setting Setting,
            rows Rows,
            same_rows SameRows,
            lag Lag,
            waiting Waiting,
            conflict Conflict,
            unreplicated Unreplicated,
            ledger Ledger,
        }
    };
}
pub(crate) use checks;

macro_rules! declare_checks {
    ($($file:ident $Type:ident,)*) => {
        declared! {
            /// A condition that is waited for. A step has one of these keys in place of an action.
            Check { $($file $Type,)* }
        }
    };
}
checks!(declare_checks);

/// The first of some words that is none of those known, if there is one. A captured value may be any.
fn unknown_word<'a>(
    given: impl IntoIterator<Item = &'a Cell>,
    known: &[&str],
    what: &str,
) -> Vec<Flaw> {
    let given = given.into_iter().map(ToString::to_string);
    let unknown = |word: &String| !known.contains(&word.as_str()) && !word.contains("${");
    let unknown = given.filter(unknown).take(1);
    unknown
        .map(|word| {
            let help = did_you_mean_or_list(&word, "words", known);
            Flaw::value("", format!("`{word}` is no {what}")).help(help)
        })
        .collect()
}
