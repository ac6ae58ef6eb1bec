//! The network that a lab asks for.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// The lab's network.
#[derive(Debug, Clone, PartialEq, Eq, Default, JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "snake_case")]
pub struct NetworkChoice {
    /// Its IPv4 subnet in CIDR notation. Default: a free one of 10.213.0.0/16.
    pub subnet: Option<SubnetChoice>,
}

/// An IPv4 subnet that has room for a network, its gateway and two hosts: `10.9.0.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubnetChoice {
    first: Ipv4Addr,
    bits: u8,
}

/// The longest and the shortest prefix. Docker takes no shorter one for a bridge.
const BITS: std::ops::RangeInclusive<u8> = 8..=29;

/// The addresses that are no host's: that of the network, the gateway's and the broadcast's.
const RESERVED: u32 = 3;

impl SubnetChoice {
    /// Number of hosts beside the gateway.
    #[must_use]
    pub fn hosts(self) -> u32 {
        (1 << (32 - u32::from(self.bits))) - RESERVED
    }
}

/// Why a text is no subnet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubnetError {
    /// It is not of the form.
    #[error("an IPv4 subnet is written as `10.9.0.0/24`")]
    Form,
    /// The prefix is too long or too short.
    #[error("after the `/` comes a number from 8 to 29")]
    Bits,
    /// The address has bits after the prefix.
    #[error("the address is not the first of its subnet: `{0}/{1}` is")]
    Inside(Ipv4Addr, u8),
    /// No host may have such an address.
    #[error("no host has an address of {0}")]
    Reserved(&'static str),
}

impl FromStr for SubnetChoice {
    type Err = SubnetError;

    fn from_str(given: &str) -> Result<Self, SubnetError> {
        let (address, bits) = given.split_once('/').ok_or(SubnetError::Form)?;
        let address: Ipv4Addr = address.parse().map_err(|_| SubnetError::Form)?;
        let is_number = bits.bytes().all(|byte| byte.is_ascii_digit());
        let bits: u8 = bits.parse().map_err(|_| SubnetError::Bits)?;
        if !is_number || !BITS.contains(&bits) {
            return Err(SubnetError::Bits);
        }
        let first = Ipv4Addr::from(u32::from(address) & (u32::MAX << (32 - u32::from(bits))));
        if first != address {
            return Err(SubnetError::Inside(first, bits));
        }
        match first.octets()[0] {
            0 => Err(SubnetError::Reserved("0.0.0.0/8, which is no network's")),
            127 => Err(SubnetError::Reserved("127.0.0.0/8, which is a host's own")),
            224.. => Err(SubnetError::Reserved(
                "224.0.0.0/3, which is for groups and reserved",
            )),
            _ => Ok(Self { first, bits }),
        }
    }
}

impl fmt::Display for SubnetChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

impl JsonSchema for SubnetChoice {
    fn schema_name() -> Cow<'static, str> {
        "Subnet".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An IPv4 subnet in CIDR notation: `10.9.0.0/24`.",
            "type": "string", "pattern": "^[0-9]{1,3}(\\.[0-9]{1,3}){3}/[0-9]{1,2}$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_is_read_or_refused_with_what_is_wrong() {
        let good: SubnetChoice = "10.9.0.0/24".parse().expect("a subnet");
        assert_eq!(
            (good.to_string().as_str(), good.hosts()),
            ("10.9.0.0/24", 253)
        );
        for (bad, why) in [
            ("10.9.0.0", "is written as `10.9.0.0/24`"),
            ("10.9.0/24", "is written as `10.9.0.0/24`"),
            ("fd00::/64", "is written as `10.9.0.0/24`"),
            ("10.9.0.0/30", "from 8 to 29"),
            ("10.9.0.0/+24", "from 8 to 29"),
            ("10.9.0.0/240000", "from 8 to 29"),
            ("10.9.0.7/24", "`10.9.0.0/24` is"),
            ("127.0.0.0/24", "a host's own"),
            ("239.0.0.0/8", "for groups"),
            ("0.0.0.0/8", "no network's"),
        ] {
            let error = bad.parse::<SubnetChoice>().expect_err(bad).to_string();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }
}
