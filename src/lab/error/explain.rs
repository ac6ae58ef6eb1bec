//! What to do about an error of a lab, what else was seen, and whose fault it is.

use std::fmt::Write as _;

use super::{ContainerEnd, Holder, LabError};
use crate::exit::Exit;
use crate::failure::Explain;
use crate::lab::passfile::PassfileError;
use crate::server::trouble::lacks_resources;
use crate::text::suggest::did_you_mean;

/// The near miss of a name, or all of them.
fn meant(given: &str, what: &str, names: &[String]) -> String {
    let near = did_you_mean(given, names.iter().map(String::as_str));
    near.unwrap_or_else(|| format!("{what} {}", names.join(", ")))
}

impl Explain for LabError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(error) => error.hint(),
            Self::Image(error) => error.hint(),
            Self::Taken { lab, by: Holder::Exists } => Some(format!(
                "`lab status {lab}` shows it; `--replace` makes it anew, `--name OTHER` makes a second one, `lab down {lab}` removes it"
            )),
            Self::Taken { lab, by: Holder::InUse(_) } => Some(format!(
                "wait for its end, or choose another name with `--name`; `lab status {lab}` shows it"
            )),
            Self::Taken { lab, by: Holder::Scenario(_) } => Some(format!(
                "choose another name with `--name`; `lab down {lab}` removes that lab, `--replace` replaces it"
            )),
            Self::Taken { lab, by: Holder::Unlike(_) } => Some(format!(
                "`--replace` makes it anew, `--name OTHER` makes a second one, `lab down {lab}` removes it"
            )),
            Self::Taken { lab, by: Holder::Making(_) } => {
                Some(format!("wait for it, or choose another name with `--name`; `lab down {lab}` removes what it made"))
            }
            Self::Taken { lab, by: Holder::Abandoned | Holder::Unclaimed | Holder::Earlier(_) } => Some(format!(
                "`lab down {lab}` or `lab gc` removes what it left; `--replace` makes it anew"
            )),
            Self::Taken { by: Holder::Foreign(_) | Holder::Other { .. }, .. } => Some("choose another name with `--name`".to_owned()),
            Self::NotFound { running, .. } if running.is_empty() => {
                Some("no lab is running; `lab up physical-sync` makes one, `lab list` shows what there is".to_owned())
            }
            Self::NotFound { lab, running } => Some(meant(lab, "running now:", running)),
            Self::NoNode { node, nodes, .. } => Some(meant(node, "its nodes are", nodes)),
            Self::HalfMade { lab, .. } => {
                Some(format!("`lab down {lab}` removes what is there; `--replace` makes it anew"))
            }
            Self::NoPassword { lab, source: PassfileError::Changed { node, .. } } => Some(format!(
                "`lab psql {lab} {node}` needs no password: `ALTER ROLE` there sets the old one again"
            )),
            Self::NoPassword { source: PassfileError::NoFolder, .. } => {
                Some("set XDG_STATE_HOME to a folder of your own".to_owned())
            }
            Self::NoPassword { lab, .. } => Some(format!(
                "run it as the user who made the lab; `lab psql {lab} NODE`, `lab logs {lab}` and `lab down {lab}` need no password"
            )),
            Self::NoAddresses { .. } => {
                Some("`lab list` shows the labs, `lab gc` removes what crashed ones left".to_owned())
            }
            Self::PortTaken { path, .. } => Some(format!(
                "choose another one with `--set {path}=PORT`, or leave `port` out: Docker chooses a free one"
            )),
            Self::SubnetTaken { .. } => Some(
                "choose another one with `--set network.subnet=CIDR`, or leave it out: `lab` chooses a free one".to_owned(),
            ),
            Self::NodeEnded { node, blame: Some(blame), .. } => Some(format!(
                "the log blames `{setting}`: look at `nodes.{node}.conf.{setting}` in the scenario",
                setting = blame.setting
            )),
            Self::NodeEnded { how: ContainerEnd::OutOfMemory(_) | ContainerEnd::Killed(_), .. } => Some(
                "lower `shared_buffers` and `work_mem`, raise the node's `memory` if it has one, or give the engine more: `docker info` shows how much it has".to_owned(),
            ),
            Self::Settings { node, .. } => Some(format!("look at `nodes.{node}.conf` in the scenario")),
            Self::Held { held, .. } => Some(held.hint()),
            Self::Leftover { lab, source, .. } => Some(
                source.hint().unwrap_or_else(|| format!("`lab down {lab}` removes them")),
            ),
            Self::Fault(error) => error.hint(),
            Self::Dataset(error) => error.hint(),
            Self::Subscription { subscription, node, trouble, .. } => trouble.hint(subscription, node.as_str()),
            Self::Service { service, .. } => Some(format!(
                "`--keep failed` keeps the lab and `lab logs LAB {service}` shows all that it wrote; \
                 `--set services={{}}` brings the lab up without it"
            )),
            Self::NodeEnded { .. }
            | Self::Late { .. }
            | Self::Sql(_)
            | Self::Tls(_)
            | Self::Interrupted
            | Self::Task(_) => None,
        }
    }

    fn evidence(&self) -> Option<String> {
        if let Self::Leftover {
            after: Some(after), ..
        } = self
        {
            let why = crate::text::chain(after.as_ref());
            let log = after.evidence().unwrap_or_default();
            let failed = !after.is_interrupt();
            return failed.then(|| format!("what failed first: {why}\n{log}"));
        }
        let (Self::NodeEnded { log, .. } | Self::Late { log, .. } | Self::Service { log, .. }) =
            self
        else {
            return None;
        };
        if log.is_empty() {
            return None;
        }
        let mut text = "the last lines of its log:\n".to_owned();
        for line in log {
            _ = writeln!(text, "  {line}");
        }
        Some(text)
    }

    fn exit(&self) -> Exit {
        match self {
            error if error.is_interrupt() => Exit::Interrupted,
            Self::Dataset(error) => error.exit(),
            // What the server refuses, the scenario asks for.
            Self::Sql(error) => error.source.blames(),
            // A publisher that does not answer, or the lack of disk or memory.
            Self::Subscription { trouble, .. } if trouble.is_of_machine() || trouble.is_vague() => {
                Exit::Environment
            }
            Self::NodeEnded {
                how: ContainerEnd::OutOfMemory(_) | ContainerEnd::Killed(_),
                ..
            } => Exit::Environment,
            Self::NodeEnded { log, .. } if lacks_resources(log) => Exit::Environment,
            Self::NotFound { .. }
            | Self::NoNode { .. }
            | Self::Subscription { .. }
            | Self::NodeEnded { blame: Some(_), .. }
            | Self::Settings { .. }
            | Self::Taken {
                by: Holder::Exists | Holder::InUse(_) | Holder::Scenario(_) | Holder::Unlike(_),
                ..
            } => Exit::Usage,
            _ => Exit::Environment,
        }
    }
}
