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
        let known = self.known_plan().await?;
        known.ok_or_else(|| {
            self.without("the passwords and SQL files of its steps are gone with its containers")
        })
    }

    /// The same; `None` when no container has the passwords any more.
    ///
    /// # Errors
    /// [`LabError::HalfMade`] when a container has them and they cannot be understood, or the engine's error.
    pub async fn known_plan(&self) -> Result<Option<Cow<'_, Plan>>, LabError> {
        if !self.plan.lacks_passwords() {
            return Ok(Some(Cow::Borrowed(&self.plan)));
        }
        let Some(json) = self.passwords().await? else {
            return Ok(None);
        };
        let known = serde_json::from_slice::<Vec<String>>(&json).ok();
        let whole = known.and_then(|known| self.plan.with_passwords(&known));
        let whole = whole.ok_or_else(|| {
            self.without("the file with the passwords of its steps cannot be understood")
        })?;
        Ok(Some(Cow::Owned(whole)))
    }

    fn without(&self, missing: &str) -> LabError {
        LabError::HalfMade {
            lab: self.plan.lab.clone(),
            missing: missing.to_owned(),
        }
    }

    /// The file with the passwords, from the first container that has it. It may be stopped or frozen.
    async fn passwords(&self) -> Result<Option<Vec<u8>>, LabError> {
        for container in self.containers.iter().flatten() {
            match self.engine.read_file(&container.id, PASSWORDS).await {
                Ok(json) => return Ok(Some(json)),
                Err(error) if error.kind == EngineErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }
}
