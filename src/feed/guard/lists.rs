//! All warning lists as one index: which of them a value is on, by which entry, and how.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;
use serde::{Deserialize, Serialize, Serializer};
use url::{Host, Url};

use super::list::{List, Matching};
use super::networks::Networks;
use super::phrases::{Expressions, Texts};
use super::subject::{Kinds, Subject};
use super::words::{ListNumber, SetNumber, Sets, Words};
use crate::stix::finding::Clip;

/// The longest name that DNS has, in octets; the bound on what a host costs.
const LONGEST_HOST: usize = 253;

/// What it means for a value to be on a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// It would do harm where it is blocked: it is not taken where that is asked for.
    Block,
    /// It is taken, and the hit is told.
    #[default]
    Inform,
}

/// A list that a value is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// The name of the list.
    #[serde(serialize_with = "write_name")]
    pub list: Arc<str>,
    /// What the list asks for.
    pub policy: Policy,
    /// The entry that matched: a host, value or network in normal form; a text or an expression as it is listed.
    pub entry: String,
    /// How it matched.
    pub how: How,
}

fn write_name<S: Serializer>(name: &Arc<str>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(name)
}

/// How an entry matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It is the value.
    Exact,
    /// It is the host of the URL or e-mail address.
    HostOf,
    /// The value, or its host, is a name below it.
    SubDomain,
    /// The address or network, or the host's address, lies in it.
    Inside,
    /// It lies in the network.
    Contained,
    /// The value holds its text.
    Text,
    /// The value matches its expression.
    Pattern,
}

impl fmt::Display for Hit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relation = match self.how {
            How::Exact => "exactly",
            How::HostOf => "at the host",
            How::SubDomain => "sub-domain of",
            How::Inside => "inside",
            How::Contained => "contains",
            How::Text => "holds the text",
            How::Pattern => "matches",
        };
        write!(out, "on the warning list \"{}\" ({relation} {})", Clip(&self.list), Clip(&self.entry))
    }
}

/// Why a list cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}", entry.as_ref().map_or_else(String::new, |entry| format!("the entry {:?}: ", Clip(entry).to_string())))]
pub struct EntryError {
    /// The entry that is wrong, if it is one.
    pub entry: Option<String>,
    /// What is wrong with it.
    pub what: String,
}

/// The index. It is built once and only read then.
#[derive(Default)]
pub struct Lists {
    about: Vec<About>,
    sets: Sets,
    words: Words,
    hosts: Words,
    networks: Networks,
    texts: Texts,
    expressions: Vec<Expressions>,
}

/// What is known of a list besides its entries.
#[derive(Debug)]
struct About {
    name: Arc<str>,
    kinds: Kinds,
    policy: Policy,
    entries: usize,
}

impl Lists {
    /// The index of these lists, each with its policy; of names that occur twice both count.
    pub fn new(lists: impl IntoIterator<Item = (List, Policy)>) -> Result<Self, EntryError> {
        let mut builder = Builder::default();
        lists.into_iter().try_for_each(|(list, policy)| builder.add(list, policy))?;
        builder.finish()
    }

    /// Name, policy and number of entries of each list, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Policy, usize)> {
        self.about.iter().map(|about| (&*about.name, about.policy, about.entries))
    }

    /// Whether there is no list at all.
    pub fn is_empty(&self) -> bool {
        self.about.is_empty()
    }

    /// The lists that `subject` is on, each once, with the entry that says most.
    pub fn check(&self, subject: &Subject<'_>) -> Vec<Hit> {
        let mut found = Found { lists: self, subject, hits: Vec::new() };
        match *subject {
            Subject::Address(address) => found.network(IpNet::from(address), How::Exact),
            Subject::Network(network) => found.network(network, How::Exact),
            Subject::Host(host) => found.name(host),
            Subject::Url(url) => found.url(url),
            Subject::Email(address) => {
                found.word(&address.to_ascii_lowercase(), How::Exact);
                address.rsplit_once('@').into_iter().for_each(|(_, host)| found.host(&host_form(host), How::HostOf));
            }
            Subject::Hash(_, text) | Subject::FileName(text) | Subject::Other(text) => found.word(&lower(text), How::Exact),
        }
        if !self.texts.is_empty() || !self.expressions.is_empty() {
            found.parts(&subject.text().map_or_else(|| subject.to_string().into(), Cow::Borrowed));
        }
        found.hits
    }
}

/// Takes lists one by one, so that no more than one is in memory as text.
#[derive(Default)]
pub struct Builder(Lists);

impl Builder {
    /// Adds a list; `policy` goes before the one that the list asks for. After an error the builder is of no more use.
    pub fn add(&mut self, list: List, policy: Policy) -> Result<(), EntryError> {
        let Ok(number) = ListNumber::try_from(self.0.about.len()) else {
            return Err(EntryError { entry: None, what: format!("there are more than {} lists", ListNumber::MAX) });
        };
        let kinds = list.kinds();
        self.0.about.push(About { name: list.name.as_str().into(), kinds, policy, entries: list.entries.len() });
        let index = &mut self.0;
        match list.matching {
            Matching::String => index.words.reserve(list.entries.len()),
            Matching::Hostname => index.hosts.reserve(list.entries.len()),
            Matching::Regex => {
                let entries: Vec<String> = list.entries.into_iter().filter(|entry| !entry.trim().is_empty()).collect();
                let compiled = Expressions::compile(number, entries).map_err(|(entry, what)| EntryError { entry, what })?;
                index.expressions.push(compiled);
                return Ok(());
            }
            Matching::Substring | Matching::Cidr => {}
        }
        // An empty entry says nothing.
        for entry in list.entries.iter().map(|entry| entry.trim()).filter(|entry| !entry.is_empty()) {
            index.add(list.matching, entry, number)?;
        }
        Ok(())
    }

    /// Makes the index ready.
    pub fn finish(self) -> Result<Lists, EntryError> {
        let Self(mut lists) = self;
        lists.texts.compile().map_err(|error| EntryError { entry: None, what: format!("the texts of all lists together: {error}") })?;
        lists.words.shrink();
        lists.hosts.shrink();
        Ok(lists)
    }
}

impl Lists {
    /// Notes an entry that is no expression.
    fn add(&mut self, matching: Matching, entry: &str, number: ListNumber) -> Result<(), EntryError> {
        match matching {
            Matching::Substring | Matching::Regex => self.texts.add(entry, number),
            // Lists of values and of hosts hold addresses and networks too.
            _ => match (Subject::of_network(entry), matching) {
                (Some(Subject::Address(address)), _) => self.networks.add(address.into(), number, &mut self.sets),
                (Some(Subject::Network(network)), _) => self.networks.add(network, number, &mut self.sets),
                (_, Matching::Cidr) => {
                    return Err(EntryError { entry: Some(entry.to_owned()), what: "is neither an address nor a network".into() });
                }
                (_, Matching::String) if !entry.starts_with('.') => self.words.add(&word_form(entry), number, &mut self.sets),
                _ => self.hosts.add(&host_form(entry.trim_start_matches("*.").trim_start_matches('.')), number, &mut self.sets),
            },
        }
        Ok(())
    }
}

/// The hits of one subject while they are gathered.
struct Found<'f> {
    lists: &'f Lists,
    subject: &'f Subject<'f>,
    hits: Vec<Hit>,
}

impl Found<'_> {
    fn push(&mut self, list: ListNumber, entry: impl FnOnce() -> String, how: How) {
        let Some(About { name, kinds, policy, .. }) = self.lists.about.get(usize::from(list)) else { return };
        if kinds.hold(self.subject) && !self.hits.iter().any(|hit| Arc::ptr_eq(&hit.list, name)) {
            self.hits.push(Hit { list: name.clone(), policy: *policy, entry: entry(), how });
        }
    }

    fn push_all(&mut self, set: SetNumber, entry: &dyn fmt::Display, how: How) {
        for list in self.lists.sets.lists(set) {
            self.push(*list, || entry.to_string(), how);
        }
    }

    /// The value itself, in lower case.
    fn word(&mut self, text: &str, how: How) {
        if let Some(set) = self.lists.words.find(text) {
            self.push_all(set, &text, how);
        }
    }

    /// A name of a host as the value.
    fn name(&mut self, host: &str) {
        let host = host_form(host);
        self.word(&host, How::Exact);
        self.host(&host, How::Exact);
    }

    /// A host and all names above it, the host first; `how` is what the host itself is.
    fn host(&mut self, host: &str, how: How) {
        if host.len() > LONGEST_HOST {
            return;
        }
        let mut above = Some(host);
        while let Some(name) = above {
            if let Some(set) = self.lists.hosts.find(name) {
                self.push_all(set, &name, if name.len() == host.len() { how } else { How::SubDomain });
            }
            above = name.split_once('.').map(|(_, above)| above);
        }
    }

    /// A URL and its host; a URL that is nothing but a host is that host.
    fn url(&mut self, text: &str) {
        self.word(&lower(text), How::Exact);
        let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
        let Ok(url) = url else { return };
        match url.host() {
            Some(Host::Domain(host)) => {
                let host = host_form(host);
                if matches!(url.path(), "" | "/") && url.query().is_none() {
                    self.word(&host, How::HostOf);
                }
                self.host(&host, How::HostOf);
            }
            Some(Host::Ipv4(address)) => self.network(IpNet::from(std::net::IpAddr::from(address)), How::HostOf),
            Some(Host::Ipv6(address)) => self.network(IpNet::from(std::net::IpAddr::from(address).to_canonical()), How::HostOf),
            None => {}
        }
    }

    /// What lies around a network, the narrowest first, then what lies in it; `how` is what the network itself is.
    fn network(&mut self, network: IpNet, how: How) {
        for (around, set) in self.lists.networks.around(&network).into_iter().rev() {
            self.push_all(set, &shown(&around), if around == network { how } else { How::Inside });
        }
        for (within, set) in self.lists.networks.within(&network) {
            self.push_all(set, &shown(&within), How::Contained);
        }
    }

    /// What the value holds or matches.
    fn parts(&mut self, text: &str) {
        let lists = self.lists;
        lists.texts.each_in(text, |list, entry| self.push(list, || entry.to_owned(), How::Text));
        for (list, entry) in lists.expressions.iter().filter_map(|expressions| expressions.find(text)) {
            self.push(list, || entry.to_owned(), How::Pattern);
        }
    }
}

/// A network of one address as that address.
fn shown(network: &IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() { network.addr().to_string() } else { network.to_string() }
}

/// In lower case, without a copy where it is.
fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) { text.to_ascii_lowercase().into() } else { text.into() }
}

/// An entry as the values that it is compared with: a host among them may be written in any alphabet.
fn word_form(entry: &str) -> Cow<'_, str> {
    if entry.is_ascii() { lower(entry) } else { host_form(entry) }
}

/// A host in lower case, without the dot of the root, other alphabets as DNS has them (IDNA).
fn host_form(host: &str) -> Cow<'_, str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    if !host.is_ascii()
        && let Ok(Host::Domain(ascii)) = Host::parse(host)
    {
        return ascii.into();
    }
    lower(host)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::feed::guard::subject::Algorithm;

    /// An index of one list for each type and entries; its name is the type.
    fn lists(all: &[(&str, &[&str])]) -> Lists {
        Lists::new(all.iter().map(|(matching, entries)| (list(matching, entries, &[]), Policy::Inform))).unwrap()
    }

    fn list(matching: &str, entries: &[&str], attributes: &[&str]) -> List {
        List::parse(&json!({"name": matching, "type": matching, "list": entries, "matching_attributes": attributes}).to_string()).unwrap()
    }

    fn told(lists: &Lists, subject: Subject<'_>) -> Vec<String> {
        lists.check(&subject).iter().map(|hit| format!("{}: {:?} {}", hit.list, hit.how, hit.entry)).collect()
    }

    fn network(text: &str) -> Subject<'static> {
        Subject::of_network(text).unwrap()
    }

    #[test]
    fn opencti_10059_a_listed_host_covers_what_is_below_it_and_what_is_there() {
        for entry in ["github.com", ".github.com", "*.GitHub.com", "github.com."] {
            let lists = lists(&[("hostname", &[entry])]);
            let exact = ["hostname: Exact github.com"];
            let (at, below) = (["hostname: HostOf github.com"], ["hostname: SubDomain github.com"]);
            assert_eq!(told(&lists, Subject::Host("github.com")), exact, "{entry}");
            assert_eq!(told(&lists, Subject::Host("GitHub.com.")), exact);
            assert_eq!(told(&lists, Subject::Host("www.github.com")), below);
            assert_eq!(told(&lists, Subject::Url("https://github.com/")), at);
            assert_eq!(told(&lists, Subject::Url("https://user@GITHUB.com:443/x?y#z")), at);
            assert_eq!(told(&lists, Subject::Url("https://raw.github.com/x")), below);
            assert_eq!(told(&lists, Subject::Url("github.com/x")), at);
            assert_eq!(told(&lists, Subject::Email("a@github.com")), at);
            assert_eq!(told(&lists, Subject::Email("a@mail.github.com")), below);
            let others = [
                Subject::Host("notgithub.com"),
                Subject::Host("github.com.evil.example"),
                Subject::Host("com"),
                Subject::Url("https://github.com.evil.example/"),
                Subject::Url("https://github.com@evil.example/"),
                Subject::Url("https://evil.example/github.com"),
                Subject::Email("github.com@evil.example"),
                Subject::FileName("github.com"),
            ];
            for other in others {
                assert!(told(&lists, other).is_empty(), "{other}");
            }
        }
    }

    #[test]
    fn opencti_12315_a_listed_network_covers_addresses_networks_and_what_overlaps() {
        let lists = lists(&[("cidr", &["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "8.8.8.0/24"])]);
        assert_eq!(told(&lists, network("10.1.2.3")), ["cidr: Inside 10.0.0.0/8"]);
        assert_eq!(told(&lists, network("10.64.0.0/10")), ["cidr: Inside 10.0.0.0/8"]);
        assert_eq!(told(&lists, network("10.0.0.0/8")), ["cidr: Exact 10.0.0.0/8"]);
        assert_eq!(told(&lists, network("8.0.0.0/7")), ["cidr: Contained 8.8.8.0/24"]);
        assert_eq!(told(&lists, network("192.0.2.1")), ["cidr: Exact 192.0.2.1"]);
        assert_eq!(told(&lists, network("192.0.2.0/24")), ["cidr: Contained 192.0.2.1"]);
        assert_eq!(told(&lists, network("2001:db8:1::5")), ["cidr: Inside 2001:db8::/32"]);
        assert_eq!(told(&lists, network("::ffff:10.0.0.1")), ["cidr: Inside 10.0.0.0/8"]);
        assert_eq!(told(&lists, Subject::Url("http://10.0.0.1:8080/x")), ["cidr: Inside 10.0.0.0/8"]);
        assert_eq!(told(&lists, Subject::Url("http://[2001:db8::1]/")), ["cidr: Inside 2001:db8::/32"]);
        assert_eq!(told(&lists, Subject::Url("http://0xc0000201/")), ["cidr: HostOf 192.0.2.1"]);
        for other in ["11.0.0.1", "192.0.2.2", "2001:db9::1", "::10.0.0.1"] {
            assert!(told(&lists, network(other)).is_empty(), "{other}");
        }
    }

    #[test]
    fn strings_are_the_same_value_in_any_case_and_with_a_dot_in_front_a_host() {
        let hash = "D41D8CD98F00B204E9800998ECF8427E";
        let lists = lists(&[("string", &[hash, "Setup.exe", "com", ".google.example", "bücher.example", "8.8.8.8", "https://a.example/X"])]);
        assert_eq!(told(&lists, Subject::Hash(Algorithm::Md5, hash)), [format!("string: Exact {}", hash.to_lowercase())]);
        assert_eq!(told(&lists, Subject::FileName("SETUP.EXE")), ["string: Exact setup.exe"]);
        assert_eq!(told(&lists, Subject::Host("com")), ["string: Exact com"]);
        assert_eq!(told(&lists, Subject::Host("example.com")), [""; 0]);
        assert_eq!(told(&lists, Subject::Host("www.google.example")), ["string: SubDomain google.example"]);
        assert_eq!(told(&lists, Subject::Host("xn--bcher-kva.example")), ["string: Exact xn--bcher-kva.example"]);
        assert_eq!(told(&lists, Subject::Host("BÜCHER.example")), ["string: Exact xn--bcher-kva.example"]);
        assert_eq!(told(&lists, network("8.8.8.8")), ["string: Exact 8.8.8.8"]);
        assert_eq!(told(&lists, Subject::Url("https://com/")), ["string: HostOf com"]);
        assert_eq!(told(&lists, Subject::Url("https://com/x")), [""; 0]);
        assert_eq!(told(&lists, Subject::Url("https://A.example/x")), ["string: Exact https://a.example/x"]);
    }

    #[test]
    fn texts_and_expressions_match_within_values() {
        let lists = lists(&[("substring", &["micro", "soft"]), ("regex", &[r"/^10\.0\./", "/SOFT/i"])]);
        assert_eq!(told(&lists, Subject::Url("https://x/Microsoft")), ["substring: Text micro", "regex: Pattern /SOFT/i"]);
        assert_eq!(told(&lists, network("10.0.1.1")), [r"regex: Pattern /^10\.0\./"]);
        assert_eq!(told(&lists, Subject::Other("x")), [""; 0]);
    }

    #[test]
    fn attributes_restrict_what_a_list_is_about() {
        let lists = Lists::new([(list("hostname", &["github.com"], &["hostname", "domain", "no-such"]), Policy::Block)]).unwrap();
        assert_eq!(lists.check(&Subject::Host("github.com")).first().map(|hit| hit.policy), Some(Policy::Block));
        assert!(lists.check(&Subject::Url("https://github.com/")).is_empty());
        assert!(lists.check(&Subject::Email("a@github.com")).is_empty());
    }

    #[test]
    fn each_list_is_told_once_by_the_entry_that_says_most() {
        let lists = lists(&[("hostname", &["example.org", "a.example.org", "b.a.example.org"]), ("string", &["b.a.example.org"])]);
        assert_eq!(told(&lists, Subject::Host("b.a.example.org")), ["string: Exact b.a.example.org", "hostname: Exact b.a.example.org"]);
        assert_eq!(told(&lists, Subject::Host("c.b.a.example.org")), ["hostname: SubDomain b.a.example.org"]);
        let hit = &lists.check(&Subject::Url("https://a.example.org/"))[0];
        assert_eq!(hit.to_string(), "on the warning list \"hostname\" (at the host a.example.org)");
    }

    #[test]
    fn a_list_that_cannot_be_used_is_refused_with_the_entry() {
        let wrong = |matching: &str, entries: &[&str]| Lists::new([(list(matching, entries, &[]), Policy::Inform)]).err().unwrap().to_string();
        assert_eq!(wrong("cidr", &["10.0.0.0/8", "10.0.0.0/40"]), "the entry \"10.0.0.0/40\": is neither an address nor a network");
        assert_eq!(wrong("regex", &["a", "(?=a)"]), "the entry \"(?=a)\": look-around, including look-ahead and look-behind, is not supported");
        assert!(!lists(&[("regex", &["", " "]), ("cidr", &[""]), ("substring", &[""])]).is_empty());
        assert!(lists(&[("substring", &[""]), ("regex", &[""])]).check(&Subject::Other("x")).is_empty());
    }

    /// Names that often end alike.
    fn host() -> impl Strategy<Value = String> {
        prop::collection::vec("[ab]{1,2}", 1..5).prop_map(|labels| labels.join("."))
    }

    proptest! {
        #[test]
        fn sub_domains_agree_with_their_definition(listed in prop::collection::vec(host(), 0..12), asked in host()) {
            let entries: Vec<&str> = listed.iter().map(String::as_str).collect();
            let labels: Vec<&str> = asked.split('.').collect();
            let covers = |entry: &&&str| labels.ends_with(&entry.split('.').collect::<Vec<_>>());
            let longest = entries.iter().filter(covers).max_by_key(|entry| entry.len());
            let lists = lists(&[("hostname", &entries)]);
            let hits = lists.check(&Subject::Host(&asked));
            prop_assert_eq!(hits.first().map(|hit| hit.entry.as_str()), longest.copied());
            prop_assert_eq!(hits.first().map(|hit| hit.how == How::Exact), longest.map(|entry| *entry == asked));
            let (url, mail) = (format!("https://{asked}/x"), format!("x@{asked}"));
            for subject in [Subject::Url(&url), Subject::Email(&mail)] {
                prop_assert_eq!(lists.check(&subject).first().map(|hit| hit.entry.clone()), longest.map(|entry| (*entry).to_owned()));
            }
        }
    }
}
