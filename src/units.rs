//! Durations and sizes as PostgreSQL writes them (manual: "Parameter Names and Values"): `5s`, `1.5 min`, `64MB`.
//!
//! Owns the units and their factors. Never knows which setting is measured in what.

use std::time::Duration;

/// Why a text is neither a size nor a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// There is no number at the start.
    #[error("`{given}` is not a {what}: it begins with no number")]
    NoNumber {
        /// The text.
        given: String,
        /// `size` or `duration`.
        what: &'static str,
    },
    /// A number is followed by something else than a unit.
    #[error("`{given}` is not a {what}: `{unit}` is no unit, the units are {units}")]
    NoUnit {
        /// The text.
        given: String,
        /// `size` or `duration`.
        what: &'static str,
        /// The text after the number.
        unit: String,
        /// The possible units.
        units: &'static str,
    },
    /// The number is negative, or larger than can be counted.
    #[error("`{given}` is not a {what}: it is out of range")]
    OutOfRange {
        /// The text.
        given: String,
        /// `size` or `duration`.
        what: &'static str,
    },
}

impl UnitError {
    /// The unit that was probably meant: PostgreSQL tells `MB` from `mb`.
    #[must_use]
    pub fn meant(&self) -> Option<&'static str> {
        let Self::NoUnit { unit, .. } = self else {
            return None;
        };
        let lower = unit.to_ascii_lowercase();
        let words: &[(&str, &str)] = &[
            ("b", "B"),
            ("kb", "kB"),
            ("mb", "MB"),
            ("gb", "GB"),
            ("tb", "TB"),
            ("k", "kB"),
            ("g", "GB"),
            ("kib", "kB"),
            ("mib", "MB"),
            ("gib", "GB"),
            ("us", "us"),
            ("ms", "ms"),
            ("s", "s"),
            ("sec", "s"),
            ("secs", "s"),
            ("second", "s"),
            ("seconds", "s"),
            ("m", "min"),
            ("min", "min"),
            ("mins", "min"),
            ("minute", "min"),
            ("minutes", "min"),
            ("h", "h"),
            ("hour", "h"),
            ("hours", "h"),
            ("d", "d"),
            ("day", "d"),
            ("days", "d"),
        ];
        let family = self.family();
        words
            .iter()
            .filter(|(_, unit)| family.units().iter().any(|(name, _)| name == unit))
            .find(|(word, _)| *word == lower || (*word == "g" && lower == "gig"))
            .map(|(_, unit)| *unit)
            .or_else(|| (family == Family::Size && lower == "m").then_some("MB"))
    }

    fn family(&self) -> Family {
        match self {
            Self::NoNumber { what, .. }
            | Self::NoUnit { what, .. }
            | Self::OutOfRange { what, .. } => {
                if *what == Family::Size.noun() {
                    Family::Size
                } else {
                    Family::Duration
                }
            }
        }
    }
}

/// The measured quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Size,
    Duration,
}

impl Family {
    /// Each unit with its worth: in bytes, or in microseconds.
    fn units(self) -> &'static [(&'static str, f64)] {
        match self {
            Self::Size => &[
                ("B", 1.0),
                ("kB", 1024.0),
                ("MB", 1_048_576.0),
                ("GB", 1_073_741_824.0),
                ("TB", 1_099_511_627_776.0),
            ],
            Self::Duration => &[
                ("us", 1.0),
                ("ms", 1e3),
                ("s", 1e6),
                ("min", 6e7),
                ("h", 3.6e9),
                ("d", 8.64e10),
            ],
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Duration => "duration",
        }
    }

    fn names(self) -> &'static str {
        match self {
            Self::Size => "B, kB, MB, GB and TB",
            Self::Duration => "us, ms, s, min, h and d",
        }
    }
}

/// The unit of a duration that is written without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Milliseconds, as `recovery_min_apply_delay`.
    Milliseconds,
    /// Seconds, as `checkpoint_timeout`.
    Seconds,
    /// Minutes, as `log_rotation_age`.
    Minutes,
}

/// The unit of a size that is written without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeUnit {
    /// Bytes.
    Bytes,
    /// Kilobytes, as `work_mem`.
    Kilobytes,
    /// Blocks of 8 kB, as `shared_buffers`.
    Blocks,
    /// Megabytes, as `wal_keep_size`.
    Megabytes,
}

/// Reads a duration; `bare_unit` is what a number without a unit counts.
pub fn duration(given: &str, bare_unit: TimeUnit) -> Result<Duration, UnitError> {
    let bare = match bare_unit {
        TimeUnit::Milliseconds => 1e3,
        TimeUnit::Seconds => 1e6,
        TimeUnit::Minutes => 6e7,
    };
    let micros = quantity(given, Family::Duration, bare)?;
    Duration::try_from_secs_f64(micros / 1e6).map_err(|_| UnitError::OutOfRange {
        given: given.to_owned(),
        what: Family::Duration.noun(),
    })
}

/// Reads a size in bytes; `bare_unit` is what a number without a unit counts.
pub fn bytes(given: &str, bare_unit: SizeUnit) -> Result<u64, UnitError> {
    let bare = match bare_unit {
        SizeUnit::Bytes => 1.0,
        SizeUnit::Kilobytes => 1024.0,
        SizeUnit::Blocks => 8192.0,
        SizeUnit::Megabytes => 1_048_576.0,
    };
    let bytes = quantity(given, Family::Size, bare)?.round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be between zero and 2^63"
    )]
    if (0.0..9.2e18).contains(&bytes) {
        Ok(bytes as u64)
    } else {
        Err(UnitError::OutOfRange {
            given: given.to_owned(),
            what: Family::Size.noun(),
        })
    }
}

/// Reads a quantity in bytes or microseconds, which may be negative.
pub(crate) fn quantity(given: &str, family: Family, bare: f64) -> Result<f64, UnitError> {
    let (number, unit) = number(given).ok_or_else(|| UnitError::NoNumber {
        given: given.to_owned(),
        what: family.noun(),
    })?;
    if unit.is_empty() {
        return Ok(number * bare);
    }
    match family.units().iter().find(|(name, _)| *name == unit) {
        Some((_, worth)) => Ok(number * worth),
        None => Err(UnitError::NoUnit {
            given: given.to_owned(),
            what: family.noun(),
            unit: unit.to_owned(),
            units: family.names(),
        }),
    }
}

/// Splits a text into the number at its start and what follows, both without the spaces around them.
///
/// Integers may be hexadecimal or octal, as C's `strtol` reads them and thus PostgreSQL.
pub(crate) fn number(given: &str) -> Option<(f64, &str)> {
    let given = given.trim();
    let (sign, digits) = match given.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, given.strip_prefix('+').unwrap_or(given)),
    };
    if let Some(rest) = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        let end = rest
            .find(|c: char| !c.is_ascii_hexdigit())
            .unwrap_or(rest.len());
        let value = u32::from_str_radix(rest.get(..end)?, 16).ok()?;
        return Some((sign * f64::from(value), rest.get(end..)?.trim()));
    }
    let whole = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let rest = digits.get(whole..)?;
    let is_octal = whole > 1 && digits.starts_with('0') && !rest.starts_with(['.', 'e', 'E']);
    if is_octal {
        let value = u32::from_str_radix(digits.get(..whole)?, 8).ok()?;
        return Some((sign * f64::from(value), rest.trim()));
    }
    let end = float_end(digits);
    let value: f64 = digits.get(..end)?.parse().ok()?;
    Some((sign * value, digits.get(end..)?.trim()))
}

/// Where the decimal number at the start of `digits` ends. An `e` without digits after it belongs to the unit.
fn float_end(digits: &str) -> usize {
    let bytes = digits.as_bytes();
    let run = |from: usize| {
        from + bytes
            .iter()
            .skip(from)
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let mut end = run(0);
    if bytes.get(end) == Some(&b'.') {
        end = run(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = run(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_counts_in_the_settings_own_unit() {
        let five = |unit| duration("5", unit).expect("a duration");
        assert_eq!(five(TimeUnit::Milliseconds), Duration::from_millis(5));
        assert_eq!(five(TimeUnit::Minutes), Duration::from_secs(300));
        assert_eq!(bytes("64", SizeUnit::Megabytes), Ok(64 << 20));
        assert_eq!(bytes("16", SizeUnit::Blocks), Ok(16 * 8192));
    }

    #[test]
    fn units_fractions_and_spaces_are_read_as_postgresql_reads_them() {
        let read = |given| duration(given, TimeUnit::Milliseconds);
        assert_eq!(read("1.5 min"), Ok(Duration::from_secs(90)));
        assert_eq!(read(" 250us "), Ok(Duration::from_micros(250)));
        assert_eq!(read("1d"), Ok(Duration::from_secs(86_400)));
        assert_eq!(read("1e3"), Ok(Duration::from_secs(1)));
        assert_eq!(read("0x10"), Ok(Duration::from_millis(16)));
        assert_eq!(read("010"), Ok(Duration::from_millis(8)));
        assert_eq!(bytes("0.5GB", SizeUnit::Bytes), Ok(1 << 29));
    }

    #[test]
    fn what_is_no_quantity_says_why() {
        let said = |given| {
            duration(given, TimeUnit::Milliseconds)
                .expect_err("not a duration")
                .to_string()
        };
        assert_eq!(
            said("soon"),
            "`soon` is not a duration: it begins with no number"
        );
        assert_eq!(
            said("5 sec"),
            "`5 sec` is not a duration: `sec` is no unit, the units are us, ms, s, min, h and d"
        );
        assert_eq!(said("-1"), "`-1` is not a duration: it is out of range");
        for junk in ["", " ", "-", "0x", "1e999", ".", "64MB", "1 2"] {
            assert!(duration(junk, TimeUnit::Seconds).is_err(), "{junk}");
        }
    }

    #[test]
    fn a_unit_in_the_wrong_case_is_recognised() {
        let meant = |given| bytes(given, SizeUnit::Bytes).expect_err("no size").meant();
        assert_eq!(meant("64mb"), Some("MB"));
        assert_eq!(meant("64M"), Some("MB"));
        assert_eq!(meant("64ms"), None);
        let meant = |given| {
            duration(given, TimeUnit::Seconds)
                .expect_err("no duration")
                .meant()
        };
        assert_eq!(meant("5m"), Some("min"));
        assert_eq!(meant("5 secs"), Some("s"));
    }
}
