//! What runs beside the nodes.

use super::{good, try_with, with, wrong};
use crate::hba::Address;
use crate::scenario::services::{Service, ServiceName};

const BARE: &str = "name: a\nnodes:\n  primary: {}\n";

#[test]
fn a_service_has_no_keys_that_it_needs() {
    for services in ["{ pgadmin: {} }", "\n  pgadmin:", "{ pgadmin: null }"] {
        let loaded = good(&format!("{BARE}services: {services}\n"));
        let only = [(ServiceName::Pgadmin, Service::default())];
        assert_eq!(loaded.scenario.services.0, only, "{services}");
    }
    assert!(good(BARE).scenario.services.0.is_empty());
}

#[test]
fn a_service_takes_an_image_and_a_port_also_from_the_command_line() {
    let wanted = Service {
        image: Some("dpage/pgadmin4:9.18".to_owned()),
        port: Some(5050),
    };
    let keys = "{ image: \"dpage/pgadmin4:9.18\", port: 5050 }";
    let written = good(&format!("{BARE}services: {{ pgadmin: {keys} }}\n"));
    assert_eq!(written.scenario.services.0[0].1, wanted);
    for set in [
        vec!["services.pgadmin={ image: 'dpage/pgadmin4:9.18', port: 5050 }"],
        vec![
            "services.pgadmin.port=5050",
            "services.pgadmin.image=dpage/pgadmin4:9.18",
        ],
    ] {
        for text in [BARE.to_owned(), format!("{BARE}services:\n  pgadmin:\n")] {
            assert_eq!(with(&text, &set).scenario.services.0[0].1, wanted);
        }
    }
    let none = with(
        &format!("{BARE}services: {{ pgadmin: {keys} }}\n"),
        &["services={}"],
    );
    assert!(none.scenario.services.0.is_empty());
    let unknown = try_with(BARE, &["services.pgadmn={}"]).expect_err("no such service");
    assert!(unknown.contains("did you mean `pgadmin`?"), "{unknown}");
}

#[test]
fn what_is_no_service_is_shown_where_it_stands() {
    for (services, told, place) in [
        (
            "{ pgadmn: {} }",
            "`pgadmn` is none of the services",
            "a.yaml:4:13",
        ),
        (
            "{ pgadmin: { prt: 1 } }",
            "`prt` is none of the keys of a service",
            "a.yaml:4:24",
        ),
        (
            "{ pgadmin: { port: 0 } }",
            "a whole number from 1 to 65535 is wanted",
            "a.yaml:4:30",
        ),
        (
            "{ pgadmin: { image: \"9\" } }",
            "is no image's name",
            "a.yaml:4:31",
        ),
        ("{ pgadmin: on }", "a mapping is wanted", "a.yaml:4:22"),
        ("[pgadmin]", "a mapping is wanted", "a.yaml:4:11"),
    ] {
        let shown = wrong(&format!("{BARE}services: {services}\n"));
        assert!(shown.contains(told), "{shown}");
        assert!(shown.contains(place), "{shown}");
    }
    let near = wrong(&format!("{BARE}services: {{ pgadmn: {{}} }}\n"));
    assert!(near.contains("did you mean `pgadmin`?"), "{near}");
}

#[test]
fn no_node_has_a_service_s_name() {
    let shown = wrong("name: a\nnodes: { pgadmin: {} }\nservices: { pgadmin: {} }\n");
    assert!(
        shown.contains("`pgadmin` is a service here, and a node has that name too"),
        "{shown}"
    );
    assert!(shown.contains("a.yaml:3:13"), "{shown}");
}

#[test]
fn a_line_of_pg_hba_conf_names_a_service_where_there_is_one() {
    let line = "nodes:\n  primary:\n    hba: [{ address: pgadmin, method: reject }]\n";
    let loaded = good(&format!("name: a\n{line}services: {{ pgadmin: {{}} }}\n"));
    let address = &loaded.scenario.nodes.0[0].1.hba[0].address;
    assert_eq!(*address, Address::Node(ServiceName::Pgadmin.host()));
    let shown = wrong(&format!("name: a\n{line}"));
    assert!(
        shown.contains("`pgadmin` is neither a node, nor a service, nor `gateway`"),
        "{shown}"
    );
}
