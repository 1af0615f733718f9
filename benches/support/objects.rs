//! Indicators of about 1 kB whose bytes differ: each is made of a serial number and a version, and tells both.

use std::io::Write;
use std::sync::LazyLock;

use bytes::Bytes;
use taxiway::stix::id::StixId;
use taxiway::stix::marking::Level;
use taxiway::stix::time::{Instant, format_micros};
use taxiway::store::NewObject;

use super::Outcome;

/// 2021-03-02T12:00:00Z, the `modified` of version 0; each later version is a second younger.
const BASE: u64 = 1_614_686_400_000_000;
/// What each object begins with; its id follows.
const START: &[u8] = br#"{"type":"indicator","spec_version":"2.1","id":""#;
/// An id up to the twelve digits of its serial number.
const ID: usize = "indicator--00000000-0000-4000-8000-".len();
/// Where the `modified` stands after an object's start.
const MODIFIED: &[u8] = br#","modified":""#;

/// All objects are of one length, so that whoever counts them need not read JSON.
static LENGTH: LazyLock<usize> = LazyLock::new(|| text(0, 0).len());
/// Where `modified` begins.
static MODIFIED_AT: LazyLock<usize> = LazyLock::new(|| {
    let object = text(0, 0);
    let found = object.windows(MODIFIED.len()).position(|window| window == MODIFIED);
    found.expect("every object has it") + MODIFIED.len()
});

/// Appends an object.
pub(crate) fn write(out: &mut Vec<u8>, serial: u64, version: u64) {
    let [a, b, c, d] = [1, 2, 3, 4].map(|salt| mix(serial.wrapping_mul(8) ^ salt ^ (version << 48)));
    let (id, modified) = (id(serial), format_micros(BASE + version * 1_000_000, 3));
    let written = write!(
        out,
        r#"{{"type":"indicator","spec_version":"2.1","id":"{id}","created_by_ref":"identity--f431f809-377b-45e0-aa1c-6a4751cae5ff","created":"2021-03-02T12:00:00.000Z","modified":"{modified}","name":"Web shell {a:016x}.aspx","description":"Seen on mail-{b:016x}.example.org, which was entered through CVE-2021-26855; the file is written by the virtual directory of the offline address book and answers to a parameter that carries JScript.","indicator_types":["malicious-activity"],"pattern":"[file:hashes.'SHA-256' = '{a:016x}{b:016x}{c:016x}{d:016x}' AND file:name = '{a:016x}.aspx']","pattern_type":"stix","pattern_version":"2.1","valid_from":"2021-03-02T12:00:00Z","labels":["webshell","exchange"],"confidence":85,"kill_chain_phases":[{{"kill_chain_name":"mitre-attack","phase_name":"persistence"}}],"external_references":[{{"source_name":"publisher","description":"The report in which the file was described first.","url":"https://reports.example.org/2021/03/02/{c:016x}/"}}],"object_marking_refs":["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"]}}"#
    );
    written.expect("a vector takes everything");
}

/// One object.
pub(crate) fn text(serial: u64, version: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(1_200);
    write(&mut out, serial, version);
    out
}

/// An envelope of the objects with these serial numbers and versions.
pub(crate) fn envelope(objects: impl IntoIterator<Item = (u64, u64)>) -> Vec<u8> {
    let mut out = br#"{"objects":["#.to_vec();
    for (serial, version) in objects {
        write(&mut out, serial, version);
        out.push(b',');
    }
    out.pop();
    out.extend_from_slice(b"]}");
    out
}

/// An object as the gate would hand it to the store.
pub(crate) fn judged(serial: u64, version: u64) -> NewObject {
    let modified = format_micros(BASE + version * 1_000_000, 3);
    let instant = Instant::parse(&modified).expect("a timestamp");
    NewObject {
        id: StixId::parse(&id(serial)).expect("an id"),
        version: Some((modified, instant)),
        level: Level::Clear,
        holds: Vec::new(),
        origin: None,
        revoked: false,
        warning: None,
        object: Bytes::from(text(serial, version)),
    }
}

/// An id that is spread like a random one and ends in the serial number.
pub(crate) fn id(serial: u64) -> String {
    let mixed = mix(serial);
    let (a, b, c, d) = (mixed >> 32, mixed >> 16 & 0xffff, mixed >> 4 & 0xfff, mixed & 0x3fff | 0x8000);
    format!("indicator--{a:08x}-{b:04x}-4{c:03x}-{d:04x}-{serial:012x}")
}

/// Serial numbers and versions of the objects on a page, in their order.
pub(crate) fn on_page(page: &[u8]) -> Outcome<Vec<(u64, u64)>> {
    const LIST: &[u8] = br#""objects":["#;
    // A page begins with `more` and `next`; an empty one has no list.
    let head = &page[..page.len().min(1_000)];
    let Some(at) = head.windows(LIST.len()).position(|window| window == LIST) else { return Ok(Vec::new()) };
    let list = page[at + LIST.len()..].strip_suffix(b"]}").ok_or("the page has no end")?;
    list.chunks(*LENGTH + 1).map(|object| read(object).ok_or_else(|| "an object is none of ours".into())).collect()
}

/// The cursor to the page after this one.
pub(crate) fn next_of(page: &[u8]) -> Option<&str> {
    let rest = page.strip_prefix(br#"{"more":true,"next":""#)?;
    std::str::from_utf8(&rest[..rest.iter().position(|byte| *byte == b'"')?]).ok()
}

fn read(object: &[u8]) -> Option<(u64, u64)> {
    let (at, digits) = (START.len() + ID, 12);
    let id = object.starts_with(START).then(|| object.get(at..at + digits))??;
    let serial = u64::from_str_radix(std::str::from_utf8(id).ok()?, 16).ok()?;
    let modified = std::str::from_utf8(object.get(*MODIFIED_AT..)?.get(..24)?).ok()?;
    let micros = Instant::parse(modified).ok()?.micros();
    Some((serial, (micros - BASE) / 1_000_000))
}

/// Spreads a number over all 64 bits (splitmix64); no two numbers meet.
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
