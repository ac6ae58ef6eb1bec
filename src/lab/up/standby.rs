//! A standby, from its container to streaming, and its base backup.

use std::sync::Arc;

use crate::event::{Event, Phase};
use crate::lab::backup::Backup;
use crate::lab::console::Stage;
use crate::lab::error::LabError;
use crate::lab::node::Starting;
use crate::lab::{replicate, roles, settings};
use crate::name::NodeName;
use crate::plan::{PlannedNode, Standby};
use crate::server::client::Doing as _;
use crate::server::tablespaces;

use super::build::{Build, Live, Meeting};

impl Build {
    pub(super) async fn standby(
        &self,
        mut starting: Starting,
        planned: &PlannedNode,
        standby: &Standby,
        meeting: &Meeting,
    ) -> Result<(), LabError> {
        let (name, source) = (&planned.name, &standby.upstream);
        let upstream = self
            .back_up(&mut starting, planned, source, meeting)
            .await?;
        let said = match starting.backup {
            Backup::Shared { .. } => format!("shared base backup of {source} unpacked"),
            Backup::Own | Backup::Later | Backup::None => format!("base backup of {source} taken"),
        };
        self.clock.report(&Event::Node(name.clone(), said));
        let streaming = async {
            if standby.hot {
                let client = starting
                    .connect(self.plan.database.as_str(), self.within, &self.stop)
                    .await?;
                settings::check(&client, planned).await?;
                roles::create_slots(&client, planned).await?;
                meeting.live[name].send_replace(Some(Live {
                    client: Arc::new(client),
                    port: starting.port,
                }));
            }
            let (within, tail) = (self.within, || starting.tail());
            let upstream = &upstream.client;
            replicate::streaming(upstream, name, standby, within, &self.stop, tail).await
        };
        self.clock.time(Phase::Stream, streaming).await?;
        let said = format!("streams from {source}");
        self.clock.report(&Event::Node(name.clone(), said));
        Ok(())
    }

    /// Gives a node its files and a base backup of `source` once `source` is up. Returns `source`.
    pub(super) async fn back_up(
        &self,
        starting: &mut Starting,
        planned: &PlannedNode,
        source: &NodeName,
        meeting: &Meeting,
    ) -> Result<Live, LabError> {
        let upstream = self.upstream(source, &planned.name, meeting).await?;
        // The tars of a shared one lack tablespaces in place (PostgreSQL 15), and no program but `pg_basebackup` knows where
        // the others belong.
        let act = || format!("looking for tablespaces on `{source}`");
        let found = tablespaces::tablespaces(&upstream.client)
            .await
            .doing(act)?;
        if !found.is_empty() && matches!(starting.backup, Backup::Shared { .. }) {
            starting.backup = Backup::Own;
        }
        let _turn = meeting.turns[source].acquire().await;
        let act = format!("taking a base backup of `{source}` for `{}`", planned.name);
        let backup = async {
            self.configure(starting, planned, meeting).await?;
            starting.reached(Stage::BackedUp, &act, &self.stop).await
        };
        self.clock.time(Phase::BaseBackup, backup).await?;
        Ok(upstream)
    }
}
