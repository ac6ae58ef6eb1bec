//! The settings that a topology needs: senders, slots, room for base backups, and no less than the primary has.

use super::*;

#[test]
fn a_standby_has_at_least_what_its_primary_has_all_the_way_down() {
    let plan = plan(
        "name: chain\nnodes:\n  leaf: { standby_of: relay }\n  relay: { standby_of: primary }\n  \
         primary:\n    conf: { max_connections: 200, max_wal_senders: 20, max_worker_processes: 16, \
         max_prepared_transactions: 5, max_locks_per_transaction: 128 }\n",
    );
    for name in ["relay", "leaf"] {
        for (setting, expected) in [
            ("max_connections", "200"),
            ("max_wal_senders", "20"),
            ("max_worker_processes", "16"),
            ("max_prepared_transactions", "5"),
            ("max_locks_per_transaction", "128"),
        ] {
            assert_eq!(value(&plan, name, setting), Some(expected), "{name}");
        }
    }
    let why = "max_connections = 200 # not lower than on `relay`".to_owned();
    assert!(derived(&plan, "leaf").contains(&why));
    let order: Vec<_> = plan.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(order, ["primary", "relay", "leaf"]);
}

#[test]
fn a_standby_keeps_postgresql_s_defaults_where_its_primary_has_no_more() {
    let plan = plan(
        "name: small\nnodes:\n  primary: { conf: { max_connections: 50 } }\n  \
         replica: { standby_of: primary }\n",
    );
    for (setting, _) in settings::AT_LEAST_PRIMARY {
        assert_eq!(value(&plan, "replica", setting), None, "{setting}");
    }
}

/// A scenario with this number of standbys of `primary`, and of `relay`, which is one of them.
fn crowd(of_primary: usize, of_relay: usize) -> Plan {
    let mut text =
        "name: crowd\nnodes:\n  primary: {}\n  relay: { standby_of: primary }\n".to_owned();
    for number in 1..of_primary {
        _ = writeln!(text, "  near_{number}: {{ standby_of: primary }}");
    }
    for number in 0..of_relay {
        _ = writeln!(text, "  far_{number}: {{ standby_of: relay }}");
    }
    plan(&text)
}

#[test]
fn there_are_senders_and_slots_for_every_standby() {
    let plan = crowd(16, 0);
    let why = "max_wal_senders = 20 # 16 standbys stream from here".to_owned();
    assert!(derived(&plan, "primary").contains(&why));
    assert_eq!(value(&plan, "primary", "max_replication_slots"), Some("20"));
    assert_eq!(value(&plan, "relay", "max_wal_senders"), Some("20"));
    assert_eq!(value(&crowd(6, 0), "primary", "max_wal_senders"), None);
}

#[test]
fn a_standby_with_standbys_of_its_own_has_the_higher_of_both_needs() {
    let less = crowd(16, 7);
    assert_eq!(value(&less, "relay", "max_wal_senders"), Some("20"));
    assert_eq!(value(&less, "relay", "max_replication_slots"), Some("11"));
    assert_eq!(value(&less, "far_0", "max_wal_senders"), Some("20"));
    let more = crowd(7, 16);
    assert_eq!(value(&more, "primary", "max_wal_senders"), Some("11"));
    assert_eq!(value(&more, "relay", "max_wal_senders"), Some("20"));
    assert_eq!(value(&more, "far_0", "max_wal_senders"), Some("20"));
    assert_eq!(value(&more, "near_1", "max_wal_senders"), Some("11"));
}

#[test]
fn standbys_of_one_upstream_and_one_postgresql_begin_with_one_base_backup() {
    let text = "name: mixed\nnodes:\n  primary: {}\n  one: { standby_of: primary }\n  two: { standby_of: primary }\n  \
                other: { standby_of: primary, postgres: 'postgres:17.2' }\n  leaf: { standby_of: one }\n";
    let plan = plan(text);
    let shared = |name: &str| {
        let name = NodeName::new(name).expect("a name");
        let all: Vec<_> = plan
            .same_backup(&name)
            .iter()
            .map(|name| name.as_str())
            .collect();
        all.join(" ")
    };
    assert_eq!(
        (shared("one").as_str(), shared("two").as_str()),
        ("one two", "one two")
    );
    assert_eq!(
        (shared("other").as_str(), shared("leaf").as_str()),
        ("other", "leaf")
    );
}

#[test]
fn base_backups_at_once_fit_the_connection_limit() {
    let at_once = |limit: Option<u32>, standbys: usize| {
        let limit = limit.map_or_else(String::new, |limit| {
            format!("replication_user: {{ connection_limit: {limit} }}\n")
        });
        let mut text = format!("name: crowd\n{limit}nodes:\n  primary: {{}}\n");
        for number in 0..standbys {
            _ = writeln!(text, "  replica_{number}: {{ standby_of: primary }}");
        }
        node(&plan(&text), "primary").backups_at_once
    };
    assert_eq!(at_once(None, 1), 4);
    assert_eq!(at_once(None, 16), 4, "senders are made to fit");
    for (limit, standbys) in [(5, 1), (5, 3), (5, 4), (9, 6), (20, 16)] {
        let at_once = at_once(Some(limit), standbys);
        // A backup holds two connections, a streaming standby one.
        let backups = at_once.min(standbys);
        assert!(
            standbys + backups <= limit as usize,
            "{limit} for {standbys}: {at_once}"
        );
        assert!(at_once >= 1);
    }
}

#[test]
fn a_base_backup_for_a_node_of_its_own_counts_twice() {
    let at_once = |limit: u32| {
        let text = format!(
            "name: copies\nreplication_user: {{ connection_limit: {limit} }}\nnodes:\n  primary: {{}}\n  \
             near: {{ standby_of: primary }}\n  one: {{ restored_from: primary }}\n  two: {{ restored_from: primary }}\n"
        );
        node(&plan(&text), "primary").backups_at_once
    };
    assert_eq!([3, 4, 5, 9].map(at_once), [1, 1, 2, 4]);
}
