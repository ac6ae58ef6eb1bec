//! Attaches to containers, runs programs in them, reads their logs and files.

use std::io::Read as _;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::exec::{CreateExecOptions, StartExecResults};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, DownloadFromContainerOptionsBuilder, LogsOptionsBuilder,
};
use futures_util::{StreamExt, TryStreamExt};
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use super::{Docker, error, shown};
use crate::engine::{Attached, EngineError, ExecOutput};
use crate::wait::{Probe, WaitError, wait_for};

/// How long Docker may take to record the exit code after a program's output has ended.
const REAPING: Duration = Duration::from_secs(30);

/// The longest run of a program with input.
const LONGEST_RUN: Duration = Duration::from_secs(24 * 3600);

/// How long output may arrive after a program has ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

pub(super) async fn attach(docker: &Docker, id: &str) -> Result<Attached, EngineError> {
    let act = format!("attaching to the container `{}`", shown(id));
    let options = AttachContainerOptionsBuilder::default()
        .stream(true)
        .stdin(true)
        .stdout(true)
        .stderr(true)
        .logs(false)
        .build();
    let attached = docker
        .call(&act, docker.client.attach_container(id, Some(options)))
        .await?;
    let act = format!("reading the output of the container `{}`", shown(id));
    let output = attached.output.map(move |chunk| {
        chunk
            .map(|chunk| chunk.into_bytes().to_vec())
            .map_err(|cause| error::explain(&act, &cause))
    });
    Ok(Attached {
        input: attached.input,
        output: Box::pin(output),
    })
}

pub(super) async fn logs(
    docker: &Docker,
    id: &str,
    tail: Option<usize>,
    times: bool,
) -> Result<String, EngineError> {
    let act = format!("reading the log of the container `{}`", shown(id));
    let tail = tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string());
    let options = LogsOptionsBuilder::default()
        .stdout(true)
        .stderr(true)
        .tail(&tail)
        .timestamps(times)
        .build();
    let lines = docker.client.logs(id, Some(options));
    let bytes = lines.try_fold(Vec::new(), |mut bytes, line| async move {
        bytes.extend_from_slice(line.as_ref());
        Ok(bytes)
    });
    let bytes = docker.call(&act, bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Docker sends a file as an archive that contains only this file.
pub(super) async fn read_file(
    docker: &Docker,
    id: &str,
    path: &str,
) -> Result<Vec<u8>, EngineError> {
    let act = format!("reading `{path}` of the container `{}`", shown(id));
    let options = DownloadFromContainerOptionsBuilder::default()
        .path(path)
        .build();
    let chunks = docker.client.download_from_container(id, Some(options));
    let bytes = chunks.try_fold(Vec::new(), |mut bytes, chunk| async move {
        bytes.extend_from_slice(&chunk);
        Ok(bytes)
    });
    let archive = docker.call(&act, bytes).await?;
    only_file(&archive).map_err(|cause| error::other(&act, cause.to_string()))
}

fn only_file(archive: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Archive::new(archive);
    let first = archive.entries()?.next();
    let mut entry = first.ok_or(std::io::ErrorKind::UnexpectedEof)??;
    let mut content = Vec::new();
    entry.read_to_end(&mut content)?;
    Ok(content)
}

pub(super) async fn exec(
    docker: &Docker,
    id: &str,
    command: &[String],
    input: &[u8],
) -> Result<ExecOutput, EngineError> {
    let program = command.first().map_or("nothing", String::as_str);
    let act = format!("running `{program}` in the container `{}`", shown(id));
    let options = CreateExecOptions {
        attach_stdin: Some(!input.is_empty()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(command.to_vec()),
        ..Default::default()
    };
    let run = async {
        let exec = docker.client.create_exec(id, options).await?.id;
        let (stdout, stderr) = converse(docker, &exec, input).await?;
        Ok((exec, stdout, stderr))
    };
    let (exec, stdout, stderr) = docker.call(&act, run).await?;
    let code = exit_code(docker, &exec, &act, REAPING).await?;
    Ok(ExecOutput {
        code,
        stdout,
        stderr,
    })
}

/// Starts a program, sends its input and reads its output. Both happen at once, so that neither blocks the other.
///
/// Docker may keep the connection open when a program ends without reading its input, so this also asks whether it has ended.
async fn converse(docker: &Docker, exec: &str, input: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let (mut output, mut stdin) = match docker.client.start_exec(exec, None).await? {
        StartExecResults::Attached { output, input } => (output, input),
        StartExecResults::Detached => return Ok((Vec::new(), Vec::new())),
    };
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    {
        let send = async {
            // A program may end without reading its input. Its exit code says whether that was a failure.
            let _ = stdin.write_all(input).await;
            let _ = stdin.shutdown().await;
        };
        let take = async {
            while let Some(chunk) = output.try_next().await? {
                match chunk {
                    LogOutput::StdErr { message } => stderr.extend_from_slice(&message),
                    chunk => stdout.extend_from_slice(chunk.as_ref()),
                }
            }
            Ok::<_, Error>(())
        };
        let talk = async { tokio::join!(send, take).1 };
        tokio::pin!(talk);
        tokio::select! {
            said = &mut talk => said?,
            () = ended(docker, exec, input) => {
                // The last output may still be on its way.
                if let Ok(said) = tokio::time::timeout(LAST_WORDS, &mut talk).await {
                    said?;
                }
            }
        }
    }
    Ok((stdout, stderr))
}

/// Waits until a program with input has ended.
async fn ended(docker: &Docker, exec: &str, input: &[u8]) {
    let known = match input {
        [] => false,
        _ => exit_code(docker, exec, "running a program", LONGEST_RUN)
            .await
            .is_ok(),
    };
    if !known {
        // The output decides: it ends, or it reports an error.
        std::future::pending::<()>().await;
    }
}

/// Waits for the exit code, which Docker records shortly after the output has ended.
async fn exit_code(
    docker: &Docker,
    exec: &str,
    act: &str,
    limit: Duration,
) -> Result<i64, EngineError> {
    let never = CancellationToken::new();
    let waited = wait_for(limit, &never, || async {
        let seen = docker.client.inspect_exec(exec).await;
        let seen = seen.map_err(|cause| error::explain(act, &cause))?;
        Ok::<_, EngineError>(match (seen.running, seen.exit_code) {
            (Some(false), Some(code)) => Probe::Ready(code),
            _ => Probe::NotYet("the program is still running".to_owned()),
        })
    });
    waited.await.map_err(|error| match error {
        WaitError::Failed(error) => error,
        error => error::other(act, error.to_string()),
    })
}
