//! Addresses and networks without those that lie within others of them.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{Item, LeftOut, sound};

/// An address or a network; an address is a network of one.
pub(super) fn network(item: &Item<'_>) -> Result<IpNet, LeftOut> {
    let value = sound(item)?;
    let address = || value.parse::<IpAddr>().map(IpNet::from);
    let network = value.parse::<IpNet>().or_else(|_| address()).map_err(|_| LeftOut)?;
    // A host bit would make it another network than the one that the value names.
    if network == network.trunc() { Ok(network) } else { Err(LeftOut) }
}

/// The networks that lie within no other, IPv4 before IPv6, by number.
pub(super) fn outermost(mut networks: Vec<IpNet>) -> Vec<IpNet> {
    networks.sort_unstable_by_key(|network| (network.addr(), network.prefix_len()));
    // What begins within a network and comes behind it lies within it altogether: networks do not overlap by halves.
    networks.dedup_by(|inner, outer| outer.contains(&*inner));
    networks
}

/// A network as it is written, an address without its prefix.
pub(super) fn written(network: &IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() { network.addr().to_string() } else { network.to_string() }
}

#[cfg(test)]
mod tests {
    use super::super::specimen::item;
    use super::*;
    use crate::stix::ioc::Kind;

    #[test]
    fn what_lies_within_another_goes() {
        let values = [
            "198.51.100.1",
            "203.0.113.7",
            "2001:db8::1",
            "198.51.100.0/25",
            "198.51.100.0/24",
            "198.51.101.0/24",
            "203.0.113.7/32",
            "2001:db8::/48",
            "2001:db8:1::/48",
        ];
        let networks = values.iter().map(|value| network(&item(Kind::Network, value)).unwrap()).collect();
        let kept: Vec<String> = outermost(networks).iter().map(written).collect();
        assert_eq!(kept, ["198.51.100.0/24", "198.51.101.0/24", "203.0.113.7", "2001:db8::/48", "2001:db8:1::/48"]);
    }

    #[test]
    fn what_is_none_is_left_out() {
        for value in ["", "198.51.100.1/24", "198.51.100.0/33", "198.51.100.1 # x", "198.051.100.1", "evil.example"] {
            assert_eq!(network(&item(Kind::Network, value)), Err(LeftOut), "{value}");
        }
        assert_eq!(network(&Item { sound: false, ..item(Kind::Ipv4, "198.51.100.1") }), Err(LeftOut));
    }
}
