//! Good text, overrides, and files beside a scenario.

use std::path::PathBuf;

use super::{Loaded, Overrides, Source, good, load, try_with, with, wrong};
use crate::scenario::catalog;
use crate::scenario::{AuthMethod, PostgresVersion, SlotChoice};

pub(super) const PAIR: &str = "\
name: pair
nodes:
  primary: {}
  replica:
    standby_of: primary
    conf: { hot_standby: on, work_mem: 4MB }
data: [shopping]
";

fn node(loaded: &Loaded, name: &str) -> crate::scenario::Node {
    let nodes = &loaded.scenario.nodes;
    let name = name.parse().expect("a name");
    nodes.find(&name).expect("a node").clone()
}

fn conf(loaded: &Loaded, name: &str) -> Vec<(String, String)> {
    let conf = node(loaded, name).conf.0;
    conf.into_iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

#[test]
fn a_scenario_is_read_as_it_is_written() {
    let sync = catalog::find("physical-sync").expect("a lab of the catalogue");
    let scenario = load(&sync.source(), &Overrides::default())
        .expect("a scenario")
        .scenario;
    assert_eq!(scenario.auth, AuthMethod::Md5);
    assert_eq!(scenario.postgres, PostgresVersion::Major(17));
    assert_eq!(scenario.replication_user.connection_limit, Some(5));
    let names: Vec<&str> = scenario.data.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["shopping", "jobs"]);
    let (_, replica) = &scenario.nodes.0[1];
    let slot = SlotChoice::Named("replica_slot".parse().expect("a slot"));
    assert_eq!(replica.slot, Some(slot));
    assert_eq!(
        replica.conf.find("HOT_STANDBY").map(|it| it.0.as_str()),
        Some("on")
    );
}

#[test]
fn values_of_settings_become_texts_in_the_order_of_the_file() {
    let loaded = good(
        "name: a\nnodes:\n  primary:\n    conf:\n      max_connections: 50\n      fsync: false\n      \
         jit: true\n      checkpoint_completion_target: 0.9\n      application_name: ''\n      my.own: 007\n",
    );
    let expected = [
        ("max_connections", "50"),
        ("fsync", "off"),
        ("jit", "on"),
        ("checkpoint_completion_target", "0.9"),
        ("application_name", ""),
        ("my.own", "007"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(conf(&loaded, "primary"), expected);
}

#[test]
fn anchors_and_merge_keys_work() {
    let loaded = good(
        "name: a\nnodes:\n  primary:\n    conf: &conf { work_mem: 4MB, jit: off }\n  a: &standby\n    \
         standby_of: primary\n    conf:\n      <<: *conf\n      jit: on\n  b:\n    <<: *standby\n    slot: none\n  \
         c:\n    conf: { <<: [{ jit: on }, *conf] }\n",
    );
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        pairs.iter().map(owned).collect()
    };
    assert_eq!(
        conf(&loaded, "a"),
        pairs(&[("jit", "on"), ("work_mem", "4MB")])
    );
    assert_eq!(conf(&loaded, "b"), conf(&loaded, "a"));
    assert_eq!(node(&loaded, "b").slot, Some(SlotChoice::None));
    assert_eq!(
        conf(&loaded, "c"),
        pairs(&[("jit", "on"), ("work_mem", "4MB")])
    );
}

#[test]
fn a_byte_order_mark_and_line_ends_of_windows_are_taken() {
    let loaded = good("\u{feff}name: a\r\nnodes:\r\n  primary: {}\r\n");
    assert_eq!(loaded.scenario.name.as_str(), "a");
}

#[test]
fn keys_can_be_located_later() {
    let loaded = with(PAIR, &["nodes.primary.conf.jit=on"]);
    let at = |path| loaded.locate(path).map(|it| (it.line, it.column));
    assert_eq!(at("nodes.replica.conf.work_mem"), Some((6, 30)));
    assert_eq!(at("data[0]"), Some((7, 8)));
    assert_eq!(at("nodes.primary.conf.jit"), None);
    assert_eq!(at("nodes.nobody"), None);
}

#[test]
fn a_value_is_set_from_the_command_line() {
    let loaded = with(
        PAIR,
        &[
            "nodes.replica.conf.hot_standby_feedback=on",
            "nodes.replica.conf.WORK_MEM=8MB",
            "nodes.replica.slot=none",
            "nodes.primary.conf.synchronous_standby_names=*",
            "replication_user.connection_limit=5",
            "auth=md5",
            "data.shopping.rows=1000",
            "title=",
        ],
    );
    let values: Vec<String> = conf(&loaded, "replica")
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        values,
        ["hot_standby=on", "work_mem=8MB", "hot_standby_feedback=on"]
    );
    assert_eq!(node(&loaded, "replica").slot, Some(SlotChoice::None));
    assert_eq!(
        conf(&loaded, "primary"),
        [("synchronous_standby_names".to_owned(), "*".to_owned())]
    );
    assert_eq!(loaded.scenario.replication_user.connection_limit, Some(5));
    assert_eq!(loaded.scenario.auth, AuthMethod::Md5);
    assert_eq!(loaded.scenario.data[0].rows, Some(1000));
    assert_eq!(loaded.scenario.title, "");
}

#[test]
fn a_list_and_a_whole_node_can_be_set() {
    let loaded = with(
        PAIR,
        &["data=[jobs]", "nodes.primary={ conf: { jit: off } }"],
    );
    assert_eq!(loaded.scenario.data[0].name.as_str(), "jobs");
    assert_eq!(
        conf(&loaded, "primary"),
        [("jit".to_owned(), "off".to_owned())]
    );
}

#[test]
fn postgres_from_the_command_line_overrules_every_node() {
    let overrides = Overrides {
        postgres: Some(PostgresVersion::Major(15)),
        ..Overrides::default()
    };
    let text = "name: a\npostgres: 16\nnodes:\n  a: { postgres: 17 }\n  b: { standby_of: a }\n";
    let source = Source::new("a.yaml", text.as_bytes(), None).expect("a source");
    let loaded = load(&source, &overrides).expect("a scenario");
    assert_eq!(loaded.scenario.postgres, PostgresVersion::Major(15));
    assert!(
        loaded
            .scenario
            .nodes
            .0
            .iter()
            .all(|(_, node)| node.postgres.is_none())
    );
}

#[test]
fn a_path_that_cannot_be_set_is_refused_with_the_nearest() {
    let said = |set: &str| {
        let shown = try_with(PAIR, &[set]).expect_err("refused");
        assert!(
            shown.contains(&format!("given by `--set {set}`")),
            "{shown}"
        );
        let lines: Vec<&str> = shown.lines().collect();
        let help = lines.iter().find_map(|line| line.split_once("= help: "));
        format!("{} / {}", lines[0], help.map_or("", |(_, help)| help))
    };
    assert_eq!(
        said("node.replica.slot=none"),
        "error: `node` is none of the keys of a scenario / did you mean `nodes`?"
    );
    assert_eq!(
        said("nodes.replca.slot=none"),
        "error: there is no node `replca` / did you mean `replica`?"
    );
    assert_eq!(
        said("nodes.replica.config.jit=on"),
        "error: `config` is none of the keys of a node / did you mean `conf`?"
    );
    assert_eq!(
        said("nodes.replica.slot.name=x"),
        "error: `slot` has no keys of its own / write `--set nodes.replica.slot=…`"
    );
    assert_eq!(
        said("auth.method=md5"),
        "error: `auth` has no keys of its own / write `--set auth=…`"
    );
    assert_eq!(
        said("nodes.replica.slot=No"),
        "error: `No` is not a replication slot's name: lower-case letters, digits and `_`, at most 63 characters / "
    );
    assert_eq!(
        said("nodes.replica.conf.wal_keep_size=64mb"),
        "error: `wal_keep_size`: `64mb` is not a size: `mb` is no unit, the units are B, kB, MB, GB and TB / \
         did you mean `MB`?"
    );
    assert!(said("data.jobs.rows=5").starts_with("error: the scenario has no dataset `jobs`"));
    assert!(said("data.jobs=5").starts_with("error: `data.jobs` lacks a key"));
    assert!(said("nodes.=5").starts_with("error: there is no node ``"));
}

#[test]
fn sql_files_are_read_beside_the_scenario() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("mine.sql"), "SELECT 1").expect("a file");
    let text = "name: a\nnodes: { primary: {} }\ndata: [{ name: mine, files: [mine.sql], rows: 5, seed: 7 }]\n";
    let open = |text: &str| {
        let folder = Some(folder.path().to_path_buf());
        let source = Source::new("a.yaml", text.as_bytes(), folder).expect("a source");
        load(&source, &Overrides::default())
    };
    let loaded = open(text).expect("a scenario");
    assert_eq!(loaded.sql["mine.sql"], "SELECT 1");
    assert_eq!(loaded.scenario.data[0].files, [PathBuf::from("mine.sql")]);
    assert_eq!(loaded.scenario.data[0].seed, Some(7));
    let wrong = open(&text.replace("[mine", "[yours")).expect_err("no such file");
    let position = wrong
        .iter()
        .next()
        .and_then(super::super::Diagnostic::position);
    assert_eq!(position.map(|it| (it.line, it.column)), Some((3, 30)));
}

#[test]
fn a_password_is_never_quoted() {
    let shown = wrong("name: a\nnodes: {}\nreplication_user:\n  password: \"se\\ncret\"\n");
    let said: Vec<&str> = shown
        .lines()
        .filter(|line| line.starts_with("error"))
        .collect();
    assert!(!said.join("").contains("cret"), "{shown}");
}

#[test]
fn json_carries_the_place_and_the_help() {
    let source = Source::new("a.yaml", b"name: a\nnods: {}\n", None).expect("a source");
    let wrong = load(&source, &Overrides::default()).expect_err("wrong");
    assert_eq!(
        serde_json::to_string(&wrong).expect("JSON"),
        "[{\"file\":\"a.yaml\",\"line\":1,\"column\":1,\"message\":\"the key `nodes` is missing\",\"help\":null},\
         {\"file\":\"a.yaml\",\"line\":2,\"column\":1,\"message\":\"`nods` is none of the keys of a scenario\",\
         \"help\":\"did you mean `nodes`?\"}]"
    );
}
