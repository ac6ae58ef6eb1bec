//! Assigns addresses in Docker's way.

use std::net::Ipv4Addr;

/// The addresses of one subnet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    base: u32,
    prefix: u32,
}

impl Block {
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

    /// The host's address: the first one.
    pub(super) fn gateway(self) -> Ipv4Addr {
        Ipv4Addr::from(self.base + 1)
    }

    /// The addresses for containers, in the order in which Docker assigns them.
    pub(super) fn hosts(self) -> impl Iterator<Item = Ipv4Addr> {
        let last = self.base | (u32::MAX >> self.prefix);
        (self.base + 2..last).map(Ipv4Addr::from)
    }
}

impl std::fmt::Display for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.base), self.prefix)
    }
}

/// Docker's default pools without the one of its own bridge: room for thirty networks.
pub(super) fn pools() -> impl Iterator<Item = Block> {
    let large = (18..=31).map(|second| Block::new(Ipv4Addr::new(172, second, 0, 0).into(), 16));
    let small = (0..16).map(|block| Block::new(Ipv4Addr::new(192, 168, block * 16, 0).into(), 20));
    large.chain(small)
}
