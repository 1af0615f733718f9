//! Settings of dnsmasq that say of names that they do not exist.

use super::{About, Carried, File, Format, Item, Sum, introduce, put, sound, tell_left_out};
use crate::stix::ioc::Kind;

/// The format.
pub(super) struct Dnsmasq;

/// Its one file.
const FILES: &[File] = &[File::text("dnsmasq.conf", "names that dnsmasq says do not exist, with all below them", &[Kind::Domain])];

/// How it is loaded.
const HINTS: &[&str] = &["Load: conf-file=/path/to/this, or put it into the directory of conf-dir; then restart dnsmasq"];

impl Format for Dnsmasq {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn head(&self, about: &About<'_>, out: &mut String) {
        // A line that is longer than 1024 octets goes on as another one, comment or not: then dnsmasq does not start. A title is cut, so it fits.
        introduce("#", about, HINTS, out);
    }

    /// Without an address, the answer is NXDOMAIN for the name and all below it, whatever type is asked for.
    fn line(&self, _: &About<'_>, item: &Item<'_>, out: &mut String) -> Carried {
        put(out, format_args!("address=/{}/", sound(item)?));
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
    fn a_name_has_no_address() {
        let text = list(&Dnsmasq, "dnsmasq.conf", &[item(Kind::Domain, "evil.example"), item(Kind::Domain, "_dmarc.evil.example")]);
        assert_eq!(lines(&text, "#"), ["address=/evil.example/", "address=/_dmarc.evil.example/"]);
    }

    #[test]
    fn no_line_is_longer_than_dnsmasq_reads() {
        let (text, _) = list_of(&Dnsmasq, "dnsmasq.conf", &"\u{1F980}".repeat(5000), &[]);
        assert!(text.lines().all(|line| line.len() <= 1024), "{text}");
    }

    #[test]
    fn hostile_texts_stay_in_comments() {
        let bad = Item { sound: false, ..item(Kind::Domain, HOSTILE) };
        let (text, sum) = list_of(&Dnsmasq, "dnsmasq.conf", HOSTILE, &[bad]);
        assert_eq!(sum, Sum { held: 0, left_out: 1, ..Sum::default() });
        assert!(text.lines().all(|line| line.starts_with("# ")), "{text}");
        assert!(text.ends_with("# 1 left out: this format cannot carry them\n"), "{text}");
    }
}
