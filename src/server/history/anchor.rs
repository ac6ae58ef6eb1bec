//! Records by which two timelines of the same number are told apart: the first one of the timeline, into which a promotion
//! writes the time, and the first one of each segment, for the log of the promotion may be gone.

use crate::server::client::Reader;
use crate::server::lsn::Lsn;
use crate::server::server_error::ServerError;

/// The beginning of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Where it is.
    pub at: Lsn,
    /// Its bytes, as hexadecimal digits.
    pub bytes: String,
}

/// Bytes of a page of the log (manual: "Preset Options", `wal_block_size`).
const PAGE: u64 = 8192;

/// Bytes of the header of a page, and of a segment's first page.
const PAGE_HEADER: usize = 24;
const SEGMENT_HEADER: usize = 40;

/// Bytes of a record's header. The check sum of the whole record is at its end.
const RECORD_HEADER: usize = 24;

/// The most bytes of a record, and the most segments that are compared.
const MOST: usize = 80;
const SEGMENTS: usize = 32;

/// The anchors of a timeline that began at `fork`, of a server that has come to `end`.
///
/// # Errors
/// The server's error.
pub(super) async fn read(
    reader: &Reader,
    timeline: i32,
    fork: Lsn,
    end: Lsn,
) -> Result<Vec<Anchor>, ServerError> {
    let sql = format!(
        "WITH s AS (SELECT pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size')) AS size), \
         w AS (SELECT w.name FROM pg_catalog.pg_ls_waldir() AS w WHERE w.name ~ '^{timeline:08X}[0-9A-F]{{16}}$' \
             ORDER BY w.name) \
         SELECT s.size, w.name, pg_catalog.pg_read_binary_file('pg_wal/' || w.name, 0, 128, true), \
             CASE WHEN f.at >= 0 AND f.at < s.size THEN pg_catalog.pg_read_binary_file('pg_wal/' || w.name, f.at, {PAGE} + 128, true) END \
         FROM s CROSS JOIN w CROSS JOIN LATERAL (SELECT (pg_catalog.pg_wal_lsn_diff('{page}', '0/0') \
             - (('x' || pg_catalog.substr(w.name, 9, 8))::pg_catalog.bit(32)::pg_catalog.int8 * 4294967296 \
             + ('x' || pg_catalog.substr(w.name, 17))::pg_catalog.bit(32)::pg_catalog.int8 * s.size))::pg_catalog.int8 AS at) AS f",
        page = Lsn(fork.0 / PAGE * PAGE),
    );
    let rows = reader.query(&sql, &[]).await?;
    let mut found = Vec::new();
    for row in &rows {
        let size: i64 = row.get(0);
        let size = u64::try_from(size).unwrap_or(1 << 24);
        let Some(start) = start(row.get(1), size) else {
            continue;
        };
        let (head, page): (Option<&[u8]>, Option<&[u8]>) = (row.get(2), row.get(3));
        found.extend(page.and_then(|page| first(page, fork, end, size)));
        // The part before the fork is a copy.
        if start > fork.0 {
            found.extend(head.and_then(|head| record(head, start, SEGMENT_HEADER, end)));
        }
    }
    let many = found.len().saturating_sub(SEGMENTS);
    found.drain(..many);
    Ok(found)
}

/// The first position of a segment, by the name of its file.
fn start(file: &str, size: u64) -> Option<u64> {
    let part = |range| u64::from_str_radix(file.get(range)?, 16).ok();
    Some((part(8..16)? << 32) + part(16..24)? * size)
}

/// The first record of a timeline, in the bytes from the page of its beginning on.
fn first(page: &[u8], fork: Lsn, end: Lsn, size: u64) -> Option<Anchor> {
    let address = fork.0 / PAGE * PAGE;
    let offset = match fork.0 {
        at if at % size == 0 => SEGMENT_HEADER,
        at if at % PAGE == 0 => PAGE_HEADER,
        at => usize::try_from(at - address).ok()?,
    };
    record(page, address, offset, end)
}

/// The record at an offset of a page at this position, or the rest of one that began before.
fn record(page: &[u8], address: u64, offset: usize, end: Lsn) -> Option<Anchor> {
    let number = |at: usize| Some(u32::from_le_bytes(page.get(at..at + 4)?.try_into().ok()?));
    // A file that waits to be used again has the address that it had before.
    let written = u64::from_le_bytes(page.get(8..16)?.try_into().ok()?);
    if written != address {
        return None;
    }
    let rest = if offset == SEGMENT_HEADER {
        number(16)?
    } else {
        0
    };
    let length = match rest {
        0 => usize::try_from(number(offset)?).ok()?,
        rest => usize::try_from(rest).ok()?,
    };
    if rest == 0 && length < RECORD_HEADER {
        return None;
    }
    let length = length.min(MOST);
    let at = address + offset as u64;
    let bytes = page.get(offset..offset + length)?;
    (at + length as u64 <= end.0).then(|| Anchor {
        at: Lsn(at),
        bytes: hex(bytes),
    })
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.map(|half| DIGITS[usize::from(half)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of the log from that position on, with a record of that length and content.
    fn log(address: u64, offset: usize, length: u32, content: u8) -> Vec<u8> {
        let mut log = vec![0; 8192 + 128];
        log[8..16].copy_from_slice(&address.to_le_bytes());
        log[offset..offset + 4].copy_from_slice(&length.to_le_bytes());
        log[offset + 4..offset + length as usize].fill(content);
        log
    }

    const SIZE: u64 = 16 << 20;
    const FAR: Lsn = Lsn(u64::MAX);

    #[test]
    fn the_first_record_of_a_timeline_is_found_after_the_headers() {
        let address = 0x0400_2000;
        let found = first(&log(address, 0x28, 50, 7), Lsn(address + 0x28), FAR, SIZE);
        let found = found.expect("a record");
        assert_eq!((found.at, found.bytes.len()), (Lsn(address + 0x28), 100));
        assert!(found.bytes.starts_with("3200000007"));
        // At the beginning of a page, and of a segment.
        let found = first(&log(address, 24, 50, 7), Lsn(address), FAR, SIZE);
        assert_eq!(found.expect("a record").at, Lsn(address + 24));
        let found = first(&log(0x0400_0000, 40, 50, 7), Lsn(0x0400_0000), FAR, SIZE);
        assert_eq!(found.expect("a record").at, Lsn(0x0400_0028));
    }

    #[test]
    fn a_segment_begins_with_a_record_or_with_the_rest_of_one() {
        let start = start("00000002000000010000000F", SIZE).expect("a position");
        assert_eq!(start, 0x0001_0F00_0000);
        let mut head = log(start, 40, 114, 7);
        let found = record(&head, start, SEGMENT_HEADER, FAR).expect("a record");
        assert_eq!((found.at, found.bytes.len()), (Lsn(start + 40), 2 * MOST));
        head[16] = 9;
        let found = record(&head, start, SEGMENT_HEADER, FAR).expect("a rest");
        assert_eq!(found.bytes, "720000000707070707");
    }

    #[test]
    fn a_record_that_is_not_there_is_none() {
        let address = 0x0400_2000;
        let written = log(address, 0x28, 50, 7);
        let fork = Lsn(address + 0x28);
        assert_eq!(first(&written, fork, Lsn(fork.0 + 49), SIZE), None);
        assert_eq!(first(&log(0x0100_2000, 0x28, 50, 7), fork, FAR, SIZE), None);
        assert_eq!(first(&log(address, 0x28, 4, 7), fork, FAR, SIZE), None);
        assert_eq!(first(&written[..0x30], fork, FAR, SIZE), None);
        assert_eq!(first(&[], fork, FAR, SIZE), None);
    }
}
