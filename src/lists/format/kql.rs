//! Values for Kusto queries (Microsoft Sentinel, Defender): a list that stands in front of a query.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write;

use super::{About, File, Format, Item, Shape, Sum, TEXT, put, quoted_title, sound};
use crate::stix::ioc::Kind;

/// The format.
pub(super) struct Kql;

/// Its files.
const FILES: &[File] = &[
    file("ipv4.kql", "IPv4 addresses for Kusto queries, the most confident first", &[Kind::Ipv4]),
    file("domain.kql", "domain names for Kusto queries, the most confident first", &[Kind::Domain]),
    file("url.kql", "URLs for Kusto queries, the most confident first", &[Kind::Url]),
    file("sha256.kql", "SHA-256 hashes for Kusto queries, the most confident first", &[Kind::Sha256]),
    file("md5.kql", "MD5 hashes for Kusto queries, the most confident first", &[Kind::Md5]),
];
/// The most octets of a list: an analytics rule may have 10,000 characters, and the query behind the list needs some.
const MOST: usize = 9_000;
/// Octets that are kept for what stands behind the values.
const FOOT: usize = 500;
/// A value takes four octets at least: itself, its quotation marks, a comma. So no more than these can come into a list.
const MOST_VALUES: usize = MOST / 4;

/// How sure a value is, which it was, and how it is written: the lesser comes first.
type Candidate = (Reverse<Option<u8>>, usize, String);

/// A file of plain text.
const fn file(name: &'static str, about: &'static str, kinds: &'static [Kind]) -> File {
    File { name, about, kinds, media_type: TEXT }
}

impl Format for Kql {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn shape(&self) -> Shape {
        Shape::Whole
    }

    fn whole(&self, about: &About<'_>, items: &mut dyn Iterator<Item = Item<'_>>, out: &mut String) -> Option<Sum> {
        let list = about.file.name.split('.').next()?;
        put(out, format_args!("// Kusto list of the collection {}, the most confident values first", quoted_title(about)));
        put(out, format_args!("// Put it in front of a query that says, for example: | where {} in~ (taxiway_{list})", column(list)));
        put(out, format_args!("let taxiway_{list} = dynamic(["));
        let (best, count) = most_confident(items);
        let mut sum = Sum { held: 0, left_out: count - best.len(), ..Sum::default() };
        for (_, _, text) in &best {
            if out.len() + text.len() + 3 > MOST - FOOT {
                break;
            }
            out.push_str(if sum.held > 0 { ",\n" } else { "" });
            out.push_str(text);
            sum.held += 1;
        }
        sum.left_out += best.len() - sum.held;
        put(out, format_args!("\n]);"));
        if sum.left_out > 0 {
            put(out, format_args!("// {} left out: a query may have 10,000 characters. For all of them read the CSV list with", sum.left_out));
            put(out, format_args!("// externaldata(kind:string, value:string)[h@\"<address of indicators.csv>\"]"));
            put(out, format_args!("// with (format=\"csv\", ignoreFirstRecord=true) | where kind == \"{list}\""));
        }
        Some(sum)
    }
}

/// The column of the tables of Defender in which such values stand.
fn column(list: &str) -> &'static str {
    match list {
        "ipv4" => "RemoteIP",
        "url" => "RemoteUrl",
        "sha256" => "SHA256",
        "md5" => "MD5",
        _ => "DomainName",
    }
}

/// The most confident values as they are written, of those of one confidence the first, and how many there are in all. No more are kept than can be
/// written.
fn most_confident(items: &mut dyn Iterator<Item = Item<'_>>) -> (BTreeSet<Candidate>, usize) {
    let mut best = BTreeSet::new();
    let mut count = 0;
    for item in items {
        count += 1;
        let is_better = |(confidence, _, _): &Candidate| Reverse(item.confidence) < *confidence;
        if let Ok(value) = sound(&item)
            && (best.len() < MOST_VALUES || best.last().is_some_and(is_better))
        {
            best.insert((Reverse(item.confidence), count, quoted(value)));
            if best.len() > MOST_VALUES {
                best.pop_last();
            }
        }
    }
    (best, count)
}

/// A text between quotation marks. Numbers stand for what is no plain character.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for unit in text.encode_utf16() {
        match u8::try_from(unit).ok().filter(u8::is_ascii).map(char::from) {
            Some(c @ ('"' | '\\')) => quoted.extend(['\\', c]),
            Some(c) if !c.is_control() => quoted.push(c),
            _ => {
                // Writing to a string does not fail.
                let _ = write!(quoted, "\\u{unit:04x}");
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::super::specimen::{HOSTILE, item, list, list_of};
    use super::*;

    fn values(text: &str) -> Vec<String> {
        let (_, list) = text.split_once("dynamic(").unwrap();
        let (list, _) = list.split_once(");\n").unwrap();
        serde_json::from_str(list).unwrap()
    }

    #[test]
    fn the_most_confident_come_first() {
        let sure = |confidence, value| Item { confidence, ..item(Kind::Domain, value) };
        let items = [sure(None, "a.example"), sure(Some(0), "b.example"), sure(Some(90), "c.example"), sure(Some(90), "d.example")];
        let written = list(&Kql, "domain.kql", &items);
        assert_eq!(values(&written), ["c.example", "d.example", "b.example", "a.example"]);
        assert!(written.contains("\nlet taxiway_domain = dynamic([\n\"c.example\",\n"), "{written}");
    }

    #[test]
    fn what_is_too_much_is_left_out_and_counted() {
        let names: Vec<_> = (0..5000).map(|number| format!("host{number}.evil.example")).collect();
        let items: Vec<_> = names.iter().map(|name| item(Kind::Domain, name)).collect();
        for title in ["Evil".to_owned(), "é".repeat(1000)] {
            let (written, sum) = list_of(&Kql, "domain.kql", &title, &items);
            assert!((8_000..=MOST).contains(&written.len()), "{}", written.len());
            assert_eq!((sum.held, sum.held + sum.left_out), (values(&written).len(), 5000));
            assert!(written.contains(&format!("\n// {} left out", sum.left_out)));
        }
    }

    #[test]
    fn strings_end_where_they_should() {
        assert_eq!(quoted("a\"\\\n\u{1f600}"), "\"a\\\"\\\\\\u000a\\ud83d\\ude00\"");
        let items = [Item { sound: false, ..item(Kind::Url, HOSTILE) }, item(Kind::Url, "http://evil.example/ä\"")];
        let (written, sum) = list_of(&Kql, "url.kql", HOSTILE, &items);
        assert_eq!((sum.held, sum.left_out), (1, 1));
        assert_eq!(values(&written), ["http://evil.example/ä\""]);
    }
}
