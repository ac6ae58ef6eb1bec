//! The loader on good text, on bad text and on any text.

mod before;
mod expected;
mod faults;
mod hba;
mod host_auth;
mod keys;
mod later;
mod limits;
mod logical;
mod machine;
mod meaning;
mod partly;
mod recovery;
mod rounds;
mod services;
mod settings;
mod steps;
mod sync;
mod text;
mod together;
mod topology;
mod useless;
mod values;
mod whole;

use super::{Loaded, Overrides, Source, load};

/// Everything wrong with a text, as it is shown.
fn wrong(text: &str) -> String {
    let loaded = Source::new("a.yaml", text.as_bytes(), None)
        .and_then(|source| load(&source, &Overrides::default()));
    match loaded {
        Ok(_) => panic!("nothing is wrong with:\n{text}"),
        Err(wrong) => {
            assert!(wrong.to_string().starts_with("`a.yaml` has "));
            wrong.render(false)
        }
    }
}

/// A text in which nothing is wrong.
fn good(text: &str) -> Loaded {
    with(text, &[])
}

/// A text in which nothing is wrong with some `--set`.
fn with(text: &str, set: &[&str]) -> Loaded {
    match try_with(text, set) {
        Ok(loaded) => loaded,
        Err(wrong) => panic!("{wrong}"),
    }
}

fn try_with(text: &str, set: &[&str]) -> Result<Loaded, String> {
    let overrides = Overrides {
        set: set
            .iter()
            .map(|one| one.parse().expect("PATH=VALUE"))
            .collect(),
        ..Overrides::default()
    };
    Source::new("a.yaml", text.as_bytes(), None)
        .and_then(|source| load(&source, &overrides))
        .map_err(|wrong| wrong.render(false))
}
