//! Ids of lists that others keep: vulnerabilities, ATT&CK, autonomous systems.

use super::{Doubt, Kind};

/// An id that is the whole word, with its normal form.
pub(super) fn id(word: &str) -> Option<(Kind, String, Option<Doubt>)> {
    cve(word)
        .map(|id| (Kind::Cve, id, None))
        .or_else(|| technique(word).then(|| (Kind::Technique, word.to_owned(), None)))
        .or_else(|| numbered(word, 'G').then(|| (Kind::Group, word.to_owned(), Some(Doubt::Alone))))
        .or_else(|| numbered(word, 'S').then(|| (Kind::Software, word.to_owned(), Some(Doubt::Alone))))
        .or_else(|| asn(word.strip_prefix("ASN")?).map(|number| (Kind::Asn, number, None)))
        .or_else(|| {
            let number = asn(word.strip_prefix("AS")?)?;
            // AS400 is a computer.
            let doubt = (number.len() < 4).then_some(Doubt::Alone);
            Some((Kind::Asn, number, doubt))
        })
}

/// `CVE-2021-26855` in any case, also with underscores.
fn cve(word: &str) -> Option<String> {
    let (prefix, rest) = word.split_at_checked(3)?;
    let mut parts = rest.strip_prefix(['-', '_'])?.split(['-', '_']);
    let (year, number) = (parts.next()?, parts.next()?);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = parts.next().is_none() && digits(year) && digits(number);
    let fits = year.len() == 4 && (year.starts_with("19") || year.starts_with("20")) && (4..=7).contains(&number.len());
    (whole && fits && prefix.eq_ignore_ascii_case("CVE")).then(|| format!("CVE-{year}-{number}"))
}

/// Whether a word is the id of a technique: those of the enterprise and mobile matrices are T1001 and up, those of ICS T0800 and up.
fn technique(word: &str) -> bool {
    let (main, sub) = word.split_once('.').map_or((word, None), |(main, sub)| (main, Some(sub)));
    let digits = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = main.strip_prefix('T').filter(|number| digits(number, 4)).and_then(|number| number.parse::<u16>().ok());
    number.is_some_and(|number| (1001..1800).contains(&number) || (800..900).contains(&number)) && sub.is_none_or(|sub| digits(sub, 3))
}

fn numbered(word: &str, letter: char) -> bool {
    word.strip_prefix(letter).is_some_and(|number| number.len() == 4 && number.starts_with(['0', '1']) && number.bytes().all(|b| b.is_ascii_digit()))
}

/// The number of an autonomous system without leading zeros.
pub(super) fn asn(digits: &str) -> Option<String> {
    let number: u32 = digits.parse().ok()?;
    (number > 0 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| number.to_string())
}

/// Whether the text around an id speaks of ATT&CK, or it stands in parentheses behind a name.
pub(super) fn has_company(before: &str, after: &str) -> bool {
    const COMPANY: [&str; 6] = ["att&ck", "mitre", "group", "software", "malware", "actor"];
    if before.ends_with('(') && after.starts_with(')') {
        return true;
    }
    let line = |text: &str| text.to_ascii_lowercase();
    let before = line(before.rsplit('\n').next().unwrap_or_default());
    let after = line(after.split('\n').next().unwrap_or_default());
    COMPANY.iter().any(|word| before.contains(word) || after.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_whole_words_of_their_form() {
        for (word, expected) in [
            ("CVE-2021-26855", Some((Kind::Cve, "CVE-2021-26855"))),
            ("cve_2021_26855", Some((Kind::Cve, "CVE-2021-26855"))),
            ("CVE-2021-268", None),
            ("CVE-21-26855", None),
            ("T1190", Some((Kind::Technique, "T1190"))),
            ("T1505.003", Some((Kind::Technique, "T1505.003"))),
            ("T0846", Some((Kind::Technique, "T0846"))),
            ("T1190abc", None),
            ("T1900", None),
            ("t1190", None),
            ("T1505.3", None),
            ("G0125", Some((Kind::Group, "G0125"))),
            ("S0020", Some((Kind::Software, "S0020"))),
            ("AS20473", Some((Kind::Asn, "20473"))),
            ("ASN14061", Some((Kind::Asn, "14061"))),
            ("AS0", None),
            ("AS99999999999", None),
        ] {
            let found = id(word);
            assert_eq!(found.as_ref().map(|(kind, value, _)| (*kind, value.as_str())), expected, "{word}");
        }
    }
}
