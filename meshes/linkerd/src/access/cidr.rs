//! Networks of IP addresses.

use std::net::IpAddr;
use std::str::FromStr;

/// An IP network, such as `10.0.0.0/8`, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    address: IpAddr,
    length: u32,
}

impl Cidr {
    /// Returns `true` if `address` is in the network. An address of the other IP version never is.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - self.length).unwrap_or_default();
                (network.to_bits() ^ address.to_bits()) & mask == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - self.length).unwrap_or_default();
                (network.to_bits() ^ address.to_bits()) & mask == 0
            }
            _ => false,
        }
    }

    /// Returns `true` if this network contains all addresses of `other`.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.length <= other.length && self.contains(other.address)
    }

    /// Returns `true` if the address has no host bits.
    pub(super) fn is_canonical(self) -> bool {
        match self.address {
            IpAddr::V4(address) => address.to_bits().checked_shl(self.length).unwrap_or_default() == 0,
            IpAddr::V6(address) => address.to_bits().checked_shl(self.length).unwrap_or_default() == 0,
        }
    }
}

/// Parses `ADDRESS` or `ADDRESS/LENGTH`.
impl FromStr for Cidr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || format!("`{text}` is not a network");
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => longest,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().map_err(|_| invalid())?,
            Some(_) => return Err(invalid()),
        };
        if length > longest {
            return Err(invalid());
        }
        Ok(Self { address, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    fn contains(network: &str, address: &str) -> bool {
        cidr(network).contains(address.parse().unwrap())
    }

    #[test]
    fn contains_addresses_of_the_same_ip_version() {
        assert!(contains("10.0.0.0/8", "10.255.0.1") && !contains("10.0.0.0/8", "11.0.0.0"));
        assert!(contains("10.1.2.3", "10.1.2.3") && !contains("10.1.2.3", "10.1.2.2"));
        assert!(contains("0.0.0.0/0", "203.0.113.9") && !contains("0.0.0.0/0", "::1"));
        assert!(contains("::/0", "::1") && !contains("::/0", "127.0.0.1"));
        assert!(contains("fd00::/8", "fdff::1") && !contains("fd00::/8", "fe80::1"));
        assert!(contains("::1/128", "::1") && !contains("::1/128", "::2"));
    }

    #[test]
    fn covers_smaller_networks() {
        assert!(cidr("10.0.0.0/8").covers(cidr("10.1.0.0/16")));
        assert!(cidr("10.0.0.0/8").covers(cidr("10.0.0.0/8")));
        assert!(!cidr("10.0.0.0/8").covers(cidr("0.0.0.0/0")));
        assert!(!cidr("10.0.0.0/8").covers(cidr("192.168.0.0/16")));
        assert!(!cidr("0.0.0.0/0").covers(cidr("::1")));
    }

    #[test]
    fn rejects_invalid_networks() {
        for text in [
            "",
            "nonsense",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/x",
        ] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
    }

    #[test]
    fn detects_host_bits() {
        assert!(cidr("10.0.0.0/8").is_canonical() && cidr("10.1.2.3").is_canonical() && cidr("::/0").is_canonical());
        assert!(
            !cidr("10.1.0.0/8").is_canonical() && !cidr("::1/64").is_canonical() && !cidr("1.0.0.0/0").is_canonical()
        );
    }
}
