//! Limits of size and depth, and the promise that no text makes the loader panic.

use proptest::prelude::*;

use super::whole::PAIR;
use super::{Overrides, Source, good, load, wrong};
use crate::scenario::catalog;
use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::load::MOST_BYTES;

/// A text of just under the largest size, from pieces.
fn largest(start: &str, piece: impl Fn(usize) -> String) -> String {
    from_pieces(MOST_BYTES, start, piece)
}

/// A text that is large enough to show what takes more than linear time.
fn large(start: &str, piece: impl Fn(usize) -> String) -> String {
    from_pieces(MOST_BYTES / 8, start, piece)
}

fn from_pieces(most: usize, start: &str, piece: impl Fn(usize) -> String) -> String {
    let mut text = start.to_owned();
    for index in 0.. {
        let next = piece(index);
        if text.len() + next.len() >= most {
            break;
        }
        text += &next;
    }
    text
}

#[test]
fn a_file_of_a_megabyte_is_refused_and_one_below_is_read() {
    let comment = largest("name: a\nnodes: { primary: {} }\n", |_| {
        "# words\n".to_owned()
    });
    assert_eq!(good(&comment).scenario.name.as_str(), "a");
    let shown = wrong(&(comment + "# the last straw, of some more bytes\n"));
    assert!(
        shown.starts_with("error: the file is larger than a megabyte\n --> a.yaml:1:1\n"),
        "{shown}"
    );
}

#[test]
fn large_files_with_many_errors_are_answered_too() {
    let keys = large("", |index| format!("key_{index}: 1\n"));
    assert!(wrong(&keys).contains("more errors"));
    let nodes = large("name: a\nnodes:\n", |index| {
        format!("  n{index}:\n    standby_of: n\n")
    });
    assert!(wrong(&nodes).contains("are too many"));
    let settings = large("name: a\nnodes:\n  primary:\n    conf:\n", |index| {
        format!("      setting_{index}: 1\n")
    });
    assert!(wrong(&settings).contains("has no setting `setting_0`"));
    let data = large("name: a\nnodes: { primary: {} }\ndata: [", |_| {
        "jobs,".to_owned()
    });
    assert!(wrong(&(data + "]")).contains("is here twice"));
    let line = large("name: a\ntitle: ", |_| "x".to_owned());
    let shown = wrong(&line);
    assert!(shown.contains("`nodes` is missing") && shown.len() < 1000);
    let name = large("nodes: { primary: {} }\nname: ", |_| "x".to_owned());
    assert!(wrong(&name).len() < 1000);
}

#[test]
fn depth_is_limited() {
    for open in ["[", "{a: ", "- ", "? "] {
        let shown = wrong(&large("", |_| open.to_owned()));
        assert!(shown.starts_with("error: "), "{shown}");
    }
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut bomb = "name: a\nbomb:\n  - &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let uses = vec![format!("*a{}", level - 1); 9].join(", ");
        let line = format!("  - &a{level} [{uses}]\n");
        bomb.push_str(&line);
    }
    let shown = wrong(&bomb);
    assert!(shown.starts_with("error: there is far too much"), "{shown}");
    // At the alias that is one too many.
    assert!(shown.contains(" --> a.yaml:9:10\n"), "{shown}");
    let many = format!(
        "a: &a [{}x]\nb: [{}*a]\n",
        "x,".repeat(20_000),
        "*a,".repeat(20_000)
    );
    assert!(wrong(&many).contains("far too much"));
    assert!(wrong(&many).contains(" --> a.yaml:2:"));
    let long = format!(
        "a: &a {}\nb: [{}*a]\n",
        "x".repeat(400_000),
        "*a,".repeat(100_000)
    );
    assert!(wrong(&long).contains("far too much"));
}

/// Loads bytes; whatever is wrong must be somewhere inside of them, and must be shown.
fn survive(bytes: &[u8]) -> Result<(), TestCaseError> {
    let source = Source::new("a.yaml", bytes, None);
    let check = |wrong: &Diagnostics| {
        let lines: Vec<String> = String::from_utf8_lossy(bytes)
            .split('\n')
            .map(str::to_owned)
            .collect();
        for one in wrong.iter() {
            let position = one.position().expect("a place in the file");
            let line = lines.get(position.line - 1);
            prop_assert!(line.is_some(), "line {} of {}", position.line, lines.len());
            let width = line.map_or(0, |line| line.chars().count());
            prop_assert!(
                position.column <= width + 1,
                "column {} of {width}",
                position.column
            );
        }
        let shown = wrong.render(false);
        prop_assert!(
            shown.contains(" --> a.yaml:") && shown.contains('^'),
            "{shown}"
        );
        Ok(())
    };
    match source.and_then(|source| load(&source, &Overrides::default())) {
        Ok(_) => Ok(()),
        Err(wrong) => check(&wrong),
    }
}

/// A lab of the catalogue in which some bytes are replaced, taken out or put in.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let labs = catalog::embedded();
    let pieces = prop::sample::select(vec![
        "",
        "\t",
        ":",
        "- ",
        "[",
        "{",
        "}",
        "]",
        "*",
        "&a ",
        "<<: ",
        "\"",
        "'",
        "#",
        "|\n",
        "!x ",
        "\n",
        "  ",
        "\r",
        "null",
        "5",
        "1.5",
        "true",
        "standby_of",
        "primary",
        "ä",
        "\u{85}",
        "\u{2028}",
        "%",
        "---\n",
        "? ",
    ]);
    let edit = (any::<prop::sample::Index>(), 0..6usize, pieces);
    let edits = prop::collection::vec(edit, 1..6);
    (prop::sample::select(labs), edits).prop_map(|(lab, edits)| {
        let mut bytes = lab.text.as_bytes().to_vec();
        for (at, removed, piece) in edits {
            let start = at.index(bytes.len() + 1);
            let end = (start + removed).min(bytes.len());
            bytes.splice(start..end, piece.bytes());
        }
        bytes
    })
}

proptest! {
    #[test]
    fn no_bytes_make_the_loader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survive(&bytes)?;
    }

    #[test]
    fn no_text_makes_the_loader_panic(text in "[ -~\n\t:{}\\[\\]&*!|>'\"%@#,?<ä\u{85}\u{2028}-]{0,200}") {
        survive(text.as_bytes())?;
    }

    #[test]
    fn no_slip_in_a_lab_makes_the_loader_panic(bytes in mutated()) {
        survive(&bytes)?;
    }

    #[test]
    fn no_override_makes_the_loader_panic(path in "(nodes|data|auth|replication_user)?[a-z_.]{0,30}", value in "\\PC{0,30}") {
        if let Ok(set) = format!("{path}={value}").parse() {
            let source = Source::new("a.yaml", PAIR.as_bytes(), None).expect("a source");
            let overrides = Overrides { set: vec![set], ..Overrides::default() };
            if let Err(wrong) = load(&source, &overrides) {
                prop_assert!(wrong.render(false).contains("error: "));
            }
        }
    }
}
