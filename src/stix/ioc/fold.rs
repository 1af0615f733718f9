//! A text as it was before somebody defanged it, and the way back from each of its places to the original.

use std::ops::Range;

/// The plain text, piece by piece with its place in the original.
pub(super) struct Folded {
    /// What to search.
    pub(super) text: String,
    /// In order; the last stands at the end of both texts.
    pieces: Vec<Piece>,
}

/// From here to the next piece the plain text is the original, or replaces it.
#[derive(Debug, Clone, Copy)]
struct Piece {
    plain: usize,
    original: usize,
    same: bool,
}

impl Folded {
    /// Takes back what is done to indicators so that nobody follows them by accident, and characters that only look like others.
    pub(super) fn of(text: &str) -> Self {
        let mut folder = Folder {
            text,
            bytes: text.as_bytes(),
            at: 0,
            copied: 0,
            plain: String::with_capacity(text.len()),
            pieces: vec![Piece { plain: 0, original: 0, same: true }],
            turned: false,
            path: false,
            close: None,
        };
        folder.run();
        Self { text: folder.plain, pieces: folder.pieces }
    }

    /// Where in the original a span of the plain text stands.
    pub(super) fn original(&self, span: &Range<usize>) -> Range<usize> {
        let first = self.piece(span.start);
        let start = if first.same { first.original + (span.start - first.plain) } else { first.original };
        let at = self.index(span.end.saturating_sub(1));
        let last = self.pieces.get(at).copied().unwrap_or(first);
        let end = match self.pieces.get(at + 1) {
            Some(next) if !last.same => next.original,
            _ => last.original + (span.end - last.plain),
        };
        start..end
    }

    /// Whether something in the span was written differently.
    pub(super) fn is_edited(&self, span: &Range<usize>) -> bool {
        let (first, last) = (self.index(span.start), self.index(span.end.saturating_sub(1)));
        first != last || !self.piece(span.start).same
    }

    /// The last piece that begins at or before a place.
    fn index(&self, plain: usize) -> usize {
        self.pieces.partition_point(|piece| piece.plain <= plain).saturating_sub(1)
    }

    fn piece(&self, plain: usize) -> Piece {
        self.pieces.get(self.index(plain)).copied().unwrap_or(Piece { plain: 0, original: 0, same: true })
    }
}

/// How far a text has been folded.
struct Folder<'t> {
    text: &'t str,
    bytes: &'t [u8],
    /// What is looked at.
    at: usize,
    /// Up to here the original has been written.
    copied: usize,
    plain: String,
    pieces: Vec<Piece>,
    /// Whether the URL around has backslashes for slashes.
    turned: bool,
    /// Whether the word around has a backslash, so that a dot after one is a hidden file.
    path: bool,
    /// Where the bracket closes that was opened before a dot only.
    close: Option<usize>,
}

/// The octets at which something may have been changed. Letters are those with which schemes and what they become begin.
const fn special(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'\r' | b'\n' | b'[' | b'(' | b'{' | b'<' | b']' | b'.' | b'\\' | 0x80
            ..|b'h'| b'H' | b'm' | b'M' | b'f' | b'F' | b't' | b'T' | b'u' | b'U' | b'w' | b'W' | b's' | b'S' | b'l' | b'L' | b'r' | b'R'
    )
}

/// How much of the original a replacement takes.
type Taken = usize;

impl Folder<'_> {
    fn run(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            if !special(byte) || !self.edit(byte) {
                self.at += 1;
            }
        }
        self.flush();
        self.pieces.push(Piece { plain: self.plain.len(), original: self.text.len(), same: true });
    }

    /// Replaces what begins here, if it is to be replaced.
    fn edit(&mut self, byte: u8) -> bool {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                let joined = byte == b' ' && self.joint();
                if !joined {
                    (self.turned, self.path) = (false, false);
                }
                joined
            }
            b'[' | b'(' | b'{' | b'<' => self.scheme() || self.bracket() || self.half_open(),
            b']' if self.close == Some(self.at) => self.replace(1, ""),
            b']' => false,
            b'.' => self.half_closed(),
            b'\\' => self.backslash(),
            0x80.. => self.unicode(),
            _ => self.scheme(),
        }
    }

    fn replace(&mut self, taken: Taken, with: &str) -> bool {
        self.flush();
        self.pieces.push(Piece { plain: self.plain.len(), original: self.at, same: false });
        self.plain.push_str(with);
        self.at += taken;
        self.copied = self.at;
        self.pieces.push(Piece { plain: self.plain.len(), original: self.at, same: true });
        true
    }

    fn flush(&mut self) {
        self.plain.push_str(self.text.get(self.copied..self.at).unwrap_or_default());
        self.copied = self.at;
    }

    /// The octets from a place on, counted from here.
    fn ahead(&self, skip: usize) -> &[u8] {
        self.bytes.get(self.at + skip..).unwrap_or_default()
    }

    fn next_is_word(&self, skip: usize) -> bool {
        self.ahead(skip).first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80)
    }

    /// The last octet of the plain text.
    fn before(&self) -> Option<u8> {
        if self.copied < self.at { self.at.checked_sub(1).and_then(|at| self.bytes.get(at).copied()) } else { self.plain.bytes().next_back() }
    }

    fn after_word(&self) -> bool {
        self.before().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte >= 0x80)
    }

    /// `evil [.] com`, `user [at] host`, `evil dot com`, `user at evil dot com`.
    fn joint(&mut self) -> bool {
        if !self.after_word() {
            return false;
        }
        if let Some((taken, meant)) =
            bracketed(self.ahead(1)).filter(|(_, meant)| matches!(*meant, "." | "@") && self.ahead(1).first() != Some(&b'<'))
        {
            let blank = usize::from(self.ahead(1 + taken).first() == Some(&b' '));
            return self.next_is_word(1 + taken + blank) && self.replace(1 + taken + blank, meant);
        }
        let word = |word: &str| self.ahead(1).get(..word.len()).is_some_and(|bytes| bytes.eq_ignore_ascii_case(word.as_bytes()));
        if word("dot ") && self.next_is_word(5) {
            return (self.ahead(1).starts_with(b"DOT") || self.is_spelled()) && self.replace(5, ".");
        }
        let spelled = word("at ") && spelled_out(self.ahead(4)) > 1 && self.is_mailbox();
        spelled && self.replace(4, "@")
    }

    /// The last word before this place.
    fn last_word(&self) -> &str {
        let before = self.text.get(..self.at).unwrap_or_default();
        before.rsplit(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+'))).next().unwrap_or_default()
    }

    /// Whether the word before `at` may name a mailbox, not what is at a place.
    fn is_mailbox(&self) -> bool {
        const PLACED: [&str; 20] = [
            "seen", "and", "or", "is", "are", "was", "were", "be", "look", "looks", "found", "server", "servers", "panel", "host", "domain", "c2",
            "site", "lives", "but",
        ];
        let word = self.last_word().to_lowercase();
        !(PLACED.contains(&word.as_str()) || word.ends_with("ed") || word.ends_with("ing"))
    }

    /// Whether the words joined by `dot` end in a usual top-level domain, and do not begin with an article.
    fn is_spelled(&self) -> bool {
        let last = self.last_word();
        let article = ["the", "a", "this", "that", "one", "first", "each", "every", "polka"].iter().any(|word| last.eq_ignore_ascii_case(word));
        !article && spelled_out(self.ahead(5)) > 0
    }

    /// What stands for a dot, an at sign, a colon or a slash in brackets.
    fn bracket(&mut self) -> bool {
        let Some((taken, meant)) = bracketed(self.ahead(0)) else { return false };
        let before = self.before().unwrap_or(b' ');
        let joins = before.is_ascii_alphanumeric() || before >= 0x80 || b"-_/:=%*.+~".contains(&before);
        let open = self.ahead(0).iter().find(|byte| **byte != b'\\');
        // A word in brackets joins two others; a sign does so too, unless the brackets are a tag.
        let free =
            !matches!(meant, "@") && open != Some(&b'<') && !self.ahead(0).get(..taken).unwrap_or_default().iter().any(u8::is_ascii_alphabetic);
        joins && (free || self.next_is_word(taken)) && self.replace(taken, meant)
    }

    /// `evil[.com` and `evil[.com]`.
    fn half_open(&mut self) -> bool {
        if !(self.after_word() && self.ahead(1).first() == Some(&b'.') && self.next_is_word(2)) {
            return false;
        }
        let name = self.ahead(2).iter().take(64).take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')).count();
        self.close = Some(self.at + 2 + name).filter(|at| self.bytes.get(*at) == Some(&b']'));
        self.replace(2, ".")
    }

    /// `evil.]com`.
    fn half_closed(&mut self) -> bool {
        let closed = self.ahead(1).first().is_some_and(|byte| matches!(byte, b']' | b')' | b'}'));
        closed && self.after_word() && self.next_is_word(2) && self.replace(2, ".")
    }

    /// `evil\.com`, `evil\[.\]com`, and the slashes of `http:\\evil.com\path`.
    fn backslash(&mut self) -> bool {
        if self.ahead(1).first() == Some(&b'.') && !self.path && self.after_word() && self.next_is_word(2) {
            return self.replace(2, ".");
        }
        if self.bracket() {
            return true;
        }
        if self.turned {
            return self.replace(1, "/");
        }
        self.path = true;
        false
    }

    /// `hxxp://` and the like, and `http://` whose colon or slashes are in disguise.
    fn scheme(&mut self) -> bool {
        if self.after_word() {
            return false;
        }
        let Some(scheme) = scheme(self.ahead(0)) else { return false };
        self.turned = scheme.turned;
        !scheme.plain && self.replace(scheme.taken, scheme.meant)
    }

    /// Invisible characters, full-width ones, and other dots and hyphens.
    fn unicode(&mut self) -> bool {
        let Some(c) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) else { return false };
        let taken = c.len_utf8();
        let wide = |c: char| (0xFF01..=0xFF5E).contains(&u32::from(c)).then(|| u32::from(c) - 0xFEE0).and_then(char::from_u32);
        if let Some(narrow) = wide(c) {
            return self.replace(taken, narrow.encode_utf8(&mut [0; 4]));
        }
        let next = self.text.get(self.at + taken..).and_then(|rest| rest.chars().next());
        let next = next.map(|next| wide(next).unwrap_or(next)).filter(char::is_ascii_alphanumeric);
        let between = self.before().is_some_and(|byte| byte.is_ascii_alphanumeric()) && next.is_some();
        match c {
            '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => self.replace(taken, ""),
            '。' | '｡' | '․' if between => self.replace(taken, "."),
            '\u{2010}' | '\u{2011}' | '\u{2013}' if between => self.replace(taken, "-"),
            _ => {
                // The rest of the character is no beginning of another.
                self.at += taken;
                true
            }
        }
    }
}

/// What brackets around a few characters stand for, and how much they take; the brackets themselves may be escaped.
fn bracketed(bytes: &[u8]) -> Option<(Taken, &'static str)> {
    const MEANT: [(&[u8], &str); 9] =
        [(b".", "."), (b"dot", "."), (b"d0t", "."), (b"@", "@"), (b"at", "@"), (b":", ":"), (b"::", "::"), (b"/", "/"), (b"//", "//")];
    let escape = usize::from(bytes.first() == Some(&b'\\'));
    let open = bytes.get(escape).filter(|byte| matches!(byte, b'[' | b'(' | b'{' | b'<'))?;
    let inner = bytes.get(escape + 1..)?;
    let close = inner.iter().take(8).position(|byte| matches!(byte, b']' | b')' | b'}' | b'>'))?;
    let word = inner.get(..close)?;
    let word = word.strip_suffix(b"\\").unwrap_or(word).trim_ascii();
    let (_, meant) = MEANT.iter().find(|(written, _)| word.eq_ignore_ascii_case(written))?;
    // Angle brackets are also tags.
    (*open != b'<' || matches!(*meant, "." | "@")).then_some((escape + 1 + close + 1, *meant))
}

/// How many labels stand here joined by ` dot `, if the last is a usual top-level domain; otherwise none.
fn spelled_out(bytes: &[u8]) -> usize {
    const USUAL: [&str; 24] = [
        "com", "net", "org", "info", "biz", "io", "ru", "cn", "xyz", "top", "site", "online", "tk", "cc", "us", "uk", "de", "eu", "in", "me", "co",
        "club", "onion", "gov",
    ];
    let mut rest = bytes;
    for labels in 1..=6 {
        let length = rest.iter().take(64).take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).count();
        let (label, after) = rest.split_at_checked(length).unwrap_or_default();
        if label.is_empty() {
            return 0;
        }
        match after.get(..5) {
            Some(joint) if joint.eq_ignore_ascii_case(b" dot ") => rest = after.get(5..).unwrap_or_default(),
            _ => return if USUAL.iter().any(|usual| label.eq_ignore_ascii_case(usual.as_bytes())) { labels } else { 0 },
        }
    }
    0
}

/// A scheme with all that follows up to the host.
struct Scheme {
    taken: Taken,
    meant: &'static str,
    /// Whether it stands as it should.
    plain: bool,
    /// Whether its slashes are backslashes.
    turned: bool,
}

/// Schemes in their disguises, what they mean, and what they mean with an `s` behind, if anything.
const SCHEMES: [(&str, &str, &str); 26] = [
    ("http", "http://", "https://"),
    ("hxxp", "http://", "https://"),
    ("htxp", "http://", "https://"),
    ("hxtp", "http://", "https://"),
    ("hxxxp", "http://", "https://"),
    ("hxp", "http://", "https://"),
    ("htp", "http://", "https://"),
    ("hzzp", "http://", "https://"),
    ("httx", "http://", "https://"),
    ("h**p", "http://", "https://"),
    ("h__p", "http://", "https://"),
    ("h--p", "http://", "https://"),
    ("meow", "http://", "https://"),
    ("ftp", "ftp://", "ftps://"),
    ("fxp", "ftp://", "ftps://"),
    ("ldap", "ldap://", "ldaps://"),
    ("ws", "ws://", "wss://"),
    ("sftp", "sftp://", ""),
    ("sfxp", "sftp://", ""),
    ("tcp", "tcp://", ""),
    ("udp", "udp://", ""),
    ("txp", "tcp://", ""),
    ("uxp", "udp://", ""),
    ("rmi", "rmi://", ""),
    ("smb", "smb://", ""),
    ("ssh", "ssh://", ""),
];

/// What a word says, and whether it says so plainly.
fn meant(word: &[u8]) -> Option<(&'static str, bool)> {
    SCHEMES.iter().find_map(|(written, one, other)| {
        let rest = word.strip_prefix(written.as_bytes())?;
        let meant = match rest {
            b"" => one,
            b"s" => other,
            _ => return None,
        };
        (!meant.is_empty()).then_some((*meant, one.starts_with(written)))
    })
}

/// Reads a scheme at the beginning of the octets; at most as many as the longest has are looked at.
fn scheme(bytes: &[u8]) -> Option<Scheme> {
    let (mut word, mut length, mut at, mut open) = ([0_u8; 8], 0, 0, 0_i32);
    loop {
        match bytes.get(at)? {
            b'\\' if matches!(bytes.get(at + 1), Some(b'[' | b']' | b'(' | b')')) => {}
            b'[' | b'(' | b'{' => open += 1,
            b']' | b')' | b'}' => open -= 1,
            b':' | b'/' | b'\\' => break,
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'_' | b'-') => {
                *word.get_mut(length)? = byte.to_ascii_lowercase();
                length += 1;
            }
            _ => return None,
        }
        at += 1;
        // Brackets alone are no scheme, however many there are.
        if at > 24 {
            return None;
        }
    }
    let (meant, clean) = meant(word.get(..length)?)?;
    let (mut colon, mut slashes, mut turned) = (false, 0, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if matches!(bytes.get(at + 1), Some(b'[' | b']' | b'(' | b')')) && (slashes < 2 || open > 0) => {}
            b':' if !colon && slashes == 0 => colon = true,
            b'/' if slashes < 2 => slashes += 1,
            b'\\' if slashes < 2 || turned => (slashes, turned) = (slashes + 1, true),
            b'[' | b'(' | b'{' if slashes < 2 => open += 1,
            b']' | b')' | b'}' if open > 0 => open -= 1,
            _ => break,
        }
        at += 1;
        if at > 24 {
            return None;
        }
    }
    let plain = clean && !turned && at == length + 3;
    let whole = open == 0 && (slashes >= 2 && (colon || !clean) || slashes == 1 && colon && !clean);
    whole.then_some(Scheme { taken: at, meant, plain, turned })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        Folded::of(text).text
    }

    #[test]
    fn each_disguise_is_taken_off() {
        for (text, expected) in [
            ("a[.]b(.)c{.}d[dot]e(DOT)f", "a.b.c.d.e.f"),
            ("a [.] com, b[ . ]com", "a.com, b.com"),
            ("a[.com a[.com]/x a.]com", "a.com a.com/x a.com"),
            (r"evil\.com evil\[.\]com", "evil.com evil.com"),
            ("hxxp://a hXXps://a h[tt]p://a h**p://a [http]://a meow://a fxp://a", "http://a https://a http://a http://a http://a http://a ftp://a"),
            ("http[:]//a http[://]a http:[//]a hxxp[:]//a[/]b hxxp//a hxxp[s]://a", "http://a http://a http://a http://a/b http://a https://a"),
            (r"http:\\a.com\b\c d\e", r"http://a.com/b/c d\e"),
            ("u[@]a u[at]a u(at)a u [at] a", "u@a u@a u@a u@a"),
            ("evil dot example dot com", "evil.example.com"),
            ("me at evil dot com", "me@evil.com"),
            ("a\u{200b}b\u{ad}c", "abc"),
            ("ａ．ｃｏｍ", "a.com"),
            ("evil。com", "evil.com"),
            ("2001[:]db8[::]1", "2001:db8::1"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_disguise_stays() {
        for text in [
            "http://[2001:db8::1]:80/ and https://a.example/[x]",
            r"C:\dir\.hidden",
            "look at example.com (at least)",
            "the dot com bubble",
            "see <at> there",
            "[link](http://a.example)",
            "a) b] c}",
        ] {
            assert_eq!(plain(text), text);
        }
    }

    #[test]
    fn places_lead_back_to_the_original() {
        let text = "see hxxp://a[.]com/b\u{200b}c now";
        let folded = Folded::of(text);
        let start = folded.text.find("http").unwrap();
        let end = folded.text.find(" now").unwrap();
        assert_eq!(text.get(folded.original(&(start..end))), Some("hxxp://a[.]com/b\u{200b}c"));
        assert!(folded.is_edited(&(start..end)));
        assert!(!folded.is_edited(&(0..3)));
        assert_eq!(folded.original(&(0..3)), 0..3);
    }
}
