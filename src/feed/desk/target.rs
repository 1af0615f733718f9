//! What an analyst means: an object by its id, or an indicator by its value, defanged or not.

use std::collections::{BTreeSet, HashMap};

use super::revise::Held;
use super::{Unfit, identity};
use crate::feed::Feed;
use crate::feed::access::Reading;
use crate::feed::error::FeedError;
use crate::stix::id::StixId;
use crate::stix::ioc::read::read;
use crate::stix::ioc::write;

/// A text that names objects.
enum Name {
    /// An id.
    Id(StixId),
    /// The normal form of a pattern.
    Pattern(String),
}

/// What a text means in a collection: the objects, first the one that stands for all of them; or why it means none.
pub type Meant = Result<Vec<StixId>, Unfit>;

impl Feed {
    /// The object that `text` means: an id; or a value or pattern, whose indicator is in the collection.
    pub async fn resolve(&self, reading: &Reading, text: &str) -> Result<StixId, FeedError> {
        let mut meant = self.meant(reading, &[text.to_owned()]).await?;
        let first = meant.pop().unwrap_or_else(|| Err(unknown(text)))?.into_iter().next();
        Ok(first.ok_or_else(|| unknown(text))?)
    }

    /// What each of the texts means. An id is taken as it is; several indicators may say the same.
    pub async fn meant(&self, reading: &Reading, texts: &[String]) -> Result<Vec<Meant>, FeedError> {
        let names: Vec<Option<Name>> = texts.iter().map(|text| name(text)).collect();
        let normals: BTreeSet<&str> = names.iter().flatten().filter_map(Name::pattern).collect();
        let same = if normals.is_empty() { HashMap::new() } else { self.same(reading, &normals, own(&normals, reading)).await? };
        let meant = texts.iter().zip(&names).map(|(text, name)| match name {
            None => Err(unknown(text)),
            Some(Name::Id(id)) => Ok(vec![id.clone()]),
            Some(Name::Pattern(normal)) => same.get(normal).map(|found| ordered(found)).ok_or_else(|| Unfit::Unsaid(text.clone())),
        });
        Ok(meant.collect())
    }
}

impl Name {
    fn pattern(&self) -> Option<&str> {
        match self {
            Self::Id(_) => None,
            Self::Pattern(normal) => Some(normal),
        }
    }
}

/// The ids that indicators of these patterns have here if they are the first.
fn own(normals: &BTreeSet<&str>, reading: &Reading) -> BTreeSet<StixId> {
    normals.iter().flat_map(|normal| identity::levels(normal, reading.clearance)).collect()
}

fn unknown(text: &str) -> Unfit {
    Unfit::Asked(format!("{text:?} is no id, value or pattern of an indicator"))
}

/// What a text names.
fn name(text: &str) -> Option<Name> {
    if let Ok(id) = StixId::parse(text.trim()) {
        return Some(Name::Id(id));
    }
    let of_value = || read(text).and_then(|found| write::pattern(found.kind, &found.value));
    let pattern = if text.trim_start().starts_with(['[', '(']) { Some(text.to_owned()) } else { of_value() };
    // A value between brackets is defanged, not a pattern.
    pattern.as_deref().and_then(identity::normal).or_else(|| of_value().as_deref().and_then(identity::normal)).map(Name::Pattern)
}

/// Those that are not revoked first, and always in the same order.
fn ordered(same: &[(StixId, Held)]) -> Vec<StixId> {
    let live = same.iter().any(|(_, held)| !held.revoked);
    let mut ids: Vec<StixId> = same.iter().filter(|(_, held)| !(live && held.revoked)).map(|(id, _)| id.clone()).collect();
    ids.sort();
    ids
}
