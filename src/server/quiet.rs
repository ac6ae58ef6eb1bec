//! Keeping statements with passwords out of a server's log.
//!
//! A server writes a statement that fails into its log, and with some settings every statement. It is told not to, for
//! one connection and as long as it takes. Only a superuser may say so: for other roles nothing changes.

use tokio_postgres::Client;

use crate::sql::password::places;

/// The settings that decide what of a statement is logged, each with its quiet value (manual: "Error Reporting and
/// Logging"). `terse` leaves out the context, which may quote the statement.
const QUIET: &str = "('log_min_error_statement', 'panic'), ('log_statement', 'none'), ('log_error_verbosity', 'terse'), \
                     ('log_min_duration_statement', '-1'), ('log_min_duration_sample', '-1'), \
                     ('log_transaction_sample_rate', '0'), ('debug_print_parse', 'off'), \
                     ('debug_print_rewritten', 'off'), ('debug_print_plan', 'off')";

/// Does what sends a text, quietly if the text has passwords.
pub async fn about<T>(client: &Client, text: &str, sending: impl Future<Output = T>) -> T {
    if places(text).is_empty() {
        return sending.await;
    }
    begin(client).await;
    let done = sending.await;
    end(client).await;
    done
}

/// What follows on this connection is not in the server's log, if the role may say so.
pub async fn begin(client: &Client) {
    set(client, "s.quiet").await;
}

/// Statements are logged as before.
pub async fn end(client: &Client) {
    set(client, "p.reset_val").await;
}

/// Asks first whether the role may: an error would end the transaction that is open. In a transaction that failed
/// already, and on a connection that ended, nothing changes.
async fn set(client: &Client, to: &str) {
    let sql = format!(
        "SELECT pg_catalog.set_config(p.name, {to}, false) FROM (VALUES {QUIET}) AS s (name, quiet) \
         JOIN pg_catalog.pg_settings AS p ON p.name OPERATOR(pg_catalog.=) s.name \
         JOIN pg_catalog.pg_roles AS r ON r.rolname OPERATOR(pg_catalog.=) current_user \
         WHERE r.rolsuper"
    );
    if let Err(error) = client.simple_query(&sql).await {
        tracing::debug!(%error, "the server's log is as it was");
    }
}
