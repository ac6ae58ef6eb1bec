//! How connections end, told by a server of these tests' own: it lets everybody in, and ends the first connection with
//! its last words.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A message of the protocol (manual: "Message Formats").
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("a short message");
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

fn said(kind: u8, severity: &str, code: &str, text: &str) -> Vec<u8> {
    let fields = format!("S{severity}\0V{severity}\0C{code}\0M{text}\0\0");
    message(kind, fields.as_bytes())
}

fn error(severity: &str, code: &str, text: &str) -> Vec<u8> {
    said(b'E', severity, code, text)
}

const READY: (u8, &[u8]) = (b'Z', b"I");

/// Reads one message of a client that has been let in.
async fn read(stream: &mut TcpStream) {
    let mut head = [0; 5];
    stream.read_exact(&mut head).await.expect("a message");
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    let mut body = vec![0; length as usize - 4];
    stream.read_exact(&mut body).await.expect("its body");
}

/// A connection to a server that ends it with these words: after a statement has come, or at once.
async fn connected(words: Vec<u8>, is_asked: bool) -> Noticing {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut length = [0; 4];
        stream.read_exact(&mut length).await.expect("a length");
        let mut start = vec![0; u32::from_be_bytes(length) as usize - 4];
        stream.read_exact(&mut start).await.expect("its start");
        let let_in = [message(b'R', &[0; 4]), message(READY.0, READY.1)].concat();
        stream.write_all(&let_in).await.expect("let in");
        if is_asked {
            read(&mut stream).await;
        }
        stream.write_all(&words).await.expect("the last words");
    });
    let client = connect_noticing(Door::trusted("127.0.0.1", port), "d", "u").await;
    client.expect("a connection")
}

#[tokio::test]
async fn what_the_server_says_at_the_end_is_the_error() {
    let words = error("FATAL", "57P01", "terminating connection");
    let client = connected(words, true).await;
    let ended = client.send("SELECT 1").await.expect_err("an end");
    assert!(ended.is("57P01") && !ended.is("08006"), "{ended}");
    assert_eq!(ended.to_string(), "FATAL 57P01: terminating connection");
    // And it goes on being why nothing can be sent.
    assert!(client.is_closed());
    let again = client.send("SELECT 1").await.expect_err("an end");
    assert_eq!(again.to_string(), ended.to_string());
}

#[tokio::test]
async fn a_server_that_says_nothing_is_a_connection_failure() {
    let client = connected(Vec::new(), true).await;
    let ended = client.send("SELECT 1").await.expect_err("an end");
    assert!(ended.is("08006") && !ended.is("57P01"), "{ended}");
    assert_eq!(
        ended.to_string(),
        "08006: the connection ended without an answer"
    );
}

#[tokio::test]
async fn a_warning_before_the_end_is_known_too() {
    let words = said(b'N', "WARNING", "57P02", "because of crash");
    let client = connected(words, true).await;
    let ended = client.send("SELECT 1").await.expect_err("an end");
    assert!(ended.is("57P02") && ended.is("08006"), "{ended}");
    let text = ended.to_string();
    assert!(
        text.ends_with("\nWARNING 57P02: because of crash"),
        "{text}"
    );
}

#[tokio::test]
async fn the_end_of_an_idle_connection_is_remembered() {
    let words = error("FATAL", "57P05", "terminating connection: idle");
    let client = connected(words, false).await;
    let seen = tokio::time::timeout(Duration::from_secs(5), async {
        while client.end().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    seen.await.expect("an end");
    let ended = client.send("SELECT 1").await.expect_err("an end");
    assert!(ended.is("57P05"), "{ended}");
}

#[tokio::test]
async fn an_error_of_a_statement_is_not_the_connections_end() {
    let refused = error("ERROR", "42P01", "no such relation");
    let words = [refused, message(READY.0, READY.1)].concat();
    let client = connected(words, true).await;
    let error = client.send("SELECT 1").await.expect_err("an error");
    assert!(error.is("42P01"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_accepts_and_never_greets_is_not_waited_for_without_end() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let began = tokio::time::Instant::now();
    let connecting = connect_noticing(Door::trusted("127.0.0.1", port), "d", "u");
    let connected = tokio::time::timeout(GREETING_LIMIT * 2, connecting).await;
    let error = connected.expect("it gives up").expect_err("no greeting");
    assert!(error.is("08001") && error.may_pass(), "{error}");
    assert!(began.elapsed() >= GREETING_LIMIT, "{:?}", began.elapsed());
}
