//! The requirements of streaming from another node: settings, a slot, and no loop.

use super::scene::Scene;
use super::{Tried, Wrong};
use crate::action::Step;
use crate::action::upstream::Upstream;
use crate::failure::Failure;
use crate::hba::{Address, ConnectionType, Database, HbaLine};
use crate::name::NodeName;
use crate::plan::Role;
use crate::plan::settings::AT_LEAST_PRIMARY;
use crate::server::client::Reader;
use crate::server::command::VOLUME;
use crate::server::tablespaces::{self, Tablespace};
use crate::server::{command, conf, in_force, slots};

impl Scene<'_> {
    /// Refuses an upstream that gets its WAL from the node itself: no primary would be among them.
    async fn no_circle(&self, wanted: &Upstream) -> Tried<()> {
        let (node, upstream) = (&wanted.node, &wanted.upstream);
        let mut at = upstream.clone();
        for _ in &self.lab.plan.nodes {
            // Only a running server can be asked.
            let Ok(reader) = self.client(&at).await else {
                return Ok(());
            };
            let from = crate::server::upstream::upstream(&reader)
                .await
                .ok()
                .flatten();
            let Some(from) = from.and_then(|from| from.configured) else {
                return Ok(());
            };
            let Some(next) = self.node_called(&from) else {
                return Ok(());
            };
            if next == *node {
                let why = format!("`{upstream}` streams from `{node}`: `promote` it first");
                return Err(Wrong::failed(why));
            }
            at = next;
        }
        Ok(())
    }

    /// Creates the slot on the upstream if it does not exist.
    pub(super) async fn slot(&self, wanted: &Upstream) -> Tried<()> {
        if wanted.node == wanted.upstream {
            let why = format!("`{}` cannot stream from itself", wanted.node);
            return Err(Wrong::failed(why));
        }
        let Some(slot) = &wanted.slot else {
            return Ok(());
        };
        let reader = self.client(&wanted.upstream).await?;
        Ok(slots::create_physical(&reader, &[slot.as_str()]).await?)
    }

    /// Makes sure that a node can stream from its upstream, and copy its logical slots.
    pub(super) async fn can_stream(&self, step: &Step, wanted: &Upstream) -> Tried<()> {
        self.no_circle(wanted).await?;
        self.slot(wanted).await?;
        let Upstream { node, upstream, .. } = wanted;
        // An upstream that is down takes no line now. A node may follow it all the same.
        if self.may_copy_slots(node) && self.client(upstream).await.is_ok() {
            self.let_into_database(step, upstream, node).await?;
        }
        Ok(())
    }

    /// Whether a node's PostgreSQL can copy the logical slots of its upstream. Any user may turn that on later.
    fn may_copy_slots(&self, node: &NodeName) -> bool {
        let planned = self.lab.plan.node(node);
        let major = planned.and_then(|planned| planned.postgres.major());
        major.is_none_or(|major| major >= 17)
    }

    /// Lets the replication user of `node` into the lab's database on `upstream`. The replication lines of `pg_hba.conf` do
    /// not.
    pub(super) async fn let_into_database(
        &self,
        step: &Step,
        upstream: &NodeName,
        node: &NodeName,
    ) -> Tried<()> {
        let plan = &self.lab.plan;
        let line = HbaLine {
            kind: if plan.tls {
                ConnectionType::HostSsl
            } else {
                ConnectionType::Host
            },
            database: Database::Named(plan.database.clone()),
            user: Some(plan.replication_user.name.clone()),
            address: Address::Node(node.clone()),
            method: plan.auth.into(),
        };
        self.let_in(step, upstream, &[line]).await?;
        Ok(())
    }

    /// The tablespaces of a node outside its data directory, of which another node can have a copy.
    pub(super) async fn tablespaces_apart(&self, node: &NodeName) -> Tried<Vec<Tablespace>> {
        let mut found = tablespaces::tablespaces(&*self.client(node).await?).await?;
        found.retain(Tablespace::is_apart);
        if let Some(Tablespace { name, location }) = found.iter().find(|it| it.is_lost()) {
            let why = format!(
                "the tablespace `{name}` of `{node}` is at `{location}`, outside the node's volume: a copy of it would be lost"
            );
            let hint = format!(
                "`CREATE TABLESPACE … LOCATION` with a directory below `{VOLUME}` is in the volume"
            );
            return Err(Wrong::Failed(Failure::seen(why).with_hint(hint)));
        }
        if let Some(Tablespace { name, location }) = found.iter().find(|it| it.is_in_the_way()) {
            let why = format!(
                "the tablespace `{name}` of `{node}` is at `{location}`, which is a place of the lab's own: a copy of it would be lost"
            );
            let hint = format!("another directory below `{VOLUME}` is free");
            return Err(Wrong::Failed(Failure::seen(why).with_hint(hint)));
        }
        Ok(found)
    }

    /// The settings of a node that streams from an upstream.
    pub(super) async fn standby_settings(
        &self,
        wanted: &Upstream,
    ) -> Tried<Vec<(&'static str, String)>> {
        let plan = &self.lab.plan;
        let conninfo = command::primary_conninfo(
            &wanted.upstream,
            &plan.replication_user.name,
            &self.application_name(&wanted.node),
            self.may_copy_slots(&wanted.node).then_some(&plan.database),
            plan.tls,
        );
        let slot = wanted.slot.as_ref().map(ToString::to_string);
        let mut settings = vec![
            ("primary_conninfo", conninfo),
            ("primary_slot_name", slot.unwrap_or_default()),
            ("recovery_target_timeline", "latest".to_owned()),
        ];
        settings.extend(self.not_lower(&wanted.node, &[&wanted.upstream]).await?);
        Ok(settings)
    }

    /// The settings of a node that replays an archive: they must not be lower than on the servers that filled it.
    pub(super) async fn settings_of_archive(
        &self,
        node: &NodeName,
    ) -> Tried<Vec<(&'static str, String)>> {
        let mut writers = Vec::new();
        for other in self.lab.plan.nodes.iter().map(|other| &other.name) {
            // Only a running server can be asked. The backup itself says what it needs (`images/node/restore.sh`).
            if other != node && matches!(self.recovers(other).await, Ok(false)) {
                writers.push(other);
            }
        }
        self.not_lower(node, &writers).await
    }

    /// The settings of a node that must not be lower than on the servers whose WAL it replays, and are. A server that is
    /// down cannot be asked.
    async fn not_lower(
        &self,
        node: &NodeName,
        writers: &[&NodeName],
    ) -> Tried<Vec<(&'static str, String)>> {
        let mut running = Vec::new();
        for writer in writers {
            running.extend(self.client(writer).await.ok());
        }
        let own = self.client(node).await.ok();
        let mut higher = Vec::new();
        for (name, default) in AT_LEAST_PRIMARY {
            let mut needed = None;
            for writer in &running {
                let value = number(writer, name).await?.unwrap_or(default);
                needed = needed.max(Some(value));
            }
            let Some(needed) = needed else { continue };
            let planned = self.planned_number(node, name);
            // A step may have set another one.
            let present = match &own {
                Some(own) => number(own, name).await?,
                None => None,
            };
            if needed > planned.unwrap_or(default) || present.is_some_and(|it| needed > it) {
                higher.push((name, needed.max(present.unwrap_or_default()).to_string()));
            }
        }
        Ok(higher)
    }

    /// The value of a setting in a node's `postgresql.conf`.
    fn planned_number(&self, node: &NodeName, name: &str) -> Option<u64> {
        let planned = self.lab.plan.node(node)?;
        let mut settings = planned.settings.iter();
        let setting = settings.find(|setting| setting.name.eq_ignore_ascii_case(name));
        setting?.value.parse().ok()
    }

    /// The `application_name` of a node as a standby.
    pub(super) fn application_name(&self, node: &NodeName) -> String {
        match self.lab.plan.node(node).map(|planned| &planned.role) {
            Some(Role::Standby(standby)) => standby.application_name.to_string(),
            _ => node.to_string(),
        }
    }
}

/// A setting that is a number.
async fn number(reader: &Reader, name: &str) -> Tried<Option<u64>> {
    let value = in_force::setting(reader, name).await?;
    Ok(value.and_then(|value| value.parse().ok()))
}

/// The text of `postgresql.auto.conf` with these settings.
pub(super) fn auto_conf(settings: &[(&str, String)]) -> String {
    let lines = settings.iter();
    let lines: Vec<String> = lines
        .map(|(name, value)| format!("{name} = {}\n", conf::quoted(value)))
        .collect();
    lines.concat()
}
