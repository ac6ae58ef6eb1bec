//! `host_auth`, and the password of a step.

use super::{good, with, wrong};
use crate::scenario::HostAuth;

const NODES: &str = "name: a\nnodes: { primary: {} }\n";

#[test]
fn the_host_is_trusted_unless_the_scenario_or_the_command_line_says_otherwise() {
    let read = |text: &str| good(&format!("{NODES}{text}")).scenario.host_auth;
    assert_eq!(read(""), HostAuth::Trust);
    assert_eq!(read("host_auth: password\n"), HostAuth::Password);
    let set = with(NODES, &["host_auth=password"]).scenario.host_auth;
    assert_eq!(set, HostAuth::Password);
    let shown = wrong(&format!("{NODES}host_auth: pasword\n"));
    assert!(shown.contains("did you mean `password`?"), "{shown}");
}

#[test]
fn a_role_that_the_server_asks_for_a_password_needs_one() {
    let step = "steps: [{ sql: SELECT 1, user: app }]\n";
    good(&format!("{NODES}{step}"));
    let shown = wrong(&format!("{NODES}host_auth: password\n{step}"));
    let message = "the server will ask for the password of `app`";
    assert!(shown.contains(message), "{shown}");
    let whole = "steps: [{ sql: SELECT 1, user: app, password: secret }]\n";
    good(&format!("{NODES}host_auth: password\n{whole}"));
    let nobody = "steps: [{ sql: SELECT 1, password: secret }]\n";
    let shown = wrong(&format!("{NODES}{nobody}"));
    assert!(shown.contains("this `password` is for nobody"), "{shown}");
}
