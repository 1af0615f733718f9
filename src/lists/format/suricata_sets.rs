//! Data sets and reputation lists for Suricata 7: for more values than rules can hold.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::suricata::header_value;
use super::wire::Seen;
use super::{About, Carried, File, Format, Item, LeftOut, Sum, TEXT, put, quoted_title, sound, tell_left_out, weight};
use crate::stix::ioc::Kind;

/// The format.
pub(super) struct Sets;

/// The number of our category, 1 to 60, as the list and the names of the categories have it.
const CATEGORY: u8 = 1;

/// Its files. Those for data sets have no comments, since Suricata would take them for values.
const FILES: &[File] = &[
    set("suricata-domain.lst", "data set, type string: exact names, for dns.query; to_lowercase and http.host", &[Kind::Domain]),
    set("suricata-url.lst", "data set, type string: whole URLs, for http.uri.raw at a proxy, http.referer and http.location", &[Kind::Url]),
    set("suricata-user-agent.lst", "data set, type string: for http.user_agent", &[Kind::UserAgent]),
    set("suricata-md5.lst", "data set, type md5, and list for filemd5: hashes of files", &[Kind::Md5]),
    set("suricata-sha256.lst", "data set, type sha256, and list for filesha256: hashes of files", &[Kind::Sha256]),
    set("suricata-ip.lst", "data set, type ip: addresses without networks", &[Kind::Ipv4, Kind::Ipv6]),
    set(LIST, "reputation of addresses and networks, for iprep", &[Kind::Ipv4, Kind::Ipv6, Kind::Network]),
    set(CATEGORIES, "the categories of suricata-iprep.list", &[]),
];
/// The reputation list.
const LIST: &str = "suricata-iprep.list";
/// Its categories.
const CATEGORIES: &str = "suricata-categories.txt";

/// A file of plain text.
const fn set(name: &'static str, about: &'static str, kinds: &'static [Kind]) -> File {
    File { name, about, kinds, media_type: TEXT }
}

impl Format for Sets {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn head(&self, about: &About<'_>, out: &mut String) {
        match about.file.name {
            LIST => {
                put(out, format_args!("# Reputation for Suricata 7 of the collection {}", quoted_title(about)));
                put(out, format_args!("# In suricata.yaml: reputation-categories-file: {CATEGORIES}, and this file in reputation-files."));
                put(out, format_args!("# In a rule: iprep:any,Taxiway,>,60; 127 is the most sure."));
            }
            CATEGORIES => put(out, format_args!("{CATEGORY},Taxiway,Indicators of Taxiway")),
            _ => {}
        }
    }

    fn line(&self, about: &About<'_>, item: &Item<'_>, out: &mut String) -> Carried {
        let value = sound(item)?;
        let line = match item.kind {
            _ if about.file.name == LIST => format!("{value},{CATEGORY},{}", score(item)),
            Kind::Md5 | Kind::Sha256 | Kind::Ipv4 | Kind::Ipv6 => value.to_owned(),
            // Suricata wants texts coded.
            Kind::Domain => STANDARD.encode(value),
            Kind::Url => STANDARD.encode(sent(value)?),
            Kind::UserAgent => STANDARD.encode(header_value(value)?),
            _ => return Err(LeftOut),
        };
        put(out, format_args!("{line}"));
        Ok(())
    }

    fn foot(&self, about: &About<'_>, sum: &Sum, out: &mut String) {
        if about.file.name == LIST {
            tell_left_out("#", sum, out);
        }
    }
}

/// How bad an address is, 1 to 127: 0 would say that nothing is known of it.
fn score(item: &Item<'_>) -> u16 {
    (u16::from(weight(item)) * 127 / 100).max(1)
}

/// A whole URL as it is sent.
fn sent(url: &str) -> Result<String, LeftOut> {
    let seen = Seen::of(url).ok_or(LeftOut)?;
    Ok(format!("{}://{}{}", seen.scheme, seen.place(), seen.target))
}

#[cfg(test)]
mod tests {
    use super::super::specimen::{HOSTILE, item, list, list_of};
    use super::*;

    #[test]
    fn texts_are_coded_and_the_rest_stands_as_it_is() {
        let coded = |text: &str| format!("{}\n", STANDARD.encode(text));
        for (name, kind, value, expected) in [
            ("suricata-domain.lst", Kind::Domain, "evil.example", coded("evil.example")),
            ("suricata-url.lst", Kind::Url, "https://u@evil.example:81?b#c", coded("https://evil.example:81/?b")),
            ("suricata-user-agent.lst", Kind::UserAgent, "a \"b\"; c", coded("a \"b\"; c")),
            ("suricata-md5.lst", Kind::Md5, "ab", "ab\n".to_owned()),
            ("suricata-ip.lst", Kind::Ipv6, "2001:db8::1", "2001:db8::1\n".to_owned()),
        ] {
            assert_eq!(list(&Sets, name, &[item(kind, value)]), expected);
        }
    }

    #[test]
    fn a_score_is_1_to_127() {
        for (confidence, expected) in [(Some(0), 1), (Some(1), 1), (None, 76), (Some(100), 127), (Some(255), 127)] {
            let written = list(&Sets, LIST, &[Item { confidence, ..item(Kind::Network, "198.51.100.0/24") }]);
            assert!(written.ends_with(&format!("\n198.51.100.0/24,1,{expected}\n")), "{written}");
        }
    }

    #[test]
    fn the_categories_name_ours() {
        assert_eq!(list(&Sets, CATEGORIES, &[]), "1,Taxiway,Indicators of Taxiway\n");
    }

    #[test]
    fn no_comment_comes_into_a_data_set() {
        let items = [Item { sound: false, ..item(Kind::Md5, HOSTILE) }];
        let (written, sum) = list_of(&Sets, "suricata-md5.lst", HOSTILE, &items);
        assert_eq!((written.as_str(), sum.held, sum.left_out), ("", 0, 1));
    }
}
