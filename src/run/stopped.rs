//! Support for tests: a lab on the in-memory engine whose containers exist and are not running.

use crate::engine::fake::Fake;
use crate::engine::{ContainerSpec, Labels, Limits};
use crate::lab::{Lab, labels};
use crate::plan::Plan;
use crate::scenario::load::{Overrides, Source, load};

/// The lab `a` of these nodes, written as the inside of a mapping.
pub(super) async fn lab(nodes: &str) -> Lab {
    let text = format!("name: a\nnodes: {{ {nodes} }}\n");
    let source = Source::new("a.yaml", text.as_bytes(), None).expect("text");
    let loaded = load(&source, &Overrides::default()).expect("a scenario");
    let engine = Fake::new();
    engine.add_image("postgres:17");
    let plan = Plan::resolve(&loaded.scenario, &loaded.sql, None);
    let claim = labels::Claim {
        lab: plan.lab.clone(),
        word: "5d0da3dc97641f07".to_owned(),
    };
    for node in &plan.nodes {
        let name = labels::node_object(&plan.lab, &node.name);
        container(&engine, &name, labels::of_node(&claim, &node.name)).await;
    }
    Lab {
        engine: engine.engine(),
        claim,
        plan,
        containers: Vec::new(),
        service_containers: Vec::new(),
        is_complete: true,
        entry: crate::lab::passfile::Entry::Trusted,
        made_by: None,
    }
}

/// Creates a container.
pub(super) async fn container(fake: &Fake, name: &str, labels: Labels) {
    let spec = ContainerSpec {
        name: name.to_owned(),
        hostname: name.to_owned(),
        image: "postgres:17".to_owned(),
        user: "postgres".to_owned(),
        command: Vec::new(),
        env: Vec::new(),
        network: None,
        address: None,
        publish: None,
        mounts: Vec::new(),
        limits: Limits::default(),
        shm_bytes: 0,
        labels,
        stdin: false,
        power: None,
    };
    fake.engine()
        .create_container(&spec)
        .await
        .expect("a container");
}
