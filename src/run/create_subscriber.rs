//! `create_subscriber`: a standby that becomes a subscriber.

use std::time::Duration;

use super::work::Work;
use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::create_subscriber::CreateSubscriber;
use crate::engine::ContainerState;
use crate::hba::{Address, ConnectionType, Database, HbaLine, Method};
use crate::name::UserName;
use crate::server::{SUPERUSER, command};

const CREATE_SUBSCRIBER: &str = include_str!("../../images/node/create_subscriber.sh");

impl Act for CreateSubscriber {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let scene = walk.scene;
        let (node, upstream) = (&self.node, &self.upstream);
        if scene.container(node).await?.state == ContainerState::Running {
            let why = format!(
                "`{node}` is running: `pg_createsubscriber` needs a stopped standby, so `stop` it first"
            );
            return Err(Wrong::failed(why));
        }
        let plan = &scene.lab.plan;
        // The standby streams from the upstream once more as that role, until it has reached its start position.
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
        scene.let_in(step, upstream, &lines).await?;
        let source = format!(
            "host={upstream} user={SUPERUSER} dbname={}{}",
            plan.database,
            command::tls_options(plan.tls)
        );
        let name = self
            .subscription
            .as_ref()
            .map_or(node.as_str(), |name| name.as_str());
        let work = Work {
            node,
            act: format!("making `{node}` a subscriber of `{upstream}`"),
            script: CREATE_SUBSCRIBER,
            arguments: vec![source, plan.database.to_string(), name.to_owned()],
            auto_conf: None,
            within: scene.patience(step).max(Duration::from_secs(60)),
        };
        scene.work(work).await?;
        scene.start(step, std::slice::from_ref(node)).await?;
        Ok(format!("subscribes to {upstream}, as {name}"))
    }
}
