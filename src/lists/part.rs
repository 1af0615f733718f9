//! The lines of a list that come from one chunk of values, or from all at once.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_128;

use super::asked::{Selection, Verdict};
use super::format::{About, File, Format, Item, Shape, Sum};
use crate::feed::values::Snapshot;
use crate::feed::values::chunk::{Chunk, Row};
use crate::stix::ioc::Kind;
use crate::store::text::digest;
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
        format!("{id} {} {} {name}?{} {:?} {title}", selection.clearance.name(), selection.guarded, selection.asked.normal(), selection.view)
    }

    /// Whether values of a kind can be in the list.
    pub fn wants(&self, kind: Kind) -> bool {
        self.selection.wants(kind, self.file.kinds)
    }

    /// The lines of a chunk.
    pub fn part(&self, chunk: &Arc<Chunk>, now: Stamp) -> (Part, Bytes) {
        let mut draft = Draft::default();
        let chosen = self.chosen([chunk].into_iter(), now, &mut draft);
        self.lines(&chosen, &mut draft);
        draft.finish(chunk.edition, Some(chunk.clone()), chunk.kind(), now)
    }

    /// The whole file at once, of a format that is made so; `None` if there is no such file.
    pub fn whole(&self, snapshot: &Snapshot, now: Stamp) -> Option<(Part, Bytes)> {
        let mut draft = Draft::default();
        let judged = self.judged(self.chunks(snapshot), now, &mut draft).into_iter();
        let mut judged: Vec<_> = judged.map(|(row, verdict)| (row, row.id(), verdict == Verdict::Gone)).collect();
        if self.format.shape() == Shape::Whole {
            judged.retain(|(.., gone)| !gone);
            judged.dedup_by(|(one, ..), (before, ..)| one.is_of_value(*before));
        }
        if let Some(most) = self.selection.asked.max_entries {
            keep_most_confident(&mut judged, most);
        }
        let mut items = judged.iter().map(|(row, id, gone)| item(*row, id, *gone));
        let sum = self.format.whole(&self.about(now), &mut items, &mut draft.text)?;
        draft.sum = draft.sum.plus(sum);
        Some(draft.finish(snapshot.edition, None, None, now))
    }

    /// What is known of a file of objects without reading them.
    pub fn objects(&self, snapshot: &Snapshot, now: Stamp) -> Part {
        let mut draft = Draft::default();
        let indicators = self.indicators(snapshot, now, &mut draft);
        let digest = digest(indicators.iter().copied().chain([Stamp(snapshot.edition), snapshot.latest]));
        draft.sum.held = indicators.len();
        let (part, _) = draft.finish(snapshot.edition, None, None, now);
        Part { digest, ..part }
    }

    /// Which indicators are in a file of objects. For threads that may block.
    pub fn chosen_objects(&self, snapshot: &Snapshot, now: Stamp) -> Chosen {
        let indicators = self.indicators(snapshot, now, &mut Draft::default());
        let all = snapshot.chunks.iter().flat_map(|chunk| chunk.rows());
        let left_out = all.filter(|row| indicators.binary_search(&row.added()).is_err()).map(Row::id).collect();
        Chosen { indicators, left_out }
    }

    /// The stamps of the indicators in a file of objects, ascending.
    fn indicators(&self, snapshot: &Snapshot, now: Stamp, draft: &mut Draft) -> Vec<Stamp> {
        let chosen = self.chosen(self.chunks(snapshot), now, draft);
        let mut rows: Vec<_> = chosen.into_iter().map(|row| (Reverse(row.confidence()), row.added())).collect();
        rows.sort_unstable();
        rows.dedup();
        rows.truncate(self.selection.asked.max_entries.unwrap_or(usize::MAX));
        let mut indicators: Vec<Stamp> = rows.into_iter().map(|(_, added)| added).collect();
        indicators.sort_unstable();
        indicators
    }

    /// The most confident values, by kind.
    pub fn most_confident(&self, snapshot: &Snapshot, most: usize, now: Stamp) -> Vec<(Part, Bytes)> {
        let mut all = Draft::default();
        let mut rows = self.chosen(self.chunks(snapshot), now, &mut all);
        // Rows of one value follow each other, the most confident first: so the others may go before the best are chosen.
        rows.dedup_by(|one, before| one.is_of_value(*before));
        // Sorting keeps the order of what is equally sure.
        rows.sort_by_key(|row| Reverse(row.confidence()));
        rows.truncate(most);
        rows.sort_by_key(|row| row.kind());
        let mut parts: Vec<(Part, Bytes)> = Vec::new();
        for of_kind in rows.chunk_by(|one, other| one.kind() == other.kind()) {
            let mut draft = Draft { sum: std::mem::take(&mut all.sum), good_until: all.good_until, ..Draft::default() };
            self.lines(of_kind, &mut draft);
            parts.push(draft.finish(snapshot.edition, None, of_kind.first().map(|row| row.kind()), now));
        }
        if parts.is_empty() {
            parts.push(all.finish(snapshot.edition, None, None, now));
        }
        parts
    }

    /// The chunks whose values can be in the list.
    pub fn chunks<'s>(&'s self, snapshot: &'s Snapshot) -> impl Iterator<Item = &'s Arc<Chunk>> {
        snapshot.chunks.iter().filter(|chunk| chunk.kind().is_some_and(|kind| self.wants(kind)))
    }

    /// The values of some chunks that are selected.
    fn chosen<'c>(&self, chunks: impl Iterator<Item = &'c Arc<Chunk>>, now: Stamp, draft: &mut Draft) -> Vec<Row<'c>> {
        let judged = self.judged(chunks, now, draft).into_iter();
        judged.filter(|(_, verdict)| *verdict == Verdict::In).map(|(row, _)| row).collect()
    }

    /// The values of some chunks that are selected or gone; the draft is told until when that is so, and how many a warning list keeps out.
    fn judged<'c>(&self, chunks: impl Iterator<Item = &'c Arc<Chunk>>, now: Stamp, draft: &mut Draft) -> Vec<(Row<'c>, Verdict)> {
        let mut judged = Vec::new();
        for row in chunks.flat_map(|chunk| chunk.rows()) {
            let (verdict, until) = self.selection.judge(row, now);
            draft.good_until = draft.good_until.min(until);
            match verdict {
                Verdict::In | Verdict::Gone => judged.push((row, verdict)),
                Verdict::Warned => draft.sum.warned += 1,
                Verdict::Out => {}
            }
        }
        judged
    }

    /// Writes the lines of some values, each value once, and no line twice in a row: URLs of several schemes may give the same.
    fn lines(&self, rows: &[Row<'_>], draft: &mut Draft) {
        let about = self.about(Stamp::ZERO);
        let mut last_line = 0..0;
        let mut last: Option<(Kind, &str)> = None;
        for row in rows.iter().copied() {
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

impl Default for Draft {
    fn default() -> Self {
        Self { text: String::new(), sum: Sum::default(), good_until: NEVER }
    }
}

impl Draft {
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
        numbers: row.numbers(),
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
