//! Sets of addresses for nftables.

use ipnet::IpNet;

use super::outermost::{network, outermost, written};
use super::{ADDRESSES, About, File, Format, Item, LeftOut, Shape, Sum, introduce, put, tell_left_out};

/// The format.
///
/// It is made from all values at once. Networks of both families come together, so that line by line each would be a statement of its own, and nft
/// merges each with all elements before it: 20,000 take five seconds, 100,000 more than a minute, while one statement for each set takes one second.
/// Such a statement must not be empty, which is only known at the end. A variable may be, but nft 1.0.6 crashes when other statements follow it.
pub(super) struct Nftables;

/// Its one file.
const FILES: &[File] = &[File::text("nftables.nft", "sets of addresses for nftables", ADDRESSES)];

/// How it is loaded.
const HINTS: &[&str] = &[
    "Load: nft -f nftables.nft, as often as you like: what the sets hold is replaced in one step",
    "Use, in chains of the table inet taxiway: ip saddr @ipv4 drop; ip6 saddr @ipv6 drop; and the same with daddr",
];

/// What the table must have. Chains and rules that it has already stay, and so do the references to the sets, since no set is deleted.
const SETS: &str = "\
table inet taxiway {
	set ipv4 {
		type ipv4_addr
		flags interval
		auto-merge
	}
	set ipv6 {
		type ipv6_addr
		flags interval
		auto-merge
	}
}
flush set inet taxiway ipv4
flush set inet taxiway ipv6
";

impl Format for Nftables {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn shape(&self) -> Shape {
        Shape::Whole
    }

    fn whole(&self, about: &About<'_>, items: &mut dyn Iterator<Item = Item<'_>>, out: &mut String) -> Option<Sum> {
        self.file(about.file.name)?;
        let mut sum = Sum::default();
        let mut networks = Vec::new();
        for item in items {
            match network(&item) {
                Ok(network) => networks.push(network),
                Err(LeftOut) => sum.left_out += 1,
            }
        }
        sum.held = networks.len();
        introduce("#", about, HINTS, out);
        out.push_str(SETS);
        let networks = outermost(networks);
        let (four, six) = networks.split_at(networks.partition_point(|network| matches!(network, IpNet::V4(_))));
        elements("ipv4", four, out);
        elements("ipv6", six, out);
        tell_left_out("#", &sum, out);
        Some(sum)
    }
}

/// Fills a set.
fn elements(set: &str, networks: &[IpNet], out: &mut String) {
    if networks.is_empty() {
        return;
    }
    put(out, format_args!("add element inet taxiway {set} {{"));
    for network in networks {
        put(out, format_args!("{},", written(network)));
    }
    put(out, format_args!("}}"));
}

#[cfg(test)]
mod tests {
    use super::super::specimen::{HOSTILE, item, list, list_of};
    use super::*;
    use crate::stix::ioc::Kind;

    #[test]
    fn each_family_fills_its_set() {
        let items = [
            item(Kind::Ipv4, "198.51.100.1"),
            item(Kind::Ipv4, "203.0.113.1"),
            item(Kind::Ipv6, "2001:db8::1"),
            item(Kind::Network, "203.0.113.0/24"),
            item(Kind::Network, "2001:db8:1::/48"),
        ];
        let text = list(&Nftables, "nftables.nft", &items);
        let expected = "add element inet taxiway ipv4 {\n198.51.100.1,\n203.0.113.0/24,\n}\n\
                        add element inet taxiway ipv6 {\n2001:db8::1,\n2001:db8:1::/48,\n}\n";
        assert!(text.ends_with(&format!("{SETS}{expected}")), "{text}");
    }

    #[test]
    fn what_is_empty_is_emptied() {
        assert!(list(&Nftables, "nftables.nft", &[]).ends_with(SETS));
        assert!(!list(&Nftables, "nftables.nft", &[item(Kind::Ipv4, "198.51.100.1")]).contains("taxiway ipv6 {"));
    }

    #[test]
    fn hostile_texts_stay_in_comments() {
        let bad = |kind| Item { sound: false, ..item(kind, HOSTILE) };
        let (text, sum) = list_of(&Nftables, "nftables.nft", HOSTILE, &[bad(Kind::Ipv4), bad(Kind::Network)]);
        assert_eq!(sum, Sum { held: 0, left_out: 2, ..Sum::default() });
        let (head, foot) = text.split_once(SETS).unwrap();
        assert!(head.lines().all(|line| line.starts_with("# ")), "{text}");
        assert_eq!(foot, "# 2 left out: this format cannot carry them\n");
    }
}
