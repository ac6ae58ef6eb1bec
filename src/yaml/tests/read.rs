//! Values as types, and where they are not of the type.

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Delay {
    from: String,
    by: f64,
    times: Option<u8>,
    #[serde(default)]
    also: Vec<(String, bool)>,
    #[serde(default)]
    mode: Mode,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Plain,
    At(u32),
    Between {
        from: u32,
        to: u32,
    },
}

/// A number as it is written.
#[derive(Debug, PartialEq)]
struct Spelled(String);

impl<'de> Deserialize<'de> for Spelled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Spelled;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number")
            }
            fn visit_str<E>(self, text: &str) -> Result<Spelled, E> {
                Ok(Spelled(text.to_owned()))
            }
        }
        deserializer.deserialize_newtype_struct(SPELLED, Text)
    }
}

#[test]
fn a_value_becomes_a_type() {
    let written = "{ from: a, by: 1, also: [[b, true]], mode: { between: { from: 1, to: 2 } } }";
    assert_eq!(
        tree(written).read(),
        Ok(Delay {
            from: "a".to_owned(),
            by: 1.0,
            times: None,
            also: vec![("b".to_owned(), true)],
            mode: Mode::Between { from: 1, to: 2 },
        })
    );
    assert_eq!(tree("{ at: 0x10 }").read(), Ok(Mode::At(16)));
    assert_eq!(tree("plain").read(), Ok(Mode::Plain));
    assert_eq!(tree("7").under("at").read(), Ok(Mode::At(7)));
    let spelled = ["12.50", "1", "'x'"].map(|text| tree(text).read::<Spelled>());
    assert_eq!(
        spelled,
        ["12.50", "1", "x"].map(|text| Ok(Spelled(text.to_owned())))
    );
}

/// The problem with what is written, and the part of it that is meant.
fn wrong(text: &str) -> String {
    let problem = tree(text).read::<Delay>().expect_err("no delay");
    let meant = &text[problem.spot.start..problem.spot.end];
    let help = problem.help.map(|help| format!(" ({help})"));
    format!("{meant}: {}{}", problem.message, help.unwrap_or_default())
}

#[test]
fn what_is_wrong_is_found_where_it_is() {
    let texts = [
        "{ from: a }",
        "{ from: 12.50, by: 1 }",
        "{ frm: a, by: 1 }",
        "{ from: a, by: x }",
        "{ from: a, by: 1, times: 256 }",
        "{ from: a, by: 1, times: -1 }",
        "{ from: a, by: 1, also: [[b, true], [c, 1]] }",
        "{ from: a, by: 1, also: [[b, true, c]] }",
        "{ from: a, by: 1, also: [[]] }",
        "{ from: a, by: 1, mode: plan }",
        "{ from: a, by: 1, mode: at }",
        "{ from: a, by: 1, mode: { at: x } }",
        "{ from: a, by: 1, mode: { att: 1 } }",
        "{ from: a, by: 1, mode: { between: { from: 1 } } }",
        "{ from: a, by: 1, mode: 3 }",
        "[a]",
    ];
    let said: Vec<String> = texts.iter().map(|text| wrong(text)).collect();
    insta::assert_snapshot!(said.join("\n"), @"
    { from: a }: the key `by` is missing
    12.50: text is wanted, not the number `12.50`
    frm: `frm` is none of the keys here (did you mean `from`?)
    x: a number is wanted, not the text `x`
    256: a whole number from 0 to 255 is wanted, not the number `256`
    -1: a whole number from 0 to 255 is wanted, not the number `-1`
    1: a boolean is wanted, not the number `1`
    c: the list has more items than are wanted
    []: a list of 2 is wanted, not a list
    plan: `plan` is none of the words here (did you mean `plain`?)
    at: a mapping with one key is wanted, not the text `at`
    x: a whole number is wanted, not the text `x`
    att: `att` is none of the words here (did you mean `at`?)
    { from: 1 }: the key `to` is missing
    3: a word or a mapping with one key is wanted, not the number `3`
    [a]: a mapping is wanted, not a list
    ");
}
