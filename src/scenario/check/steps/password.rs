//! The password of a step: for whom, and where the server asks for one.

use super::{Finding, Reading};
use crate::action::Step;
use crate::scenario::HostAuth;

/// The role whose password `lab` makes and knows.
const SUPERUSER: &str = "postgres";

impl Reading<'_> {
    pub(super) fn password(&mut self, step: &Step, at: &str) {
        let user = step.user.as_ref();
        let other = user.filter(|user| user.as_str() != SUPERUSER);
        match (&step.password, other) {
            (Some(_), None) => {
                let message = "this `password` is for nobody".to_owned();
                let help =
                    "name the role with `user`; `lab` itself knows the superuser's".to_owned();
                let path = format!("{at}.password");
                self.found.push(Finding::key(path, message, help));
            }
            (None, Some(user)) if self.scenario.host_auth == HostAuth::Password => {
                let message = format!("the server will ask for the password of `{user}`");
                let help = "give the step its `password`: with `host_auth: password` no role gets in without one".to_owned();
                let path = format!("{at}.user");
                self.found.push(Finding::value(path, message, help));
            }
            _ => {}
        }
    }
}
