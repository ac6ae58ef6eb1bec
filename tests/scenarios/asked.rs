//! Ports and a subnet that a scenario asks for: it has them, also after a restart, and no second lab takes them.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::binary;
use crate::lab::{Lab, trial};
use crate::runs::{AS_IT_IS, own, says};

pub fn trials() -> Vec<Trial> {
    vec![trial(
        "asked::a_lab_has_the_ports_and_the_subnet_that_it_asks_for",
        "ask",
        asked,
    )]
}

async fn asked(lab: Lab) {
    let own = own("asked", &lab, AS_IT_IS);
    // A port that somebody has, of whatever program.
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    let taken = format!("replica={port}");
    let up = ["up", &own.path, "--name", &lab.name];
    let refused = binary::lab(&[&up[..], &["--port", &taken]].concat()).await;
    assert_eq!(refused.code, Some(3), "{refused:?}");
    says(
        &refused.stderr,
        &[&format!(
            "the port {port} of `replica` is taken by another program"
        )],
    );
    assert_eq!(lab.left().await, <[String; 0]>::default());
    drop(listener);

    lab.up(&own.path, &["--port", &taken]).await;
    let found = || async {
        // A standby may still be coming back.
        let status = lab.run("status", &[]).await.stdout;
        let status: Value = serde_json::from_str(&status).expect("JSON");
        let ports = [0, 1].map(|node| status["nodes"][node]["port"].as_u64());
        assert_eq!(ports, [Some(25544), Some(u64::from(port))], "{status:#}");
    };
    found().await;
    let restarted = lab.run("restart", &["primary"]).await;
    assert_eq!(restarted.code, Some(0), "{restarted:?}");
    found().await;

    let other = format!("{}-other", lab.name);
    for (changes, told) in [
        (
            ["--set", "network={}"],
            format!(
                "the port 25544 of `primary` is taken by `primary` of the lab `{}`",
                lab.name
            ),
        ),
        (
            ["--port", "primary=25545"],
            format!(
                "the subnet 10.214.77.0/28 overlaps with the lab `{}`",
                lab.name
            ),
        ),
    ] {
        let arguments = [&["up", own.path.as_str(), "--name", &other][..], &changes].concat();
        let refused = binary::lab(&arguments).await;
        assert_eq!(refused.code, Some(3), "{refused:?}");
        says(&refused.stderr, &[&told]);
    }
}
