//! Statements, sent one by one as `psql` does, and the comparison of their results.

use std::time::{Duration, Instant};

use tokio_postgres::SimpleQueryMessage;

use super::scene::Scene;
use super::state::{Answer, Ran};
use super::{Tried, Wrong};
use crate::action::{Cell, Expect, ExpectedError, Step};
use crate::failure::Failure;
use crate::name::NodeName;
use crate::server::client::Noticing;
use crate::server::quiet;
use crate::server::server_error::ServerError;
use crate::sql::script;
use crate::wait::Probe;

/// The least time for an attempt at the end of a limit.
const LEAST: Duration = Duration::from_millis(100);

impl Scene<'_> {
    /// Runs statements and compares their result.
    pub(super) async fn statements(&self, step: &Step, text: &str) -> Tried {
        if let Some(name) = &step.session {
            return self.in_session(step, name, text).await;
        }
        let silent = Expect::default();
        let expect = step.expect.as_ref().unwrap_or(&silent);
        let within = self.patience(step);
        if step.expect.is_none() || step.within.is_none() {
            let ran = self.run_alone(step, expect, text, within).await?;
            return judge(expect, ran);
        }
        let (began, expected) = (Instant::now(), || describe(expect));
        self.wait(within, expected, || async {
            let left = within.saturating_sub(began.elapsed());
            let ran = self.run_alone(step, expect, text, left.max(LEAST)).await?;
            Ok(match judge(expect, ran) {
                Ok(seen) => Probe::Ready(seen),
                Err(Wrong::Unmet { found, .. }) => Probe::NotYet(found),
                Err(wrong) => return Err(wrong),
            })
        })
        .await
    }

    /// Runs statements in a connection of their own, which ends with them.
    async fn run_alone(
        &self,
        step: &Step,
        expect: &Expect,
        text: &str,
        within: Duration,
    ) -> Tried<Ran> {
        let (node, database) = super::target(step)?;
        let wanted = expect.error.as_ref();
        let connecting = self.connection(node, database, step.role(), wanted);
        let client = match connecting.await {
            Ok(client) => client,
            Err(wrong) => return refused(expect, step.within.is_some(), wrong),
        };
        let Some(ran) = self.in_time(&client, text, within).await? else {
            // The evidence of the failure still shows it.
            self.left.lock().await.push(client);
            return self.no_answer(node, within).await;
        };
        let open = ran.is_ok() && ends_in_transaction(&client, text).await;
        client.close().await;
        if open {
            let why = "the statements ended within a transaction, which is rolled back";
            let hint = "end it with `COMMIT` in this step, or give this step and those that go on with it a `session`";
            return Err(Wrong::Failed(Failure::seen(why).with_hint(hint)));
        }
        self.keep(&ran).await;
        Ok(ran)
    }

    /// Keeps the first value for `capture`.
    pub(super) async fn keep(&self, ran: &Ran) {
        let first = ran
            .as_ref()
            .ok()
            .and_then(|answer| answer.rows.first()?.first()?.0.clone());
        *self.given.lock().await = first;
    }

    /// Runs statements. `None` if they have not ended in time.
    pub(super) async fn in_time(
        &self,
        client: &Noticing,
        text: &str,
        within: Duration,
    ) -> Tried<Option<Ran>> {
        tokio::select! {
            () = self.cancel.cancelled() => Err(Wrong::Interrupted),
            ran = tokio::time::timeout(within, run(client, text)) => Ok(ran.ok()),
        }
    }

    /// The outcome of a statement that has not ended in time. A node that was frozen or has lost its container gives no
    /// answer at all, and no end of the connection either.
    pub(super) async fn no_answer<T>(
        &self,
        node: &NodeName,
        within: Duration,
    ) -> Tried<Result<T, ServerError>> {
        let within = crate::text::duration(within);
        match self.running(node).await {
            Err(Wrong::Down(why) | Wrong::Frozen(why)) => {
                let why = format!("no answer within {within}: {why}");
                Ok(Err(ServerError::silent(why)))
            }
            Err(wrong) => Err(wrong),
            Ok(_) => Err(Wrong::Unmet {
                expected: format!("an answer within {within}"),
                found: "none: the statement is still running".to_owned(),
            }),
        }
    }
}

/// The outcome of statements that got no connection. With a limit, an error of the server may pass.
pub(super) fn refused(expect: &Expect, may_pass: bool, wrong: Wrong) -> Tried<Ran> {
    let passing = matches!(wrong, Wrong::Refused { .. }) && may_pass;
    match wrong.server_error() {
        Some(error) if expect.error.is_some() || passing => Ok(Err(error)),
        _ => Err(wrong),
    }
}

/// Whether a connection is in a transaction after statements that succeeded.
async fn ends_in_transaction(client: &Noticing, text: &str) -> bool {
    // Nothing else opens one, so the server is not asked after other statements.
    let opens = script::pieces(text).is_ok_and(|pieces| {
        pieces.iter().any(|piece| {
            let word = first_word(piece.text);
            word == "BEGIN" || word == "START"
        })
    });
    if !opens {
        return false;
    }
    // Outside a transaction block a statement begins its own transaction.
    let sql = "SELECT pg_catalog.now() OPERATOR(pg_catalog.=) pg_catalog.statement_timestamp()";
    match client.send(sql).await {
        Ok(messages) => messages.iter().any(
            |message| matches!(message, SimpleQueryMessage::Row(row) if row.get(0) == Some("f")),
        ),
        Err(error) => error.is("25P02"),
    }
}

/// Whether an error is the expected one.
pub(super) fn is_wanted(wanted: &ExpectedError, error: &ServerError) -> bool {
    let is_code = wanted.code.as_ref();
    let has = wanted.has.as_ref();
    is_code.is_none_or(|code| error.is(code.as_str()))
        && has.is_none_or(|has| error.to_string().contains(has))
}

/// The first word of a statement, in capitals.
fn first_word(statement: &str) -> String {
    let mut words = statement.split(|letter: char| !letter.is_ascii_alphabetic());
    words.next().map(str::to_uppercase).unwrap_or_default()
}

/// Sends statements. Those with passwords are kept out of the server's log.
pub(super) async fn run(client: &Noticing, text: &str) -> Ran {
    quiet::about(client, text, each(client, text)).await
}

/// Sends each statement alone, as `psql` does: some statements are refused in a batch.
async fn each(client: &Noticing, text: &str) -> Ran {
    let mut answer = Answer::default();
    // A text that cannot be split is sent whole, so that the server reports its error.
    let statements: Vec<&str> = match script::pieces(text) {
        Ok(pieces) => pieces.into_iter().map(|piece| piece.text).collect(),
        Err(_) => vec![text],
    };
    drop(client.take_notices());
    for statement in statements {
        let ran = client.send(statement).await;
        answer.notices.extend(client.take_notices());
        let messages = ran?;
        (answer.rows, answer.count) = (Vec::new(), 0);
        answer.counts = changes_rows(statement);
        for message in messages {
            match message {
                SimpleQueryMessage::Row(row) => {
                    let cells = (0..row.len()).map(|at| Cell(row.get(at).map(str::to_owned)));
                    answer.rows.push(cells.collect());
                }
                SimpleQueryMessage::RowDescription(_) => answer.counts = true,
                SimpleQueryMessage::CommandComplete(count) => answer.count = count,
                _ => {}
            }
        }
    }
    Ok(answer)
}

/// Whether a statement without a result set may report how many rows it changed. The client keeps only that number of the
/// server's command tag.
fn changes_rows(statement: &str) -> bool {
    const WORDS: [&str; 8] = [
        "COPY", "DELETE", "FETCH", "INSERT", "MERGE", "MOVE", "UPDATE", "WITH",
    ];
    WORDS.contains(&first_word(statement).as_str())
}

/// Compares a result with the expectation. A met expectation is reported by the result itself.
pub(super) fn judge(expect: &Expect, ran: Ran) -> Tried {
    let unmet = |found: String| Wrong::Unmet {
        expected: describe(expect),
        found,
    };
    let answer = match (ran, &expect.error) {
        (Err(error), None) => return Err(unmet(error.to_string())),
        (Err(error), Some(wanted)) => {
            let said = error.to_string();
            return if is_wanted(wanted, &error) {
                Ok(said)
            } else {
                Err(unmet(said))
            };
        }
        (Ok(answer), Some(_)) => return Err(unmet(format!("no error, but {}", shown(&answer)))),
        (Ok(answer), None) => answer,
    };
    let rows = expect.rows.as_ref().is_none_or(|rows| *rows == answer.rows);
    let value = expect.value.as_ref().is_none_or(|value| {
        matches!(answer.rows.as_slice(), [row] if row.as_slice() == std::slice::from_ref(value))
    });
    let count = expect.count.is_none_or(|count| count == answer.count);
    let output = expect.output.as_ref().is_none_or(|output| {
        answer
            .notices
            .iter()
            .any(|notice| notice.contains(output.as_str()))
    });
    if rows && value && count && output {
        Ok(shown(&answer))
    } else {
        Err(unmet(shown(&answer)))
    }
}

/// The most rows that are shown.
const MOST_ROWS: usize = 20;

fn shown(answer: &Answer) -> String {
    let mut text = if answer.rows.is_empty() {
        match answer.count {
            0 if !answer.counts => "done".to_owned(),
            1 => "1 row".to_owned(),
            count => format!("{count} rows"),
        }
    } else {
        rows(&answer.rows)
    };
    for notice in &answer.notices {
        text.push('\n');
        text.push_str(notice);
    }
    text
}

/// One line a row, with values separated by ` | ` as in `psql`.
fn rows(rows: &[Vec<Cell>]) -> String {
    let mut lines: Vec<String> = rows
        .iter()
        .take(MOST_ROWS)
        .map(|row| {
            row.iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" | ")
        })
        .collect();
    if let Some(more) = rows.len().checked_sub(MOST_ROWS).filter(|more| *more > 0) {
        lines.push(format!("… and {more} more rows"));
    }
    lines.join("\n")
}

/// The expectation in words.
pub(super) fn describe(expect: &Expect) -> String {
    let mut parts = Vec::new();
    if let Some(wanted) = &expect.rows {
        parts.push(if wanted.is_empty() {
            "no rows".to_owned()
        } else {
            rows(wanted)
        });
    }
    parts.extend(expect.value.as_ref().map(ToString::to_string));
    parts.extend(expect.count.map(|count| match count {
        1 => "1 row".to_owned(),
        count => format!("{count} rows"),
    }));
    parts.extend(expect.error.as_ref().map(ToString::to_string));
    parts.extend(
        expect
            .waiting
            .as_ref()
            .map(|event| format!("waiting for {event}")),
    );
    parts.extend(expect.running.map(|_| "a running statement".to_owned()));
    parts.extend(
        expect
            .output
            .as_ref()
            .map(|text| format!("output with `{text}`")),
    );
    parts.extend(expect.code.map(|code| format!("exit code {code}")));
    if parts.is_empty() {
        "no error".to_owned()
    } else {
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(rows: &[&[&str]]) -> Answer {
        let cell = |text: &&str| Cell(Some((*text).to_owned()));
        let rows: Vec<Vec<Cell>> = rows
            .iter()
            .map(|row| row.iter().map(cell).collect())
            .collect();
        Answer {
            count: rows.len() as u64,
            counts: true,
            rows,
            notices: vec!["NOTICE: dropped replication slot \"a\" on publisher".to_owned()],
        }
    }

    fn expect(text: &str) -> Expect {
        serde_yaml::from_str(text).expect("an expectation")
    }

    #[test]
    fn rows_are_compared_value_by_value_and_in_order() {
        let two: &[&[&str]] = &[&["1", "a"], &["2", "b"]];
        assert!(judge(&expect("rows: [[1, a], [2, b]]"), Ok(answer(two))).is_ok());
        assert!(judge(&expect("rows: [[2, b], [1, a]]"), Ok(answer(two))).is_err());
        assert!(judge(&expect("rows: [[1, a]]"), Ok(answer(two))).is_err());
        assert!(judge(&expect("rows: []"), Ok(answer(&[]))).is_ok());
        assert!(judge(&expect("count: 2"), Ok(answer(two))).is_ok());
        assert!(judge(&expect("count: 3"), Ok(answer(two))).is_err());
    }

    #[test]
    fn one_value_is_one_row_with_one_column() {
        assert!(judge(&expect("value: t"), Ok(answer(&[&["t"]]))).is_ok());
        assert!(judge(&expect("value: true"), Ok(answer(&[&["t"]]))).is_ok());
        assert!(judge(&expect("value: t"), Ok(answer(&[&["t"], &["t"]]))).is_err());
        assert!(judge(&expect("value: t"), Ok(answer(&[&["t", "t"]]))).is_err());
        assert!(judge(&expect("value: null"), Ok(answer(&[&["t"]]))).is_err());
        assert!(judge(&expect("value: null"), Ok(answer(&[]))).is_err());
    }

    #[test]
    fn what_concerns_no_rows_is_done() {
        let after = |statement| Answer {
            counts: changes_rows(statement),
            ..Answer::default()
        };
        assert_eq!(shown(&after("CREATE TABLE t (i int)")), "done");
        assert_eq!(shown(&after("commit")), "done");
        assert_eq!(shown(&after("delete from t")), "0 rows");
        assert_eq!(
            shown(&after("WITH a AS (SELECT 1) DELETE FROM t")),
            "0 rows"
        );
    }

    #[test]
    fn what_the_server_says_beside_is_output() {
        assert!(judge(&expect("output: dropped replication slot"), Ok(answer(&[]))).is_ok());
        assert!(judge(&expect("output: created"), Ok(answer(&[]))).is_err());
    }

    #[test]
    fn an_error_that_does_not_come_is_wrong() {
        let Err(Wrong::Unmet { expected, found }) =
            judge(&expect("error: { code: \"25006\" }"), Ok(answer(&[&["t"]])))
        else {
            panic!("it should be wrong");
        };
        assert_eq!(expected, "the error 25006");
        assert!(found.starts_with("no error, but t"), "{found}");
    }
}
