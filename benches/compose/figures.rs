//! Times, their medians, and what they are to be.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::{Table, presets};
use replication_lab::event::Phase;

/// At most so long for `lab check` and `lab plan`.
const SMALL: Duration = Duration::from_millis(20);

/// What the rounds of a case took.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) lab_up: Vec<Duration>,
    pub(crate) lab_first: Vec<Duration>,
    pub(crate) compose_up: Vec<Duration>,
    pub(crate) lab_down: Vec<Duration>,
    pub(crate) compose_down: Vec<Duration>,
    pub(crate) phases: BTreeMap<Phase, Vec<Duration>>,
}

impl Figures {
    /// The table of a case and the line with the phases of `lab up`.
    pub(crate) fn table(&self, standbys: usize) -> String {
        let (up, down) = match standbys {
            1 => (0.5, Some(1.0)),
            _ => (0.45, None),
        };
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["", "median", "rounds", "of Compose", "at most", ""]);
        let mut row =
            |what: &str, times: &[Duration], against: Option<(&[Duration], Option<f64>)>| {
                if times.is_empty() {
                    return;
                }
                let ratio = against.map(|(other, _)| seconds(times) / seconds(other));
                let target = against.and_then(|(_, target)| target);
                let word = ratio
                    .zip(target)
                    .map(|(ratio, target)| verdict(ratio <= target));
                table.add_row([
                    what.to_owned(),
                    format!("{:.2} s", seconds(times)),
                    times.len().to_string(),
                    ratio.map(|it| format!("{it:.2}")).unwrap_or_default(),
                    target.map(|it| format!("{it:.2}")).unwrap_or_default(),
                    word.unwrap_or_default().to_owned(),
                ]);
            };
        let (compose_up, compose_down) = (&self.compose_up[..], &self.compose_down[..]);
        row("lab up", &self.lab_up, Some((compose_up, Some(up))));
        row(
            "lab up, first time",
            &self.lab_first,
            Some((compose_up, Some(1.0))),
        );
        row("compose up", compose_up, None);
        row("lab down", &self.lab_down, Some((compose_down, down)));
        row("compose down", compose_down, None);
        let plural = if standbys == 1 { "" } else { "s" };
        format!(
            "{standbys} standby{plural}, verified\n{table}\nphases of lab up, which overlap: {}",
            self.phases()
        )
    }

    fn phases(&self) -> String {
        let mut shown = String::new();
        for (phase, times) in &self.phases {
            let gap = if shown.is_empty() { "" } else { ", " };
            // Writing into a string cannot fail.
            let _ = write!(shown, "{gap}{} {:.3}", phase.key(), seconds(times));
        }
        shown
    }
}

/// The line of something that takes no Docker.
pub(crate) fn small(what: &str, took: Duration) -> String {
    format!(
        "{what}: {:.1} ms, at most {} ms: {}",
        took.as_secs_f64() * 1e3,
        SMALL.as_millis(),
        verdict(took <= SMALL)
    )
}

fn verdict(reached: bool) -> &'static str {
    if reached { "PASS" } else { "MISS" }
}

fn seconds(times: &[Duration]) -> f64 {
    median(times).as_secs_f64()
}

/// The middle of some times; the mean of the two in the middle where their number is even.
pub(crate) fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let middle = sorted.len() / 2;
    match (sorted.get(middle.wrapping_sub(1)), sorted.get(middle)) {
        (Some(lower), Some(upper)) if sorted.len().is_multiple_of(2) => (*lower + *upper) / 2,
        (_, Some(middle)) => *middle,
        _ => Duration::ZERO,
    }
}
