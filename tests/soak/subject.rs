//! What is killed, where it works, and what is left of it.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use replication_lab::engine::{Engine, LAB_LABEL, Selector};

use crate::ready;

/// A process that is killed at some moment.
pub struct Subject {
    pub verb: &'static str,
    /// Whether it needs a lab that is up.
    is_up: bool,
    /// Whether an interrupt of it leaves nothing.
    pub makes: bool,
    /// About how long it takes.
    pub takes: Duration,
}

const fn subject(verb: &'static str, is_up: bool, makes: bool, takes: u64) -> Subject {
    let takes = Duration::from_millis(takes);
    Subject {
        verb,
        is_up,
        makes,
        takes,
    }
}

/// In an order in which a short form has the most different ones. The second `run` is killed late: in its steps, its
/// teardown or its removal.
pub const SUBJECTS: &[Subject] = &[
    subject("up", false, true, 2500),
    subject("down", true, false, 1500),
    subject("run", false, true, 9000),
    subject("fault", true, false, 1200),
    subject("down", true, false, 600),
    subject("up", false, true, 1000),
    subject("run", false, true, 5000),
    subject("heal", true, false, 800),
];

impl Subject {
    /// Makes the lab that it needs.
    pub fn prepare(&self, place: &Place, name: &str) {
        if !self.is_up {
            return;
        }
        let up = lab(place, &["up", &place.scenario(), "--name", name]);
        assert_eq!(up.status.code(), Some(0), "{}", said(&up));
        if self.verb == "heal" {
            let cut = lab(place, &["fault", name, "partition", "primary", "replica"]);
            assert_eq!(cut.status.code(), Some(0), "{}", said(&cut));
        }
    }

    pub fn arguments(&self, place: &Place, name: &str) -> Vec<String> {
        let scenario = place.scenario();
        let words: &[&str] = match self.verb {
            "up" | "run" => &[self.verb, &scenario, "--name", name],
            "fault" => &["fault", name, "partition", "primary", "replica"],
            verb => &[verb, name],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }
}

const SCENARIO: &str = "\
name: soak
nodes:
  primary: {}
  replica: { standby_of: primary }
steps:
- partition: [primary, replica]
- sql: SELECT 1
  on: primary
- heal: all
- streaming: replica
  within: 30s
- stop: replica
- start: replica
  within: 30s
teardown:
- isolate: primary
- heal: all
";

/// A test's own names, and its own folder for temporary files.
pub struct Place {
    prefix: String,
    temporary: tempfile::TempDir,
    files: tempfile::TempDir,
}

impl Place {
    pub fn new(test: &str) -> Self {
        let initial = test.split('_').next().unwrap_or("x").to_owned();
        let place = Self {
            prefix: format!("s{}-{initial}", std::process::id()),
            temporary: tempfile::tempdir().expect("a folder"),
            files: tempfile::tempdir().expect("a folder"),
        };
        std::fs::write(place.scenario(), SCENARIO).expect("a file");
        place
    }

    /// The name of a lab.
    pub fn name(&self, number: usize) -> String {
        format!("{}-{number}", self.prefix)
    }

    pub fn names(&self) -> Vec<String> {
        (0..8).map(|number| self.name(number)).collect()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// The path of the scenario.
    pub fn scenario(&self) -> String {
        self.file("soak.yaml").display().to_string()
    }

    /// The path of a scenario with so many standbys.
    pub fn wide(&self, standbys: u64) -> String {
        use std::fmt::Write as _;
        let mut text = "name: wide\nnodes:\n  primary: {}\n".to_owned();
        for number in 1..=standbys {
            let _ = writeln!(text, "  r{number}: {{ standby_of: primary }}");
        }
        let path = self.file("wide.yaml");
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    }

    /// The path of a lab of the catalogue under a name of this test's own.
    pub fn copy_of(&self, lab: &str) -> String {
        let path = format!("{}/labs/{lab}.yaml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("a lab");
        let own = format!("name: {}-{lab}", self.prefix);
        let text = text.replacen(&format!("name: {lab}"), &own, 1);
        let path = self.file(&format!("{lab}.yaml"));
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    }

    /// What `lab list` says of a lab.
    pub fn state(&self, name: &str) -> Option<String> {
        let list = lab(self, &["list", "--output", "json"]);
        let list: serde_json::Value = serde_json::from_slice(&list.stdout).expect("JSON");
        let labs = list["labs"].as_array().expect("labs");
        let found = labs.iter().find(|lab| lab["name"] == name)?;
        Some(found["state"].as_str().expect("a word").to_owned())
    }

    /// Checks that no process left temporary files.
    pub fn no_files(&self, after: &str) {
        let files = std::fs::read_dir(self.temporary.path()).expect("a folder");
        let files = files.map(|file| file.expect("a file").file_name());
        // The lock of an image that is built stays: two processes could hold two files of one name otherwise.
        let mut files = files.filter(|name| !name.to_string_lossy().ends_with(".lock"));
        assert_eq!(files.next(), None, "{after}");
    }
}

fn command(place: &Place) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command
        .env_remove("LAB_POSTGRES")
        .env("TMPDIR", place.temporary.path())
        .stdin(Stdio::null());
    command
}

/// Runs `lab` to its end.
pub fn lab(place: &Place, arguments: &[&str]) -> Output {
    let ended = command(place).args(arguments).output();
    ended.expect("the program runs")
}

/// Starts `lab`.
pub fn spawn(place: &Place, arguments: &[String]) -> Child {
    let mut command = command(place);
    command.args(arguments).stdout(Stdio::null());
    let child = command.stderr(Stdio::piped()).spawn();
    child.expect("the program starts")
}

/// What a process wrote for people.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Everything that carries the lab's label or has its name. The rules of a node's network end with its container.
pub fn left(name: &str) -> Vec<String> {
    let which = Selector::LabelValue(LAB_LABEL.to_owned(), name.to_owned());
    ready::runtime().block_on(async {
        let engine = Engine::connect().await.expect("Docker");
        let containers = engine.containers(&which).await.expect("a list");
        let volumes = engine.volumes(&which).await.expect("a list");
        let networks = engine.networks(None).await.expect("a list");
        let own = format!("lab-{name}");
        let mut left: Vec<String> = containers.into_iter().map(|it| it.name).collect();
        left.extend(volumes.into_iter().map(|it| it.name));
        let networks = networks.into_iter().map(|it| it.name);
        left.extend(networks.filter(|it| it.split('.').next() == Some(&own)));
        left
    })
}
