//! Settings that `tls: true` stands for already.

use super::{Finding, Scenario, conf_path};

const DERIVED: [&str; 4] = ["ssl", "ssl_ca_file", "ssl_cert_file", "ssl_key_file"];

pub(super) fn check(scenario: &Scenario) -> Vec<Finding> {
    if !scenario.tls {
        return Vec::new();
    }
    let nodes = scenario.nodes.0.iter();
    let settings = nodes.flat_map(|(node, written)| {
        let names = written.conf.0.iter().map(|(name, _)| name.as_str());
        names.map(move |name| (node, name))
    });
    settings
        .filter(|(_, name)| DERIVED.iter().any(|own| own.eq_ignore_ascii_case(name)))
        .map(|(node, name)| {
            let message = format!("`tls: true` sets `{name}` already");
            let help = "leave one of the two out".to_owned();
            Finding::key(conf_path(node, name), message, help)
        })
        .collect()
}
