//! The secrets of the scenarios and labs that this process works with: nothing that it prints has them.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use replication_lab::plan::Plan;
use replication_lab::plan::secrets::Secrets;

static KNOWN: RwLock<Option<Secrets>> = RwLock::new(None);

/// Keeps the passwords of a plan out of what is printed from now on. `open` are texts that are meant to be read.
pub(crate) fn keep(plan: &Plan, open: &[&str]) {
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    known
        .get_or_insert_default()
        .extend(Secrets::of(plan, open));
}

/// Keeps a value out of what is printed from now on.
pub(crate) fn keep_value(secret: &str) {
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    known
        .get_or_insert_default()
        .extend(Secrets::of_value(secret));
}

/// A text without these passwords.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    match &*known {
        Some(known) => known.masked(text),
        None => Cow::Borrowed(text),
    }
}

/// Whether one of these passwords has blanks.
pub(crate) fn have_blanks() -> bool {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    known.as_ref().is_some_and(Secrets::have_blanks)
}

/// A JSON document without these passwords in its values. Its keys stay.
pub(crate) fn masked_json(document: &str) -> Cow<'_, str> {
    if let Cow::Borrowed(_) = masked(document) {
        return Cow::Borrowed(document);
    }
    let mut shown = String::with_capacity(document.len());
    let mut rest = document;
    while let Some(start) = rest.find('"') {
        let end = end_of_string(&rest[start..]) + start;
        let (text, after) = (&rest[start..end], &rest[end..]);
        shown += &rest[..start];
        shown += &if after.starts_with(':') {
            text.into()
        } else {
            masked(text)
        };
        rest = after;
    }
    Cow::Owned(shown + rest)
}

/// The length of the JSON string at the beginning of a text.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}
