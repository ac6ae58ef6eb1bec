//! Servers that end, also in the middle of something, and come back, as steps see it.

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
            |lab| async { drop(passes(lab, "ended").await) },
        ),
        lab::trial(
            "ends::a_recovery_that_does_not_reach_its_target",
            "er",
            |lab| async { drop(passes(lab, "unreached").await) },
        ),
        lab::trial(
            "ends::each_node_of_a_list_stops_and_comes_back",
            "ee",
            |lab| async {
                drop(passes(lab, "each").await);
            },
        ),
        lab::trial("ends::a_step_ends_within_a_transaction", "eo", open),
        lab::trial("ends::a_node_is_down_or_frozen", "ea", |lab| async {
            drop(passes(lab, "away").await);
        }),
        lab::trial(
            "ends::a_standby_is_rewound_to_another_standby",
            "ew",
            rewound,
        ),
    ]
}

async fn rewound(lab: Lab) {
    let document = passes(lab, "rewound").await;
    let steps = document["steps"].as_array().expect("steps");
    let rewind = steps.iter().find(|step| step["name"] == "rewind");
    let seen = rewind.expect("the rewind")["seen"].as_str();
    let seen = seen.expect("what was seen");
    assert!(seen.starts_with("servers diverged at "), "{seen}");
    assert!(seen.ends_with("; follows replica"), "{seen}");
}

async fn open(lab: Lab) {
    let own = own("open", &lab, AS_IT_IS);
    let ran = binary::lab(&["run", &own.path, "--output=json"]).await;
    let document = ran.document(1);
    let steps = document["steps"].as_array().expect("steps");
    let failed = steps.iter().find(|step| step["passed"] == false);
    let failed = failed.expect("a failed step");
    assert_eq!(failed["number"], "5", "{document:#}");
    let seen = failed["seen"].as_str().expect("what was seen");
    assert!(seen.contains("ended within a transaction"), "{seen}");
    let hint = failed["hint"].as_str().expect("a hint");
    assert!(
        hint.contains("COMMIT") && hint.contains("session"),
        "{hint}"
    );
}

async fn passes(lab: Lab, file: &str) -> Value {
    let own = own(file, &lab, AS_IT_IS);
    let ran = binary::lab(&["run", &own.path, "--output=json"]).await;
    let document = ran.document(0);
    assert_eq!(document["passed"], Value::Bool(true), "{document:#}");
    document
}
