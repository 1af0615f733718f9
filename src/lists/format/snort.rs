//! Rules that Snort 2.9 and Snort 3 read alike: contents without buffers, which the two name in opposite order.

use std::fmt::Write;

use super::suricata::{content, header_value, message, revision};
use super::wire::Seen;
use super::{About, Carried, File, Format, Item, LeftOut, Sum, TEXT, put, quoted_title, sound, tell_left_out};
use crate::stix::ioc::Kind;

/// The format.
pub(super) struct Rules;

/// Its one file.
const FILES: &[File] = &[File {
    name: "snort.rules",
    about: "rules for Snort 2.9 and 3",
    kinds: &[Kind::Ipv4, Kind::Ipv6, Kind::Network, Kind::Domain, Kind::Url, Kind::UserAgent],
    media_type: TEXT,
}];
/// The longest text that is looked for, in octets: Snort 2.9 takes patterns of 2,048.
const LONGEST: usize = 2000;
/// What is sent by a client of a connection.
const REQUEST: &str = "tcp any any -> any any";

impl Format for Rules {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn head(&self, about: &About<'_>, out: &mut String) {
        put(out, format_args!("# Snort rules, for 2.9 and 3, of the collection {}", quoted_title(about)));
        put(out, format_args!("# Load them with include in snort.conf, or with ips.include in snort.lua."));
        put(out, format_args!("# A domain is looked for in DNS over UDP, the names below it too; of URLs only http ones can be looked for."));
    }

    fn line(&self, _: &About<'_>, item: &Item<'_>, out: &mut String) -> Carried {
        let (ends, options) = sought(item)?;
        let (message, number, revision) = (message(item), item.number(), revision(item));
        put(out, format_args!("alert {ends} (msg:\"{message}\"; {options}sid:{number}; rev:{revision};)"));
        Ok(())
    }

    fn foot(&self, _: &About<'_>, sum: &Sum, out: &mut String) {
        tell_left_out("#", sum, out);
    }
}

/// Between whom a value is looked for, and what.
fn sought(item: &Item<'_>) -> Result<(String, String), LeftOut> {
    let value = sound(item)?;
    match item.kind {
        Kind::Ipv4 | Kind::Ipv6 | Kind::Network => Ok((format!("ip any any <> {value} any"), String::new())),
        Kind::Domain => Ok(("udp any any -> any 53".to_owned(), format!("content:\"{}\"; nocase; ", question(value)?))),
        Kind::Url => {
            let seen = Seen::of(value).filter(|seen| seen.scheme == "http" && seen.target.len() <= LONGEST).ok_or(LeftOut)?;
            let line = content(&format!(" {} HTTP/1.", seen.target));
            let host = content(&format!("\r\nHost: {}\r\n", seen.place()));
            Ok((REQUEST.to_owned(), format!("flow:established,to_server; content:\"{line}\"; content:\"{host}\"; nocase; ")))
        }
        Kind::UserAgent => {
            let value = header_value(value).ok().filter(|value| value.len() <= LONGEST).ok_or(LeftOut)?;
            let header = content(&format!("\r\nUser-Agent: {value}\r\n"));
            Ok((REQUEST.to_owned(), format!("flow:established,to_server; content:\"{header}\"; nocase; ")))
        }
        _ => Err(LeftOut),
    }
}

/// The end of a name as DNS sends it, each label behind its length: no other name ends like that but those below it.
fn question(name: &str) -> Result<String, LeftOut> {
    let mut question = String::new();
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length)).ok_or(LeftOut)?;
        // Writing to a string does not fail.
        let _ = write!(question, "|{length:02x}|{}", content(label));
    }
    question.push_str("|00|");
    Ok(question)
}

#[cfg(test)]
mod tests {
    use super::super::specimen::{HOSTILE, item, lines, list, list_of, shortened};
    use super::*;

    fn rules(kind: Kind, value: &str) -> Vec<String> {
        let item = item(kind, value);
        let written = list(&Rules, "snort.rules", &[item]);
        lines(&written, "#").into_iter().map(|line| shortened(line, &item)).collect()
    }

    #[test]
    fn each_value_has_one_rule() {
        for (kind, value, expected) in [
            (Kind::Ipv6, "2001:db8::1", "alert ip any any <> 2001:db8::1 any (…"),
            (Kind::Domain, "evil.example", "alert udp any any -> any 53 (content:\"|04|evil|07|example|00|\"; nocase; …"),
            (
                Kind::Url,
                "http://evil.example:81/a#b",
                "alert tcp any any -> any any (flow:established,to_server; content:\"|20|/a|20|HTTP/1.\"; \
                 content:\"|0d 0a|Host|3a 20|evil.example|3a|81|0d 0a|\"; nocase; …",
            ),
            (
                Kind::UserAgent,
                "a;b",
                "alert tcp any any -> any any (flow:established,to_server; content:\"|0d 0a|User-Agent|3a 20|a|3b|b|0d 0a|\"; nocase; …",
            ),
        ] {
            assert_eq!(rules(kind, value), [expected]);
        }
        assert!(rules(Kind::Url, "https://evil.example/").is_empty());
    }

    #[test]
    fn what_is_too_long_or_not_sound_is_left_out() {
        let long = format!("http://evil.example/{}", "a".repeat(2000));
        let items = [
            Item { sound: false, ..item(Kind::Domain, HOSTILE) },
            item(Kind::Url, &long),
            item(Kind::UserAgent, &long),
            Item { name: HOSTILE, ..item(Kind::Domain, "evil.example") },
        ];
        let (written, sum) = list_of(&Rules, "snort.rules", HOSTILE, &items);
        assert_eq!((sum.held, sum.left_out), (1, 3));
        assert_eq!(lines(&written, "#").len(), 1);
        assert!(written.contains("(msg:\"Taxiway =a\\\"b'c\\;d\\\\e|f\\:g#h,i j"), "{written}");
    }
}
