//! Tablespaces: where a server has them, and where a copy of one goes.

use std::path::Path;

use super::client::Reader;
use super::command::{HOME, VOLUME};
use super::server_error::ServerError;

/// A tablespace besides those in every cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tablespace {
    /// Its name.
    pub name: String,
    /// Its directory. It is relative to the data directory if the tablespace is in place (`allow_in_place_tablespaces`).
    pub location: String,
}

impl Tablespace {
    /// Whether its directory is outside the data directory. The other ones are copied with it.
    #[must_use]
    pub fn is_apart(&self) -> bool {
        self.location.starts_with('/')
    }

    /// Whether its directory is outside a node's volume. Only the node's own container has it.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        let below = self.location.strip_prefix(VOLUME);
        self.is_apart() && !below.is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether its directory is among those that a node's scripts make and remove (`images/node/replacement.sh`).
    #[must_use]
    pub fn is_in_the_way(&self) -> bool {
        let below = |folder| Path::new(&self.location).strip_prefix(folder).ok();
        // The volume is mounted at both places.
        let rest = below(HOME).or_else(|| below(VOLUME));
        let first = rest.and_then(|rest| rest.components().next());
        let first = first.and_then(|first| first.as_os_str().to_str());
        first.is_some_and(|name| name.starts_with("lab-") || name == "pgdata" || name == "conf")
    }

    /// The argument with which `pg_basebackup` puts its copy below a folder, at the path of its location.
    #[must_use]
    pub fn mapping(&self, folder: &str) -> String {
        let location = self.location.replace('=', "\\=");
        format!("--tablespace-mapping={location}={folder}{location}")
    }
}

/// The tablespaces of a server, besides `pg_default` and `pg_global`.
///
/// # Errors
/// The server's error.
pub async fn tablespaces(reader: &Reader) -> Result<Vec<Tablespace>, ServerError> {
    // A user's tablespace has an OID that `initdb` does not assign.
    let sql = "SELECT spcname::pg_catalog.text, pg_catalog.pg_tablespace_location(oid) \
        FROM pg_catalog.pg_tablespace WHERE oid >= 16384 ORDER BY spcname";
    let rows = reader.query(sql, &[]).await?;
    let found = rows.iter().map(|row| Tablespace {
        name: row.get(0),
        location: row.get(1),
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(location: &str) -> Tablespace {
        Tablespace {
            name: "slow".to_owned(),
            location: location.to_owned(),
        }
    }

    #[test]
    fn a_tablespace_is_lost_where_only_its_container_has_it() {
        assert!(!at("/var/lib/postgresql/slow").is_lost());
        assert!(!at("/var/lib/postgresql/data/slow").is_lost());
        assert!(!at("pg_tblspc/16384").is_lost());
        assert!(!at("pg_tblspc/16384").is_apart());
        assert!(at("/var/lib/postgresql-slow").is_lost());
        assert!(at("/tmp/slow").is_lost());
    }

    #[test]
    fn a_tablespace_is_in_the_way_of_the_scripts_own_names() {
        for location in [
            "/var/lib/postgresql/data/lab-old/slow",
            "/var/lib/postgresql/lab-new",
            "/var/lib/postgresql/data/pgdata/slow",
        ] {
            assert!(at(location).is_in_the_way(), "{location}");
        }
        for location in [
            "/var/lib/postgresql/data",
            "/var/lib/postgresql/new",
            "/var/lib/postgresql/slow/lab-old",
            "pg_tblspc/16384",
        ] {
            assert!(!at(location).is_in_the_way(), "{location}");
        }
    }

    #[test]
    fn a_copy_lies_below_a_folder_at_the_path_of_its_location() {
        assert_eq!(
            at("/var/lib/postgresql/a=b").mapping("/copy"),
            "--tablespace-mapping=/var/lib/postgresql/a\\=b=/copy/var/lib/postgresql/a\\=b"
        );
    }
}
