//! Servers that end, also in the middle of something, as steps see it.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::binary;
use crate::lab::{self, Lab};
use crate::runs::{AS_IT_IS, own};

pub fn trials() -> Vec<Trial> {
    vec![
        lab::trial(
            "ends::a_statement_that_loses_its_server_ends_with_an_error",
            "es",
            |lab| passes(lab, "ended"),
        ),
        lab::trial(
            "ends::a_recovery_that_does_not_reach_its_target",
            "er",
            |lab| passes(lab, "unreached"),
        ),
    ]
}

async fn passes(lab: Lab, file: &str) {
    let own = own(file, &lab, AS_IT_IS);
    let ran = binary::lab(&["run", &own.path, "--output=json"]).await;
    let document = ran.document(0);
    assert_eq!(document["passed"], Value::Bool(true), "{document:#}");
}
