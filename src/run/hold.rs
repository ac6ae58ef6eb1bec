//! A check that holds, or never does, while steps happen.
//!
//! It is looked at again and again. A look that gets no answer, from a frozen node or from one that takes too long, says
//! neither that it holds nor that it does not; but one at least must be answered.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::scene::Scene;
use super::walk::Ended;
use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::hold::Hold;
use crate::wait::Probe;

/// How often a held check was looked at.
#[derive(Debug, Default)]
struct Looks {
    answered: AtomicUsize,
    silent: AtomicUsize,
}

impl Looks {
    /// What they come to, where none of them saw anything wrong.
    fn verdict(&self, hold: &Hold) -> Tried {
        let (answered, silent) = (
            self.answered.load(Ordering::Relaxed),
            self.silent.load(Ordering::Relaxed),
        );
        if answered == 0 {
            return Err(Wrong::Unmet {
                expected: expected(hold),
                found: format!("nobody answered, asked {}", times(silent)),
            });
        }
        let how = if hold.never { "never held" } else { "held" };
        let unanswered = match silent {
            0 => String::new(),
            silent => format!(", and {} without an answer", times(silent)),
        };
        Ok(format!(
            "{how} all the time, looked at {}{unanswered}",
            times(answered)
        ))
    }
}

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

fn expected(hold: &Hold) -> String {
    format!("{}: {}", hold.how_often(), hold.check.describe())
}

impl Act for Hold {
    async fn act(&self, walk: &mut Walk<'_, '_>, step: &Step) -> Tried {
        let number = walk.number();
        let scene = walk.scene;
        let looks = Looks::default();
        let prefix = format!("{number}.");
        let ended = tokio::select! {
            wrong = scene.watch(step, self, &looks) => Err(wrong),
            ended = Box::pin(walk.steps(&self.during, &prefix, 0)) => Ok(ended),
        };
        let at = walk.number();
        match ended {
            Ok(Ended::Well) => {
                // The steps may have been faster than the first look.
                if looks.answered.load(Ordering::Relaxed) == 0
                    && let Some(wrong) = scene.look_once(step, self, &looks).await
                {
                    return Err(wrong);
                }
                looks.verdict(self)
            }
            Ok(Ended::Failed) => Err(Wrong::failed(format!("step {at}, during it, failed"))),
            Ok(Ended::Interrupted) => Err(Wrong::Interrupted),
            Err(Wrong::Unmet { expected, found }) if at != number => Err(Wrong::Unmet {
                expected,
                found: format!("{found}\nwhile step {at} happened"),
            }),
            Err(Wrong::Failed(why)) if at != number => {
                Err(Wrong::failed(format!("{why}\nwhile step {at} happened")))
            }
            Err(wrong) => Err(wrong),
        }
    }
}

impl Scene<'_> {
    /// Looks at a check again and again, until it is not as it should be.
    async fn watch(&self, step: &Step, hold: &Hold, looks: &Looks) -> Wrong {
        loop {
            if let Some(wrong) = self.look_once(step, hold, looks).await {
                return wrong;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// One look, no longer than a check may wait, and what it saw that should not be.
    async fn look_once(&self, step: &Step, hold: &Hold, looks: &Looks) -> Option<Wrong> {
        let looking = tokio::time::timeout(self.patience(step), self.look(step, &hold.check));
        let found = match looking.await {
            Ok(Ok(Probe::Ready(seen))) => hold.never.then_some(seen),
            Ok(Ok(Probe::NotYet(seen))) => (!hold.never).then_some(seen),
            Err(_) | Ok(Err(Wrong::Frozen(_))) => {
                looks.silent.fetch_add(1, Ordering::Relaxed);
                return None;
            }
            Ok(Err(wrong)) => return Some(wrong),
        };
        looks.answered.fetch_add(1, Ordering::Relaxed);
        let expected = expected(hold);
        found.map(|found| Wrong::Unmet { expected, found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::OneOrMany;
    use crate::action::check::caught_up::CaughtUp;
    use crate::name::NodeName;

    fn verdict(answered: usize, silent: usize) -> Tried {
        let node = NodeName::new("replica").expect("a name");
        let hold = Hold {
            check: CaughtUp(OneOrMany(vec![node])).into(),
            never: false,
            during: Vec::new(),
        };
        let looks = Looks {
            answered: answered.into(),
            silent: silent.into(),
        };
        looks.verdict(&hold)
    }

    #[test]
    fn a_look_without_an_answer_says_nothing_but_one_must_be_answered() {
        let held = |answered, silent| verdict(answered, silent).expect("it held");
        assert_eq!(held(7, 0), "held all the time, looked at 7 times");
        assert_eq!(
            held(1, 2),
            "held all the time, looked at once, and 2 times without an answer"
        );
        let Err(Wrong::Unmet { expected, found }) = verdict(0, 3) else {
            panic!("nobody answered");
        };
        assert_eq!(expected, "always: replica has caught up");
        assert_eq!(found, "nobody answered, asked 3 times");
    }
}
