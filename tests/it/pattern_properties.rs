//! What holds for every pattern, and for every text that is nearly one.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use taxiway::stix::pattern::check::check;
use taxiway::stix::pattern::normal::normal_form;
use taxiway::stix::pattern::parse::parse;

use crate::pattern_corpus::{FAIL, PASS, lines};
use crate::pattern_strategy::pattern;

proptest! {
    #![proptest_config(Config { cases: 512, ..Config::default() })]

    #[test]
    fn s200_parse_print_parse_is_identity(pattern in pattern()) {
        let text = pattern.to_string();
        let parsed = parse(&text).unwrap();
        prop_assert_eq!(&parsed, &pattern);
        prop_assert_eq!(parsed.to_string(), text);
    }

    #[test]
    fn the_normal_form_is_a_pattern_and_its_own_normal_form(pattern in pattern()) {
        let once = normal_form(&pattern);
        prop_assert_eq!(normal_form(&parse(&once).unwrap()), once);
    }

    #[test]
    fn the_normal_form_keeps_a_valid_pattern_valid(pattern in pattern()) {
        let errors = |pattern: &_| check(pattern).into_iter().any(|finding| finding.severity == taxiway::stix::finding::Severity::Error);
        let normal = normal_form(&pattern);
        prop_assert!(errors(&pattern) || !errors(&parse(&normal).unwrap()), "{}", normal);
    }

    #[test]
    fn s217_no_text_ends_the_process(text in r"(?s)(.|\[|\]|\(|\)|'|\\|:|=|AND|OR|h'|b'|t'|a:b){0,40}") {
        hammer(&text);
    }
}

/// All that is done with a text from outside; spans must be such that the text can be cut at them.
fn hammer(text: &str) {
    match parse(text) {
        Ok(pattern) => {
            for finding in check(&pattern) {
                assert!(text.get(finding.span.clone()).is_some(), "{finding:?} of {text}");
            }
            let normal = normal_form(&pattern);
            assert!(parse(&normal).is_ok(), "{text} became {normal}");
        }
        Err(error) => assert!(text.get(error.span.clone()).is_some(), "{error:?} of {text}"),
    }
}

/// Breaks a text in a few places, as a careless or hostile author would.
pub(crate) fn mutated(text: &str, rng: &mut TestRng) -> String {
    const PIECES: &[&str] = &[
        "[",
        "]",
        "(",
        ")",
        "'",
        "\\",
        ":",
        ".",
        ",",
        "*",
        "=",
        "!=",
        "<",
        ">",
        "+",
        "-",
        "0",
        "9",
        "h'",
        "b'",
        "t'",
        "AND",
        "OR",
        "NOT",
        "EXISTS",
        "IN",
        "FOLLOWEDBY",
        "LIKE",
        "WITHIN",
        "SECONDS",
        "REPEATS",
        "true",
        "//",
        "/*",
        "*/",
        " ",
        "\n",
        "\u{a0}",
        "é",
        "\u{feff}",
        "a",
        "a-b",
    ];
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=rng.next_u32() % 3 {
        let at = rng.next_u32() as usize % (chars.len() + 1);
        let until = (at + 1 + rng.next_u32() as usize % 4).min(chars.len());
        match rng.next_u32() % 4 {
            0 => drop(chars.drain(at..until)),
            1 => chars.splice(at..at, PIECES[rng.next_u32() as usize % PIECES.len()].chars()).for_each(drop),
            2 => chars.splice(at..until, PIECES[rng.next_u32() as usize % PIECES.len()].chars()).for_each(drop),
            _ => {
                let piece = chars[at..until].to_vec();
                let to = rng.next_u32() as usize % (chars.len() + 1);
                chars.splice(to..to, piece).for_each(drop);
            }
        }
    }
    chars.into_iter().collect()
}

/// Texts that are the same on every run.
pub(crate) fn fixed_rng(seed: u8) -> TestRng {
    TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32])
}

#[test]
fn s217_mutations_of_known_patterns_end_nothing() {
    let mut rng = fixed_rng(1);
    let mut corpus: Vec<String> = lines(PASS).chain(lines(FAIL)).map(str::to_owned).collect();
    for round in 0..20_000 {
        let next = mutated(&corpus[round % corpus.len()], &mut rng);
        hammer(&next);
        // A mutant that still is a pattern is bred on.
        if next.len() < 2000 && parse(&next).is_ok() {
            let at = rng.next_u32() as usize % corpus.len();
            corpus[at] = next;
        }
    }
}

#[test]
fn s217_mutations_of_any_pattern_end_nothing() {
    let patterns = pattern();
    let mut runner = TestRunner::new_with_rng(Config::default(), fixed_rng(2));
    let mut rng = fixed_rng(3);
    for _ in 0..300 {
        let text = proptest::strategy::ValueTree::current(&patterns.new_tree(&mut runner).unwrap()).to_string();
        (0..10).for_each(|_| hammer(&mutated(&text, &mut rng)));
    }
}
