//! Publications and subscriptions, key by key.

use super::Reader;
use crate::name::{ObjectName, SlotName, TableName};
use crate::scenario::ByName;
use crate::scenario::logical::{
    ChangeOrigin, Operation, Publication, PublishedTable, Streaming, Subscription, Tables,
};
use crate::sql::one::not_one_expression;
use crate::yaml::{Node, Value};

/// The keys of a publication.
pub(in crate::scenario) const PUBLICATION_KEYS: &[&str] =
    &["tables", "schemas", "publish", "via_root"];
/// The keys of one table of a publication.
pub(in crate::scenario) const TABLE_KEYS: &[&str] = &["name", "columns", "where"];
/// The keys of a subscription.
pub(in crate::scenario) const SUBSCRIPTION_KEYS: &[&str] = &[
    "upstream",
    "publications",
    "slot",
    "create_slot",
    "copy_data",
    "origin",
    "streaming",
    "two_phase",
    "disable_on_error",
    "binary",
    "failover",
];

impl Reader<'_> {
    pub(super) fn publications(&mut self, node: &Node) -> Option<ByName<Publication>> {
        self.by_name(node, "a mapping of publications by name", |reader, node| {
            Some(reader.publication(node))
        })
    }

    pub(super) fn subscriptions(&mut self, node: &Node) -> Option<ByName<Subscription>> {
        let wanted = "a mapping of subscriptions by name";
        self.by_name(node, wanted, Self::subscription)
    }

    fn by_name<T>(
        &mut self,
        node: &Node,
        wanted: &str,
        read: impl Fn(&mut Self, &Node) -> Option<T>,
    ) -> Option<ByName<T>> {
        let Value::Map(entries) = &node.value else {
            return self.wrong_type(node, wanted);
        };
        let mut objects = Vec::with_capacity(entries.len());
        for entry in entries {
            let name = self.key_as::<ObjectName>(entry);
            let object = read(self, &entry.value);
            objects.extend(name.zip(object));
        }
        Some(ByName(objects))
    }

    fn publication(&mut self, node: &Node) -> Publication {
        let keys = self.section(node, "keys of a publication", PUBLICATION_KEYS);
        Publication {
            tables: self
                .optional(keys, "tables", Self::tables)
                .unwrap_or_default(),
            schemas: self
                .optional(keys, "schemas", Self::names)
                .unwrap_or_default(),
            publish: self.optional(keys, "publish", Self::operations),
            via_root: self
                .optional(keys, "via_root", Self::boolean)
                .unwrap_or_default(),
        }
    }

    fn tables(&mut self, node: &Node) -> Option<Tables> {
        match &node.value {
            Value::Text(text) if text == "all" => Some(Tables::All),
            Value::List(items) => Some(Tables::These(
                items
                    .iter()
                    .filter_map(|item| self.published_table(item))
                    .collect(),
            )),
            _ => self.wrong_type(node, "`all` or a list of tables, such as `[products]`,"),
        }
    }

    fn published_table(&mut self, node: &Node) -> Option<PublishedTable> {
        let (keys, name) = if let Value::Map(_) = &node.value {
            let keys = self.section(node, "keys of a published table", TABLE_KEYS);
            (keys, self.required(node, keys, "name")?)
        } else {
            (&[][..], node)
        };
        let columns = self.optional(keys, "columns", Self::names);
        let filter = self.optional(keys, "where", Self::expression);
        Some(PublishedTable {
            name: self.text_as::<TableName>(name)?,
            columns: columns.unwrap_or_default(),
            filter,
        })
    }

    /// A text that is sent as a part of a statement.
    fn expression(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        if let Some(why) = not_one_expression(&text) {
            let message = format!("this is not one expression of SQL: {why}");
            let help = "write what would stand after WHERE, such as `id > 0`".to_owned();
            self.problems.push(node.problem(message, Some(help)));
            return None;
        }
        Some(text)
    }

    fn operations(&mut self, node: &Node) -> Option<Vec<Operation>> {
        let wanted = "a list of changes, such as `[insert, update]`,";
        let words = Operation::ALL.map(Operation::word);
        self.list(node, wanted, |reader, item| {
            reader.word_of(item, "kind of change", &words, &Operation::ALL)
        })
    }

    fn subscription(&mut self, node: &Node) -> Option<Subscription> {
        let keys = self.section(node, "keys of a subscription", SUBSCRIPTION_KEYS);
        let upstream = self.required(node, keys, "upstream");
        let upstream = upstream.and_then(|node| self.text_as(node));
        let publications = self.required(node, keys, "publications");
        let publications = publications.and_then(|node| self.names(node));
        let origins = [ChangeOrigin::Any, ChangeOrigin::None];
        let subscription = Subscription {
            upstream: upstream?,
            publications: publications?,
            slot: self.optional(keys, "slot", Self::text_as::<SlotName>),
            create_slot: self.flag(keys, "create_slot").unwrap_or(true),
            copy_data: self.flag(keys, "copy_data").unwrap_or(true),
            origin: self.optional(keys, "origin", |reader, node| {
                reader.word_of(node, "origin", &["any", "none"], &origins)
            }),
            streaming: self.optional(keys, "streaming", Self::streaming),
            two_phase: self.flag(keys, "two_phase"),
            disable_on_error: self.flag(keys, "disable_on_error"),
            binary: self.flag(keys, "binary"),
            failover: self.flag(keys, "failover"),
        };
        Some(subscription)
    }

    /// `on` and `off` are booleans to YAML, `parallel` is a word.
    fn streaming(&mut self, node: &Node) -> Option<Streaming> {
        match &node.value {
            Value::Boolean(true) => Some(Streaming::On),
            Value::Boolean(false) => Some(Streaming::Off),
            _ => {
                let all = [Streaming::Off, Streaming::On, Streaming::Parallel];
                self.word_of(node, "way of streaming", &["off", "on", "parallel"], &all)
            }
        }
    }

    fn flag(&mut self, keys: &[crate::yaml::Entry], key: &str) -> Option<bool> {
        self.optional(keys, key, Self::boolean)
    }

    fn names(&mut self, node: &Node) -> Option<Vec<ObjectName>> {
        self.list(node, "a list of names", Self::text_as)
    }
}
