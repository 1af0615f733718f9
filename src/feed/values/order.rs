//! The order of lists: what belongs together stands together.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::stix::ioc::Kind;

/// Octets of [`Key::head`].
const HEAD: usize = 16;

/// What a value sorts by: its kind, what is sound before what is not, then addresses by number, names by their labels from the right, URLs by
/// what stands behind the scheme. Values of one key belong together and are never torn apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// The first octets, filled up with zeros: they tell nearly all keys apart, and no pointer is followed for them.
    head: [u8; HEAD],
    rest: Box<[u8]>,
    /// Tells zeros from none.
    length: u32,
}

impl Key {
    /// The key of a value.
    pub(super) fn of(kind: Kind, value: &str, sound: bool) -> Self {
        let mut octets = Vec::with_capacity(value.len() + 4);
        octets.push(kind as u8);
        octets.push(u8::from(!sound));
        push(kind, value, sound, &mut octets);
        let (first, rest) = octets.split_at(octets.len().min(HEAD));
        let mut head = [0; HEAD];
        head.iter_mut().zip(first).for_each(|(to, octet)| *to = *octet);
        Self { head, rest: rest.into(), length: u32::try_from(octets.len()).unwrap_or(u32::MAX) }
    }

    /// Whether both are of values of one kind.
    pub(super) fn is_of_kind(&self, other: &Self) -> bool {
        self.head[0] == other.head[0]
    }
}

fn push(kind: Kind, value: &str, sound: bool, key: &mut Vec<u8>) {
    match kind {
        _ if !sound => key.extend_from_slice(value.as_bytes()),
        Kind::Ipv4 | Kind::Ipv6 => value.parse().into_iter().for_each(|address| push_address(address, key)),
        Kind::Network => value.parse::<IpNet>().into_iter().for_each(|network| {
            key.push(network.max_prefix_len());
            push_address(network.addr(), key);
            key.push(network.prefix_len());
        }),
        Kind::Domain => push_name(value, key),
        Kind::Email => {
            let (local, domain) = value.rsplit_once('@').unwrap_or((value, ""));
            push_name(domain, key);
            key.extend_from_slice(local.as_bytes());
        }
        Kind::Url => key.extend_from_slice(behind_scheme(value).as_bytes()),
        Kind::Asn => key.extend(value.parse::<u32>().unwrap_or_default().to_be_bytes()),
        _ => key.extend_from_slice(value.as_bytes()),
    }
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_belongs_together_stands_together() {
        let sorted = |kind, values: &[&str]| {
            let mut sorted = values.to_vec();
            sorted.sort_by_key(|value| Key::of(kind, value, true));
            sorted == values
        };
        assert!(sorted(Kind::Ipv4, &["1.2.3.4", "9.0.0.0", "10.0.0.0"]));
        assert!(sorted(Kind::Network, &["9.0.0.0/8", "10.0.0.0/8", "10.0.0.0/9", "2001:db8::/32"]));
        assert!(sorted(Kind::Domain, &["evil.example", "a.evil.example", "b.a.evil.example", "b.evil.example", "evil-a.example"]));
        assert!(sorted(Kind::Url, &["https://a.example/1", "http://a.example/2", "http://b.example/"]));
        assert!(sorted(Kind::Asn, &["9", "10"]));
        assert_eq!(Key::of(Kind::Url, "https://a.example/", true), Key::of(Kind::Url, "http://a.example/", true));
        let key = |kind, value| Key::of(kind, value, value != "0");
        assert!(key(Kind::Ipv4, "9.9.9.9") < key(Kind::Ipv4, "0") && key(Kind::Ipv4, "0") < key(Kind::Ipv6, "::"));
    }

    proptest! {
        #[test]
        fn keys_sort_like_their_octets(one in "[\\x00a]{0,20}", other in "[\\x00a]{0,20}") {
            let key = |text| Key::of(Kind::Mutex, text, true);
            prop_assert_eq!(key(&one).cmp(&key(&other)), one.cmp(&other));
        }
    }
}
