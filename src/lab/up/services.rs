//! A service, from its container to its first answer.

use std::net::Ipv4Addr;

use futures_util::future::try_join_all;

use crate::event::{Event, Phase};
use crate::lab::error::LabError;
use crate::lab::service::{self, Started};
use crate::plan::PlannedService;

use super::build::{Build, Meeting};

impl Build {
    /// Starts a service's container, after the primaries', so that whoever waits for data waits no longer.
    pub(super) async fn service(
        &self,
        planned: &PlannedService,
        address: Option<Ipv4Addr>,
        meeting: &Meeting,
    ) -> Result<Started, LabError> {
        self.primaries_first(meeting).await?;
        let _turn = meeting.starts.acquire().await;
        self.go_on()?;
        let found = &self.images[&super::image_of(planned.name)];
        let started = service::start(&self.engine, &self.plan, planned, found, address).await?;
        meeting.book.found(planned.name.host(), started.address);
        Ok(started)
    }

    /// Waits until every service answers.
    pub(super) async fn answering(&self, services: &[Started]) -> Result<(), LabError> {
        if services.is_empty() {
            return Ok(());
        }
        let each = services.iter().map(|started| async move {
            let url = service::answers(&self.engine, started, self.within, &self.stop).await?;
            let said = format!("answers at {url}");
            self.clock.report(&Event::Node(started.name.host(), said));
            Ok(())
        });
        let all = async { try_join_all(each).await.map(drop) };
        self.clock.time(Phase::Services, all).await
    }
}
