//! Reading a page: one range scan for what nearly everybody asks, slower ways for the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::keys::Place;
use super::shelf::{Found, Shelf};
use super::view::View;
use crate::stix::id::{StixId, type_of};
use crate::stix::time::Instant;
use crate::store::segments::{Builder, Piece, Reach, Segment, Segments};
use crate::store::text::{Gathering, Text};
use crate::store::{Behind, Page, Select, StoreError, Versions, rules};
use crate::taxii::stamp::Stamp;

/// A selection from one collection of one view.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    shelf: Shelf<'a>,
    view: &'a View,
    select: &'a Select,
    /// The page begins after this.
    from: Stamp,
    /// Nothing behind this is there for the reader.
    top: Stamp,
}

type Findings<'a> = Box<dyn Iterator<Item = Result<Found, StoreError>> + 'a>;

impl<'a> Reader<'a> {
    /// A reader of what `view` shows of `shelf`.
    pub(super) fn new(shelf: Shelf<'a>, view: &'a View, select: &'a Select) -> Self {
        Self { shelf, view, select, from: select.from.max(select.after), top: view.top(shelf.number) }
    }

    /// The page.
    pub(super) fn page(&self) -> Result<Page, StoreError> {
        let mut filling = rules::Filling::new(self.select);
        for found in self.found()? {
            let Found { added, entry } = found?;
            if !filling.take(entry.record(added)) {
                break;
            }
        }
        Ok(filling.done())
    }

    /// The page as text: of segments, which are built where there are none and kept if nothing has changed since `epoch`.
    pub(super) fn text(&self, segments: &Segments, epoch: u64) -> Result<Text, StoreError> {
        let mut gathering = Gathering::new(self.select);
        let mut position = self.from;
        while position < self.top {
            let segment = self.segment(segments, epoch, position, gathering.room().saturating_add(1))?;
            match segment.gather(&mut gathering, self.select, position) {
                Reach::Full => break,
                Reach::Upto(reached) => position = reached,
            }
        }
        Ok(gathering.done())
    }

    /// The segment around what stands after `position`; one that is built has at most so many objects.
    fn segment(&self, segments: &Segments, epoch: u64, position: Stamp, most: usize) -> Result<Arc<Segment>, StoreError> {
        let rows = segments.rows();
        if let Some(segment) = rows.around(self.shelf.number, position) {
            return Ok(segment.clone());
        }
        let end = rows.begin_after(self.shelf.number, position).map_or(self.top, |begin| begin.min(self.top));
        let built = Arc::new(self.build(position, end, most)?);
        segments.keep(self.shelf.number, epoch, built.clone());
        Ok(built)
    }

    /// A segment of what stands after `after` up to `end`, of `most` objects at the most, whoever may see them.
    fn build(&self, after: Stamp, end: Stamp, most: usize) -> Result<Segment, StoreError> {
        let mut builder = Builder::new(after);
        for found in self.shelf.scan(Place::Newest, after, end) {
            let Found { added, entry } = found?;
            if self.view.moving.contains(&(self.shelf.number, added)) {
                continue;
            }
            let (hidden_until, level, object) = (entry.hidden_until(), entry.level(), entry.object());
            let piece = Piece { added, hidden_until, level, type_name: type_of(entry.id()), object: &object };
            if builder.len() == most || !builder.push(&piece) {
                return Ok(builder.done(None));
            }
        }
        Ok(builder.done(Some(end)))
    }

    /// How much the page would hold, if its octets did not matter.
    pub(super) fn behind(&self) -> Result<Behind, StoreError> {
        let mut behind = Behind::default();
        for found in self.found()?.take(self.select.limit) {
            let added = found?.added;
            behind.oldest.get_or_insert(added);
            behind.count += 1;
        }
        Ok(behind)
    }

    /// What is selected, ascending; as much at least as a page can hold.
    fn found(&self) -> Result<Findings<'_>, StoreError> {
        match (&self.select.ids, &self.select.types) {
            (Some(_), _) => self.by_ids(),
            (None, None) if self.select.versions == Versions::LAST => Ok(self.latest()),
            (None, Some(types)) if self.select.versions == Versions::LAST => self.latest_of(types),
            _ => self.by_versions(),
        }
    }

    /// The latest version of everything: the scan that pollers live from.
    fn latest(&self) -> Findings<'_> {
        Box::new(self.shelf.scan(Place::Newest, self.from, self.top).filter(keep(|found| self.is_latest(found))))
    }

    /// The latest version of everything of some types: their indexes, merged.
    fn latest_of(&self, types: &[String]) -> Result<Findings<'_>, StoreError> {
        let types: BTreeSet<&String> = types.iter().collect();
        let index = |name: &String| Ok(self.shelf.scan_type(name, self.from, self.top)?.peekable());
        let mut indexes = types.into_iter().map(index).collect::<Result<Vec<_>, StoreError>>()?;
        let stamps = std::iter::from_fn(move || {
            // An error counts as the least, so that it comes out at once.
            let key = |next: Option<&Result<Stamp, _>>| next.map(|next| next.as_ref().map_or(Stamp::ZERO, |stamp| *stamp));
            indexes.iter_mut().filter_map(|index| Some((key(index.peek())?, index))).min_by_key(|(stamp, _)| *stamp)?.1.next()
        });
        let found = stamps.filter_map(|stamp| stamp.and_then(|stamp| self.shelf.fetch_from(Place::Newest, stamp)).transpose());
        Ok(Box::new(found.filter(keep(|found| self.is_latest(found)))))
    }

    /// Whether an entry among the newest is for this reader the latest of its object, and one it may see.
    fn is_latest(&self, found: &Found) -> bool {
        found.entry.hidden_until() <= self.select.after && self.is_shown(found) && !self.view.moving.contains(&(self.shelf.number, found.added))
    }

    /// Whether the reader is cleared for an entry and asks for such.
    fn is_shown(&self, found: &Found) -> bool {
        let header = found.entry.header();
        header.level <= self.select.clearance && self.select.only.as_ref().is_none_or(|only| only.admits(header, &found.entry.object()))
    }

    /// Chosen versions of some objects: object by object, then in the one order.
    fn by_ids(&self) -> Result<Findings<'_>, StoreError> {
        let ids: BTreeSet<&str> = self.select.ids.iter().flatten().map(StixId::as_str).filter(|id| self.is_of_types(id)).collect();
        let mut stamps = BTreeSet::new();
        for id in ids {
            stamps.extend(self.chosen(id)?.into_iter().filter(|stamp| *stamp > self.from));
        }
        let found = stamps.into_iter().filter_map(|stamp| self.shelf.fetch(stamp).transpose());
        Ok(Box::new(found.filter(keep(|found| self.is_shown(found)))))
    }

    /// Chosen versions of all objects: both places, merged.
    fn by_versions(&self) -> Result<Findings<'_>, StoreError> {
        // The newest before the history: an entry that is moved meanwhile is then seen at least once.
        let (mut found, enough) = self.take(Place::Newest, self.top)?;
        let bound = if enough { found.last_key_value().map_or(self.top, |(stamp, _)| *stamp) } else { self.top };
        found.extend(self.take(Place::History, bound)?.0);
        Ok(Box::new(found.into_values().map(Ok)))
    }

    /// As many chosen entries of one place as a page can need to know whether there are more; and whether it stopped at that.
    fn take(&self, place: Place, to: Stamp) -> Result<(BTreeMap<Stamp, Found>, bool), StoreError> {
        let (mut taken, mut octets) = (BTreeMap::new(), 0);
        for found in self.shelf.scan(place, self.from, to) {
            let found = found?;
            if self.is_wanted(&found)? {
                octets += found.entry.object().len();
                taken.insert(found.added, found);
                if taken.len() > 1 && (taken.len() > self.select.limit || octets > self.select.octets) {
                    return Ok((taken, true));
                }
            }
        }
        Ok((taken, false))
    }

    fn is_wanted(&self, found: &Found) -> Result<bool, StoreError> {
        let id = found.entry.id();
        if !self.is_shown(found) || !self.is_of_types(id) {
            return Ok(false);
        }
        match &self.select.versions {
            Versions::All => Ok(true),
            Versions::Some { first: false, last: false, at } => Ok(Instant::parse(found.entry.version()).is_ok_and(|instant| at.contains(&instant))),
            Versions::Some { .. } => Ok(self.chosen(id)?.contains(&found.added)),
        }
    }

    fn is_of_types(&self, id: &str) -> bool {
        self.select.types.as_ref().is_none_or(|types| types.iter().any(|name| name == type_of(id)))
    }

    /// The stamps of an object's versions that are chosen among those this reader may see.
    fn chosen(&self, id: &str) -> Result<Vec<Stamp>, StoreError> {
        let versions = self.shelf.versions(id)?;
        let candidates = versions.iter().map(|(instant, stamp)| (instant, *stamp));
        Ok(rules::choose(&self.select.versions, candidates.filter(|(_, stamp)| *stamp > self.select.after && *stamp <= self.top)))
    }
}

/// A filter that lets errors pass.
fn keep<'a>(wanted: impl Fn(&Found) -> bool + 'a) -> impl FnMut(&Result<Found, StoreError>) -> bool + 'a {
    move |found| found.as_ref().map_or(true, &wanted)
}
