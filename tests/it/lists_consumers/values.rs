//! Values that are what they say, and values that would break a list that trusts them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::support::samples::{indicator, with};

/// What an indicator is about: the path of its pattern, the value that it asks for there, and its name.
pub(super) type About = (String, String, String);

/// The paths of values. Of hashes the gate lets in no other than such.
const PATHS: [&str; 10] = [
    "ipv4-addr:value",
    "ipv6-addr:value",
    "domain-name:value",
    "url:value",
    "email-addr:value",
    "file:name",
    "directory:path",
    "windows-registry-key:key",
    "mutex:name",
    "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'",
];

/// Values that are what they say, and rare.
const SOUND: [(&str, &str); 22] = [
    ("ipv4-addr:value", "198.51.100.7"),
    ("ipv4-addr:value", "198.51.100.0/24"),
    ("ipv4-addr:value", "203.0.113.128/25"),
    ("ipv6-addr:value", "2001:db8::1"),
    ("ipv6-addr:value", "2001:db8:0:0:1::/80"),
    ("ipv6-addr:value", "::ffff:198.51.100.9"),
    ("domain-name:value", "evil.example"),
    ("domain-name:value", "www.evil.example"),
    ("domain-name:value", "_dmarc.evil.example"),
    ("domain-name:value", "bücher.example"),
    ("domain-name:value", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg.example"),
    ("url:value", "http://evil.example/a?b=c&d=%27;%22#e"),
    ("url:value", "https://evil.example:8443/ä;x=\"1\"|y"),
    ("url:value", "http://[2001:db8::5]/*.php"),
    ("email-addr:value", "=cmd@evil.example"),
    ("file:hashes.MD5", "D41D8CD98F00B204E9800998ECF8427E"),
    ("file:hashes.'SHA-256'", "01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b"),
    ("file:name", "it's;a \"test\"?*.exe"),
    ("directory:path", "C:\\Users\\%USER%\\x"),
    ("windows-registry-key:key", "HKEY_LOCAL_MACHINE\\Software\\a|b"),
    ("mutex:name", "Global\\{a;b}#c"),
    ("network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'", "Mozilla/5.0 (a; b: \"c\") |d|"),
];

/// Texts that would break a list that trusts them.
const HOSTILE: [&str; 16] = [
    "evil.example\nallow all",
    "evil.example;drop",
    "evil.example\"; sid:1;)",
    "=HYPERLINK(\"x\")",
    "a,b",
    "a'b",
    "# comment",
    "*",
    "..",
    "-a.example",
    "evil.example/\\",
    "{{x}}",
    "${x}",
    "\u{202e}x",
    "a\tb",
    "",
];

/// What odd values are put together from: what has a meaning somewhere, what is too long, and what looks like something else.
const PIECES: [&str; 56] = [
    "\"",
    "'",
    "`",
    ";",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "=",
    "+",
    "-",
    "@",
    "#",
    "//",
    "/*",
    "*/",
    "--",
    "<!--",
    "|",
    "||",
    "\\",
    "\\\"",
    "{",
    "}",
    "{{",
    "(",
    ")",
    "[",
    "]",
    "$x",
    "${x}",
    "%0a",
    "%n",
    "%",
    "^",
    "~",
    "*",
    "?",
    "!",
    "&",
    "<",
    ">",
    ",",
    ".",
    "..",
    ":",
    "\u{0}\u{7f}",
    "\u{202e}",
    "\u{feff}",
    "xn--",
    "xn--bcher-kva",
    "а.example",
    "ｅvil.example",
    "evil.example",
    "0x7f.1",
];

/// Indicators of sound values, and of every hostile one at each path, with names that are hostile too.
pub(super) fn fixed() -> Vec<About> {
    let mut all: Vec<(String, String)> = SOUND.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
    all.extend(PATHS.iter().flat_map(|path| HOSTILE.iter().map(|value| ((*path).to_owned(), (*value).to_owned()))));
    all.push(("domain-name:value".into(), format!("{}.example", "a".repeat(64))));
    all.push(("url:value".into(), format!("http://evil.example/{}", "a".repeat(3000))));
    let name = |number: usize| format!("n {}", HOSTILE[number % HOSTILE.len()]);
    all.into_iter().enumerate().map(|(number, (path, value))| (path, value, name(number))).collect()
}

/// As many indicators as make a set, most of them of values that nobody would expect.
pub(super) fn odd() -> impl Strategy<Value = Vec<About>> {
    vec(about(), 150..200)
}

fn about() -> impl Strategy<Value = About> {
    let free = (select(&PATHS[..]), text()).prop_map(|(path, value)| (path.to_owned(), value));
    let sound = select(&SOUND[..]).prop_map(|(path, value)| (path.to_owned(), value.to_owned()));
    // What begins as it should and goes on otherwise, or the other way round.
    let spoilt = (select(&SOUND[..]), text(), any::<bool>()).prop_map(|((path, value), piece, before)| {
        let path = if path.contains("hashes") { PATHS[2] } else { path };
        (path.to_owned(), if before { piece + value } else { value.to_owned() + &piece })
    });
    (prop_oneof![3 => free, 1 => sound, 2 => spoilt], text()).prop_map(|((path, value), name)| (path, value, name))
}

/// A text made of pieces, or of characters that seldom stand side by side.
fn text() -> impl Strategy<Value = String> {
    let pieces = vec(prop_oneof![4 => select(&PIECES[..]).prop_map(str::to_owned), 1 => "[a-z0-9]{1,70}"], 1..6).prop_map(|pieces| pieces.concat());
    let odd = "[a-z0-9.:/\\\\;\"'|,=#%*?(){}\\[\\]$<>&!~^+@ \n\t\u{e9}-]{0,40}";
    prop_oneof![3 => pieces, 1 => odd].prop_map(|text| text.replace('\u{0}', ""))
}

/// An indicator.
pub(super) fn object(number: usize, (path, value, name): &About) -> Value {
    let quoted = value.replace('\\', "\\\\").replace('\'', "\\'");
    with(&indicator(number), json!({ "pattern": format!("[{path} = '{quoted}']"), "name": name, "confidence": number % 101 }))
}
