//! Rules for Sigma: one for each kind of value, all in one file of several YAML documents.

use uuid::Uuid;

use super::wire::Seen;
use super::{About, File, Format, Item, LeftOut, Shape, Sum, brief, put, quoted_title, sound, tell_left_out};
use crate::stix::ioc::Kind;

/// The format.
pub(super) struct Sigma;

/// Its one file.
const FILES: &[File] = &[File {
    name: "sigma.yml",
    about: "rules for Sigma",
    kinds: &[
        Kind::Ipv4,
        Kind::Ipv6,
        Kind::Network,
        Kind::Domain,
        Kind::Url,
        Kind::Md5,
        Kind::Sha1,
        Kind::Sha256,
        Kind::FileName,
        Kind::FilePath,
        Kind::RegistryKey,
        Kind::UserAgent,
    ],
    media_type: "application/yaml; charset=utf-8",
}];

/// Where values of a kind are looked for.
struct Plan {
    /// What is found, for the title.
    what: &'static str,
    /// The category of the source of logs.
    category: &'static str,
    /// The field, with what is done to compare it.
    field: &'static str,
    /// How bad a match is.
    level: &'static str,
}

/// Where values of a kind are looked for; `None` if Sigma's taxonomy has no place for them, or, of SHA-512, if Sysmon does not write them.
const fn plan(kind: Kind) -> Option<Plan> {
    Some(match kind {
        Kind::Ipv4 => Plan { what: "Connection to an IPv4 address", category: "network_connection", field: "DestinationIp", level: "medium" },
        Kind::Ipv6 => Plan { what: "Connection to an IPv6 address", category: "network_connection", field: "DestinationIp", level: "medium" },
        Kind::Network => Plan { what: "Connection to a network", category: "network_connection", field: "DestinationIp|cidr", level: "medium" },
        Kind::Domain => Plan { what: "Query of a domain", category: "dns_query", field: "QueryName", level: "high" },
        Kind::Url => Plan { what: "Request of a URL", category: "proxy", field: "c-uri", level: "high" },
        Kind::UserAgent => Plan { what: "Request by a user agent", category: "proxy", field: "c-useragent", level: "medium" },
        Kind::Md5 => Plan { what: "Process with an MD5 hash", category: "process_creation", field: "Hashes|contains", level: "high" },
        Kind::Sha1 => Plan { what: "Process with a SHA-1 hash", category: "process_creation", field: "Hashes|contains", level: "high" },
        Kind::Sha256 => Plan { what: "Process with a SHA-256 hash", category: "process_creation", field: "Hashes|contains", level: "high" },
        Kind::FileName => Plan { what: "File with a name", category: "file_event", field: "TargetFilename|endswith", level: "medium" },
        Kind::FilePath => Plan { what: "File at a path", category: "file_event", field: "TargetFilename", level: "medium" },
        Kind::RegistryKey => Plan { what: "Change to a registry key", category: "registry_event", field: "TargetObject|contains", level: "medium" },
        _ => return None,
    })
}

impl Format for Sigma {
    fn files(&self) -> &'static [File] {
        FILES
    }

    /// A rule without values would match everything or be no rule, so it begins only once there is one.
    fn shape(&self) -> Shape {
        Shape::Whole
    }

    fn whole(&self, about: &About<'_>, items: &mut dyn Iterator<Item = Item<'_>>, out: &mut String) -> Option<Sum> {
        put(out, format_args!("# Sigma rules of the collection {}", printable(&quoted_title(about))));
        put(out, format_args!("# Convert them with: sigma convert -t <backend> -p <pipeline> sigma.yml"));
        let mut sum = Sum::default();
        let mut begun = None;
        for item in items {
            let (Some(plan), Ok(values)) = (plan(item.kind), values(&item)) else {
                sum.left_out += 1;
                continue;
            };
            if begun != Some(item.kind) {
                close(begun, out);
                open(about, item.kind, &plan, out);
                begun = Some(item.kind);
            }
            for value in &values {
                put(out, format_args!("            - {}", quoted(value)));
            }
            sum.held += 1;
        }
        close(begun, out);
        tell_left_out("#", &sum, out);
        Some(sum)
    }
}

/// The beginning of a rule, up to its values. Its id stays the same, since it follows from collection and kind.
fn open(about: &About<'_>, kind: Kind, plan: &Plan, out: &mut String) {
    let title = printable(&brief(about.title, 150));
    let id = Uuid::new_v5(&about.collection, kind.name().as_bytes());
    put(out, format_args!("---\ntitle: {}", quoted(&format!("{}: {title}", plan.what))));
    put(out, format_args!("id: {id}\nstatus: experimental"));
    put(out, format_args!("description: {}", quoted(&format!("{} that is an indicator of the collection {title}", plan.what))));
    put(out, format_args!("author: Taxiway\nlogsource:\n    category: {}", plan.category));
    put(out, format_args!("detection:\n    selection:\n        {}:", plan.field));
}

/// The end of a rule.
fn close(kind: Option<Kind>, out: &mut String) {
    if let Some(plan) = kind.and_then(plan) {
        put(out, format_args!("    condition: selection\nlevel: {}", plan.level));
    }
}

/// What is looked for to find a value, as Sigma writes it.
fn values(item: &Item<'_>) -> Result<Vec<String>, LeftOut> {
    let value = sound(item)?;
    if value.is_empty() || printable(value) != value {
        return Err(LeftOut);
    }
    Ok(match item.kind {
        // Logs hold neither users nor fragments.
        Kind::Url => {
            let seen = Seen::of(value).ok_or(LeftOut)?;
            vec![escaped(&format!("{}://{}{}", seen.scheme, seen.place(), seen.target))]
        }
        // As Sysmon writes them.
        Kind::Md5 => vec![format!("MD5={}", value.to_ascii_uppercase())],
        Kind::Sha1 => vec![format!("SHA1={}", value.to_ascii_uppercase())],
        Kind::Sha256 => vec![format!("SHA256={}", value.to_ascii_uppercase())],
        Kind::FileName => vec![format!("\\\\{}", escaped(value)), format!("/{}", escaped(value))],
        // Logs hold no variables, and no directories.
        Kind::FilePath if value.starts_with(['%', '$', '~']) || value.ends_with(['\\', '/']) => return Err(LeftOut),
        // Sysmon shortens the hive, and has the user's number instead of HKEY_CURRENT_USER.
        Kind::RegistryKey => vec![format!("\\\\{}", escaped(value.split_once('\\').filter(|(_, key)| !key.is_empty()).ok_or(LeftOut)?.1))],
        _ => vec![escaped(value)],
    })
}

/// A text in which Sigma sees neither wildcards nor escapes.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?")
}

/// A text between YAML's single quotation marks, in which only these marks mean anything.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A text without what YAML allows nowhere, or takes for the end of a line.
fn printable(text: &str) -> String {
    let never = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    text.chars().filter(|c| !never(*c)).collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_norway::{Deserializer, Value};

    use super::super::specimen::{HOSTILE, item, list, list_of};
    use super::*;

    fn rules(text: &str) -> Vec<Value> {
        Deserializer::from_str(text).map(|document| Value::deserialize(document).unwrap()).filter(|rule| !rule.is_null()).collect()
    }

    fn sought(kind: Kind, value: &str) -> Vec<String> {
        values(&item(kind, value)).unwrap_or_default()
    }

    #[test]
    fn a_rule_has_all_that_sigma_wants() {
        let written = list(&Sigma, "sigma.yml", &[item(Kind::Domain, "a.example"), item(Kind::Domain, "b.example")]);
        let expected = "---\ntitle: 'Query of a domain: Evil'\nid: ";
        assert!(written.contains(expected), "{written}");
        let end = "    selection:\n        QueryName:\n            - 'a.example'\n            - 'b.example'\n    condition: selection\nlevel: high\n";
        assert!(written.ends_with(end), "{written}");
        assert_eq!(rules(&written).len(), 1);
    }

    #[test]
    fn each_kind_has_a_rule_of_its_own_and_an_id_that_stays() {
        let items = [item(Kind::Domain, "a.example"), item(Kind::Url, "http://a.example/?b")];
        let (one, other) = (rules(&list(&Sigma, "sigma.yml", &items)), rules(&list(&Sigma, "sigma.yml", &items[1..])));
        assert_eq!((one.len(), other.len()), (2, 1));
        assert_eq!(one[1].get("id"), other[0].get("id"));
        assert_ne!(one[0].get("id"), one[1].get("id"));
    }

    #[test]
    fn wildcards_and_backslashes_mean_themselves() {
        for (kind, value, expected) in [
            (Kind::Url, "http://u@a.example/*?b#c", vec!["http://a.example/\\*\\?b"]),
            (Kind::FilePath, r"C:\a\b.exe", vec![r"C:\\a\\b.exe"]),
            (Kind::FileName, "b.exe", vec![r"\\b.exe", "/b.exe"]),
            (Kind::RegistryKey, r"HKEY_LOCAL_MACHINE\Software\a", vec![r"\\Software\\a"]),
            (Kind::Sha256, "ab", vec!["SHA256=AB"]),
            (Kind::FilePath, r"C:\a\", vec![]),
            (Kind::FilePath, r"%APPDATA%\a", vec![]),
            (Kind::UserAgent, "a\tb", vec![]),
        ] {
            assert_eq!(sought(kind, value), expected, "{value}");
        }
    }

    #[test]
    fn a_rule_without_values_is_not_begun() {
        let (written, sum) = list_of(&Sigma, "sigma.yml", HOSTILE, &[Item { sound: false, ..item(Kind::Domain, HOSTILE) }]);
        assert_eq!((sum.held, sum.left_out, rules(&written).len()), (0, 1, 0));
        assert!(written.ends_with("# 1 left out: this format cannot carry them\n"), "{written}");
    }

    #[test]
    fn hostile_texts_stay_in_their_place() {
        let (written, sum) = list_of(&Sigma, "sigma.yml", HOSTILE, &[item(Kind::UserAgent, "a' #: \"b\"\\")]);
        assert_eq!((sum.held, sum.left_out), (1, 0));
        let rules = rules(&written);
        let value = &rules[0]["detection"]["selection"]["c-useragent"][0];
        assert_eq!(value.as_str(), Some("a' #: \"b\"\\\\"));
    }
}
