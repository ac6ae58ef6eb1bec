//! Reasons in a server's log why it is not running. Pure: it reads lines.

use std::sync::LazyLock;

/// A setting that the server names as the reason why it refuses to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blame {
    /// The setting's name.
    pub setting: String,
    /// The log line that names it.
    pub line: String,
}

/// Phrases of the server's messages around a setting's name (`src/backend/utils/misc/guc.c` and
/// `src/backend/access/transam/xlogrecovery.c`).
static PHRASES: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    vec![
        ("unrecognized configuration parameter \"", "\""),
        ("invalid value for parameter \"", "\""),
        ("parameter \"", "\""),
        ("is outside the valid range for parameter \"", "\""),
        ("because \"", "\""),
        ("Set \"", "\""),
        ("perhaps by reducing \"", "\""),
        ("insufficient parameter settings", ""),
    ]
});

/// The setting that the log blames, if it blames one.
#[must_use]
pub fn blamed_setting<'a>(lines: impl IntoIterator<Item = &'a str>) -> Option<Blame> {
    let lines: Vec<&str> = lines.into_iter().collect();
    let fatal = lines
        .iter()
        .filter(|line| line.contains("FATAL") || line.contains("ERROR") || line.contains("LOG:"));
    for line in fatal.chain(lines.iter()) {
        for (before, after) in PHRASES.iter() {
            let Some(start) = line.find(before) else {
                continue;
            };
            let rest = &line[start + before.len()..];
            let Some(end) = rest.find(after).filter(|end| *end > 0) else {
                continue;
            };
            return Some(Blame {
                setting: rest[..end].to_owned(),
                line: (*line).to_owned(),
            });
        }
    }
    standby_blame(&lines)
}

/// `FATAL: recovery aborted because of insufficient parameter settings`, whose DETAIL names the setting
/// (manual: "Hot Standby"): `max_connections = 50 is a lower setting than on the primary server`.
fn standby_blame(lines: &[&str]) -> Option<Blame> {
    let line = lines
        .iter()
        .find(|line| line.contains("is a lower setting than on the primary server"))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "=")?;
    let setting = words.get(at.checked_sub(1)?)?;
    Some(Blame {
        setting: (*setting).to_owned(),
        line: (*line).to_owned(),
    })
}

/// Why a recovering server ended: its last FATAL line, without those that refuse a client (57P03).
#[must_use]
pub fn end_of_recovery<'a>(lines: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let refuses = ["the database system is ", "not yet accepting connections"];
    let fatal = lines.into_iter().filter(|line| line.contains("FATAL:  "));
    fatal
        .filter(|line| !refuses.iter().any(|words| line.contains(words)))
        .last()
}

/// The last words of a container that ended by itself: the server's last FATAL or PANIC with its DETAIL and HINT. Without
/// one, the last lines.
#[must_use]
pub fn why_ended(lines: &[String]) -> Vec<&str> {
    const SHOWN: usize = 3;
    let is_last_word = |line: &String| line.contains("FATAL:  ") || line.contains("PANIC:  ");
    let Some(at) = lines.iter().rposition(is_last_word) else {
        let skipped = lines.len().saturating_sub(SHOWN);
        return lines.iter().skip(skipped).map(String::as_str).collect();
    };
    let belongs = |line: &&String| line.contains(" DETAIL:  ") || line.contains(" HINT:  ");
    let more = lines[at + 1..].iter().take_while(belongs);
    // A configuration file's FATAL line says only that there are errors. The lines before say which.
    let own = &lines[..at];
    let named = |line: &&String| {
        line.contains("LOG:  ") && (line.contains(" in file \"") || line.contains("parameter \""))
    };
    let errors = own.iter().rev().take_while(named).count();
    let is_configuration = lines[at].contains("contains errors");
    let before = if is_configuration {
        &own[at - errors..]
    } else {
        &[]
    };
    before
        .iter()
        .chain([&lines[at]])
        .chain(more)
        .map(String::as_str)
        .collect()
}

/// The progress of `pg_basebackup --progress`: `(kilobytes done, kilobytes in all)`.
///
/// Its lines look like `  23150/39436 kB (58%), 0/1 tablespace`.
#[must_use]
pub fn backup_progress(line: &str) -> Option<(u64, u64)> {
    let (numbers, _) = line.trim().split_once(" kB (")?;
    let (done, total) = numbers.split_once('/')?;
    Some((done.trim().parse().ok()?, total.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_setting_is_blamed() {
        let log = "2026-01-01 LOG:  unrecognized configuration parameter \"shared_bufers\" in file \"/x/postgresql.conf\" line 9\n\
                   2026-01-01 FATAL:  configuration file \"/x/postgresql.conf\" contains errors";
        assert_eq!(
            blamed_setting(log.lines()).expect("blame").setting,
            "shared_bufers"
        );
    }

    #[test]
    fn a_value_out_of_range_is_blamed() {
        let log = "FATAL:  99999999 is outside the valid range for parameter \"max_connections\" (1 .. 262143)";
        assert_eq!(
            blamed_setting(log.lines()).expect("blame").setting,
            "max_connections"
        );
    }

    #[test]
    fn a_standby_with_less_than_its_primary_is_blamed() {
        let log = "FATAL:  recovery aborted because of insufficient parameter settings\n\
                   DETAIL:  max_connections = 50 is a lower setting than on the primary server, where its value was 100.";
        assert_eq!(
            blamed_setting(log.lines()).expect("blame").setting,
            "max_connections"
        );
    }

    #[test]
    fn an_innocent_log_blames_nothing() {
        assert_eq!(
            blamed_setting(["LOG:  database system is ready to accept connections"]),
            None
        );
    }

    #[test]
    fn the_reason_of_an_end_is_the_last_fatal_line_with_what_belongs_to_it() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let log = lines(
            "t [8] FATAL:  an earlier one\n\
             t [8] FATAL:  recovery aborted because of insufficient parameter settings\n\
             t [8] DETAIL:  max_connections = 50 is a lower setting\n\
             t [8] HINT:  You can restart the server\n\
             t [1] LOG:  database system is shut down",
        );
        assert_eq!(why_ended(&log), log[1..4].iter().collect::<Vec<_>>());
        let log = lines("a\nb\nlab: base backup begins\npg_basebackup: error: connection failed");
        assert_eq!(why_ended(&log), log[1..].iter().collect::<Vec<_>>());
    }

    #[test]
    fn the_end_of_a_recovery_is_told_from_refused_clients() {
        let ended =
            "2026-01-01 [9] FATAL:  recovery ended before configured recovery target was reached";
        let log = format!(
            "2026-01-01 [9] LOG:  starting point-in-time recovery to \"nowhere\"\n{ended}\n\
             2026-01-01 [12] FATAL:  the database system is not yet accepting connections\n\
             2026-01-01 [13] FATAL:  the database system is shutting down"
        );
        assert_eq!(end_of_recovery(log.lines()), Some(ended));
        assert_eq!(end_of_recovery(log.lines().skip(2)), None);
    }

    #[test]
    fn progress_is_read() {
        assert_eq!(
            backup_progress(" 23150/39436 kB (58%), 0/1 tablespace"),
            Some((23150, 39436))
        );
        assert_eq!(
            backup_progress("39436/39436 kB (100%), 1/1 tablespace"),
            Some((39436, 39436))
        );
        assert_eq!(backup_progress("waiting for checkpoint"), None);
    }
}
