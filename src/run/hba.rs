//! `hba`: lines added to a running node's `pg_hba.conf`.

use super::scene::{Scene, one};
use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::hba::Hba;
use crate::engine::Selector;
use crate::hba::HbaLine;
use crate::name::NodeName;
use crate::server::client::literal;
use crate::server::command::PGDATA;
use crate::server::hba::{self, Addresses};

impl Act for Hba {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let (node, _) = super::target(step)?;
        scene.let_in(step, node, &self.0).await
    }
}

impl Scene<'_> {
    /// Adds lines to the end of a node's `pg_hba.conf`. The address of a node that does not run is what it had.
    pub(super) async fn let_in(&self, step: &Step, node: &NodeName, lines: &[HbaLine]) -> Tried {
        let addresses = self.addresses().await?;
        let rules: Vec<_> = lines.iter().map(hba::written).collect();
        if let Some(unknown) = hba::peers(&rules).find(|name| !addresses.nodes.contains_key(name)) {
            let why = format!("`{unknown}` has no address: it has no network");
            return Err(Wrong::failed(why));
        }
        let added = hba::lines(node, &rules, &addresses);
        let client = self.client(node).await?;
        let before = one(&client, "SELECT pg_read_file('pg_hba.conf')").await?;
        let before = before.unwrap_or_default();
        let all = before
            .lines()
            .chain(added.iter().map(String::as_str))
            .map(literal);
        let all: Vec<String> = all.collect();
        let path = literal(&format!("{PGDATA}/pg_hba.conf"));
        let copy = format!("COPY (SELECT unnest(ARRAY[{}])) TO {path}", all.join(","));
        client.batch_execute(&copy).await?;
        let wrong = "SELECT string_agg(line_number || ': ' || error, '; ') FROM pg_hba_file_rules WHERE error IS NOT NULL";
        if let Some(wrong) = one(&client, wrong).await? {
            return Err(Wrong::failed(format!(
                "the server refuses pg_hba.conf: line {wrong}"
            )));
        }
        self.reload(step, node).await?;
        Ok(added.join("\n"))
    }

    /// Where everybody is now.
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
