//! A hosts file that leads names nowhere.

use super::{About, Carried, File, Format, Item, Sum, introduce, put, sound, tell_left_out};
use crate::stix::ioc::Kind;

/// The format.
pub(super) struct Hosts;

/// Its one file.
const FILES: &[File] = &[File::text("hosts.txt", "a hosts file that leads names nowhere", &[Kind::Domain])];

/// How it is loaded, and what it cannot do.
const HINTS: &[&str] = &["Load: append to /etc/hosts, or name it to dnsmasq as addn-hosts", "Exact names only: a hosts file knows no sub-domains"];

impl Format for Hosts {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn head(&self, about: &About<'_>, out: &mut String) {
        introduce("#", about, HINTS, out);
    }

    /// Two lines: a name with an IPv4 address alone would still be asked for its IPv6 address, and reached there. One name per line, since Windows
    /// reads no more than nine.
    fn line(&self, _: &About<'_>, item: &Item<'_>, out: &mut String) -> Carried {
        let name = sound(item)?;
        put(out, format_args!("0.0.0.0 {name}\n:: {name}"));
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
    fn a_name_has_no_address_of_either_family() {
        let text = list(&Hosts, "hosts.txt", &[item(Kind::Domain, "evil.example")]);
        assert_eq!(lines(&text, "#"), ["0.0.0.0 evil.example", ":: evil.example"]);
        assert!(text.starts_with("# Taxiway: a hosts file that leads names nowhere; collection \"Evil\"\n# Load: "), "{text}");
    }

    #[test]
    fn hostile_texts_stay_in_comments() {
        let bad = Item { sound: false, ..item(Kind::Domain, HOSTILE) };
        let (text, sum) = list_of(&Hosts, "hosts.txt", HOSTILE, &[bad]);
        assert_eq!(sum, Sum { held: 0, left_out: 1, ..Sum::default() });
        assert!(text.lines().all(|line| line.starts_with("# ")), "{text}");
        assert!(text.ends_with("# 1 left out: this format cannot carry them\n"), "{text}");
    }
}
