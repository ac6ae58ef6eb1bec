//! Mutated scenario files: whatever stands in one, it is read without a panic, soon, and an error has its place.
//!
//! `LAB_FUZZ` is the number of mutants, `LAB_FUZZ_SEED` the first seed. With `LAB_FUZZ_KEEP` some of those that are
//! accepted are written to that folder, below the name of the folder that they come from, so that they can be brought up
//! (`.ci/fuzz`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use replication_lab::plan::Plan;
use replication_lab::scenario::load::{Overrides, Source, load};

use crate::dice::Dice;

/// What a mutant may cost of a processor's time.
const LIMIT: Duration = Duration::from_secs(1);

/// The memory that all of them together may take, in megabytes.
const MEMORY: u64 = 500;

/// Words and signs that mean something to YAML, to a scenario, to PostgreSQL or to a path.
const WORDS: &[&str] = &[
    "",
    " ",
    "\n",
    "\t",
    "\r\n",
    "- ",
    ": ",
    "[",
    "]",
    "{",
    "}",
    "{}",
    "[]",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "? ",
    "| ",
    ">-",
    "---\n",
    "...",
    "#",
    "'",
    "\"",
    "\\",
    "${v}",
    "$${",
    "null",
    "~",
    "true",
    "0",
    "-1",
    "1e999",
    ".inf",
    ".nan",
    "0x1f",
    "99999999999999999999",
    "1h",
    "10min",
    "64MB",
    "16EB",
    "postgres",
    "primary",
    "replica",
    "nodes",
    "steps",
    "name",
    "on",
    "sql",
    "sql_file",
    "files",
    "../x.sql",
    "/dev/zero",
    "/",
    "repeat",
    "hold",
    "during",
    "over",
    "as",
    "expect",
    "rows",
    "value",
    "error",
    "session",
    "within",
    "capture",
    "conf",
    "hba",
    "standby_of",
    "slot",
    "publications",
    "tables",
    "all",
    "where",
    "columns",
    "subscriptions",
    "upstream",
    "services",
    "pgadmin",
    "port",
    "image",
    "data",
    "schema",
    "seed",
    "archive_command",
    "SELECT 1",
    "$$",
    "DROP TABLE",
    "--",
    "/*",
    "ä",
    "漢",
    "\u{202e}",
    "\u{0}",
    "\u{1b}",
    "\u{feff}",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

/// A scenario's bytes, and the folder that it stands in.
type Seed = (Vec<u8>, PathBuf);

fn seeds() -> Vec<Seed> {
    let mut found = Vec::new();
    for folder in ["labs", "tests/rehearsals", "tests/steps", "tests/cases"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = std::fs::read_dir(&folder).expect("a folder");
        let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
        files.retain(|path| path.extension().is_some_and(|it| it == "yaml"));
        files.sort();
        found.extend(files.iter().map(|path| {
            let bytes = std::fs::read(path).expect("a scenario");
            (bytes, folder.clone())
        }));
    }
    found
}

/// A place in a text at which a line, a word or a byte begins.
fn span(dice: &mut Dice, text: &[u8]) -> std::ops::Range<usize> {
    let at = dice.pick(text.len() + 1);
    let is_end: fn(&u8) -> bool = match dice.pick(3) {
        0 => |byte| *byte == b'\n',
        1 => |byte| !byte.is_ascii_alphanumeric() && *byte != b'_',
        _ => return at..(at + 1).min(text.len()),
    };
    let start = text[..at].iter().rposition(is_end).map_or(0, |at| at + 1);
    let end = text[at..].iter().position(is_end);
    start..end.map_or(text.len(), |end| (at + end + 1).min(text.len()))
}

fn mutate(dice: &mut Dice, text: &mut Vec<u8>, other: &[u8]) {
    let place = span(dice, text);
    let new = match dice.pick(7) {
        0 => Vec::new(),
        1 | 2 => dice.one(WORDS).as_bytes().to_vec(),
        // Something from elsewhere in this file, or in another one.
        3 => text[span(dice, text)].to_vec(),
        4 => other[span(dice, other)].to_vec(),
        5 => text[place.clone()].repeat(1 + dice.pick(40)),
        _ => vec![u8::try_from(dice.pick(256)).expect("a byte")],
    };
    if dice.pick(3) == 0 {
        text.splice(place.start..place.start, new);
    } else {
        text.splice(place, new);
    }
}

fn mutant(seed: u64, seeds: &[Seed]) -> Seed {
    let mut dice = Dice(seed);
    let (mut text, folder) = dice.one(seeds).clone();
    for _ in 0..=dice.pick(4) {
        let (other, _) = dice.one(seeds);
        mutate(&mut dice, &mut text, other);
    }
    (text, folder)
}

/// The time that this thread has had of a processor.
fn worked() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|it| it.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

/// Whether a mutant is a scenario. Everything that must not be is in the error.
fn check((text, folder): &Seed) -> Result<bool, String> {
    let began = worked();
    let loaded = catch_unwind(AssertUnwindSafe(|| {
        let source = Source::new("mutant.yaml", text, Some(folder.clone()))?;
        let loaded = load(&source, &Overrides::default())?;
        // What is accepted has a plan, which a label brings back.
        let plan = Plan::resolve(&loaded.scenario, &loaded.sql, None);
        let hidden = plan.hidden();
        let read: Plan = serde_json::from_value(hidden.plan).expect("a plan");
        assert!(
            !read.differs_from(&plan),
            "the plan is another one in the label"
        );
        Ok::<_, Box<replication_lab::scenario::diagnostic::Diagnostics>>(())
    }));
    let took = worked().saturating_sub(began);
    if took > LIMIT {
        return Err(format!("it took {took:?}"));
    }
    let Ok(loaded) = loaded else {
        return Err("it panicked".to_owned());
    };
    let Err(wrong) = loaded else { return Ok(true) };
    let lines = text.split(|byte| *byte == b'\n').count();
    for one in wrong.iter() {
        let place = one.position();
        if !place.is_some_and(|place| (1..=lines).contains(&place.line) && place.column > 0) {
            return Err(format!("the error `{}` is at {place:?}", one.message));
        }
    }
    let shown = wrong.render(true);
    if shown.is_empty() || shown.len() > 16 << 20 {
        return Err(format!("{} bytes of errors", shown.len()));
    }
    Ok(false)
}

/// Writes a mutant where the SQL files of its folder are looked for.
fn write(keep: &Path, seed: u64, (text, folder): &Seed) {
    let folder = keep.join(folder.file_name().expect("a name"));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(format!("{seed}.yaml")), text).expect("a file");
}

/// The most memory that this process has had, in megabytes.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a state of this process");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.expect("a number") >> 10
}

fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(default, |given| given.parse().expect("a number"))
}

#[test]
fn a_mutated_scenario_is_read_or_refused_with_a_place() {
    let (count, first) = (number("LAB_FUZZ", 8_000), number("LAB_FUZZ_SEED", 1));
    let keep = std::env::var_os("LAB_FUZZ_KEEP").map(PathBuf::from);
    let seeds = seeds();
    let hands = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let results = std::thread::scope(|scope| {
        let hands: Vec<_> = (0..hands)
            .map(|hand| {
                let (seeds, keep) = (&seeds, keep.as_deref());
                scope.spawn(move || {
                    let (mut accepted, mut faults) = (0_u64, Vec::new());
                    for seed in (first..first + count).filter(|seed| seed % hands == hand) {
                        let mutant = mutant(seed, seeds);
                        match check(&mutant) {
                            Ok(true) => {
                                accepted += 1;
                                if let Some(keep) = keep.filter(|_| seed % 97 == 0) {
                                    write(keep, seed, &mutant);
                                }
                            }
                            Ok(false) => {}
                            Err(why) => faults.push(format!("seed {seed}: {why}")),
                        }
                    }
                    (accepted, faults)
                })
            })
            .collect();
        hands
            .into_iter()
            .map(|hand| hand.join().expect("no panic"))
            .collect::<Vec<_>>()
    });
    let accepted: u64 = results.iter().map(|(accepted, _)| accepted).sum();
    let faults: Vec<_> = results.into_iter().flat_map(|(_, faults)| faults).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let memory = most_memory();
    assert!(memory < MEMORY, "{memory} MB of memory");
    // Otherwise the mutants are too wild to test what comes after the first error.
    assert!(accepted * 20 > count, "{accepted} of {count} are scenarios");
}
