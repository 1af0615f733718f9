//! The corpora of the fuzz targets, bent by a fixed sequence of small edits: what the targets hold to must hold here too, without a
//! fuzzer at hand. `cargo +nightly fuzz run object` looks further.

#[path = "../../fuzz/invariants.rs"]
pub(crate) mod invariants;

use std::fs;
use std::path::Path;

/// Edits of each file of a corpus.
const EACH: usize = 4_000;
/// What an edit may put in.
const WORDS: &[&str] = &[
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\\",
    "\\u0000",
    "\\ud800",
    "null",
    "true",
    "-0.0",
    "1e308",
    "1e-999",
    "9007199254740993",
    "{}",
    "[]",
    "\"\"",
    "\"type\"",
    "\"extensions\"",
    "--",
    "bundle",
    "T",
    "Z",
    ".",
    "[0]",
    "\u{0}",
    "\u{feff}",
    "é",
];

#[test]
fn bent_objects_are_judged() {
    for text in corpus("object") {
        let mut dice = Dice(text.len() as u64);
        (0..EACH).for_each(|_| invariants::object(&String::from_utf8_lossy(&bend(&text, &mut dice))));
    }
}

#[test]
fn bent_cursors_are_read_or_refused() {
    for octets in corpus("cursor") {
        let mut dice = Dice(octets.len() as u64);
        (0..EACH).for_each(|_| invariants::cursor(&bend(&octets, &mut dice)));
    }
}

#[test]
fn bent_reports_are_searched() {
    for case in crate::ioc_corpus::cases() {
        let mut dice = Dice(case.text.len() as u64);
        (0..EACH / 20).for_each(|_| invariants::iocs(&String::from_utf8_lossy(&bend_report(case.text.as_bytes(), &mut dice))));
    }
}

/// Edits with what reports are defanged with.
fn bend_report(octets: &[u8], dice: &mut Dice) -> Vec<u8> {
    const WORDS: &[&str] = &[
        "[.]",
        "[",
        "]",
        "(dot)",
        " dot ",
        " at ",
        "[at]",
        "hxxp",
        "://",
        "[:]",
        "\\",
        "/",
        ".",
        ":",
        "@",
        "%",
        "~",
        "\"",
        "'",
        "`",
        "C:\\",
        "HKLM\\",
        "Mozilla/5.0 (",
        "mutex ",
        "User-Agent:",
        "::",
        "/24",
        "-",
        "_",
        "。",
        "．",
        "\u{200b}",
        "é",
        "中",
        "\n",
        " ",
        ".com",
        ".exe",
        "1.2.3.4",
        "xn--",
    ];
    let mut bent = bend(octets, dice);
    for _ in 0..dice.below(4) {
        let at = dice.below(bent.len() + 1);
        bent.splice(at..at, WORDS[dice.below(WORDS.len())].bytes());
    }
    bent
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

/// One to four edits: an octet changed, a run taken out or doubled, a word put in.
fn bend(octets: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bent = octets.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bent.len() + 1);
        let end = (at + 1 + dice.below(12)).min(bent.len());
        match dice.below(4) {
            0 if at < end => bent[at] ^= 1 << dice.below(8),
            1 => drop(bent.drain(at..end.max(at))),
            2 => {
                let run = bent[at.min(end)..end].to_vec();
                bent.splice(at..at, run);
            }
            _ => drop(bent.splice(at..at, WORDS[dice.below(WORDS.len())].bytes())),
        }
    }
    bent
}

/// The same throws every time (a linear congruential generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % most as u64).unwrap()
    }
}
