//! The values of which a pattern says that each alone is enough: what can stand in a list.
//!
//! `OR` and `IN` give several. What must come together with something else (`AND`, `FOLLOWEDBY`, how often, when) is no value of a list, with
//! two exceptions: a hash names its file, whatever else is asked of the file, and a file with its directory is a path.

use std::borrow::Cow;
use std::net::IpAddr;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::{Kind, address, catalogue, host, url};
use crate::stix::pattern::tree::{
    Body, Comparison, ComparisonAnd, ComparisonOr, Literal, ObservationAnd, Path, Pattern, Relation, Step, Test, TextOperator, Value as Constant,
};

/// What no URL holds as it is; the percent sign stays, as it begins what was encoded before.
const NOT_IN_URLS: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// A value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value {
    /// What sort of thing it is, as the pattern says.
    pub kind: Kind,
    /// The value; in the normal form of its kind if it has one, else as the pattern has it.
    pub text: String,
    /// Whether it is in the normal form. If not, it may hold any character and is no such thing.
    pub sound: bool,
}

/// The values of a pattern, in the order of its text.
pub fn values(pattern: &Pattern<'_>) -> Vec<Value> {
    let mut found = Vec::new();
    of_pattern(pattern, &mut found);
    found
}

fn of_pattern(pattern: &Pattern<'_>, found: &mut Vec<Value>) {
    let [step] = pattern.steps.as_slice() else { return };
    for alternative in &step.operands {
        of_observation(alternative, found);
    }
}

fn of_observation(alternative: &ObservationAnd<'_>, found: &mut Vec<Value>) {
    match alternative.operands.as_slice() {
        [only] if only.qualifiers.is_empty() => match &only.body {
            Body::Object(comparisons) => of_comparisons(comparisons, found),
            Body::Group(pattern) => of_pattern(pattern, found),
        },
        _ => {}
    }
}

fn of_comparisons(comparisons: &ComparisonOr<'_>, found: &mut Vec<Value>) {
    for alternative in &comparisons.operands {
        of_tests(alternative, found);
    }
}

fn of_tests(tests: &ComparisonAnd<'_>, found: &mut Vec<Value>) {
    match tests.operands.as_slice() {
        [Test::Group(comparisons)] => of_comparisons(comparisons, found),
        [Test::Compare { path, negated: false, comparison }] => found.extend(constants(comparison).filter_map(|text| value(path, &text))),
        several => match path_of(several) {
            Some(path) => found.push(path),
            None => found.extend(several.iter().flat_map(hashes)),
        },
    }
}

/// The hashes that a test asks for.
fn hashes(test: &Test<'_>) -> Vec<Value> {
    match test {
        Test::Compare { path, negated: false, comparison } if hash_kind(path).is_some() => {
            constants(comparison).filter_map(|text| value(path, &text)).collect()
        }
        _ => Vec::new(),
    }
}

/// The path of a file for whose name and directory two tests ask.
fn path_of(tests: &[Test<'_>]) -> Option<Value> {
    let [one, other] = tests else { return None };
    let (name, directory) = file_name(one).zip(directory_path(other)).or_else(|| file_name(other).zip(directory_path(one)))?;
    let separator = if directory.contains('\\') || !directory.contains('/') { '\\' } else { '/' };
    Some(plain(Kind::FilePath, &format!("{}{separator}{name}", directory.trim_end_matches(separator))))
}

fn file_name<'t>(test: &'t Test<'_>) -> Option<Cow<'t, str>> {
    equal(test, "name", &[])
}

fn directory_path<'t>(test: &'t Test<'_>) -> Option<Cow<'t, str>> {
    equal(test, "parent_directory_ref", &["path"])
}

/// What a test says a property of a file is equal to.
fn equal<'t>(test: &'t Test<'_>, property: &str, keys: &[&str]) -> Option<Cow<'t, str>> {
    match test {
        Test::Compare { path, negated: false, comparison: Comparison::Value(Relation::Equal, literal) } => {
            let is_asked = path.object == "file" && path.property == property && path.steps.iter().map(key).eq(keys.iter().copied().map(Some));
            text(literal).filter(|_| is_asked)
        }
        _ => None,
    }
}

/// The constants that satisfy a comparison.
fn constants<'c>(comparison: &'c Comparison<'_>) -> impl Iterator<Item = Cow<'c, str>> {
    let literals = match comparison {
        Comparison::Value(Relation::Equal, one) | Comparison::Text(TextOperator::IsSubset, one) => std::slice::from_ref(one),
        Comparison::In(all, _) => all,
        Comparison::Value(..) | Comparison::Text(..) => &[],
    };
    literals.iter().filter_map(text)
}

fn text<'c>(literal: &'c Literal<'_>) -> Option<Cow<'c, str>> {
    match &literal.value {
        Constant::Text(text) | Constant::Integer(text) => Some(Cow::Borrowed(text)),
        _ => None,
    }
}

/// The value that a property is compared with; `None` if there is no list of such.
fn value(path: &Path<'_>, text: &str) -> Option<Value> {
    if let Some(kind) = hash_kind(path) {
        return Some(hash(kind, text));
    }
    let steps: Vec<&str> = path.steps.iter().filter_map(key).collect();
    Some(match (&*path.object, &*path.property, steps.as_slice()) {
        ("ipv4-addr" | "ipv6-addr", "value", []) => address_or_network(&path.object, text),
        ("domain-name", "value", []) => domain(text),
        ("url", "value", []) => whole_url(text),
        ("email-addr", "value", []) | ("email-message", "from_ref" | "sender_ref", ["value"]) => email(text),
        ("file", "name", []) => plain(Kind::FileName, text),
        ("directory", "path", []) => plain(Kind::FilePath, text),
        ("windows-registry-key", "key", []) => plain(Kind::RegistryKey, text),
        ("mutex", "name", []) => plain(Kind::Mutex, text),
        ("network-traffic", "extensions", ["http-request-ext", "request_header", "User-Agent"]) => plain(Kind::UserAgent, text),
        ("autonomous-system", "number", []) => settled(Kind::Asn, text, catalogue::asn(text)),
        _ => return None,
    })
}

/// The key of a step; what has other steps has as many fewer keys, and is of no known path.
fn key<'s>(step: &'s Step<'_>) -> Option<&'s str> {
    match step {
        Step::Key(key) => Some(key),
        Step::Item(_) | Step::Any => None,
    }
}

/// The kind of hash of a file that a path leads to.
fn hash_kind(path: &Path<'_>) -> Option<Kind> {
    let [Step::Key(algorithm)] = path.steps.as_slice() else { return None };
    if path.object != "file" || path.property != "hashes" {
        return None;
    }
    Some(match algorithm.to_ascii_uppercase().as_str() {
        "MD5" => Kind::Md5,
        "SHA-1" | "SHA1" => Kind::Sha1,
        "SHA-256" | "SHA256" => Kind::Sha256,
        "SHA-512" | "SHA512" => Kind::Sha512,
        _ => return None,
    })
}

/// A value with its normal form, if it has one.
fn settled(kind: Kind, text: &str, normal: Option<String>) -> Value {
    let sound = normal.is_some();
    Value { kind, text: normal.unwrap_or_else(|| text.to_owned()), sound }
}

fn hash(kind: Kind, text: &str) -> Value {
    let digits = match kind {
        Kind::Md5 => 32,
        Kind::Sha1 => 40,
        Kind::Sha256 => 64,
        _ => 128,
    };
    let fits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    settled(kind, text, fits.then(|| text.to_ascii_lowercase()))
}

/// An address, or a network, whose host bits count for nothing; one of a single address is that address.
fn address_or_network(object: &str, text: &str) -> Value {
    let (written, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let address = written.parse::<IpAddr>().ok().filter(|address| address.is_ipv4() == (object == "ipv4-addr"));
    let unknown = if object == "ipv4-addr" { Kind::Ipv4 } else { Kind::Ipv6 };
    let Some(address) = address else { return settled(unknown, text, None) };
    let bits: u8 = if address.is_ipv4() { 32 } else { 128 };
    match prefix.map(str::parse::<u8>) {
        None => settled(unknown, text, Some(address.to_string())),
        Some(Ok(prefix)) if prefix == bits => settled(unknown, text, Some(address.to_string())),
        Some(Ok(prefix)) if prefix < bits => settled(Kind::Network, text, address::network(address, prefix)),
        Some(_) => settled(Kind::Network, text, None),
    }
}

fn domain(text: &str) -> Value {
    let name = host::name(text.strip_suffix('.').unwrap_or(text));
    settled(Kind::Domain, text, name.map(|name| name.ascii))
}

fn email(text: &str) -> Value {
    let normal = text.rsplit_once('@').and_then(|(local, domain)| {
        let fits = (1..=64).contains(&local.len()) && local.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b'<' | b'>'));
        let name = host::name(domain).filter(|_| fits)?;
        Some(format!("{local}@{}", name.ascii))
    });
    settled(Kind::Email, text, normal)
}

/// A URL of a known scheme: what is no ASCII in its path is percent-encoded, as it is when it is asked for.
fn whole_url(text: &str) -> Value {
    let normal = text.split_once("://").and_then(|(scheme, rest)| {
        let (scheme, port) = url::scheme(scheme)?;
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let tail = utf8_percent_encode(tail, NOT_IN_URLS).to_string();
        let read = url::read(scheme, port, authority, None).filter(|read| read.taken == authority.len())?;
        let whole = format!("{}{tail}", read.value);
        whole.bytes().all(|byte| byte.is_ascii_graphic()).then_some(whole)
    });
    settled(Kind::Url, text, normal)
}

/// A text that is what it is, if it is on one line and not hidden between blanks.
fn plain(kind: Kind, text: &str) -> Value {
    let odd = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let fits = !text.is_empty() && text.trim() == text && !text.contains(odd);
    settled(kind, text, fits.then(|| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stix::ioc::write::pattern;
    use crate::stix::pattern::parse::parse;

    fn told(pattern: &str) -> Vec<String> {
        let found = values(&parse(pattern).unwrap());
        found.into_iter().map(|value| format!("{:?}{} {}", value.kind, if value.sound { "" } else { "?" }, value.text)).collect()
    }

    #[test]
    fn alternatives_give_a_value_each() {
        assert_eq!(
            told("[ipv4-addr:value = '198.51.100.7' OR domain-name:value IN ('A.evil.example', 'b.evil.example.')]"),
            ["Ipv4 198.51.100.7", "Domain a.evil.example", "Domain b.evil.example"]
        );
        assert_eq!(
            told("([url:value = 'HTTP://EVIL.example:80/A'] OR [autonomous-system:number = 20473])"),
            ["Url http://evil.example/A", "Asn 20473"]
        );
    }

    #[test]
    fn what_needs_company_is_no_value() {
        for pattern in [
            "[ipv4-addr:value = '198.51.100.7' AND ipv4-addr:resolves_to_refs[*].value = 'x']",
            "[ipv4-addr:value = '198.51.100.7'] AND [ipv4-addr:value = '198.51.100.8']",
            "[ipv4-addr:value = '198.51.100.7'] FOLLOWEDBY [ipv4-addr:value = '198.51.100.8']",
            "[ipv4-addr:value = '198.51.100.7'] REPEATS 5 TIMES",
            "[ipv4-addr:value = '198.51.100.7'] WITHIN 5 SECONDS",
            "[ipv4-addr:value != '198.51.100.7']",
            "[ipv4-addr:value NOT IN ('198.51.100.7')]",
            "[url:value LIKE 'http://%']",
            "[ipv4-addr:value ISSUPERSET '198.51.100.0/24']",
            "[file:size = 5]",
            "[file:hashes[*].MD5 = 'd41d8cd98f00b204e9800998ecf8427e']",
        ] {
            assert_eq!(told(pattern), [""; 0], "{pattern}");
        }
        assert_eq!(told("[domain-name:value = 'a.evil.example'] OR ([file:size = 5] AND [file:size = 6])"), ["Domain a.evil.example"]);
    }

    #[test]
    fn a_hash_names_its_file_whatever_else_is_asked() {
        let (md5, sha1) = ("D41D8CD98F00B204E9800998ECF8427E", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        let pattern = format!("[file:hashes.MD5 = '{md5}' AND file:hashes.'SHA-1' = '{sha1}' AND file:name = 'x.aspx']");
        assert_eq!(told(&pattern), [format!("Md5 {}", md5.to_lowercase()), format!("Sha1 {sha1}")]);
        assert_eq!(told(&format!("[file:hashes.MD5 = '{sha1}']")), [format!("Md5? {sha1}")]);
    }

    #[test]
    fn networks_lose_host_bits_and_one_address_is_an_address() {
        assert_eq!(told("[ipv4-addr:value ISSUBSET '198.51.100.7/24']"), ["Network 198.51.100.0/24"]);
        assert_eq!(told("[ipv4-addr:value = '198.51.100.7/32']"), ["Ipv4 198.51.100.7"]);
        assert_eq!(told("[ipv6-addr:value = '2001:DB8:0::1']"), ["Ipv6 2001:db8::1"]);
        for odd in ["198.51.100.7/33", "198.51.100.7/", "198.51.100.07", "2001:db8::1", "198.51.100.7\n", ""] {
            assert!(told(&format!("[ipv4-addr:value = '{odd}']")).iter().all(|told| told.contains('?')), "{odd}");
        }
    }

    #[test]
    fn what_is_no_such_thing_is_told_as_it_is_and_not_sound() {
        let long = "a".repeat(64);
        for odd in
            ["evil.example;drop", "evil .example", "localhost", "co.uk", "-a.example", "a..example", &format!("{long}.example"), "=cmd.example"]
        {
            assert_eq!(told(&format!("[domain-name:value = '{odd}']")), [format!("Domain? {odd}")]);
        }
        assert_eq!(told("[domain-name:value = 'bücher.example']"), ["Domain xn--bcher-kva.example"]);
        for odd in ["evil.example/x", "http://", "javascript:alert(1)", "http://a b.example/", "http://evil.example:99999/", "http://evil.example,x/"]
        {
            assert_eq!(told(&format!("[url:value = '{odd}']")), [format!("Url? {odd}")]);
        }
        assert_eq!(told("[url:value = 'https://evil.example/ä b?\"']"), ["Url https://evil.example/%C3%A4%20b?%22"]);
        assert_eq!(told("[email-addr:value = 'a b@evil.example']"), ["Email? a b@evil.example"]);
        assert_eq!(told("[file:name = ' x']"), ["FileName?  x"]);
    }

    #[test]
    fn what_is_written_as_a_pattern_is_read_back() {
        for (kind, text) in [
            (Kind::Ipv4, "198.51.100.7"),
            (Kind::Ipv6, "2001:db8::1"),
            (Kind::Network, "2001:db8::/32"),
            (Kind::Domain, "evil.example"),
            (Kind::Url, "http://evil.example/a?b#c"),
            (Kind::Email, "a.b@evil.example"),
            (Kind::Sha256, "01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b"),
            (Kind::FileName, "it's.exe"),
            (Kind::FilePath, r"C:\a\it's"),
            (Kind::FilePath, "/tmp/x"),
            (Kind::RegistryKey, r"HKEY_LOCAL_MACHINE\Software\x"),
            (Kind::UserAgent, "python-requests/2.25.1"),
            (Kind::Mutex, r"Global\x"),
            (Kind::Asn, "20473"),
        ] {
            let written = pattern(kind, text).unwrap();
            assert_eq!(values(&parse(&written).unwrap()), [Value { kind, text: text.into(), sound: true }], "{written}");
        }
    }
}
