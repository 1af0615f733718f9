//! What was found, each value once.

use std::collections::HashMap;

use super::{Found, Kind};

/// A value with all its places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Where it was found first. It is doubtful only if it is so everywhere.
    pub first: Found,
    /// How often it was found.
    pub count: usize,
}

/// Puts together what has the same kind and value, in the order of the first places.
pub fn group(found: Vec<Found>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<(Kind, String), usize> = HashMap::new();
    for found in found {
        let next = groups.len();
        let place = *places.entry((found.kind, found.value.clone())).or_insert(next);
        match groups.get_mut(place) {
            Some(group) => {
                group.count += 1;
                group.first.doubt = group.first.doubt.and(found.doubt);
            }
            None => groups.push(Group { first: found, count: 1 }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stix::ioc::find::find;

    #[test]
    fn a_value_keeps_its_first_place_and_is_counted() {
        let groups = group(find("evil.com 1.2.3.4 evil[.]com EVIL.com"));
        let seen: Vec<_> = groups.iter().map(|group| (group.first.value.as_str(), group.first.span.clone(), group.count)).collect();
        assert_eq!(seen, [("evil.com", 0..8, 3), ("1.2.3.4", 9..16, 1)]);
    }

    #[test]
    fn a_place_without_doubt_takes_it_away() {
        let groups = group(find("version 1.2.3.4, then 1[.]2[.]3[.]4"));
        assert_eq!(groups.len(), 1);
        assert_eq!(groups.first().map(|group| group.first.doubt), Some(None));
    }
}
