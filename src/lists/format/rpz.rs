//! A response policy zone: names and addresses that a resolver says do not exist.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use super::outermost::network;
use super::{About, Carried, File, Format, Item, LeftOut, Sum, introduce, put, seconds, sound, tell_left_out};
use crate::stix::ioc::Kind;

/// The format.
pub(super) struct Rpz;

/// Its one file.
const FILES: &[File] = &[File {
    name: "rpz.zone",
    about: "a response policy zone for BIND, unbound, Knot Resolver, PowerDNS",
    kinds: &[Kind::Ipv4, Kind::Ipv6, Kind::Network, Kind::Domain],
    media_type: "text/dns",
}];

/// How it is loaded. The zone has whatever name the operator gives it.
const HINTS: &[&str] = &[
    "Load (BIND): response-policy { zone \"rpz.example\"; }; zone \"rpz.example\" { type primary; file \"rpz.zone\"; };",
    "Load (unbound): module-config: \"respip validator iterator\"; rpz: name: rpz.example zonefile: rpz.zone",
    "The name of the zone can be up to 60 octets long",
];

/// The longest name, in octets: with `*.` before it, a dot and a zone's name of 60 octets behind it, it is as long as DNS allows.
const LONGEST: usize = 253 - "*.".len() - ".".len() - 60;

impl Format for Rpz {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn head(&self, about: &About<'_>, out: &mut String) {
        introduce(";", about, HINTS, out);
        // A serial is a number of 32 bits that goes round. BIND reads a file anew whatever its serial, only secondaries go by it.
        let serial = seconds(about.changed) & u64::from(u32::MAX);
        put(out, format_args!("$TTL 300\n@ SOA localhost. nobody.invalid. {serial} 300 60 604800 300\n@ NS localhost."));
    }

    fn line(&self, _: &About<'_>, item: &Item<'_>, out: &mut String) -> Carried {
        if item.kind == Kind::Domain {
            return domain(sound(item)?, out);
        }
        let owner = owner(&network(item)?).ok_or(LeftOut)?;
        put(out, format_args!("{owner}.rpz-ip CNAME ."));
        Ok(())
    }

    fn foot(&self, _: &About<'_>, sum: &Sum, out: &mut String) {
        tell_left_out(";", sum, out);
    }
}

/// A name and all below it, relative to the zone: with a dot at its end it would lie outside and be ignored.
fn domain(name: &str, out: &mut String) -> Carried {
    // One name that is too long, and the whole zone does not load. What ends in `rpz-ip` and its like is no name but another sort of policy.
    let last = name.rsplit('.').next().unwrap_or_default();
    if name.len() > LONGEST || last.starts_with("rpz-") {
        return Err(LeftOut);
    }
    put(out, format_args!("{name} CNAME .\n*.{name} CNAME ."));
    Ok(())
}

/// The name that stands for addresses: the length of the prefix and then the address, the last part first.
///
/// `None` for all addresses of a family, since a prefix has one bit at least, and for IPv4 addresses in the dress of IPv6, which BIND takes for IPv4.
fn owner(network: &IpNet) -> Option<String> {
    if network.prefix_len() == 0 {
        return None;
    }
    let reversed = match network.addr() {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}")
        }
        IpAddr::V6(address) if address.to_ipv4_mapped().is_some() => return None,
        IpAddr::V6(address) => reversed(address),
    };
    Some(format!("{}.{reversed}", network.prefix_len()))
}

/// The groups of an address from the last to the first, with `zz` for the longest run of two zeros or more, of equal ones the first in the address.
/// BIND complains about any other spelling.
fn reversed(address: Ipv6Addr) -> String {
    let groups = address.segments();
    let zeros = |from: usize| groups.iter().skip(from).take_while(|group| **group == 0).count();
    // `max_by_key` takes the last of equal ones, so we look from the end.
    let (start, length) = (0..groups.len()).rev().map(|from| (from, zeros(from))).max_by_key(|(_, length)| *length).unwrap_or_default();
    let run = if length > 1 { start..start + length } else { 0..0 };
    let mut parts = Vec::with_capacity(groups.len());
    for (at, group) in groups.iter().enumerate().rev() {
        if !run.contains(&at) {
            parts.push(format!("{group:x}"));
        } else if at == run.start {
            parts.push("zz".to_owned());
        }
    }
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::super::specimen::{HOSTILE, item, lines, list, list_of};
    use super::*;

    /// The records behind the head.
    fn records(items: &[Item<'_>]) -> Vec<String> {
        let text = list(&Rpz, "rpz.zone", items);
        lines(&text, ";").iter().skip(3).map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn the_serial_is_when_the_list_changed() {
        let text = list(&Rpz, "rpz.zone", &[]);
        assert_eq!(lines(&text, ";"), ["$TTL 300", "@ SOA localhost. nobody.invalid. 1617278401 300 60 604800 300", "@ NS localhost."]);
    }

    #[test]
    fn a_name_covers_its_sub_domains_and_has_no_dot_at_its_end() {
        let items = [item(Kind::Domain, "evil.example"), item(Kind::Domain, "xn--mnchen-3ya.example")];
        let expected = ["evil.example CNAME .", "*.evil.example CNAME .", "xn--mnchen-3ya.example CNAME .", "*.xn--mnchen-3ya.example CNAME ."];
        assert_eq!(records(&items), expected);
    }

    #[test]
    fn a_name_leaves_room_for_that_of_the_zone() {
        let name = |length: usize| format!("{}{}.evil.example", format!("{}.", "a".repeat(63)).repeat(2), "b".repeat(length - 141));
        assert_eq!(name(190).len(), 190);
        assert_eq!(records(&[item(Kind::Domain, &name(190))]).len(), 2);
        assert_eq!(records(&[item(Kind::Domain, &name(191))]).len(), 0);
    }

    #[test]
    fn a_name_is_no_other_sort_of_policy() {
        for name in ["24.0.113.0.203.rpz-ip", "evil.rpz-nsdname", "32.1.0.0.127.rpz-client-ip"] {
            assert!(records(&[item(Kind::Domain, name)]).is_empty(), "{name}");
        }
    }

    #[test]
    fn addresses_stand_backwards_behind_their_prefix() {
        for (kind, value, expected) in [
            (Kind::Ipv4, "198.51.100.7", Some("32.7.100.51.198")),
            (Kind::Network, "203.0.113.0/24", Some("24.0.113.0.203")),
            (Kind::Network, "0.0.0.0/0", None),
            (Kind::Ipv6, "2001:db8::1", Some("128.1.zz.db8.2001")),
            (Kind::Ipv6, "2001:db8::1:0:0:1", Some("128.1.0.0.1.zz.db8.2001")),
            (Kind::Ipv6, "2001:db8:0:0:1::", Some("128.zz.1.0.0.db8.2001")),
            (Kind::Ipv6, "2001:db8:0:1:1:1:1:1", Some("128.1.1.1.1.1.0.db8.2001")),
            (Kind::Ipv6, "2001:db8:1:2:3:4:5:6", Some("128.6.5.4.3.2.1.db8.2001")),
            (Kind::Ipv6, "::", Some("128.zz")),
            (Kind::Ipv6, "::1", Some("128.1.zz")),
            (Kind::Ipv6, "::ffff:198.51.100.7", None),
            (Kind::Network, "2001:db8::/32", Some("32.zz.db8.2001")),
            (Kind::Network, "::/0", None),
        ] {
            let expected: Vec<String> = expected.iter().map(|owner| format!("{owner}.rpz-ip CNAME .")).collect();
            assert_eq!(records(&[item(kind, value)]), expected, "{value}");
        }
    }

    #[test]
    fn hostile_texts_stay_in_comments() {
        let bad = |kind| Item { sound: false, ..item(kind, HOSTILE) };
        let (text, sum) = list_of(&Rpz, "rpz.zone", HOSTILE, &[bad(Kind::Ipv4), bad(Kind::Domain)]);
        assert_eq!(sum, Sum { held: 0, left_out: 2, ..Sum::default() });
        assert_eq!(lines(&text, "; ").len(), 3, "{text}");
        assert!(text.ends_with("; 2 left out: this format cannot carry them\n"), "{text}");
    }
}
