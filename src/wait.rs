//! Waiting for a condition, with a time limit. An error quotes what was last seen.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The result of one look at a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe<T> {
    /// The condition holds.
    Ready(T),
    /// The condition does not hold yet. The text says what was seen instead.
    NotYet(String),
}

/// Why a wait ended before its condition held.
#[derive(Debug, thiserror::Error)]
pub enum WaitError<E: std::error::Error + 'static> {
    /// The limit ran out.
    #[error("gave up after {}{}", crate::text::duration((*.limit).max(Duration::from_millis(1))), last(.seen.as_deref()))]
    Limit {
        /// The limit that ran out.
        limit: Duration,
        /// What the last finished look saw.
        seen: Option<String>,
    },
    /// The user pressed ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// A look failed with an error that waiting cannot fix.
    #[error(transparent)]
    Failed(E),
}

fn last(seen: Option<&str>) -> String {
    seen.map_or_else(
        || ", before anything was seen".to_owned(),
        |seen| format!("; last seen: {seen}"),
    )
}

/// Repeats `look` until the condition holds, the look fails, or `limit` has passed.
///
/// The pause between two looks grows from 2 ms to 100 ms.
///
/// # Errors
/// [`WaitError::Limit`] with what was last seen, [`WaitError::Interrupted`], or the look's error.
pub async fn wait_for<T, E, F, L>(
    limit: Duration,
    cancel: &CancellationToken,
    mut look: L,
) -> Result<T, WaitError<E>>
where
    E: std::error::Error + 'static,
    F: Future<Output = Result<Probe<T>, E>>,
    L: FnMut() -> F,
{
    let deadline = Instant::now() + limit;
    let mut pause = Duration::from_millis(2);
    let mut seen = None;
    loop {
        let looked = tokio::select! {
            () = cancel.cancelled() => return Err(WaitError::Interrupted),
            looked = tokio::time::timeout_at(deadline, look()) => looked,
        };
        match looked {
            Ok(Ok(Probe::Ready(value))) => return Ok(value),
            Ok(Ok(Probe::NotYet(now))) => seen = Some(now),
            Ok(Err(error)) => return Err(WaitError::Failed(error)),
            Err(_) => return Err(WaitError::Limit { limit, seen }),
        }
        if Instant::now() + pause > deadline {
            return Err(WaitError::Limit { limit, seen });
        }
        tokio::select! {
            () = cancel.cancelled() => return Err(WaitError::Interrupted),
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 5 / 4 + Duration::from_millis(1)).min(Duration::from_millis(100));
    }
}

/// The pause between two looks at what must last.
const BETWEEN: Duration = Duration::from_millis(20);

/// One of the things that `look` finds, if it lasts: every look until `limit` has passed, and at least a second one, finds
/// the same.
///
/// # Errors
/// [`WaitError::Interrupted`], or the look's error.
pub async fn lasting<T, E, F, L>(
    limit: Duration,
    cancel: &CancellationToken,
    mut look: L,
) -> Result<Option<T>, WaitError<E>>
where
    T: PartialEq,
    E: std::error::Error + 'static,
    F: Future<Output = Result<Vec<T>, E>>,
    L: FnMut() -> F,
{
    let mut found = look().await.map_err(WaitError::Failed)?;
    let deadline = Instant::now() + limit;
    while !found.is_empty() {
        let last = Instant::now() >= deadline;
        tokio::select! {
            () = cancel.cancelled() => return Err(WaitError::Interrupted),
            () = tokio::time::sleep(BETWEEN) => {}
        }
        let again = look().await.map_err(WaitError::Failed)?;
        found.retain(|one| again.contains(one));
        if last {
            break;
        }
    }
    Ok(found.into_iter().next())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_limit_quotes_what_was_last_seen() {
        let cancel = CancellationToken::new();
        let waited = wait_for(Duration::from_secs(1), &cancel, || async {
            Ok::<_, Infallible>(Probe::<()>::NotYet("state = catchup".to_owned()))
        })
        .await;
        let error = waited.expect_err("the condition never holds");
        assert_eq!(
            error.to_string(),
            "gave up after 1.0 s; last seen: state = catchup"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_when_the_condition_holds() {
        let cancel = CancellationToken::new();
        let looks = Cell::new(0);
        let waited = wait_for(Duration::from_secs(10), &cancel, || {
            looks.set(looks.get() + 1);
            let looks = looks.get();
            async move {
                Ok::<_, Infallible>(if looks == 5 {
                    Probe::Ready(looks)
                } else {
                    Probe::NotYet(String::new())
                })
            }
        })
        .await;
        assert!(matches!(waited, Ok(5)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_hangs_does_not_outlive_the_limit() {
        let cancel = CancellationToken::new();
        let waited = wait_for(Duration::from_secs(1), &cancel, || async {
            std::future::pending::<()>().await;
            Ok::<_, Infallible>(Probe::Ready(()))
        })
        .await;
        let error = waited.expect_err("nobody answers");
        assert_eq!(
            error.to_string(),
            "gave up after 1.0 s, before anything was seen"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_every_look_finds_lasts() {
        let cancel = CancellationToken::new();
        let looks = Cell::new(0_u32);
        let find = |found: fn(u32) -> Vec<u32>| {
            looks.set(looks.get() + 1);
            let looked = looks.get();
            async move { Ok::<_, Infallible>(found(looked)) }
        };
        let limit = Duration::from_millis(200);
        let stays = lasting(limit, &cancel, || find(|look| vec![look, 0])).await;
        assert!(matches!(stays, Ok(Some(0))));
        assert!(looks.get() > 5, "{looks:?}");
        let changes = lasting(limit, &cancel, || find(|look| vec![look])).await;
        assert!(matches!(changes, Ok(None)));
        let second = lasting(Duration::ZERO, &cancel, || find(|look| vec![look])).await;
        assert!(matches!(second, Ok(None)));
    }

    #[tokio::test]
    async fn an_interrupt_ends_a_wait_at_once() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let waited = wait_for(Duration::from_secs(60), &cancel, || async {
            Ok::<_, Infallible>(Probe::<()>::NotYet(String::new()))
        })
        .await;
        assert!(matches!(waited, Err(WaitError::Interrupted)));
    }
}
