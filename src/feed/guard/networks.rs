//! Listed addresses and networks, IPv4 and IPv6, and which of them lie around or within another.

use ipnet::IpNet;
use prefix_trie::joint::JointPrefixMap;

use super::words::{ListNumber, SetNumber, Sets};

/// So many listed networks within one that is asked about are looked at. It bounds what `0.0.0.0/0` costs; a list among the rest is not told.
const MOST_WITHIN: usize = 1000;

/// Networks with the sets of lists that hold them; an address is a network of one.
#[derive(Default)]
pub(super) struct Networks(JointPrefixMap<IpNet, SetNumber>);

impl Networks {
    /// Notes that `list` holds `network`, whose host bits are zero.
    pub(super) fn add(&mut self, network: IpNet, list: ListNumber, sets: &mut Sets) {
        let set = sets.with(self.0.get(&network).copied(), list);
        self.0.insert(network, set);
    }

    /// The listed networks that hold all of `network`, itself included, the widest first.
    pub(super) fn around(&self, network: &IpNet) -> Vec<(IpNet, SetNumber)> {
        self.0.cover(network).map(|(around, set)| (around, *set)).collect()
    }

    /// The first thousand listed networks within `network`, itself excluded.
    pub(super) fn within(&self, network: &IpNet) -> impl Iterator<Item = (IpNet, SetNumber)> {
        let alone = network.prefix_len() == network.max_prefix_len();
        let most = if alone { 0 } else { MOST_WITHIN };
        self.0.children(network).take(most).filter(move |(within, _)| within != network).map(|(within, set)| (within, *set))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All bits of a network's first address, IPv4 in its own half of the numbers, and how many of them count.
    fn bits(network: &IpNet) -> (bool, u128, u8) {
        match network {
            IpNet::V4(v4) => (false, u128::from(u32::from(v4.network())) << 96, v4.prefix_len()),
            IpNet::V6(v6) => (true, u128::from(v6.network()), v6.prefix_len()),
        }
    }

    /// Whether `outer` holds all of `inner`, as its definition says: the same first bits.
    fn holds(outer: &IpNet, inner: &IpNet) -> bool {
        let ((six, outer, length), (inner_six, inner, inner_length)) = (bits(outer), bits(inner));
        let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
        six == inner_six && length <= inner_length && outer & mask == inner & mask
    }

    /// Networks that often meet: few bits vary.
    fn network() -> impl Strategy<Value = IpNet> {
        let four = (0_u32..16, 0_u8..=32).prop_map(|(bits, length)| format!("{}/{length}", std::net::Ipv4Addr::from(bits << 28 | bits)));
        let six = (0_u128..16, 0_u8..=128).prop_map(|(bits, length)| format!("{}/{length}", std::net::Ipv6Addr::from(bits << 124 | bits)));
        prop_oneof![four, six].prop_map(|text| text.parse::<IpNet>().unwrap().trunc())
    }

    proptest! {
        #[test]
        fn containment_agrees_with_its_definition(listed in prop::collection::vec(network(), 0..20), asked in network()) {
            let (mut sets, mut networks) = (Sets::default(), Networks::default());
            for network in &listed {
                networks.add(*network, 0, &mut sets);
            }
            let expected = |which: &dyn Fn(&IpNet) -> bool| {
                let mut all: Vec<IpNet> = listed.iter().copied().filter(|network| which(network)).collect();
                all.sort();
                all.dedup();
                all
            };
            let mut around: Vec<IpNet> = networks.around(&asked).into_iter().map(|(network, _)| network).collect();
            let mut within: Vec<IpNet> = networks.within(&asked).map(|(network, _)| network).collect();
            prop_assert!(around.is_sorted_by_key(IpNet::prefix_len));
            around.sort();
            within.sort();
            prop_assert_eq!(around, expected(&|network| holds(network, &asked)));
            prop_assert_eq!(within, expected(&|network| holds(&asked, network) && *network != asked));
        }
    }
}
