//! What holds whatever comes in. The fuzz targets and `tests/it/mutations.rs` feed it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use taxiway::stix::finding::Severity;
use taxiway::stix::ioc::find::find;
use taxiway::stix::ioc::group::group;
use taxiway::stix::ioc::read::read;
use taxiway::stix::ioc::write::{defang, pattern};
use taxiway::stix::json::{self, Json};
use taxiway::stix::object::judge;
use taxiway::stix::pattern::normal::normal_form;
use taxiway::stix::pattern::parse::parse;
use taxiway::stix::time::Instant;
use taxiway::stix::{bundle, succession};
use taxiway::taxii::cursor;

/// Any text as an object: it is judged, briefly, and it stays itself when it is written again.
pub(crate) fn object(text: &str) {
    let now = Instant::parse("2030-01-01T00:00:00Z").expect("a timestamp");
    let found = match judge(text, &now) {
        Ok(object) => {
            assert!(object.warnings.iter().all(|finding| finding.severity == Severity::Warning));
            assert!(text.contains(&object.id.as_str()[object.id.as_str().len() - 12..]) || text.contains('\\'));
            object.warnings
        }
        Err(refusal) => {
            assert_eq!(refusal.findings.first().map(|finding| finding.severity), Some(Severity::Error));
            refusal.findings
        }
    };
    assert!(found.len() <= 200 && found.iter().all(|finding| finding.message.len() < 2000));
    bundle::judge(text);
    succession::compare(text.as_bytes(), text.as_bytes());
    if let Ok(tree) = Json::parse(text) {
        let again = serde_json::to_string(&tree).expect("a tree is JSON");
        assert!(json::same(text.as_bytes(), again.as_bytes()), "{again}");
    }
}

/// Any octets as a cursor, as they are and with the check sum that would make them one: what is read is written as it was read.
pub(crate) fn cursor(octets: &[u8]) {
    let summed = [octets, Sha256::digest(octets).get(..6).unwrap_or_default()].concat();
    let texts = [String::from_utf8_lossy(octets).into_owned(), URL_SAFE_NO_PAD.encode(summed)];
    for read in texts.iter().filter_map(|text| cursor::read(text)) {
        assert_eq!(cursor::read(&read.write()), Some(read));
    }
}

/// Any text as a report: what is found lies in it, in order and apart, and each value has a pattern that is its own normal form.
pub(crate) fn iocs(text: &str) {
    let found = find(text);
    let mut end = 0;
    for one in &found {
        assert!(end <= one.span.start && !text.get(one.span.clone()).expect("a span of the text").is_empty(), "{one:?}");
        assert!(!one.value.is_empty() && one.shown.as_ref() != Some(&one.value), "{one:?}");
        end = one.span.end;
        if let Some(pattern) = pattern(one.kind, &one.value).filter(|pattern| pattern.len() < 4000) {
            let tree = parse(&pattern).expect("a pattern");
            let normal = normal_form(&tree);
            assert_eq!(parse(&normal).map(|again| normal_form(&again)), Ok(normal.clone()), "{one:?}");
        }
        defang(one.kind, &one.value);
    }
    read(text);
    assert_eq!(group(found.clone()).iter().map(|group| group.count).sum::<usize>(), found.len());
}
