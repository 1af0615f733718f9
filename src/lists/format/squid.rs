//! Names and addresses for squid.

use ipnet::{IpNet, Ipv6Net};

use super::outermost::{network, outermost, written};
use super::{ADDRESSES, About, File, Format, Item, LeftOut, Shape, Sum, introduce, put, sound, tell_left_out};
use crate::stix::ioc::Kind;

/// The format.
///
/// It is made from all values at once, because squid wants none that lies within another. Of an address and a network around it, it keeps the one that
/// comes first, so that the rest of the network would pass. A name that comes behind one below it is `Bungled`, and squid does not start; the other
/// way round it warns of each.
pub(super) struct Squid;

/// Its files.
const FILES: &[File] = &[
    File::text("squid-domain.acl", "names of servers for squid, with all below them", &[Kind::Domain]),
    File::text("squid-ip.acl", "addresses of servers for squid", ADDRESSES),
];

/// How names are loaded.
const DOMAIN_HINTS: &[&str] = &["Load: acl taxiway_domain dstdomain \"/path/to/this\", then http_access deny taxiway_domain"];

/// How addresses are loaded.
const IP_HINTS: &[&str] = &["Load: acl taxiway_ip dst \"/path/to/this\", then http_access deny taxiway_ip"];

impl Format for Squid {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn shape(&self) -> Shape {
        Shape::Whole
    }

    fn whole(&self, about: &About<'_>, items: &mut dyn Iterator<Item = Item<'_>>, out: &mut String) -> Option<Sum> {
        let sum = match about.file.name {
            "squid-domain.acl" => {
                introduce("#", about, DOMAIN_HINTS, out);
                names(items, out)
            }
            "squid-ip.acl" => {
                introduce("#", about, IP_HINTS, out);
                addresses(items, out)
            }
            _ => return None,
        };
        tell_left_out("#", &sum, out);
        Some(sum)
    }
}

/// Names that lie below no other; a name comes before those below it, and these come together.
fn names(items: &mut dyn Iterator<Item = Item<'_>>, out: &mut String) -> Sum {
    let mut sum = Sum::default();
    // The name that was written last, with a dot before it, as squid wants it for what lies below.
    let mut last = String::new();
    for item in items {
        let Ok(name) = sound(&item) else {
            sum.left_out += 1;
            continue;
        };
        sum.held += 1;
        let dotted = format!(".{name}");
        if last.is_empty() || !dotted.ends_with(&last) {
            put(out, format_args!("{dotted}"));
            last = dotted;
        }
    }
    sum
}

/// Networks that lie within no other.
fn addresses(items: &mut dyn Iterator<Item = Item<'_>>, out: &mut String) -> Sum {
    let mut sum = Sum::default();
    let mut networks = Vec::new();
    for item in items {
        match network(&item).and_then(fitting) {
            Ok(network) => networks.push(network),
            Err(LeftOut) => sum.left_out += 1,
        }
    }
    sum.held = networks.len();
    for network in outermost(networks) {
        put(out, format_args!("{}", written(&network)));
    }
    sum
}

/// A network that squid takes for what it is. It keeps IPv4 addresses as `::ffff:198.51.100.1`, so that one that touches those would be both; and
/// `0.0.0.0/0` it calls an error.
fn fitting(network: IpNet) -> Result<IpNet, LeftOut> {
    let mapped = IpNet::from(Ipv6Net::new(std::net::Ipv4Addr::UNSPECIFIED.to_ipv6_mapped(), 96).map_err(|_| LeftOut)?);
    let touches = mapped.contains(&network) || network.contains(&mapped);
    if touches || network.prefix_len() == 0 { Err(LeftOut) } else { Ok(network) }
}

#[cfg(test)]
mod tests {
    use super::super::specimen::{HOSTILE, item, lines, list, list_of};
    use super::*;

    #[test]
    fn a_name_below_another_goes() {
        let names = ["evil.example", "a.evil.example", "b.a.evil.example", "c.evil.example", "notevil.example", "evil.test"];
        let items: Vec<_> = names.iter().map(|name| item(Kind::Domain, name)).collect();
        let (text, sum) = list_of(&Squid, "squid-domain.acl", "Evil", &items);
        assert_eq!(lines(&text, "#"), [".evil.example", ".notevil.example", ".evil.test"]);
        assert_eq!(sum, Sum { held: 6, left_out: 0, ..Sum::default() });
    }

    #[test]
    fn an_address_within_a_network_goes() {
        let items = [
            item(Kind::Ipv4, "198.51.100.1"),
            item(Kind::Ipv4, "203.0.113.1"),
            item(Kind::Ipv6, "2001:db8::1"),
            item(Kind::Network, "198.51.100.0/24"),
            item(Kind::Network, "203.0.113.1/32"),
            item(Kind::Network, "2001:db8::/32"),
        ];
        let (text, sum) = list_of(&Squid, "squid-ip.acl", "Evil", &items);
        assert_eq!(lines(&text, "#"), ["198.51.100.0/24", "203.0.113.1", "2001:db8::/32"]);
        assert_eq!(sum, Sum { held: 6, left_out: 0, ..Sum::default() });
    }

    #[test]
    fn what_squid_would_take_for_something_else_is_left_out() {
        for value in ["0.0.0.0/0", "::/0", "::/64", "::ffff:0.0.0.0/96", "::ffff:198.51.100.1/128"] {
            let (text, sum) = list_of(&Squid, "squid-ip.acl", "Evil", &[item(Kind::Network, value)]);
            assert_eq!((lines(&text, "#").len(), sum.left_out), (0, 1), "{value}");
        }
    }

    #[test]
    fn hostile_texts_stay_in_comments() {
        for (file, kind) in [("squid-domain.acl", Kind::Domain), ("squid-ip.acl", Kind::Ipv6)] {
            let bad = Item { sound: false, ..item(kind, HOSTILE) };
            let (text, sum) = list_of(&Squid, file, HOSTILE, &[bad]);
            assert_eq!(sum, Sum { held: 0, left_out: 1, ..Sum::default() });
            assert!(text.lines().all(|line| line.starts_with("# ")), "{text}");
            assert!(text.ends_with("# 1 left out: this format cannot carry them\n"), "{text}");
        }
    }

    #[test]
    fn an_empty_list_is_a_head() {
        assert_eq!(list(&Squid, "squid-ip.acl", &[]).lines().count(), 2);
    }
}
