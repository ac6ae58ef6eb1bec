//! Draws a topology: streaming replication as a tree, the subscriptions below it.

use std::fmt::Write as _;

use crate::name::{NodeName, ObjectName};
use crate::plan::{Plan, Standby};
use crate::text::duration;

/// The plan's nodes as a tree, one line each.
#[must_use]
pub fn draw(plan: &Plan) -> String {
    let mut text = String::new();
    for primary in plan.primaries() {
        let restored = primary
            .restored_from
            .as_ref()
            .map_or_else(String::new, |source| format!(", restored from {source}"));
        _ = writeln!(
            text,
            "{} (primary, PostgreSQL {}{restored})",
            primary.name, primary.postgres
        );
        branch(plan, &primary.name, "", &mut text);
    }
    for (node, subscription) in plan.subscriptions() {
        let publications: Vec<&str> = subscription
            .publications
            .iter()
            .map(ObjectName::as_str)
            .collect();
        _ = writeln!(
            text,
            "{} ══> {} ({}, subscription {}, slot {})",
            subscription.upstream,
            node.name,
            publications.join(", "),
            subscription.name,
            subscription.slot
        );
    }
    for service in &plan.services {
        _ = writeln!(text, "{} (service, {service})", service.name);
    }
    text
}

fn branch(plan: &Plan, upstream: &NodeName, indent: &str, text: &mut String) {
    let standbys: Vec<_> = plan.standbys_of(upstream).collect();
    for (index, (node, standby)) in standbys.iter().enumerate() {
        let last = index + 1 == standbys.len();
        let (fork, below) = if last {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        let later = if node.later { ", starts later" } else { "" };
        _ = writeln!(
            text,
            "{indent}{fork}{} ({}{later})",
            node.name,
            how(standby)
        );
        branch(plan, &node.name, &format!("{indent}{below}"), text);
    }
}

fn how(standby: &Standby) -> String {
    let states: Vec<String> = standby
        .sync_states
        .iter()
        .map(ToString::to_string)
        .collect();
    let mut parts = vec![states.join(" or ")];
    if let Some(slot) = &standby.slot {
        parts.push(format!("slot {slot}"));
    }
    if !standby.apply_delay.is_zero() {
        parts.push(format!(
            "applies WAL {} later",
            duration(standby.apply_delay)
        ));
    }
    if !standby.hot {
        parts.push("answers no queries".to_owned());
    }
    parts.join(", ")
}
