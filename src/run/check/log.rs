//! `log`: words in a server's log.

use super::Look;
use crate::action::Step;
use crate::action::check::log::Log;
use crate::name::StepName;
use crate::run::scene::Scene;
use crate::run::{Tried, target};
use crate::wait::Probe;

impl Look for Log {
    async fn look(&self, scene: &Scene<'_>, step: &Step) -> Tried<Probe<String>> {
        let (node, _) = target(step)?;
        let since = self.since.as_ref().map_or("", StepName::as_str);
        let before = {
            let marks = scene.marks.lock().await;
            let mark = marks.get(since);
            mark.and_then(|mark| mark.get(node))
                .cloned()
                .unwrap_or_default()
        };
        let new = scene.lines(node).await?.since(&before);
        let find = |words: &String| new.iter().find(|line| line.contains(words));
        if let Some(line) = self.lacks.as_ref().and_then(find) {
            return Ok(Probe::NotYet(format!("it has: {line}")));
        }
        let Some(has) = &self.has else {
            return Ok(Probe::Ready(format!(
                "none of {} new lines contains it",
                new.len()
            )));
        };
        Ok(match find(has) {
            Some(line) => {
                *scene.given.lock().await = Some(line.clone());
                Probe::Ready(line.clone())
            }
            None => Probe::NotYet(match new.last() {
                Some(last) => format!(
                    "none of {} new lines contains it; the last is: {last}",
                    new.len()
                ),
                None => "the server has logged nothing since".to_owned(),
            }),
        })
    }
}
