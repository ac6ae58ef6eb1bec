//! The passwords in a lab's steps. They are not in its label; a file in each node has them.

use std::borrow::Cow;

use crate::engine::EngineErrorKind;
use crate::plan::Plan;
use crate::server::command::PASSWORDS;

use super::{Lab, LabError};

impl Lab {
    /// The plan with its passwords, which the plan in the lab's label lacks. Steps need them.
    ///
    /// # Errors
    /// [`LabError::HalfMade`] when no container has them any more, or the engine's error.
    pub async fn whole_plan(&self) -> Result<Cow<'_, Plan>, LabError> {
        if !self.plan.lacks_passwords() {
            return Ok(Cow::Borrowed(&self.plan));
        }
        let passwords = self.passwords().await?;
        let whole = passwords.and_then(|known| self.plan.with_passwords(&known));
        let whole = whole.ok_or_else(|| LabError::HalfMade {
            lab: self.plan.lab.clone(),
            missing: "the passwords and SQL files of its steps are gone with its containers"
                .to_owned(),
        })?;
        Ok(Cow::Owned(whole))
    }

    /// The passwords, from the first container that has them. It may be stopped or frozen.
    async fn passwords(&self) -> Result<Option<Vec<String>>, LabError> {
        for container in self.containers.iter().flatten() {
            match self.engine.read_file(&container.id, PASSWORDS).await {
                Ok(json) => return Ok(serde_json::from_slice(&json).ok()),
                Err(error) if error.kind == EngineErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }
}
