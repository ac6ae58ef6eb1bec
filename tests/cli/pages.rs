//! What README and `docs/` show: every scenario is one, every command is one, every link leads somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{err, out};

/// The README is the shop window. What needs more room has a page in `docs/`.
const MOST_README_LINES: usize = 250;

/// A page of Markdown.
struct Page {
    /// Its path below the repository's root.
    path: String,
    text: String,
}

/// A block between fences.
struct Block {
    language: String,
    text: String,
    /// Where it begins: `docs/verbs.md:12`.
    place: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|it| it == extension)
}

fn markdown_of(folder: &str) -> Vec<String> {
    let mut paths: Vec<String> = fs::read_dir(root().join(folder))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .filter_map(|name| name.into_string().ok())
        .filter(|name| has_extension(name, "md"))
        .map(|name| folder.to_owned() + &name)
        .collect();
    paths.sort();
    paths
}

fn page(path: &str) -> Page {
    Page {
        path: path.to_owned(),
        text: fs::read_to_string(root().join(path)).expect("a page"),
    }
}

/// The pages of the root and of `docs/`.
fn pages() -> Vec<Page> {
    let paths = [markdown_of(""), markdown_of("docs/")].concat();
    assert!(paths.len() > 15, "{paths:?}");
    paths.iter().map(|path| page(path)).collect()
}

/// The README and the manual, without the page that is generated: `report/steps.rs` tests its examples.
fn manual() -> Vec<Page> {
    let mut pages = pages();
    pages.retain(|page| {
        page.path == "README.md" || (page.path.starts_with("docs/") && page.path != "docs/steps.md")
    });
    pages
}

impl Page {
    fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut lines = self.text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            let Some(language) = line.strip_prefix("```") else {
                continue;
            };
            let text: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| *line != "```")
                .collect();
            blocks.push(Block {
                language: language.to_owned(),
                text: text.join("\n") + "\n",
                place: format!("{}:{}", self.path, number + 1),
            });
        }
        blocks
    }

    /// The page without its blocks, line by line.
    fn prose(&self) -> Vec<&str> {
        let mut in_block = false;
        self.text
            .lines()
            .filter(|line| {
                let fence = line.starts_with("```");
                in_block ^= fence;
                !in_block && !fence
            })
            .collect()
    }

    /// Where its links lead.
    fn links(&self) -> Vec<String> {
        let prose = self.prose().join("\n");
        let targets = prose.split("](").skip(1);
        targets
            .filter_map(|rest| rest.split_once(')'))
            .map(|(target, _)| target.to_owned())
            .collect()
    }

    /// The names by which its headings are linked to.
    fn anchors(&self) -> BTreeSet<String> {
        let headings = self
            .prose()
            .into_iter()
            .filter(|line| line.starts_with('#'));
        headings
            .map(|line| {
                let heading = line.trim_start_matches('#').trim().to_lowercase();
                let kept = |it: &char| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_');
                heading
                    .chars()
                    .filter(kept)
                    .collect::<String>()
                    .replace(' ', "-")
            })
            .collect()
    }
}

/// Runs the program as somebody does who has no Docker.
fn without_docker(folder: &Path, arguments: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lab"))
        .current_dir(folder)
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
        .env_remove("LAB_POSTGRES")
        .args(arguments)
        .output()
        .expect("the binary runs")
}

/// A whole scenario from what a page shows of one.
fn completed(shown: &str) -> String {
    let mut text = String::new();
    let has = |key: &str| shown.lines().any(|line| line.starts_with(key));
    if !has("name:") {
        text += "name: shown\n";
    }
    if !has("nodes:") {
        text += "nodes: { primary: {}, replica: { standby_of: primary } }\n";
    }
    if shown.starts_with("- ") {
        text += "steps:\n";
    }
    text + shown
}

#[test]
fn every_scenario_of_the_manual_is_one() {
    let mut seen = 0;
    for block in manual().iter().flat_map(Page::blocks) {
        if block.language != "yaml" {
            continue;
        }
        seen += 1;
        let folder = tempfile::tempdir().expect("a folder");
        let words = block
            .text
            .split(|it: char| !(it.is_alphanumeric() || it == '.'));
        for file in words.filter(|word| has_extension(word, "sql")) {
            fs::write(folder.path().join(file), "SELECT 1;").expect("a file");
        }
        fs::write(folder.path().join("shown.yaml"), completed(&block.text)).expect("a file");
        let checked = without_docker(folder.path(), &["check", "shown.yaml"].map(str::to_owned));
        assert_eq!(
            checked.status.code(),
            Some(0),
            "{}\n{}",
            block.place,
            err(&checked)
        );
    }
    assert!(seen >= 7, "{seen} scenarios");
}

/// The commands of a line as a shell would run them: those that begin with `lab`.
fn commands(line: &str) -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    let mut word = String::new();
    let mut quote = None;
    let mut in_word = false;
    for it in line.chars() {
        match (quote, it) {
            (Some(open), _) if it == open => quote = None,
            (None, '\'') => {
                quote = Some(it);
                in_word = true;
            }
            (Some(_), _) => word.push(it),
            (None, '#') if !in_word => break,
            // What is inside of "$(…)" is a command of its own.
            (None, '"') => {}
            (None, ' ' | '|' | '>' | '&' | ';' | '(' | ')') => {
                if in_word {
                    found
                        .last_mut()
                        .expect("one")
                        .push(std::mem::take(&mut word));
                    in_word = false;
                }
                if it != ' ' {
                    found.push(Vec::new());
                }
            }
            (None, _) => {
                word.push(it);
                in_word = true;
            }
        }
    }
    if in_word {
        found.last_mut().expect("one").push(word);
    }
    found.retain(|words| words.first().is_some_and(|first| first == "lab"));
    found
}

/// Every command that a page shows, in blocks and between backticks, with the place.
fn shown_commands(page: &Page) -> Vec<(String, Vec<String>)> {
    let blocks = page.blocks();
    let in_blocks = blocks
        .iter()
        .filter(|block| block.language == "sh")
        .flat_map(|block| block.text.lines().map(|line| (block.place.clone(), line)));
    let prose = page.prose();
    let in_prose = prose.iter().flat_map(|line| {
        let spans = line.split('`').skip(1).step_by(2);
        spans.map(|span| (page.path.clone(), span))
    });
    in_blocks
        .chain(in_prose)
        // A dash of dots stands for what the reader knows.
        .filter(|(_, line)| !line.contains('…'))
        .flat_map(|(place, line)| {
            let commands = commands(line).into_iter();
            commands.map(move |words| {
                (
                    place.clone(),
                    words.iter().map(|word| filled(word)).collect(),
                )
            })
        })
        .collect()
}

/// A word as it is typed: what is written in capitals, as `NAME`, stands for a name.
fn filled(word: &str) -> String {
    if word.chars().all(|it| it.is_ascii_uppercase()) {
        return word.to_lowercase();
    }
    word.to_owned()
}

#[test]
fn every_command_of_the_pages_is_one() {
    let mut seen = BTreeSet::new();
    for page in pages() {
        for (place, words) in shown_commands(&page) {
            let arguments = &words[1..];
            // `lab` alone, and `lab VERB`, are names and not commands.
            if arguments.is_empty() || !seen.insert(arguments.to_vec()) {
                continue;
            }
            let folder = tempfile::tempdir().expect("a folder");
            let said = err(&without_docker(folder.path(), arguments));
            let refused = said.contains("Usage: lab") || said.contains("--help");
            // Prose may name a verb without what it takes.
            let lacks = said.contains("required") || !said.contains("error:");
            let named = has_extension(&place, "md") && lacks;
            assert!(!refused || named, "{place}: {words:?}\n{said}");
        }
    }
    assert!(seen.len() > 60, "{} commands", seen.len());
}

#[test]
fn a_wrong_command_would_be_found() {
    let folder = tempfile::tempdir().expect("a folder");
    for wrong in [
        "lab upp physical-sync",
        "lab up",
        "lab status --wach x",
        "lab up x --postgres",
    ] {
        let words = commands(wrong).remove(0);
        let said = err(&without_docker(folder.path(), &words[1..]));
        assert!(
            said.contains("Usage: lab") || said.contains("--help"),
            "{wrong}: {said}"
        );
    }
    assert_eq!(
        commands(r#"eval "$(lab env physical-sync)" && lab psql a -- -c 'SELECT 1' # opens lab"#),
        [
            vec!["lab", "env", "physical-sync"],
            vec!["lab", "psql", "a", "--", "-c", "SELECT 1"]
        ]
    );
}

#[test]
fn every_link_leads_somewhere() {
    let mut seen = 0;
    for from in pages() {
        let folder = Path::new(&from.path).parent().expect("a folder");
        for link in from.links() {
            if link.starts_with("http") {
                continue;
            }
            seen += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let to: PathBuf = match path {
                "" => PathBuf::from(&from.path),
                path => folder.join(path),
            };
            assert!(root().join(&to).exists(), "{}: {link}", from.path);
            if !anchor.is_empty() {
                let anchors = page(to.to_str().expect("text")).anchors();
                assert!(
                    anchors.contains(anchor),
                    "{}: {link}: {anchors:?}",
                    from.path
                );
            }
        }
    }
    assert!(seen > 60, "{seen} links");
}

#[test]
fn every_page_of_the_manual_is_in_its_index() {
    let index = page("docs/README.md");
    let links: BTreeSet<String> = index.links().into_iter().collect();
    for path in markdown_of("docs/") {
        let name = path.trim_start_matches("docs/").to_owned();
        assert!(name == "README.md" || links.contains(&name), "{name}");
    }
}

#[test]
fn the_readme_stays_short() {
    let lines = page("README.md").text.lines().count();
    assert!(lines <= MOST_README_LINES, "{lines} lines");
}

/// The verbs of the program, as its help lists them.
fn verbs() -> BTreeSet<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let help = out(&without_docker(folder.path(), &["--help".to_owned()]));
    let list = help.split("Start here:\n").nth(1).expect("the verbs");
    list.lines()
        .take_while(|line| *line != "Options:")
        // Only a verb's own line stands two columns in: what is wrapped stands further.
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_table_of_verbs_has_each_verb_once() {
    let page = page("docs/verbs.md");
    let rows = page
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("| `"));
    let listed: Vec<String> = rows
        .map(|row| row.split(['`', ' ']).next().expect("a word").to_owned())
        .filter(|verb| verb.starts_with(char::is_lowercase))
        .collect();
    let once: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(once.len(), listed.len(), "{listed:?}");
    assert_eq!(once, verbs());
}

#[test]
fn the_changelog_names_each_verb() {
    let changes = page("CHANGELOG.md").text;
    for verb in verbs() {
        let named = changes
            .split(|it: char| !it.is_alphanumeric())
            .any(|word| word == verb);
        assert!(named, "{verb}");
    }
}

#[test]
fn what_check_says_in_the_manual_is_what_it_says() {
    let wrong = "name: mine\nnodes:\n  primary:\n    conf:\n      wal_keep_size: 64 megabytes\n      \
                 synchronous_standby_names: neer\n  near:\n    standby_of: primry\n    hot: true\n";
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("mine.yaml"), wrong).expect("a file");
    let said = without_docker(folder.path(), &["check", "mine.yaml"].map(str::to_owned));
    let shown = format!("```text\n{}{}```\n", err(&said), out(&said));
    assert!(page("docs/scenario.md").text.contains(&shown), "{shown}");
}
