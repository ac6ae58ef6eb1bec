//! Times, their medians, and what they are to be.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::{Table, presets};
use replication_lab::event::Phase;

/// At most so long for `lab check` and `lab plan`.
const SMALL: Duration = Duration::from_millis(20);

/// At most so many times the engine's floor for `lab up` with one standby.
const OF_FLOOR: f64 = 1.4;

/// What the rounds of a case took.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) lab_up: Vec<Duration>,
    pub(crate) lab_first: Vec<Duration>,
    pub(crate) lab_down: Vec<Duration>,
    pub(crate) floor: Vec<Duration>,
    pub(crate) composes: Vec<(String, Times)>,
    pub(crate) phases: BTreeMap<Phase, Vec<Duration>>,
}

/// What one Compose took.
#[derive(Debug, Default)]
pub(crate) struct Times {
    pub(crate) up: Vec<Duration>,
    pub(crate) down: Vec<Duration>,
}

impl Figures {
    /// The times of the Compose of that version.
    pub(crate) fn of(&mut self, version: &str) -> &mut Times {
        let mut there = self.composes.iter();
        let at = there.position(|(name, _)| name == version);
        let at = at.unwrap_or_else(|| {
            self.composes.push((version.to_owned(), Times::default()));
            self.composes.len() - 1
        });
        &mut self.composes[at].1
    }

    /// The table of a case, how `lab` stands to each of the others, and the phases of `lab up`.
    pub(crate) fn table(&self, standbys: usize) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["", "median", "rounds"]);
        let mut row = |what: &str, times: &[Duration]| {
            if !times.is_empty() {
                let (median, rounds) = (format!("{:.2} s", seconds(times)), times.len());
                table.add_row([what.to_owned(), median, rounds.to_string()]);
            }
        };
        row("the engine's floor", &self.floor);
        row("lab up", &self.lab_up);
        row("lab up, first time", &self.lab_first);
        for (version, times) in &self.composes {
            row(&format!("{version}: up"), &times.up);
        }
        row("lab down", &self.lab_down);
        for (version, times) in &self.composes {
            row(&format!("{version}: down"), &times.down);
        }
        let plural = if standbys == 1 { "" } else { "s" };
        let ratios = self.ratios(standbys).join("\n");
        let phases = self.phases();
        format!(
            "{standbys} standby{plural}, verified\n{table}\n\n{ratios}\nphases of lab up, which overlap: {phases}"
        )
    }

    /// One line a comparison, with what it is to be.
    fn ratios(&self, standbys: usize) -> Vec<String> {
        let (up, down) = match standbys {
            1 => (0.5, Some(1.0)),
            _ => (0.45, None),
        };
        let mut lines = Vec::new();
        let mut line = |what: &str, times: &[Duration], than: &[Duration], target: Option<f64>| {
            if times.is_empty() || than.is_empty() {
                return;
            }
            let ratio = seconds(times) / seconds(than);
            let target =
                target.map(|most| format!(", at most {most:.2}: {}", verdict(ratio <= most)));
            lines.push(format!("{what}: {ratio:.2}{}", target.unwrap_or_default()));
        };
        let of_floor = Some(OF_FLOOR).filter(|_| standbys == 1);
        line("lab up / floor", &self.lab_up, &self.floor, of_floor);
        for (version, times) in &self.composes {
            line(
                &format!("lab up / {version}"),
                &self.lab_up,
                &times.up,
                Some(up),
            );
            let first = format!("lab up, first time / {version}");
            line(&first, &self.lab_first, &times.up, Some(1.0));
            line(
                &format!("lab down / {version}"),
                &self.lab_down,
                &times.down,
                down,
            );
        }
        lines
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
