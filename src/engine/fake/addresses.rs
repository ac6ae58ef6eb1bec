//! Addresses as Docker hands them out.

use std::net::Ipv4Addr;

/// A block of IPv4 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Subnet {
    base: u32,
    prefix: u32,
}

impl Subnet {
    /// `172.18.0.0/16`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (base, prefix) = text.split_once('/')?;
        let base: Ipv4Addr = base.parse().ok()?;
        let prefix = prefix
            .parse()
            .ok()
            .filter(|prefix| (1..=30).contains(prefix))?;
        Some(Self::new(base.into(), prefix))
    }

    fn new(base: u32, prefix: u32) -> Self {
        Self {
            base: base & (u32::MAX << (32 - prefix)),
            prefix,
        }
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        let wider = self.prefix.min(other.prefix);
        Self::new(self.base, wider) == Self::new(other.base, wider)
    }

    pub(super) fn contains(self, address: Ipv4Addr) -> bool {
        Self::new(address.into(), self.prefix) == self
    }

    /// Docker takes the first for itself.
    pub(super) fn gateway(self) -> Ipv4Addr {
        Ipv4Addr::from(self.base + 1)
    }

    /// What is there for containers, in the order in which it is given.
    pub(super) fn hosts(self) -> impl Iterator<Item = Ipv4Addr> {
        let last = self.base | (u32::MAX >> self.prefix);
        (self.base + 2..last).map(Ipv4Addr::from)
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.base), self.prefix)
    }
}

/// Docker's default pools, without the one that its own bridge has: thirty networks and no more.
pub(super) fn pools() -> impl Iterator<Item = Subnet> {
    let large = (18..=31).map(|second| Subnet::new(Ipv4Addr::new(172, second, 0, 0).into(), 16));
    let small = (0..16).map(|block| Subnet::new(Ipv4Addr::new(192, 168, block * 16, 0).into(), 20));
    large.chain(small)
}
