//! The order of lists: what belongs together stands together.

use std::borrow::Cow;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::stix::ioc::Kind;

/// Octets of a [`Head`].
const HEAD: usize = 24;

/// The first octets of a key, filled up with zeros: they tell nearly all keys apart, and no pointer is followed for them. As numbers, which
/// compare quickly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Head([u64; HEAD / 8]);

/// What a value sorts by: its kind, what is sound before what is not, then addresses by number, names by their labels from the right, URLs by
/// what stands behind the scheme. Values of one key belong together and are never torn apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<'v> {
    pub(super) head: Head,
    rest: Cow<'v, [u8]>,
    /// Tells zeros from none.
    length: usize,
}

impl<'v> Key<'v> {
    /// The key of a value.
    pub(super) fn of(kind: Kind, value: &'v str, sound: bool) -> Self {
        let octets = if sound { octets(kind, value) } else { value.as_bytes().into() };
        let head = Head::of([kind as u8, u8::from(!sound)], &octets);
        let (length, in_head) = (octets.len(), octets.len().min(HEAD - 2));
        let rest = match octets {
            Cow::Borrowed(octets) => octets.get(in_head..).unwrap_or_default().into(),
            Cow::Owned(mut octets) => octets.split_off(in_head).into(),
        };
        Self { head, rest, length }
    }

    /// The same key without its value.
    pub(super) fn into_owned(self) -> Key<'static> {
        Key { rest: self.rest.into_owned().into(), ..self }
    }
}

impl Head {
    fn of(sorts: [u8; 2], octets: &[u8]) -> Self {
        let mut head = [0; HEAD];
        let (first, rest) = head.split_at_mut(sorts.len());
        first.copy_from_slice(&sorts);
        let length = octets.len().min(rest.len());
        rest[..length].copy_from_slice(&octets[..length]);
        let (numbers, _) = head.as_chunks();
        Self(std::array::from_fn(|at| numbers.get(at).copied().map_or(0, u64::from_be_bytes)))
    }

    /// Whether both are of values of one kind.
    pub(super) fn is_of_kind(self, other: Self) -> bool {
        self.0[0] >> 56 == other.0[0] >> 56
    }
}

/// Octets by which sound values of a kind sort.
fn octets(kind: Kind, value: &str) -> Cow<'_, [u8]> {
    match kind {
        Kind::Ipv4 | Kind::Ipv6 => value.parse().map(octets_of).unwrap_or_default().into(),
        Kind::Network => {
            let network = |network: IpNet| [&[network.max_prefix_len()], &*octets_of(network.addr()), &[network.prefix_len()]].concat();
            value.parse().map(network).unwrap_or_default().into()
        }
        Kind::Domain => labels(value).into(),
        Kind::Email => {
            let (local, domain) = value.rsplit_once('@').unwrap_or((value, ""));
            let mut octets = labels(domain);
            octets.extend_from_slice(local.as_bytes());
            octets.into()
        }
        Kind::Url => behind_scheme(value).as_bytes().into(),
        Kind::Asn => value.parse::<u32>().unwrap_or_default().to_be_bytes().to_vec().into(),
        _ => value.as_bytes().into(),
    }
}

/// A URL without its scheme.
pub(super) fn behind_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

fn octets_of(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// The labels of a name from the right, each with an end.
fn labels(name: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(name.len() + 1);
    for label in name.rsplit('.') {
        octets.extend_from_slice(label.as_bytes());
        octets.push(0);
    }
    octets
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
        let key = |kind, value: &'static str| Key::of(kind, value, value != "0");
        assert!(key(Kind::Ipv4, "9.9.9.9") < key(Kind::Ipv4, "0") && key(Kind::Ipv4, "0") < key(Kind::Ipv6, "::"));
    }

    proptest! {
        #[test]
        fn keys_sort_like_their_octets(one in "[\\x00a]{0,30}", other in "[\\x00a]{0,30}") {
            prop_assert_eq!(Key::of(Kind::Mutex, &one, true).cmp(&Key::of(Kind::Mutex, &other, true)), one.cmp(&other));
        }
    }
}
