//! Signals: the first one asks the work to end and clean up, the second one leaves at once.

use replication_lab::exit::Exit;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::output::say;

/// A token that the first ctrl-c, SIGTERM or SIGHUP cancels. Where nothing is to be cleaned up, nothing is said of it.
pub(crate) fn listen(cleans_up: bool) -> CancellationToken {
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    tokio::spawn(async move {
        let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
            signal(SignalKind::hangup()),
        ) else {
            return;
        };
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            if token.is_cancelled() {
                say("leaving at once; `lab gc` removes what is left");
                #[expect(clippy::exit, reason = "the second signal means now")]
                std::process::exit(i32::from(Exit::Interrupted as u8));
            }
            if cleans_up {
                say("interrupted: cleaning up (again to leave at once)");
            }
            token.cancel();
        }
    });
    cancel
}
