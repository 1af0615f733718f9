//! Values for the tests of formats, and a list made of them as the door makes it.

use std::sync::LazyLock;

use uuid::Uuid;

use super::{About, Format, Item, Shape, Sum};
use crate::feed::values::numbers::Numbers;
use crate::stix::ioc::Kind;
use crate::stix::marking::Level;
use crate::taxii::stamp::{DAY, Stamp};

/// A text with everything in it that ends something somewhere.
pub(super) const HOSTILE: &str = "=a\"b'c;d\\e|f:g#h,i\tj\r\nk\0l\u{2028}m\u{85}n*/o]]p\u{fffe}q$r{s}t--u%v<w>&x`y?z*\\";

/// 2021-03-02, 12:00:01.
pub(super) const WHEN: Stamp = Stamp(1_614_686_401_000_000);

/// The numbers of all values in these tests.
static NUMBERS: LazyLock<Numbers> = LazyLock::new(Numbers::default);

/// A sound value.
pub(super) fn item(kind: Kind, value: &str) -> Item<'_> {
    Item {
        kind,
        value,
        sound: true,
        numbers: &NUMBERS,
        id: "indicator--00000000-0000-4000-8000-000000000001",
        name: "A name",
        labels: &[],
        confidence: Some(80),
        level: Level::Green,
        source: "identity--00000000-0000-4000-8000-000000000002",
        added: Stamp::ZERO,
        created: WHEN,
        modified: WHEN,
        valid_from: WHEN,
        valid_until: None,
        gone: false,
    }
}

/// What a list of this title is.
pub(super) fn about<'a>(format: &dyn Format, name: &'a str, title: &'a str) -> About<'a> {
    let file = format.file(name).unwrap();
    About { file, collection: Uuid::from_u128(7), title, name, changed: Stamp(WHEN.0 + 30 * DAY) }
}

/// A list of values, each with the kinds of its file and in their order, and what became of them.
pub(super) fn list_of(format: &dyn Format, name: &str, title: &str, items: &[Item<'_>]) -> (String, Sum) {
    let about = about(format, name, title);
    let mut out = String::new();
    if matches!(format.shape(), Shape::Whole | Shape::Events) {
        let mut wanted = about.file.kinds.iter().flat_map(|kind| items.iter().filter(|item| item.kind == *kind).copied());
        let sum = format.whole(&about, &mut wanted, &mut out).unwrap();
        return (out, sum);
    }
    let mut sum = Sum::default();
    format.head(&about, &mut out);
    for kind in about.file.kinds {
        let mut lines = String::new();
        let mut held = 0;
        for item in items.iter().filter(|item| item.kind == *kind) {
            let before = lines.len();
            if format.line(&about, item, &mut lines).is_ok() {
                held += 1;
            } else {
                lines.truncate(before);
                sum.left_out += 1;
            }
        }
        if held > 0 {
            format.open(&about, *kind, held, &mut out);
            out.push_str(&lines);
            format.close(&about, *kind, held, &mut out);
        }
        sum.held += held;
    }
    format.foot(&about, &sum, &mut out);
    (out, sum)
}

/// A list of values below an ordinary title.
pub(super) fn list(format: &dyn Format, name: &str, items: &[Item<'_>]) -> String {
    list_of(format, name, "Evil", items).0
}

/// The lines of a text that are no comments.
pub(super) fn lines<'a>(text: &'a str, mark: &str) -> Vec<&'a str> {
    text.lines().filter(|line| !line.starts_with(mark) && !line.is_empty()).collect()
}

/// A rule of an item without what every rule ends with, and without its message.
pub(super) fn shortened(rule: &str, item: &Item<'_>) -> String {
    let end = format!("sid:{}; rev:1614686401;)", item.number());
    rule.replace(&end, "…").replace("(msg:\"Taxiway A name\"; ", "(")
}
