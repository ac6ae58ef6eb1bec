//! A primary, from its container to its last row of data.

use std::sync::Arc;

use crate::event::{Event, Phase};
use crate::lab::console::Stage;
use crate::lab::error::LabError;
use crate::lab::node::Starting;
use crate::lab::populate;
use crate::lab::{publications, roles, settings};
use crate::name::NodeName;
use crate::plan::PlannedNode;
use crate::server::MAINTENANCE_DATABASE;
use crate::server::client::{Noticing, Reader};
use crate::text::count;

use super::build::{Build, Live, Meeting};

impl Build {
    /// Brings up a primary, from its container to its data.
    pub(super) async fn primary(
        &self,
        mut starting: Starting,
        planned: &PlannedNode,
        meeting: &Meeting,
    ) -> Result<(), LabError> {
        let client = match &planned.restored_from {
            Some(source) => {
                self.restored(&mut starting, planned, source, meeting)
                    .await?
            }
            None => self.empty(&mut starting, planned, meeting).await?,
        };
        // Nobody replicates from this node before it is live.
        roles::create_slots(&client, planned).await?;
        if !planned.publications.is_empty() {
            let user = self.as_user(&starting, planned).await?;
            publications::create(&client, &user, &self.plan, planned).await?;
        }
        let client = Arc::new(client);
        meeting.live[&planned.name].send_replace(Some(Live {
            client: Arc::clone(&client),
            port: starting.port,
        }));
        if planned.subscriptions.is_empty() {
            return Ok(());
        }
        self.clock
            .time(
                Phase::Subscribe,
                self.subscribe(&client, planned, &starting, meeting),
            )
            .await
    }

    /// Brings up a primary from an empty data directory to its last row of data.
    async fn empty(
        &self,
        starting: &mut Starting,
        planned: &PlannedNode,
        meeting: &Meeting,
    ) -> Result<Reader, LabError> {
        let act = format!("initialising the data directory of `{}`", planned.name);
        self.clock
            .time(Phase::Initialise, async {
                self.configure(starting, planned, meeting).await?;
                starting.reached(Stage::Initialised, &act, &self.stop).await
            })
            .await?;
        let client = self
            .clock
            .time(
                Phase::Primary,
                starting.connect(MAINTENANCE_DATABASE, self.within, &self.stop),
            )
            .await?;
        let client = self
            .clock
            .time(Phase::Roles, async {
                settings::check(&client, planned).await?;
                roles::create(&client, &self.plan, planned).await?;
                let client = starting
                    .connect(self.plan.database.as_str(), self.within, &self.stop)
                    .await?;
                roles::set_up(&client, planned).await?;
                Ok::<_, LabError>(client)
            })
            .await?;
        self.clock.report(&Event::Node(
            planned.name.clone(),
            "accepts connections".to_owned(),
        ));
        self.clock
            .time(Phase::Populate, self.populate(starting, planned))
            .await?;
        Ok(client)
    }

    /// Brings up a primary from a base backup of another. It begins with that node's roles, databases and rows. Without
    /// `standby.signal`, recovery ends where the backup did (manual: "Recovering Using a Continuous Archive Backup").
    async fn restored(
        &self,
        starting: &mut Starting,
        planned: &PlannedNode,
        source: &NodeName,
        meeting: &Meeting,
    ) -> Result<Reader, LabError> {
        self.back_up(starting, planned, source, meeting).await?;
        let database = self.plan.database.as_str();
        let connected = starting.connect(database, self.within, &self.stop);
        let client = self.clock.time(Phase::Primary, connected).await?;
        settings::check(&client, planned).await?;
        roles::set_up(&client, planned).await?;
        let said = format!("restored from a base backup of {source}");
        self.clock.report(&Event::Node(planned.name.clone(), said));
        Ok(client)
    }

    /// A connection for the scenario's own SQL. It sees the server's settings as `psql` would.
    async fn as_user(
        &self,
        starting: &Starting,
        planned: &PlannedNode,
    ) -> Result<Noticing, LabError> {
        let database = self.plan.database.as_str();
        let user = starting.connect_as_user(database).await?;
        roles::set_up_for_user(&user, planned).await?;
        Ok(user)
    }

    /// Loads the node's datasets.
    async fn populate(&self, starting: &Starting, planned: &PlannedNode) -> Result<(), LabError> {
        if planned.data.is_empty() {
            return Ok(());
        }
        let client = self.as_user(starting, planned).await?;
        for dataset in planned.data.iter().filter_map(super::dataset) {
            let loaded = tokio::select! {
                () = self.stop.cancelled() => return Err(LabError::Interrupted),
                loaded = populate::load(&client, &dataset) => loaded,
            };
            let loaded = match loaded {
                Err(error) if error.is_of_lost_connection() => {
                    return Err(starting.lost(error).await);
                }
                loaded => loaded?,
            };
            let rows: u64 = loaded.tables.iter().map(|(_, rows)| rows).sum();
            let tables = loaded.tables.len();
            let name = &dataset.name;
            let said = if dataset.files.is_empty() {
                format!("tables of dataset {name} made")
            } else {
                let (tables, rows) = (count(tables, "table"), count(rows, "row"));
                format!("dataset {name} loaded: {tables}, {rows}")
            };
            self.clock.report(&Event::Node(planned.name.clone(), said));
        }
        Ok(())
    }
}
