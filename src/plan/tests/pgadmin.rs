//! pgAdmin in a plan, and plans without services.

use super::*;

#[test]
fn pgadmin_knows_every_node_and_every_node_lets_it_in() {
    let plan = plan(
        "\
name: a
nodes:
  primary: {}
  replica: { standby_of: primary }
services: { pgadmin: { port: 5050 } }
",
    );
    let service = &plan.services[0];
    assert_eq!(
        service.to_string(),
        format!("pgAdmin {}", services::PGADMIN_VERSION)
    );
    assert_eq!(service.port, Some(5050));
    let servers = plan.pgadmin_servers();
    let servers = servers["Servers"].as_object().expect("servers");
    let hosts: Vec<_> = servers.values().map(|server| &server["Host"]).collect();
    assert_eq!(hosts, ["primary", "replica"]);
    assert!(servers.values().all(|server| server["Group"] == "a"));
    for node in &plan.nodes {
        let text = hba::outline(&node.name, &node.hba);
        let line = text.lines().find(|line| line.contains("<pgadmin>/32"));
        let line: Vec<_> = line.expect("its line").split_whitespace().collect();
        let wanted = [
            "host",
            "all",
            "postgres",
            "<pgadmin>/32",
            "trust",
            "#",
            "pgadmin",
        ];
        assert_eq!(line, wanted);
    }
}

#[test]
fn a_plan_of_before_there_were_services_is_still_read() {
    let plan = embedded("physical-sync");
    let mut json = serde_json::to_value(&plan).expect("a document");
    let keys = json.as_object_mut().expect("an object");
    assert!(keys.remove("services").is_some());
    let read: Plan = serde_json::from_value(json).expect("a plan");
    assert!(read.services.is_empty());
}
