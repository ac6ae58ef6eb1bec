//! What a lab asks of its host by number: ports and a subnet.

use super::{good, wrong};

#[test]
fn a_node_has_a_port_and_the_lab_a_subnet() {
    let loaded =
        good("name: a\nnetwork: { subnet: 10.9.0.0/29 }\nnodes: { primary: { port: 5544 } }\n");
    assert_eq!(loaded.scenario.nodes.0[0].1.port, Some(5544));
    let subnet = loaded.scenario.network.subnet.expect("a subnet");
    assert_eq!(subnet.to_string(), "10.9.0.0/29");
}

#[test]
fn what_is_no_port_or_no_subnet_is_refused_at_its_place() {
    for (text, told, place) in [
        (
            "nodes: { a: { port: 0 } }",
            "from 1 to 65535",
            "a.yaml:2:21",
        ),
        (
            "nodes: { a: { port: \"5544\" } }",
            "not the text `5544`",
            "a.yaml:2:21",
        ),
        (
            "nodes: { a: { port: 5544 }, b: { port: 5544 } }",
            "`nodes.a` has the port 5544 too",
            "a.yaml:2:40",
        ),
        (
            "nodes: { a: { port: 5050 } }\nservices: { pgadmin: { port: 5050 } }",
            "`nodes.a` has the port 5050 too",
            "a.yaml:3:30",
        ),
        (
            "nodes: { a: {} }\nnetwork: { subnet: 10.9.0.7/24 }",
            "`10.9.0.0/24` is",
            "a.yaml:3:20",
        ),
        (
            "nodes: { a: {} }\nnetwork: { subnett: 10.9.0.0/24 }",
            "did you mean `subnet`?",
            "a.yaml:3:12",
        ),
        (
            "nodes: { a: {} }\nnetwork: 10.9.0.0/24",
            "a mapping is wanted",
            "a.yaml:3:10",
        ),
        (
            "nodes: { a: {}, b: {}, c: {}, d: {}, e: {}, f: {} }\nnetwork: { subnet: 10.9.0.0/29 }",
            "10.9.0.0/29 has addresses for 5 hosts, and the lab has 6",
            "a.yaml:3:20",
        ),
    ] {
        let shown = wrong(&format!("name: x\n{text}\n"));
        assert!(shown.contains(told) && shown.contains(place), "{shown}");
    }
}
