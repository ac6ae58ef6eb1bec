//! The settings of a running server: those in its files, those that wait for a restart, those that a connection sees.

use super::client::{Reader, identifier, literal};
use super::server_error::ServerError;

/// A setting in the files of a server, as it understood it (`pg_file_settings`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSetting {
    /// The setting's name, in lower case.
    pub name: String,
    /// Whether the server can take it.
    pub is_applied: bool,
    /// The error if it cannot.
    pub error: Option<String>,
}

/// A requested reload: its time by the server's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reload(String);

/// The settings in the files of a server, the last line of each.
///
/// # Errors
/// The server's error.
pub async fn file_settings(reader: &Reader) -> Result<Vec<FileSetting>, ServerError> {
    let sql = "SELECT DISTINCT ON (pg_catalog.lower(name)) pg_catalog.lower(name), applied, error \
        FROM pg_catalog.pg_file_settings WHERE name IS NOT NULL ORDER BY pg_catalog.lower(name), seqno DESC";
    let rows = reader.query(sql, &[]).await?;
    let settings = rows.iter().map(|row| FileSetting {
        name: row.get(0),
        is_applied: row.get(1),
        error: row.get(2),
    });
    Ok(settings.collect())
}

/// A setting as the server has it, in its base unit: `2000` for a time of two seconds in milliseconds. `None` for one that
/// it does not know.
///
/// # Errors
/// The server's error.
pub async fn setting(reader: &Reader, name: &str) -> Result<Option<String>, ServerError> {
    let sql = "SELECT setting FROM pg_catalog.pg_settings WHERE name = $1";
    let row = reader.query_opt(sql, &[&name]).await?;
    Ok(row.and_then(|row| row.get(0)))
}

/// The settings that wait for a restart. A connection knows it from when it has seen a reload, or began after it.
///
/// # Errors
/// The server's error.
pub async fn pending_restart(reader: &Reader) -> Result<Vec<String>, ServerError> {
    let sql = "SELECT name FROM pg_catalog.pg_settings WHERE pending_restart ORDER BY name";
    let rows = reader.query(sql, &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Requests a reload, and does not wait for it.
///
/// # Errors
/// The server's error.
pub async fn reload(reader: &Reader) -> Result<Reload, ServerError> {
    let sql = "SELECT pg_catalog.clock_timestamp()::pg_catalog.text, pg_catalog.pg_reload_conf()";
    Ok(Reload(reader.query_one(sql, &[]).await?.get(0)))
}

/// Whether what `fresh` knows was read after a reload was asked for. The postmaster reads its files some time after it
/// was told to, and hands what it read to the connections that it accepts from then on: `fresh` is one that was made
/// after [`reload`].
///
/// # Errors
/// The server's error.
pub async fn has_loaded(fresh: &Reader, reload: &Reload) -> Result<bool, ServerError> {
    let sql =
        "SELECT pg_catalog.pg_conf_load_time() >= $1::pg_catalog.text::pg_catalog.timestamptz";
    Ok(fresh.query_one(sql, &[&reload.0]).await?.get(0))
}

/// Changes a setting with ALTER SYSTEM; `None` resets it. It is in force after a [`reload`], or a restart.
///
/// # Errors
/// The server's error.
pub async fn alter_system(
    reader: &Reader,
    name: &str,
    value: Option<&str>,
) -> Result<(), ServerError> {
    Ok(reader.batch_execute(&alteration(name, value)).await?)
}

/// A custom setting's name has a dot, and each side of it is a name.
fn alteration(name: &str, value: Option<&str>) -> String {
    let parts: Vec<String> = name.split('.').map(identifier).collect();
    let name = parts.join(".");
    match value {
        Some(value) => format!("ALTER SYSTEM SET {name} = {}", literal(value)),
        None => format!("ALTER SYSTEM RESET {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_altered_by_its_name_and_a_literal() {
        assert_eq!(
            alteration("work_mem", Some("4MB")),
            "ALTER SYSTEM SET \"work_mem\" = '4MB'"
        );
        assert_eq!(
            alteration("my.own", None),
            "ALTER SYSTEM RESET \"my\".\"own\""
        );
    }
}
