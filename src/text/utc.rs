//! Times as servers and Docker write them, in UTC.

use std::time::{Duration, SystemTime};

/// The time of `2026-11-27 00:41:43.100` or `2026-11-27T00:41:43Z`, which is UTC.
#[must_use]
pub fn parse(text: &str) -> Option<SystemTime> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = text.split_once(['T', ' '])?;
    let number = |text: &str| text.parse::<u64>().ok();
    let [year, month, day] = parts(date, '-')?.map(number);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = parts(time, ':')?.map(number);
    let days = days(year?, month?, day?)?;
    let (hour, minute, second) = (hour?, minute?, second?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let nanos = format!("{fraction:0<9}").get(..9)?.parse::<u32>().ok()?;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))
}

/// A time to the second, as people read it: `2026-11-27 00:41:43 UTC`.
#[must_use]
pub fn shown(time: SystemTime) -> String {
    let (year, month, day, [hour, minute, second]) = calendar(time);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// A time to the second, as programs read it: `2026-11-27T00:41:43Z`.
#[must_use]
pub fn rfc3339(time: SystemTime) -> String {
    let (year, month, day, [hour, minute, second]) = calendar(time);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn parts(text: &str, by: char) -> Option<[&str; 3]> {
    let parts: Vec<&str> = text.split(by).collect();
    parts.try_into().ok()
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The days since 1970.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let is_a_date = (1970..10_000).contains(&year)
        && (1..=12).contains(&month)
        && day >= 1
        && day <= days_of(year, month);
    if !is_a_date {
        return None;
    }
    let years: u64 = (1970..year).map(|it| 365 + u64::from(is_leap(it))).sum();
    let months: u64 = (1..month).map(|it| days_of(year, it)).sum();
    Some(years + months + day - 1)
}

fn calendar(time: SystemTime) -> (u64, u64, u64, [u64; 3]) {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.unwrap_or_default().as_secs();
    let (mut days, rest) = (seconds / 86_400, seconds % 86_400);
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let mut month = 1;
    while days >= days_of(year, month) {
        days -= days_of(year, month);
        month += 1;
    }
    (
        year,
        month,
        days + 1,
        [rest / 3600, rest / 60 % 60, rest % 60],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_and_shown() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2024-02-29 23:59:59.9", 1_709_251_199),
            ("2026-11-27T00:41:43.123456789Z", 1_795_740_103),
        ] {
            let time = parse(text).expect(text);
            let since = time.duration_since(SystemTime::UNIX_EPOCH).expect("after");
            assert_eq!(since.as_secs(), seconds, "{text}");
            assert_eq!(rfc3339(time)[..19], text.replace(' ', "T")[..19]);
        }
        let time = parse("2026-11-27 00:41:43").expect("a time");
        assert_eq!(shown(time), "2026-11-27 00:41:43 UTC");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "x",
            "2026-13-01 00:00:00",
            "2026-02-29 00:00:00",
            "2026-01-01 24:00:00",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
