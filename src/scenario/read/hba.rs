//! A node's own lines of `pg_hba.conf`, key by key.

use super::Reader;
use crate::hba::{Address, ConnectionType, Database, HbaLine, Method, Network};
use crate::name::DatabaseName;
use crate::yaml::{Node, Value};

/// The keys of one line.
pub(in crate::scenario) const HBA_KEYS: &[&str] =
    &["type", "database", "user", "address", "method"];

impl Reader<'_> {
    pub(super) fn hba(&mut self, node: &Node) -> Option<Vec<HbaLine>> {
        self.list(node, "a list of lines", |reader, item| {
            Some(reader.hba_line(item))
        })
    }

    /// A line, with a stand-in that nothing can be said against for what was not understood: findings count lines.
    fn hba_line(&mut self, node: &Node) -> HbaLine {
        let keys = self.section(node, "keys of a line", HBA_KEYS);
        let kinds = ConnectionType::ALL.map(ConnectionType::word);
        let methods = Method::ALL.map(Method::word);
        let kind = match keys.iter().find(|entry| entry.key == "type") {
            Some(entry) => self.word_of(&entry.value, "type", &kinds, &ConnectionType::ALL),
            None => Some(ConnectionType::Host),
        };
        let address = self.required(node, keys, "address");
        let address = address.and_then(|node| self.address(node));
        let method = self.required(node, keys, "method");
        let method = method.and_then(|node| self.word_of(node, "method", &methods, &Method::ALL));
        let database = match keys.iter().find(|entry| entry.key == "database") {
            Some(entry) => self.hba_database(&entry.value),
            None => Some(Database::All),
        };
        // Not every method goes with every type.
        let method = method.filter(|_| kind.is_some());
        HbaLine {
            kind: kind.unwrap_or(ConnectionType::Host),
            database: database.unwrap_or(Database::Replication),
            user: self.optional(keys, "user", |reader, node| match &node.value {
                Value::Text(text) if text == "all" => None,
                _ => reader.text_as(node),
            }),
            address: address.unwrap_or(Address::Network(Network::ALL)),
            method: method.unwrap_or(Method::Reject),
        }
    }

    fn hba_database(&mut self, node: &Node) -> Option<Database> {
        match &node.value {
            Value::Text(text) if text == "all" => Some(Database::All),
            Value::Text(text) if text == "replication" => Some(Database::Replication),
            _ => self.text_as::<DatabaseName>(node).map(Database::Named),
        }
    }

    fn address(&mut self, node: &Node) -> Option<Address> {
        match self.text(node)?.parse::<Address>() {
            Ok(address) => Some(address),
            Err(error) => {
                let message = error.to_string();
                self.problems.push(node.problem(message, Some(error.help)));
                None
            }
        }
    }
}
