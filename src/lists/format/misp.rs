//! A MISP feed: a manifest, one event for each day, and a list of hashes by which values are looked up.
//!
//! MISP fetches an event again when its timestamp in the manifest has risen, and changes an attribute when its own has. What is gone stays in its
//! event, deleted, so that it goes at the other side too.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use serde::Serialize;
use uuid::Uuid;

use super::{About, File, Format, Item, KINDS, LeftOut, Shape, Sum, brief, put, seconds};
use crate::stix::ioc::Kind;
use crate::stix::marking::Level;
use crate::taxii::stamp::{DAY, Stamp};

/// The format.
pub(super) struct Misp;

/// The type of JSON.
const JSON: &str = "application/json";
/// The list of the events.
const MANIFEST: &str = "manifest.json";
/// The hashes of the values.
const HASHES: &str = "hashes.csv";
/// An event: its name is made of its id.
const EVENT: File = File { name: "{uuid}.json", about: "an event of the MISP feed: the indicators of a day", kinds: KINDS, media_type: JSON };
/// The files that have names of their own.
const FILES: &[File] = &[
    File { name: MANIFEST, about: "MISP feed: the events", kinds: KINDS, media_type: JSON },
    File { name: HASHES, about: "MISP feed: hashes of the values", kinds: KINDS, media_type: "text/csv; charset=utf-8" },
];
/// The longest value in octets that MISP's table has room for.
const LONGEST_VALUE: usize = 65_535;
/// The longest name of a tag or an organisation.
const LONGEST_NAME: usize = 255;

/// An event as the manifest has it.
#[derive(Debug, Serialize)]
struct Summary {
    #[serde(rename = "Orgc")]
    maker: Maker,
    #[serde(rename = "Tag")]
    tags: Vec<Tag>,
    info: String,
    date: String,
    analysis: &'static str,
    threat_level_id: &'static str,
    timestamp: String,
}

/// An event.
#[derive(Debug, Serialize)]
struct Event<'a> {
    uuid: Uuid,
    #[serde(flatten)]
    summary: Summary,
    published: bool,
    publish_timestamp: String,
    extends_uuid: &'static str,
    #[serde(rename = "Attribute")]
    attributes: Vec<Attribute<'a>>,
}

/// The file of an event.
#[derive(Debug, Serialize)]
struct Whole<'a> {
    #[serde(rename = "Event")]
    event: Event<'a>,
}

/// Who made an event.
#[derive(Debug, Serialize)]
struct Maker {
    name: String,
    uuid: Uuid,
}

/// A tag.
#[derive(Debug, Serialize)]
struct Tag {
    name: String,
    colour: &'static str,
    local: bool,
    relationship_type: &'static str,
}

/// A value.
#[derive(Debug, Serialize)]
struct Attribute<'a> {
    uuid: Uuid,
    #[serde(rename = "type")]
    sort: &'static str,
    category: &'static str,
    value: &'a str,
    comment: String,
    to_ids: bool,
    disable_correlation: bool,
    timestamp: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
    #[serde(rename = "Tag")]
    tags: Vec<Tag>,
}

/// What is known of a day.
#[derive(Debug, Clone, Copy, Default)]
struct Day {
    /// The most restricted level of its values.
    level: Level,
    /// When something changed last, in seconds.
    changed: u64,
}

impl Format for Misp {
    fn files(&self) -> &'static [File] {
        FILES
    }

    fn shape(&self) -> Shape {
        Shape::Events
    }

    fn file(&self, name: &str) -> Option<&'static File> {
        FILES.iter().find(|file| file.name == name).or_else(|| event_of(name).map(|_| &EVENT))
    }

    fn whole(&self, about: &About<'_>, items: &mut dyn Iterator<Item = Item<'_>>, out: &mut String) -> Option<Sum> {
        match about.name {
            MANIFEST => Some(manifest(about, items, out)),
            HASHES => Some(hashes(about, items, out)),
            name => event(about, event_of(name)?, items, out),
        }
    }
}

/// The event that a file of this name is; it has only one name.
fn event_of(name: &str) -> Option<Uuid> {
    let stem = name.strip_suffix(".json")?;
    Uuid::parse_str(stem).ok().filter(|uuid| uuid.to_string() == stem)
}

/// The id of the event of a day, which is counted from 1970.
fn id_of(about: &About<'_>, day: u64) -> Uuid {
    Uuid::new_v5(&about.collection, date(day).as_bytes())
}

/// A day as it is written.
fn date(day: u64) -> String {
    let mut date = Stamp(day * DAY).to_string();
    date.truncate("YYYY-MM-DD".len());
    date
}

/// What MISP calls a kind, and where it files it.
fn sort(kind: Kind) -> Option<(&'static str, &'static str)> {
    const NETWORK: &str = "Network activity";
    const DELIVERY: &str = "Payload delivery";
    Some(match kind {
        Kind::Ipv4 | Kind::Ipv6 | Kind::Network => ("ip-dst", NETWORK),
        Kind::Domain => ("domain", NETWORK),
        Kind::Url => ("url", NETWORK),
        Kind::Email => ("email-src", DELIVERY),
        Kind::Md5 => ("md5", DELIVERY),
        Kind::Sha1 => ("sha1", DELIVERY),
        Kind::Sha256 => ("sha256", DELIVERY),
        Kind::Sha512 => ("sha512", DELIVERY),
        Kind::FileName | Kind::FilePath => ("filename", DELIVERY),
        Kind::RegistryKey => ("regkey", "Persistence mechanism"),
        Kind::UserAgent => ("user-agent", NETWORK),
        Kind::Mutex => ("mutex", "Artifacts dropped"),
        Kind::Asn => ("AS", NETWORK),
        Kind::Cve | Kind::Technique | Kind::Group | Kind::Software | Kind::Pattern => return None,
    })
}

/// What MISP calls a value and where it files it, if it takes the value: names and paths are any text on one line, the rest has a form.
fn carried(item: &Item<'_>) -> Result<(&'static str, &'static str), LeftOut> {
    let any_text = matches!(item.kind, Kind::FileName | Kind::FilePath | Kind::RegistryKey | Kind::UserAgent | Kind::Mutex);
    let value = item.value;
    // MISP takes blanks around away, and then looks for the value under another hash.
    let fits = !value.is_empty() && value.trim() == value && value.len() <= LONGEST_VALUE && !value.contains(char::is_control);
    sort(item.kind).filter(|_| fits && (item.sound || any_text)).ok_or(LeftOut)
}

/// When an indicator became what it is, in seconds. What is gone went with its last version, or when its time was over; a second is added, so that
/// it is later than what it was before even if both fell into one second.
fn changed(about: &About<'_>, item: &Item<'_>) -> u64 {
    if !item.gone {
        return seconds(item.modified.max(item.added));
    }
    let ended = item.valid_until.filter(|until| *until <= about.changed).unwrap_or(Stamp::ZERO);
    seconds(item.modified.max(item.added).max(ended)) + 1
}

impl Day {
    /// The day with one value more.
    fn add(&mut self, value: &Told<'_>) {
        self.level = self.level.max(value.item.level);
        self.changed = self.changed.max(value.changed);
    }

    /// What the manifest says of it.
    fn summary(self, about: &About<'_>, day: u64) -> Summary {
        let title = brief(about.title, LONGEST_NAME);
        let title = if title.is_empty() { "Taxiway".to_owned() } else { title };
        let date = date(day);
        Summary {
            info: format!("{title} {date}"),
            maker: Maker { name: title, uuid: Uuid::new_v5(&about.collection, b"organisation") },
            tags: tlp(self.level).into_iter().collect(),
            date,
            // Completed.
            analysis: "2",
            // Undefined.
            threat_level_id: "4",
            timestamp: self.changed.to_string(),
        }
    }
}

/// The tag of a level.
fn tlp(level: Level) -> Option<Tag> {
    let colour = match level {
        Level::Unmarked => return None,
        Level::Clear => "#ffffff",
        Level::Green => "#33ff00",
        Level::Amber | Level::AmberStrict => "#ffc000",
        Level::Red => "#ff2b2b",
    };
    Some(tag(format!("tlp:{}", level.name()), colour))
}

/// A tag of this name.
fn tag(name: String, colour: &'static str) -> Tag {
    Tag { name, colour, local: false, relationship_type: "" }
}

/// A value on a day.
struct Told<'a> {
    /// Of its indicators of this day the most confident one that is not gone, if there is one.
    item: Item<'a>,
    /// When one of them changed last, in seconds.
    changed: u64,
}

/// Tells every value once for each day that has indicators of it, which follow each other.
fn each<'a>(about: &About<'_>, items: &mut dyn Iterator<Item = Item<'a>>, mut tell: impl FnMut(u64, Told<'a>)) {
    let mut days: BTreeMap<u64, Told<'a>> = BTreeMap::new();
    let mut value = None;
    for item in items {
        if value != Some((item.kind, item.value)) {
            for (day, told) in std::mem::take(&mut days) {
                tell(day, told);
            }
            value = Some((item.kind, item.value));
        }
        let changed = changed(about, &item);
        let told = days.entry(item.created.0 / DAY).or_insert(Told { item, changed });
        told.changed = told.changed.max(changed);
        if told.item.gone && !item.gone {
            told.item = item;
        }
    }
    for (day, told) in days {
        tell(day, told);
    }
}

/// Counts a value; what is gone is neither held nor left out.
fn count(item: &Item<'_>, sum: &mut Sum) -> bool {
    let carried = carried(item).is_ok();
    if !item.gone {
        sum.held += usize::from(carried);
        sum.left_out += usize::from(!carried);
    }
    carried
}

/// Writes the manifest.
fn manifest(about: &About<'_>, items: &mut dyn Iterator<Item = Item<'_>>, out: &mut String) -> Sum {
    let mut sum = Sum::default();
    let mut days: BTreeMap<u64, Day> = BTreeMap::new();
    each(about, items, |day, value| {
        if count(&value.item, &mut sum) {
            days.entry(day).or_default().add(&value);
        }
    });
    let events: BTreeMap<Uuid, Summary> = days.into_iter().map(|(number, day)| (id_of(about, number), day.summary(about, number))).collect();
    json(&events, out);
    sum
}

/// Writes the hashes of the values, each with its event.
fn hashes(about: &About<'_>, items: &mut dyn Iterator<Item = Item<'_>>, out: &mut String) -> Sum {
    let mut sum = Sum::default();
    let mut events: BTreeMap<u64, Uuid> = BTreeMap::new();
    each(about, items, |day, Told { item, .. }| {
        if count(&item, &mut sum) && !item.gone {
            let event = events.entry(day).or_insert_with(|| id_of(about, day));
            put(out, format_args!("{},{event}", hex::encode(Md5::digest(item.value))));
        }
    });
    sum
}

/// Writes an event; `None` if no day has it.
fn event(about: &About<'_>, uuid: Uuid, items: &mut dyn Iterator<Item = Item<'_>>, out: &mut String) -> Option<Sum> {
    let mut sum = Sum::default();
    let mut is_it: BTreeMap<u64, bool> = BTreeMap::new();
    let (mut found, mut day, mut attributes) = (None, Day::default(), Vec::new());
    each(about, items, |number, value| {
        if *is_it.entry(number).or_insert_with(|| id_of(about, number) == uuid) && count(&value.item, &mut sum) {
            found = Some(number);
            day.add(&value);
            attributes.extend(attribute(uuid, &value));
        }
    });
    let summary = day.summary(about, found?);
    let publish_timestamp = summary.timestamp.clone();
    json(&Whole { event: Event { uuid, summary, published: true, publish_timestamp, extends_uuid: "", attributes } }, out);
    Some(sum)
}

/// A value as an attribute of an event. The kind goes into its id, since a text may be a name of a file and one of a host.
fn attribute<'a>(event: Uuid, Told { item, changed }: &Told<'a>) -> Result<Attribute<'a>, LeftOut> {
    let (sort, category) = carried(item)?;
    let labels = item.labels.iter().map(|label| brief(label, LONGEST_NAME)).filter(|label| !label.is_empty());
    Ok(Attribute {
        uuid: Uuid::new_v5(&event, format!("{}|{}", item.kind.name(), item.value).as_bytes()),
        sort,
        category,
        value: item.value,
        comment: brief(item.name, LONGEST_NAME),
        to_ids: !item.gone,
        disable_correlation: false,
        timestamp: changed.to_string(),
        deleted: item.gone,
        tags: labels.map(|label| tag(label, "#0088cc")).collect(),
    })
}

/// Writes JSON, and a line feed.
fn json(what: &impl Serialize, out: &mut String) {
    // These structs are always JSON.
    let text = serde_json::to_string(what).unwrap_or_default();
    put(out, format_args!("{text}"));
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::specimen::{HOSTILE, WHEN, about, item, list_of};
    use super::*;

    /// The id of the event of 2021-03-02.
    fn event_name() -> String {
        format!("{}.json", id_of(&about(&Misp, MANIFEST, ""), WHEN.0 / DAY))
    }

    fn read(name: &str, items: &[Item<'_>]) -> Value {
        serde_json::from_str(&list_of(&Misp, name, "Evil", items).0).unwrap()
    }

    #[test]
    fn two_indicators_of_one_value_are_one_attribute_which_stands_as_long_as_one_of_them() {
        let sure = Item { confidence: Some(90), gone: true, name: "sure", ..item(Kind::Domain, "evil.example") };
        let unsure = Item { confidence: Some(10), name: "unsure", ..sure };
        let other_day = Item { created: Stamp(WHEN.0 + 2 * DAY), ..unsure };
        let event = |items: &[Item<'_>]| -> Value { serde_json::from_str(&list_of(&Misp, &event_name(), "Evil", items).0).unwrap() };
        let both = event(&[sure, Item { gone: false, ..unsure }, other_day]);
        let [attribute] = both["Event"]["Attribute"].as_array().unwrap().as_slice() else { panic!("{both}") };
        assert_eq!((&attribute["comment"], attribute.get("deleted")), (&Value::from("unsure"), None));
        // It has risen with the one that is gone.
        let alone = event(&[Item { gone: false, ..unsure }]);
        assert!(attribute["timestamp"].as_str() > alone["Event"]["Attribute"][0]["timestamp"].as_str());
        let none = event(&[sure, unsure]);
        assert_eq!((&none["Event"]["Attribute"][0]["deleted"], none["Event"]["Attribute"].as_array().unwrap().len()), (&Value::from(true), 1));
        let hashes = list_of(&Misp, HASHES, "Evil", &[Item { gone: false, ..sure }, Item { gone: false, ..unsure }]);
        assert_eq!((hashes.0.lines().count(), hashes.1.held), (1, 1));
    }

    #[test]
    fn the_manifest_has_an_event_for_each_day() {
        let other = Item { created: Stamp(WHEN.0 + DAY), level: Level::AmberStrict, ..item(Kind::Domain, "b.example") };
        let manifest = read(MANIFEST, &[item(Kind::Domain, "a.example"), other, item(Kind::Url, "http://a.example/")]);
        let events = manifest.as_object().unwrap();
        assert_eq!(events.len(), 2);
        let first = &events[event_name().trim_end_matches(".json")];
        assert_eq!((first["info"].as_str(), first["date"].as_str()), (Some("Evil 2021-03-02"), Some("2021-03-02")));
        assert_eq!((first["timestamp"].as_str(), first["Tag"][0]["name"].as_str()), (Some("1614686401"), Some("tlp:green")));
        assert!(events.values().any(|event| event["Tag"][0]["name"] == "tlp:amber+strict"));
    }

    #[test]
    fn an_event_says_what_the_manifest_says_of_it() {
        let items = [item(Kind::Domain, "a.example"), Item { level: Level::Red, ..item(Kind::Domain, "b.example") }];
        let (manifest, file) = (read(MANIFEST, &items), read(&event_name(), &items));
        let event = &file["Event"];
        for (key, value) in manifest[event["uuid"].as_str().unwrap()].as_object().unwrap() {
            assert_eq!(&event[key], value);
        }
        assert_eq!(event["Attribute"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn what_goes_is_deleted_and_raises_the_timestamp() {
        let before = item(Kind::Domain, "a.example");
        let revoked = Item { gone: true, ..before };
        let expired = Item { valid_until: Some(Stamp(WHEN.0 + 5_000_000)), ..revoked };
        let not_yet = Item { valid_until: Some(Stamp(WHEN.0 + 50 * DAY)), ..revoked };
        let cases = [(before, "1614686401"), (revoked, "1614686402"), (expired, "1614686407"), (not_yet, "1614686402")];
        for (item, timestamp) in cases {
            let deleted = item.gone.then_some(true);
            let file = read(&event_name(), &[item]);
            let attribute = &file["Event"]["Attribute"][0];
            assert_eq!((attribute["deleted"].as_bool(), attribute["to_ids"].as_bool()), (deleted, Some(deleted.is_none())));
            assert_eq!(attribute["timestamp"], timestamp);
            assert_eq!(file["Event"]["timestamp"], timestamp);
        }
        assert_eq!(read(&event_name(), &[before])["Event"]["Attribute"][0]["uuid"], read(&event_name(), &[revoked])["Event"]["Attribute"][0]["uuid"]);
        let (written, sum) = list_of(&Misp, HASHES, "Evil", &[revoked]);
        assert_eq!((written.as_str(), sum), ("", Sum::default()));
    }

    #[test]
    fn a_hash_leads_to_its_event() {
        let (written, sum) = list_of(&Misp, HASHES, "Evil", &[item(Kind::Domain, "evil.example")]);
        assert_eq!(written, format!("{},{}\n", hex::encode(Md5::digest("evil.example")), event_name().trim_end_matches(".json")));
        assert_eq!(sum.held, 1);
    }

    #[test]
    fn only_the_true_names_are_files() {
        assert!(Misp.file(MANIFEST).is_some() && Misp.file(HASHES).is_some() && Misp.file(&event_name()).is_some());
        for name in ["{uuid}.json", "event.json", &event_name().to_uppercase(), &event_name().replace('-', ""), ""] {
            assert!(Misp.file(name).is_none(), "{name}");
        }
        let name = "00000000-0000-4000-8000-000000000000.json";
        let mut items = [item(Kind::Domain, "a.example")].into_iter();
        assert_eq!(Misp.whole(&about(&Misp, name, ""), &mut items, &mut String::new()), None);
    }

    #[test]
    fn any_text_is_carried_where_misp_takes_it() {
        let unsound = |kind, value| Item { sound: false, ..item(kind, value) };
        let labels: Vec<Box<str>> = vec!["".into(), HOSTILE.into()];
        let items = [
            unsound(Kind::Domain, "no domain"),
            unsound(Kind::FileName, HOSTILE),
            unsound(Kind::Mutex, " a"),
            Item { name: HOSTILE, labels: &labels, ..unsound(Kind::Mutex, "a|\"'b") },
        ];
        let (written, sum) = list_of(&Misp, &event_name(), HOSTILE, &items);
        assert_eq!((sum.held, sum.left_out), (1, 3));
        let file: Value = serde_json::from_str(&written).unwrap();
        let attribute = &file["Event"]["Attribute"][0];
        assert_eq!((attribute["type"].as_str(), attribute["value"].as_str()), (Some("mutex"), Some("a|\"'b")));
        assert_eq!(attribute["Tag"].as_array().map(Vec::len), Some(1));
    }
}
