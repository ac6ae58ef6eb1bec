//! Bad days on real Docker: interrupts, kills, two at once, a daemon that goes away. Nothing is left behind.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

const SOCKET: &str = "/var/run/docker.sock";

/// What `-v` says when a phase begins, in the order of phases.
const PHASES: &[&str] = &[
    "finding images",
    "creating the network",
    "starting containers",
    "initialising a data directory",
    "starting the primary",
    "creating roles and slots",
    "loading data",
    "taking base backups",
    "starting standbys",
    "verifying replication",
];

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let mut trials: Vec<Trial> = Vec::new();
    for (number, phase) in PHASES.iter().enumerate() {
        let name = phase.replace(' ', "_");
        trials.push(trial(
            format!("ctrl_c_while_{name}_leaves_nothing"),
            move |lab| interrupt(lab, number),
        ));
        trials.push(trial(
            format!("a_kill_while_{name}_leaves_what_gc_and_down_remove"),
            move |lab| kill(lab, number),
        ));
    }
    trials.push(trial("a_killed_run_leaves_what_gc_removes", |lab| {
        killed_run(lab, &[]);
        assert_eq!(lab.left(), Vec::<String>::new());
    }));
    trials.push(trial("a_killed_run_that_keeps_its_lab_keeps_it", |lab| {
        killed_run(lab, &["--keep", "failed"]);
        assert_ne!(lab.left(), Vec::<String>::new());
    }));
    trials.push(trial("a_second_ctrl_c_leaves_at_once", second_interrupt));
    trials.push(trial("of_two_ups_of_one_name_one_wins", two_at_once));
    trials.push(trial("eight_labs_at_once_all_come_up", eight_at_once));
    trials.push(trial(
        "a_daemon_that_goes_away_is_an_error_and_not_a_hang",
        daemon_goes_away,
    ));
    trials.push(trial(
        "a_setting_that_stops_the_server_is_blamed",
        bad_setting,
    ));
    trials.push(trial("a_failure_is_kept_when_asked", kept));
    trials.push(trial(
        "up_leaves_a_lab_alone_and_replace_makes_it_anew",
        left_alone,
    ));
    libtest_mimic::run(&arguments, trials).exit();
}

/// A lab's name of this test's own; whatever carries it is removed in the end.
#[derive(Clone)]
struct Lab(String);

fn trial(name: impl Into<String>, test: impl FnOnce(&Lab) + Send + 'static) -> Trial {
    let name = name.into();
    Trial::ignorable_test(name.clone(), move || {
        if !Path::new(SOCKET).exists() {
            let reason = format!("there is no Docker at {SOCKET}");
            let required = std::env::var_os("LAB_REQUIRE_DOCKER").is_some_and(|value| value == "1");
            return if required {
                Err(Failed::from(reason))
            } else {
                Ok(Completion::ignored_with(reason))
            };
        }
        let place = name.bytes().fold(7_u32, |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(u32::from(byte))
        });
        let lab = Lab(format!("b{}-{place:x}", std::process::id()));
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test(&lab)));
        for number in 0..9 {
            let name = if number == 0 {
                lab.0.clone()
            } else {
                format!("{}-{number}", lab.0)
            };
            // Most tests have removed it themselves, and then there is nothing to remove.
            let _ = run(&["-q", "down", &name]);
        }
        outcome.map_err(|panic| {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            Failed::from(words.unwrap_or_default())
        })?;
        Ok(Completion::Completed)
    })
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command
        .args(arguments)
        .env_remove("LAB_POSTGRES")
        .stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the binary runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

impl Lab {
    /// `lab up` on the way, with its standard error to read.
    fn up(&self, scenario: &str) -> Child {
        let mut up = command(&["up", scenario, "--name", &self.0, "-v"]);
        up.stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs")
    }

    /// Waits until `up` says that a phase begins.
    fn reach(up: &mut Child, phase: usize) -> BufReader<std::process::ChildStderr> {
        let mut lines = BufReader::new(up.stderr.take().expect("standard error"));
        let wanted = format!("{} …", PHASES[phase]);
        let mut all = String::new();
        loop {
            let mut line = String::new();
            let read = lines.read_line(&mut line).expect("text");
            assert!(read > 0, "`{wanted}` was never said:\n{all}");
            all.push_str(&line);
            if line.contains(&wanted) {
                return lines;
            }
        }
    }

    /// Everything that carries the lab's label.
    fn left(&self) -> Vec<String> {
        let filter = format!("{{\"label\":[\"dev.replication-lab.lab={}\"]}}", self.0);
        let mut left = Vec::new();
        for (path, list) in [
            ("containers/json?all=1&", ""),
            ("networks?", ""),
            ("volumes?", "Volumes"),
        ] {
            let answer = ask(&format!("/{path}filters={}", escape(&filter)));
            let document: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
            let objects = if list.is_empty() {
                &document
            } else {
                &document[list]
            };
            let objects = objects.as_array().cloned().unwrap_or_default();
            left.extend(
                objects
                    .iter()
                    .map(|object| format!("{path} {}{}", object["Name"], object["Names"])),
            );
        }
        left
    }
}

fn escape(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut escaped, byte| {
        let _ = write!(escaped, "%{byte:02X}");
        escaped
    })
}

/// Asks Docker in HTTP/1.0, which ends with the answer.
fn ask(path: &str) -> String {
    use std::io::Write as _;
    let mut socket = UnixStream::connect(SOCKET).expect("Docker");
    write!(socket, "GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n").expect("asked");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("answered");
    answer.split_once("\r\n\r\n").expect("a body").1.to_owned()
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(sent.success());
}

fn finish(mut child: Child, mut lines: impl std::io::Read) -> (Option<i32>, String) {
    let mut rest = String::new();
    lines.read_to_string(&mut rest).expect("text");
    (child.wait().expect("it ends").code(), rest)
}

fn interrupt(lab: &Lab, phase: usize) {
    let mut up = lab.up("physical-sync");
    let lines = Lab::reach(&mut up, phase);
    signal(&up, "-INT");
    let (code, rest) = finish(up, lines);
    assert_eq!(code, Some(130), "{rest}");
    assert_eq!(lab.left(), Vec::<String>::new(), "{rest}");
}

fn kill(lab: &Lab, phase: usize) {
    let mut up = lab.up("physical-sync");
    let lines = Lab::reach(&mut up, phase);
    signal(&up, "-KILL");
    let (_, rest) = finish(up, lines);
    if PHASES[phase] == "taking base backups" {
        let refused = run(&["step", &lab.0]);
        assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
        let status = run(&["status", &lab.0]);
        for told in [refused, status].map(|told| said(&told)) {
            assert!(told.contains("still runs or was killed"), "{told}");
            assert!(told.contains(&format!("`lab down {}`", lab.0)), "{told}");
        }
    }
    // Both ways are tried, in turn.
    let removed = if phase.is_multiple_of(2) {
        run(&["gc"])
    } else {
        run(&["down", &lab.0])
    };
    // Before the claim there is nothing to remove, and `down` says so.
    assert!(
        matches!(removed.status.code(), Some(0 | 2)),
        "{}{rest}",
        said(&removed)
    );
    assert_eq!(lab.left(), Vec::<String>::new(), "{}{rest}", said(&removed));
}

/// A run that is killed during its first step, its lab being complete, and `gc` after it.
fn killed_run(lab: &Lab, more: &[&str]) {
    let (_folder, path) = scenario(
        "name: killed\nnodes: { primary: {} }\nsteps:\n- { sql: SELECT pg_sleep(600), within: 9min }\n",
    );
    let mut run = command(&[&["run", &path, "--name", &lab.0], more].concat());
    let run = run.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut run = run.expect("the binary runs");
    let mut lines = BufReader::new(run.stderr.take().expect("standard error"));
    let mut all = String::new();
    while !all.contains("step 1 ") {
        assert!(lines.read_line(&mut all).expect("text") > 0, "{all}");
    }
    // While it lives, nobody takes its lab.
    self::run(&["gc"]);
    assert_ne!(lab.left(), Vec::<String>::new());
    signal(&run, "-KILL");
    finish(run, lines);
    self::run(&["gc"]);
}

fn second_interrupt(lab: &Lab) {
    let mut up = lab.up("physical-sync");
    let mut lines = Lab::reach(&mut up, 4);
    signal(&up, "-INT");
    let mut line = String::new();
    while !line.contains("interrupted: cleaning up") {
        line.clear();
        assert!(
            lines.read_line(&mut line).expect("text") > 0,
            "the first one was not heard"
        );
    }
    signal(&up, "-INT");
    let (code, rest) = finish(up, lines);
    assert_eq!(code, Some(130), "{rest}");
    assert!(
        rest.contains("exiting at once") || rest.contains("nothing is left"),
        "{rest}"
    );
    run(&["gc"]);
    assert_eq!(lab.left(), Vec::<String>::new());
}

fn two_at_once(lab: &Lab) {
    let arguments = ["up", "physical-async", "--name", &lab.0];
    let start = || {
        command(&arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs")
    };
    let (one, other) = (start(), start());
    let ended = [one, other].map(|child| child.wait_with_output().expect("it ends"));
    let codes: Vec<_> = ended.iter().map(|output| output.status.code()).collect();
    assert!(
        codes.contains(&Some(0)) && codes.contains(&Some(3)),
        "{codes:?} {}{}",
        said(&ended[0]),
        said(&ended[1])
    );
    let loser = ended
        .iter()
        .find(|output| output.status.code() == Some(3))
        .expect("a loser");
    assert!(
        said(loser).contains("is taken") && said(loser).contains("hint: "),
        "{}",
        said(loser)
    );
    let verified = run(&["verify", &lab.0]);
    assert_eq!(
        verified.status.code(),
        Some(0),
        "the loser must not harm the winner: {}",
        said(&verified)
    );
}

fn eight_at_once(lab: &Lab) {
    let names: Vec<String> = (1..=8)
        .map(|number| format!("{}-{number}", lab.0))
        .collect();
    let children: Vec<Child> = names
        .iter()
        .map(|name| {
            let mut up = command(&["up", "physical-sync", "--name", name, "--within", "180s"]);
            up.stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it runs")
        })
        .collect();
    for (name, child) in names.iter().zip(children) {
        let ended = child.wait_with_output().expect("it ends");
        assert_eq!(ended.status.code(), Some(0), "{name}: {}", said(&ended));
    }
    let mut down = vec!["down"];
    down.extend(names.iter().map(String::as_str));
    assert_eq!(run(&down).status.code(), Some(0));
    for name in names {
        assert_eq!(Lab(name).left(), Vec::<String>::new());
    }
}

/// A way to Docker that can be closed.
struct Way {
    path: PathBuf,
    open: Arc<AtomicBool>,
    _folder: tempfile::TempDir,
}

impl Way {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&path).expect("a socket");
        let open = Arc::new(AtomicBool::new(true));
        let is_open = Arc::clone(&open);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if !is_open.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(client), Ok(docker)) = (client, UnixStream::connect(SOCKET)) else {
                    return;
                };
                pass(&client, &docker, &is_open);
                pass(&docker, &client, &is_open);
            }
        });
        Self {
            path,
            open,
            _folder: folder,
        }
    }

    fn close(&self) {
        self.open.store(false, Ordering::SeqCst);
        // The listener looks at the next client, and leaves.
        let _ = UnixStream::connect(&self.path);
        let _ = std::fs::remove_file(&self.path);
    }
}

fn pass(from: &UnixStream, to: &UnixStream, is_open: &Arc<AtomicBool>) {
    let (mut from, mut to) = (
        from.try_clone().expect("a socket"),
        to.try_clone().expect("a socket"),
    );
    let is_open = Arc::clone(is_open);
    std::thread::spawn(move || {
        use std::io::Write as _;
        let mut buffer = vec![0; 65536];
        while let Ok(count) = from.read(&mut buffer) {
            if count == 0
                || !is_open.load(Ordering::SeqCst)
                || to.write_all(&buffer[..count]).is_err()
            {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Both);
        let _ = from.shutdown(std::net::Shutdown::Both);
    });
}

fn daemon_goes_away(lab: &Lab) {
    let way = Way::new();
    let mut up = command(&["up", "physical-sync", "--name", &lab.0, "-v"]);
    up.env("DOCKER_HOST", format!("unix://{}", way.path.display()));
    let mut up = up
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let lines = Lab::reach(&mut up, 2);
    way.close();
    let (code, rest) = finish(up, lines);
    assert_eq!(code, Some(3), "{rest}");
    assert!(
        rest.contains("error: ") && rest.contains("hint: "),
        "{rest}"
    );
    // What could not be removed without a daemon is removed with one.
    run(&["gc"]);
    assert_eq!(lab.left(), Vec::<String>::new(), "{rest}");
}

fn scenario(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scenario.yaml");
    std::fs::write(&path, text).expect("a file");
    let path = path.display().to_string();
    (folder, path)
}

/// Right in itself, and refused by the server: an unknown library.
const REFUSED: &str = "name: refused\nnodes:\n  primary:\n    conf:\n      shared_preload_libraries: nosuchlibrary\n  replica: { standby_of: primary }\n";

fn bad_setting(lab: &Lab) {
    let (_folder, path) = scenario(
        "name: refused\nnodes:\n  primary:\n    conf:\n      shared_buffers: 8000GB\n  replica: { standby_of: primary }\n",
    );
    let up = run(&["up", &path, "--name", &lab.0]);
    assert_eq!(up.status.code(), Some(3), "{}", said(&up));
    let said = said(&up);
    for wanted in [
        "starting `primary`",
        "the last lines of its log",
        "FATAL",
        "nodes.primary.conf.shared_buffers",
        ":5:",
    ] {
        assert!(said.contains(wanted), "`{wanted}` is missing:\n{said}");
    }
    assert_eq!(lab.left(), Vec::<String>::new());
}

fn kept(lab: &Lab) {
    let (_folder, path) = scenario(REFUSED);
    let up = run(&["up", &path, "--name", &lab.0, "--keep", "failed"]);
    assert_eq!(up.status.code(), Some(2), "{}", said(&up));
    assert!(said(&up).contains("nosuchlibrary"), "{}", said(&up));
    let log = run(&["logs", &lab.0, "primary"]);
    assert!(String::from_utf8_lossy(&log.stdout).contains("nosuchlibrary"));
    let status = run(&["status", &lab.0, "--output", "json"]);
    assert_eq!(status.status.code(), Some(1));
    let document: serde_json::Value = serde_json::from_slice(&status.stdout).expect("JSON");
    assert_eq!(document["nodes"][0]["state"], "exited");
    run(&["gc"]);
    assert_ne!(
        lab.left(),
        Vec::<String>::new(),
        "gc took what was to be kept"
    );
    assert_eq!(run(&["down", &lab.0]).status.code(), Some(0));
    assert_eq!(lab.left(), Vec::<String>::new());
}

fn left_alone(lab: &Lab) {
    let up = |more: &[&str]| {
        let mut arguments = vec!["up", "physical-async", "--name", &lab.0, "--output", "json"];
        arguments.extend(more);
        let up = run(&arguments);
        assert_eq!(up.status.code(), Some(0), "{}", said(&up));
        let document: serde_json::Value = serde_json::from_slice(&up.stdout).expect("JSON");
        (document, said(&up))
    };
    let (first, _) = up(&[]);
    assert_eq!(first["already_up"], false);
    let (second, said) = up(&[]);
    assert_eq!(second["already_up"], true);
    assert!(said.contains("nothing was changed"), "{said}");
    assert_eq!(first["nodes"], second["nodes"]);
    for more in [
        ["--set", "auth=md5"],
        ["--set", "nodes.primary.conf.work_mem=5MB"],
        ["--postgres", "15"],
    ] {
        let other = run(&[&["up", "physical-async", "--name", &lab.0], &more[..]].concat());
        let said = self::said(&other);
        assert_eq!(other.status.code(), Some(2), "{more:?}: {said}");
        assert!(said.contains("the same scenario with another"), "{said}");
        assert!(said.contains("--replace"), "{said}");
    }
    let other = run(&["up", "cascade", "--name", &lab.0]);
    let said = self::said(&other);
    assert_eq!(other.status.code(), Some(2), "{said}");
    assert!(
        said.contains("made from the scenario `physical-async`"),
        "{said}"
    );
    let down = format!("`lab down {}`", lab.0);
    assert!(said.contains("--name") && said.contains(&down), "{said}");
    assert_eq!(run(&["stop", &lab.0, "replica"]).status.code(), Some(0));
    let again = run(&["up", "physical-async", "--name", &lab.0]);
    assert_eq!(again.status.code(), Some(1), "what does not run is not up");
    let hint = format!("`lab start {} NODE`", lab.0);
    assert!(self::said(&again).contains(&hint), "{}", self::said(&again));
    let (anew, _) = up(&["--replace"]);
    assert_eq!(anew["already_up"], false);
    assert_eq!(run(&["verify", &lab.0]).status.code(), Some(0));
    assert_eq!(run(&["down", &lab.0]).status.code(), Some(0));
    assert_eq!(lab.left(), Vec::<String>::new());
}
