//! Names of hosts: what is one, and its normal form.

use psl::Psl;

use super::Doubt;

/// A name in normal form.
pub(super) struct Name {
    /// Lower case, A-labels.
    pub(super) ascii: String,
    /// In Unicode, if that differs.
    pub(super) shown: Option<String>,
    pub(super) ending: Ending,
}

/// What a name ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// A suffix below which names are registered, or one that is kept for examples or for another system of names.
    Public,
    /// A suffix that each network uses as it likes.
    Local,
    /// Neither.
    Unknown,
}

/// Suffixes that are no part of the public list and yet name something for everybody: RFC 2606 and other systems of names.
const OTHER: [&str; 12] = ["example", "test", "bit", "bazar", "lib", "coin", "emc", "i2p", "loki", "eth", "crypto", "onion"];
/// Suffixes of networks of one's own.
const LOCAL: [&str; 9] = ["local", "lan", "internal", "localdomain", "localhost", "home", "corp", "intranet", "invalid"];
/// The longest name that DNS has.
const LONGEST: usize = 253;

/// Reads a name of two labels at least; `None` if it is none, or is itself a suffix such as `co.uk`.
pub(super) fn name(text: &str) -> Option<Name> {
    if text.len() > LONGEST || !text.contains('.') {
        return None;
    }
    let ascii = if text.is_ascii() { text.to_ascii_lowercase() } else { idna::domain_to_ascii(text).ok()? };
    let fits = |label: &str| {
        let edges = label.starts_with('-') || label.ends_with(['-', '_']);
        (1..=63).contains(&label.len()) && !edges && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let last = ascii.rsplit('.').next()?;
    if ascii.len() > LONGEST || !ascii.split('.').all(fits) || last.bytes().any(|byte| byte.is_ascii_digit()) && !last.starts_with("xn--") {
        return None;
    }
    let unicode = ascii.contains("xn--").then(|| idna::domain_to_unicode(&ascii)).filter(|(_, valid)| valid.is_ok()).map(|(unicode, _)| unicode);
    let ending = ending(unicode.as_ref().unwrap_or(&ascii), last)?;
    let shown = unicode.filter(|unicode| *unicode != ascii);
    Some(Name { ascii, shown, ending })
}

/// What a name ends in; `None` if nothing is left before the suffix.
fn ending(name: &str, last: &str) -> Option<Ending> {
    if OTHER.contains(&last) {
        return Some(Ending::Public);
    }
    if LOCAL.contains(&last) {
        return Some(Ending::Local);
    }
    let suffix = psl::List.suffix(name.as_bytes())?;
    match suffix.typ() {
        None => Some(Ending::Unknown),
        Some(psl::Type::Icann) if suffix.as_bytes().len() == name.len() => None,
        Some(_) => Some(Ending::Public),
    }
}

/// Why a name that nobody has defanged may be none, seen from its spelling and the character behind it.
pub(super) fn spelling_doubt(written: &str, next: Option<u8>) -> Option<Doubt> {
    const OBJECTS: [&str; 17] = [
        "this", "self", "window", "document", "console", "math", "os", "sys", "request", "response", "module", "process", "event", "args", "asp",
        "ado", "vb",
    ];
    const PACKAGES: [&str; 6] = ["com", "org", "net", "io", "java", "javax"];
    const METHODS: [&str; 10] = ["run", "id", "name", "open", "click", "call", "select", "show", "play", "exec"];
    let (first, rest) = written.split_once('.')?;
    let last = written.rsplit('.').next()?;
    let other = written.strip_suffix(last)?;
    let titled = last.starts_with(|c: char| c.is_uppercase()) && last.chars().skip(1).all(char::is_lowercase);
    let shouted = last.chars().all(char::is_uppercase) && other.chars().any(char::is_lowercase);
    let object = OBJECTS.iter().any(|object| first.eq_ignore_ascii_case(object));
    let package = PACKAGES.contains(&first) && rest.contains('.');
    let method = next == Some(b'(') && (METHODS.contains(&last) || written.bytes().any(|byte| byte.is_ascii_uppercase()));
    (titled || shouted || object || package || method).then_some(Doubt::Code)
}

/// Labels that begin with an underscore, so that one before them is no emphasis.
pub(super) fn is_service_label(label: &str) -> bool {
    const LABELS: [&str; 14] = [
        "_dmarc",
        "_acme-challenge",
        "_domainkey",
        "_spf",
        "_sip",
        "_sips",
        "_ldap",
        "_kerberos",
        "_mta-sts",
        "_smtp",
        "_report",
        "_http",
        "_https",
        "_xmpp",
    ];
    LABELS.iter().any(|known| label.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_lower_case_a_labels_below_a_suffix() {
        for (text, expected) in [
            ("Evil.COM", Some(("evil.com", None, Ending::Public))),
            ("a.co.uk", Some(("a.co.uk", None, Ending::Public))),
            ("co.uk", None),
            ("duckdns.org", Some(("duckdns.org", None, Ending::Public))),
            ("münchen.org", Some(("xn--mnchen-3ya.org", Some("münchen.org"), Ending::Public))),
            ("XN--mnchen-3ya.org", Some(("xn--mnchen-3ya.org", Some("münchen.org"), Ending::Public))),
            ("пример.рф", Some(("xn--e1afmkfd.xn--p1ai", Some("пример.рф"), Ending::Public))),
            ("_dmarc.evil.com", Some(("_dmarc.evil.com", None, Ending::Public))),
            ("host.local", Some(("host.local", None, Ending::Local))),
            ("shell.aspx", Some(("shell.aspx", None, Ending::Unknown))),
            ("a.example", Some(("a.example", None, Ending::Public))),
            ("-a.com", None),
            ("a..com", None),
            ("com", None),
            ("1.2.3.4", None),
        ] {
            let name = name(text);
            assert_eq!(name.as_ref().map(|n| (n.ascii.as_str(), n.shown.as_deref(), n.ending)), expected, "{text}");
        }
    }

    #[test]
    fn names_out_of_programs_are_doubted() {
        for text in ["System.Net", "System.IO", "ASP.NET", "this.name", "com.example.app", "removed.It"] {
            assert_eq!(spelling_doubt(text, None), Some(Doubt::Code), "{text}");
        }
        for text in ["evil.com", "EVIL.COM", "www.Evil.com", "com.evil"] {
            assert_eq!(spelling_doubt(text, None), None, "{text}");
        }
    }
}
