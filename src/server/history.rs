//! The history of a server: its cluster, its timelines and how far it has come (manual: "Timelines").
//!
//! Two servers of one cluster share a history up to a point. A standby can follow a server as long as all that it has
//! replayed is part of that server's history.

use super::client::Reader;
use super::lsn::Lsn;
use super::position::SHOWN;
use super::server_error::ServerError;

/// The history of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The system identifier of its cluster.
    pub system: String,
    /// Whether it is a standby, which may still receive what it lacks.
    pub is_standby: bool,
    /// The timeline of the last position.
    pub timeline: i32,
    /// The written position of a primary, or the replayed position of a standby.
    pub at: Lsn,
    /// The timelines before, the oldest first, each with the position at which it ended.
    pub past: Vec<Stretch>,
}

/// A timeline up to a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The timeline.
    pub timeline: i32,
    /// The position at which it ends, or how far it has come.
    pub end: Lsn,
}

/// Why a server cannot follow another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parting {
    /// They belong to different clusters.
    Stranger {
        /// Its system identifier, and that of the other one.
        systems: [String; 2],
    },
    /// It has WAL that is not part of the other one's history.
    Fork {
        /// The last position that both have.
        fork: Stretch,
        /// How far it has come beyond that.
        reached: Stretch,
        /// The timeline that the other one has come to.
        other: i32,
    },
}

/// The history of a server. `None` for a standby that has replayed nothing yet.
///
/// # Errors
/// The server's error.
pub async fn history(reader: &Reader) -> Result<Option<History>, ServerError> {
    // A standby has no function for the timeline that it replays. It reads each segment from the newest timeline that has
    // it, so the segment's file names the timeline. A segment from an archive has no such file.
    let sql = format!(
        "WITH s AS (SELECT pg_catalog.pg_is_in_recovery() AS is_standby, {SHOWN} AS at, \
             pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size'))::pg_catalog.numeric AS size), \
         n AS (SELECT s.*, pg_catalog.div(pg_catalog.pg_wal_lsn_diff(s.at, '0/0') - 1, s.size) AS segment, \
             pg_catalog.div(4294967296, s.size) AS per FROM s), \
         f AS (SELECT n.*, pg_catalog.upper( \
             pg_catalog.lpad(pg_catalog.to_hex(pg_catalog.div(segment, per)::pg_catalog.int8), 8, '0') || \
             pg_catalog.lpad(pg_catalog.to_hex(pg_catalog.mod(segment, per)::pg_catalog.int8), 8, '0')) AS file FROM n), \
         t AS (SELECT f.*, CASE WHEN is_standby THEN coalesce( \
             (SELECT max(('x' || pg_catalog.substr(w.name, 1, 8))::pg_catalog.bit(32)::pg_catalog.int4) \
                 FROM pg_catalog.pg_ls_waldir() AS w \
                 WHERE pg_catalog.length(w.name) = 24 AND pg_catalog.substr(w.name, 9) = f.file), \
             greatest(c.timeline_id, r.min_recovery_end_timeline)) \
             ELSE ('x' || pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))\
             ::pg_catalog.bit(32)::pg_catalog.int4 END AS timeline \
             FROM f CROSS JOIN pg_catalog.pg_control_checkpoint() AS c \
             CROSS JOIN pg_catalog.pg_control_recovery() AS r) \
         SELECT y.system_identifier::pg_catalog.text, t.is_standby, t.timeline, t.at, pg_catalog.pg_read_file( \
             'pg_wal/' || pg_catalog.upper(pg_catalog.lpad(pg_catalog.to_hex(t.timeline), 8, '0')) || '.history', \
             0, 1048576, true) \
         FROM t CROSS JOIN pg_catalog.pg_control_system() AS y"
    );
    let row = reader.query_one(&sql, &[]).await?;
    let past: Option<&str> = row.get(4);
    Ok(row.get::<_, Option<Lsn>>(3).map(|at| History {
        system: row.get(0),
        is_standby: row.get(1),
        timeline: row.get(2),
        at,
        past: past.map(stretches).unwrap_or_default(),
    }))
}

/// The lines of a timeline history file: a timeline, the position at which it ends and the reason, with tabs between them.
fn stretches(file: &str) -> Vec<Stretch> {
    let stretch = |line: &str| {
        let mut words = line.split_whitespace();
        Some(Stretch {
            timeline: words.next()?.parse().ok()?,
            end: words.next()?.parse().ok()?,
        })
    };
    file.lines().filter_map(stretch).collect()
}

impl History {
    /// All its timelines, the last one as far as it has come.
    fn line(&self) -> Vec<Stretch> {
        let now = Stretch {
            timeline: self.timeline,
            end: self.at,
        };
        self.past.iter().copied().chain([now]).collect()
    }

    /// Why this server cannot follow `other`. `None` if it can, or if nothing tells.
    ///
    /// `self` must have been read before `other`.
    #[must_use]
    pub fn parted_from(&self, other: &Self) -> Option<Parting> {
        if self.system != other.system {
            let systems = [self.system.clone(), other.system.clone()];
            return Some(Parting::Stranger { systems });
        }
        let (mine, theirs) = (self.line(), other.line());
        let (mine, theirs) = from_common(&mine, &theirs)?;
        let fork = fork(mine, theirs, other.is_standby)?;
        Some(Parting::Fork {
            fork,
            reached: *mine.last()?,
            other: other.timeline,
        })
    }

    /// Up to where the bytes of both logs tell whether two servers were promoted apart at the same position, which their
    /// histories do not. Only a primary has written all its log itself.
    #[must_use]
    pub fn compares_with(&self, other: &Self) -> Option<Lsn> {
        let alike = (&self.past, self.timeline) == (&other.past, other.timeline);
        (alike && !self.is_standby && !self.past.is_empty()).then(|| self.at.min(other.at))
    }

    /// Why this server cannot follow another one with the same history and log of its own.
    #[must_use]
    pub fn parted_since_promotion(&self) -> Option<Parting> {
        let (timeline, end) = (self.timeline, self.at);
        Some(Parting::Fork {
            fork: *self.past.last()?,
            reached: Stretch { timeline, end },
            other: timeline,
        })
    }
}

/// A digest of the log in the segment of `end`, up to there. `None` if the server does not have the segment.
///
/// # Errors
/// The server's error.
pub async fn log_digest(
    reader: &Reader,
    timeline: i32,
    end: Lsn,
) -> Result<Option<String>, ServerError> {
    let sql = format!(
        "WITH s AS (SELECT pg_catalog.pg_wal_lsn_diff('{end}', '0/0') AS at, \
             pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size'))::pg_catalog.numeric AS size), \
         n AS (SELECT s.*, pg_catalog.div(at - 1, size) AS segment, pg_catalog.div(4294967296, size) AS per FROM s) \
         SELECT pg_catalog.md5(pg_catalog.pg_read_binary_file('pg_wal/{timeline:08X}' || pg_catalog.upper( \
             pg_catalog.lpad(pg_catalog.to_hex(pg_catalog.div(segment, per)::pg_catalog.int8), 8, '0') || \
             pg_catalog.lpad(pg_catalog.to_hex(pg_catalog.mod(segment, per)::pg_catalog.int8), 8, '0')), \
             0, (at - segment * size)::pg_catalog.int8, true)) FROM n"
    );
    Ok(reader.query_one(&sql, &[]).await?.get(0))
}

/// Both histories from the oldest timeline that both know. A history file may be gone.
fn from_common<'a>(
    mine: &'a [Stretch],
    theirs: &'a [Stretch],
) -> Option<(&'a [Stretch], &'a [Stretch])> {
    let at = |of: &[Stretch], timeline| of.iter().position(|it| it.timeline == timeline);
    match at(theirs, mine.first()?.timeline) {
        Some(skipped) => Some((mine, &theirs[skipped..])),
        None => Some((&mine[at(mine, theirs.first()?.timeline)?..], theirs)),
    }
}

/// The last position that both have, if `mine` goes on from there in a way of its own.
fn fork(mine: &[Stretch], theirs: &[Stretch], may_receive: bool) -> Option<Stretch> {
    let mut common = None;
    for (at, (my, their)) in mine.iter().zip(theirs).enumerate() {
        if my.timeline != their.timeline {
            return common;
        }
        let (mine_is_open, theirs_is_open) = (at + 1 == mine.len(), at + 1 == theirs.len());
        if mine_is_open && my.end <= their.end {
            return None;
        }
        if theirs_is_open && their.end <= my.end && may_receive {
            return None;
        }
        let end = my.end.min(their.end);
        common = Some(Stretch { end, ..*my });
        if my.end != their.end || mine_is_open || theirs_is_open {
            return common;
        }
    }
    None
}

impl Parting {
    /// Whether `pg_rewind` can take the server back to the fork. It compares the numbers of timelines.
    #[must_use]
    pub fn can_rewind(&self) -> bool {
        matches!(self, Self::Fork { reached, other, .. } if reached.timeline != *other)
    }

    /// In words, for a server and the one that it cannot follow.
    #[must_use]
    pub fn told(&self, node: &str, from: &str) -> String {
        match self {
            Self::Stranger {
                systems: [own, other],
            } => format!(
                "`{node}` is no copy of `{from}`: its system identifier is {own}, that of `{from}` is {other}"
            ),
            Self::Fork { fork, reached, .. } => {
                let beyond = if reached.timeline == fork.timeline {
                    format!("{} B beyond it", reached.end.bytes_ahead_of(fork.end))
                } else {
                    format!("now at {} on timeline {}", reached.end, reached.timeline)
                };
                format!(
                    "`{node}` has diverged from `{from}`: their histories fork at {} on timeline {}, and `{node}` is {beyond}",
                    fork.end, fork.timeline
                )
            }
        }
    }
}

#[cfg(test)]
mod tests;
