//! PostgreSQL's settings and their values, by version.
//!
//! Owns the lists in `settings/NN.tsv` (how they are made is said beside them). Never knows about topologies.

use std::sync::LazyLock;

use crate::text::suggest::{did_you_mean, nearest};
use crate::units::{Family, UnitError, number, quantity};

/// One setting of one version.
#[derive(Debug, PartialEq)]
pub(super) struct Setting {
    pub(super) name: &'static str,
    /// Reported by the server, and not to be set.
    pub(super) internal: bool,
    kind: Kind,
}

#[derive(Debug, PartialEq)]
enum Kind {
    Boolean,
    Number {
        whole: bool,
        unit: Option<Unit>,
        least: f64,
        most: f64,
    },
    Words(Vec<&'static str>),
    Text,
}

#[derive(Debug, PartialEq, Clone, Copy)]
struct Unit {
    name: &'static str,
    family: Family,
    worth: f64,
}

/// The majors of which all settings are known.
static LISTS: LazyLock<[(u32, Vec<Setting>); 2]> = LazyLock::new(|| {
    [
        (15, list(include_str!("settings/15.tsv"))),
        (17, list(include_str!("settings/17.tsv"))),
    ]
});

fn list(text: &'static str) -> Vec<Setting> {
    text.lines().filter_map(setting).collect()
}

fn setting(line: &'static str) -> Option<Setting> {
    let mut fields = line.split('\t');
    let mut field = || fields.next();
    let (name, context, kind) = (field()?, field()?, field()?);
    let (unit, least, most, words) = (field()?, field()?, field()?, field()?);
    let kind = match kind {
        "bool" => Kind::Boolean,
        "enum" => Kind::Words(words.split(',').collect()),
        "integer" | "real" => Kind::Number {
            whole: kind == "integer",
            unit: base_unit(unit),
            least: least.parse().ok()?,
            most: most.parse().ok()?,
        },
        _ => Kind::Text,
    };
    Some(Setting {
        name,
        internal: context == "internal",
        kind,
    })
}

fn base_unit(name: &'static str) -> Option<Unit> {
    let (family, worth) = match name {
        "B" => (Family::Size, 1.0),
        "kB" => (Family::Size, 1024.0),
        "8kB" => (Family::Size, 8192.0),
        "MB" => (Family::Size, 1_048_576.0),
        "ms" => (Family::Duration, 1e3),
        "s" => (Family::Duration, 1e6),
        "min" => (Family::Duration, 6e7),
        _ => return None,
    };
    Some(Unit {
        name,
        family,
        worth,
    })
}

/// The knowledge of a setting in a major version.
pub(super) enum Known {
    /// The setting of just that version.
    Exactly(&'static Setting),
    /// The setting of another version: probably the same in this one.
    Roughly(&'static Setting),
    /// The version has no such setting, and maybe another one was meant.
    No(Option<String>),
    /// Nothing is known of the name, or not of this version.
    Nothing,
}

/// Looks a name up. Names with a dot belong to extensions, and nothing is known of them.
///
/// The nearest other name is looked for `with_hint` only, since that takes time.
pub(super) fn find(name: &str, major: Option<u32>, with_hint: bool) -> Known {
    let in_list = |list: &'static [Setting]| {
        list.iter()
            .find(|setting| setting.name.eq_ignore_ascii_case(name))
    };
    let elsewhere = || LISTS.iter().rev().find_map(|(_, list)| in_list(list));
    let Some((major, list)) = LISTS.iter().find(|(known, _)| Some(*known) == major) else {
        return elsewhere().map_or(Known::Nothing, Known::Roughly);
    };
    match in_list(list) {
        Some(setting) => Known::Exactly(setting),
        None if name.contains('.') => Known::Nothing,
        None if with_hint => Known::No(hint(name, *major, list)),
        None => Known::No(None),
    }
}

fn hint(name: &str, major: u32, list: &'static [Setting]) -> Option<String> {
    if name.eq_ignore_ascii_case("wal_keep_segments") {
        return Some("PostgreSQL 13 replaced it by `wal_keep_size`, a size".to_owned());
    }
    if ["include", "include_dir", "include_if_exists"].contains(&name) {
        return Some("write the settings themselves into `conf`".to_owned());
    }
    let other = LISTS
        .iter()
        .find(|(_, list)| list.iter().any(|known| known.name == name));
    match other {
        Some((other, _)) => Some(format!("PostgreSQL {other} has it, {major} has not")),
        None => did_you_mean(name, list.iter().map(|setting| setting.name)),
    }
}

/// A value that a setting does not take: a message, and a help where there is one.
pub(super) type Refusal = (String, Option<String>);

impl Setting {
    /// Refuses a value that the server would refuse.
    pub(super) fn check(&self, value: &str, exactly: bool) -> Result<(), Refusal> {
        match &self.kind {
            Kind::Boolean if boolean(value).is_none() => Err((
                format!("`{}` takes a boolean, and `{value}` is none", self.name),
                Some("write `on` or `off`".to_owned()),
            )),
            Kind::Number { .. } => self.check_number(value, exactly),
            Kind::Words(words) if exactly && !takes(self.name, words, value) => {
                let help = nearest(value, words.iter().copied()).map_or_else(
                    || format!("it takes {}", words.join(", ")),
                    |word| format!("did you mean `{word}`?"),
                );
                Err((
                    format!("`{}` has no value `{value}`", self.name),
                    Some(help),
                ))
            }
            _ => Ok(()),
        }
    }

    fn check_number(&self, value: &str, exactly: bool) -> Result<(), Refusal> {
        let Kind::Number {
            whole,
            unit,
            least,
            most,
        } = &self.kind
        else {
            return Ok(());
        };
        let amount = match unit {
            Some(unit) => {
                quantity(value, unit.family, unit.worth)
                    .map_err(|error| (format!("`{}`: {error}", self.name), unit_help(&error)))?
                    / unit.worth
            }
            None => match number(value) {
                Some((amount, "")) => amount,
                _ => {
                    return Err((
                        format!("`{}` takes a number, and `{value}` is none", self.name),
                        None,
                    ));
                }
            },
        };
        let amount = if *whole { amount.round() } else { amount };
        if exactly && !(*least..=*most).contains(&amount) {
            let unit = unit.map_or("", |unit| unit.name);
            let gap = if unit.is_empty() { "" } else { " " };
            let help = format!("it takes {least} to {most}{gap}{unit}");
            let message = format!("`{value}` is out of the range of `{}`", self.name);
            return Err((message, Some(help)));
        }
        Ok(())
    }
}

fn unit_help(error: &UnitError) -> Option<String> {
    error.meant().map(|unit| format!("did you mean `{unit}`?"))
}

/// Whether an enum takes a word. PostgreSQL lists its words without the older spellings it still takes.
fn takes(name: &str, words: &[&str], value: &str) -> bool {
    let listed = |word: &str| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    let older: &[&str] = match name {
        "wal_level" => &["archive", "hot_standby"],
        _ if listed("debug1") => &["debug", "info"],
        _ => &[],
    };
    listed(value)
        || older.iter().any(|word| word.eq_ignore_ascii_case(value))
        || match value.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => listed("on"),
            "false" | "no" | "0" => listed("off"),
            _ => false,
        }
}

/// A boolean in any of PostgreSQL's spellings: `on`, `true`, `yes`, `1`, or the beginning of one that is no other's.
pub(crate) fn boolean(value: &str) -> Option<bool> {
    let value = value.to_ascii_lowercase();
    let begins = |word: &str, least: usize| value.len() >= least && word.starts_with(&value);
    if begins("true", 1) || begins("yes", 1) || begins("on", 2) || value == "1" {
        Some(true)
    } else if begins("false", 1) || begins("no", 1) || begins("off", 2) || value == "0" {
        Some(false)
    } else {
        None
    }
}

/// A whole number, as the settings that count something hold it.
pub(super) fn count(value: &str) -> Option<u64> {
    match number(value) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be between zero and 2^53"
        )]
        Some((amount, "")) if (0.0..9e15).contains(&amount) => Some(amount.round() as u64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str) -> Result<(), Refusal> {
        match find(name, Some(17), true) {
            Known::Exactly(setting) => setting.check(value, true),
            _ => panic!("PostgreSQL 17 has `{name}`"),
        }
    }

    #[test]
    fn every_line_of_the_lists_is_read() {
        let lines = |text: &str| text.lines().count();
        assert_eq!(LISTS[0].1.len(), lines(include_str!("settings/15.tsv")));
        assert_eq!(LISTS[1].1.len(), lines(include_str!("settings/17.tsv")));
        for (_, list) in LISTS.iter() {
            assert!(list.len() > 300);
        }
    }

    #[test]
    fn values_that_a_server_takes_are_taken() {
        for (name, value) in [
            ("wal_keep_size", "64"),
            ("wal_keep_size", "64MB"),
            ("max_slot_wal_keep_size", "-1"),
            ("shared_buffers", "0.5GB"),
            ("wal_sender_timeout", "1min"),
            ("checkpoint_completion_target", "0.9"),
            ("hot_standby", "tr"),
            ("hot_standby", "OFF"),
            ("synchronous_commit", "remote_apply"),
            ("synchronous_commit", "true"),
            ("wal_level", "hot_standby"),
            ("log_min_messages", "debug"),
            ("DateStyle", "iso, mdy"),
            ("max_connections", "0x64"),
        ] {
            assert_eq!(check(name, value), Ok(()), "{name} = {value}");
        }
    }

    #[test]
    fn values_that_a_server_refuses_are_refused() {
        let said = |name, value| check(name, value).expect_err("refused");
        assert_eq!(
            said("wal_keep_size", "64mb"),
            (
                "`wal_keep_size`: `64mb` is not a size: `mb` is no unit, the units are B, kB, MB, GB and TB"
                    .to_owned(),
                Some("did you mean `MB`?".to_owned())
            )
        );
        assert_eq!(
            said("max_wal_senders", "-1"),
            (
                "`-1` is out of the range of `max_wal_senders`".to_owned(),
                Some("it takes 0 to 262143".to_owned())
            )
        );
        assert_eq!(
            said("synchronous_commit", "remote_aply").1.as_deref(),
            Some("did you mean `remote_apply`?")
        );
        for (name, value) in [
            ("hot_standby", "o"),
            ("hot_standby", ""),
            ("hot_standby", " on"),
            ("synchronous_commit", "tr"),
            ("client_min_messages", "fatal"),
            ("max_connections", "10MB"),
            ("checkpoint_timeout", "1s"),
            ("work_mem", "lots"),
        ] {
            assert!(check(name, value).is_err(), "{name} = {value}");
        }
    }

    #[test]
    fn a_setting_of_another_version_is_told_apart_from_a_slip() {
        let hint = |name, major| match find(name, Some(major), true) {
            Known::No(hint) => hint.expect("a hint"),
            _ => panic!("`{name}` is unknown to {major}"),
        };
        assert_eq!(
            hint("io_combine_limit", 15),
            "PostgreSQL 17 has it, 15 has not"
        );
        assert_eq!(hint("hot_standy", 17), "did you mean `hot_standby`?");
        assert!(hint("wal_keep_segments", 17).contains("`wal_keep_size`"));
        assert!(matches!(find("hot_standy", Some(16), true), Known::Nothing));
        assert!(matches!(
            find("hot_standby", Some(18), true),
            Known::Roughly(_)
        ));
        assert!(matches!(
            find("auto_explain.x", Some(17), true),
            Known::Nothing
        ));
    }
}
