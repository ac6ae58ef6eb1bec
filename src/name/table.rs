//! The name of a table, as a person writes it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{IDENTIFIER_BYTES, NameError, identifier};

/// The name of a table, with its schema unless that is `public`: `sales.orders`, `dbo.MyTable`, `"my table"`.
///
/// A part without quotes is taken as it is written, so `MyTable` is the table that SQL calls `"MyTable"`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TableName {
    written: String,
    schema: String,
    table: String,
}

impl TableName {
    /// Checks a name.
    ///
    /// # Errors
    /// When `given` is not one or two names with a dot between them.
    pub fn new(given: impl Into<String>) -> Result<Self, NameError> {
        let written = given.into();
        let parts = parts(&written).filter(|parts| parts.len() <= 2);
        let Some(mut parts) = parts else {
            return Err(NameError {
                given: written,
                wanted: "a table's name",
                rule: RULE,
            });
        };
        let table = parts.pop().unwrap_or_default();
        let schema = parts.pop().unwrap_or_else(|| PUBLIC.to_owned());
        Ok(Self {
            written,
            schema,
            table,
        })
    }

    /// The name of a table that a server has.
    #[must_use]
    pub fn known(schema: &str, table: &str) -> Self {
        let written = match schema {
            PUBLIC => written(table),
            schema => format!("{}.{}", written(schema), written(table)),
        };
        Self {
            written,
            schema: schema.to_owned(),
            table: table.to_owned(),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The table's schema, as it is. Default: `public`.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The table's name without the schema, as it is.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// What identifies it: `sales.orders` and `"sales".orders` are one table.
    fn identity(&self) -> (&str, &str) {
        (&self.schema, &self.table)
    }
}

const PUBLIC: &str = "public";

const RULE: &str = "`table` or `schema.table`, each of letters, digits, `_`, `$` and `-` or in double quotes as SQL writes it, \
    at most 63 bytes";

const PATTERN: &str = r#"^(("([^"]|"")+"|[^\s".',;()]+)\.)?("([^"]|"")+"|[^\s".',;()]+)$"#;

/// The parts of a name without their quotes; `None` if it is none.
fn parts(written: &str) -> Option<Vec<String>> {
    let (mut parts, mut rest) = (Vec::new(), written);
    loop {
        let (part, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_part(quoted)?
        } else {
            bare_part(rest)?
        };
        if part.is_empty() || part.len() > IDENTIFIER_BYTES || part.contains('\0') {
            return None;
        }
        parts.push(part);
        if after.is_empty() {
            return Some(parts);
        }
        rest = after.strip_prefix('.')?;
    }
}

/// The name without quotes, and what comes after it.
fn bare_part(rest: &str) -> Option<(String, &str)> {
    let (part, after) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
    let is_bare = part
        .chars()
        .all(|c| c.is_alphanumeric() || "_$-".contains(c));
    is_bare.then(|| (part.to_owned(), after))
}

/// The name in quotes, after its first one, and what comes after it.
fn quoted_part(after_quote: &str) -> Option<(String, &str)> {
    let (mut part, mut rest) = (String::new(), after_quote);
    loop {
        let (before, after) = rest.split_once('"')?;
        part.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                part.push('"');
                rest = more;
            }
            None => return Some((part, after)),
        }
    }
}

/// A name with quotes where it needs them.
fn written(name: &str) -> String {
    if identifier(name) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

impl PartialEq for TableName {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for TableName {}

impl PartialOrd for TableName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TableName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.identity().cmp(&other.identity())
    }
}

impl std::hash::Hash for TableName {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl TryFrom<String> for TableName {
    type Error = NameError;
    fn try_from(given: String) -> Result<Self, NameError> {
        Self::new(given)
    }
}

impl std::str::FromStr for TableName {
    type Err = NameError;
    fn from_str(given: &str) -> Result<Self, NameError> {
        Self::new(given)
    }
}

impl From<TableName> for String {
    fn from(name: TableName) -> Self {
        name.written
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl schemars::JsonSchema for TableName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TableName".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": PATTERN, "description": RULE })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(written: &str) -> Option<(String, String)> {
        let name = TableName::new(written).ok()?;
        Some((name.schema().to_owned(), name.table().to_owned()))
    }

    #[test]
    fn any_name_that_postgresql_takes_can_be_written() {
        for (written, schema, table) in [
            ("employer", "public", "employer"),
            ("sales.orders", "sales", "orders"),
            ("dbo.\"MyTable\"", "dbo", "MyTable"),
            ("dbo.MyTable", "dbo", "MyTable"),
            ("\"a.b\".\"say \"\"hi\"\"\"", "a.b", "say \"hi\""),
            ("\"select\"", "public", "select"),
            ("select", "public", "select"),
            ("tabla_ñ", "public", "tabla_ñ"),
        ] {
            let wanted = Some((schema.to_owned(), table.to_owned()));
            assert_eq!(read(written), wanted, "{written}");
        }
        for written in [
            "", ".", "a.", ".a", "a.b.c", "\"a", "\"a\"b", "\"\"", "a b", "a;b", "a\"b",
        ] {
            assert_eq!(read(written), None, "{written}");
        }
        assert!(TableName::new("a".repeat(64)).is_err());
    }

    #[test]
    fn a_known_name_is_written_so_that_it_can_be_read_again() {
        for (schema, table) in [
            ("public", "a"),
            ("public", "A,b"),
            ("x.y", "\""),
            ("s", "t"),
        ] {
            let known = TableName::known(schema, table);
            let again = TableName::new(known.as_str()).expect("a name");
            assert_eq!(again.identity(), (schema, table));
        }
        let one = TableName::new("sales.orders").expect("a name");
        assert_eq!(one, TableName::new("\"sales\".\"orders\"").expect("a name"));
    }
}
