//! Which object a thing is: ids that say what is meant, so that the same thing has the same id wherever it is written down.

use uuid::Uuid;

use crate::stix::id::StixId;
use crate::stix::marking::Level;
use crate::stix::pattern::normal::normal_form;
use crate::stix::pattern::parse;

/// The `UUIDv5` namespace of these ids. Never change it: ids are what deduplication rests on.
const NAMESPACE: Uuid = Uuid::from_u128(0x5e0c_3a94_8c4d_4e6f_9b1a_62d7_f3a8_10c5);

/// The id of the indicator of a pattern in normal form, first published at a level. Who may not see an indicator may not learn from an id that
/// it is there, so that those of different levels are different. A later `generation` is what comes after one that was revoked, since a revoked
/// object has no later version (STIX 2.1 §3.6).
pub fn indicator(normal: &str, level: Level, generation: u32) -> StixId {
    id("indicator", &format!("indicator:{}:{generation}:{normal}", level.max(Level::Clear).name()))
}

/// The ids of the first indicators of a pattern, at each level up to one.
pub fn levels(normal: &str, most: Level) -> impl Iterator<Item = StixId> {
    let levels = [Level::Clear, Level::Green, Level::Amber, Level::AmberStrict, Level::Red];
    levels.into_iter().filter(move |level| *level <= most).map(move |level| indicator(normal, level, 0))
}

/// The id of the identity that a user is as an author.
pub fn author(user: &str) -> StixId {
    id("identity", &format!("identity:{user}"))
}

/// The id of a relationship between two objects.
pub fn relationship(source: &StixId, kind: &str, target: &StixId) -> StixId {
    id("relationship", &format!("relationship:{source}:{kind}:{target}"))
}

/// The normal form of a STIX pattern: the same for all patterns that say the same in other words.
pub fn normal(pattern: &str) -> Option<String> {
    parse::parse(pattern).ok().map(|parsed| normal_form(&parsed))
}

fn id(type_name: &str, name: &str) -> StixId {
    StixId::new(type_name, Uuid::new_v5(&NAMESPACE, name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_the_same_is_the_same_indicator() {
        let of = |pattern: &str| indicator(&normal(pattern).unwrap(), Level::Green, 0);
        assert_eq!(of("[ipv4-addr:value = '198.51.100.7']"), of("[ ipv4-addr:value  =  '198.51.100.7' ]"));
        assert_ne!(of("[ipv4-addr:value = '198.51.100.7']"), of("[ipv4-addr:value = '198.51.100.8']"));
        let normal = normal("[url:value = 'http://example.com/']").unwrap();
        assert_ne!(indicator(&normal, Level::Clear, 0), indicator(&normal, Level::Clear, 1));
        assert_ne!(indicator(&normal, Level::Clear, 0), indicator(&normal, Level::Green, 0));
        assert_eq!(indicator(&normal, Level::Clear, 0), indicator(&normal, Level::Unmarked, 0), "anybody may see both");
        assert_eq!(super::normal("[nonsense"), None);
    }
}
