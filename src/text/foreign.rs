//! Foreign text: what scenarios, servers and programs wrote, made safe to print.
//!
//! A control character moves a terminal's cursor, renames its window or hides what came before. Characters without a
//! width and those that turn the direction of writing make a text look like another.

use std::borrow::Cow;
use std::fmt::Write as _;

/// A text whose characters are all seen: `\x1b` and `\u{202e}` in place of those that a terminal would act on or hide.
/// Tabs and line breaks stay.
///
/// ```
/// use replication_lab::text::foreign::visible;
///
/// assert_eq!(visible("a\tb\n"), "a\tb\n");
/// assert_eq!(visible("\u{1b}[2J\u{202e}"), "\\x1b[2J\\u{202e}");
/// ```
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    replaced(text, |c, shown| {
        let code = u32::from(c);
        _ = match c {
            '\r' => write!(shown, "\\r"),
            _ if code < 0x80 => write!(shown, "\\x{code:02x}"),
            _ => write!(shown, "\\u{{{code:x}}}"),
        };
    })
}

/// A JSON document with the same content, in which these characters are escaped as JSON does. JSON itself asks for that
/// below U+0020 only.
#[must_use]
pub fn visible_json(document: &str) -> Cow<'_, str> {
    replaced(document, |c, shown| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            _ = write!(shown, "\\u{unit:04x}");
        }
    })
}

fn replaced(text: &str, put: impl Fn(char, &mut String)) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            put(c, &mut shown);
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Whether a character is not seen as itself: a control character but tab and line break, one that turns the direction
/// of writing, one without a width, and one that XML refuses.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    let control = c.is_control() && c != '\t' && c != '\n';
    control
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_shown() {
        for (text, wanted) in [
            ("plain, ä, 漢字, 🐘", "plain, ä, 漢字, 🐘"),
            ("a\tb\nc", "a\tb\nc"),
            ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
            ("50 %\r100 %", "50 %\\r100 %"),
            ("\u{9b}31m\u{85}\x7f\0", "\\u{9b}31m\\u{85}\\x7f\\x00"),
            (
                "\u{202e}drows\u{2069}\u{200b}",
                "\\u{202e}drows\\u{2069}\\u{200b}",
            ),
            ("\u{e0041}\u{feff}", "\\u{e0041}\\u{feff}"),
        ] {
            assert_eq!(visible(text), wanted);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_hidden_and_nothing_else_changes(text in any::<String>()) {
            let shown = visible(&text).into_owned();
            prop_assert!(!shown.contains(is_hidden));
            if !text.contains(is_hidden) {
                prop_assert_eq!(shown, text);
            }
        }

        #[test]
        fn json_says_the_same(text in any::<String>()) {
            let document = serde_json::to_string(&text).expect("JSON");
            let shown = visible_json(&document);
            prop_assert!(!shown.contains(is_hidden));
            prop_assert_eq!(serde_json::from_str::<String>(&shown).expect("JSON"), text);
        }
    }
}
