//! What holds for every indicator, and for every text.

use proptest::prelude::*;
use proptest::test_runner::Config;
use taxiway::stix::ioc::Kind;
use taxiway::stix::ioc::find::find;
use taxiway::stix::ioc::read::read;
use taxiway::stix::ioc::write::{defang, pattern};
use taxiway::stix::pattern::check::check;
use taxiway::stix::pattern::normal::normal_form;
use taxiway::stix::pattern::parse::parse;

/// A value of a kind in any spelling, and in normal form.
fn value() -> impl Strategy<Value = (Kind, String, String)> {
    let label = "[a-zA-Z][a-zA-Z0-9]{0,8}";
    let host = (label, prop_oneof!["com", "NET", "co\\.uk", "org"]).prop_map(|(label, suffix)| format!("{label}.{suffix}"));
    let lower = |kind| move |text: String| (kind, text.clone(), text.to_ascii_lowercase());
    let public = (1..9_u8, 0..=255_u8, 0..=255_u8, 1..=255_u8);
    prop_oneof![
        public.clone().prop_map(|(a, b, c, d)| format!("{a}.{b}.{c}.{d}")).prop_map(|text| (Kind::Ipv4, text.clone(), text)),
        (public, 8..=24_u8).prop_map(|((a, ..), prefix)| (Kind::Network, format!("{a}.0.0.1/{prefix}"), format!("{a}.0.0.0/{prefix}"))),
        any::<[u16; 6]>().prop_map(|groups| {
            let address = std::net::Ipv6Addr::new(0x2001, 0xdb8, groups[0], groups[1], groups[2], groups[3], groups[4], groups[5]);
            let long: Vec<_> = address.segments().iter().map(|group| format!("{group:04X}")).collect();
            (Kind::Ipv6, long.join(":"), address.to_string())
        }),
        host.clone().prop_map(lower(Kind::Domain)),
        (host.clone(), "/[a-zA-Z0-9/_=-]{0,12}[a-z0-9/]")
            .prop_map(|(host, path)| { (Kind::Url, format!("HTTPS://{host}:443{path}"), format!("https://{}{path}", host.to_ascii_lowercase())) }),
        ("[A-Za-z0-9][A-Za-z0-9+]{0,8}", host).prop_map(|(local, host)| (
            Kind::Email,
            format!("{local}@{host}"),
            format!("{local}@{}", host.to_ascii_lowercase())
        )),
        "[0-9A-F]{30}A1".prop_map(lower(Kind::Md5)),
        "[0-9A-F]{38}A1".prop_map(lower(Kind::Sha1)),
        "[0-9A-F]{62}A1".prop_map(lower(Kind::Sha256)),
        "[0-9A-F]{126}A1".prop_map(lower(Kind::Sha512)),
        "[a-z]{1,8}\\.(exe|dll|aspx)".prop_map(|text| (Kind::FileName, text.clone(), text)),
        "C:\\\\[a-zA-Z]{1,8}\\\\[a-z]{1,8}\\.exe".prop_map(|text| (Kind::FilePath, text.clone(), text)),
        "[A-Z][a-z]{1,8}\\\\[A-Z][a-z]{1,8}".prop_map(|key| (Kind::RegistryKey, format!("hklm\\{key}"), format!("HKEY_LOCAL_MACHINE\\{key}"))),
        (1000..99_999_u32).prop_map(|number| (Kind::Asn, format!("AS{number}"), number.to_string())),
        (1999..2030_u32, 1000..99_999_u32).prop_map(|(year, number)| (Kind::Cve, format!("cve-{year}-{number}"), format!("CVE-{year}-{number}"))),
    ]
}

proptest! {
    #![proptest_config(Config { cases: 512, ..Config::default() })]

    #[test]
    fn a_value_in_any_spelling_is_read_in_normal_form((kind, spelled, normal) in value()) {
        let found = read(&spelled);
        prop_assert_eq!(found.map(|found| (found.kind, found.value)), Some((kind, normal)), "{}", spelled);
    }

    #[test]
    fn what_is_defanged_is_read_as_it_was((kind, _, normal) in value()) {
        // The number of an autonomous system alone is only a number.
        prop_assume!(kind != Kind::Asn);
        let found = read(&defang(kind, &normal));
        prop_assert_eq!(found.map(|found| (found.kind, found.value)), Some((kind, normal)));
    }

    #[test]
    fn a_value_has_one_valid_pattern((kind, spelled, _) in value()) {
        let value = read(&spelled).unwrap().value;
        let again = read(&defang(kind, &value)).map_or(value.clone(), |found| found.value);
        let Some(text) = pattern(kind, &value) else { return Ok(()) };
        let tree = parse(&text).unwrap();
        prop_assert!(check(&tree).is_empty(), "{}: {:?}", text, check(&tree));
        prop_assert_eq!(Some(normal_form(&tree)), pattern(kind, &again).map(|text| normal_form(&parse(&text).unwrap())));
    }

    #[test]
    fn a_value_is_found_in_a_sentence((kind, spelled, normal) in value(), before in "[a-z]{2,6} ", after in "(\\.|,|;|\\)|\"|) [a-z]{2,6}") {
        let text = format!("{before}{spelled}{after}");
        let found = find(&text);
        prop_assert_eq!(found.len(), 1, "{}: {:?}", text, found);
        prop_assert_eq!((found[0].kind, &found[0].value), (kind, &normal), "{}", text);
        prop_assert_eq!(text.get(found[0].span.clone()), Some(spelled.as_str()));
    }

    #[test]
    fn any_text_is_searched(text in r"(?s)(.|\[\.\]|hxxp://|[a-f0-9]{4}|\.com|\.exe|[0-9]{1,3}\.|::|C:\\|HKLM\\| dot | at |@|/|\(|Mozilla/5\.0 \(|中|。){0,60}") {
        crate::mutations::invariants::iocs(&text);
    }
}

/// Texts that would take a search long which begins anew at each place.
const HARD: [&str; 29] = [
    "a.",
    "a@",
    "1.",
    "::",
    "a:",
    "a\\",
    "C:\\",
    "C:\\a ",
    "http://",
    "hxxp",
    "[.]",
    "h[",
    "(",
    "Mozilla/5.0 (",
    "mutex ",
    "/a",
    "/etc/",
    "%a%\\",
    "\\\\a\\",
    "HKLM\\a ",
    "user-agent: ",
    "中a",
    " dot a",
    "-",
    "\\",
    "1.1.1.1/",
    "a.com/",
    "a.com?",
    "\"C:\\a",
];

#[test]
fn texts_that_begin_anew_at_each_place_are_searched() {
    // What is quadratic would not end within the time that a test has.
    for piece in HARD {
        find(&piece.repeat(500_000 / piece.len()));
    }
}

#[test]
fn a_span_begins_and_ends_between_characters() {
    for text in ["hxxp://@中[.]中 dot ", "hxxp://中[.]中 dot ", "http://@中.中.", "a@中[.]中 dot "] {
        crate::mutations::invariants::iocs(text);
    }
}
