//! The `pg_hba.conf` of a running server. The server itself reads and writes it, which needs no program in its container
//! and works on a standby too.

use super::client::{Reader, literal};
use super::command::PGDATA;
use super::server_error::ServerError;

/// The file as it is.
///
/// # Errors
/// The server's error.
pub async fn text(reader: &Reader) -> Result<String, ServerError> {
    let sql = "SELECT pg_catalog.pg_read_file('pg_hba.conf')";
    Ok(reader.query_one(sql, &[]).await?.get(0))
}

/// Writes the file. It is in force after a reload.
///
/// # Errors
/// The server's error.
pub async fn write(reader: &Reader, text: &str) -> Result<(), ServerError> {
    Ok(reader.batch_execute(&copy(text)).await?)
}

/// A line a row, since a value with line breaks would have them escaped.
fn copy(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(literal).collect();
    let path = literal(&format!("{PGDATA}/pg_hba.conf"));
    format!(
        "COPY (SELECT pg_catalog.unnest(ARRAY[{}]::pg_catalog.text[])) TO {path}",
        lines.join(",")
    )
}

/// The lines of the file that the server refuses: `3: authentication option not in name=value format`.
///
/// # Errors
/// The server's error.
pub async fn refused_lines(reader: &Reader) -> Result<Vec<String>, ServerError> {
    let sql = "SELECT line_number || ': ' || error FROM pg_catalog.pg_hba_file_rules \
        WHERE error IS NOT NULL ORDER BY line_number";
    let rows = reader.query(sql, &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_written_a_line_a_row() {
        assert_eq!(
            copy("# it's\nhost all\n"),
            format!(
                "COPY (SELECT pg_catalog.unnest(ARRAY['# it''s','host all']::pg_catalog.text[])) \
                 TO '{PGDATA}/pg_hba.conf'"
            )
        );
    }
}
