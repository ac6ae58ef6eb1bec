//! The services beside the nodes, key by key.

use super::Reader;
use crate::scenario::PostgresVersion;
use crate::scenario::services::{Service, ServiceName, Services};
use crate::yaml::{Node, Value};

/// The keys of one service.
pub(in crate::scenario) const SERVICE_KEYS: &[&str] = &["image", "port"];

impl Reader<'_> {
    pub(super) fn services(&mut self, node: &Node) -> Services {
        let known = ServiceName::ALL.map(ServiceName::as_str);
        let mut services = Services::default();
        for entry in self.section(node, "services", &known) {
            let name = known.iter().position(|name| *name == entry.key);
            let service = self.service(&entry.value);
            if let Some(name) = name.and_then(|at| ServiceName::ALL.get(at)) {
                services.0.push((*name, service));
            }
        }
        services
    }

    fn service(&mut self, node: &Node) -> Service {
        if node.value == Value::Null {
            return Service::default();
        }
        let keys = self.section(node, "keys of a service", SERVICE_KEYS);
        Service {
            image: self.optional(keys, "image", Self::image),
            port: self.optional(keys, "port", Self::port),
        }
    }

    /// A port of the host.
    pub(super) fn port(&mut self, node: &Node) -> Option<u16> {
        let port = self.number(node, 1, u64::from(u16::MAX))?;
        u16::try_from(port).ok()
    }

    /// An image's name has one grammar, whatever is in it.
    fn image(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        match text.parse() {
            Ok(PostgresVersion::Image(image)) => Some(image),
            Ok(PostgresVersion::Major(_)) | Err(_) => {
                let message = format!("`{}` is no image's name", super::shortened(&text));
                let help = "an image is written as `dpage/pgadmin4:9.18`".to_owned();
                self.problems.push(node.problem(message, Some(help)));
                None
            }
        }
    }
}
