//! Our verdicts on patterns beside those of the OASIS validator (`stix2-patterns`), pattern by pattern.
//!
//! `TAXIWAY_PYTHON` names a Python that has it. Without, the test says so and is skipped, unless `CI` is set.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::process::{Child, Command, Output, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRng, TestRunner};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use taxiway::stix::finding::Severity;
use taxiway::stix::pattern::check::{PatternFinding, check};
use taxiway::stix::pattern::parse::parse;
use taxiway::stix::pattern::token::{Lexer, Token, is_plain_name};

use crate::pattern_corpus::{FAIL, PASS, lines};
use crate::pattern_properties::{fixed_rng, mutated};
use crate::pattern_strategy::pattern;

/// So many patterns are made; each is asked as it is, with other blanks and spellings, and broken in two ways.
const MADE: usize = 600;

/// What the validator answers: its errors, or that it failed itself.
#[derive(Debug, Deserialize)]
struct Verdict {
    #[serde(default)]
    errors: Vec<String>,
    crash: Option<String>,
}

/// Where we find an error and the validator none, the clause that decides: the section our finding names, and what it says.
const WE_ARE_STRICTER: &[(&str, &str)] = &[
    ("§9.5", "all operands of AND must be satisfiable with the same object; the validator does not look"),
    ("§9.5.1", "a qualifier stands once also on an expression in parentheses; REPEATS and WITHIN are positive; START is before STOP"),
    ("§9.6.1", "sets are of one data type; ISSUBSET and ISSUPERSET compare addresses of the path's family"),
    ("§2.10", "integers lie within 2^53; the grammar has any number of digits"),
    ("§2.16", "a timestamp is of a real date; the grammar has a 30th of February"),
    ("§10.7", "hashes have the form of their algorithm; the validator knows no TLSH and takes any SSDEEP of some letters"),
];

/// Where the validator finds an error and we none, the clause that decides: the beginning of its message, and why we differ.
const WE_ARE_LAXER: &[(&str, &str)] = &[
    ("FAIL: Error found at line 1:0. input is missing square brackets", "§9.1: it looks for [ before it skips blanks that are comments"),
    (
        "is not a valid",
        "§9.6.1: it takes for a whole hash what LIKE, MATCHES and the order compare with, a set, and constants of other kinds, which are merely unequal",
    ),
];

/// A Python that has the validator; `None`, and said, if there is none.
fn python() -> Option<OsString> {
    let python = std::env::var_os("TAXIWAY_PYTHON");
    if python.is_none() {
        assert!(std::env::var_os("CI").is_none(), "TAXIWAY_PYTHON is not set");
        eprintln!("skipped: TAXIWAY_PYTHON is not set");
    }
    python
}

fn script(python: &OsStr) -> Command {
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/patterns.py"));
    command
}

/// Where the validator itself fails, and on what.
const ITS_FAILURES: &[(&str, &str)] = &[
    ("'NoneType' object has no attribute 'getText'", "a negative index, which the grammar has"),
    ("'int' object has no attribute 'upper'", "[n] after hashes"),
];

/// What the validator says of each text.
fn ask(python: &OsStr, texts: &[String]) -> Vec<Verdict> {
    let folder = tempfile::tempdir().unwrap();
    // Two at a time: the validator is slow.
    let chunks = texts.chunks(texts.len().div_ceil(2)).enumerate();
    let running: Vec<Child> = chunks
        .map(|(at, chunk)| {
            let path = folder.path().join(at.to_string());
            let lines: Vec<String> = chunk.iter().map(|text| serde_json::to_string(text).unwrap()).collect();
            std::fs::write(&path, lines.join("\n")).unwrap();
            script(python).stdin(File::open(path).unwrap()).stdout(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let verdicts: Vec<Verdict> = running.into_iter().flat_map(|process| answers(process.wait_with_output().unwrap())).collect();
    assert_eq!(verdicts.len(), texts.len());
    verdicts
}

fn answers<T: DeserializeOwned>(output: Output) -> Vec<T> {
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The same tokens with other blanks between them, and operators in their other spelling.
fn respaced(text: &str, rng: &mut TestRng) -> String {
    const BLANKS: &[&str] = &["", "", " ", "\t\r\n", "\u{a0}", "\u{2003}", "/* ( */", "//]\n"];
    let mut lexer = Lexer::new(text);
    let mut spaced = String::new();
    loop {
        let (token, span) = lexer.token().unwrap();
        let word = match token {
            Token::End => return spaced,
            Token::Equal => ["=", "=="][rng.next_u32() as usize % 2],
            Token::NotEqual => ["!=", "<>"][rng.next_u32() as usize % 2],
            _ => lexer.slice(span),
        };
        let apart = spaced.ends_with(|c: char| c.is_alphanumeric() || c == '_') && !matches!(token, Token::LeftBracket | Token::Text { .. });
        spaced.push_str(if apart { " " } else { BLANKS[rng.next_u32() as usize % BLANKS.len()] });
        spaced.push_str(word);
    }
}

/// The corpus, the cases of the validator's own tests, and any patterns; whole and broken.
fn texts(python: &OsStr) -> Vec<String> {
    let patterns = pattern();
    let mut runner = TestRunner::new_with_rng(Config::default(), fixed_rng(4));
    let mut rng = fixed_rng(5);
    let its_cases: Vec<String> = answers(script(python).arg("cases").output().unwrap());
    let mut texts: Vec<String> = lines(PASS).chain(lines(FAIL)).map(str::to_owned).chain(its_cases).collect();
    let mut broken: Vec<String> = texts.iter().map(|text| mutated(text, &mut rng)).collect();
    texts.append(&mut broken);
    while texts.len() < MADE * 4 {
        let text = patterns.new_tree(&mut runner).unwrap().current().to_string();
        // The validator takes seconds for a long one.
        if text.len() > 400 {
            continue;
        }
        texts.extend([respaced(&text, &mut rng), mutated(&text, &mut rng), mutated(&text, &mut rng), text]);
    }
    texts
}

/// The errors that make a text invalid; a grammar error is none of a section.
fn our_errors(text: &str) -> Result<Vec<PatternFinding>, String> {
    let pattern = parse(text).map_err(|error| error.to_string())?;
    Ok(check(&pattern).into_iter().filter(|finding| finding.severity == Severity::Error).collect())
}

/// What a comparison of verdicts comes to: agreement, or the rows of the tables; `Err` if no row decides.
fn judged(text: &str, verdict: &Verdict) -> Result<Vec<&'static str>, String> {
    let ours = match (our_errors(text), &verdict.crash) {
        (Err(_), None) if !verdict.errors.is_empty() => return Ok(vec!["both refuse"]),
        (Err(_), Some(_)) if text.is_empty() => return Ok(vec!["both refuse"]),
        (Err(ours), _) => return Err(format!("the grammar, we alone: {ours}")),
        // It fails on what its grammar has taken, as ours has.
        (Ok(_), Some(why)) => return row(ITS_FAILURES, why).map(|row| vec![row]).ok_or_else(|| format!("the validator failed: {why}")),
        (Ok(ours), None) => ours,
    };
    match (ours.is_empty(), verdict.errors.is_empty()) {
        (true, true) => Ok(vec!["both take"]),
        (false, false) => Ok(vec!["both refuse"]),
        (false, true) => ours.iter().map(|finding| row(WE_ARE_STRICTER, finding.section).ok_or_else(|| format!("we alone: {finding:?}"))).collect(),
        (true, false) => {
            let alone = |its: &String| format!("the validator alone: {its}");
            verdict.errors.iter().map(|its| row(WE_ARE_LAXER, its).filter(|_| !compares_hash(text, its)).ok_or_else(|| alone(its))).collect()
        }
    }
}

/// Whether what the validator calls no hash is compared, as a string, with a hash: there it may not stand alone.
fn compares_hash(text: &str, its: &str) -> bool {
    let parts = its.strip_prefix("FAIL: '").and_then(|its| its.strip_suffix(" hash")).and_then(|its| its.split_once("' is not a valid "));
    let canonical = parse(text).map(|pattern| pattern.to_string()).unwrap_or_default();
    parts.is_some_and(|(value, key)| {
        let key = if is_plain_name(key) { key.to_owned() } else { format!("'{key}'") };
        ["=", "!=", "NOT =", "NOT !="].iter().any(|operator| canonical.contains(&format!("hashes.{key} {operator} '{value}'")))
    })
}

/// The row whose key stands in `what`.
fn row(table: &'static [(&'static str, &'static str)], what: &str) -> Option<&'static str> {
    table.iter().map(|(key, _)| *key).filter(|key| what.contains(key)).max_by_key(|key| key.len())
}

#[test]
fn s200_our_verdicts_are_the_validators() {
    let Some(python) = python() else { return };
    let texts = texts(&python);
    let verdicts = ask(&python, &texts);
    let mut rows = std::collections::BTreeMap::new();
    let mut disagreements = Vec::new();
    for (text, verdict) in texts.iter().zip(&verdicts) {
        match judged(text, verdict) {
            Ok(its) => {
                for row in its {
                    *rows.entry(row).or_insert(0usize) += 1;
                }
            }
            Err(why) => disagreements.push(format!("{text:?}: {why}")),
        }
    }
    eprintln!("{rows:#?}");
    assert!(disagreements.is_empty(), "{} of {}:\n{}", disagreements.len(), texts.len(), disagreements.join("\n"));
    assert!(texts.len() >= 2000);
}
