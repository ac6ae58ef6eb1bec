//! A check that holds, or never does, while steps happen.
//!
//! The check is looked at repeatedly. A look without an answer, from a frozen or a slow node, proves nothing. At least one
//! look must get an answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::scene::Scene;
use super::walk::Ended;
use super::{Act, Tried, Walk, Wrong};
use crate::action::Step;
use crate::action::hold::Hold;
use crate::wait::Probe;

/// The number of looks at a held check.
#[derive(Debug, Default)]
struct Looks {
    answered: AtomicUsize,
    silent: AtomicUsize,
}

impl Looks {
    /// The verdict when no look saw the check broken.
    fn verdict(&self, hold: &Hold) -> Tried {
        let (answered, silent) = (
            self.answered.load(Ordering::Relaxed),
            self.silent.load(Ordering::Relaxed),
        );
        if answered == 0 {
            return Err(Wrong::Unmet {
                expected: expected(hold),
                found: format!("no look got an answer, looked at {}", times(silent)),
            });
        }
        let how = if hold.never {
            "never held"
        } else {
            "always held"
        };
        let unanswered = match silent {
            0 => String::new(),
            silent => format!(", {} without an answer", times(silent)),
        };
        Ok(format!("{how}, looked at {}{unanswered}", times(answered)))
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
                // The steps may have ended before the first look.
                if looks.answered.load(Ordering::Relaxed) == 0
                    && let Some(wrong) = scene.look_once(step, self, &looks).await
                {
                    return Err(wrong);
                }
                looks.verdict(self)
            }
            Ok(Ended::Failed) => Err(Wrong::failed(format!("step {at} failed meanwhile"))),
            Ok(Ended::Interrupted) => Err(Wrong::Interrupted),
            Err(Wrong::Unmet { expected, found }) if at != number => Err(Wrong::Unmet {
                expected,
                found: format!("{found}\nduring step {at}"),
            }),
            Err(wrong) if at != number => Err(wrong.and_line(&format!("during step {at}"))),
            Err(wrong) => Err(wrong),
        }
    }
}

impl Scene<'_> {
    /// Looks at a check repeatedly until it is violated.
    async fn watch(&self, step: &Step, hold: &Hold, looks: &Looks) -> Wrong {
        loop {
            if let Some(wrong) = self.look_once(step, hold, looks).await {
                return wrong;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// One look, with the time limit of a check. Returns the violation that it saw.
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
            check: CaughtUp {
                node: OneOrMany(vec![node]),
                subscription: None,
                database: None,
            }
            .into(),
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
        assert_eq!(held(7, 0), "always held, looked at 7 times");
        assert_eq!(
            held(1, 2),
            "always held, looked at once, 2 times without an answer"
        );
        let Err(Wrong::Unmet { expected, found }) = verdict(0, 3) else {
            panic!("no look got an answer");
        };
        assert_eq!(expected, "always: replica has caught up");
        assert_eq!(found, "no look got an answer, looked at 3 times");
    }
}
