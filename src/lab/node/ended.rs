//! The errors of a node whose container ended, or whose server lets nobody in.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::engine::{Container, Engine, EngineError};
use crate::lab::console::Console;
use crate::lab::error::{ContainerEnd, LabError};
use crate::lab::memory::{self, ENDING};
use crate::name::NodeName;
use crate::server::blame::blamed_setting;
use crate::server::conf::Setting;
use crate::server::server_error::ServerError;
use crate::wait::{Probe, wait_for};

use super::LOG_TAIL;

/// The node whose error is told.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) name: &'a NodeName,
    pub(super) settings: &'a [Setting],
    pub(super) console: &'a Console,
}

/// The server answers and will never let us in: SQLSTATE class 28, or a library that each session loads is not there
/// (manual: "PostgreSQL Error Codes").
pub(super) fn is_final(error: &ServerError) -> bool {
    error.code().is_some_and(|state| {
        let state = state.code();
        state.starts_with("28") || state == "58P01"
    })
}

/// What the kernel did to a container whose server ended a connection without a word, if memory ran out.
pub(super) async fn lost(engine: &Engine, id: &str) -> Option<ContainerEnd> {
    let never = CancellationToken::new();
    // It may be about to end, and starts no program then.
    let seen = wait_for(ENDING, &never, || async {
        let container = engine.find_container(id).await?;
        if let Some(Container {
            exit_code: Some(code),
            out_of_memory: true,
            ..
        }) = container
        {
            return Ok(Probe::Ready(Some(ContainerEnd::OutOfMemory(code))));
        }
        let Some(kills) = memory::kills(engine, id).await else {
            return Ok::<_, EngineError>(Probe::NotYet("it does not answer".to_owned()));
        };
        Ok(Probe::Ready(
            (kills > 0).then_some(ContainerEnd::Killed(kills)),
        ))
    });
    seen.await.ok().flatten()
}

/// The error of a container that has ended, or whose output has.
pub(super) async fn ended(
    engine: &Engine,
    act: String,
    id: &str,
    subject: Subject<'_>,
) -> LabError {
    // The last lines may arrive after the container's end is known.
    let _ = tokio::time::timeout(Duration::from_secs(2), subject.console.ended()).await;
    let container = engine.find_container(id).await.ok().flatten();
    let how = match container {
        Some(Container {
            exit_code: Some(code),
            out_of_memory,
            ..
        }) if out_of_memory => ContainerEnd::OutOfMemory(code),
        Some(Container {
            exit_code: Some(code),
            ..
        }) => ContainerEnd::Code(code),
        Some(_) => ContainerEnd::Unheard,
        None => ContainerEnd::Gone,
    };
    subject.failed(act, how)
}

impl Subject<'_> {
    /// The error of a server that lets nobody in.
    pub(super) fn refuses(self, act: String, error: &ServerError) -> LabError {
        self.failed(act, ContainerEnd::Refuses(error.to_string()))
    }

    pub(super) fn failed(self, act: String, how: ContainerEnd) -> LabError {
        let log = self.console.tail(LOG_TAIL);
        let refused = match &how {
            ContainerEnd::Refuses(error) => Some(error.as_str()),
            _ => None,
        };
        let lines = refused.into_iter().chain(log.iter().map(String::as_str));
        let blame = blamed_setting(lines, self.settings).map(Box::new);
        LabError::NodeEnded {
            act,
            node: self.name.clone(),
            how,
            log,
            blame,
        }
    }
}
