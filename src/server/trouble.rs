//! Errors of a subscription in a subscriber's log. Pure: it reads lines.
//!
//! A failing worker ends, and five seconds later another one fails in the same way. Only the log says why.

use std::fmt;

/// Why a subscription's worker ended the last time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Trouble {
    /// The table, where the worker copied one or says which row it was at.
    pub table: Option<String>,
    /// The act: copying a table, or applying changes.
    pub copying: bool,
    /// The server's words: the error, then DETAIL, HINT and CONTEXT as far as it gave them.
    pub words: Vec<String>,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let did = if self.copying {
            "copying"
        } else {
            "applying changes to"
        };
        match &self.table {
            Some(table) => write!(f, "{did} the table `{table}` failed: ")?,
            None => f.write_str("its worker failed: ")?,
        }
        f.write_str(&self.words.join("; "))
    }
}

impl Trouble {
    /// A hint for the subscription of that name on that node.
    #[must_use]
    pub fn hint(&self, subscription: &str, node: &str) -> Option<String> {
        let error = self.words.first()?;
        if error.contains("duplicate key") {
            let remove = format!("remove the row on `{node}` that is in the way");
            return Some(match self.finished_at() {
                Some(lsn) => format!(
                    "{remove}, or leave the change out: `ALTER SUBSCRIPTION {subscription} SKIP (lsn = '{lsn}')`"
                ),
                None => remove,
            });
        }
        if error.contains("could not connect to the publisher") {
            return Some(
                "`lab status` shows whether the publisher runs; the worker tries again by itself"
                    .to_owned(),
            );
        }
        if error.contains("violates not-null constraint") {
            return Some(format!(
                "publish that column too, or give it a default on `{node}`"
            ));
        }
        if error.contains("does not exist") || error.contains("is missing") {
            return Some(format!(
                "create the table or the column on `{node}` as the publisher has it; after a new table, \
                 `ALTER SUBSCRIPTION {subscription} REFRESH PUBLICATION`"
            ));
        }
        None
    }

    /// Whether the next attempt of the server may succeed.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        let passing = [
            "could not connect to the publisher",
            "terminating",
            "could not receive data",
            "could not send data",
            "server closed the connection",
            "already active",
            "could not create replication slot",
        ];
        let error = self.words.first();
        error.is_none_or(|error| passing.iter().any(|word| error.contains(word)))
    }

    /// Whether the machine is to blame, which lacks disk or memory.
    #[must_use]
    pub fn is_of_machine(&self) -> bool {
        lacks_resources(&self.words)
    }

    /// The position after which the failed transaction ends: what `SKIP` wants (manual: `ALTER SUBSCRIPTION`).
    fn finished_at(&self) -> Option<&str> {
        let context = self
            .words
            .iter()
            .find(|line| line.contains("finished at "))?;
        let (_, lsn) = context.rsplit_once("finished at ")?;
        lsn.split_whitespace().next()
    }
}

/// Whether lines of a server say that the machine lacks disk or memory.
#[must_use]
pub fn lacks_resources(lines: &[String]) -> bool {
    let lacks = [
        "No space left on device",
        "out of memory",
        "Cannot allocate memory",
    ];
    let lacking = |line: &String| lacks.iter().any(|lack| line.contains(lack));
    lines.iter().any(lacking)
}

/// The last trouble of a subscription in a log whose lines begin as PostgreSQL's do where nothing else is said: time and
/// process.
#[must_use]
pub fn last<'a>(lines: impl IntoIterator<Item = &'a str>, subscription: &str) -> Option<Trouble> {
    let quoted = format!("subscription \"{subscription}\"");
    // The last worker of the subscription, and the table that it copies.
    let mut worker: Option<(&str, Option<&str>)> = None;
    let mut trouble: Option<Trouble> = None;
    for line in lines {
        let Some((process, said)) = parts(line) else {
            continue;
        };
        if said.contains(&quoted) && said.contains("has started") {
            worker = Some((process, quoted_after(said, "table ")));
            continue;
        }
        let Some((own, table)) = worker.filter(|(own, _)| *own == process) else {
            continue;
        };
        debug_assert_eq!(own, process);
        if let Some(error) = said.strip_prefix("ERROR:") {
            trouble = Some(Trouble {
                table: table.map(str::to_owned),
                copying: table.is_some(),
                words: vec![error.trim().to_owned()],
            });
        } else if let (Some(trouble), true) = (&mut trouble, is_more(said)) {
            if trouble.table.is_none() {
                let relation = quoted_after(said, "replication target relation ");
                trouble.table = relation.map(str::to_owned);
            }
            trouble.words.push(said.replace(":  ", ": "));
        }
    }
    trouble
}

/// The process and the rest of `2026-11-23 05:04:08.855 GMT [33] ERROR:  …`.
fn parts(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once('[')?;
    let (process, said) = rest.split_once("] ")?;
    let is_number = !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some((process, said))
}

/// Whether a line belongs to the error before it.
fn is_more(said: &str) -> bool {
    ["DETAIL:", "HINT:", "CONTEXT:"]
        .iter()
        .any(|word| said.starts_with(word))
}

fn quoted_after<'a>(said: &'a str, word: &str) -> Option<&'a str> {
    let (_, rest) = said.split_once(&format!("{word}\""))?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COPY: &str = "\
2026-11-23 05:04:13.872 GMT [34] LOG:  logical replication table synchronization worker for subscription \"shop_sub\", table \"customers\" has started
2026-11-23 05:04:13.937 GMT [34] ERROR:  null value in column \"email\" of relation \"customers\" violates not-null constraint
2026-11-23 05:04:13.937 GMT [34] DETAIL:  Failing row contains (1, Noah Nguyen, null).
2026-11-23 05:04:13.937 GMT [34] CONTEXT:  COPY customers, line 1: \"1	Noah Nguyen\"
2026-11-23 05:04:13.944 GMT [1] LOG:  background worker \"logical replication tablesync worker\" (PID 34) exited with exit code 1";

    const APPLY: &str = "\
2026-11-23 05:04:08.813 GMT [41] LOG:  logical replication apply worker for subscription \"jobs_sub\" has started
2026-11-23 05:04:09.100 GMT [77] ERROR:  somebody else's
2026-11-23 05:04:09.855 GMT [41] ERROR:  duplicate key value violates unique constraint \"job_seeker_pkey\"
2026-11-23 05:04:09.855 GMT [41] DETAIL:  Key (id)=(50) already exists.
2026-11-23 05:04:09.855 GMT [41] CONTEXT:  processing remote data for replication origin \"pg_16430\" during message type \"INSERT\" for replication target relation \"public.job_seeker\" in transaction 745, finished at 0/19C1F40";

    #[test]
    fn a_copy_that_fails_names_its_table_and_says_why() {
        let trouble = last(COPY.lines(), "shop_sub").expect("trouble");
        assert_eq!(trouble.table.as_deref(), Some("customers"));
        assert!(trouble.copying && !trouble.may_pass() && !trouble.is_of_machine());
        assert_eq!(trouble.words.len(), 3);
        assert_eq!(
            trouble.to_string(),
            "copying the table `customers` failed: null value in column \"email\" of relation \"customers\" violates \
             not-null constraint; DETAIL: Failing row contains (1, Noah Nguyen, null).; \
             CONTEXT: COPY customers, line 1: \"1\tNoah Nguyen\""
        );
        let hint = trouble.hint("shop_sub", "subscriber").expect("a hint");
        assert_eq!(
            hint,
            "publish that column too, or give it a default on `subscriber`"
        );
        assert_eq!(last(COPY.lines(), "another"), None);
    }

    #[test]
    fn an_apply_that_fails_says_what_to_skip() {
        let trouble = last(APPLY.lines(), "jobs_sub").expect("trouble");
        assert_eq!(trouble.table.as_deref(), Some("public.job_seeker"));
        assert!(!trouble.copying);
        let hint = trouble.hint("jobs_sub", "subscriber").expect("a hint");
        assert!(
            hint.ends_with("`ALTER SUBSCRIPTION jobs_sub SKIP (lsn = '0/19C1F40')`"),
            "{hint}"
        );
    }

    #[test]
    fn a_publisher_that_is_gone_may_come_back() {
        let log = "x [9] LOG:  logical replication apply worker for subscription \"s\" has started\n\
                   x [9] ERROR:  could not connect to the publisher: connection to server at \"publisher\" failed";
        let trouble = last(log.lines(), "s").expect("trouble");
        assert!(trouble.may_pass());
        assert!(trouble.hint("s", "subscriber").is_some());
    }
}
