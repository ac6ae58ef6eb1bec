//! Shows events: bars on a terminal, plain lines elsewhere, nothing with `--quiet`.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use replication_lab::event::{Event, Outcome, Phase, Progress, ProgressUnit, Reporter, Silent};
use replication_lab::text::duration;
use replication_lab::text::foreign::visible;

use super::Context;
use super::output::say;

/// Shows the progress of something long until it is dropped.
pub(super) struct Shown {
    reporter: Arc<dyn Reporter>,
    bars: Option<Arc<Bars>>,
}

impl Shown {
    /// Bars or lines, as suits standard error.
    pub(super) fn new(context: &Context) -> Self {
        if context.quiet {
            return Self {
                reporter: Arc::new(Silent),
                bars: None,
            };
        }
        if context.verbose == 0 && std::io::stderr().is_terminal() {
            let bars = Arc::new(Bars::new());
            return Self {
                reporter: bars.clone(),
                bars: Some(bars),
            };
        }
        Self::lines(context, Instant::now(), String::new())
    }

    /// Plain lines with the lab's name in front. Bars of several labs at once would be unreadable.
    pub(super) fn of_one_of_several(context: &Context, began: Instant, prefix: String) -> Self {
        if context.quiet {
            return Self {
                reporter: Arc::new(Silent),
                bars: None,
            };
        }
        Self::lines(context, began, prefix)
    }

    fn lines(context: &Context, began: Instant, prefix: String) -> Self {
        let lines = Lines {
            began,
            prefix,
            verbose: context.verbose > 0,
            shown: Mutex::default(),
        };
        Self {
            reporter: Arc::new(lines),
            bars: None,
        }
    }

    /// Takes the events. It may live longer than this value.
    pub(super) fn reporter(&self) -> Arc<dyn Reporter> {
        Arc::clone(&self.reporter)
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some(bars) = &self.bars {
            bars.spinner.finish_and_clear();
            let _ = bars.all.clear();
        }
    }
}

/// Plain lines with the time since the start.
struct Lines {
    began: Instant,
    /// The beginning of every line.
    prefix: String,
    verbose: bool,
    /// When each subject's progress was last shown: at most one line a second.
    shown: Mutex<HashMap<String, Instant>>,
}

impl Lines {
    fn line(&self, text: &str) {
        let (prefix, at) = (&self.prefix, self.began.elapsed().as_secs_f64());
        say(&format!("{prefix}{at:>7.2} s  {text}"));
    }

    fn progress(&self, progress: &Progress) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let last = shown.entry(progress.subject.clone()).or_insert(self.began);
        if now.duration_since(*last) >= Duration::from_secs(1) {
            *last = now;
            self.line(&format!("{}: {}", progress.subject, amount(progress)));
        }
    }
}

fn amount(progress: &Progress) -> String {
    let count = |units: u64| match progress.unit {
        ProgressUnit::Bytes => indicatif::HumanBytes(units).to_string(),
        ProgressUnit::Items => units.to_string(),
    };
    match progress.total {
        Some(total) => format!("{} of {}", count(progress.done), count(total)),
        None => count(progress.done),
    }
}

impl Reporter for Lines {
    fn report(&self, event: &Event) {
        match event {
            Event::Began(phase) if self.verbose => self.line(&format!("{} …", phase.act())),
            Event::Ended(phase, took) if self.verbose => {
                self.line(&format!("{}: {}", phase.act(), duration(*took)));
            }
            Event::Began(_) | Event::Ended(..) => {}
            Event::Node(node, what) => self.line(&format!("{node}: {what}")),
            Event::Step { number, say, what } => {
                for line in step_lines(number, say.as_deref(), what) {
                    self.line(&line);
                }
            }
            Event::Stepped(outcome) => self.line(&stepped(outcome)),
            Event::Progress(_, progress) => self.progress(progress),
            Event::Note(text) => self.line(text),
            Event::Warning(text) => self.line(&format!("warning: {text}")),
        }
    }
}

/// The lines that announce a step.
fn step_lines(number: &str, say: Option<&str>, what: &str) -> Vec<String> {
    let told = say.unwrap_or_default().lines().map(str::to_owned);
    let mut lines: Vec<String> = told.collect();
    lines.push(format!("step {number}  {what}"));
    lines
}

/// The line with the outcome of a step.
fn stepped(outcome: &Outcome) -> String {
    let took = duration(Duration::from_secs_f64(outcome.took_ms / 1000.0));
    let how = if outcome.passed { "pass" } else { "FAIL" };
    let first = outcome.seen.lines().next().unwrap_or_default();
    format!("  {how}  {first} ({took})")
}

/// A spinner for the running phases, and a bar for each progress with a known total.
struct Bars {
    all: MultiProgress,
    spinner: ProgressBar,
    running: Mutex<Vec<Phase>>,
    shown: Mutex<HashMap<(Phase, String), ProgressBar>>,
}

impl Bars {
    fn new() -> Self {
        let all = MultiProgress::new();
        let spinner = all.add(ProgressBar::new_spinner());
        let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
        spinner.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        spinner.enable_steady_tick(Duration::from_millis(100));
        Self {
            all,
            spinner,
            running: Mutex::default(),
            shown: Mutex::default(),
        }
    }

    fn phases(&self, change: impl FnOnce(&mut Vec<Phase>)) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut running);
        let acts: Vec<&str> = running.iter().map(|phase| phase.act()).collect();
        self.spinner.set_message(acts.join(", "));
    }

    fn line(&self, text: &str) {
        self.all.suspend(|| say(text));
    }

    fn progress(&self, phase: Phase, progress: &Progress) {
        let mut bars = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bars.entry(key(phase, progress)).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::no_length());
            bar.set_style(style(progress.unit));
            bar
        });
        bar.set_prefix(visible(&progress.subject).into_owned());
        if let Some(total) = progress.total {
            bar.set_length(total);
        }
        bar.set_position(progress.done);
        if progress.total == Some(progress.done) {
            bar.finish_and_clear();
            self.all.remove(bar);
            bars.remove(&key(phase, progress));
        }
    }

    /// Removes the bars of a phase that ended.
    fn clear(&self, phase: Phase) {
        let mut bars = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        bars.retain(|(of, _), bar| {
            if *of == phase {
                bar.finish_and_clear();
                self.all.remove(bar);
            }
            *of != phase
        });
    }
}

/// What has a bar of its own: each subject measured in bytes, and each series of steps as a whole.
fn key(phase: Phase, progress: &Progress) -> (Phase, String) {
    match (progress.unit, progress.total) {
        (ProgressUnit::Items, Some(total)) => (phase, format!("{total} steps")),
        _ => (phase, progress.subject.clone()),
    }
}

fn style(unit: ProgressUnit) -> ProgressStyle {
    let template = match unit {
        ProgressUnit::Bytes => "  {prefix:<24} {wide_bar} {bytes:>10} of {total_bytes:<10}",
        ProgressUnit::Items => "  {prefix:<24} {wide_bar} {pos:>6} of {len:<6}",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Reporter for Bars {
    fn report(&self, event: &Event) {
        match event {
            Event::Began(phase) => self.phases(|running| running.push(*phase)),
            Event::Ended(phase, _) => {
                self.clear(*phase);
                self.phases(|running| running.retain(|other| other != phase));
            }
            Event::Node(node, what) => self.line(&format!("  {node}: {what}")),
            Event::Step { number, say, what } => {
                for line in step_lines(number, say.as_deref(), what) {
                    self.line(&format!("  {line}"));
                }
            }
            Event::Stepped(outcome) => self.line(&format!("  {}", stepped(outcome))),
            Event::Progress(phase, progress) => self.progress(*phase, progress),
            Event::Note(text) => self.line(&format!("  {text}")),
            Event::Warning(text) => self.line(&format!("  warning: {text}")),
        }
    }
}
