//! Conflict counters: of queries with replay on a standby, of rows with applied changes on a subscriber (manual: "The Cumulative Statistics System").

use std::collections::BTreeMap;

use super::client::Reader;
use super::server_error::ServerError;
use super::version::Version;

/// Counts by kind. A standby's are named as their columns in `pg_stat_database_conflicts` without `confl_`, and so are a
/// subscriber's of PostgreSQL 18 and later; its errors are under their column's name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conflicts(BTreeMap<String, u64>);

impl Conflicts {
    /// How often a kind of conflict happened: `snapshot`, `insert_exists`, `apply_error_count`. `None` where the server
    /// does not count it.
    #[must_use]
    pub fn of(&self, kind: &str) -> Option<u64> {
        self.0.get(kind).copied()
    }
}

/// The counters as one JSON document, whose keys are columns: each version has some more.
fn sql(version: Version) -> String {
    let standby = "SELECT pg_catalog.to_jsonb(c) FROM pg_catalog.pg_stat_database_conflicts AS c \
        WHERE c.datname = pg_catalog.current_database()";
    if version < Version(15) {
        return format!("SELECT coalesce(({standby}), '{{}}')::pg_catalog.text");
    }
    format!(
        "SELECT (coalesce(({standby}), '{{}}') || coalesce((SELECT pg_catalog.jsonb_object_agg(key, total) FROM \
         (SELECT key, pg_catalog.sum(value::pg_catalog.text::pg_catalog.numeric) AS total \
          FROM pg_catalog.pg_stat_subscription_stats AS s, pg_catalog.jsonb_each(pg_catalog.to_jsonb(s)) \
          WHERE pg_catalog.jsonb_typeof(value) = 'number' GROUP BY key) AS t), '{{}}'))::pg_catalog.text"
    )
}

/// The counts of the database that `reader` is connected to, and of all subscriptions of its server.
///
/// # Errors
/// The server's error.
pub async fn conflicts(reader: &Reader) -> Result<Conflicts, ServerError> {
    let row = reader.query_one(&sql(reader.version()), &[]).await?;
    Ok(counts(row.get(0)))
}

fn counts(document: &str) -> Conflicts {
    let columns: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(document).unwrap_or_default();
    let counts = columns.iter().filter_map(|(column, value)| {
        let kind = column.strip_prefix("confl_").unwrap_or(column);
        Some((kind.to_owned(), value.as_u64()?))
    });
    Conflicts(counts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_a_column_without_its_prefix() {
        let counts = counts(r#"{"datname": "d", "confl_snapshot": 2, "apply_error_count": 1}"#);
        assert_eq!(counts.of("snapshot"), Some(2));
        assert_eq!(counts.of("apply_error_count"), Some(1));
        assert_eq!(counts.of("insert_exists"), None);
    }

    #[test]
    fn a_subscribers_counters_are_of_15_and_later() {
        assert!(!sql(Version(14)).contains("pg_stat_subscription_stats"));
        assert!(sql(Version(15)).contains("pg_stat_subscription_stats"));
    }
}
