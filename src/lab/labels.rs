//! Names and labels of a lab's objects. Labels are the only memory: every verb finds a lab by them.

use crate::engine::{LAB_LABEL, Labels};
use crate::name::{LabName, NodeName};
use crate::plan::Plan;
use crate::scenario::services::ServiceName;

/// The label with a node's name.
pub const NODE_LABEL: &str = "dev.replication-lab.node";
/// The label with a service's name.
pub const SERVICE_LABEL: &str = "dev.replication-lab.service";
/// The label with the whole plan as JSON, without passwords. The passwords of steps are in a file of each node's volume.
pub const PLAN_LABEL: &str = "dev.replication-lab.plan";
/// The label of every object of a lab with the word of the lab's claim. It says whose an object is when a name was given
/// again.
pub const CLAIM_LABEL: &str = "dev.replication-lab.claim";
/// The label of a claim, of the mark that a lab is complete, or of a proof's note, with the process that it belongs to.
pub const OWNER_LABEL: &str = "dev.replication-lab.owner";
/// The label of a template: the ID of the image that made it.
pub const TEMPLATE_LABEL: &str = "dev.replication-lab.template";

/// The label with the values that steps captured, by name, as JSON.
pub const CAPTURED_LABEL: &str = "dev.replication-lab.captured";

/// The label of a container that works on a stopped node's data, with its act: "rewinding `a` to `b`".
pub const WORK_LABEL: &str = "dev.replication-lab.work";

/// The label with a random word that says which of several processes recorded faults first.
pub const NOTE_LABEL: &str = "dev.replication-lab.note";

/// The label with what a proof is about to do, as JSON.
pub const DEED_LABEL: &str = "dev.replication-lab.deed";

/// The label with the faults of a lab's network as JSON.
pub const FAULTS_LABEL: &str = "dev.replication-lab.faults";

/// A lab's name and the random word of the process that claimed it. A lab that is made anew has another word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The lab's name.
    pub lab: LabName,
    /// The random word.
    pub word: String,
}

impl Claim {
    /// Whether an object with these labels belongs to the lab that holds this claim. An object without a word was made
    /// by an older `lab`.
    #[must_use]
    pub fn owns(&self, labels: &Labels) -> bool {
        let is_lab = labels.get(LAB_LABEL).map(String::as_str) == Some(self.lab.as_str());
        is_lab && word(labels).is_none_or(|word| *word == self.word)
    }
}

/// The word of the claim that an object was made under.
#[must_use]
pub fn word(labels: &Labels) -> Option<&String> {
    labels.get(CLAIM_LABEL)
}

/// The program of a container that does nothing until other programs are run in it.
pub(super) const HOLD: [&str; 4] = ["sh", "-c", include_str!("../../images/hold.sh"), "lab-hold"];

/// The name of a node's container and of its volume.
#[must_use]
pub fn node_object(lab: &LabName, node: &NodeName) -> String {
    format!("lab-{lab}-{node}")
}

/// The name of a service's container and of its volume. No node has that name.
#[must_use]
pub fn service_object(lab: &LabName, service: ServiceName) -> String {
    format!("lab-{lab}-{service}")
}

/// The name of the volume that marks a lab as complete. A node's name has no `.`, so no node's volume has this name.
#[must_use]
pub fn ready_object(lab: &LabName) -> String {
    format!("lab-{lab}.ready")
}

/// The name of the volume with the faults of a lab's network; each change has the next number.
#[must_use]
pub fn faults_object(lab: &LabName, number: u64) -> String {
    format!("lab-{lab}.faults-{number}")
}

/// The number of a volume with faults, from its name.
#[must_use]
pub fn faults_number(lab: &LabName, name: &str) -> Option<u64> {
    let number = name
        .strip_prefix(&lab_object(lab))?
        .strip_prefix(".faults-")?;
    number.parse().ok()
}

/// The name of the volume that notes what a proof is about to do.
#[must_use]
pub fn deed_object(lab: &LabName, word: &str) -> String {
    format!("lab-{lab}.proof-{word}")
}

/// The name of the container that changes a node's network.
#[must_use]
pub fn beside_object(lab: &LabName, node: &NodeName) -> String {
    format!("{}.net", node_object(lab, node))
}

/// The name of the container that holds a node's limited data disk.
#[must_use]
pub fn disk_object(lab: &LabName, node: &NodeName) -> String {
    format!("{}.disk", node_object(lab, node))
}

/// The name of the container that works on a stopped node's data. A node's name has no `.`, so no node's container has
/// this name.
#[must_use]
pub fn work_object(lab: &LabName, node: &NodeName) -> String {
    format!("{}.work", node_object(lab, node))
}

/// The name of the volume with a shared base backup, after the first of its standbys.
#[must_use]
pub fn backup_object(lab: &LabName, first: &NodeName) -> String {
    format!("lab-{lab}.backup-{first}")
}

/// The name of the volume that marks a step as done, by the step's number.
#[must_use]
pub fn step_object(lab: &LabName, number: &str) -> String {
    format!("lab-{lab}.step-{number}")
}

/// The name of the volume that claims a lab's name.
#[must_use]
pub fn lab_object(lab: &LabName) -> String {
    format!("lab-{lab}")
}

/// The name of a lab's network. The word is part of it: an engine that cannot remove a network blocks no name.
#[must_use]
pub fn network_object(claim: &Claim) -> String {
    format!("lab-{}.{}", claim.lab, claim.word)
}

/// The labels of everything that belongs to a lab.
#[must_use]
pub fn of_lab(claim: &Claim) -> Labels {
    [
        (LAB_LABEL.to_owned(), claim.lab.to_string()),
        (CLAIM_LABEL.to_owned(), claim.word.clone()),
    ]
    .into()
}

/// The labels of a container that works on a node's data.
#[must_use]
pub fn of_work(lab: &Claim, act: &str) -> Labels {
    let mut labels = of_lab(lab);
    labels.insert(WORK_LABEL.to_owned(), act.to_owned());
    labels
}

/// The labels of everything that belongs to a node.
#[must_use]
pub fn of_node(lab: &Claim, node: &NodeName) -> Labels {
    let mut labels = of_lab(lab);
    labels.insert(NODE_LABEL.to_owned(), node.to_string());
    labels
}

/// The labels of everything that belongs to a service.
#[must_use]
pub fn of_service(lab: &Claim, service: ServiceName) -> Labels {
    let mut labels = of_lab(lab);
    labels.insert(SERVICE_LABEL.to_owned(), service.to_string());
    labels
}

/// The labels of the claim: the plan, and who made it.
#[must_use]
pub fn of_claim(plan: &Plan, claim: &Claim, owner: &str) -> Labels {
    let mut labels = of_lab(claim);
    labels.insert(OWNER_LABEL.to_owned(), owner.to_owned());
    labels.insert(PLAN_LABEL.to_owned(), plan.hidden().plan.to_string());
    labels
}

/// The plan in a claim's labels, with marks instead of passwords.
#[must_use]
pub fn plan(labels: &Labels) -> Option<Plan> {
    serde_json::from_str(labels.get(PLAN_LABEL)?).ok()
}
