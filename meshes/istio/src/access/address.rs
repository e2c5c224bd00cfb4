//! IP addresses and CIDR blocks.

use super::not_modelled;
use smi_conformance::NotModelledError;
use std::net::IpAddr;

/// Returns `true` if `ip` is in `block`, which is written like `10.0.0.0/8` or as a single address. Blocks of IPv4 contain
/// no IPv6 addresses.
pub(super) fn is_in(block: &str, ip: IpAddr) -> Result<bool, NotModelledError> {
    let unclear = || not_modelled(format!("the block of addresses `{block}`"));
    let (address, length) = match block.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (block, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return unclear();
    };
    if [address, ip].iter().any(|ip| ip.to_canonical() != *ip) {
        return not_modelled("an IPv4 address written as IPv6");
    }
    let width = if address.is_ipv4() { 32 } else { 128 };
    let length = match length.map(str::parse::<u32>) {
        None => width,
        Some(Ok(length)) if length <= width => length,
        Some(_) => return unclear(),
    };
    Ok(address.is_ipv4() == ip.is_ipv4() && (bits(address) ^ bits(ip)).checked_shr(width - length).unwrap_or(0) == 0)
}

fn bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_contain_addresses_with_their_prefix() {
        for (block, ip, answer) in [
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("10.0.0.0/8", "10.9.9.9", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.1.2.3/8", "10.9.9.9", true),
            ("10.1.2.2/31", "10.1.2.3", true),
            ("0.0.0.0/0", "10.1.2.3", true),
            ("0.0.0.0/0", "fd00::1", false),
            ("::/0", "fd00::1", true),
            ("::/0", "10.1.2.3", false),
            ("fd00::/16", "fd00::1", true),
            ("fd00::/16", "fd01::1", false),
        ] {
            assert_eq!(is_in(block, ip.parse().unwrap()), Ok(answer), "{block} {ip}");
        }
        for block in ["", "a", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::ffff:10.0.0.1"] {
            assert!(is_in(block, "10.0.0.1".parse().unwrap()).is_err(), "{block}");
        }
    }
}
