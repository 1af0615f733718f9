//! The formats of strings: identifiers, addresses, names, encodings, hashes.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::stix::finding::Clip;
use crate::stix::id;

/// A format that a string must or should have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::stix) enum Form {
    Any,
    /// The name of an object type (§11.2).
    TypeName,
    /// `2.1` (§3.2).
    SpecVersion,
    /// A language code of RFC 5646.
    Language,
    /// A URL of RFC 3986.
    Url,
    /// An IANA media type.
    MediaType,
    /// A name that the IANA registry of character sets could hold (RFC 2978 §2.3).
    Charset,
    /// A host name of RFC 1034, or with labels of RFC 5890.
    DomainName,
    /// An addr-spec of RFC 5322.
    EmailAddress,
    /// An IPv4 address or network.
    Ipv4,
    /// An IPv6 address or network.
    Ipv6,
    /// An EUI-48 address in lower case.
    Mac,
    /// A CPE 2.3 formatted string.
    Cpe,
    /// ISO 3166-1 alpha-2.
    Country,
    /// ISO 3166-2.
    Subdivision,
    /// `a-z 0-9 -` (§5.1).
    RelationshipType,
    /// Lower case with hyphens.
    Hyphened,
    /// No upper case.
    LowerCase,
    /// A registry key with its hive written out.
    RegistryKey,
    /// `…_CLASS`.
    PriorityClass,
    /// `MAJOR.MINOR.PATCH`.
    SemanticVersion,
}

/// What a format says of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Fits,
    /// The standard advises against it.
    Odd(&'static str),
    /// The standard forbids it.
    Wrong(&'static str),
}

use Verdict::{Fits, Odd, Wrong};

impl Form {
    /// Judges a string.
    pub(super) fn judge(self, text: &str) -> Verdict {
        match self {
            Self::Any => Fits,
            Self::TypeName => must(id::is_type_name(text), "is no type name (3 to 250 of a-z, 0-9 and -, beginning with a letter)"),
            Self::SpecVersion => must(text == "2.1", "is not 2.1, the version this server speaks"),
            Self::Language => must(is_language(text), "is no language code of RFC 5646"),
            Self::Url => url(text),
            Self::MediaType => should(is_media_type(text), "is no IANA media type"),
            Self::Charset => must(is_charset(text), "is no name of a character set"),
            Self::DomainName => domain_name(text),
            Self::EmailAddress => must(is_email_address(text), "is no e-mail address of RFC 5322"),
            Self::Ipv4 => must(is_network(text, 32, |address| address.parse::<Ipv4Addr>().is_ok()), "is no IPv4 address or CIDR"),
            Self::Ipv6 => must(is_network(text, 128, |address| address.parse::<Ipv6Addr>().is_ok()), "is no IPv6 address or CIDR"),
            Self::Mac => must(is_mac(text), "is no MAC address of six lower-case, colon-separated pairs of hex digits"),
            Self::Cpe => must(is_cpe(text), "is no CPE 2.3 formatted string"),
            Self::Country => should(text.len() == 2 && all(text, |b| b.is_ascii_alphabetic()), "is no ISO 3166-1 alpha-2 code"),
            Self::Subdivision => should(is_subdivision(text), "is no ISO 3166-2 code"),
            Self::RelationshipType => must(!text.is_empty() && all(text, is_hyphened), "may hold only a-z, 0-9 and -"),
            Self::Hyphened => should(all(text, is_hyphened), "should be lower case with hyphens"),
            Self::LowerCase => should(!text.contains(char::is_uppercase), "should be lower case"),
            Self::RegistryKey => must(!has_short_hive(text), "begins with a shortened hive"),
            Self::PriorityClass => should(text.ends_with("_CLASS"), "should end in _CLASS"),
            Self::SemanticVersion => should(is_semantic_version(text), "should be MAJOR.MINOR.PATCH"),
        }
    }
}

fn must(fits: bool, otherwise: &'static str) -> Verdict {
    if fits { Fits } else { Wrong(otherwise) }
}

fn should(fits: bool, otherwise: &'static str) -> Verdict {
    if fits { Fits } else { Odd(otherwise) }
}

fn all(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    text.bytes().all(allowed)
}

/// A byte of a lower-case name with hyphens.
pub(super) fn is_hyphened(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'
}

/// Whether `name` may name a property (§3.1, §11.1); `id` is the oversight of the text.
pub(super) fn is_property_name(name: &str) -> bool {
    let fits = (3..=250).contains(&name.len()) && all(name, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    name == "id" || (fits && name.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// Whether `key` may be the key of a dictionary (§2.3).
pub(super) fn is_dictionary_key(key: &str) -> bool {
    key.len() <= 250 && all(key, |b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// RFC 5646 in form: subtags of 1 to 8 letters and digits, the first a language or one of `i` and `x`.
pub(super) fn is_language(text: &str) -> bool {
    let mut subtags = text.split('-');
    let first = subtags.next().unwrap_or_default();
    let mut rest = subtags.peekable();
    let alone = rest.peek().is_none();
    let language = all(first, |b| b.is_ascii_alphabetic())
        && match first.len() {
            1 => !alone && matches!(first, "i" | "I" | "x" | "X"),
            length => (2..=8).contains(&length),
        };
    language && rest.all(|subtag| (1..=8).contains(&subtag.len()) && all(subtag, |b| b.is_ascii_alphanumeric()))
}

/// A URL needs a scheme and something after it. White space, controls and the delimiters of RFC 3986's appendix C end a URL
/// wherever one is written, so they are refused; other characters that should have been percent-encoded are what real
/// attackers' URLs are made of, and refusing them would keep the indicator from those who need it.
fn url(text: &str) -> Verdict {
    let Some((scheme, rest)) = text.split_once(':') else { return Wrong("is no URL of RFC 3986: it has no scheme") };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && all(scheme, |b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if !is_scheme || rest.trim_start_matches('/').is_empty() {
        return Wrong("is no URL of RFC 3986: it needs a scheme and something after it");
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"')) {
        return Wrong("is no URL of RFC 3986: white space, control characters and <>\" must be percent-encoded");
    }
    should(is_escaped(text.as_bytes()), "holds characters that RFC 3986 wants percent-encoded")
}

/// Only characters of RFC 3986, and percent signs that begin an escape.
fn is_escaped(text: &[u8]) -> bool {
    let bytes = text.iter().all(|b| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(b));
    bytes && text.split(|b| *b == b'%').skip(1).all(|after| matches!(after, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()))
}

fn is_media_type(text: &str) -> bool {
    let name = |part: &str| (1..=127).contains(&part.len()) && all(part, |b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b));
    let essence = text.split_once(';').map_or(text, |(essence, _)| essence).trim_end();
    essence.split_once('/').is_some_and(|(kind, subtype)| name(kind) && name(subtype))
}

/// The registered names are of these characters; which of them are registered changes.
fn is_charset(text: &str) -> bool {
    (2..=40).contains(&text.len()) && all(text, |b| b.is_ascii_alphanumeric() || b"-_.:+/()".contains(&b))
}

/// Labels of letters (of any script), digits and hyphens. Underscores and a leading `*` are not host names, but names that resolve.
fn domain_name(text: &str) -> Verdict {
    let name = text.strip_suffix('.').unwrap_or(text);
    let plain = |c: char| c.is_alphanumeric() || c == '-' || (!c.is_ascii() && !c.is_whitespace() && !c.is_control());
    let label = |label: &str| {
        (1..=63).contains(&label.chars().count())
            && (label == "*" || label.chars().all(|c| plain(c) || c == '_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.chars().count() > 253 || !name.split('.').all(label) {
        return Wrong("is no domain name");
    }
    should(!name.contains(['_', '*']), "is no host name: it holds _ or *")
}

/// `local@domain` without display name, comments and white space outside of quotes.
fn is_email_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |c: char| !c.is_control() && !c.is_whitespace() && !"()<>[]:;@\\,\"".contains(c);
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"') && !local.contains(char::is_control);
    let dotted = local.split('.').all(|part| !part.is_empty() && part.chars().all(atom));
    let literal = domain.len() > 2 && domain.starts_with('[') && domain.ends_with(']') && !domain.contains(char::is_whitespace);
    (quoted || dotted) && (literal || !matches!(domain_name(domain), Wrong(_)))
}

/// An address, optionally with `/` and a prefix length without leading zeros.
fn is_network(text: &str, most: u8, is_address: impl Fn(&str) -> bool) -> bool {
    let Some((address, prefix)) = text.split_once('/') else { return is_address(text) };
    let plain = all(prefix, |b| b.is_ascii_digit()) && (prefix == "0" || !prefix.starts_with('0'));
    is_address(address) && plain && prefix.parse::<u8>().is_ok_and(|length| length <= most)
}

fn is_mac(text: &str) -> bool {
    text.len() == 17 && text.bytes().enumerate().all(|(at, b)| if at % 3 == 2 { b == b':' } else { is_lower_hex(b) })
}

/// `cpe:2.3:` and eleven components; a backslash quotes a colon.
fn is_cpe(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("cpe:2.3:") else { return false };
    let (mut quoted, mut components, mut length) = (false, 1, 0);
    for b in rest.bytes() {
        if b == b':' && !quoted {
            if length == 0 {
                return false;
            }
            (components, length) = (components + 1, 0);
        } else {
            length += 1;
        }
        quoted = b == b'\\' && !quoted;
    }
    components == 11 && length > 0 && matches!(rest.as_bytes(), [b'a' | b'h' | b'o' | b'*' | b'-', b':', ..]) && !rest.contains(char::is_whitespace)
}

fn is_subdivision(text: &str) -> bool {
    let parts = text.split_once('-');
    parts.is_some_and(|(country, part)| {
        country.len() == 2 && all(country, |b| b.is_ascii_alphabetic()) && (1..=3).contains(&part.len()) && all(part, |b| b.is_ascii_alphanumeric())
    })
}

fn has_short_hive(key: &str) -> bool {
    let hive = key.split_once('\\').map_or(key, |(hive, _)| hive);
    ["HKLM", "HKCU", "HKCR", "HKU", "HKCC", "HKPD"].iter().any(|short| hive.eq_ignore_ascii_case(short))
}

fn is_semantic_version(text: &str) -> bool {
    let core = text.split_once(['-', '+']).map_or(text, |(core, _)| core);
    core.split('.').count() == 3 && core.split('.').all(|number| !number.is_empty() && all(number, |b| b.is_ascii_digit()))
}

fn is_lower_hex(b: u8) -> bool {
    b.is_ascii_digit() || matches!(b, b'a'..=b'f')
}

/// Pairs of hex digits (§2.8).
pub(super) fn hex(text: &str) -> Verdict {
    if text.is_empty() || !text.len().is_multiple_of(2) || !all(text, |b| b.is_ascii_hexdigit()) {
        return Wrong("is no hex string of whole bytes");
    }
    should(all(text, is_lower_hex), "hex digits should be lower case")
}

/// Base64 of RFC 4648 with padding (§2.1).
pub(super) fn binary(text: &str) -> Verdict {
    let body = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    must(text.len().is_multiple_of(4) && is_base64(body), "is no padded base64 of RFC 4648")
}

fn is_base64(text: &str) -> bool {
    all(text, |b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

/// What a hash algorithm yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::stix) enum HashForm {
    /// So many hexadecimal digits.
    Digits(usize),
    /// `block:base64:base64`
    Ssdeep,
    /// 70 hexadecimal digits, after `T1` in the newer form.
    Tlsh,
}

type Algorithm = (&'static str, HashForm);

/// The algorithms of the open vocabulary (§10.7).
const ALGORITHMS: &[Algorithm] = &[
    ("MD5", HashForm::Digits(32)),
    ("SHA-1", HashForm::Digits(40)),
    ("SHA-256", HashForm::Digits(64)),
    ("SHA-512", HashForm::Digits(128)),
    ("SHA3-256", HashForm::Digits(64)),
    ("SHA3-512", HashForm::Digits(128)),
    ("SSDEEP", HashForm::Ssdeep),
    ("TLSH", HashForm::Tlsh),
];

/// Those of STIX 2.0 that patterns still name.
const FORMER_ALGORITHMS: &[Algorithm] = &[
    ("RIPEMD-160", HashForm::Digits(40)),
    ("SHA-224", HashForm::Digits(56)),
    ("SHA-384", HashForm::Digits(96)),
    ("SHA3-224", HashForm::Digits(56)),
    ("SHA3-384", HashForm::Digits(96)),
    ("WHIRLPOOL", HashForm::Digits(128)),
];

/// The algorithm that a key of `hashes` means, with its proper name; case and hyphens do not count.
pub(in crate::stix) fn hash_algorithm(key: &str) -> Option<Algorithm> {
    let all = || ALGORITHMS.iter().chain(FORMER_ALGORITHMS);
    let letters = |name: &'_ str| name.bytes().filter(|b| *b != b'-').map(|b| b.to_ascii_uppercase()).collect::<Vec<u8>>();
    let exact = all().find(|(name, _)| *name == key);
    exact.or_else(|| Some(letters(key)).and_then(|key| all().find(|(name, _)| letters(name) == key))).copied()
}

impl HashForm {
    /// What keeps a text from being a hash.
    pub(in crate::stix) fn flaw(self, text: &str) -> Option<String> {
        match self {
            Self::Digits(expected) => digits_flaw(text, expected),
            Self::Tlsh => digits_flaw(text.strip_prefix("T1").unwrap_or(text), 70),
            Self::Ssdeep => (!is_ssdeep(text)).then(|| format!("expected block size:base64:base64, found {}", Clip(text))),
        }
    }
}

fn digits_flaw(text: &str, expected: usize) -> Option<String> {
    let length = text.chars().count();
    match text.chars().find(|c| !c.is_ascii_hexdigit()) {
        Some(odd) => Some(format!("expected {expected} hexadecimal digits, found {odd:?}")),
        None => (length != expected).then(|| format!("expected {expected} hexadecimal digits, found {length}")),
    }
}

/// The value of a hash under the name of its algorithm (§10.7).
pub(super) fn hash(algorithm: &str, value: &str) -> Verdict {
    // Of algorithms that users name, nothing is known.
    let Some((_, form)) = ALGORITHMS.iter().find(|(name, _)| *name == algorithm) else { return Fits };
    if form.flaw(value).is_some() {
        return Wrong("is no value of this hash algorithm");
    }
    // TLSH is written in upper case by the algorithm's own tools.
    should(!matches!(form, HashForm::Digits(_)) || all(value, is_lower_hex), "hex digits should be lower case")
}

/// `blocksize:hash:hash`.
fn is_ssdeep(text: &str) -> bool {
    let parts = text.split_once(':').and_then(|(size, rest)| Some((size, rest.split_once(':')?)));
    parts.is_some_and(|(size, (one, two))| !size.is_empty() && all(size, |b| b.is_ascii_digit()) && is_base64(one) && is_base64(two))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a form against strings that fit, that are odd, and that are wrong.
    fn holds(form: Form, fits: &[&str], odd: &[&str], wrong: &[&str]) {
        let judged = |texts: &[&str], test: fn(Verdict) -> bool| texts.iter().for_each(|text| assert!(test(form.judge(text)), "{text}"));
        judged(fits, |verdict| verdict == Fits);
        judged(odd, |verdict| matches!(verdict, Odd(_)));
        judged(wrong, |verdict| matches!(verdict, Wrong(_)));
    }

    #[test]
    fn s049_language_codes() {
        holds(
            Form::Language,
            &["en", "de-CH-1901", "zh-Hant", "x-klingon", "i-klingon"],
            &[],
            &["", "x", "e", "en_US", "en-", "englishlanguage", "en-123456789", "1n"],
        );
    }

    #[test]
    fn s136_urls() {
        holds(
            Form::Url,
            &["http://a.example/b?c=%20#d", "https://[2001:db8::1]:8443/", "urn:x:y", "mailto:a@example.org", "ftp://a"],
            &["http://a.example/{x}|y", "http://ex\u{e4}mple/", "http://a/100%", "http://a/\\b"],
            &["", "a.example", "http:", "http://", "://x", "1http://x", "http://a b", "http://a/\u{7}", "<http://a>", "hxxp[:]//a"],
        );
    }

    #[test]
    fn s128_character_sets() {
        holds(
            Form::Charset,
            &["UTF-8", "utf-8", "windows-1252", "ISO_8859-1:1987", "NF_Z_62-010_(1973)", "csUnicode"],
            &[],
            &["", "8", "utf 8", "utf-8;", "\u{fc}tf-8"],
        );
    }

    #[test]
    fn s125_domain_names() {
        let long = format!("{}.example", "a".repeat(64));
        holds(
            Form::DomainName,
            &["example.com", "example.com.", "xn--bcher-kva.example", "b\u{fc}cher.example", "localhost", "1.example"],
            &["_dmarc.example.com", "*.example.com"],
            &["", ".", "a..b", "-a.example", "a-.example", "a b.example", "http://a.example", "a.example/x", "a[.]example", "a@b", &long],
        );
    }

    #[test]
    fn s126_email_addresses() {
        holds(
            Form::EmailAddress,
            &["a@example.com", "a.b+c@example.com", "\"a b\"@example.com", "a@[192.0.2.1]", "j\u{fc}rg@example.com"],
            &[],
            &["", "a", "@example.com", "a@", "a b@example.com", "A <a@example.com>", "a..b@example.com", "a@b@example.com", "a[@]example.com"],
        );
    }

    #[test]
    fn s129_s130_addresses_and_networks() {
        holds(
            Form::Ipv4,
            &["192.0.2.1", "192.0.2.0/24", "0.0.0.0/0", "192.0.2.1/32"],
            &[],
            &["", "192.0.2", "192.0.2.256", "192.0.2.1/33", "192.0.2.1/", "192.0.2.1/08", "192.0.2.1/+8", "192[.]0.2.1", "192.0.2.01", "::1"],
        );
        holds(
            Form::Ipv6,
            &["2001:db8::1", "::", "2001:db8::/32", "::ffff:192.0.2.1", "2001:DB8::1/128"],
            &[],
            &["", "2001:db8", "2001:db8::1/129", "fe80::1%eth0", "192.0.2.1", ":::"],
        );
    }

    #[test]
    fn s131_mac_addresses() {
        holds(
            Form::Mac,
            &["d2:fb:49:24:37:18"],
            &[],
            &["", "D2:fb:49:24:37:18", "d2-fb-49-24-37-18", "d2:fb:49:24:37", "d2:fb:49:24:37:1", "2:fb:49:24:37:181"],
        );
    }

    #[test]
    fn s135_cpe_names() {
        holds(
            Form::Cpe,
            &[
                "cpe:2.3:a:microsoft:word:2000:*:*:*:*:*:*:*",
                "cpe:2.3:a:hp:a\\:b:7.4.0:*:*:*:*:*:*:*",
                "cpe:2.3:o:microsoft:windows_10:1809:-:*:*:*:*:x64:*",
            ],
            &[],
            &[
                "",
                "cpe:/a:microsoft:word",
                "cpe:2.3:a:microsoft:word",
                "cpe:2.3:z:microsoft:word:2000:*:*:*:*:*:*:*",
                "cpe:2.3:a::word:2000:*:*:*:*:*:*:*",
            ],
        );
    }

    #[test]
    fn s110_s120_s134_s138_s142_small_forms() {
        holds(Form::Country, &["us", "DE"], &["usa", "", "u1"], &[]);
        holds(Form::Subdivision, &["US-CA", "GB-ENG"], &["California", ""], &[]);
        holds(Form::RelationshipType, &["uses", "x-1"], &[], &["", "Uses", "attributed_to", "a b"]);
        holds(Form::PriorityClass, &["HIGH_PRIORITY_CLASS"], &["high"], &[]);
        holds(Form::RegistryKey, &["HKEY_LOCAL_MACHINE\\System\\Foo", "hkey_local_machine"], &[], &["HKLM\\System", "hkcu\\x", "HKU"]);
        holds(Form::SemanticVersion, &["1.0.0", "1.2.3-rc1"], &["1.0", "v1", "1.0.x"], &[]);
        holds(Form::MediaType, &["text/plain", "application/vnd.x+json", "text/html; charset=utf-8"], &["pdf", "a/", "a/b/c"], &[]);
        holds(Form::Hyphened, &["lockheed-martin"], &["Lockheed Martin"], &[]);
        holds(Form::LowerCase, &["tcp"], &["TCP"], &[]);
    }

    #[test]
    fn s008_s009_binary_and_hex() {
        for good in ["", "YQ==", "YWI=", "YWJj", "+/+/"] {
            assert_eq!(binary(good), Fits, "{good}");
        }
        for bad in ["YQ", "YQ=", "Y===", "Y Q=", "_-_-", "=", "===="] {
            assert!(matches!(binary(bad), Wrong(_)), "{bad}");
        }
        assert_eq!(hex("00ff"), Fits);
        assert!(matches!(hex("00FF"), Odd(_)));
        assert!(["", "0", "0x00", "0g"].iter().all(|bad| matches!(hex(bad), Wrong(_))));
    }

    #[test]
    fn s021_hashes_have_the_form_of_their_algorithm() {
        for (algorithm, length) in [("MD5", 32), ("SHA-1", 40), ("SHA-256", 64), ("SHA-512", 128), ("SHA3-256", 64), ("SHA3-512", 128)] {
            assert_eq!(hash(algorithm, &"a".repeat(length)), Fits, "{algorithm}");
            assert!(matches!(hash(algorithm, &"A".repeat(length)), Odd(_)), "{algorithm}");
            assert!(matches!(hash(algorithm, &"a".repeat(length - 1)), Wrong(_)), "{algorithm}");
            assert!(matches!(hash(algorithm, &"g".repeat(length)), Wrong(_)), "{algorithm}");
        }
        assert_eq!(hash("SSDEEP", "96:s4Ud1Lj96tHHlZDrwciQmA+4uy1I0G4HYuL8N3TzS8QsO/wqWXLcMSx:sF1LjEtHHlZDrJzrhuyZvHYm8tKp/RWO"), Fits);
        assert!(matches!(hash("SSDEEP", "x:a:b"), Wrong(_)));
        assert_eq!(hash("TLSH", &"A".repeat(70)), Fits);
        assert_eq!(hash("TLSH", &format!("T1{}", "A".repeat(70))), Fits);
        assert!(matches!(hash("TLSH", "T1"), Wrong(_)));
        assert_eq!(hash("sha256", "anything"), Fits);
    }

    #[test]
    fn s021_algorithms_are_known_by_any_spelling() {
        assert_eq!(hash_algorithm("SHA-256"), Some(("SHA-256", HashForm::Digits(64))));
        assert_eq!(hash_algorithm("sha256"), Some(("SHA-256", HashForm::Digits(64))));
        assert_eq!(hash_algorithm("ssdeep"), Some(("SSDEEP", HashForm::Ssdeep)));
        assert_eq!(hash_algorithm("x_mine"), None);
    }

    #[test]
    fn s046_s100_property_names() {
        assert!(["id", "x_mine", "abc", "a12"].iter().all(|name| is_property_name(name)));
        assert!(["ab", "Abc", "x-mine", "1ab", "_ab", "a b", ""].iter().all(|name| !is_property_name(name)));
        assert!(is_property_name(&"a".repeat(250)) && !is_property_name(&"a".repeat(251)));
    }
}
