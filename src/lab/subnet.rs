//! The subnet of a lab's network.
//!
//! Docker's own pools end after about thirty networks, so a lab asks for a small subnet of its own range. The same lab
//! gets the same subnet if it is free. With fixed addresses, a node that is stopped and started by hand also keeps the
//! address that `pg_hba.conf` names.

use std::net::Ipv4Addr;

/// A network's addresses: the first one and the length of the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subnet {
    first: u32,
    prefix: u8,
}

/// The range of all labs' subnets: 10.213.0.0/16.
const RANGE: Subnet = Subnet {
    first: 0x0AD5_0000,
    prefix: 16,
};

impl Subnet {
    /// Reads CIDR notation.
    #[must_use]
    pub fn parse(cidr: &str) -> Option<Self> {
        let (address, prefix) = cidr.split_once('/')?;
        let prefix: u8 = prefix.parse().ok().filter(|prefix| *prefix <= 32)?;
        let address: Ipv4Addr = address.parse().ok()?;
        Some(Self {
            first: u32::from(address) & mask(prefix),
            prefix,
        })
    }

    /// Number of addresses in it.
    fn len(self) -> u64 {
        1 << (32 - u32::from(self.prefix))
    }

    /// Whether they share an address.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        let shorter = mask(self.prefix.min(other.prefix));
        self.first & shorter == other.first & shorter
    }

    /// The address of the host at `index`, after the addresses of the network and the gateway.
    #[must_use]
    pub fn host(self, index: usize) -> Option<Ipv4Addr> {
        let offset = u32::try_from(index).ok()?.checked_add(2)?;
        (u64::from(offset) + 1 < self.len()).then(|| Ipv4Addr::from(self.first + offset))
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.first), self.prefix)
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

/// The subnets to try, in order: those of the range that overlap with none in `taken`. The first one depends on the lab's
/// name alone.
pub fn candidates(lab: &str, nodes: usize, taken: &[Subnet]) -> impl Iterator<Item = Subnet> {
    // Network, gateway and broadcast have an address each.
    let wanted = u64::try_from(nodes)
        .unwrap_or(u64::MAX)
        .saturating_add(8)
        .next_power_of_two()
        .clamp(32, RANGE.len());
    let prefix = 32 - u8::try_from(wanted.trailing_zeros()).unwrap_or(16);
    let count = u32::try_from(RANGE.len() / wanted).unwrap_or(1);
    let start = place(lab) % count;
    let taken = taken.to_vec();
    (0..count)
        .map(move |step| {
            let index = (start + step) % count;
            Subnet {
                first: RANGE.first + index * u32::try_from(wanted).unwrap_or(0),
                prefix,
            }
        })
        .filter(move |subnet| !taken.iter().any(|other| other.overlaps(*subnet)))
}

/// FNV-1a. Unlike the standard library's hash it is the same on every machine and in every version.
fn place(name: &str) -> u32 {
    name.bytes().fold(0x811C_9DC5, |hash: u32, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// The subnets that this host routes. None where the engine is on another host, or where the host is not Linux: the engine's
/// own check remains.
#[must_use]
pub fn of_this_host() -> Vec<Subnet> {
    let table = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    host_routes(&table)
}

/// The subnets that the host itself routes, from `/proc/net/route`. A lab must not hide them.
#[must_use]
fn host_routes(table: &str) -> Vec<Subnet> {
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let number = |at: usize| {
                u32::from_str_radix(fields.get(at)?, 16)
                    .ok()
                    .map(u32::swap_bytes)
            };
            let (first, mask) = (number(1)?, number(7)?);
            // The default route covers everything, so it does not count.
            (mask != 0).then(|| Subnet {
                first,
                prefix: u8::try_from(mask.leading_ones()).unwrap_or(32),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(lab: &str, nodes: usize, taken: &[&str]) -> String {
        let taken: Vec<_> = taken
            .iter()
            .filter_map(|cidr| Subnet::parse(cidr))
            .collect();
        candidates(lab, nodes, &taken)
            .next()
            .expect("a free subnet")
            .to_string()
    }

    #[test]
    fn the_same_lab_asks_for_the_same_subnet() {
        assert_eq!(
            first("physical-sync", 2, &[]),
            first("physical-sync", 2, &[])
        );
        assert_ne!(
            first("physical-sync", 2, &[]),
            first("physical-async", 2, &[])
        );
    }

    #[test]
    fn a_taken_subnet_is_passed_over() {
        let own = first("physical-sync", 2, &[]);
        assert_ne!(first("physical-sync", 2, &[&own]), own);
        assert_eq!(
            candidates("a", 2, &[Subnet::parse("10.0.0.0/8").expect("a subnet")]).next(),
            None
        );
    }

    #[test]
    fn there_is_room_for_two_thousand_labs() {
        assert_eq!(candidates("a", 2, &[]).count(), 2048);
    }

    #[test]
    fn every_node_gets_an_address_of_its_own() {
        let subnet = candidates("a", 100, &[]).next().expect("a subnet");
        let mut addresses: Vec<_> = (0..100)
            .map(|index| subnet.host(index).expect("an address"))
            .collect();
        addresses.dedup();
        assert_eq!(addresses.len(), 100);
        assert_eq!(
            Subnet::parse("10.0.0.0/30").and_then(|subnet| subnet.host(1)),
            None
        );
    }

    #[test]
    fn the_hosts_routes_are_read_and_the_default_route_takes_nothing() {
        let table = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n\
                     eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
                     docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n";
        let routes: Vec<_> = host_routes(table)
            .into_iter()
            .map(|subnet| subnet.to_string())
            .collect();
        assert_eq!(routes, ["172.17.0.0/16"]);
    }
}
