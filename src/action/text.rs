//! Texts that may name captured values, `${name}`: where they are, which names they use, and how they are filled in.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::{Cell, Step};
use crate::sql::quote::Quote;

/// A text of a step.
#[derive(Debug)]
pub struct Text<'a> {
    text: &'a mut String,
    /// In SQL a value is quoted; elsewhere it is put in as it is.
    is_sql: bool,
}

impl<'a> Text<'a> {
    /// A text that is no SQL.
    pub fn plain(text: &'a mut String) -> Self {
        let is_sql = false;
        Self { text, is_sql }
    }

    /// SQL.
    pub fn sql(text: &'a mut String) -> Self {
        let is_sql = true;
        Self { text, is_sql }
    }

    /// Those of `cells` that are not NULL.
    pub fn cells(cells: impl IntoIterator<Item = &'a mut Cell>) -> Vec<Self> {
        let texts = cells.into_iter().filter_map(|cell| cell.0.as_mut());
        texts.map(Self::plain).collect()
    }

    /// Where it names values.
    fn places(&self) -> Vec<(usize, &str)> {
        if self.is_sql {
            places_in_sql(self.text).collect()
        } else {
            places(self.text).collect()
        }
    }

    fn fill(&mut self, values: &BTreeMap<String, String>) {
        let text = self.text.as_str();
        let mut filled = String::with_capacity(text.len());
        let mut from = 0;
        for (at, rest) in self.places() {
            let name = rest.split_once('}').map(|(name, _)| name);
            let Some((name, value)) = name.and_then(|name| values.get_key_value(name)) else {
                continue;
            };
            let quote = self.is_sql.then(|| Quote::after(&text[..at]));
            let written = quote.map_or_else(|| Some(value.clone()), |quote| quote.write(value));
            let Some(written) = written else {
                continue;
            };
            filled.push_str(&self.itself(&text[from..at]));
            filled.push_str(&written);
            from = at + name.len() + "${}".len();
        }
        filled.push_str(&self.itself(&text[from..]));
        *self.text = filled;
    }

    /// A piece without names, as it is meant.
    fn itself<'t>(&self, piece: &'t str) -> Cow<'t, str> {
        if self.is_sql {
            return piece.into();
        }
        piece.replace("$${", "${").into()
    }
}

impl Step {
    /// Its texts, without those of the steps within it.
    fn texts(&mut self) -> Vec<Text<'_>> {
        let mut texts = self.action.texts();
        texts.extend(self.say.as_mut().map(Text::plain));
        if let Some(expect) = &mut self.expect {
            texts.extend(expect.texts());
        }
        texts
    }

    /// The step with captured values in place of their names. In SQL a value becomes a literal, or a part of the
    /// literal or the identifier in whose quotes it stands; elsewhere it is put in as it is. The steps within it
    /// happen later, with what is known then.
    #[must_use]
    pub fn filled(&self, values: &BTreeMap<String, String>) -> Self {
        let mut step = self.clone();
        for text in &mut step.texts() {
            text.fill(values);
        }
        step
    }

    /// The names of the values that it uses, without those of the steps within it.
    #[must_use]
    pub fn used(&self) -> BTreeSet<String> {
        let (used, _) = self.named();
        used
    }

    /// The text after each `${` without a `}`. Steps within it are left out.
    #[must_use]
    pub fn unclosed(&self) -> Vec<String> {
        let (_, unclosed) = self.named();
        unclosed
    }

    fn named(&self) -> (BTreeSet<String>, Vec<String>) {
        let (mut used, mut unclosed) = (BTreeSet::new(), Vec::new());
        for text in self.clone().texts() {
            for (_, rest) in text.places() {
                match rest.split_once('}') {
                    Some((name, _)) => _ = used.insert(name.to_owned()),
                    None => unclosed.push(rest.to_owned()),
                }
            }
        }
        (used, unclosed)
    }
}

/// Where a text that is no SQL names values: the place of each `${`, and what comes after it. `$${` is how `${` itself
/// is written.
pub fn places(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let all = text.match_indices("${");
    all.filter(|(at, _)| !text[..*at].ends_with('$'))
        .map(|(at, mark)| (at, &text[at + mark.len()..]))
}

/// The same in SQL. After a `$` it begins none: `$${` and `$tag${` are the beginning of a dollar-quoted text (manual:
/// "Dollar-Quoted String Constants").
fn places_in_sql(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let all = text.match_indices("${");
    all.filter(|(at, _)| !quotes(&text[..*at]))
        .map(|(at, mark)| (at, &text[at + mark.len()..]))
}

/// Whether a `$` after this text is the second of a dollar quote's mark.
fn quotes(before: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let Some(rest) = before.trim_end_matches(word).strip_suffix('$') else {
        return false;
    };
    let tag = &before[rest.len() + 1..];
    tag.is_empty() || !(tag.starts_with(|c: char| c.is_ascii_digit()) || rest.ends_with('$'))
}

#[cfg(test)]
mod tests;
