//! A node that starts later, from its container to its files.

use crate::event::Event;
use crate::lab::error::LabError;
use crate::lab::frame;
use crate::lab::node::Starting;
use crate::plan::PlannedNode;

use super::build::{Build, Meeting};

impl Build {
    /// Gives a node its files. Its container ends then, and its next start is the node's first.
    pub(super) async fn later(
        &self,
        mut starting: Starting,
        planned: &PlannedNode,
        meeting: &Meeting,
    ) -> Result<(), LabError> {
        // They are not written again: it may be long until there is a server to do so.
        tokio::select! {
            () = self.stop.cancelled() => return Err(LabError::Interrupted),
            () = meeting.book.all_of(&self.plan) => {}
        }
        let identity = self.identity(&planned.name)?;
        let known = meeting.book.now();
        let files = frame::of_node(&self.plan, planned, &starting.backup, &known, identity);
        starting.configure(&files).await?;
        let act = format!("giving `{}` its files", planned.name);
        starting.done(act, self.within, &self.stop).await?;
        self.clock.report(&Event::Node(
            planned.name.clone(),
            "starts later".to_owned(),
        ));
        Ok(())
    }
}
