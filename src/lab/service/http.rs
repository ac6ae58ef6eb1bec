//! One request to a port of this host. The only file that names hyper.

use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Limit for an answer. Docker's proxy accepts connections before anybody listens behind it.
const LIMIT: Duration = Duration::from_secs(5);

/// Limit for the body in bytes, larger than any answer that is needed here.
const MOST_BYTES: usize = 64 << 10;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    /// Nobody listens.
    #[error("it accepts no connection")]
    Connect(#[source] std::io::Error),
    /// The connection broke, or the answer is not HTTP.
    #[error("it does not answer")]
    Talk(#[source] hyper::Error),
    /// The request is invalid.
    #[error("it cannot be asked")]
    Request(#[source] hyper::http::Error),
    /// The body broke off or has no end.
    #[error("its answer broke off")]
    Body,
    /// The answer took too long.
    #[error("it does not answer in time")]
    Late,
}

/// Sends a GET request and returns the status and the body.
pub(super) async fn get(host: &str, port: u16, path: &str) -> Result<(u16, String), HttpError> {
    let asked = tokio::time::timeout(LIMIT, ask(host, port, path));
    asked.await.unwrap_or(Err(HttpError::Late))
}

async fn ask(host: &str, port: u16, path: &str) -> Result<(u16, String), HttpError> {
    let stream = TcpStream::connect((host, port)).await;
    let stream = TokioIo::new(stream.map_err(HttpError::Connect)?);
    let (mut sender, connection) = http1::handshake(stream).await.map_err(HttpError::Talk)?;
    let request = Request::get(path)
        .header("Host", format!("{host}:{port}"))
        .body(Empty::<Bytes>::new())
        .map_err(HttpError::Request)?;
    let answer = async {
        let answer = sender
            .send_request(request)
            .await
            .map_err(HttpError::Talk)?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await;
        let body = body.map_err(|_| HttpError::Body)?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    };
    // The connection must be polled while it is used.
    tokio::select! {
        answer = answer => answer,
        Err(error) = connection => Err(HttpError::Talk(error)),
    }
}
