//! What it costs to read as many warning lists as there are, and to ask them: 143 lists with three million entries.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use taxiway::feed::guard::list::List;
use taxiway::feed::guard::lists::{Lists, Policy};
use taxiway::feed::guard::subject::{Algorithm, Subject};

/// Lists of names of hosts, lists of networks, lists of hashes.
const LISTS: [(&str, u32, u32); 3] = [("hostname", 100, 20_000), ("cidr", 33, 10_000), ("string", 10, 67_000)];

fn main() {
    divan::main();
}

/// An entry; a third of those of each list are on all lists of its type, as the most popular sites are.
fn entry(matching: &str, list: u32, number: u32) -> String {
    let list = if number.is_multiple_of(3) { 0 } else { list };
    let spread = (list << 20 | number).wrapping_mul(0x9e37_79b1);
    match matching {
        "hostname" => format!("h{spread:08x}.popular{}.example", number % 1000),
        "cidr" => format!("{}/24", std::net::Ipv4Addr::from(spread & 0xffff_ff00)),
        _ => format!("{spread:08x}{number:056x}"),
    }
}

/// The texts of all files.
fn texts() -> Vec<String> {
    let mut texts = Vec::new();
    for (matching, lists, entries) in LISTS {
        for list in 0..lists {
            let entries = (0..entries).map(|number| format!("\"{}\"", entry(matching, list, number))).collect::<Vec<_>>().join(",");
            texts.push(format!(r#"{{"name": "{matching} {list}", "type": "{matching}", "list": [{entries}]}}"#));
        }
    }
    texts
}

fn build(texts: &[String]) -> Lists {
    let lists = texts.iter().map(|text| List::parse(text).expect("a list"));
    Lists::new(lists.map(|list| (list, Policy::Inform))).expect("entries that can be used")
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn read(bencher: Bencher<'_, '_>) {
    let texts = texts();
    let entries: u32 = LISTS.iter().map(|(_, lists, entries)| lists * entries).sum();
    bencher.counter(ItemsCount::new(entries)).bench(|| build(black_box(&texts)));
}

/// Values that are on no list, and one that is.
const VALUES: [&str; 6] = ["host", "listed host", "url", "address", "network", "hash"];

#[divan::bench(args = VALUES)]
fn check(bencher: Bencher<'_, '_>, kind: &str) {
    let lists = build(&texts());
    let (listed, hash) = (format!("www.{}", entry("hostname", 5, 1)), "65149e036fff06026d80ac9ad4d156332822dc93142cf1a122b1841ec8de34b5");
    let subject = match kind {
        "host" => Subject::Host("mail.evil.attacker.example"),
        "listed host" => Subject::Host(&listed),
        "url" => Subject::Url("https://mail.evil.attacker.example/path/to/tool.exe?x=y"),
        "address" => Subject::of_network("203.0.113.77").expect("an address"),
        "network" => Subject::of_network("203.0.113.0/24").expect("a network"),
        _ => Subject::Hash(Algorithm::Sha256, hash),
    };
    bencher.counter(ItemsCount::new(1_usize)).bench(|| lists.check(black_box(&subject)).len());
}
