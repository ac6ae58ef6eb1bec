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

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::engine::ExecOutput;
    use crate::engine::fake::Fake;
    use crate::event::Silent;
    use crate::name::LabName;
    use crate::scenario::PostgresVersion;

    struct Making {
        fake: Fake,
        claim: Claim,
        found: Found,
    }

    impl Making {
        async fn new() -> Self {
            let fake = Fake::new();
            fake.add_image("postgres:17");
            let (version, never) = (PostgresVersion::Major(17), CancellationToken::new());
            let found = image::ensure(&fake.engine(), &version, &Silent, &never).await;
            let claim = Claim {
                lab: LabName::new("a").expect("a name"),
                word: "5d0da3dc97641f07".to_owned(),
            };
            Self {
                fake,
                claim,
                found: found.expect("an image"),
            }
        }

        /// The number of containers that have made something, after these directories were asked for.
        async fn made(&self, numbers: &[usize]) -> usize {
            let numbers = numbers.iter().copied().collect();
            let made = prepare(&self.fake.engine(), &self.claim, &self.found, &numbers).await;
            made.expect("it is prepared");
            self.fake.made().len()
        }
    }

    #[tokio::test]
    async fn a_template_is_made_once_and_nodes_only_read_it() {
        let making = Making::new().await;
        assert_eq!(making.made(&[1]).await, 1);
        assert_eq!(making.made(&[1]).await, 1);
        assert_eq!(making.made(&[1, 2]).await, 2);
        assert_eq!(making.made(&[2]).await, 2);
        let writes = |spec: ContainerSpec| spec.mounts.iter().any(|mount| !mount.read_only);
        assert!(making.fake.made().into_iter().all(writes));
        assert!(mount(&making.found.image.id).read_only);
        // Nothing is left but volumes.
        let left = making.fake.objects();
        assert!(
            left.iter().all(|it| it.starts_with("volume lab-template-")),
            "{left:?}"
        );
    }

    #[tokio::test]
    async fn a_template_that_could_not_be_made_is_made_by_the_next_lab() {
        let making = Making::new().await;
        let failed = ExecOutput {
            code: 1,
            stdout: Vec::new(),
            stderr: b"no space left on device".to_vec(),
        };
        let container = format!("{}-a", name(&making.found.image.id));
        making.fake.answer_exec(&container, failed);
        assert_eq!(making.made(&[1]).await, 1);
        assert_eq!(making.made(&[1]).await, 2);
        assert_eq!(making.made(&[1]).await, 2);
    }
}
