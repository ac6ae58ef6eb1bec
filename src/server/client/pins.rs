//! The settings that a reading connection pins, so that no user's settings change what it reads.
//!
//! Pure. A setting in the start-up packet has precedence over `postgresql.conf`, `ALTER SYSTEM`, `ALTER DATABASE` and
//! `ALTER ROLE`. The server's data is not touched, and neither is any other connection.

use crate::server::version::Version;

/// The search path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchPath {
    /// The catalog alone: for connections that run no user code.
    Catalog,
    /// The server's own: for connections that write to users' tables, whose triggers and functions may name other objects
    /// without a schema.
    Users,
}

/// The settings that every reading connection depends on, each known to every version that we ask.
const PINNED: [(&str, &str); 20] = [
    // How values look as text.
    ("TimeZone", "UTC"),
    ("DateStyle", "ISO,MDY"),
    ("IntervalStyle", "postgres"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("lc_monetary", "C"),
    ("xmloption", "content"),
    ("xmlbinary", "base64"),
    ("quote_all_identifiers", "off"),
    ("array_nulls", "on"),
    ("transform_null_equals", "off"),
    // Who asks, and how.
    ("role", "none"),
    ("default_transaction_read_only", "off"),
    ("default_transaction_isolation", "read\\ committed"),
    ("default_transaction_deferrable", "off"),
    ("client_min_messages", "warning"),
    // How long a statement, a lock or a pause may take: we have limits of our own.
    ("statement_timeout", "0"),
    ("lock_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("exit_on_error", "off"),
];

/// The `options` of the start-up packet.
pub(super) fn options(path: SearchPath) -> String {
    let path = match path {
        SearchPath::Catalog => Some(("search_path", "pg_catalog")),
        SearchPath::Users => None,
    };
    let pinned = PINNED.into_iter().chain(path);
    let options: Vec<String> = pinned
        .map(|(name, value)| format!("-c {name}={value}"))
        .collect();
    options.join(" ")
}

/// The settings to pin once the version is known. In the start-up packet an unknown setting would be an error.
pub(super) fn by_version(version: Version) -> Option<&'static str> {
    match version.0 {
        ..14 => None,
        14..17 => Some("SET idle_session_timeout = 0"),
        17.. => Some("SET idle_session_timeout = 0; SET transaction_timeout = 0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_connection_that_runs_nothing_of_a_users_pins_the_search_path() {
        assert!(options(SearchPath::Catalog).ends_with("-c search_path=pg_catalog"));
        assert!(!options(SearchPath::Users).contains("search_path"));
    }

    #[test]
    fn values_are_single_words_of_the_packet() {
        let options = options(SearchPath::Catalog);
        let words = options.replace("\\ ", "_");
        let words: Vec<&str> = words.split(' ').collect();
        assert!(words.chunks(2).all(|pair| pair[0] == "-c"), "{options}");
    }

    #[test]
    fn no_server_is_sent_a_setting_that_it_does_not_know() {
        assert_eq!(by_version(Version(13)), None);
        assert!(by_version(Version(16)).is_some_and(|set| !set.contains("transaction_timeout")));
        assert!(by_version(Version(17)).is_some_and(|set| set.contains("transaction_timeout")));
    }
}
