//! URLs: where one ends in a text, and its normal form.

use super::{Doubt, address, host};

/// A URL in normal form.
pub(super) struct Url {
    pub(super) value: String,
    pub(super) shown: Option<String>,
    /// Octets of the text that it takes, from the host on.
    pub(super) taken: usize,
    pub(super) doubt: Option<Doubt>,
}

/// Schemes that are taken for such, with the port that need not be written.
const SCHEMES: [(&str, &str); 26] = [
    ("http", "80"),
    ("https", "443"),
    ("ftp", "21"),
    ("ftps", "990"),
    ("sftp", "22"),
    ("ssh", "22"),
    ("ws", "80"),
    ("wss", "443"),
    ("ldap", "389"),
    ("ldaps", "636"),
    ("rmi", "1099"),
    ("rtsp", "554"),
    ("telnet", "23"),
    ("gopher", "70"),
    ("irc", "194"),
    ("git", "9418"),
    ("tcp", ""),
    ("udp", ""),
    ("smb", "445"),
    ("dav", ""),
    ("socks4", ""),
    ("socks5", ""),
    ("redis", "6379"),
    ("mongodb", "27017"),
    ("mysql", "3306"),
    ("rdp", "3389"),
];
/// The longest that is read.
const LONGEST: usize = 4096;

/// The scheme that a word is, with its port.
pub(super) fn scheme(word: &str) -> Option<(&'static str, &'static str)> {
    SCHEMES.iter().find(|(scheme, _)| word.eq_ignore_ascii_case(scheme)).copied()
}

/// Reads the rest of a URL behind `scheme://`; `before` is the character before the scheme, which may close it.
pub(super) fn read(scheme: &str, port: &str, text: &str, before: Option<u8>) -> Option<Url> {
    let authority = authority(text);
    let (user, place) = authority.rsplit_once('@').map_or(("", authority), |(user, place)| (user, place));
    let user = authority.get(..authority.len() - place.len()).filter(|_| !user.is_empty()).unwrap_or_default();
    let host = Host::read(place)?;
    let (digits, port_taken) = read_port(place.get(host.taken..)?);
    // An empty user is no part of the value, but stands there.
    let mut taken = authority.len() - place.len() + host.taken + port_taken;
    // What is left of the authority belongs to the sentence around.
    let tail = if taken == authority.len() { tail(text.get(taken..)?, before) } else { "" };
    taken += tail.len();
    let port = if digits.is_empty() || digits == port { String::new() } else { format!(":{digits}") };
    let whole = |host: &str| format!("{scheme}://{user}{host}{port}{tail}");
    Some(Url { value: whole(&host.value), shown: host.shown.as_deref().map(whole), taken, doubt: host.doubt })
}

/// What stands before the path.
fn authority(text: &str) -> &str {
    let ends = |(at, c): &(usize, char)| {
        let bracket = matches!(c, '[' | ']');
        let ends =
            c.is_whitespace() || c.is_control() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>' | '`' | '|' | '\\' | '{' | '}' | ',' | ';');
        ends || matches!(c, '(' | ')' | '*') || !(c.is_ascii() || c.is_alphanumeric()) || bracket && !text.starts_with('[') || *at >= LONGEST / 8
    };
    let end = text.char_indices().find(ends).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}

/// The host of a URL.
struct Host {
    value: String,
    shown: Option<String>,
    taken: usize,
    doubt: Option<Doubt>,
}

impl Host {
    fn read(place: &str) -> Option<Self> {
        if let Some(rest) = place.strip_prefix('[') {
            let (inner, _) = rest.split_once(']')?;
            let address = inner.parse::<std::net::Ipv6Addr>().ok()?;
            return Some(Self { value: format!("[{address}]"), shown: None, taken: inner.len() + 2, doubt: address::doubt(address.into()) });
        }
        let end = place.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))).unwrap_or(place.len());
        let written = place.get(..end)?.trim_end_matches(['.', '-', '_']);
        let taken = written.len();
        if let Some(address) = address::v4(written) {
            // In a URL, four numbers are no version.
            let doubt = address::doubt(address.into()).filter(|doubt| *doubt == Doubt::Local);
            return Some(Self { value: address.to_string(), shown: None, taken, doubt });
        }
        if let Some(name) = host::name(written) {
            let doubt = match name.ending {
                host::Ending::Public => None,
                host::Ending::Local => Some(Doubt::Local),
                host::Ending::Unknown => Some(Doubt::UnknownSuffix),
            };
            return Some(Self { value: name.ascii, shown: name.shown, taken, doubt });
        }
        let single = !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        single.then(|| Self { value: written.to_ascii_lowercase(), shown: None, taken, doubt: Some(Doubt::Local) })
    }
}

/// The digits of a port, and how much of the text is that.
pub(super) fn read_port(text: &str) -> (&str, usize) {
    let Some(rest) = text.strip_prefix(':') else { return ("", 0) };
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    match rest.get(..length).filter(|digits| digits.parse::<u16>().is_ok()) {
        Some(digits) => (digits, 1 + length),
        None => ("", 0),
    }
}

/// Path, query and fragment, up to where the text around goes on.
pub(super) fn tail(text: &str, before: Option<u8>) -> &str {
    if !text.starts_with(['/', '?', '#']) {
        return "";
    }
    let mut open = Vec::new();
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        let closes = match c {
            '(' | '[' | '{' => {
                open.push(c);
                false
            }
            ')' => open.pop() != Some('('),
            ']' => open.pop() != Some('['),
            '}' => open.pop() != Some('{'),
            '\'' => before == Some(b'\''),
            ',' | ';' => starts_another(text.get(at + 1..).unwrap_or_default()),
            '"' | '<' | '>' | '`' | '|' | '\\' | '^' => true,
            _ => c.is_whitespace() || c.is_control() || !c.is_ascii() && (is_cjk(c) || !c.is_alphanumeric()),
        };
        if closes || at >= LONGEST {
            end = at;
            break;
        }
    }
    trim(text.get(..end).unwrap_or_default(), before)
}

/// Whether a list goes on with another URL, or the text in another script.
fn starts_another(text: &str) -> bool {
    let start = text.char_indices().nth(8).and_then(|(at, _)| text.get(..at)).unwrap_or(text);
    start.starts_with(|c: char| !c.is_ascii()) || start.split_once("://").is_some_and(|(word, _)| scheme(word).is_some())
}

/// Without the punctuation of the sentence, and brackets that it would leave open.
fn trim(mut tail: &str, before: Option<u8>) -> &str {
    loop {
        let last = tail.chars().next_back();
        let surplus = match last {
            Some('.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '(' | '[' | '{') => true,
            Some('~') => before == Some(b'~'),
            Some('_') => before == Some(b'_'),
            _ => false,
        };
        match last.filter(|_| surplus).and_then(|last| tail.strip_suffix(last)) {
            Some(shorter) => tail = shorter,
            None => return tail,
        }
    }
}

/// Whether a character is of a script that is written without blanks, so that it cannot tell where a URL ends.
pub(super) fn is_cjk(c: char) -> bool {
    matches!(u32::from(c), 0x2E80..=0x9FFF | 0xAC00..=0xD7AF | 0xF900..=0xFAFF | 0xFF00..=0xFFEF | 0x2_0000..=0x3_FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<String> {
        let (word, rest) = text.split_once("://")?;
        let (scheme, port) = scheme(word)?;
        read(scheme, port, rest, None).map(|url| url.value)
    }

    #[test]
    fn scheme_and_host_are_lower_case_and_the_rest_is_kept() {
        for (text, expected) in [
            ("HTTP://User:P@Evil.COM:80/Path?Q#F", "http://User:P@evil.com/Path?Q#F"),
            ("https://evil.com:8443", "https://evil.com:8443"),
            ("http://evil.com/a_(b)_c).", "http://evil.com/a_(b)_c"),
            ("http://evil.com/a,http://b.com/", "http://evil.com/a"),
            ("http://evil.com/...", "http://evil.com/"),
            ("http://evil.com.", "http://evil.com"),
            ("http://evil.com: and", "http://evil.com"),
            ("http://[2001:DB8::1]:8080/x", "http://[2001:db8::1]:8080/x"),
            ("http://münchen.org/ä", "http://xn--mnchen-3ya.org/ä"),
            ("http://1.2.3.4/", "http://1.2.3.4/"),
            ("http://evil.com/x|y", "http://evil.com/x"),
        ] {
            assert_eq!(value(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(value("http:///path"), None);
        assert_eq!(value("http://%00"), None);
    }
}
