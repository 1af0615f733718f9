//! Finds the indicators in a text, in one pass.

use std::net::IpAddr;
use std::ops::Range;

use super::fold::Folded;
use super::host::{self, Ending};
use super::{Doubt, Found, Kind, address, catalogue, hash, label, path, url};

/// Every indicator in a text, in the order in which they stand; no two overlap. The same value may be found more than once:
/// [`group`](super::group::group) puts those together.
///
/// The text may be defanged in any of the usual ways. What belongs to something longer (the domain of a URL, the file name of a path) is not found by
/// itself. The time is linear in the length of the text.
pub fn find(text: &str) -> Vec<Found> {
    let folded = Folded::of(text);
    let mut search = Search { folded: &folded, text: &folded.text, found: Vec::new(), chain: 0, colons: 0, version: 0 };
    search.run();
    search.found
}

/// How far a text has been searched. Places are those of the plain text, except in `found`.
struct Search<'t> {
    folded: &'t Folded,
    text: &'t str,
    found: Vec<Found>,
    /// Up to here words joined by backslashes have been looked at, and are no path.
    chain: usize,
    /// Up to here groups joined by colons have been looked at, and are no address.
    colons: usize,
    /// Where the last number of a version ends, so that `7.0.1.2 and 7.0.1.3` are both.
    version: usize,
}

/// How much of the text around an id is looked at.
const AROUND: usize = 80;

impl<'t> Search<'t> {
    fn run(&mut self) {
        let mut at = 0;
        while let Some(c) = self.rest(at).chars().next() {
            let next = match c {
                '/' | '~' => self.unix_path(at),
                '%' | '$' | '\\' => self.unix_path(at).or_else(|| self.windows_path(at)),
                ':' => self.address_six(at, at),
                '@' => self.mail(at),
                _ if is_word(c) => Some(self.word(at)),
                _ => None,
            };
            at = next.unwrap_or(at + c.len_utf8());
        }
    }

    fn rest(&self, at: usize) -> &'t str {
        self.text.get(at..).unwrap_or_default()
    }

    fn octet(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// The octet before a place.
    fn before(&self, at: usize) -> Option<u8> {
        at.checked_sub(1).and_then(|at| self.octet(at))
    }

    /// Some text before a place.
    fn behind(&self, at: usize) -> &'t str {
        let start = (at.saturating_sub(AROUND)..=at).find(|start| self.text.is_char_boundary(*start)).unwrap_or(at);
        self.text.get(start..at).unwrap_or_default()
    }

    /// Some text from a place on.
    fn ahead(&self, at: usize) -> &'t str {
        let far = (at + AROUND).min(self.text.len());
        let end = (at..=far).rev().find(|end| self.text.is_char_boundary(*end)).unwrap_or(at);
        self.text.get(at..end).unwrap_or_default()
    }

    fn is_edited(&self, span: &Range<usize>) -> bool {
        self.folded.is_edited(span)
    }

    fn push(&mut self, kind: Kind, value: String, span: &Range<usize>, doubt: Option<Doubt>) -> usize {
        self.push_shown(kind, value, None, span, doubt)
    }

    fn push_shown(&mut self, kind: Kind, value: String, shown: Option<String>, span: &Range<usize>, doubt: Option<Doubt>) -> usize {
        self.found.push(Found { kind, value, shown, span: self.folded.original(span), doubt });
        span.end
    }

    /// Takes a path, or passes over what is none.
    fn take_path(&mut self, at: usize, path: path::Path) -> usize {
        let end = at + path.taken;
        match path.value {
            Some(value) => self.push(path.kind, value, &(at..end), None),
            None => end,
        }
    }

    fn unix_path(&mut self, at: usize) -> Option<usize> {
        let before = self.behind(at).chars().next_back();
        if before.is_some_and(|c| is_word(c) || matches!(c, '/' | '\\' | '>' | ')' | '}' | ']' | '~' | '$' | '%' | '*')) {
            return None;
        }
        let path = path::unix(self.rest(at))?;
        Some(self.take_path(at, path))
    }

    fn windows_path(&mut self, at: usize) -> Option<usize> {
        let path = path::windows(self.rest(at), self.before(at))?;
        Some(self.take_path(at, path))
    }

    /// What begins with a word; where to go on.
    fn word(&mut self, start: usize) -> usize {
        let run = start..start + run_length(self.rest(start));
        self.by_what_follows(&run).or_else(|| self.whole(&run)).unwrap_or(run.end)
    }

    /// What is told by the characters behind the word.
    fn by_what_follows(&mut self, run: &Range<usize>) -> Option<usize> {
        let word = self.text.get(run.clone())?;
        let after = self.octet(run.end);
        match after {
            Some(b':') if self.rest(run.end).starts_with("://") => self.url(run),
            Some(b':') if self.rest(run.end).starts_with(":\\") && word.len() == 1 => self.windows_path(run.start),
            Some(b':') if word.bytes().all(|byte| byte.is_ascii_hexdigit()) => self.address_six(run.start, run.start),
            Some(b'\\') if self.before(run.start) != Some(b'\\') && label::kernel_name(self.rest(run.start)) => self.kernel_object(run.start),
            Some(b'\\') => self.key(run).or_else(|| self.relative_path(run)),
            Some(b'/') => self.agent(run),
            _ => None,
        }
        .or_else(|| self.key(run))
        .or_else(|| self.labelled(run))
    }

    fn key(&mut self, run: &Range<usize>) -> Option<usize> {
        let first = self.octet(run.start)?;
        let follows = matches!(self.octet(run.end), Some(b'\\' | b':'));
        if !(first.eq_ignore_ascii_case(&b'h') && follows) {
            return None;
        }
        let key = path::registry(self.rest(run.start), run.len(), self.before(run.start))?;
        Some(self.take_path(run.start, key))
    }

    fn relative_path(&mut self, run: &Range<usize>) -> Option<usize> {
        if run.start < self.chain || self.before(run.start) == Some(b'\\') {
            return None;
        }
        match path::relative(self.rest(run.start), self.before(run.start)) {
            Ok(path) => Some(self.take_path(run.start, path)),
            Err(looked_at) => {
                self.chain = run.start + looked_at;
                None
            }
        }
    }

    fn kernel_object(&mut self, at: usize) -> Option<usize> {
        let length = label::bare_kernel_name(self.rest(at))?;
        let span = at..at + length;
        let value = self.text.get(span.clone())?.to_owned();
        let company = self.behind(at).to_ascii_lowercase().contains("mutex");
        Some(self.push(Kind::Mutex, value, &span, (!company).then_some(Doubt::Alone)))
    }

    fn agent(&mut self, run: &Range<usize>) -> Option<usize> {
        let length = label::agent(self.rest(run.start), run.len())?;
        let span = run.start..run.start + length;
        let value = self.text.get(span.clone())?.to_owned();
        Some(self.push(Kind::UserAgent, value, &span, None))
    }

    /// What a label announces.
    fn labelled(&mut self, run: &Range<usize>) -> Option<usize> {
        let (kind, (start, length)) = match self.octet(run.start)?.to_ascii_lowercase() {
            b'u' => (Kind::UserAgent, label::labelled_agent(self.rest(run.start))?),
            b'm' => (Kind::Mutex, label::mutex(self.rest(run.start), run.len())?),
            b'a' if self.text.get(run.clone()) == Some("ASN") => return self.number(run),
            _ => return None,
        };
        let span = run.start + start..run.start + start + length;
        let value = self.text.get(span.clone())?.to_owned();
        Some(self.push(kind, value, &span, None))
    }

    /// `ASN 14061`, `ASN: 14061`.
    fn number(&mut self, run: &Range<usize>) -> Option<usize> {
        let rest = self.rest(run.end);
        let blanks = rest.len() - rest.trim_start_matches([' ', ':', '#']).len();
        let start = run.end + blanks;
        let length = run_length(self.rest(start));
        let digits = self.text.get(start..start + length)?.trim_end_matches(['.', '-']);
        let digits = digits.strip_prefix("AS").unwrap_or(digits);
        let number = catalogue::asn(digits).filter(|_| (1..4).contains(&blanks))?;
        Some(self.push(Kind::Asn, number, &(run.start..start + length), None))
    }

    fn url(&mut self, run: &Range<usize>) -> Option<usize> {
        let word = self.text.get(run.clone())?;
        // A scheme may stick to what is before it: `_https`, `1.http`.
        let word = word.rsplit(|c: char| !c.is_ascii_alphanumeric()).next()?;
        let start = run.end - word.len();
        let (scheme, port) = url::scheme(word)?;
        let before = self.before(start);
        let url = url::read(scheme, port, self.rest(run.end + 3), before)?;
        let span = start..run.end + 3 + url.taken;
        Some(self.push_shown(Kind::Url, url.value, url.shown, &span, url.doubt))
    }

    /// An IPv6 address or a block of them; `at` is where it begins, `start` where the search for it began.
    fn address_six(&mut self, at: usize, start: usize) -> Option<usize> {
        let alone = self.behind(at).chars().next_back().is_none_or(|c| !is_word(c) && c != ':');
        if start < self.colons || !alone {
            return None;
        }
        let length = self.rest(at).bytes().take(64).take_while(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')).count();
        self.colons = at + length;
        let written = self.text.get(at..at + length)?.trim_end_matches('.');
        let written = if written.ends_with("::") { written } else { written.trim_end_matches(':') };
        let next = self.rest(at + written.len()).chars().next();
        let address = address::v6(written).filter(|_| next.is_none_or(|c| !c.is_alphanumeric() && c != '_' || url::is_cjk(c)))?;
        let zone = match self.rest(at + written.len()).strip_prefix('%') {
            Some(zone) => 1 + run_length(zone),
            None => 0,
        };
        Some(self.address(address.into(), &(at..at + written.len()), zone, address::doubt(address.into())))
    }

    /// An address, or the block that a prefix behind it makes of it.
    fn address(&mut self, address: IpAddr, span: &Range<usize>, zone: usize, doubt: Option<Doubt>) -> usize {
        let rest = self.rest(span.end);
        let digits = rest.strip_prefix('/').map_or(0, |rest| rest.bytes().take(4).take_while(u8::is_ascii_digit).count());
        let prefix = rest.get(1..1 + digits).filter(|_| digits > 0);
        let behind = self.rest(span.end + 1 + digits);
        let ends = match behind.strip_prefix('.') {
            Some(after) => !after.starts_with(|c: char| c.is_ascii_digit()),
            None => behind.chars().next().is_none_or(|c| !is_word(c) && c != '/' || url::is_cjk(c)),
        };
        let network = prefix.and_then(|prefix| prefix.parse().ok()).filter(|_| ends).and_then(|prefix| address::network(address, prefix));
        match network {
            Some(network) => self.push(Kind::Network, network, &(span.start..span.end + 1 + digits), doubt),
            None => self.push(address::kind(address), address.to_string(), span, doubt) + zone,
        }
    }

    /// A mail address around an at sign.
    fn mail(&mut self, at: usize) -> Option<usize> {
        let local = self.behind(at).bytes().rev().take(64).take_while(|byte| byte.is_ascii_alphanumeric() || b"._%+-~".contains(byte)).count();
        let local = self.text.get(at - local..at)?.trim_start_matches(['.', '-', '+', '%', '~']);
        let run = at + 1..at + 1 + run_length(self.rest(at + 1));
        let written = self.text.get(run.clone())?;
        let domain = written.trim_end_matches(['.', '-', '_']);
        // `_user@host_` is emphasis.
        let local = if domain.len() < written.len() && written.ends_with('_') { local.trim_start_matches('_') } else { local };
        let name = host::name(domain).filter(|name| name.ending != Ending::Unknown && !local.is_empty() && !local.ends_with('.'))?;
        let span = at - local.len()..run.start + domain.len();
        let original = self.folded.original(&span);
        while self.found.pop_if(|found| found.span.end > original.start).is_some() {}
        let doubt = (name.ending == Ending::Local).then_some(Doubt::Local);
        let shown = name.shown.map(|shown| format!("{local}@{shown}"));
        let value = format!("{local}@{}", name.ascii);
        Some(self.push_shown(Kind::Email, value, shown, &span, doubt))
    }

    /// What a word is by itself.
    fn whole(&mut self, run: &Range<usize>) -> Option<usize> {
        let written = self.text.get(run.clone())?;
        let bare = written.trim_matches(['.', '-', '_']);
        let start = run.start + (written.len() - written.trim_start_matches(['.', '-', '_']).len());
        let core = start..start + bare.len();
        if bare.len() < 4 {
            return None;
        }
        let last = bare.bytes().next_back()?;
        if bare.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return self.numbers(bare, &core);
        }
        if let Some(kind) = hash::kind(bare) {
            return Some(self.push(kind, bare.to_ascii_lowercase(), &core, None));
        }
        if last.is_ascii_digit() {
            return self.id(bare, &core).or_else(|| self.range(bare, &core)).or_else(|| self.dotted(bare, &core, run));
        }
        self.dotted(bare, &core, run)
    }

    fn id(&mut self, bare: &str, core: &Range<usize>) -> Option<usize> {
        let (kind, value, doubt) = catalogue::id(bare)?;
        let company = doubt.is_some() && kind != Kind::Asn && catalogue::has_company(self.behind(core.start), self.ahead(core.end));
        Some(self.push(kind, value, core, doubt.filter(|_| !company)))
    }

    /// An address with hyphens behind: `192.0.2.1-192.0.2.9`, of which the second is read as the next word.
    fn range(&mut self, bare: &str, core: &Range<usize>) -> Option<usize> {
        let (first, _) = bare.split_once('-')?;
        self.numbers(first, &(core.start..core.start + first.len()))
    }

    /// Four numbers.
    fn numbers(&mut self, bare: &str, core: &Range<usize>) -> Option<usize> {
        let address = address::v4(bare)?;
        if let Some(end) = self.bare_url(&address.to_string(), None, core) {
            return Some(end);
        }
        let edited = self.is_edited(core);
        let near = core.start.saturating_sub(self.version) < 8 && self.version > 0;
        let version = !edited && (near || address::follows_version(self.behind(core.start)));
        let said = address::doubt(address.into()).filter(|doubt| *doubt == Doubt::Local || !edited);
        let doubt = if version { Some(Doubt::Version) } else { said };
        if doubt == Some(Doubt::Version) {
            self.version = core.end;
        }
        Some(self.address(address.into(), core, 0, doubt))
    }

    /// A name with dots in it: of a host or of a file.
    fn dotted(&mut self, bare: &str, core: &Range<usize>, run: &Range<usize>) -> Option<usize> {
        if !bare.contains('.') || self.octet(run.end) == Some(b'@') && core.end == run.end {
            return None;
        }
        let next = self.octet(core.end).filter(|_| core.end == run.end);
        let extension = path::extension(bare);
        let (bare, core) = self.with_service_label(bare, core);
        let name = host::name(bare).filter(|name| name.ending != Ending::Unknown);
        let edited = self.is_edited(&core);
        match (name, extension) {
            (Some(name), extension) if edited || extension.is_none() => {
                let local = (name.ending == Ending::Local).then_some(Doubt::Local);
                let spelling = || if edited { None } else { host::spelling_doubt(bare, next) };
                Some(self.host(name, &core, local.or_else(spelling)))
            }
            (Some(name), Some(extension)) => self.file_or_host(bare, extension, name, &core, next),
            (None, Some(_)) => self.file(bare, &core, next),
            _ => None,
        }
    }

    fn host(&mut self, name: host::Name, core: &Range<usize>, doubt: Option<Doubt>) -> usize {
        if doubt.is_none()
            && let Some(end) = self.bare_url(&name.ascii, name.shown.as_deref(), core)
        {
            return end;
        }
        self.push_shown(Kind::Domain, name.ascii, name.shown, core, doubt)
    }

    fn file(&mut self, bare: &str, core: &Range<usize>, next: Option<u8>) -> Option<usize> {
        let named = bare.is_ascii() && !matches!(next, Some(b'@'));
        if !named {
            return None;
        }
        Some(self.push(Kind::FileName, bare.to_owned(), core, path::name_doubt(bare, next)))
    }

    /// A name whose ending is both an extension and a top-level domain, and which nobody has defanged.
    fn file_or_host(&mut self, bare: &str, extension: &str, name: host::Name, core: &Range<usize>, next: Option<u8>) -> Option<usize> {
        let labels = bare.split('.').count();
        let library = extension.eq_ignore_ascii_case("so") && !bare.starts_with("lib");
        let web = bare.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www."));
        let alone = matches!(self.before(core.start), None | Some(b'\n')) && matches!(self.octet(core.end), None | Some(b'\n' | b'\r'));
        if web {
            return Some(self.host(name, core, None));
        }
        let packed =
            labels > 2 && path::extension(bare.strip_suffix(extension).and_then(|stem| stem.strip_suffix('.')).unwrap_or_default()).is_none();
        if library || alone || packed {
            return Some(self.host(name, core, Some(Doubt::FileOrHost)));
        }
        self.file(bare, core, next)
    }

    /// With the underscore of a label such as `_dmarc`, which is no emphasis.
    fn with_service_label<'b>(&self, bare: &'b str, core: &Range<usize>) -> (&'b str, Range<usize>)
    where
        't: 'b,
    {
        let start = core.start.saturating_sub(1);
        let longer = self.text.get(start..core.end).unwrap_or_default();
        if longer.starts_with('_') && longer.split('.').next().is_some_and(host::is_service_label) {
            (longer, start..core.end)
        } else {
            (bare, core.clone())
        }
    }

    /// A URL that was written without its scheme: a host with a path that is neither the prefix of a network nor another host.
    fn bare_url(&mut self, host: &str, shown: Option<&str>, core: &Range<usize>) -> Option<usize> {
        let rest = self.rest(core.end);
        let (digits, port) = url::read_port(rest);
        let path = rest.get(port..)?;
        let segment = path.strip_prefix('/').or_else(|| path.strip_prefix('?'))?;
        // What is no URL is told by its first word: the rest is read only once.
        let word = segment.get(..run_length(segment))?.trim_end_matches('.');
        let prefix =
            host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && word.len() < 3 && word.bytes().all(|byte| byte.is_ascii_digit());
        let other =
            address::v4(word).is_some() || path::extension(word).is_none() && host::name(word).is_some_and(|name| name.ending == Ending::Public);
        if prefix || other {
            return None;
        }
        let tail = url::tail(path, self.before(core.start));
        if tail.len() < 2 || tail.starts_with("//") {
            return None;
        }
        let digits = if digits.is_empty() || digits == "80" { String::new() } else { format!(":{digits}") };
        let whole = |host: &str| format!("http://{host}{digits}{tail}");
        let (value, shown) = (whole(host), shown.map(whole));
        let span = core.start..core.end + port + tail.len();
        Some(self.push_shown(Kind::Url, value, shown, &span, None))
    }
}

/// The characters of words: those of names of hosts and files.
fn is_word(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') } else { c.is_alphanumeric() }
}

/// The length of the word that a text begins with. Where scripts that are written without blanks meet others within a label, a word ends.
fn run_length(text: &str) -> usize {
    let mut cjk = None;
    for (at, c) in text.char_indices() {
        if !is_word(c) {
            return at;
        }
        if c == '.' {
            cjk = None;
        } else {
            let is = url::is_cjk(c);
            if cjk.is_some_and(|was| was != is) {
                return at;
            }
            cjk = Some(is);
        }
    }
    text.len()
}
