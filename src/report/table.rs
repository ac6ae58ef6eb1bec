//! Tables for people: columns as wide as they need, no lines, nothing that a pipe would mangle.

use comfy_table::{ContentArrangement, Table, presets};

use crate::cluster::status::{NodeStatus, Status};
use crate::report::up::UpReport;
use crate::verify::Verdict;

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.iter().map(|title| title.to_uppercase()));
    table
}

/// A table's text, without the spaces at the ends of lines.
fn text(table: &Table) -> String {
    table
        .lines()
        .map(|line| line.trim().to_owned() + "\n")
        .collect()
}

fn shown(value: Option<&impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), ToString::to_string)
}

/// Any rows under a header.
#[must_use]
pub fn rows(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = table(header);
    for row in rows {
        table.add_row(row);
    }
    text(&table)
}

/// `lab status`.
#[must_use]
pub fn status(status: &Status) -> String {
    let header = [
        "node",
        "state",
        "role",
        "upstream",
        "timeline",
        "lsn",
        "replication",
        "sync",
        "lag",
        "slot",
        "port",
    ];
    let mut text = rows(&header, status.nodes.iter().map(status_row));
    for node in &status.nodes {
        if let Some(problem) = &node.problem {
            text.push_str(&format!("! {}: {problem}\n", node.name));
        } else if node
            .role
            .as_ref()
            .is_some_and(|role| *role != node.expected_role)
        {
            let role = shown(node.role.as_ref());
            text.push_str(&format!(
                "! {} was meant to be a {} and is a {role}\n",
                node.name, node.expected_role
            ));
        } else if node.upstream.is_some() && node.replication_state.is_none() {
            text.push_str(&format!(
                "! {} does not stream from {}\n",
                node.name,
                shown(node.upstream.as_ref())
            ));
        }
    }
    text
}

fn status_row(node: &NodeStatus) -> Vec<String> {
    let slot = node.slot.as_ref().map(|slot| {
        let state = slot.wal_status.as_deref().unwrap_or("missing");
        let active = if slot.active == Some(true) {
            ""
        } else {
            ", idle"
        };
        format!("{} ({state}{active})", slot.name)
    });
    vec![
        node.name.clone(),
        node.state.clone(),
        node.role
            .clone()
            .unwrap_or_else(|| format!("({})", node.expected_role)),
        shown(node.upstream.as_ref()),
        shown(node.timeline.as_ref()),
        shown(node.lsn.as_ref()),
        shown(node.replication_state.as_ref()),
        shown(node.sync_state.as_ref()),
        node.replay_lag_bytes
            .map_or_else(|| "-".to_owned(), |bytes| format!("{bytes} B")),
        shown(slot.as_ref()),
        shown(node.port.as_ref()),
    ]
}

/// The checks of a proof, one line each.
#[must_use]
pub fn verdict(verdict: &Verdict) -> String {
    let rows = verdict.checks.iter().map(|check| {
        let word = if check.passed { "pass" } else { "FAIL" };
        vec![
            word.to_owned(),
            check.name.clone(),
            format!("{:.0} ms", check.took_ms),
            check.detail.clone(),
        ]
    });
    self::rows(&["", "check", "took", "what was seen"], rows)
}

/// The nodes of a lab that is up, and how to reach them.
#[must_use]
pub fn up(report: &UpReport) -> String {
    let rows = report.nodes.iter().map(|node| {
        vec![
            node.name.clone(),
            node.role.clone(),
            shown(node.upstream.as_ref()),
            shown(node.address.as_ref()),
            shown(node.dsn.as_ref()),
        ]
    });
    self::rows(&["node", "role", "upstream", "address", "dsn"], rows)
}
