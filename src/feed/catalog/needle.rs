//! Words that are searched for in the text of a block: one sweep over it for each word, whatever rows are asked for otherwise.

use memchr::memmem::Finder;

use super::block::Block;
use super::entry::Key;
use super::telling::{each_hash, lower};

/// In hashes only so many digits are searched for: fewer stand in nearly every hash, and mean nothing.
pub(super) const LEAST_DIGITS: usize = 4;

/// A word in every form in which rows may have it.
#[derive(Debug)]
pub(super) struct Needle {
    text: Finder<'static>,
    digits: Option<Digits>,
    /// The word is an identifier: it finds the object of that name too.
    id: Option<Key>,
}

/// Hexadecimal digits that may begin at either half of an octet.
#[derive(Debug)]
struct Digits {
    /// Their values.
    nibbles: Vec<u8>,
    /// The whole octets, when they begin at the first half of one, and at the second.
    inner: [Finder<'static>; 2],
}

/// The words of a text, which are all to be found.
pub(super) fn needles(text: &str) -> Vec<Needle> {
    text.split_whitespace().map(Needle::new).collect()
}

impl Needle {
    fn new(word: &str) -> Self {
        let folded: String = lower(word).collect();
        Self { text: Finder::new(folded.as_bytes()).into_owned(), digits: Digits::of(&folded), id: Key::of(word) }
    }

    /// For each row of a block whether it has the word.
    pub(super) fn rows(&self, block: &Block) -> Vec<bool> {
        let mut hits = vec![false; block.len()];
        let length = self.text.needle().len();
        let (text, ends) = block.text();
        sweep(&self.text, text, ends, &mut hits, |at, row_end, _| at + length <= row_end);
        if let Some(digits) = &self.digits {
            for inner in &digits.inner {
                let (hashes, ends) = block.hashes();
                sweep(inner, hashes, ends, &mut hits, |_, _, row| each_hash(row).any(|hash| digits.are_in(hash)));
            }
        }
        if let Some(key) = &self.id {
            let same = block.lines().filter(|line| line.is(key));
            same.for_each(|line| hits.get_mut(usize::from(line.row)).into_iter().for_each(|hit| *hit = true));
        }
        hits
    }
}

/// Marks the rows in whose part of `arena` the word stands, as `check` confirms of the first place in each: given the place, the end of
/// the row, and the row.
fn sweep(word: &Finder<'_>, arena: &[u8], ends: impl Iterator<Item = usize>, hits: &mut [bool], check: impl Fn(usize, usize, &[u8]) -> bool) {
    let mut next = word.find(arena);
    let mut start = 0;
    for (end, hit) in ends.zip(hits) {
        let Some(at) = next else { return };
        if at < end {
            *hit |= check(at, end, arena.get(start..end).unwrap_or_default());
            next = arena.get(end..).and_then(|rest| word.find(rest)).map(|at| at + end);
        }
        start = end;
    }
}

impl Digits {
    fn of(word: &str) -> Option<Self> {
        let nibbles: Vec<u8> = word.chars().map(|c| c.to_digit(16).and_then(|value| u8::try_from(value).ok())).collect::<Option<_>>()?;
        if nibbles.len() < LEAST_DIGITS {
            return None;
        }
        let inner = [0, 1].map(|from| {
            let octets: Vec<u8> = nibbles.get(from..).unwrap_or_default().as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect();
            Finder::new(&octets).into_owned()
        });
        Some(Self { nibbles, inner })
    }

    fn are_in(&self, hash: &[u8]) -> bool {
        let digit = |at: usize| hash.get(at / 2).map(|octet| if at.is_multiple_of(2) { octet >> 4 } else { octet & 0xf });
        let stands = |from: usize| (from..).zip(&self.nibbles).all(|(at, nibble)| digit(at) == Some(*nibble));
        (0..hash.len() * 2).any(stands)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::feed::catalog::telling::Telling;
    use crate::feed::catalog::tests::entry_with;

    fn block(texts: &[(String, Vec<String>)]) -> Block {
        let mut block = Block::default();
        for (at, (text, hashes)) in texts.iter().enumerate() {
            let mut telling = Telling::default();
            telling.push("-");
            telling.push(text);
            for hash in hashes {
                telling.push(hash);
            }
            block.push(&entry_with(at as u128, telling));
        }
        block
    }

    proptest! {
        #[test]
        fn a_word_is_found_where_it_stands_and_nowhere_else(
            texts in prop::collection::vec(("[aAb0]{0,5}", prop::collection::vec("[0-2a]{32}|[0-2A]{40}", 0..3)), 0..20), word in "[aAb012]{1,5}"
        ) {
            let folded = word.to_lowercase();
            let has = |text: &String| text.to_lowercase().contains(&folded);
            // A hash that the text holds already is not kept apart, where short words would not be looked for: none is so long.
            let expected = |(text, hashes): &(String, Vec<String>)| has(text) || (word.len() >= LEAST_DIGITS && hashes.iter().any(has));
            let expected: Vec<bool> = texts.iter().map(expected).collect();
            prop_assert_eq!(Needle::new(&word).rows(&block(&texts)), expected);
        }
    }

    #[test]
    fn an_identifier_finds_its_object() {
        let (block, id) = (block(&[("a".into(), Vec::new()), ("b".into(), Vec::new())]), entry_with(1, Telling::default()).key.text());
        assert_eq!(Needle::new(&id).rows(&block), [false, true]);
        assert_eq!(needles(" a  b ").len(), 2);
    }
}
