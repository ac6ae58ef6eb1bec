//! Nothing means anything else than to the YAML crate.

use std::path::Path;

use super::*;

/// The tree as the YAML crate would have it.
fn theirs(node: &Node) -> Theirs {
    match &node.value {
        Value::Null => Theirs::Null,
        Value::Boolean(value) => (*value).into(),
        Value::Integer(text) => Theirs::Number(text.parse().expect("an integer")),
        Value::Float(text) => {
            let value: f64 = text.parse().expect("a number");
            value.into()
        }
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(theirs).collect(),
        Value::Map(entries) => {
            let entries = entries.iter();
            let pairs = entries.map(|entry| (entry.key.as_str().into(), theirs(&entry.value)));
            Theirs::Mapping(pairs.collect())
        }
    }
}

/// What the YAML crate makes of a text, with its keys as text and its merge keys followed.
fn expected(text: &str) -> Result<Theirs, serde_yaml::Error> {
    let mut value: Theirs = serde_yaml::from_str(text)?;
    value.apply_merge()?;
    Ok(with_text_keys(value))
}

fn with_text_keys(value: Theirs) -> Theirs {
    match value {
        Theirs::Sequence(items) => items.into_iter().map(with_text_keys).collect(),
        Theirs::Mapping(map) => {
            let pairs = map.into_iter().map(|(key, value)| {
                let key = match key {
                    Theirs::Null => "null".to_owned(),
                    Theirs::Bool(key) => key.to_string(),
                    Theirs::Number(key) => key.to_string(),
                    Theirs::String(key) => key,
                    other => format!("{other:?}"),
                };
                (key.into(), with_text_keys(value))
            });
            Theirs::Mapping(pairs.collect())
        }
        other => other,
    }
}

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "yaml") {
            found.push(path);
        }
    }
}

#[test]
fn every_file_of_this_project_is_read_as_the_yaml_crate_reads_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["labs", "tests", "src"] {
        files(&root.join(folder), &mut found);
    }
    assert!(found.len() > 40, "{}", found.len());
    for path in found {
        let text = std::fs::read_to_string(&path).expect("text");
        let expected = expected(&text).expect("YAML");
        assert_eq!(theirs(&tree(&text)), expected, "{}", path.display());
    }
}

#[test]
fn every_scalar_is_what_it_is_to_the_yaml_crate() {
    let odd = [
        "~ null Null NULL nULL true True TRUE false yes no on off y n Yes ON",
        "0 -0 +0 1 -1 +1 00 007 -07 +07 08 1_000 0x 0x1F 0X1F -0x1F +0x1F 0x-1 0o17 0o8 017 0b101 0b2",
        "9223372036854775807 -9223372036854775808 18446744073709551615 --1 +-1 1- 1+ - + . ..",
        "1. .5 -.5 +.5 1.5 12.50 -0.10 1e3 1E3 1e+3 1e-3 1e 1e400 1.5e3 e3 1.2.3 1,5 1:30 12:30:45",
        ".inf .Inf .INF .iNF -.inf +.inf .nan .NaN .NAN -.nan inf nan NaN infinity -inf",
        "2001-12-14 16MB 5s 192.168.0.1 10.0.0.0/8 a.b 0/16B3748 <<  =  a#b 17.2 postgres:17.2",
    ];
    for scalar in odd.iter().flat_map(|line| line.split_whitespace()) {
        for text in [
            scalar.to_owned(),
            format!("a: {scalar}"),
            format!("- '{scalar}'"),
            format!("[\"{scalar}\", {scalar}]"),
            format!("|\n  {scalar}"),
            format!("!!str {scalar}"),
        ] {
            if text.ends_with("- -") || text == "[\"<<\", <<]" {
                continue;
            }
            match serde_yaml::from_str::<Theirs>(&text) {
                Ok(Theirs::Tagged(_)) => {}
                Ok(expected) => same(&theirs(&tree(&text)), &with_text_keys(expected), &text),
                Err(_) => assert!(parse(&text, 0).is_err(), "{text}"),
            }
        }
    }
}

/// NaN is not equal to itself.
fn same(ours: &Theirs, theirs: &Theirs, text: &str) {
    assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "{text}");
}

#[test]
fn a_block_of_text_may_end_with_the_file() {
    for text in [
        "|\n a",
        "|-\n a",
        "|+\n a",
        ">\n a",
        "|\n a\n  ",
        "|+\n a\n  ",
        "|\n a \n   b\n    ",
        "a: |\n  b\nc: |2\n   d",
        "|",
        "a: |",
        "- >-\n  é",
        "|\n\n  a\n    ",
        ">\n\n a\n   ",
        "|\r\n a",
        "|+\n a\n\n",
    ] {
        let expected: Theirs = serde_yaml::from_str(text).expect("YAML");
        assert_eq!(theirs(&tree(text)), expected, "{text:?}");
    }
}

/// Pieces that YAML is made of, put together in any way.
fn odd_text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a", "b: ", "- ", "\n", "  ", "\n  ", "\n- ", "{", "}", "[", "]", ",", "'", "\"", "|\n",
        "> \n", "# c", "&x ", "*x", "!t ", "!!str ", "1.5", "~", "\t", ": ", "? ", "<<: ", "\r\n",
        "---\n", "...\n", "é", "null", "0x1F", "%", "@", "\n\n", "\\n", "-", "|-\n ", "key: v\n",
        "\u{a0}", "\u{85}", "\u{2028}", "漢", "|+\n  ", "\r",
    ]);
    prop::collection::vec(pieces, 1..16).prop_map(|pieces| pieces.concat())
}

/// What this crate refuses and the YAML crate does not, or the other way round, by intention.
fn is_our_own(text: &str, error: &str) -> bool {
    let tags = text.contains('!');
    let theirs = ["duplicate entry", "recursion", "merge", "repetition"];
    tags || theirs.iter().any(|word| error.contains(word))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_text_is_the_same_tree_or_an_error_to_both(text in odd_text()) {
        let ours = parse(&text, 0);
        match serde_yaml::from_str::<Theirs>(&text) {
            Ok(value) if !text.contains("<<") => match &ours {
                Ok(document) if document.problems.is_empty() => {
                    prop_assert_eq!(theirs(&document.root), with_text_keys(value));
                }
                Ok(_) => {}
                Err(error) => prop_assert!(is_our_own(&text, ""), "{error}"),
            },
            Ok(_) => {}
            Err(error) => {
                let error = error.to_string();
                prop_assert!(ours.is_err() || is_our_own(&text, &error), "{error}");
            }
        }
    }

    #[test]
    fn places_lie_within_any_text(text in odd_text()) {
        match parse(&text, 0) {
            Ok(document) => {
                let mut found = Vec::new();
                spots(&document.root, &mut found);
                found.extend(document.problems.iter().map(|problem| problem.spot));
                for spot in found {
                    prop_assert!(text.get(spot.start..spot.end).is_some(), "{spot:?}");
                    diagnostic::Excerpt::of(&text, spot);
                }
            }
            Err(error) => prop_assert!(text.is_char_boundary(error.at), "{}", error.at),
        }
    }
}
