//! The proof of the present topology.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::failure::Failure;
use crate::lab::{Lab, LabError};

use super::{Verdict, failed, verify};

/// Proves that the lab replicates as it does now: after a failover the new primary and its downstreams, and subscriptions
/// that were created since. Two primaries of the same data are no proof.
///
/// # Errors
/// As [`verify`].
pub async fn verify_present(
    lab: &Lab,
    within: Duration,
    cancel: &CancellationToken,
) -> Result<Verdict, LabError> {
    let (present, topology) = lab.present().await;
    let verdict = verify(&present, BTreeMap::new(), within, cancel).await?;
    let Verdict {
        mut checks,
        not_proven,
        ..
    } = verdict;
    for check in &mut checks {
        let mut nodes = present.plan.nodes.iter();
        let about = nodes.find(|node| check.name == format!("{}: is a primary", node.name));
        if let Some(node) = about.filter(|_| !check.passed) {
            check.hint = check.hint.take().or(lab.succession(&topology, &node.name));
        }
    }
    for rivals in topology.rivals() {
        let names: Vec<String> = rivals.iter().map(|node| format!("`{node}`")).collect();
        let why = format!("{} take writes, each for itself", names.join(" and "));
        let mut failure = Failure::seen(why);
        failure.hint = Some(format!(
            "`lab status {}` says what makes them one again",
            lab.plan.lab
        ));
        checks.push(failed(
            rivals[0],
            "is the only primary of its data",
            failure,
        ));
    }
    Ok(Verdict::new(checks).without(not_proven))
}
