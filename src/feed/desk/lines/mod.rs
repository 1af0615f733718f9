//! What stands in a file that is to be imported: STIX, MISP events, tables, or any document with indicators in it.

mod misp;
mod stix;
mod table;
mod value;

use std::sync::Arc;

use bytes::Bytes;

use super::indicator::{Proposal, Terms};
use super::{Unfit, identity};
use crate::feed::document::open;
use crate::stix::ioc::find::find;
use crate::stix::ioc::group::group;
use crate::stix::ioc::read::read as read_one;

/// One thing in a file.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its place, from 1: the line, or the place in the list of objects or attributes.
    pub number: usize,
    /// What stands there, as far as it helps to find it.
    pub text: String,
    /// What it is.
    pub what: What,
}

/// What a line is.
#[derive(Debug, Clone)]
pub enum What {
    /// An indicator.
    Proposal(Box<Proposal>),
    /// A STIX object as it came.
    Object(Bytes),
    /// Nothing that could be imported, and why that is so.
    Nothing(String),
    /// Something that cannot be imported as it is, and why.
    Refused(String),
}

/// What a file is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// What it looks like.
    #[default]
    Any,
    /// A bundle, an envelope, a list or lines of STIX objects.
    Stix,
    /// One or several events of MISP.
    Misp,
    /// A table whose first line names its columns.
    Table,
    /// Any document in which indicators stand.
    Document,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Any, Self::Stix, Self::Misp, Self::Table, Self::Document];

    /// Its name, as in a form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Stix => "stix",
            Self::Misp => "misp",
            Self::Table => "table",
            Self::Document => "document",
        }
    }

    /// What it is not, if a file is not of it.
    fn told(self) -> &'static str {
        match self {
            Self::Any | Self::Document => "a document",
            Self::Stix => "STIX: a bundle, an envelope, a list or lines of objects",
            Self::Misp => "an event of MISP",
            Self::Table => "a table whose first line says which column holds the values",
        }
    }
}

/// Reads a file. What a line says of its own goes before `terms`.
pub fn read(name: &str, octets: &Bytes, format: Format, terms: &Arc<Terms>) -> Result<Vec<Line>, Unfit> {
    let read = std::str::from_utf8(octets).ok().and_then(|text| match format {
        Format::Any => guess(name, octets, text, terms),
        Format::Stix => stix::read(octets, text),
        Format::Misp => misp::read(text, terms),
        Format::Table => table::read(name, text, terms),
        Format::Document => None,
    });
    let lines = match read {
        Some(read) => read?,
        None if matches!(format, Format::Any | Format::Document) => document(name, octets, terms)?,
        None => return Err(Unfit::Asked(format!("{name:?} is not {}", format.told()))),
    };
    if lines.is_empty() { Err(Unfit::Asked(format!("there is no indicator in {name:?}"))) } else { Ok(lines) }
}

/// Reads what somebody has typed or pasted: a pattern; one value, of which nobody doubts that it is meant; or a text with values in it, each once.
pub fn typed(text: &str, description: Option<&str>, terms: &Arc<Terms>) -> Vec<Line> {
    let text = text.trim();
    let line = |what: What, value: String| Line { number: 1, text: value, what };
    if let Some(found) = read_one(text) {
        return vec![line(value::propose(&found, description, terms), found.value)];
    }
    let looks_so = text.starts_with(['[', '(']) && text.ends_with([']', ')', '\'']) && text.contains('\'');
    if looks_so || identity::normal(text).is_some() {
        return vec![line(What::Proposal(Box::new(Proposal::of_pattern(text, description, terms))), text.to_owned())];
    }
    // What stands in a pattern is no value of its own.
    let is_pattern = |line: &&str| line.trim_start().starts_with(['[', '(']) && identity::normal(line).is_some();
    let (patterns, rest): (Vec<&str>, Vec<&str>) = text.lines().partition(is_pattern);
    let patterns = patterns.into_iter().map(str::trim);
    let patterns = patterns.map(|text| line(What::Proposal(Box::new(Proposal::of_pattern(text, description, terms))), text.to_owned()));
    let values = group(find(&rest.join("\n"))).into_iter();
    let values = values.map(|group| line(value::weigh(&group.first, description, terms), group.first.value));
    let lines: Vec<Line> = patterns.chain(values).collect();
    if lines.is_empty() {
        return vec![line(What::Nothing("no indicator of a kind that is known here".into()), text.to_owned())];
    }
    lines
}

/// What a text looks like; `None` if it is any document.
fn guess(name: &str, octets: &Bytes, text: &str, terms: &Arc<Terms>) -> Option<Result<Vec<Line>, Unfit>> {
    match text.trim_start_matches('\u{feff}').trim_start().as_bytes().first() {
        Some(b'{' | b'[') => misp::read(text, terms).or_else(|| stix::read(octets, text)),
        _ => table::read(name, text, terms),
    }
}

/// Each value in a document once.
fn document(name: &str, octets: &Bytes, terms: &Arc<Terms>) -> Result<Vec<Line>, Unfit> {
    let document = open::open(octets, Some(name), None).map_err(|error| Unfit::Asked(format!("{name}: {error}")))?;
    let mut passed = (0, 1);
    let lines = group(document.find()).into_iter().map(|group| {
        let at = group.first.span.start;
        passed.1 += document.text.get(passed.0..at).unwrap_or_default().matches('\n').count();
        passed.0 = at.max(passed.0);
        let what = value::weigh(&group.first, None, terms);
        Line { number: passed.1, text: group.first.value, what }
    });
    Ok(lines.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HASH: &str = "b75f163ca9b9240bf4b37ad92bc7556b40a17e27c2b8ed5c8991385fe07d17d0";

    fn lines(name: &str, text: &str) -> Vec<(usize, String, String)> {
        let terms = Arc::new(Terms { labels: vec!["all".into()], ..Terms::default() });
        let told = |line: Line| {
            let what = match line.what {
                What::Proposal(proposal) => proposal.pattern,
                What::Object(object) => String::from_utf8(object.to_vec()).unwrap(),
                What::Nothing(why) => format!("nothing: {why}"),
                What::Refused(why) => format!("refused: {why}"),
            };
            (line.number, line.text, what)
        };
        read(name, &Bytes::copy_from_slice(text.as_bytes()), Format::Any, &terms).unwrap().into_iter().map(told).collect()
    }

    #[test]
    fn prose_is_searched() {
        let found = lines("report.txt", "They used\nhxxp://evil[.]example[.]com/a and 198.51.100[.]7.\nAgain 198.51.100.7");
        let patterns: Vec<&str> = found.iter().map(|(.., pattern)| pattern.as_str()).collect();
        assert!(patterns.contains(&"[ipv4-addr:value = '198.51.100.7']"), "{patterns:?}");
        assert_eq!(found.iter().filter(|(_, value, _)| value == "198.51.100.7").map(|(line, ..)| *line).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn what_is_typed_by_itself_is_meant() {
        let terms = Arc::new(Terms::default());
        let told = |text: &str| -> Vec<(String, bool)> {
            typed(text, None, &terms).into_iter().map(|line| (line.text, matches!(line.what, What::Proposal(_)))).collect()
        };
        assert_eq!(told(" 10.0.0.1 "), [("10.0.0.1".to_owned(), true)]);
        assert_eq!(
            told("see 10.0.0.1, hxxp://evil[.]example[.]com/"),
            [("10.0.0.1".to_owned(), false), ("http://evil.example.com/".to_owned(), true)]
        );
        let pattern = "[ipv4-addr:value = '198.51.100.7' OR file:size = 3]";
        assert_eq!(told(pattern), [(pattern.to_owned(), true)]);
        assert_eq!(told(&format!("{pattern}\n198.51.100.9")), [(pattern.to_owned(), true), ("198.51.100.9".into(), true)]);
        assert_eq!(told("[198.51.100.7]"), [("198.51.100.7".to_owned(), true)]);
        assert_eq!(told("CVE-2021-26855"), [("CVE-2021-26855".to_owned(), false)]);
        assert_eq!(told("nothing of interest"), [("nothing of interest".to_owned(), false)]);
    }

    #[test]
    fn a_table_says_what_each_line_is() {
        let table = "type,value,confidence,tags,comment\nip-dst,198.51.100[.]7,80,\"a;b\",C2\nmutex,Global\\evil,,,\n,,,,\nmd5,nonsense,,,\n";
        let terms = Arc::new(Terms { labels: vec!["all".into()], ..Terms::default() });
        let read = read("list.csv", &Bytes::copy_from_slice(table.as_bytes()), Format::Any, &terms).unwrap();
        let What::Proposal(first) = &read[0].what else { panic!("{read:?}") };
        assert_eq!((first.terms.confidence, first.terms.labels.clone()), (Some(80), vec!["all".to_owned(), "a".into(), "b".into()]));
        assert_eq!(first.description.as_deref(), Some("C2"));
        let rest = lines("list.csv", table);
        assert_eq!(rest.iter().map(|(number, ..)| *number).collect::<Vec<_>>(), [2, 3, 4, 5]);
        assert_eq!(rest[1].2, "[mutex:name = 'Global\\\\evil']");
        assert!(rest[2].2.starts_with("nothing") && rest[3].2.starts_with("refused"), "{rest:?}");
    }

    #[test]
    fn stix_is_kept_as_it_came() {
        let [one, two] = [r#"{ "type":"malware" ,"id":"malware--1"}"#, r#"{"type":"tool","id":"tool--1"}"#];
        let bundle = format!(r#"{{"type":"bundle","id":"bundle--1","objects":[{one},{two}]}}"#);
        for text in [bundle, format!(r#"{{"objects":[{one},{two}]}}"#), format!("[{one},{two}]"), format!("{one}\n\n{two}\n")] {
            let found = lines("some.json", &text);
            assert_eq!(found.iter().map(|(.., object)| object.as_str()).collect::<Vec<_>>(), [one, two], "{text}");
        }
        assert_eq!(lines("one.json", one)[0].1, "malware--1");
    }

    #[test]
    fn who_says_what_a_file_is_is_believed_or_contradicted() {
        let terms = Arc::new(Terms::default());
        let table = Bytes::from_static(b"value,comment\n198.51.100.7,of evil.com\n");
        let of = |format| read("a", &table, format, &terms);
        assert_eq!(of(Format::Table).unwrap().len(), 1);
        assert_eq!(of(Format::Document).unwrap().len(), 2);
        for format in [Format::Stix, Format::Misp] {
            assert!(of(format).unwrap_err().to_string().contains("is not"), "{format:?}");
        }
    }

    #[test]
    fn an_event_of_misp_is_its_attributes() {
        let event = json!({"Event": {
            "info": "Shells", "uuid": "5f1a6a3e-0000-4000-8000-000000000001", "Orgc": {"name": "CERT"}, "Tag": [{"name": "tlp:green"}, {"name": "kind:x"}],
            "Attribute": [
                {"type": "ip-dst|port", "value": "198.51.100.7|443", "to_ids": true, "comment": "C2"},
                {"type": "comment", "value": "198.51.100.8", "to_ids": false},
            ],
            "Object": [{"Attribute": [{"type": "filename|sha256", "value": format!("a.aspx|{HASH}"), "to_ids": true}]}],
        }});
        let found = lines("event.json", &event.to_string());
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].2, "[ipv4-addr:value = '198.51.100.7']");
        assert!(found[1].2.starts_with("nothing"));
        assert_eq!(found[2].2, format!("[file:hashes.'SHA-256' = '{HASH}']"));
        let terms = Arc::new(Terms::default());
        let What::Proposal(first) = &read("e", &event.to_string().into(), Format::Any, &terms).unwrap()[0].what.clone() else { panic!() };
        assert_eq!(first.terms.tlp, crate::stix::marking::Level::Green);
        assert_eq!(first.terms.source.as_ref().unwrap().name, "CERT");
    }
}
