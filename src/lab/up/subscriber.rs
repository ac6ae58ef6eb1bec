//! A node's subscriptions, from their creation until the last table is copied.

use std::time::{Duration, SystemTime};

use crate::event::Event;
use crate::lab::Lab;
use crate::lab::error::{LabError, Late};
use crate::lab::node::Starting;
use crate::lab::reasons::Suspect;
use crate::plan::{PlannedNode, PlannedSubscription};
use crate::server::client::{Doing as _, Reader};
use crate::server::trouble::{self, Trouble};
use crate::server::{in_force, slots, subscriptions};
use crate::text::duration;
use crate::wait::{Probe, WaitError, wait_for};

use super::build::{Build, Live, Meeting};

impl Build {
    /// Creates the subscriptions of a node and waits until all tables are copied.
    pub(super) async fn subscribe(
        &self,
        client: &Reader,
        planned: &PlannedNode,
        starting: &Starting,
        meeting: &Meeting,
    ) -> Result<(), LabError> {
        for subscription in &planned.subscriptions {
            let upstream = self
                .upstream(&subscription.upstream, &planned.name, meeting)
                .await?;
            let act = || {
                let (name, node) = (&subscription.name, &planned.name);
                format!("creating the subscription `{name}` on `{node}`")
            };
            let created = async {
                let _turn = if self.subscribes_itself(subscription) {
                    Some(meeting.subscribing.lock().await)
                } else {
                    None
                };
                if !subscription.create_slot {
                    slots::create_logical(&upstream.client, subscription.slot.as_str())
                        .await
                        .doing(act)?;
                }
                client.batch_execute(&subscription.create).await.doing(act)
            };
            let late = || LabError::Late {
                act: act(),
                seen: Late(format!(
                    "`{}` has not made the slot after {}",
                    subscription.upstream,
                    duration(self.within)
                )),
                log: starting.tail(),
            };
            tokio::select! {
                () = self.stop.cancelled() => return Err(LabError::Interrupted),
                created = tokio::time::timeout(self.within, created) => created.map_err(|_| late())??,
                never = self.log_snapshots(subscription, meeting) => match never {},
            }
        }
        for subscription in &planned.subscriptions {
            tokio::select! {
                copied = self.copied(client, planned, subscription, starting, meeting) => copied?,
                // Each table copy creates a slot of its own.
                never = self.log_snapshots(subscription, meeting) => match never {},
            }
            let (upstream, name) = (&subscription.upstream, &subscription.name);
            self.clock.report(&Event::Node(
                planned.name.clone(),
                format!("subscribes to {upstream} ({name})"),
            ));
        }
        Ok(())
    }

    /// Whether the server behind a subscription's publisher subscribes to others. A slot is made once every transaction of its
    /// server has ended, and `CREATE SUBSCRIPTION` is one that waits for a slot: two that cross would wait for each other.
    fn subscribes_itself(&self, subscription: &PlannedSubscription) -> bool {
        let primary = self.plan.primary_of(&subscription.upstream);
        let publisher = self.plan.node(primary);
        publisher.is_some_and(|node| !node.subscriptions.is_empty())
    }

    /// Creates a slot on a standby. That waits until the primary has logged its running transactions: on request (manual,
    /// "Replication Slots" of "Logical Decoding Concepts"), or else after 15 seconds.
    async fn log_snapshots(
        &self,
        subscription: &PlannedSubscription,
        meeting: &Meeting,
    ) -> std::convert::Infallible {
        let primary = self.plan.primary_of(&subscription.upstream);
        let live: Option<Live> = meeting.live[primary].borrow().clone();
        let live = live.filter(|_| *primary != subscription.upstream);
        let Some(live) = live else {
            return std::future::pending().await;
        };
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        loop {
            ticks.tick().await;
            if let Err(error) = slots::log_standby_snapshot(&live.client).await {
                tracing::debug!(%error, "logging a snapshot for a standby's slot");
            }
        }
    }

    /// Waits until every table of a subscription is copied and ready.
    async fn copied(
        &self,
        client: &Reader,
        planned: &PlannedNode,
        subscription: &PlannedSubscription,
        starting: &Starting,
        meeting: &Meeting,
    ) -> Result<(), LabError> {
        let publisher = self
            .upstream(&subscription.upstream, &planned.name, meeting)
            .await?
            .client;
        let act = || {
            let (name, node) = (&subscription.name, &planned.name);
            format!("waiting for the tables of the subscription `{name}` on `{node}`")
        };
        let name = subscription.name.as_str();
        let prefix = in_force::setting(client, "log_line_prefix").await;
        let prefix = prefix.doing(act)?.unwrap_or_default();
        let waited = wait_for(self.within, &self.stop, || async {
            if publisher.is_closed() {
                let gone = &subscription.upstream;
                return Err(LabError::Late {
                    act: act(),
                    seen: Late(format!("their publisher `{gone}` no longer answers")),
                    log: starting.tail(),
                });
            }
            let found = subscriptions::subscriptions(client).await.doing(act)?;
            let unready = subscriptions::named(&found, name).into_iter();
            let unready = unready.flat_map(subscriptions::Subscription::unready);
            let waiting: Vec<String> = unready
                .map(|table| format!("{} is {}", table.name, table.state.meaning()))
                .collect();
            if waiting.is_empty() {
                return Ok(Probe::Ready(()));
            }
            let log = starting.entries(&prefix).await;
            if let Some(trouble) = trouble::last(&log, name, SystemTime::now())
                && !trouble.may_pass()
            {
                return Err(LabError::Subscription {
                    act: act(),
                    subscription: name.to_owned(),
                    node: planned.name.clone(),
                    trouble: Box::new(trouble),
                });
            }
            Ok(Probe::NotYet(waiting.join(", ")))
        });
        match waited.await {
            Ok(()) => Ok(()),
            Err(WaitError::Interrupted) => Err(LabError::Interrupted),
            Err(WaitError::Failed(error)) => Err(error),
            Err(error) => Err(
                match self.why_stalled(client, planned, subscription).await {
                    Some(trouble) => LabError::Subscription {
                        act: act(),
                        subscription: name.to_owned(),
                        node: planned.name.clone(),
                        trouble: Box::new(trouble),
                    },
                    None => LabError::Late {
                        act: act(),
                        seen: Late(error.to_string()),
                        log: starting.tail(),
                    },
                },
            ),
        }
    }

    /// Why the tables of a subscription are not copied in time, from the logs of both ends.
    async fn why_stalled(
        &self,
        client: &Reader,
        planned: &PlannedNode,
        subscription: &PlannedSubscription,
    ) -> Option<Trouble> {
        /// A server that hangs says nothing.
        const LIMIT: Duration = Duration::from_secs(5);
        let asked = async {
            let lab = Lab::find(self.engine.clone(), &self.plan.lab).await.ok()?;
            let all = subscriptions::subscriptions(client).await.ok()?;
            let name = subscription.name.as_str();
            let suspect = Suspect {
                node: &planned.name,
                name,
                publishers: vec![subscription.upstream.as_str()],
                slot: Some(subscription.slot.as_str()),
                oid: Some(subscriptions::named(&all, name)?.oid),
            };
            lab.trouble(&suspect).await
        };
        tokio::time::timeout(LIMIT, asked).await.ok()?
    }
}
