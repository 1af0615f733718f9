//! The lines of a list that come from one chunk of values, or from all at once.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

use super::asked::{Selection, Verdict};
use super::format::{About, File, Format, Item, Sum};
use crate::feed::values::Snapshot;
use crate::feed::values::chunk::{Chunk, Row};
use crate::stix::ioc::Kind;
use crate::taxii::stamp::Stamp;

/// Later than all times.
const NEVER: Stamp = Stamp(u64::MAX);

/// What a list is made by: the format, one of its files, and what is selected.
#[derive(Clone)]
pub struct Recipe {
    /// How it is written.
    pub format: &'static dyn Format,
    /// Which file.
    pub file: &'static File,
    /// The name of the file as it is asked for.
    pub name: String,
    /// What it selects.
    pub selection: Selection,
    /// The collection with its title.
    pub collection: (uuid::Uuid, String),
}

/// What is known of a part without its text.
#[derive(Debug, Clone)]
pub struct Part {
    /// The edition of what it was made of.
    pub edition: u64,
    /// The chunk that it was made of; `None`: all of them.
    pub chunk: Option<Arc<Chunk>>,
    /// The kind of its values; `None` of a whole file.
    pub kind: Option<Kind>,
    /// What became of the values.
    pub sum: Sum,
    /// The digest of its text.
    pub digest: u128,
    /// The checksum that gzip wants, and the number of octets.
    pub crc: u32,
    /// How long the text is, in octets.
    pub octets: u64,
    /// When it was made: made again of the same, as of then, it has the same text.
    pub made: Stamp,
    /// Until when it is what it is.
    pub good_until: Stamp,
}

/// The indicators of a file of objects.
#[derive(Debug, Default)]
pub struct Chosen {
    /// The stamps of their versions, ascending.
    pub indicators: Vec<Stamp>,
    /// The ids of the others, so that nothing in the file says what they are.
    pub left_out: HashSet<String>,
}

/// A text on its way to be a part.
struct Draft {
    text: String,
    sum: Sum,
    good_until: Stamp,
}

impl Recipe {
    /// What heads and lines are told.
    pub fn about(&self, changed: Stamp) -> About<'_> {
        About { file: self.file, collection: self.collection.0, title: &self.collection.1, name: &self.name, changed }
    }

    /// The same for all that ask for the same.
    pub fn key(&self) -> String {
        let Self { name, selection, collection: (id, title), .. } = self;
        format!("{id} {} {} {name}?{} {title}", selection.clearance.name(), selection.guarded, selection.asked.normal())
    }

    /// Whether values of a kind can be in the list.
    pub fn wants(&self, kind: Kind) -> bool {
        self.selection.wants(kind, self.file.kinds)
    }

    /// The lines of a chunk.
    pub fn part(&self, chunk: &Arc<Chunk>, now: Stamp) -> (Part, Bytes) {
        let mut draft = Draft::new(Sum::default(), NEVER);
        self.lines(&mut self.chosen(chunk, now, &mut draft.good_until, &mut draft.sum).into_iter(), &mut draft);
        draft.finish(chunk.edition, Some(chunk.clone()), chunk.kind(), now)
    }

    /// The whole file at once, of a format that is made so; `None` if there is no such file.
    pub fn whole(&self, snapshot: &Snapshot, now: Stamp) -> Option<(Part, Bytes)> {
        let mut draft = Draft::new(Sum::default(), NEVER);
        let mut warned = 0;
        let judged = self.chunks(snapshot).flat_map(|chunk| chunk.rows()).filter_map(|row| {
            let (verdict, until) = self.selection.judge(row, now);
            draft.good_until = draft.good_until.min(until);
            match verdict {
                Verdict::Out => None,
                Verdict::Warned => {
                    warned += 1;
                    None
                }
                Verdict::In | Verdict::Gone => Some((row, verdict == Verdict::Gone)),
            }
        });
        let mut judged: Vec<_> = judged.map(|(row, gone)| (row, row.id(), gone)).collect();
        if let Some(most) = self.selection.asked.max_entries {
            keep_most_confident(&mut judged, most);
        }
        let mut items = judged.iter().map(|(row, id, gone)| item(*row, id, *gone));
        draft.sum = Sum { warned, ..self.format.whole(&self.about(now), &mut items, &mut draft.text)? };
        Some(draft.finish(snapshot.edition, None, None, now))
    }

    /// What is known of a file of objects without reading them: which indicators are in it, in the order of the collection.
    pub fn objects(&self, snapshot: &Snapshot, now: Stamp) -> (Part, Chosen) {
        let (mut good_until, mut sum, mut chosen) = (NEVER, Sum::default(), Chosen::default());
        let mut rows = Vec::new();
        for chunk in self.chunks(snapshot) {
            for row in chunk.rows() {
                let (verdict, until) = self.selection.judge(row, now);
                good_until = good_until.min(until);
                if verdict == Verdict::In {
                    rows.push((Reverse(row.confidence()), row.added()));
                }
            }
        }
        rows.sort_unstable();
        rows.dedup();
        rows.truncate(self.selection.asked.max_entries.unwrap_or(usize::MAX));
        chosen.indicators = rows.into_iter().map(|(_, added)| added).collect();
        chosen.indicators.sort_unstable();
        sum.held = chosen.indicators.len();
        let left_out = snapshot.chunks.iter().flat_map(|chunk| chunk.rows()).filter(|row| chosen.indicators.binary_search(&row.added()).is_err());
        chosen.left_out = left_out.map(Row::id).collect();
        let mut digest = Xxh3Default::new();
        chosen.indicators.iter().for_each(|added| digest.update(&added.0.to_be_bytes()));
        digest.update(&snapshot.edition.to_be_bytes());
        digest.update(&snapshot.latest.0.to_be_bytes());
        let (part, _) = Draft::new(sum, good_until).finish(snapshot.edition, None, None, now);
        (Part { digest: digest.digest128(), ..part }, chosen)
    }

    /// The most confident values, by kind.
    pub fn most_confident(&self, snapshot: &Snapshot, most: usize, now: Stamp) -> Vec<(Part, Bytes)> {
        let mut good_until = NEVER;
        let mut sum = Sum::default();
        let mut rows: Vec<Row<'_>> = self.chunks(snapshot).flat_map(|chunk| self.chosen(chunk, now, &mut good_until, &mut sum)).collect();
        // Rows of one value follow each other, the most confident first: so the others may go before the best are chosen.
        rows.dedup_by(|one, before| one.kind() == before.kind() && one.value() == before.value());
        // Sorting keeps the order of what is equally sure.
        rows.sort_by_key(|row| Reverse(row.confidence()));
        rows.truncate(most);
        rows.sort_by_key(|row| row.kind());
        let mut parts: Vec<(Part, Bytes)> = Vec::new();
        for of_kind in rows.chunk_by(|one, other| one.kind() == other.kind()) {
            let mut draft = Draft::new(std::mem::take(&mut sum), good_until);
            self.lines(&mut of_kind.iter().copied(), &mut draft);
            parts.push(draft.finish(snapshot.edition, None, of_kind.first().map(|row| row.kind()), now));
        }
        if parts.is_empty() {
            parts.push(Draft::new(sum, good_until).finish(snapshot.edition, None, None, now));
        }
        parts
    }

    /// The chunks whose values can be in the list.
    pub fn chunks<'s>(&'s self, snapshot: &'s Snapshot) -> impl Iterator<Item = &'s Arc<Chunk>> {
        snapshot.chunks.iter().filter(|chunk| chunk.kind().is_some_and(|kind| self.wants(kind)))
    }

    /// The values of a chunk that are selected.
    fn chosen<'c>(&self, chunk: &'c Chunk, now: Stamp, good_until: &mut Stamp, sum: &mut Sum) -> Vec<Row<'c>> {
        let mut chosen = Vec::new();
        for row in chunk.rows() {
            let (verdict, until) = self.selection.judge(row, now);
            *good_until = (*good_until).min(until);
            match verdict {
                Verdict::In => chosen.push(row),
                Verdict::Warned => sum.warned += 1,
                Verdict::Out | Verdict::Gone => {}
            }
        }
        chosen
    }

    /// Writes the lines of some values, each value once, and no line twice in a row: URLs of several schemes may give the same.
    fn lines(&self, rows: &mut dyn Iterator<Item = Row<'_>>, draft: &mut Draft) {
        let about = self.about(Stamp::ZERO);
        let mut last_line = 0..0;
        let mut last: Option<(Kind, &str)> = None;
        for row in rows {
            if last == Some((row.kind(), row.value())) {
                continue;
            }
            last = Some((row.kind(), row.value()));
            let start = draft.text.len();
            let id = row.id();
            if self.format.line(&about, &item(row, &id, false), &mut draft.text).is_err() {
                draft.text.truncate(start);
                draft.sum.left_out += 1;
                continue;
            }
            if draft.text.get(last_line.clone()) == draft.text.get(start..) {
                draft.text.truncate(start);
                continue;
            }
            draft.sum.held += 1;
            last_line = start..draft.text.len();
        }
    }
}

impl Draft {
    fn new(sum: Sum, good_until: Stamp) -> Self {
        Self { text: String::new(), sum, good_until }
    }

    fn finish(self, edition: u64, chunk: Option<Arc<Chunk>>, kind: Option<Kind>, made: Stamp) -> (Part, Bytes) {
        let text = Bytes::from(self.text);
        let part = Part {
            edition,
            chunk,
            kind,
            sum: self.sum,
            digest: xxh3_128(&text),
            crc: crc32fast::hash(&text),
            octets: text.len() as u64,
            made,
            good_until: self.good_until,
        };
        (part, text)
    }
}

/// Keeps so many values of those that are not gone, the most confident ones, in their order.
fn keep_most_confident(judged: &mut Vec<(Row<'_>, String, bool)>, most: usize) {
    let mut live: Vec<_> =
        judged.iter().enumerate().filter(|(_, (_, _, gone))| !gone).map(|(at, (row, ..))| (Reverse(row.confidence()), at)).collect();
    live.sort_unstable();
    let kept: HashSet<usize> = live.into_iter().take(most).map(|(_, at)| at).collect();
    let mut at = 0;
    judged.retain(|(_, _, gone)| {
        at += 1;
        *gone || kept.contains(&(at - 1))
    });
}

fn item<'a>(row: Row<'a>, id: &'a str, gone: bool) -> Item<'a> {
    Item {
        kind: row.kind(),
        value: row.value(),
        sound: row.is_sound(),
        number: row.number(),
        id,
        name: row.name(),
        labels: row.labels(),
        confidence: row.confidence(),
        level: row.level(),
        source: row.source(),
        added: row.added(),
        created: row.created(),
        modified: row.modified(),
        valid_from: row.valid_from(),
        valid_until: row.valid_until(),
        gone,
    }
}
