//! The rows that one of two servers has more often than the other.

use tokio_postgres::Row;

use super::{Side, form};
use crate::server::server_error::ServerError;

/// The number of hashes that are fetched at once.
const FETCHED: usize = 10_000;

/// The most differing rows of a server of which something is shown.
pub(super) const SHOWN: usize = 3;

/// The rows that one server has and the other lacks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Surplus {
    pub(super) rows: u64,
    /// The hashes of some, with how many there are more than on the other server.
    pub(super) some: Vec<(i64, u64)>,
}

impl Surplus {
    fn add(&mut self, hash: i64, more: i64) {
        let more = more.unsigned_abs();
        self.rows += more;
        if self.some.len() < SHOWN {
            self.some.push((hash, more));
        }
    }
}

/// The rows in which two servers differ.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Differing {
    pub(super) first: Surplus,
    pub(super) other: Surplus,
}

impl Differing {
    fn add(&mut self, hash: i64, more: i64) {
        match more {
            0 => {}
            1.. => self.first.add(hash, more),
            _ => self.other.add(hash, more),
        }
    }
}

/// Finds them among the rows of some parts of the digest. Both servers sort, so that little is kept here.
pub(super) async fn find(
    first: Side<'_>,
    other: Side<'_>,
    rows: &form::Rows<'_>,
    parts: &[i64],
) -> Result<Differing, ServerError> {
    let (first, other) = tokio::try_join!(
        Sorted::open(first, rows, parts),
        Sorted::open(other, rows, parts)
    )?;
    merge(first, other).await
}

async fn merge(mut first: Sorted<'_>, mut other: Sorted<'_>) -> Result<Differing, ServerError> {
    let mut differing = Differing::default();
    loop {
        tokio::try_join!(first.fill(), other.fill())?;
        match (first.peek(), other.peek()) {
            (None, None) => return Ok(differing),
            (Some((hash, count)), theirs) if theirs.is_none_or(|(its, _)| hash < its) => {
                differing.add(hash, count);
                first.at += 1;
            }
            (mine, Some((hash, count))) if mine.is_none_or(|(its, _)| hash < its) => {
                differing.add(hash, -count);
                other.at += 1;
            }
            (mine, theirs) => {
                let count = |hash: Option<(i64, i64)>| hash.map_or(0, |(_, count)| count);
                let hash = mine.map_or(0, |(hash, _)| hash);
                differing.add(hash, count(mine) - count(theirs));
                first.at += 1;
                other.at += 1;
            }
        }
    }
}

/// The hashes of a server's rows, in order, each with its number of rows.
struct Sorted<'a> {
    side: Side<'a>,
    fetched: Vec<Row>,
    at: usize,
    ended: bool,
}

impl<'a> Sorted<'a> {
    async fn open(
        side: Side<'a>,
        rows: &form::Rows<'_>,
        parts: &[i64],
    ) -> Result<Self, ServerError> {
        let list: Vec<String> = parts.iter().map(i64::to_string).collect();
        let sql = format!(
            "DECLARE lab_rows NO SCROLL CURSOR FOR SELECT h, count(*) FROM {} \
             WHERE h & {} = ANY ('{{{}}}'::int8[]) GROUP BY h ORDER BY h",
            rows.hashed(side.relation),
            super::PARTS - 1,
            list.join(",")
        );
        side.reader.batch_execute(&sql).await?;
        Ok(Self {
            side,
            fetched: Vec::new(),
            at: 0,
            ended: false,
        })
    }

    fn peek(&self) -> Option<(i64, i64)> {
        let row = self.fetched.get(self.at)?;
        Some((row.get(0), row.get(1)))
    }

    /// Fetches more if there is nothing left.
    async fn fill(&mut self) -> Result<(), ServerError> {
        if self.at < self.fetched.len() || self.ended {
            return Ok(());
        }
        let sql = format!("FETCH {FETCHED} FROM lab_rows");
        (self.fetched, self.at) = (self.side.reader.query(&sql, &[]).await?, 0);
        self.ended = self.fetched.is_empty();
        if self.ended {
            self.side.reader.batch_execute("CLOSE lab_rows").await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rows_count_each_and_few_are_kept() {
        let mut differing = Differing::default();
        for (hash, more) in [(1, 3), (2, 0), (3, -2), (4, 1), (5, 1), (6, 1)] {
            differing.add(hash, more);
        }
        assert_eq!((differing.first.rows, differing.other.rows), (6, 2));
        assert_eq!(differing.first.some, [(1, 3), (4, 1), (5, 1)]);
        assert_eq!(differing.other.some, [(3, 2)]);
    }
}
