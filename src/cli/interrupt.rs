//! Signals: the first one ends the work and cleans up, the second one exits at once.

use replication_lab::exit::Exit;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::output::say;

/// Returns a token that the first ctrl-C, SIGTERM or SIGHUP cancels. Announces the clean-up, if there is one.
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
                say("exiting at once; `lab gc` removes what is left behind");
                #[expect(clippy::exit, reason = "the second signal ends the program at once")]
                std::process::exit(i32::from(Exit::Interrupted as u8));
            }
            if cleans_up {
                say("interrupted: cleaning up (press ctrl-C again to exit at once)");
            }
            token.cancel();
        }
    });
    cancel
}
