//! Reasons in a server's log why it is not running. Pure: it reads lines.

/// Why a recovering server ended: its last FATAL line, without those that refuse a client (57P03).
#[must_use]
pub fn end_of_recovery<'a>(lines: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let refuses = ["the database system is ", "not yet accepting connections"];
    let fatal = lines.into_iter().filter(|line| line.contains("FATAL:  "));
    fatal
        .filter(|line| !refuses.iter().any(|words| line.contains(words)))
        .last()
}

/// The last limit of a recovering server that is lower than on the server whose WAL it replays (manual: "Hot Standby").
#[must_use]
pub fn lower_limits<'a>(lines: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let detail = lines.into_iter().filter_map(|line| {
        let (_, limit) = line.split_once("DETAIL:  ")?;
        limit
            .contains(" is a lower setting than on the primary server")
            .then_some(limit)
    });
    detail.last()
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
