//! The rows of a table on two servers, compared as values.
//!
//! Owns the comparison: columns by name, rows with their number, any name of a table or a column. A server reduces its
//! rows to one hash a row and to sums of hashes, so what travels and what is kept is small however many rows there are.
//! Connect with [`SearchPath::Catalog`](super::client::SearchPath::Catalog): nothing then depends on a user's settings.

mod common;
mod differing;
mod example;
mod form;
mod relation;

use std::collections::BTreeMap;

use super::client::Reader;
use super::server_error::ServerError;

pub use common::Common;
pub use example::Example;
pub use relation::{Relation, count, relation, tables};

/// A server and the table that it is compared by.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// A connection of this comparison's own.
    pub reader: &'a Reader,
    /// The table there.
    pub relation: &'a Relation,
}

/// The difference between the rows of two servers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Apart {
    /// The number of the first server's rows.
    pub rows: u64,
    /// The number of rows that only the first has. Equal rows count each.
    pub first: u64,
    /// The number of rows that only the other has.
    pub other: u64,
    /// Some of them.
    pub examples: Vec<Example>,
}

impl Apart {
    /// Whether both have the same rows.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.first == 0 && self.other == 0
    }
}

/// The number of rows, and the sum of their hashes, by a part of the hash.
type Digest = BTreeMap<i32, (i64, String)>;

/// The number of parts of a digest. Only the rows of parts that differ are compared one by one.
const PARTS: i64 = 256;

/// Compares the rows of two servers. Each server is read in one snapshot.
///
/// # Errors
/// A server's error.
pub async fn compare(
    first: Side<'_>,
    other: Side<'_>,
    common: &Common,
) -> Result<Apart, ServerError> {
    tokio::try_join!(begin(first.reader), begin(other.reader))?;
    let compared = compare_snapshots(first, other, common).await;
    // After an error the connections are of no more use.
    if compared.is_ok() {
        tokio::try_join!(commit(first.reader), commit(other.reader))?;
    }
    compared
}

async fn compare_snapshots(
    first: Side<'_>,
    other: Side<'_>,
    common: &Common,
) -> Result<Apart, ServerError> {
    let encodings = tokio::try_join!(encoding(first.reader), encoding(other.reader))?;
    let rows = form::Rows::new(common, &encodings.0 == "UTF8" && &encodings.1 == "UTF8");
    let digests = tokio::try_join!(digest(first, &rows), digest(other, &rows))?;
    let mut apart = Apart {
        rows: digests
            .0
            .values()
            .map(|(count, _)| count.unsigned_abs())
            .sum(),
        ..Apart::default()
    };
    let parts = unlike(&digests.0, &digests.1);
    if parts.is_empty() {
        return Ok(apart);
    }
    let differing = differing::find(first, other, &rows, &parts).await?;
    (apart.first, apart.other) = (differing.first.rows, differing.other.rows);
    apart.examples = example::of(first, other, &rows, &differing).await?;
    Ok(apart)
}

async fn begin(reader: &Reader) -> Result<(), ServerError> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    Ok(reader.batch_execute(begin).await?)
}

async fn commit(reader: &Reader) -> Result<(), ServerError> {
    Ok(reader.batch_execute("COMMIT").await?)
}

async fn encoding(reader: &Reader) -> Result<String, ServerError> {
    let sql = "SELECT pg_catalog.current_setting('server_encoding')";
    Ok(reader.query_one(sql, &[]).await?.get(0))
}

async fn digest(side: Side<'_>, rows: &form::Rows<'_>) -> Result<Digest, ServerError> {
    let sql = format!(
        "SELECT (h & {})::int4, count(*), sum(h)::text FROM {} GROUP BY 1",
        PARTS - 1,
        rows.hashed(side.relation)
    );
    let found = side.reader.query(&sql, &[]).await?;
    let part = |row: &tokio_postgres::Row| (row.get(0), (row.get(1), row.get(2)));
    Ok(found.iter().map(part).collect())
}

/// The parts in which two digests differ.
fn unlike(first: &Digest, other: &Digest) -> Vec<i64> {
    let parts = 0..PARTS;
    let differs = |part: &i64| {
        let part = i32::try_from(*part).unwrap_or_default();
        first.get(&part) != other.get(&part)
    };
    parts.filter(differs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_one_alone_has_differs() {
        let digest = |parts: &[(i32, i64)]| -> Digest {
            let sum = |(part, count): &(i32, i64)| (*part, (*count, "7".to_owned()));
            parts.iter().map(sum).collect()
        };
        let first = digest(&[(1, 2), (5, 1), (7, 1)]);
        assert!(unlike(&first, &first).is_empty());
        assert_eq!(
            unlike(&first, &digest(&[(1, 2), (5, 2), (9, 1)])),
            [5, 7, 9]
        );
    }
}
