//! A standby, from its container to streaming.

use std::sync::Arc;

use crate::event::{Event, Phase};
use crate::lab::backup::Backup;
use crate::lab::console::Stage;
use crate::lab::discover::HbaFile;
use crate::lab::error::LabError;
use crate::lab::node::Starting;
use crate::lab::{frame, replicate, roles, settings};
use crate::plan::{PlannedNode, Standby};

use super::build::{Build, Live, Meeting};

impl Build {
    pub(super) async fn standby(
        &self,
        mut starting: Starting,
        planned: &PlannedNode,
        standby: &Standby,
        meeting: &Meeting,
    ) -> Result<(), LabError> {
        let name = &planned.name;
        let upstream = self.upstream(&standby.upstream, meeting).await?;
        let turn = meeting.turns[&standby.upstream].acquire().await;
        upstream
            .hba
            .catch_up(&upstream.client, &meeting.book, &self.stop)
            .await?;
        if !standby.hot {
            // Its files cannot be written again through a connection.
            tokio::select! {
                () = self.stop.cancelled() => return Err(LabError::Interrupted),
                () = meeting.book.all_of(&self.plan) => {}
            }
        }
        let known = meeting.book.now();
        let identity = self.identity(name)?;
        let files = frame::of_node(&self.plan, planned, &starting.backup, &known, identity);
        let act = format!(
            "taking a base backup of `{}` for `{name}`",
            standby.upstream
        );
        self.clock
            .time(Phase::BaseBackup, async {
                starting.configure(&files).await?;
                starting.reached(Stage::BackedUp, &act, &self.stop).await
            })
            .await?;
        drop(turn);
        self.clock.report(&Event::Node(
            name.clone(),
            match starting.backup {
                Backup::Shared { .. } => {
                    format!("shared base backup of {} unpacked", standby.upstream)
                }
                Backup::Own | Backup::Later | Backup::None => {
                    format!("base backup of {} taken", standby.upstream)
                }
            },
        ));
        self.clock
            .time(Phase::Stream, async {
                if standby.hot {
                    let client = starting
                        .connect(self.plan.database.as_str(), self.within, &self.stop)
                        .await?;
                    settings::check(&client, planned).await?;
                    roles::create_slots(&client, planned).await?;
                    meeting.live[name].send_replace(Some(Live {
                        client: Arc::new(client),
                        hba: Arc::new(HbaFile::new(planned, starting.port, known)),
                    }));
                }
                let tail = || starting.tail();
                replicate::streaming(
                    &upstream.client,
                    name,
                    standby,
                    self.within,
                    &self.stop,
                    tail,
                )
                .await
            })
            .await?;
        self.clock.report(&Event::Node(
            name.clone(),
            format!("streams from {}", standby.upstream),
        ));
        Ok(())
    }
}
