//! Tables for people: aligned columns without lines, also readable through a pipe.

use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets};

use crate::lab::faults;
use crate::lab::hindrance::Hindrance;
use crate::lab::monitor::Monitor;
use crate::lab::status::{NodeStatus, Status, SubscriptionStatus};
use crate::report::fit::{Width, fit};
use crate::report::up::UpReport;
use crate::server::replication::SenderState;
use crate::server::slots::WalStatus;
use crate::text::duration;
use crate::text::foreign::visible;
use crate::verify::{NotProven, Verdict};

fn table(header: &[String]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.iter().map(|title| title.to_uppercase()));
    table
}

/// A table's text without trailing spaces.
fn text(table: &Table) -> String {
    let line = |line: String| {
        line.strip_prefix(' ')
            .unwrap_or(&line)
            .trim_end()
            .to_owned()
            + "\n"
    };
    table.lines().map(line).collect()
}

fn shown(value: Option<&impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), ToString::to_string)
}

/// A table of rows under a header.
#[must_use]
pub fn rows(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>, width: Width) -> String {
    let cells = |row: Vec<String>| row.iter().map(|cell| visible(cell).into_owned()).collect();
    let fitted = fit(header, rows.into_iter().map(cells).collect(), width);
    let mut table = table(&fitted.header);
    for row in &fitted.rows {
        table.add_row(row);
    }
    let mut text = text(&table);
    if !fitted.left_out.is_empty() {
        let titles = fitted.left_out.join(", ").to_uppercase();
        let left_out = format!("left out: {titles} (--wide shows all)");
        _ = writeln!(text, "{}", width.fold(&left_out));
    }
    text
}

/// The tables of `lab status`.
#[must_use]
pub fn status(status: &Status, width: Width) -> String {
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
    let mut text = rows(&header, status.nodes.iter().map(status_row), width);
    text.push_str(&logical(status, width));
    if !status.services.is_empty() {
        let services = status.services.iter().map(|service| {
            let (name, state) = (service.name.clone(), service.state.clone());
            vec![name, state, shown(service.url.as_ref())]
        });
        _ = write!(
            text,
            "\n{}",
            rows(&["service", "state", "url"], services, width)
        );
    }
    for fault in faults::lines(&status.faults) {
        _ = writeln!(text, "! {fault}: `lab heal {}` undoes it", status.lab);
    }
    for node in &status.full_disks {
        let lab = &status.lab;
        _ = writeln!(
            text,
            "! {node}: a fault fills its data disk: `lab heal {lab}` undoes it"
        );
    }
    for remark in &status.remarks {
        _ = writeln!(text, "! {remark}");
    }
    for node in &status.nodes {
        for remark in remarks(node) {
            _ = writeln!(text, "! {}: {remark}", node.name);
        }
        for subscription in &node.subscriptions {
            if let Some(trouble) = &subscription.trouble {
                _ = writeln!(text, "! {} ({}): {trouble}", node.name, subscription.name);
            }
        }
    }
    for service in &status.services {
        if let Some(problem) = &service.problem {
            _ = writeln!(text, "! {}: {problem}", service.name);
        }
    }
    text
}

/// The tables of publications and subscriptions, if there are any.
fn logical(status: &Status, width: Width) -> String {
    let mut text = String::new();
    let publications = status.nodes.iter().flat_map(|node| {
        node.publications.iter().map(|publication| {
            vec![
                publication.name.clone(),
                node.name.clone(),
                publication.publish.join(", "),
                publication.tables.join(", "),
            ]
        })
    });
    let mut publications = publications.peekable();
    if publications.peek().is_some() {
        let header = ["publication", "node", "publishes", "tables"];
        text = format!("\n{}", rows(&header, publications, width));
    }
    let subscriptions = status.nodes.iter().flat_map(|node| {
        let subscriptions = node.subscriptions.iter();
        subscriptions.map(|subscription| subscription_row(&node.name, subscription))
    });
    let mut subscriptions = subscriptions.peekable();
    if subscriptions.peek().is_some() {
        let header = [
            "subscription",
            "node",
            "upstream",
            "publications",
            "state",
            "tables",
            "lag",
            "slot",
            "errors",
        ];
        text = format!("{text}\n{}", rows(&header, subscriptions, width));
    }
    text
}

fn subscription_row(node: &str, subscription: &SubscriptionStatus) -> Vec<String> {
    let state = match (subscription.enabled, subscription.active) {
        (false, _) => "disabled",
        (true, true) => "active",
        (true, false) => "no worker",
    };
    let ready = subscription
        .tables
        .iter()
        .filter(|table| table.state == "r");
    let ready = format!("{} of {} ready", ready.count(), subscription.tables.len());
    let slot = subscription.slot.as_ref();
    let slot_state = slot.map(|slot| {
        let unknown = match slot.exists {
            Some(true) => "unused",
            Some(false) => "missing",
            None => "not known",
        };
        let state = slot.wal_status.as_ref().map_or(unknown, WalStatus::word);
        format!("{} ({state})", slot.name)
    });
    let errors = subscription.apply_errors.zip(subscription.sync_errors);
    vec![
        subscription.name.clone(),
        node.to_owned(),
        shown(subscription.upstream.as_ref()),
        subscription.publications.join(", "),
        state.to_owned(),
        ready,
        slot.and_then(|slot| slot.lag_bytes)
            .map_or_else(|| "-".to_owned(), |bytes| format!("{bytes} B")),
        shown(slot_state.as_ref()),
        errors.map_or_else(
            || "-".to_owned(),
            |(apply, sync)| format!("{apply} applying, {sync} copying"),
        ),
    ]
}

/// What is to be said of a node: what hinders it, and in what it differs from the plan.
fn remarks(node: &NodeStatus) -> Vec<String> {
    let mut remarks: Vec<String> = node.problem.iter().cloned().collect();
    let shown = |hindrance: &Hindrance| match hindrance {
        Hindrance::LinkCut | Hindrance::Frozen | Hindrance::Diverged => None,
        Hindrance::UpstreamFrozen => {
            let upstream = node.upstream.as_deref().unwrap_or_default();
            Some(format!("its upstream `{upstream}` is frozen"))
        }
        Hindrance::ReplayPaused => Some("replay is paused".to_owned()),
    };
    // A cut link, a container that is paused and a fork are said elsewhere.
    remarks.extend(node.hindered_by.iter().filter_map(shown));
    let Some(role) = &node.role else {
        return remarks;
    };
    let upstream = node.upstream.as_ref();
    if *role != node.expected_role {
        let of = upstream.map(|from| format!(" of `{from}`"));
        let of = of.unwrap_or_default();
        remarks.push(format!("{role}{of} (planned: {})", node.expected_role));
    } else if let (Some(planned), Some(from)) = (&node.expected_upstream, upstream)
        && from != planned
    {
        remarks.push(format!("standby of `{from}` (planned: `{planned}`)"));
    }
    if role == "standby" && node.streams_from.is_none() {
        remarks.push(match upstream {
            Some(upstream) => format!("does not stream from `{upstream}`"),
            None => "streams from no node".to_owned(),
        });
    }
    remarks
}

fn status_row(node: &NodeStatus) -> Vec<String> {
    let slot = node.slot.as_ref().map(|slot| {
        let state = slot.wal_status.as_ref().map_or("missing", WalStatus::word);
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

/// The table of `lab monitor`.
#[must_use]
pub fn monitor(monitor: &Monitor, width: Width) -> String {
    let header = [
        "upstream",
        "downstream",
        "name",
        "kind",
        "state",
        "sync",
        "not sent",
        "not written",
        "not flushed",
        "not replayed",
        "replay lag",
        "slot",
        "wal retained",
        "hindered by",
    ];
    let bytes =
        |bytes: Option<i64>| bytes.map_or_else(|| "-".to_owned(), |bytes| format!("{bytes} B"));
    let mut text = rows(
        &header,
        monitor.edges.iter().map(|edge| {
            let slot = edge.slot.as_ref().map(|slot| {
                let state = edge.wal_status.as_ref().map_or("missing", WalStatus::word);
                let idle = if edge.slot_active == Some(true) {
                    ""
                } else {
                    ", idle"
                };
                format!("{slot} ({state}{idle})")
            });
            vec![
                edge.upstream.clone(),
                shown(edge.downstream.as_ref()),
                shown(edge.name.as_ref()),
                shown(edge.kind.as_ref()),
                edge.state
                    .as_ref()
                    .map_or("not connected", SenderState::word)
                    .to_owned(),
                shown(edge.sync_state.as_ref()),
                bytes(edge.sent_lag_bytes),
                bytes(edge.write_lag_bytes),
                bytes(edge.flush_lag_bytes),
                bytes(edge.replay_lag_bytes),
                edge.replay_lag_ms.map_or_else(|| "-".to_owned(), lag),
                shown(slot.as_ref()),
                bytes(edge.retained_bytes),
                hindered(&edge.hindered_by),
            ]
        }),
        width,
    );
    for remark in monitor.remarks.iter().chain(&monitor.problems) {
        _ = writeln!(text, "! {remark}");
    }
    text
}

fn hindered(by: &[Hindrance]) -> String {
    let words: Vec<String> = by.iter().map(ToString::to_string).collect();
    if words.is_empty() {
        "-".to_owned()
    } else {
        words.join(", ")
    }
}

/// A lag in milliseconds, with a decimal while it is below a second.
fn lag(millis: f64) -> String {
    if millis < 1000.0 {
        format!("{millis:.1} ms")
    } else {
        duration(Duration::from_secs_f64(millis / 1000.0))
    }
}

/// The checks of a proof, one line each. Nothing of one that failed is left out.
#[must_use]
pub fn verdict(verdict: &Verdict, width: Width) -> String {
    let width = if verdict.passed { width } else { Width::ANY };
    let rows = verdict.checks.iter().map(|check| {
        let word = if check.passed { "pass" } else { "FAIL" };
        vec![
            word.to_owned(),
            check.name.clone(),
            duration(Duration::from_secs_f64(check.took_ms / 1000.0)),
            check.detail.clone(),
        ]
    });
    let mut text = self::rows(&["outcome", "check", "took", "result"], rows, width);
    for check in &verdict.checks {
        if let Some(hint) = &check.hint {
            _ = writeln!(text, "hint: {}: {hint}", check.name);
        }
    }
    for NotProven { name, because } in &verdict.not_proven {
        _ = writeln!(text, "not proven: {name}: {because}");
    }
    text
}

/// The nodes of a lab and how to reach them.
#[must_use]
pub fn up(report: &UpReport, width: Width) -> String {
    let rows = report.nodes.iter().map(|node| {
        vec![
            node.name.clone(),
            node.role.clone(),
            shown(node.upstream.as_ref()),
            shown(node.address.as_ref()),
            shown(node.dsn.as_ref()),
        ]
    });
    let mut text = self::rows(&["node", "role", "upstream", "address", "dsn"], rows, width);
    if !report.services.is_empty() {
        let services = report.services.iter().map(|service| {
            let (address, url) = (shown(service.address.as_ref()), shown(service.url.as_ref()));
            vec![service.name.clone(), address, url]
        });
        _ = write!(
            text,
            "\n{}",
            self::rows(&["service", "address", "url"], services, width)
        );
    }
    text
}
