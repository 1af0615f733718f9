//! What a list looks like: one trait, one small file for each format.
//!
//! Values come to a format in normal form (what [`Kind`] says of each), sorted by kind and then so that what belongs together stands together:
//! addresses by number, names by their labels from the right, URLs by host and path whatever their scheme. What is not in normal form comes with
//! `sound: false`: nothing is known of its characters. A format writes what its consumer reads without a complaint, and says of everything else
//! that it cannot be carried: it is then left out and counted.
//!
//! To add a format, write its file and put its name into the list below.

use std::fmt::Write;

use uuid::Uuid;

use crate::feed::values::numbers::Numbers;
use crate::stix::ioc::Kind;
use crate::stix::marking::Level;
use crate::taxii::stamp::Stamp;

/// Declares the modules of the formats and the list of them all.
macro_rules! formats {
    ($($module:ident::$name:ident),* $(,)?) => {
        $(mod $module;)*
        /// Every format.
        pub static ALL: &[&dyn Format] = &[$(&$module::$name),*];
    };
}

formats! {
    csv::Csv,
    dnsmasq::Dnsmasq,
    fortios::FortiOs,
    haproxy::HaProxy,
    hosts::Hosts,
    kql::Kql,
    misp::Misp,
    nftables::Nftables,
    paloalto::PaloAlto,
    rpz::Rpz,
    sigma::Sigma,
    snort::Rules,
    splunk::Splunk,
    squid::Squid,
    squid_url::SquidUrl,
    stix::Stix,
    suricata::Rules,
    suricata_sets::Sets,
    text::Text,
    wazuh::Wazuh,
    yara::Yara,
    zeek::Zeek,
}

mod outermost;
#[cfg(test)]
mod specimen;
mod web;
mod wire;

/// A file that a consumer fetches.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// Its name with its extension: the last segment of its URL.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub about: &'static str,
    /// The kinds of values that belong in it, in the order in which they come.
    pub kinds: &'static [Kind],
    /// Its `Content-Type`.
    pub media_type: &'static str,
}

/// Plain text.
pub const TEXT: &str = "text/plain; charset=utf-8";

/// Every kind that an indicator can be about.
pub const KINDS: &[Kind] = &[
    Kind::Ipv4,
    Kind::Ipv6,
    Kind::Network,
    Kind::Domain,
    Kind::Url,
    Kind::Email,
    Kind::Md5,
    Kind::Sha1,
    Kind::Sha256,
    Kind::Sha512,
    Kind::FileName,
    Kind::FilePath,
    Kind::RegistryKey,
    Kind::UserAgent,
    Kind::Mutex,
    Kind::Asn,
    Kind::Pattern,
];

/// A value with what is known of it: of several indicators of one value, the most confident one, of those the newest.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// What sort of thing the value is.
    pub kind: Kind,
    /// The value.
    pub value: &'a str,
    /// Whether the value is in the normal form of its kind. If not, it may hold any character but is no such thing.
    pub sound: bool,
    /// The numbers of the collection's values.
    pub numbers: &'a Numbers,
    /// The id of the indicator.
    pub id: &'a str,
    /// Its name; may hold any character, and be empty.
    pub name: &'a str,
    /// Its labels; may hold any character.
    pub labels: &'a [Box<str>],
    /// 0 to 100.
    pub confidence: Option<u8>,
    /// Its TLP level.
    pub level: Level,
    /// The id of who made it; empty if it does not say.
    pub source: &'a str,
    /// When this version of it came into the collection.
    pub added: Stamp,
    /// When it was made.
    pub created: Stamp,
    /// When this version of it was made.
    pub modified: Stamp,
    /// When it begins to be valid.
    pub valid_from: Stamp,
    /// When it ends, if it does.
    pub valid_until: Option<Stamp>,
    /// Taken back, or not valid any more. Only formats with [`Shape::Events`] are shown such.
    pub gone: bool,
}

impl Item<'_> {
    /// A number from 9,000,000 up that no other value of the collection has, and that stays the same.
    fn number(&self) -> u32 {
        self.numbers.of(self.kind, self.value)
    }
}

/// What list it is.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Which file of the format.
    pub file: &'a File,
    /// The id of the collection.
    pub collection: Uuid,
    /// Its title; may hold any character.
    pub title: &'a str,
    /// The name of the file as it is asked for; for files of [`Shape::Events`] whose names are made up.
    pub name: &'a str,
    /// When the list became what it is: later with each change, never the same for two contents. For files of [`Shape::Whole`] and
    /// [`Shape::Events`] the time as of which they are made.
    pub changed: Stamp,
}

/// What became of the values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Values that the list holds.
    pub held: usize,
    /// Values that the format cannot carry.
    pub left_out: usize,
    /// Values that a warning list keeps out.
    pub warned: usize,
}

impl Sum {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { held: self.held + other.held, left_out: self.left_out + other.left_out, warned: self.warned + other.warned }
    }
}

/// How a file is made of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Line by line: what one value looks like says nothing of another.
    Lines,
    /// From all values at once.
    Whole,
    /// From all indicators at once: of a value each one, the most confident first, also those that are gone.
    Events,
    /// From the objects themselves as they came, whether they are indicators or not.
    Objects,
}

/// A value that the format cannot carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut;

/// Lines that were written, or the value is left out.
pub type Carried = Result<(), LeftOut>;

/// A format.
pub trait Format: Sync {
    /// Its files.
    fn files(&self) -> &'static [File];

    /// How they are made.
    fn shape(&self) -> Shape {
        Shape::Lines
    }

    /// Whether a file of this name belongs to it; formats whose files have names of their own say so here.
    fn file(&self, name: &str) -> Option<&'static File> {
        self.files().iter().find(|file| file.name == name)
    }

    /// What stands before everything.
    fn head(&self, _: &About<'_>, _: &mut String) {}

    /// What stands before the values of a kind, of which so many come.
    fn open(&self, _: &About<'_>, _: Kind, _: usize, _: &mut String) {}

    /// The lines of a value, each with its line feed. What was written before a value is left out is taken back. Asked of [`Shape::Lines`] only.
    fn line(&self, _: &About<'_>, _: &Item<'_>, _: &mut String) -> Carried {
        Err(LeftOut)
    }

    /// What stands behind the values of a kind.
    fn close(&self, _: &About<'_>, _: Kind, _: usize, _: &mut String) {}

    /// What stands behind everything.
    fn foot(&self, _: &About<'_>, _: &Sum, _: &mut String) {}

    /// Adds an object to a file of [`Shape::Objects`]; whether it is the first.
    fn object(&self, _: &About<'_>, _first: bool, _object: &[u8], _: &mut Vec<u8>) {}

    /// Ends a file of [`Shape::Objects`], which may be empty.
    fn end(&self, _: &About<'_>, _empty: bool, _: &mut Vec<u8>) {}

    /// The whole file, of [`Shape::Whole`] and [`Shape::Events`]; `None` if there is no file of this name.
    fn whole(&self, _: &About<'_>, _: &mut dyn Iterator<Item = Item<'_>>, _: &mut String) -> Option<Sum> {
        None
    }
}

/// The value if it is in normal form.
pub fn sound<'a>(item: &Item<'a>) -> Result<&'a str, LeftOut> {
    if item.sound { Ok(item.value) } else { Err(LeftOut) }
}

/// Writes a line.
pub fn put(out: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{line}");
}

/// Says in a comment what is not in the list.
pub fn tell_left_out(mark: &str, sum: &Sum, out: &mut String) {
    if sum.left_out > 0 {
        put(out, format_args!("{mark} {} left out: this format cannot carry them", sum.left_out));
    }
    if sum.warned > 0 {
        put(out, format_args!("{mark} {} left out: they are on a warning list", sum.warned));
    }
}

/// A text on one line, without what a reader could take for its end: control characters and line separators become blanks.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect()
}

/// The first characters of a text, on one line, without blanks around.
pub fn brief(text: &str, most: usize) -> String {
    let line = one_line(text);
    line.trim().chars().take(most).collect()
}

/// The title of a collection for a comment: on one line, not long, and between quotation marks, so that no line ends in a backslash.
pub fn quoted_title(about: &About<'_>) -> String {
    format!("\"{}\"", brief(about.title, 200))
}

/// Whole seconds since 1970.
pub fn seconds(stamp: Stamp) -> u64 {
    stamp.0 / 1_000_000
}

/// Says in comments what a file is, of which collection, and how it is loaded: each hint is a line.
pub fn introduce(mark: &str, about: &About<'_>, hints: &[&str], out: &mut String) {
    put(out, format_args!("{mark} Taxiway: {}; collection {}", about.file.about, quoted_title(about)));
    for hint in hints {
        put(out, format_args!("{mark} {hint}"));
    }
}

impl File {
    /// A file of plain text.
    pub const fn text(name: &'static str, about: &'static str, kinds: &'static [Kind]) -> Self {
        Self { name, about, kinds, media_type: TEXT }
    }
}

/// Addresses and networks.
pub const ADDRESSES: &[Kind] = &[Kind::Ipv4, Kind::Ipv6, Kind::Network];

/// Confidence of an indicator that does not say how sure it is, where a format wants a number.
const USUAL_CONFIDENCE: u8 = 60;

/// How much a value weighs, 1 to 100: its confidence.
pub fn weight(item: &Item<'_>) -> u8 {
    item.confidence.unwrap_or(USUAL_CONFIDENCE).clamp(1, 100)
}
