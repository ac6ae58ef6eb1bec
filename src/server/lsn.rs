//! A position in the write-ahead log, as `pg_lsn` writes it (manual: "`pg_lsn` Type").

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tokio_postgres::types::{FromSql, Type, accepts};

/// A byte position in the write-ahead log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lsn(pub u64);

/// Why a word is no log position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no log position such as `0/3000060`")]
pub struct LsnError(String);

impl FromStr for Lsn {
    type Err = LsnError;
    fn from_str(given: &str) -> Result<Self, LsnError> {
        let wrong = || LsnError(given.to_owned());
        let (high, low) = given.split_once('/').ok_or_else(wrong)?;
        let part = |part: &str| u32::from_str_radix(part, 16).map_err(|_| wrong());
        Ok(Self(u64::from(part(high)?) << 32 | u64::from(part(low)?)))
    }
}

impl TryFrom<String> for Lsn {
    type Error = LsnError;
    fn try_from(given: String) -> Result<Self, LsnError> {
        given.parse()
    }
}

impl From<Lsn> for String {
    fn from(lsn: Lsn) -> String {
        lsn.to_string()
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

impl<'a> FromSql<'a> for Lsn {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(u64::from_be_bytes(raw.try_into()?)))
    }

    accepts!(PG_LSN);
}

impl Lsn {
    /// How many bytes `self` is ahead of `other`; negative when behind.
    #[must_use]
    pub fn bytes_ahead_of(self, other: Self) -> i64 {
        i64::try_from(i128::from(self.0) - i128::from(other.0)).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_reads_back_as_it_was_written() {
        let lsn: Lsn = "16/B374D848".parse().expect("a position");
        assert_eq!(lsn.0, 0x16_B374_D848);
        assert_eq!(lsn.to_string(), "16/B374D848");
        assert!("16".parse::<Lsn>().is_err());
        assert!("x/1".parse::<Lsn>().is_err());
    }

    #[test]
    fn a_distance_has_a_sign() {
        assert_eq!(Lsn(100).bytes_ahead_of(Lsn(40)), 60);
        assert_eq!(Lsn(40).bytes_ahead_of(Lsn(100)), -60);
    }
}
