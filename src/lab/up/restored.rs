//! A primary that begins with another's base backup: it has the other's roles, databases and rows, and goes its own way.

use crate::event::{Event, Phase};
use crate::lab::console::Stage;
use crate::lab::error::LabError;
use crate::lab::node::Starting;
use crate::lab::{frame, roles, settings};
use crate::name::NodeName;
use crate::plan::PlannedNode;
use crate::server::client::Reader;
use crate::server::hba::Addresses;

use super::build::{Build, Meeting};

impl Build {
    /// Takes the base backup, starts the server on it, and connects to the lab's database. Without `standby.signal`
    /// recovery ends where the backup did (manual, 25.3.5).
    pub(super) async fn restored(
        &self,
        starting: &mut Starting,
        planned: &PlannedNode,
        source: &NodeName,
        meeting: &Meeting,
        known: &Addresses,
    ) -> Result<Reader, LabError> {
        let upstream = self.upstream(source, meeting).await?;
        let turn = meeting.turns[source].acquire().await;
        upstream
            .hba
            .catch_up(&upstream.client, &meeting.book, &self.stop)
            .await?;
        let identity = self.identity(&planned.name)?;
        let files = frame::of_node(&self.plan, planned, &starting.backup, known, identity);
        let act = format!("taking a base backup of `{source}` for `{}`", planned.name);
        self.clock
            .time(Phase::BaseBackup, async {
                starting.configure(&files).await?;
                starting.reached(Stage::BackedUp, &act, &self.stop).await
            })
            .await?;
        drop(turn);
        let client = self
            .clock
            .time(
                Phase::Primary,
                starting.connect(self.plan.database.as_str(), self.within, &self.stop),
            )
            .await?;
        settings::check(&client, planned).await?;
        roles::set_up(&client, planned).await?;
        self.clock.report(&Event::Node(
            planned.name.clone(),
            format!("restored from a base backup of {source}"),
        ));
        Ok(client)
    }
}
