//! A page of what the collections hold: selected and sorted by the rows, shown as the store has it.

use std::sync::Arc;

use bytes::Bytes;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::browse::Browse;
use super::entry::{confidence, labels};
use super::filter::Filter;
use super::held::{Answer, Coverage, Held, Pick};
use super::rows::Rows;
use super::top::{self, Found, Matched};
use crate::feed::Feed;
use crate::feed::access::Reading;
use crate::stix::id::{StixId, type_of};
use crate::stix::json::Json;
use crate::stix::marking::Level;
use crate::store::{Record, StoreError};
use crate::taxii::stamp::Stamp;

/// The most objects on a page.
pub const MOST_ROWS: usize = 1_000;

/// A page of a selection.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Listing {
    /// The objects of the page, in the order that was asked for.
    pub rows: Vec<Row>,
    /// How many objects are selected.
    pub total: usize,
    /// What is missing.
    pub coverage: Coverage,
}

/// An object of a collection in its latest version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The collection.
    pub collection: Uuid,
    /// When this version was added to it.
    pub added: Stamp,
    /// Its id.
    pub id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its `name`, else its `value`.
    pub name: Option<String>,
    /// Its `pattern`.
    pub pattern: Option<String>,
    /// Its `pattern_type`.
    pub pattern_type: Option<String>,
    /// Its TLP level.
    pub level: Level,
    /// Its `confidence`.
    pub confidence: Option<u8>,
    /// Whether it is revoked.
    pub revoked: bool,
    /// Its `created`, as it is written.
    pub created: Option<String>,
    /// Its `modified`, as it is written.
    pub modified: Option<String>,
    /// Its `valid_from`, as it is written.
    pub valid_from: Option<String>,
    /// Its `valid_until`, as it is written.
    pub valid_until: Option<String>,
    /// Its `created_by_ref`.
    pub source: Option<String>,
    /// Its `labels` and `indicator_types`, sorted.
    pub labels: Vec<Box<str>>,
    /// The object as it came; not serialised.
    #[serde(skip)]
    pub object: Bytes,
}

/// A page by its rows alone.
#[derive(Debug)]
struct Selected {
    picks: Vec<Pick>,
    total: usize,
}

impl Feed {
    /// A page of what is selected in the collections that the caller may read. What is above a reading's clearance is neither shown nor counted.
    pub async fn browse(&self, readings: &[Reading], browse: &Browse) -> Result<Listing, StoreError> {
        let now = self.clock.now();
        let browse = Arc::new(Browse { limit: browse.limit.min(MOST_ROWS), ..browse.clone() });
        self.ask(readings, move |rows| select(rows, &browse, now)).await
    }
}

fn select(rows: &[(&Rows, Level)], browse: &Browse, now: Stamp) -> Selected {
    let filter = Filter::new(browse, now);
    let blocks: Vec<_> = rows.iter().enumerate().flat_map(|(shelf, (rows, level))| rows.blocks().map(move |block| (shelf, *level, block))).collect();
    let matched = blocks.into_par_iter().map(|(shelf, level, (number, block))| {
        let rows = filter.lines(block, level).map(|line| line.row).collect();
        Matched { shelf, number, block, rows }
    });
    let matched: Vec<Matched<'_>> = matched.collect();
    let pick = |found: Found| {
        let line = rows.get(found.shelf)?.0.line(found.at)?;
        Some(Pick { shelf: found.shelf, id: line.key().text(), added: line.added() })
    };
    let picks = top::page(rows, &matched, browse).into_iter().filter_map(pick).collect();
    Selected { picks, total: matched.iter().map(|of| of.rows.len()).sum() }
}

impl Answer for Selected {
    type Shown = Listing;

    fn picks(&self) -> Vec<Pick> {
        self.picks.clone()
    }

    fn shown(self, records: Vec<Option<Record>>, held: &[Held], coverage: Coverage) -> Listing {
        let row = |(pick, record): (Pick, Option<Record>)| Row::of(held.get(pick.shelf)?.shelf.collection, record?);
        Listing { rows: self.picks.into_iter().zip(records).filter_map(row).collect(), total: self.total, coverage }
    }
}

impl Row {
    /// A record as a row; `None` if it cannot be read.
    pub fn of(collection: Uuid, record: Record) -> Option<Self> {
        StixId::parse(&record.id).ok()?;
        let json = Json::parse(std::str::from_utf8(&record.object).ok()?).ok()?;
        let read = json.as_object()?;
        let text = |name| read.text(name).map(ToOwned::to_owned);
        Some(Self {
            collection,
            added: record.added,
            type_name: type_of(&record.id).to_owned(),
            name: text("name").or_else(|| text("value")),
            pattern: text("pattern"),
            pattern_type: text("pattern_type"),
            level: record.level,
            confidence: confidence(read),
            revoked: read.get("revoked") == Some(&Json::Bool(true)),
            created: text("created"),
            modified: text("modified"),
            valid_from: text("valid_from"),
            valid_until: text("valid_until"),
            source: text("created_by_ref"),
            labels: labels(read).into_iter().map(Into::into).collect(),
            id: record.id,
            object: record.object.clone(),
        })
    }
}
