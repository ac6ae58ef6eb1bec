//! The scenarios of `tests/cases`, and what their heads say that `lab` must come to.

use std::path::{Path, PathBuf};

/// The verb that a case is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Check,
    Run,
}

/// A scenario with its verdict.
#[derive(Debug)]
pub struct Case {
    pub name: String,
    pub file: String,
    pub verb: Verb,
    code: i32,
    says: Vec<String>,
    lacks: Vec<String>,
}

/// The cases of a verb, by name.
pub fn all(verb: Verb) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let files = std::fs::read_dir(folder).expect("the cases");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    files.retain(|file| file.extension().is_some_and(|kind| kind == "yaml"));
    files.sort();
    let cases = files.iter().map(|file| read(file));
    cases.filter(|case| case.verb == verb).collect()
}

fn read(file: &Path) -> Case {
    let text = std::fs::read_to_string(file).expect("a case");
    let name = file.file_stem().expect("a name").display().to_string();
    assert!(text.contains(&format!("\nname: {name}\n")), "{name}");
    let head = text.lines().map_while(|line| line.strip_prefix("# "));
    let (mut verdict, mut says, mut lacks) = (None, Vec::new(), Vec::new());
    for line in head {
        let (key, value) = line.split_once(": ").expect("`key: value`");
        let code = || value.parse().expect("an exit code");
        match key {
            "check" => verdict = Some((Verb::Check, code())),
            "run" => verdict = Some((Verb::Run, code())),
            "says" => says.push(value.to_owned()),
            "lacks" => lacks.push(value.to_owned()),
            _ => panic!("{name}: `{key}` is no key of a head"),
        }
    }
    let (verb, code) = verdict.unwrap_or_else(|| panic!("{name} has no verdict"));
    let file = file.display().to_string();
    Case {
        name,
        file,
        verb,
        code,
        says,
        lacks,
    }
}

impl Case {
    /// Compares the head with how the program ended and with what it wrote.
    #[track_caller]
    pub fn judge(&self, code: Option<i32>, output: &str) {
        assert_eq!(code, Some(self.code), "{} wrote:\n{output}", self.name);
        for words in &self.says {
            assert!(output.contains(words), "no `{words}` in:\n{output}");
        }
        for words in &self.lacks {
            assert!(!output.contains(words), "`{words}` in:\n{output}");
        }
    }
}
