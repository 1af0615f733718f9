//! A page as the text of its objects: what goes into an envelope.

use std::ops::Range;

use bytes::Bytes;
use xxhash_rust::xxh3::Xxh3Default;

use super::rules::Room;
use super::{Page, Select};
use crate::taxii::stamp::Stamp;

/// The objects of a page as they came, side by side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// The objects, with commas between them; between two parts one is still to be written.
    pub parts: Vec<Bytes>,
    /// How many objects these are.
    pub count: usize,
    /// The stamps of the first and the last.
    pub dates: Option<(Stamp, Stamp)>,
    /// A digest of all stamps. A stamp is given once, so that a collection and this name the text.
    pub digest: u128,
    /// Whether the same selection has more after the last object.
    pub more: bool,
}

/// The digest of stamps in their order.
pub fn digest(stamps: impl Iterator<Item = Stamp>) -> u128 {
    let mut digest = Xxh3Default::new();
    stamps.for_each(|stamp| digest.update(&stamp.0.to_be_bytes()));
    digest.digest128()
}

impl From<Page> for Text {
    fn from(page: Page) -> Self {
        Self {
            count: page.records.len(),
            dates: page.dates(),
            digest: digest(page.records.iter().map(|record| record.added)),
            more: page.more,
            parts: page.records.into_iter().map(|record| record.object).collect(),
        }
    }
}

/// A text that is being gathered from runs of objects, up to what its selection allows.
pub(super) struct Gathering<'a> {
    text: Text,
    room: Room<'a>,
    stamps: Xxh3Default,
}

impl<'a> Gathering<'a> {
    /// An empty text.
    pub(super) fn new(select: &'a Select) -> Self {
        Self { text: Text::default(), room: Room::of(select), stamps: Xxh3Default::new() }
    }

    /// How many objects there is still room for.
    pub(super) fn room(&self) -> usize {
        self.room.left()
    }

    /// Counts the next object, or notes that there is more and returns `false`: the page is full.
    pub(super) fn admit(&mut self, added: Stamp, octets: usize) -> bool {
        if !self.room.admit(octets) {
            self.text.more = true;
            return false;
        }
        self.text.count += 1;
        self.text.dates = Some((self.text.dates.map_or(added, |(first, _)| first), added));
        self.stamps.update(&added.0.to_be_bytes());
        true
    }

    /// Adds the text of objects that were admitted.
    pub(super) fn add(&mut self, run: &Bytes, range: Range<usize>) {
        if !range.is_empty() {
            self.text.parts.push(run.slice(range));
        }
    }

    /// The text as it is.
    pub(super) fn done(self) -> Text {
        Text { digest: self.stamps.digest128(), ..self.text }
    }
}
