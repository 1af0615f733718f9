//! Which lists hold a text: millions of entries in little memory.
//!
//! An entry is kept as a hash of 64 bits and the number of a set of lists, sixteen octets in all; its text is the text that is asked for. Two of
//! five million texts share a hash once in a million such collections, and the price is one wrong remark.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use xxhash_rust::xxh3::xxh3_64;

/// The place of a list in the order in which lists were added.
pub(super) type ListNumber = u16;

/// The number of a set of lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct SetNumber(u32);

/// Sets of lists, each once: there are few of them, however many entries there are.
#[derive(Debug, Default)]
pub(super) struct Sets {
    sets: Vec<Vec<ListNumber>>,
    made: HashMap<(Option<SetNumber>, ListNumber), SetNumber>,
}

impl Sets {
    /// The set of `before` and `list`, which is the list that is being added.
    pub(super) fn with(&mut self, before: Option<SetNumber>, list: ListNumber) -> SetNumber {
        if let Some(made) = self.made.get(&(before, list)) {
            return *made;
        }
        let mut members = before.map_or_else(Vec::new, |set| self.lists(set).to_vec());
        let same = before.filter(|_| members.last() == Some(&list));
        members.push(list);
        let number = same.unwrap_or_else(|| self.push(members));
        self.made.insert((before, list), number);
        number
    }

    fn push(&mut self, members: Vec<ListNumber>) -> SetNumber {
        // There are no more sets than entries, and no memory holds as many entries as this number counts.
        let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        self.sets.push(members);
        SetNumber(number)
    }

    /// The lists of a set, in their order.
    pub(super) fn lists(&self, set: SetNumber) -> &[ListNumber] {
        self.sets.get(set.0 as usize).map_or(&[], Vec::as_slice)
    }
}

/// Texts with the sets of lists that hold them.
#[derive(Debug, Default)]
pub(super) struct Words(HashMap<u64, SetNumber>);

impl Words {
    /// Notes that `list` holds `text`, which is in lower case.
    pub(super) fn add(&mut self, text: &str, list: ListNumber, sets: &mut Sets) {
        match self.0.entry(xxh3_64(text.as_bytes())) {
            Entry::Occupied(mut held) => {
                let with = sets.with(Some(*held.get()), list);
                held.insert(with);
            }
            Entry::Vacant(free) => drop(free.insert(sets.with(None, list))),
        }
    }

    /// The set of the lists that hold `text`.
    pub(super) fn find(&self, text: &str) -> Option<SetNumber> {
        if self.0.is_empty() { None } else { self.0.get(&xxh3_64(text.as_bytes())).copied() }
    }

    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize) {
        self.0.reserve(more);
    }

    /// Gives back the room that is not needed.
    pub(super) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_knows_its_lists_and_sets_are_shared() {
        let (mut sets, mut words) = (Sets::default(), Words::default());
        for (list, texts) in [["a", "b"], ["b", "c"], ["a", "b"]].iter().enumerate() {
            for text in texts.iter().chain(texts) {
                words.add(text, u16::try_from(list).unwrap(), &mut sets);
            }
        }
        let lists = |text| words.find(text).map(|set| sets.lists(set).to_vec());
        assert_eq!(lists("a"), Some(vec![0, 2]));
        assert_eq!(lists("b"), Some(vec![0, 1, 2]));
        assert_eq!(lists("c"), Some(vec![1]));
        assert_eq!(lists("d"), None);
        assert!(sets.sets.len() <= 6, "{sets:?}");
    }
}
