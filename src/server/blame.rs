//! The setting that a server blames when it does not start, or lets nobody in. Pure: it reads lines.

use super::conf::{Origin, Setting};

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
const PHRASES: [(&str, &str); 7] = [
    ("unrecognized configuration parameter \"", "\""),
    ("invalid value for parameter \"", "\""),
    ("parameter \"", "\""),
    ("is outside the valid range for parameter \"", "\""),
    ("because \"", "\""),
    ("Set \"", "\""),
    ("perhaps by reducing \"", "\""),
];

/// Words of messages that name neither the setting nor its value (`src/backend/libpq/be-secure-openssl.c`,
/// `src/backend/port/sysv_shmem.c`).
const IMPLIED: [(&str, &str); 8] = [
    ("could not load server certificate file", "ssl"),
    ("could not access private key file", "ssl"),
    ("could not load private key file", "ssl"),
    (
        "could not set SSL protocol version range",
        "ssl_min_protocol_version",
    ),
    (
        "could not set minimum SSL protocol version",
        "ssl_min_protocol_version",
    ),
    (
        "could not set maximum SSL protocol version",
        "ssl_max_protocol_version",
    ),
    ("could not set the cipher list", "ssl_ciphers"),
    ("huge pages", "huge_pages"),
];

/// The setting that the log blames, if it blames one. A setting that the scenario gave comes before the others.
#[must_use]
pub fn blamed_setting<'a>(
    lines: impl IntoIterator<Item = &'a str>,
    settings: &[Setting],
) -> Option<Blame> {
    let lines: Vec<&str> = lines.into_iter().collect();
    let given: Vec<&Setting> = settings
        .iter()
        .filter(|setting| setting.origin == Origin::Scenario)
        .collect();
    let errors = lines.iter().filter(|line| is_error(line));
    let others = lines.iter().filter(|line| !is_error(line));
    let ordered: Vec<&str> = errors.chain(others).copied().collect();
    let named = ordered.iter().filter_map(|line| named(line));
    let named: Vec<Blame> = named.collect();
    let is_given = |blame: &&Blame| {
        let mut given = given.iter();
        given.any(|setting| setting.name.eq_ignore_ascii_case(&blame.setting))
    };
    let first_given = named.iter().find(is_given).cloned();
    first_given
        .or_else(|| ordered.iter().find_map(|line| mentioned(line, &given)))
        .or_else(|| ordered.iter().find_map(|line| implied(line, &given)))
        .or_else(|| named.into_iter().next())
}

/// Whether a line is the server's error, and not what goes with one. Without the program's name before it, `postgres`
/// writes an error on its standard error that no log level precedes.
fn is_error(line: &str) -> bool {
    ["FATAL", "PANIC", "ERROR"]
        .iter()
        .any(|level| line.contains(level))
        || line.starts_with("postgres: ")
}

/// The setting that a line names with one of the phrases.
fn named(line: &str) -> Option<Blame> {
    let setting = PHRASES.iter().find_map(|(before, after)| {
        let start = line.find(before)? + before.len();
        let (name, _) = line[start..].split_once(after)?;
        (!name.is_empty()).then_some(name)
    });
    blame(setting.or_else(|| lower_than_on_primary(line))?, line)
}

/// `max_connections = 50 is a lower setting than on the primary server`, the DETAIL of a recovery that is aborted (manual:
/// "Hot Standby").
fn lower_than_on_primary(line: &str) -> Option<&str> {
    let (before, _) = line.split_once(" is a lower setting than on the primary server")?;
    let (before, _) = before.rsplit_once(" = ")?;
    before.split_whitespace().last()
}

/// The first of the given settings whose name a line has, or whose value it quotes.
fn mentioned(line: &str, given: &[&Setting]) -> Option<Blame> {
    let places = given.iter().filter_map(|setting| {
        let at = name_in(line, &setting.name).or_else(|| {
            let mut values = setting
                .value
                .split(',')
                .map(|value| value.trim_matches([' ', '"']));
            values.find_map(|value| {
                line.find(&format!("\"{value}\""))
                    .filter(|_| !value.is_empty())
            })
        });
        Some((at?, &setting.name))
    });
    let (_, setting) = places.min_by_key(|(at, _)| *at)?;
    blame(setting, line)
}

/// Where a line has the name of a setting: in quotes, or as a word that is no other word of English.
fn name_in(line: &str, name: &str) -> Option<usize> {
    let quoted = line.find(&format!("\"{name}\""));
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    quoted.or_else(|| {
        let mut places = line.match_indices(name).filter(|_| name.contains('_'));
        let whole = places.find(|(at, _)| {
            !line[..*at].ends_with(is_part) && !line[at + name.len()..].starts_with(is_part)
        });
        whole.map(|(at, _)| at)
    })
}

/// The given setting that a line is about without a word of it.
fn implied(line: &str, given: &[&Setting]) -> Option<Blame> {
    let mut meant = IMPLIED.iter().filter(|(words, _)| line.contains(words));
    let setting = meant.find_map(|(_, name)| given.iter().find(|setting| setting.name == *name))?;
    blame(&setting.name, line)
}

#[expect(clippy::unnecessary_wraps, reason = "the end of each way to find one")]
fn blame(setting: &str, line: &str) -> Option<Blame> {
    Some(Blame {
        setting: setting.to_owned(),
        line: line.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a log blames where the scenario gave these settings.
    fn blames(log: &str, given: &[(&str, &str)]) -> Option<String> {
        let given = given.iter().map(|(name, value)| Setting {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
            origin: Origin::Scenario,
        });
        let given: Vec<Setting> = given.collect();
        blamed_setting(log.lines(), &given).map(|blame| blame.setting)
    }

    #[test]
    fn a_setting_that_the_log_names_is_blamed() {
        for (log, setting) in [
            (
                "t LOG:  unrecognized configuration parameter \"shared_bufers\" in file \"/x/postgresql.conf\" line 9\n\
                 t FATAL:  configuration file \"/x/postgresql.conf\" contains errors",
                "shared_bufers",
            ),
            (
                "FATAL:  99999999 is outside the valid range for parameter \"max_connections\" (1 .. 262143)",
                "max_connections",
            ),
            (
                "FATAL:  recovery aborted because of insufficient parameter settings\n\
                 DETAIL:  max_connections = 50 is a lower setting than on the primary server, where its value was 100.",
                "max_connections",
            ),
        ] {
            assert_eq!(blames(log, &[]).as_deref(), Some(setting), "{log}");
        }
    }

    #[test]
    fn a_setting_of_the_scenario_is_blamed_by_its_name_its_value_or_what_it_is_about() {
        for (log, given) in [
            (
                "t FATAL:  could not access file \"nosuch\": No such file or directory",
                ("shared_preload_libraries", "pg_stat_statements, nosuch"),
            ),
            (
                "t FATAL:  \"min_wal_size\" must be at least twice \"wal_segment_size\"",
                ("min_wal_size", "2MB"),
            ),
            (
                "postgres: superuser_reserved_connections (3) must be less than max_connections (3)",
                ("max_connections", "3"),
            ),
            (
                "t LOG:  group \"nosuch\" does not exist\n\
                 t FATAL:  could not create any Unix-domain sockets",
                ("unix_socket_group", "nosuch"),
            ),
            (
                "t FATAL:  could not load server certificate file \"server.crt\": No such file or directory",
                ("ssl", "on"),
            ),
            (
                "t FATAL:  could not map anonymous shared memory: Cannot allocate memory\n\
                 t HINT:  … exceeded available memory, swap space, or huge pages. … perhaps by reducing \"shared_buffers\"",
                ("huge_pages", "on"),
            ),
        ] {
            let blamed = blames(log, &[("work_mem", "8MB"), given]);
            assert_eq!(blamed.as_deref(), Some(given.0), "{log}");
        }
    }

    #[test]
    fn what_a_scenario_gave_is_not_blamed_for_what_others_cause() {
        for log in [
            "LOG:  database system is ready to accept connections",
            "FATAL:  data directory \"/x\" has wrong ownership",
            "FATAL:  could not write lock file \"postmaster.pid\": No space left on device",
            "FATAL:  the superuser role \"postgres\" does not exist",
        ] {
            let given = [
                ("ssl", "off"),
                ("role", "x"),
                ("max_wal_size", "1GB"),
                ("search_path", ""),
            ];
            assert_eq!(blames(log, &given), None, "{log}");
        }
    }
}
