//! Keeping statements with passwords out of a server's log.
//!
//! A server writes a statement that fails into its log, and with some settings every statement. It is told not to, for
//! one connection and as long as it takes. Only a superuser may say so: for other roles nothing changes.

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::server::client::Noticing;
use crate::sql::password::places;

/// The settings that decide what of a statement is logged, each with its quiet value (manual: "Error Reporting and
/// Logging"). `terse` leaves out the context, which may quote the statement.
const QUIET: &str = "('log_min_error_statement', 'panic'), ('log_statement', 'none'), ('log_error_verbosity', 'terse'), \
                     ('log_min_duration_statement', '-1'), ('log_min_duration_sample', '-1'), \
                     ('log_transaction_sample_rate', '0'), ('debug_print_parse', 'off'), \
                     ('debug_print_rewritten', 'off'), ('debug_print_plan', 'off')";

/// Does what sends a text, quietly if the text has passwords.
///
/// In a transaction that is left open, or has failed, the end of quiet does not last: a rollback takes it back. So it is
/// said again after each later text, until it is said outside a transaction.
pub async fn about<T>(client: &Noticing, text: &str, sending: impl Future<Output = T>) -> T {
    let has_passwords = !places(text).is_empty();
    if has_passwords {
        begin(client).await;
    }
    let done = sending.await;
    if has_passwords || client.owes_log() {
        end(client).await;
        client.owe_log(is_in_transaction(client).await);
    }
    done
}

/// Whether a connection is in a transaction block. Outside one a statement begins its own transaction.
pub async fn is_in_transaction(client: &Noticing) -> bool {
    let sql = "SELECT pg_catalog.now() OPERATOR(pg_catalog.=) pg_catalog.statement_timestamp()";
    match client.send(sql).await {
        Ok(messages) => messages.iter().any(
            |message| matches!(message, SimpleQueryMessage::Row(row) if row.get(0) == Some("f")),
        ),
        Err(error) => error.is("25P02"),
    }
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
