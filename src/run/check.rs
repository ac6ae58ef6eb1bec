//! Checks carried out: each has a file here, named as its declaration in [`crate::action::check`].

mod tables;

use super::scene::Scene;
use super::{Act, Tried, Walk, Wrong};
use crate::action::check::{Check, checks};
use crate::action::{Declare, Step};
use crate::wait::Probe;

/// A check that can be carried out.
pub(super) trait Look: Declare {
    /// One look.
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>>;

    /// Waits until it holds.
    async fn holds(&self, scene: &Scene<'_>, step: &Step) -> Tried {
        let (within, expected) = (scene.patience(step), || self.describe());
        scene
            .wait(within, expected, || self.look(scene, step))
            .await
    }
}

/// The checks' files, and the way to the one of a step.
macro_rules! look {
    ($($file:ident $Type:ident,)*) => {
        $(mod $file;)*

        impl Scene<'_> {
            /// One look at a check.
            pub(super) async fn look(&self, step: &Step, check: &Check) -> Tried<Probe<String>> {
                match check {
                    $(Check::$Type(it) => it.look(self, step).await,)*
                }
            }

            /// Waits until a check holds.
            async fn holds(&self, step: &Step, check: &Check) -> Tried {
                match check {
                    $(Check::$Type(it) => it.holds(self, step).await,)*
                }
            }
        }
    };
}
checks!(look);

impl Act for Check {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        walk.scene.holds(step, self).await
    }
}

/// Observations of several conditions that all must hold.
#[derive(Debug, Default)]
struct AllOf {
    good: Vec<String>,
    bad: Vec<String>,
}

impl AllOf {
    fn add(&mut self, holds: bool, said: String) {
        if holds { &mut self.good } else { &mut self.bad }.push(said);
    }

    /// The observations: all of them if all hold, else those that do not.
    fn probe(self) -> Probe<String> {
        if self.bad.is_empty() {
            Probe::Ready(self.good.join(", "))
        } else {
            Probe::NotYet(self.bad.join(", "))
        }
    }
}

/// A look that got no answer: a server that is down does not meet the condition.
fn failed(why: impl Into<String>) -> Wrong {
    Wrong::failed(why.into())
}
