//! Addresses and names for `HAProxy`.

use super::{ADDRESSES, About, Carried, File, Format, Item, Sum, introduce, put, sound, tell_left_out};
use crate::stix::ioc::Kind;

/// The format.
pub(super) struct HaProxy;

/// Its files.
const FILES: &[File] = &[
    File::text("haproxy-ip.lst", "addresses and networks for HAProxy", ADDRESSES),
    File::text("haproxy-domain.lst", "ends of names for HAProxy", &[Kind::Domain]),
];

/// How addresses are loaded.
const IP_HINTS: &[&str] = &["Load: acl taxiway_ip src -f /path/to/this"];

/// How names are loaded. Names without a dot before them could only be compared with `-m end`, which takes `notevil.example` for `evil.example`, or
/// with `-m dom`, which takes `evil.example.org` for it.
const DOMAIN_HINTS: &[&str] = &[
    "Load: http-request set-var-fmt(txn.host) \".%[req.hdr(host),host_only,lower,rtrim(.)]\"",
    "      acl taxiway_domain var(txn.host) -m end -f /path/to/this",
    "The dot before the host makes one comparison do for a name and all below it",
];

impl Format for HaProxy {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn head(&self, about: &About<'_>, out: &mut String) {
        introduce("#", about, if about.file.name == "haproxy-ip.lst" { IP_HINTS } else { DOMAIN_HINTS }, out);
    }

    fn line(&self, _: &About<'_>, item: &Item<'_>, out: &mut String) -> Carried {
        put(out, format_args!("{}{}", if item.kind == Kind::Domain { "." } else { "" }, sound(item)?));
        Ok(())
    }

    fn foot(&self, _: &About<'_>, sum: &Sum, out: &mut String) {
        tell_left_out("#", sum, out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::specimen::{HOSTILE, item, lines, list, list_of};
    use super::*;

    #[test]
    fn addresses_and_networks_stand_alone() {
        let items = [item(Kind::Ipv4, "198.51.100.1"), item(Kind::Ipv6, "2001:db8::1"), item(Kind::Network, "203.0.113.0/24")];
        let text = list(&HaProxy, "haproxy-ip.lst", &items);
        assert_eq!(lines(&text, "#"), ["198.51.100.1", "2001:db8::1", "203.0.113.0/24"]);
        assert!(text.contains("\n# Load: acl taxiway_ip src -f "), "{text}");
    }

    #[test]
    fn a_name_begins_with_a_dot() {
        let text = list(&HaProxy, "haproxy-domain.lst", &[item(Kind::Domain, "evil.example")]);
        assert_eq!(lines(&text, "#"), [".evil.example"]);
        assert!(text.contains(" -m end -f "), "{text}");
    }

    #[test]
    fn hostile_texts_stay_in_comments() {
        for (file, kind) in [("haproxy-ip.lst", Kind::Network), ("haproxy-domain.lst", Kind::Domain)] {
            let bad = Item { sound: false, ..item(kind, HOSTILE) };
            let (text, sum) = list_of(&HaProxy, file, HOSTILE, &[bad]);
            assert_eq!(sum, Sum { held: 0, left_out: 1, ..Sum::default() });
            assert!(text.lines().all(|line| line.starts_with("# ")), "{text}");
            assert!(text.ends_with("# 1 left out: this format cannot carry them\n"), "{text}");
        }
    }
}
