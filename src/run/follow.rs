//! A node made a standby of another: with the data that it has, or anew from a base backup.

use super::stage::Stage;
use super::work::Work;
use super::{Seen, Wrong};
use crate::action::{CreateSubscriber, Follow, Step, StopMode};
use crate::engine::ContainerState;
use crate::hba::{Address, ConnectionType, Database, HbaLine, Method};
use crate::name::{NodeName, UserName};
use crate::plan::Role;
use crate::server::SUPERUSER;
use crate::server::client::literal;
use crate::server::command::{self, PGDATA};
use crate::server::conf;

/// See there.
const RECLONE: &str = include_str!("../../images/node/reclone.sh");
const CREATE_SUBSCRIBER: &str = include_str!("../../images/node/create_subscriber.sh");
const FOLLOW: &str = include_str!("../../images/node/follow.sh");

impl Stage<'_> {
    pub(super) async fn follow(&self, step: &Step, follow: &Follow) -> Seen {
        self.no_circle(follow).await?;
        self.slot(follow).await?;
        let node = &follow.node;
        let settings = self.standby_settings(follow);
        if self.container(node).await?.state != ContainerState::Running {
            let work = Work {
                node,
                act: format!("making `{node}` a standby of `{}`", follow.upstream),
                script: FOLLOW,
                arguments: Vec::new(),
                env: vec![format!("AUTO_CONF={}", auto_conf(&settings))],
                within: self.patience(step),
            };
            self.work(work).await?;
            self.start(step, std::slice::from_ref(node)).await?;
            return Ok("started as a standby".to_owned());
        }
        let client = self.client(node).await?;
        for (name, value) in &settings {
            let sql = format!("ALTER SYSTEM SET {name} = {}", literal(value));
            client.batch_execute(&sql).await?;
        }
        if self
            .ask(node, "SELECT pg_is_in_recovery()")
            .await?
            .as_deref()
            == Some("t")
        {
            self.reload(step, node).await?;
            return Ok("reloaded".to_owned());
        }
        let signal = ["touch".to_owned(), format!("{PGDATA}/standby.signal")];
        let container = self.running(node).await?;
        let touched = self.lab.engine.exec(&container.id, &signal, &[]).await?;
        if touched.code != 0 {
            let why = String::from_utf8_lossy(&touched.stderr).trim().to_owned();
            return Err(Wrong::Failed(format!(
                "writing `standby.signal` on `{node}`: {why}"
            )));
        }
        drop(client);
        self.stop_one(node, StopMode::Fast, self.patience(step))
            .await?;
        self.start(step, std::slice::from_ref(node)).await?;
        Ok("restarted as a standby".to_owned())
    }

    /// That the upstream does not get its log from the node itself: no server among them would write any.
    pub(super) async fn no_circle(&self, follow: &Follow) -> Seen<()> {
        let (node, upstream) = (&follow.node, &follow.upstream);
        let mut at = upstream.clone();
        for _ in &self.lab.plan.nodes {
            let sql = "SELECT substring(current_setting('primary_conninfo') FROM 'host=''?([^ '']+)') \
                       WHERE pg_is_in_recovery()";
            // Only of one that runs is it known.
            let Some(from) = self.ask(&at, sql).await.ok().flatten() else {
                return Ok(());
            };
            if from == node.as_str() {
                let why = format!("`{upstream}` streams from `{node}`: `promote` it first");
                return Err(Wrong::Failed(why));
            }
            let Ok(next) = NodeName::new(&from) else {
                return Ok(());
            };
            at = next;
        }
        Ok(())
    }

    pub(super) async fn reclone(&self, step: &Step, follow: &Follow) -> Seen {
        self.no_circle(follow).await?;
        self.slot(follow).await?;
        let (node, upstream) = (&follow.node, &follow.upstream);
        if self.container(node).await?.state == ContainerState::Running {
            self.stop_one(node, StopMode::Immediate, self.patience(step))
                .await?;
        }
        let plan = &self.lab.plan;
        let user = &plan.replication_user.name;
        let work = Work {
            node,
            act: format!("taking a base backup of `{upstream}` for `{node}`"),
            script: RECLONE,
            arguments: command::base_backup(upstream, user, node, follow.slot.as_ref(), plan.tls),
            env: vec![format!(
                "AUTO_CONF={}",
                auto_conf(&self.standby_settings(follow))
            )],
            // A base backup takes longer than what a step waits for otherwise.
            within: self.patience(step).max(std::time::Duration::from_secs(60)),
        };
        self.work(work).await?;
        self.start(step, std::slice::from_ref(node)).await?;
        Ok(format!("begins again with a base backup of {upstream}"))
    }

    /// The tool makes a publication and a slot on the primary, for which it must be a superuser there.
    pub(super) async fn create_subscriber(&self, step: &Step, wanted: &CreateSubscriber) -> Seen {
        let (node, upstream) = (&wanted.node, &wanted.upstream);
        if self.container(node).await?.state == ContainerState::Running {
            let why = format!(
                "`{node}` runs: `pg_createsubscriber` works on a stopped standby, so `stop` it first"
            );
            return Err(Wrong::Failed(why));
        }
        let plan = &self.lab.plan;
        // The standby streams from there once more as that role, until it has all that it must begin with.
        let lines = [Database::All, Database::Replication].map(|database| HbaLine {
            kind: if plan.tls {
                ConnectionType::HostSsl
            } else {
                ConnectionType::Host
            },
            database,
            user: UserName::new(SUPERUSER).ok(),
            address: Address::Node(node.clone()),
            method: Method::Trust,
        });
        self.let_in(step, upstream, &lines).await?;
        let source = format!(
            "host={upstream} user={SUPERUSER} dbname={}{}",
            plan.database,
            command::tls_options(plan.tls)
        );
        let name = wanted
            .subscription
            .as_ref()
            .map_or(node.as_str(), |name| name.as_str());
        let work = Work {
            node,
            act: format!("making `{node}` a subscriber of `{upstream}`"),
            script: CREATE_SUBSCRIBER,
            arguments: vec![source, plan.database.to_string(), name.to_owned()],
            env: Vec::new(),
            within: self.patience(step).max(std::time::Duration::from_secs(60)),
        };
        self.work(work).await?;
        self.start(step, std::slice::from_ref(node)).await?;
        Ok(format!("subscribes to {upstream}, as {name}"))
    }

    /// Makes the slot on the upstream unless it is there.
    pub(super) async fn slot(&self, follow: &Follow) -> Seen<()> {
        if follow.node == follow.upstream {
            let why = format!("`{}` cannot stream from itself", follow.node);
            return Err(Wrong::Failed(why));
        }
        let Some(slot) = &follow.slot else {
            return Ok(());
        };
        let slot = literal(slot.as_str());
        let sql = format!(
            "SELECT pg_create_physical_replication_slot({slot}, true) \
             WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = {slot})"
        );
        self.ask(&follow.upstream, &sql).await.map(drop)
    }

    pub(super) fn standby_settings(&self, follow: &Follow) -> Vec<(&'static str, String)> {
        let plan = &self.lab.plan;
        let conninfo = command::primary_conninfo(
            &follow.upstream,
            &plan.replication_user.name,
            &self.application_name(&follow.node),
            plan.tls,
        );
        let slot = follow.slot.as_ref().map(ToString::to_string);
        vec![
            ("primary_conninfo", conninfo),
            ("primary_slot_name", slot.unwrap_or_default()),
        ]
    }

    /// What a node calls itself as a standby.
    pub(super) fn application_name(&self, node: &NodeName) -> String {
        match self.lab.plan.node(node).map(|planned| &planned.role) {
            Some(Role::Standby(standby)) => standby.application_name.to_string(),
            _ => node.to_string(),
        }
    }
}

/// The text of `postgresql.auto.conf` with these settings.
pub(super) fn auto_conf(settings: &[(&str, String)]) -> String {
    let lines = settings.iter();
    let lines: Vec<String> = lines
        .map(|(name, value)| format!("{name} = {}\n", conf::quoted(value)))
        .collect();
    lines.concat()
}
