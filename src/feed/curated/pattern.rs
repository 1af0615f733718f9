//! From a kind and a value to a STIX pattern and the observables behind it.
//!
//! Simple kinds keep to the form that every known client takes out of a pattern (one comparison, `=`, no escapes, `MD5` unquoted);
//! hunting kinds say what they mean.

use std::net::Ipv4Addr;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::feed::object::Properties;
use crate::stix::sco_id::sco_id;

/// What sort of thing an indicator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    Ipv4,
    Domain,
    Email,
    Sha256,
    Sha1,
    Md5,
    Filepath,
    FilepathGlob,
    Filename,
    UrlPath,
    UserAgent,
}

/// The kinds whose values are told by their form, those that tell most first.
const TOLD_BY_FORM: [Kind; 6] = [Kind::Ipv4, Kind::Sha256, Kind::Sha1, Kind::Md5, Kind::Email, Kind::Domain];
/// Endings of files that are no top-level domains.
const FILE_ENDINGS: [&str; 12] = ["asp", "aspx", "bat", "dll", "doc", "docx", "exe", "htm", "html", "js", "php", "txt"];

/// Folders in which Exchange and IIS serve files; a common file name tells something only below them.
const SERVED_FOLDERS: [&str; 2] = [r"%\inetpub\wwwroot\aspnet_client%", r"%\FrontEnd\HttpProxy\%"];
/// What is asked of the web server of Exchange.
const REQUEST: &str = "network-traffic:extensions.'http-request-ext'";

/// A pattern, and the observables behind it: the last is what the indicator is based on, those before it are what it refers to.
pub(super) struct Detection {
    pub(super) pattern: String,
    pub(super) observables: Vec<Properties>,
}

impl Kind {
    /// The name in `iocs.csv`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Domain => "domain",
            Self::Email => "email",
            Self::Sha256 => "sha256",
            Self::Sha1 => "sha1",
            Self::Md5 => "md5",
            Self::Filepath => "filepath",
            Self::FilepathGlob => "filepath-glob",
            Self::Filename => "filename",
            Self::UrlPath => "url-path",
            Self::UserAgent => "user-agent",
        }
    }

    /// What a reader calls it.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Ipv4 => "IPv4 address",
            Self::Domain => "domain name",
            Self::Email => "mailbox",
            Self::Sha256 => "SHA-256",
            Self::Sha1 => "SHA-1",
            Self::Md5 => "MD5",
            Self::Filepath => "file path",
            Self::FilepathGlob => "file path with a wildcard",
            Self::Filename => "file name",
            Self::UrlPath => "request path",
            Self::UserAgent => "user agent",
        }
    }

    /// The noun with its article.
    fn one(self) -> String {
        let article = if matches!(self, Self::Ipv4 | Self::Md5) { "an" } else { "a" };
        format!("{article} {}", self.noun())
    }

    /// Whether its values are hashes of files.
    pub(super) fn is_hash(self) -> bool {
        matches!(self, Self::Sha256 | Self::Sha1 | Self::Md5)
    }

    /// Whether its pattern is one that every client understands.
    pub(super) fn is_simple(self) -> bool {
        self.is_hash() || matches!(self, Self::Ipv4 | Self::Domain | Self::Email)
    }
}

/// The pattern and the observables of `value`, or what is wrong with it.
pub(super) fn detect(kind: Kind, value: &str) -> Result<Detection, String> {
    match kind {
        Kind::Ipv4 if has_form(kind, value) => Ok(valued("ipv4-addr", value)),
        Kind::Domain if has_form(kind, value) => Ok(valued("domain-name", value)),
        Kind::Email if has_form(kind, value) => Ok(valued("email-addr", value)),
        Kind::Sha256 if has_form(kind, value) => Ok(hashed("SHA-256", "'SHA-256'", value)),
        Kind::Sha1 if has_form(kind, value) => Ok(hashed("SHA-1", "'SHA-1'", value)),
        Kind::Md5 if has_form(kind, value) => Ok(hashed("MD5", "MD5", value)),
        Kind::Filepath => in_folder(value).map(|(folder, name)| {
            let directory = observable("directory", [("path", json!(folder))]);
            let file = observable("file", [("name", json!(name)), ("parent_directory_ref", directory["id"].clone())]);
            let pattern = format!("[file:name = {} AND file:parent_directory_ref.path = {}]", quote(name), quote(folder));
            Detection { pattern, observables: vec![directory, file] }
        }),
        Kind::FilepathGlob => in_folder(value).and_then(|(folder, name)| {
            let name = like(name)?;
            Ok(bare(format!("[file:name LIKE {} AND file:parent_directory_ref.path = {}]", quote(&name), quote(folder))))
        }),
        Kind::Filename if value.rsplit('.').next() == Some("js") => {
            Ok(bare(format!("[{REQUEST}.request_method = 'post' AND {REQUEST}.request_value LIKE {}]", quote(&format!("%/{value}%")))))
        }
        Kind::Filename if !value.is_empty() && !value.contains(['\\', '/']) => {
            let [iis, exchange] = SERVED_FOLDERS.map(|folder| format!("file:parent_directory_ref.path LIKE {}", quote(folder)));
            Ok(Detection {
                pattern: format!("[file:name = {} AND ({iis} OR {exchange})]", quote(value)),
                observables: vec![observable("file", [("name", json!(value))])],
            })
        }
        Kind::UrlPath if value.starts_with('/') => {
            Ok(bare(format!("[{REQUEST}.request_method = 'post' AND {REQUEST}.request_value LIKE {}]", quote(&format!("{value}%")))))
        }
        Kind::UserAgent if !value.is_empty() => Ok(bare(format!(
            "[{REQUEST}.request_header.'User-Agent' = {} AND {REQUEST}.request_method = 'post' AND ({REQUEST}.request_value LIKE '/owa/%' OR \
             {REQUEST}.request_value LIKE '/ecp/%')]",
            quote(value)
        ))),
        _ => {
            let hint = fits(kind, value).map_or(String::new(), |other| format!("; it looks like {}", other.one()));
            Err(format!("{value:?} is no {} in its plain form{hint}", kind.noun()))
        }
    }
}

/// What a value that can stand as `kind` looks more like.
pub(super) fn looks_like(kind: Kind, value: &str) -> Option<String> {
    match kind {
        // Any text is a file name, a path or a user agent in form, and a file name is a domain name.
        Kind::Filename | Kind::UserAgent | Kind::UrlPath => fits(kind, value).filter(|other| *other != Kind::Domain).map(Kind::one),
        Kind::Domain if value.rsplit('.').next().is_some_and(|ending| FILE_ENDINGS.contains(&ending)) => Some(Kind::Filename.one()),
        _ => None,
    }
}

/// The kind, other than `kind`, whose form a value has.
fn fits(kind: Kind, value: &str) -> Option<Kind> {
    TOLD_BY_FORM.into_iter().find(|other| *other != kind && has_form(*other, value))
}

/// Whether a value has the form of a kind that is told by it.
fn has_form(kind: Kind, value: &str) -> bool {
    match kind {
        Kind::Ipv4 => value.parse::<Ipv4Addr>().is_ok(),
        Kind::Domain => is_domain(value),
        Kind::Email => value.split_once('@').is_some_and(|(user, host)| is_plain(user) && is_domain(host)),
        Kind::Sha256 => is_hex(value, 64),
        Kind::Sha1 => is_hex(value, 40),
        Kind::Md5 => is_hex(value, 32),
        _ => false,
    }
}

fn valued(type_name: &'static str, value: &str) -> Detection {
    Detection { pattern: format!("[{type_name}:value = '{value}']"), observables: vec![observable(type_name, [("value", json!(value))])] }
}

fn hashed(algorithm: &str, in_pattern: &str, value: &str) -> Detection {
    Detection {
        pattern: format!("[file:hashes.{in_pattern} = '{value}']"),
        observables: vec![observable("file", [("hashes", json!({algorithm: value}))])],
    }
}

/// A pattern without an observable of its own.
fn bare(pattern: String) -> Detection {
    Detection { pattern, observables: Vec::new() }
}

/// An observable under the identifier that the standard gives it; each type here has one of `members` in that identifier.
fn observable<const N: usize>(type_name: &str, members: [(&str, Value); N]) -> Properties {
    let mut properties: Properties = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let id = sco_id(type_name, &properties).map(|id| id.to_string());
    properties.extend([("type".to_owned(), json!(type_name)), ("spec_version".to_owned(), json!("2.1")), ("id".to_owned(), json!(id))]);
    properties
}

/// A string of the pattern language (STIX 2.1 §9.2).
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

fn in_folder(path: &str) -> Result<(&str, &str), String> {
    path.rsplit_once('\\')
        .filter(|(folder, name)| folder.get(1..3) == Some(r":\") && !name.is_empty())
        .ok_or_else(|| format!("{path:?} is no full path of Windows"))
}

/// A glob as the operand of `LIKE`, which has no escape for its own wildcards.
fn like(glob: &str) -> Result<String, String> {
    if glob.contains(['%', '_']) {
        return Err(format!("{glob:?} has a % or a _ in it, which LIKE cannot tell from its wildcards"));
    }
    Ok(glob.replace('*', "%").replace('?', "_"))
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// At least two labels, the last of them no number: an address is no name.
fn is_domain(text: &str) -> bool {
    let numeric = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label) && !text.rsplit('.').next().is_some_and(numeric)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Whether a client that cuts at blanks and quotes gets the text whole.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(kind: Kind, value: &str) -> String {
        detect(kind, value).map_or_else(|what| what, |detection| detection.pattern)
    }

    #[test]
    fn simple_kinds_have_one_comparison() {
        assert_eq!(pattern(Kind::Ipv4, "198.51.100.3"), "[ipv4-addr:value = '198.51.100.3']");
        assert_eq!(pattern(Kind::Domain, "a.example"), "[domain-name:value = 'a.example']");
        assert_eq!(pattern(Kind::Email, "a@b.example"), "[email-addr:value = 'a@b.example']");
        assert_eq!(pattern(Kind::Md5, &"0a".repeat(16)), format!("[file:hashes.MD5 = '{}']", "0a".repeat(16)));
        assert_eq!(pattern(Kind::Sha1, &"0a".repeat(20)), format!("[file:hashes.'SHA-1' = '{}']", "0a".repeat(20)));
        assert_eq!(pattern(Kind::Sha256, &"0a".repeat(32)), format!("[file:hashes.'SHA-256' = '{}']", "0a".repeat(32)));
    }

    #[test]
    fn values_that_clients_would_mangle_are_refused() {
        for (kind, value) in [
            (Kind::Ipv4, "198.51.100.0/24"),
            (Kind::Ipv4, "198.51.100.03"),
            (Kind::Domain, "A.example"),
            (Kind::Domain, "a.example."),
            (Kind::Domain, "-a.example"),
            (Kind::Domain, "a..example"),
            (Kind::Domain, "example"),
            (Kind::Email, "a b@c.example"),
            (Kind::Email, "o'hara@c.example"),
            (Kind::Md5, "0A"),
            (Kind::Sha1, ""),
            (Kind::Filepath, "relative\\name"),
            (Kind::Filename, "a\\b"),
            (Kind::UrlPath, "owa"),
            (Kind::UserAgent, ""),
        ] {
            assert!(detect(kind, value).is_err(), "{value}");
        }
        assert!(pattern(Kind::FilepathGlob, r"C:\a\b_*").contains("which LIKE cannot tell"));
    }

    #[test]
    fn s205_hunting_patterns_escape_what_the_language_escapes() {
        assert_eq!(pattern(Kind::Filepath, r"C:\it's\a.aspx"), r"[file:name = 'a.aspx' AND file:parent_directory_ref.path = 'C:\\it\'s']");
        assert_eq!(pattern(Kind::FilepathGlob, r"C:\root\*.dmp"), r"[file:name LIKE '%.dmp' AND file:parent_directory_ref.path = 'C:\\root']");
        assert!(
            pattern(Kind::UserAgent, "antSword/v2.1")
                .starts_with("[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'antSword/v2.1' AND ")
        );
    }

    #[test]
    fn a_file_in_a_folder_comes_with_the_folder_before_it() {
        let observables = detect(Kind::Filepath, r"C:\a\b.aspx").map(|detection| detection.observables).unwrap();
        assert_eq!(observables.iter().map(|o| o["type"].as_str().unwrap()).collect::<Vec<_>>(), ["directory", "file"]);
        assert_eq!(observables[1]["parent_directory_ref"], observables[0]["id"]);
    }
}
