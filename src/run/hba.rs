//! `hba`: lines added to a running node's `pg_hba.conf`.

use super::scene::Scene;
use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::hba::Hba;
use crate::engine::Selector;
use crate::hba::HbaLine;
use crate::name::NodeName;
use crate::server::hba::{self, Addresses};
use crate::server::hba_file;

impl Act for Hba {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let (node, _) = super::target(step)?;
        scene.let_in(step, node, &self.0).await
    }
}

impl Scene<'_> {
    /// Adds lines to the end of a node's `pg_hba.conf`, unless they are there. A stopped node keeps its address.
    pub(super) async fn let_in(&self, step: &Step, node: &NodeName, lines: &[HbaLine]) -> Tried {
        let addresses = self.addresses().await?;
        let rules: Vec<_> = lines.iter().map(hba::written).collect();
        if let Some(unknown) = hba::peers(&rules).find(|name| !addresses.nodes.contains_key(name)) {
            let why = format!("`{unknown}` has no address: it has no network");
            return Err(Wrong::failed(why));
        }
        let added = hba::lines(node, &rules, &addresses);
        let client = self.client(node).await?;
        let before = hba_file::text(&client).await?;
        if added
            .iter()
            .all(|line| before.lines().any(|there| there == line))
        {
            return Ok(added.join("\n"));
        }
        let all = before.lines().chain(added.iter().map(String::as_str));
        let all: Vec<&str> = all.collect();
        hba_file::write(&client, &all.join("\n")).await?;
        let refused = hba_file::refused_lines(&client).await?;
        if !refused.is_empty() {
            return Err(Wrong::failed(format!(
                "the server refuses pg_hba.conf: line {}",
                refused.join("; ")
            )));
        }
        self.reload(step, node).await?;
        Ok(added.join("\n"))
    }

    /// The current addresses.
    async fn addresses(&self) -> Tried<Addresses> {
        let lab = self.lab;
        let networks = lab
            .engine
            .networks(Some(&Selector::lab(&lab.plan.lab)))
            .await?;
        let gateway = networks.iter().find_map(|network| network.gateway);
        let gateway = gateway.ok_or_else(|| Wrong::failed("the lab's network is gone"))?;
        let mut nodes = std::collections::BTreeMap::new();
        for node in &lab.plan.nodes {
            if let Some(address) = self.container(&node.name).await?.address {
                nodes.insert(node.name.clone(), address);
            }
        }
        Ok(Addresses { gateway, nodes })
    }
}
