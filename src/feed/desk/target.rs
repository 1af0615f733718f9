//! What an analyst means: an object by its id, or an indicator by its value, defanged or not.

use super::publish::canonical;
use super::{Unfit, identity};
use crate::feed::Feed;
use crate::feed::access::Reading;
use crate::feed::error::FeedError;
use crate::stix::id::StixId;
use crate::stix::ioc::read::read;
use crate::stix::ioc::write;

impl Feed {
    /// The object that `text` means: an id; or a value or pattern, whose indicator is in the collection.
    pub async fn resolve(&self, reading: &Reading, text: &str) -> Result<StixId, FeedError> {
        if let Ok(id) = StixId::parse(text) {
            return Ok(id);
        }
        let unknown = || Unfit::Asked(format!("{text:?} is no id, value or pattern of an indicator"));
        let of_value = || read(text).and_then(|found| write::pattern(found.kind, &found.value));
        let pattern = if text.trim_start().starts_with(['[', '(']) { Some(text.to_owned()) } else { of_value() };
        let normal = pattern.as_deref().and_then(identity::normal).ok_or_else(unknown)?;
        let found = canonical(self.same(reading, &[&normal].into()).await?.remove(&normal).unwrap_or_default());
        Ok(found.map(|(id, _)| id).ok_or_else(|| Unfit::Asked(format!("no indicator in this collection says {text:?}")))?)
    }
}
