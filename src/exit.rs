//! The exit codes of `lab`. They are an interface.

use std::process::ExitCode;

/// The exit codes of `lab`.
///
/// ```
/// use replication_lab::Exit;
///
/// assert_eq!(Exit::CheckFailed as u8, 1);
/// assert_eq!(Exit::Environment as u8, 3);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Success.
    Done = 0,
    /// A check failed: the lab does not do what it should.
    CheckFailed = 1,
    /// Wrong usage, or an invalid scenario.
    Usage = 2,
    /// Docker or the environment failed.
    Environment = 3,
    /// Interrupted by a signal.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
