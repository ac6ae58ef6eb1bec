//! Holds `ARCHITECTURE.md` true: which room uses which, and how long a file may be.
//!
//! Both lists of exceptions only shrink. A new exception fails a test, and so does one that is no longer needed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The text that this module reads the order from.
const TEXT: &str = include_str!("../ARCHITECTURE.md");

/// How long a file of `src/` may be.
const LONGEST: usize = 400;

/// Arrows that go up, or in a circle, with the number of files that hold one.
const ARROWS: &[(&str, &str, usize)] = &[];

/// Files that are longer than [`LONGEST`], with the lines that they may have at most.
const LONG: &[(&str, usize)] = &[];

/// Rooms that the text describes and that are not built yet.
const COMING: &[&str] = &[];

/// One file below `src/`.
struct File {
    /// Its path below `src/`.
    path: String,
    text: String,
}

impl File {
    /// The room that the file belongs to: none for the roots of the library and the program.
    fn room(&self) -> Option<&str> {
        let first = self.path.split('/').next()?;
        let room = first.strip_suffix(".rs").unwrap_or(first);
        (!matches!(room, "lib" | "main" | "architecture")).then_some(room)
    }

    /// Whether the whole file is tests. Tests may use every room.
    fn is_tests(&self) -> bool {
        self.path
            .split('/')
            .any(|part| matches!(part, "tests" | "tests.rs") || part.ends_with("_tests.rs"))
    }

    /// The rooms whose names follow `crate::` or the library's name, and those that `super::` reaches.
    fn used(&self) -> BTreeSet<String> {
        let code = without_tests(&self.text);
        let modules = self.path.trim_end_matches(".rs").split('/').count();
        let to_root = "super::".repeat(modules);
        ["crate::", "replication_lab::", &to_root]
            .iter()
            .flat_map(|prefix| after(&code, prefix))
            .collect()
    }
}

/// The code without comments and without the modules that only tests have.
fn without_tests(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        if line == "#[cfg(test)]" {
            let item = lines.find(|line| !line.starts_with('#'));
            if item.is_some_and(|item| item.ends_with('{')) {
                // rustfmt puts the end of an item at the start of a line.
                lines.find(|line| *line == "}");
            }
            continue;
        }
        code.push_str(line);
        code.push('\n');
    }
    code
}

/// The names that follow `prefix`: one, or those of a list in braces.
fn after(code: &str, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|it| it.is_alphanumeric() || it == '_' || it == ':') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            None => names.push(name(rest)),
            Some(list) => names.extend(in_braces(list)),
        }
    }
    // A room's name is written small: what begins otherwise is an item of the crate's first page.
    names.retain(|name| name.starts_with(|it: char| it.is_lowercase()));
    names
}

fn in_braces(list: &str) -> Vec<String> {
    let mut names = vec![name(list)];
    let mut depth = 1;
    for (at, it) in list.char_indices() {
        match it {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => names.push(name(&list[at + 1..])),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

fn name(text: &str) -> String {
    let text = text.trim_start();
    let end = text.find(|it: char| !it.is_alphanumeric() && it != '_');
    text[..end.unwrap_or(text.len())].to_owned()
}

/// Every file below `src/`.
fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let below = path.strip_prefix(&root).expect("below `src`");
                found.push(File {
                    path: below.to_str().expect("text").to_owned(),
                    text: fs::read_to_string(&path).expect("text"),
                });
            }
        }
    }
    found
}

/// The order of the rooms in `ARCHITECTURE.md`, the highest first. Rooms of one group stand side by side.
fn order() -> Vec<Vec<&'static str>> {
    let block = TEXT.split("<!-- order -->").nth(1).expect("the order");
    let block = block.split("```").nth(1).expect("its block");
    let block = block.trim_start_matches("text");
    block
        .split("->")
        .map(|group| group.split(',').map(str::trim).collect())
        .collect()
}

/// Which room uses which other one, in how many files.
fn arrows() -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut arrows: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for file in files() {
        let Some(room) = file.room() else { continue };
        if file.is_tests() {
            continue;
        }
        for used in file.used() {
            if used != room {
                let arrow = arrows.entry((room.to_owned(), used)).or_default();
                arrow.insert(file.path.clone());
            }
        }
    }
    arrows
}

#[test]
fn every_room_has_its_place_in_the_text() {
    let order: BTreeSet<&str> = order().into_iter().flatten().collect();
    let files = files();
    let rooms: BTreeSet<&str> = files.iter().filter_map(File::room).collect();
    for room in &rooms {
        assert!(order.contains(room), "the order lacks `{room}`");
        assert!(TEXT.contains(&format!("| `{room}` |")), "no row: `{room}`");
    }
    for room in order.difference(&rooms) {
        assert!(COMING.contains(room), "there is no room `{room}`");
    }
}

#[test]
fn a_room_uses_only_rooms_that_come_after_it() {
    let order = order();
    let level = |room: &str| order.iter().position(|group| group.contains(&room));
    let arrows = arrows();
    let mut against = BTreeMap::new();
    for ((from, to), files) in &arrows {
        let (Some(above), Some(below)) = (level(from), level(to)) else {
            panic!("`{from}` uses `{to}`, and one of them is no room: {files:?}");
        };
        let back = arrows.contains_key(&(to.clone(), from.clone()));
        if above > below || (above == below && back) {
            against.insert((from.as_str(), to.as_str()), files);
        }
    }
    let mut problems = Vec::new();
    for (from, to, most) in ARROWS {
        match against.remove(&(*from, *to)) {
            None => problems.push(format!("{from} -> {to} is gone: take it from the list")),
            Some(files) if files.len() > *most => {
                problems.push(format!("{from} -> {to} in more files: {files:?}"));
            }
            Some(_) => {}
        }
        // Of a circle it is enough that one way is listed.
        if level(from) == level(to) {
            against.remove(&(*to, *from));
        }
    }
    for ((from, to), files) in against {
        problems.push(format!("{from} -> {to} goes up: {files:?}"));
    }
    let problems = problems.join("\n");
    assert!(
        problems.is_empty(),
        "the order is in ARCHITECTURE.md, the list in src/architecture.rs:\n{problems}"
    );
}

#[test]
fn no_file_is_too_long() {
    let mut listed: BTreeMap<&str, usize> = LONG.iter().copied().collect();
    let mut problems = Vec::new();
    for file in files() {
        let lines = file.text.lines().count();
        let listed = listed.remove(file.path.as_str());
        if lines > listed.unwrap_or(LONGEST) {
            problems.push(format!("{} has {lines} lines", file.path));
        }
        if listed.is_some() && lines <= LONGEST {
            problems.push(format!("{} is short now: take it from the list", file.path));
        }
    }
    for path in listed.keys() {
        problems.push(format!("{path} is gone: take it from the list"));
    }
    let problems = problems.join("\n");
    assert!(
        problems.is_empty(),
        "a file has at most {LONGEST} lines, and the list in src/architecture.rs only shrinks:\n{problems}"
    );
}

#[test]
fn what_a_file_uses_is_found_in_each_way_of_writing_it() {
    let file = |path: &str, text: &str| File {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let used = |file: File| file.used().into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(used(file("lab.rs", "use crate::plan::Plan;\n")), "plan");
    assert_eq!(
        used(file(
            "lab/up.rs",
            "use crate::{engine::{Engine, x}, plan, Lab};\n"
        )),
        "engine plan"
    );
    assert_eq!(
        used(file("lab/up.rs", "super::super::image::find();\n")),
        "image"
    );
    assert_eq!(
        used(file("cli/up.rs", "use replication_lab::exit::Exit;\n")),
        "exit"
    );
    assert_eq!(used(file("lab.rs", "/// [`crate::cli`]\n")), "");
    let tests = "#[cfg(test)]\nmod tests {\n    use crate::cli;\n}\n\nuse crate::name::Name;\n";
    assert_eq!(used(file("lab.rs", tests)), "name");
}
