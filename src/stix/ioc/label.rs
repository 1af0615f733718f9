//! What is told by the words around it: user agents and mutexes.

/// Clients that say who they are with a version.
const CLIENTS: [&str; 42] = [
    "mozilla",
    "opera",
    "curl",
    "wget",
    "python-requests",
    "python-urllib",
    "python-httpx",
    "aiohttp",
    "httpx",
    "go-http-client",
    "java",
    "okhttp",
    "axios",
    "libwww-perl",
    "lwp-trivial",
    "postmanruntime",
    "antsword",
    "exchangeservicesclient",
    "googlebot",
    "bingbot",
    "duckduckbot",
    "facebookexternalhit",
    "winhttp",
    "winhttpclient",
    "microsoft-cryptoapi",
    "masscan",
    "zgrab",
    "sqlmap",
    "nuclei",
    "node-fetch",
    "apache-httpclient",
    "dalvik",
    "guzzlehttp",
    "rest-client",
    "restsharp",
    "hello",
    "baiduspider",
    "yandexbot",
    "ahrefsbot",
    "wininet",
    "certutil",
    "scrapy",
];
/// Words without a version in the middle of a browser's name.
const BARE: [&str; 8] = ["Mobile", "Safari", "Gecko", "like", "Tablet", "Presto", "Version", "Firefox"];
/// The longest user agent that is read.
const LONGEST: usize = 400;

/// The user agent that begins with a word of `word` octets, in octets.
pub(super) fn agent(text: &str, word: usize) -> Option<usize> {
    let name = text.get(..word)?;
    if !CLIENTS.iter().any(|client| name.eq_ignore_ascii_case(client)) {
        return None;
    }
    let browser = name.eq_ignore_ascii_case("mozilla") || name.eq_ignore_ascii_case("opera");
    let mut end = word + version(text.get(word..)?)?;
    if let Some(comment) = text.get(end..).and_then(|rest| rest.strip_prefix(';')).and_then(comment) {
        end += 1 + comment;
    }
    while end < LONGEST {
        let Some(rest) = text.get(end..).and_then(|rest| rest.strip_prefix(' ')) else { break };
        let taken = comment(rest).or_else(|| product(rest)).or_else(|| if browser { bare(rest) } else { None });
        match taken {
            Some(taken) => end += 1 + taken,
            None => break,
        }
    }
    Some(text.get(..end)?.trim_end_matches(['.', ',', ';']).len())
}

/// `/5.0`: the version behind the name of a product.
fn version(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('/')?;
    let length = rest.bytes().take(40).take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'-')).count();
    let word = rest.get(..length)?;
    let number = word.strip_prefix(['v', 'V']).unwrap_or(word);
    number.starts_with(|c: char| c.is_ascii_digit()).then_some(1 + length)
}

fn product(text: &str) -> Option<usize> {
    let name = text.bytes().take(40).take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')).count();
    let titled = text.starts_with(|c: char| c.is_ascii_uppercase());
    if titled { Some(name + version(text.get(name..)?)?) } else { None }
}

/// A word of a browser's name that has no version, if something with one follows.
fn bare(text: &str) -> Option<usize> {
    let word = BARE.iter().find(|word| text.starts_with(**word))?;
    let rest = text.get(word.len()..)?.strip_prefix(' ')?;
    (product(rest).is_some() || comment(rest).is_some() || rest.starts_with("Gecko")).then_some(word.len())
}

/// A comment: parentheses, and in them parentheses.
fn comment(text: &str) -> Option<usize> {
    if !text.starts_with('(') && !text.starts_with("+(") {
        return None;
    }
    let mut open = 0_usize;
    for (at, byte) in text.bytes().enumerate().take(LONGEST) {
        match byte {
            b'(' => open += 1,
            b')' if open <= 1 => return Some(at + 1),
            b')' => open -= 1,
            b'\n' => return None,
            _ => {}
        }
    }
    None
}

/// What stands behind `User-Agent:` up to the end of the line or the closing quotation mark: where it begins, and its octets.
pub(super) fn labelled_agent(text: &str) -> Option<(usize, usize)> {
    const LABELS: [&str; 3] = ["user-agent", "user agent", "useragent"];
    let label = LABELS.iter().find(|label| text.get(..label.len()).is_some_and(|word| word.eq_ignore_ascii_case(label)))?;
    let (start, quote) = behind_colon(text, label.len())?;
    let rest = text.get(start..)?;
    let mut near = rest.char_indices().take(LONGEST + 1);
    let line = near.find(|(_, c)| matches!(c, '\n' | '\r') || quote == Some(*c)).map(|(at, _)| at);
    let line = line.or((rest.len() <= LONGEST).then_some(rest.len()))?;
    let value = rest.get(..line)?.trim_end();
    (value.len() > 2 && (quote.is_none() || line < rest.len())).then_some((start, value.len()))
}

/// The place behind a colon or an equals sign, and the quotation mark that was opened there. The label may itself be in quotation marks.
fn behind_colon(text: &str, label: usize) -> Option<(usize, Option<char>)> {
    let rest = text.get(label..)?;
    let marks = rest.len() - rest.trim_start_matches(['"', '\'', '*', '`', ' ']).len();
    let rest = rest.get(marks.min(3)..)?.strip_prefix([':', '='])?;
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '*']).len();
    let start = label + marks.min(3) + 1 + blanks.min(4);
    let quote = text.get(start..)?.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
    Some((start + usize::from(quote.is_some()), quote))
}

/// The name of a mutex behind a label such as `mutex`, `mutex named` or `Mutex:`: where it begins, and its octets.
pub(super) fn mutex(text: &str, label: usize) -> Option<(usize, usize)> {
    const FILLERS: [&str; 12] = ["name", "named", "called", "is", "object", "value", "string", "with", "the", "of", "names", "a"];
    let word = text.get(..label)?;
    if !["mutex", "mutexes", "mutant"].iter().any(|known| word.eq_ignore_ascii_case(known)) {
        return None;
    }
    let mut at = label;
    for _ in 0..5 {
        if let Some((start, quote)) = behind_colon(text, at) {
            return token(text, start, quote, true);
        }
        let rest = text.get(at..)?;
        let rest = rest.strip_prefix([' ', '\t'])?;
        at += 1;
        if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) {
            return token(text, at + 1, Some(quote), false);
        }
        if kernel_name(rest) {
            return token(text, at, None, true);
        }
        let length = rest.bytes().take(12).take_while(u8::is_ascii_alphabetic).count();
        let filler = rest.get(..length)?;
        if !FILLERS.contains(&filler) {
            return None;
        }
        at += length;
    }
    None
}

/// Whether a text begins as names of kernel objects do.
pub(super) fn kernel_name(text: &str) -> bool {
    ["Global\\", "Local\\"]
        .iter()
        .any(|start| text.strip_prefix(start).is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '{' || c == '_')))
}

/// The octets of a name up to its quotation mark, or to the next blank.
fn token(text: &str, start: usize, quote: Option<char>, bare: bool) -> Option<(usize, usize)> {
    let rest = text.get(start..)?;
    let end = match quote {
        Some(quote) => rest.char_indices().take(128).find(|(_, c)| *c == quote || *c == '\n').filter(|(_, c)| *c == quote)?.0,
        None => rest
            .char_indices()
            .take(128)
            .find(|(_, c)| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '`' | '|'))
            .map_or(rest.len().min(128), |(at, _)| at),
    };
    let name = rest.get(..end)?;
    let name = if quote.is_some() { name } else { name.trim_end_matches(['.', ')', '!', '?', '*', '\'', ']']) };
    let named = name.len() > 2 && name.trim() == name && (bare || quote.is_some());
    named.then_some((start, name.len()))
}

/// The octets of a name of a kernel object that stands alone.
pub(super) fn bare_kernel_name(text: &str) -> Option<usize> {
    token(text, 0, None, true).map(|(_, length)| length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_agents_end_where_they_stop_naming_products() {
        const CHROME: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/51.0.2704.103 Safari/537.36";
        for (text, word, expected) in [
            (format!("{CHROME} or"), 7, Some(CHROME)),
            ("python-requests/2.25.1 and antSword/v2.1".to_owned(), 15, Some("python-requests/2.25.1")),
            ("antSword/v2.1.".to_owned(), 8, Some("antSword/v2.1")),
            (
                "Mozilla/5.0 (iPhone) AppleWebKit/1 Version/4.0 Mobile Safari/2 x".to_owned(),
                7,
                Some("Mozilla/5.0 (iPhone) AppleWebKit/1 Version/4.0 Mobile Safari/2"),
            ),
            ("DuckDuckBot/1.0;+(+http://duckduckgo.com/x.html) y".to_owned(), 11, Some("DuckDuckBot/1.0;+(+http://duckduckgo.com/x.html)")),
            ("Java/Spring".to_owned(), 4, None),
            ("curl is".to_owned(), 4, None),
        ] {
            assert_eq!(agent(&text, word).and_then(|end| text.get(..end)), expected, "{text}");
        }
    }

    #[test]
    fn labels_tell_user_agents_and_mutexes() {
        for (text, expected) in
            [("User-Agent: A b/1 c\r\nHost", Some("A b/1 c")), ("User-Agent\": \"Foo 2\"", Some("Foo 2")), ("User-Agent was", None)]
        {
            assert_eq!(labelled_agent(text).and_then(|(start, length)| text.get(start..start + length)), expected, "{text}");
        }
        for (text, label, expected) in [
            (r"mutex Global\eLocal.", 5, Some(r"Global\eLocal")),
            ("Mutex: MsWin", 5, Some("MsWin")),
            ("mutex named `a b`", 5, Some("a b")),
            ("mutex is used", 5, None),
            ("mutex prevents", 5, None),
        ] {
            assert_eq!(mutex(text, label).and_then(|(start, length)| text.get(start..start + length)), expected, "{text}");
        }
    }
}
