//! The order of lists: what belongs together stands together.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::stix::ioc::Kind;

/// A key that sorts as the values do: by kind, what is sound before what is not, then addresses by number, names by their labels from the
/// right, URLs by what stands behind the scheme. Values of one key belong together and are never torn apart.
pub(super) fn key(kind: Kind, value: &str, sound: bool) -> Vec<u8> {
    let mut key = Vec::with_capacity(value.len() + 2);
    key.push(kind as u8);
    key.push(u8::from(!sound));
    match kind {
        _ if !sound => key.extend_from_slice(value.as_bytes()),
        Kind::Ipv4 | Kind::Ipv6 => value.parse().into_iter().for_each(|address| push_address(address, &mut key)),
        Kind::Network => value.parse::<IpNet>().into_iter().for_each(|network| {
            key.push(network.max_prefix_len());
            push_address(network.addr(), &mut key);
            key.push(network.prefix_len());
        }),
        Kind::Domain => push_name(value, &mut key),
        Kind::Email => {
            let (local, domain) = value.rsplit_once('@').unwrap_or((value, ""));
            push_name(domain, &mut key);
            key.extend_from_slice(local.as_bytes());
        }
        Kind::Url => key.extend_from_slice(behind_scheme(value).as_bytes()),
        Kind::Asn => key.extend(value.parse::<u32>().unwrap_or_default().to_be_bytes()),
        _ => key.extend_from_slice(value.as_bytes()),
    }
    key
}

/// A URL without its scheme.
pub(super) fn behind_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

fn push_address(address: IpAddr, key: &mut Vec<u8>) {
    match address {
        IpAddr::V4(address) => key.extend(address.octets()),
        IpAddr::V6(address) => key.extend(address.octets()),
    }
}

fn push_name(name: &str, key: &mut Vec<u8>) {
    for label in name.rsplit('.') {
        key.extend_from_slice(label.as_bytes());
        key.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_together_stands_together() {
        let sorted = |kind, values: &[&str]| {
            let mut sorted = values.to_vec();
            sorted.sort_by_key(|value| key(kind, value, true));
            sorted == values
        };
        assert!(sorted(Kind::Ipv4, &["1.2.3.4", "9.0.0.0", "10.0.0.0"]));
        assert!(sorted(Kind::Network, &["9.0.0.0/8", "10.0.0.0/8", "10.0.0.0/9", "2001:db8::/32"]));
        assert!(sorted(Kind::Domain, &["evil.example", "a.evil.example", "b.a.evil.example", "b.evil.example", "evil-a.example"]));
        assert!(sorted(Kind::Url, &["https://a.example/1", "http://a.example/2", "http://b.example/"]));
        assert!(sorted(Kind::Asn, &["9", "10"]));
        assert_eq!(key(Kind::Url, "https://a.example/", true), key(Kind::Url, "http://a.example/", true));
        assert!(key(Kind::Ipv4, "9.9.9.9", true) < key(Kind::Ipv4, "0", false) && key(Kind::Ipv4, "x", false) < key(Kind::Ipv6, "::", true));
    }
}
