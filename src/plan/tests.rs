//! The plans of the catalogue's labs, and the settings that a topology derives.

mod needs;
mod pgadmin;

use std::fmt::Write as _;

use super::*;
use crate::scenario::catalog;
use crate::scenario::load::{Overrides, Source, load};
use crate::server::conf::Origin;

pub(super) fn plan(text: &str) -> Plan {
    let source = Source::new("lab.yaml", text.as_bytes(), None).expect("text");
    of_source(&source)
}

fn of_source(source: &Source) -> Plan {
    match load(source, &Overrides::default()) {
        Ok(loaded) => Plan::resolve(&loaded.scenario, &loaded.sql, None),
        Err(wrong) => panic!("{}", wrong.render(false)),
    }
}

fn embedded(name: &str) -> Plan {
    of_source(
        &catalog::find(name)
            .expect("a lab of the catalogue")
            .source(),
    )
}

/// The topology, one line per node.
fn outline(plan: &Plan) -> String {
    let lines = plan.nodes.iter().map(|node| {
        let slots: Vec<_> = node.slots.iter().map(SlotName::as_str).collect();
        let slots = slots.join(" ");
        match &node.role {
            Role::Primary => format!("{}: primary, slots [{slots}]", node.name),
            Role::Standby(standby) => {
                let states: Vec<_> = standby
                    .sync_states
                    .iter()
                    .map(ToString::to_string)
                    .collect();
                let slot = standby.slot.as_ref().map_or("none", SlotName::as_str);
                format!(
                    "{}: standby of {} as {} through {slot}, {}, slots [{slots}]",
                    node.name,
                    standby.upstream,
                    standby.application_name,
                    states.join(" or "),
                )
            }
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_standby_that_starts_later_has_no_slot_yet_and_a_base_backup_of_its_own() {
    let plan = plan(
        "\
name: a
nodes:
  primary: { conf: { synchronous_standby_names: 'FIRST 1 (late, one)' } }
  one: { standby_of: primary }
  two: { standby_of: primary }
  late: { standby_of: primary, start: later }
",
    );
    assert_eq!(
        outline(&plan),
        "primary: primary, slots [one two]\n\
         one: standby of primary as one through one, sync or potential, slots []\n\
         two: standby of primary as two through two, async, slots []\n\
         late: standby of primary as late through late, sync, slots []"
    );
    let shared: Vec<_> = plan
        .nodes
        .iter()
        .map(|node| plan.same_backup(&node.name).len())
        .collect();
    assert_eq!(shared, [0, 2, 2, 0]);
}

fn node<'a>(plan: &'a Plan, name: &str) -> &'a PlannedNode {
    let name = NodeName::new(name).expect("a name");
    plan.node(&name).expect("a node")
}

fn standby<'a>(plan: &'a Plan, name: &str) -> &'a Standby {
    match &node(plan, name).role {
        Role::Standby(standby) => standby,
        Role::Primary => panic!("`{name}` is a primary"),
    }
}

fn value<'a>(plan: &'a Plan, name: &str, setting: &str) -> Option<&'a str> {
    let mut settings = node(plan, name).settings.iter();
    let found = settings.find(|found| found.name == setting);
    found.map(|found| found.value.as_str())
}

/// The derived settings of a node, each with its reason.
fn derived(plan: &Plan, name: &str) -> Vec<String> {
    let settings = node(plan, name).settings.iter();
    settings
        .filter_map(|setting| match &setting.origin {
            Origin::Derived(why) => Some(format!("{} = {} # {why}", setting.name, setting.value)),
            Origin::Scenario => None,
        })
        .collect()
}

#[test]
fn the_catalogue_s_labs_are_these_topologies() {
    let labs = [
        (
            "physical-async",
            "primary: primary, slots [replica_slot]\n\
             replica: standby of primary as replica through replica_slot, async, slots []",
        ),
        (
            "physical-sync",
            "primary: primary, slots [replica_slot]\n\
             replica: standby of primary as replica_node through replica_slot, sync, slots []",
        ),
        (
            "physical-quorum",
            "primary: primary, slots [replica_1 replica_2]\n\
             replica_1: standby of primary as replica_1 through replica_1, quorum, slots []\n\
             replica_2: standby of primary as replica_2 through replica_2, quorum, slots []",
        ),
        (
            "physical-priority",
            "primary: primary, slots [preferred reserve]\n\
             preferred: standby of primary as preferred through preferred, sync, slots []\n\
             reserve: standby of primary as reserve through reserve, potential, slots []",
        ),
        (
            "cascade",
            "primary: primary, slots [relay]\n\
             relay: standby of primary as relay through relay, async, slots [leaf]\n\
             leaf: standby of relay as leaf through leaf, async, slots []",
        ),
        (
            "delayed",
            "primary: primary, slots [current late]\n\
             current: standby of primary as current through current, async, slots []\n\
             late: standby of primary as late through late, async, slots []",
        ),
    ];
    for (name, expected) in labs {
        assert_eq!(outline(&embedded(name)), expected, "{name}");
    }
    let fan_out = embedded("fan-out");
    let primary = NodeName::new("primary").expect("a name");
    assert_eq!(fan_out.standbys_of(&primary).count(), 8);
    assert_eq!(node(&fan_out, "primary").slots.len(), 8);
}

#[test]
fn physical_sync_has_the_tutorial_s_settings_and_says_why_it_has_others() {
    let plan = embedded("physical-sync");
    assert_eq!(
        derived(&plan, "primary"),
        [
            "listen_addresses = * # peers and the host connect by TCP",
            "password_encryption = md5 # follows `auth`",
            "wal_log_hints = on # pg_rewind needs it",
            "hot_standby = on # a standby answers queries",
        ]
    );
    let written = [
        ("wal_level", "replica"),
        ("max_wal_senders", "10"),
        ("wal_keep_size", "64MB"),
        ("synchronous_standby_names", "replica_node"),
    ];
    for (setting, expected) in written {
        assert_eq!(value(&plan, "primary", setting), Some(expected));
    }
    assert_eq!(
        derived(&plan, "replica"),
        [
            "listen_addresses = * # peers and the host connect by TCP",
            "password_encryption = md5 # follows `auth`",
            "wal_level = replica # streaming needs it",
            "wal_log_hints = on # pg_rewind needs it",
            "primary_conninfo = host=primary port=5432 user=replication_user \
             application_name=replica_node passfile=/var/lib/postgresql/data/pgpass # the upstream",
            "primary_slot_name = replica_slot # the upstream retains WAL for it",
            "recovery_target_timeline = latest # follows a promotion upstream",
            "recovery_init_sync_method = syncfs # the base backup is synced at once",
        ]
    );
    assert_eq!(plan.replication_user.connection_limit, 5);
}

#[test]
fn a_node_s_files_are_known_up_to_the_addresses() {
    let plan = embedded("cascade");
    let files = node(&plan, "relay").files();
    let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["postgresql.conf", "pg_hba.conf", "standby.signal"]);
    assert_eq!(files[2].content, "", "PostgreSQL never reads it");
    let peers = |name: &str| -> Vec<String> {
        let hba = &node(&plan, name).files()[1].content;
        let lines = hba.lines().filter(|line| line.contains("replication_user"));
        lines
            .map(|line| line.split_whitespace().collect::<Vec<_>>()[1..5].join(" "))
            .collect()
    };
    // Nodes that may become its standby, now or after a switchover, and nobody else.
    let line = |peer: &str| format!("replication replication_user <{peer}>/32 scram-sha-256");
    assert_eq!(peers("primary"), [line("relay"), line("leaf")]);
    assert_eq!(peers("relay"), [line("primary"), line("leaf")]);
    assert_eq!(peers("leaf"), [line("primary"), line("relay")]);
    let primary = node(&plan, "primary").files();
    assert_eq!(primary.len(), 2, "a primary has no signal file");
}

#[test]
fn two_primaries_know_nothing_of_each_other() {
    let plan =
        plan("name: two\nnodes:\n  one: {}\n  other: {}\n  replica: { standby_of: other }\n");
    let peers = |name: &str| -> Vec<String> {
        let rules = node(&plan, name).hba.iter();
        rules
            .filter_map(|rule| match &rule.peer {
                hba::Peer::Node(peer) => Some(peer.to_string()),
                hba::Peer::Local | hba::Peer::Gateway | hba::Peer::Network(_) => None,
            })
            .collect()
    };
    assert!(peers("one").is_empty());
    assert_eq!(peers("other"), ["replica"]);
    let replica = NodeName::new("replica").expect("a name");
    assert_eq!(plan.primary_of(&replica).as_str(), "other");
}

/// The states of three standbys `a`, `b` and `c` of a primary with this setting.
fn states(names: &str) -> [String; 3] {
    let plan = plan(&format!(
        "name: sync\nnodes:\n  primary: {{ conf: {{ synchronous_standby_names: '{names}' }} }}\n  \
         a: {{ standby_of: primary }}\n  b: {{ standby_of: primary }}\n  c: {{ standby_of: primary }}\n"
    ));
    ["a", "b", "c"].map(|name| {
        let states = standby(&plan, name).sync_states.iter();
        states
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("|")
    })
}

#[test]
fn every_form_of_synchronous_standby_names_tells_what_to_expect() {
    assert_eq!(states("a"), ["sync", "async", "async"]);
    assert_eq!(states("b, a"), ["potential", "sync", "async"]);
    assert_eq!(states("FIRST 2 (c, a, b)"), ["sync", "potential", "sync"]);
    assert_eq!(states("2 (a, b, c)"), ["sync", "sync", "potential"]);
    assert_eq!(states("ANY 1 (a, b)"), ["quorum", "quorum", "async"]);
    assert_eq!(states("ANY 2 (*)"), ["quorum", "quorum", "quorum"]);
    // The server chooses among equals.
    assert_eq!(
        states("*"),
        ["sync|potential", "sync|potential", "sync|potential"]
    );
    assert_eq!(states("FIRST 3 (*)"), ["sync", "sync", "sync"]);
    assert_eq!(states("a, *"), ["sync", "potential", "potential"]);
}

#[test]
fn replication_to_a_standby_s_standby_is_asynchronous_although_every_name_is_meant() {
    let plan = plan(
        "name: chain\nnodes:\n  primary: { conf: { synchronous_standby_names: '*' } }\n  \
         relay: { standby_of: primary }\n  leaf: { standby_of: relay }\n",
    );
    assert_eq!(standby(&plan, "relay").sync_states, [SyncState::Sync]);
    assert_eq!(standby(&plan, "leaf").sync_states, [SyncState::Async]);
}

#[test]
fn a_delay_is_read_as_postgresql_reads_it() {
    let plan = embedded("delayed");
    assert_eq!(standby(&plan, "late").apply_delay, Duration::from_secs(5));
    assert_eq!(standby(&plan, "current").apply_delay, Duration::ZERO);
    let bare = self::plan(
        "name: bare\nnodes:\n  primary: {}\n  \
         late: { standby_of: primary, conf: { recovery_min_apply_delay: 1500 } }\n",
    );
    assert_eq!(
        standby(&bare, "late").apply_delay,
        Duration::from_millis(1500)
    );
}

#[test]
fn a_plan_survives_its_label_but_for_the_password_and_the_files() {
    let labs: Vec<_> = catalog::embedded();
    assert!(labs.len() >= 7);
    for lab in labs {
        let plan = of_source(&lab.source());
        let json = serde_json::to_string(&plan).expect("JSON");
        let password = plan.replication_user.password.expose();
        assert!(!json.contains(password), "{}: {json}", lab.name);
        let mut read: Plan = serde_json::from_str(&json).expect("a plan");
        assert_eq!(read.replication_user.password.expose(), "***");
        read.replication_user.password = plan.replication_user.password.clone();
        assert_eq!(read, plan, "{}", lab.name);
    }
}

#[test]
fn no_file_of_a_plan_has_the_password() {
    for lab in catalog::embedded() {
        let plan = of_source(&lab.source());
        let password = plan.replication_user.password.expose();
        for file in plan.nodes.iter().flat_map(PlannedNode::files) {
            assert!(!file.content.contains(password), "{}", file.path);
        }
    }
}

#[test]
fn the_lab_s_name_is_the_scenario_s_unless_another_is_said() {
    let source = catalog::find("cascade").expect("a lab").source();
    let loaded = load(&source, &Overrides::default()).expect("a scenario");
    let name = LabName::new("second").expect("a name");
    let plan = Plan::resolve(&loaded.scenario, &loaded.sql, Some(&name));
    assert_eq!(
        (plan.lab.as_str(), plan.scenario.as_str()),
        ("second", "cascade")
    );
}

#[test]
fn what_a_scenario_says_is_not_derived_again_in_another_case() {
    let plan = plan(
        "name: case\nnodes:\n  primary: { conf: { WAL_Log_Hints: off } }\n  \
         replica: { standby_of: primary, slot: none }\n",
    );
    let settings = node(&plan, "primary").settings.iter();
    let hints: Vec<_> = settings
        .filter(|setting| setting.name.eq_ignore_ascii_case("wal_log_hints"))
        .collect();
    assert_eq!((hints.len(), hints[0].value.as_str()), (1, "off"));
    let replica = standby(&plan, "replica");
    assert_eq!((replica.slot.as_ref(), replica.hot), (None, true));
    assert_eq!(value(&plan, "replica", "primary_slot_name"), None);
    assert!(node(&plan, "primary").slots.is_empty());
}
