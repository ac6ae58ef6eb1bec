//! The initialised data directories that all labs of one image copy. `initdb` runs once per image and primary, not once
//! per lab.
//!
//! They are in a volume, which `images/node/template.sh` fills in a container of its own. The containers of nodes can only read
//! it: what one lab does with its servers, another must not find in its own.

use std::collections::BTreeSet;

use crate::engine::{ContainerSpec, Engine, EngineError, Labels, Limits, Mount, Selector, Volume};
use crate::image::{self, Found};
use crate::name::NodeName;
use crate::plan::Plan;
use crate::server::command::INITDB;

use super::labels::{self, Claim, TEMPLATE_LABEL};
use super::node;

/// The script that fills it.
const FILL: &str = concat!(
    include_str!("../../images/node/cluster.sh"),
    include_str!("../../images/node/template.sh")
);

/// The version of the arguments of `initdb`. Raise it when they change, so that no older directory is used.
const GENERATION: u32 = 6;

/// The name of an image's template.
fn name(image_id: &str) -> String {
    let id = image_id.trim_start_matches("sha256:");
    format!("lab-template-{GENERATION}-{}", id.get(..12).unwrap_or(id))
}

/// The name of the empty volume that says that a directory of the template is complete. The content of a volume cannot be
/// asked for without a container.
fn mark(image_id: &str, number: usize) -> String {
    format!("{}.{number}", name(image_id))
}

/// The labels of an image's template.
fn labels_of(image_id: &str) -> Labels {
    [(TEMPLATE_LABEL.to_owned(), image_id.to_owned())].into()
}

/// The mount of the template in a node's container.
pub(super) fn mount(image_id: &str) -> Mount {
    Mount {
        volume: name(image_id),
        target: "/lab/template".to_owned(),
        read_only: true,
        labels: labels_of(image_id),
    }
}

/// The directory in the template that a node begins with. No two primaries of a lab share a system identifier: a standby
/// of one could otherwise stream from the other.
pub(super) fn number(plan: &Plan, node: &NodeName) -> usize {
    let mut primaries = plan.primaries().filter(|node| node.restored_from.is_none());
    primaries
        .position(|primary| primary.name == *node)
        .unwrap_or(0)
        + 1
}

/// Makes these directories of an image's template, unless they were made before. A primary without one runs `initdb` itself.
pub(super) async fn prepare(
    engine: &Engine,
    claim: &Claim,
    found: &Found,
    numbers: &BTreeSet<usize>,
) -> Result<(), EngineError> {
    let id = &found.image.id;
    let existing = engine
        .volumes(&Selector::LabelValue(TEMPLATE_LABEL.to_owned(), id.clone()))
        .await?;
    let is_there = |wanted: &str| existing.iter().any(|volume| volume.name == wanted);
    let whole = |number: usize| is_there(&name(id)) && is_there(&mark(id, number));
    let missing = numbers.iter().copied().filter(|number| !whole(*number));
    let missing: Vec<usize> = missing.collect();
    if missing.is_empty() || !fill(engine, claim, found, &missing).await? {
        return Ok(());
    }
    for number in missing {
        let volume = Volume {
            name: mark(id, number),
            labels: labels_of(id),
        };
        engine.create_volume(&volume).await?;
    }
    Ok(())
}

/// Makes directories of an image's template. Returns whether that went well.
async fn fill(
    engine: &Engine,
    claim: &Claim,
    found: &Found,
    numbers: &[usize],
) -> Result<bool, EngineError> {
    let id = &found.image.id;
    // A new volume belongs to root, unless it is mounted on a directory of `postgres`.
    let folder = image::data_mount(&found.image);
    let mut own = labels_of(id);
    own.extend(labels::of_lab(claim));
    let spec = ContainerSpec {
        // It goes with the lab if it is left behind.
        name: format!("{}-{}", name(id), claim.lab),
        hostname: "template".to_owned(),
        image: found.reference.clone(),
        user: "postgres".to_owned(),
        command: labels::HOLD.map(str::to_owned).into(),
        env: vec![format!("PATH={}", node::path(found))],
        network: None,
        address: None,
        publish: None,
        mounts: vec![Mount {
            target: folder.to_owned(),
            read_only: false,
            ..mount(id)
        }],
        shm_bytes: 0,
        labels: own,
        stdin: false,
        power: None,
        limits: Limits::default(),
    };
    let made = engine.create_container(&spec).await?;
    engine.start_container(&made).await?;
    let mut command: Vec<String> = ["sh", "-c", FILL, "lab-template", folder]
        .map(str::to_owned)
        .into();
    command.extend(numbers.iter().map(ToString::to_string));
    command.push("--".to_owned());
    command.extend(INITDB.map(str::to_owned));
    let ran = engine.exec(&made, &command, &[]).await;
    engine.remove_container(&made).await?;
    let ran = ran?;
    if ran.code != 0 {
        // The primary's own `initdb` tells why, in its log.
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        tracing::debug!(code = ran.code, said, "no template was made");
    }
    Ok(ran.code == 0)
}
