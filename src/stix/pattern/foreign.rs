//! The cheap checks of patterns in other languages (STIX 2.1 §10.19). The standard says nothing of them: all are warnings.

use super::check::PatternFinding;
use super::regex;
use crate::stix::finding::Severity;

/// Looks at a pattern of another `pattern_type` for what no reader of that language would take.
///
/// `sigma` is only looked at for its `detection`: reading all of YAML is not worth a dependency. A type that is not known
/// here is not looked at.
pub fn check_foreign(pattern_type: &str, text: &str) -> Vec<PatternFinding> {
    let flaw = match pattern_type {
        "pcre" => regex::flaw(text).map(|flaw| format!("the regular expression may not compile: {flaw}")),
        "yara" => yara(text),
        "snort" | "suricata" => network_rule(text),
        "sigma" => sigma(text),
        _ => None,
    };
    let finding = |message| PatternFinding { severity: Severity::Warning, span: 0..text.len(), section: "§10.19", message };
    flaw.map(finding).into_iter().collect()
}

fn yara(text: &str) -> Option<String> {
    let code = yara_code(text);
    let mut words = code.split_whitespace();
    let name = words.find(|word| *word == "rule").and_then(|_| words.next());
    if !name.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')) {
        return Some("expected rule and its name".to_owned());
    }
    balance(&code, '{', '}')
}

/// A YARA source without its comments, strings and regular expressions, in which braces mean nothing.
fn yara_code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', '/']) {
        let (before, from) = rest.split_at(at);
        code.push_str(before);
        let length = if let Some(comment) = from.strip_prefix("/*") {
            comment.find("*/").map_or(from.len(), |length| length + 4)
        } else if from.starts_with("//") {
            from.find('\n').unwrap_or(from.len())
        } else {
            let divides = from.starts_with('/') && !begins_value(&code);
            // What is left out leaves its delimiter.
            code.push_str(from.get(..1).unwrap_or_default());
            if divides { 1 } else { quoted_length(from) }
        };
        rest = from.get(length..).unwrap_or_default();
    }
    code + rest
}

/// Whether a value follows, so that a slash begins a regular expression.
fn begins_value(code: &str) -> bool {
    let code = code.trim_end();
    code.ends_with(['=', '(', ',']) || code.ends_with("matches")
}

/// The length of what begins with a delimiter, to the same delimiter or the end of the line; a backslash hides one.
fn quoted_length(text: &str) -> usize {
    let mut hidden = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'\n' => return at,
            _ if hidden => hidden = false,
            b'\\' => hidden = true,
            _ if text.as_bytes().first() == Some(&byte) => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// What Snort and Suricata begin a rule with.
const ACTIONS: &[&str] = &[
    "alert",
    "log",
    "pass",
    "drop",
    "reject",
    "sdrop",
    "rejectsrc",
    "rejectdst",
    "rejectboth",
    "block",
    "react",
    "rewrite",
    "activate",
    "dynamic",
    "config",
];

fn network_rule(text: &str) -> Option<String> {
    let rules: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let rules = rules.join("\n");
    let rules = rules.trim();
    let action = rules.split_whitespace().next().unwrap_or_default();
    if !ACTIONS.contains(&action) {
        return Some("expected an action (alert, drop, pass, …) first".to_owned());
    }
    if !rules.ends_with(')') {
        return Some("expected the options of the rule in parentheses at its end".to_owned());
    }
    balance(&without_strings(rules), '(', ')')
}

/// A rule without its strings, in which parentheses mean nothing.
fn without_strings(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let (mut inside, mut hidden) = (false, false);
    for c in text.chars() {
        match c {
            _ if hidden => hidden = false,
            '\\' => hidden = true,
            '"' => inside = !inside,
            _ if !inside => code.push(c),
            _ => {}
        }
    }
    code
}

fn sigma(text: &str) -> Option<String> {
    let found = text.lines().any(|line| line.starts_with("detection:") || line.contains("\"detection\""));
    (!found).then(|| "expected a detection at the top level".to_owned())
}

/// Whether what opens is closed, and nothing else is.
fn balance(text: &str, open: char, close: char) -> Option<String> {
    let mut depth = 0usize;
    for c in text.chars() {
        if c == open {
            depth += 1;
        } else if c == close {
            let Some(less) = depth.checked_sub(1) else { return Some(format!("a {close} that nothing opened")) };
            depth = less;
        }
    }
    (depth > 0).then(|| format!("{depth} {open} not closed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(pattern_type: &str, text: &str) -> Option<String> {
        let found = check_foreign(pattern_type, text);
        assert!(found.iter().all(|finding| finding.severity == Severity::Warning && finding.span == (0..text.len())));
        found.into_iter().next().map(|finding| finding.message)
    }

    #[test]
    fn s216_sound_rules_of_other_languages_pass() {
        for (pattern_type, text) in [
            ("pcre", r"^/owa/auth/\w+\.aspx$"),
            (
                "yara",
                "import \"pe\"\n// { comment\nprivate rule a_b : tag {\n strings: $a = \"}\\\"{\" $b = { 00 ?? } $c = /\\{a{2}/i\n condition: $a and filesize / 2 > 1 /* } */ }",
            ),
            ("snort", "alert tcp any any -> any 443 (msg:\"a \\\" :) b\"; content:\"(\"; sid:1;)"),
            ("suricata", "# comment\nalert http $HOME_NET any -> any any (msg:\"a\";\n pcre:\"/\\(a/\"; sid:2;)\n"),
            ("sigma", "title: a\nlogsource:\n  product: windows\ndetection:\n  condition: a\n"),
            ("x-other", "anything {"),
        ] {
            assert_eq!(flaw(pattern_type, text), None, "{pattern_type}: {text}");
        }
    }

    #[test]
    fn s216_broken_rules_of_other_languages_are_warned_of() {
        for (pattern_type, text, why) in [
            ("pcre", "(a", "the regular expression may not compile: unclosed group at byte 0"),
            ("yara", "strings: $a", "expected rule and its name"),
            ("yara", "rule { condition: true }", "expected rule and its name"),
            ("yara", "rule a { condition: true", "1 { not closed"),
            ("yara", "rule a { condition: true }}", "a } that nothing opened"),
            ("snort", "tcp any any", "expected an action (alert, drop, pass, …) first"),
            ("suricata", "alert tcp any any -> any any", "expected the options of the rule in parentheses at its end"),
            ("snort", "alert tcp any any -> any any (msg:\"a\"; (sid:1;)", "1 ( not closed"),
            ("sigma", "title: a", "expected a detection at the top level"),
        ] {
            assert_eq!(flaw(pattern_type, text).as_deref(), Some(why), "{pattern_type}: {text}");
        }
    }
}
