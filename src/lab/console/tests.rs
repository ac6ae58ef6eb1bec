//! The output of a container is understood, however it is cut up on its way.

use std::sync::mpsc;

use futures_util::stream;

use super::*;

/// A console that hears `chunks` and then the end, and every line that it hears.
async fn heard(chunks: &[&[u8]]) -> (Console, Vec<String>) {
    let chunks: Vec<_> = chunks.iter().map(|chunk| Ok(chunk.to_vec())).collect();
    let attached = Attached {
        input: Box::pin(tokio::io::sink()),
        output: Box::pin(stream::iter(chunks)),
    };
    let (line, lines) = mpsc::channel();
    let progress = move |text: &str| line.send(text.to_owned()).expect("a listener");
    let (console, _input) = Console::read(attached, progress);
    console.ended().await;
    (console, lines.try_iter().collect())
}

#[tokio::test]
async fn a_line_is_one_however_it_is_cut() {
    let text =
        "lab: initialised\nLOG:  größer\nLOG:  database system is ready to accept connections\n";
    let whole = heard(&[text.as_bytes()]).await.1;
    assert_eq!(whole.len(), 3);
    for at in 0..text.len() {
        let (before, after) = text.as_bytes().split_at(at);
        let (console, lines) = heard(&[before, after]).await;
        assert_eq!(lines, whole, "cut at {at}");
        assert_eq!(console.tail(9), whole);
        assert!(console.reached(Stage::Accepting).await, "cut at {at}");
    }
}

#[tokio::test]
async fn progress_that_overwrites_itself_comes_line_by_line() {
    let (console, lines) = heard(&[
        b"  100/39436 kB (0%), 0/1 tablespace\r  20",
        b"0/39436 kB (1%), 0/1 tablespace\r",
        b"\r\nlab: base backup taken\r\n",
    ])
    .await;
    let expected = [
        "  100/39436 kB (0%), 0/1 tablespace",
        "  200/39436 kB (1%), 0/1 tablespace",
        "lab: base backup taken",
    ];
    assert_eq!(lines, expected);
    assert!(console.reached(Stage::BackedUp).await);
    assert!(!console.reached(Stage::Accepting).await);
}

#[tokio::test]
async fn a_last_line_without_an_end_is_heard_too() {
    let (console, _) = heard(&[b"sh: exec: postgres: ", b"not found"]).await;
    assert_eq!(console.tail(1), ["sh: exec: postgres: not found"]);
    assert!(!console.reached(Stage::Initialised).await);
}

#[tokio::test]
async fn how_far_it_had_come_stays_known_after_its_end() {
    let (console, _) = heard(&[b"lab: initialised\nFATAL:  no\n"]).await;
    assert!(console.reached(Stage::Initialised).await);
    assert!(!console.reached(Stage::BackedUp).await);
}

#[tokio::test]
async fn words_that_only_hold_a_stage_s_are_none() {
    let (console, _) = heard(&[b"LOG: lab: initialised\nlab: initialised twice\n"]).await;
    assert!(!console.reached(Stage::Initialised).await);
}

#[tokio::test]
async fn of_many_lines_the_last_ones_are_kept() {
    let text: Vec<_> = (1..=KEPT_LINES + 5).map(|line| line.to_string()).collect();
    let (console, lines) = heard(&[text.join("\n").as_bytes()]).await;
    assert_eq!(lines.len(), KEPT_LINES + 5);
    let kept = console.tail(usize::MAX);
    assert_eq!((kept.len(), kept[0].as_str()), (KEPT_LINES, "6"));
    assert_eq!(
        console.tail(2),
        [(KEPT_LINES + 4).to_string(), (KEPT_LINES + 5).to_string()]
    );
}
