//! What it costs to search a report of some megabytes for indicators.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use taxiway::stix::ioc::find::find;

/// Text as reports have it: prose, defanged values, hashes, paths.
const REPORT: &str = "After exploitation the actor downloaded a second stage from hxxps://cdn[.]telemetry-sync[.]com/update/v2.bin, which then beaconed to \
165.232.154[.]116 over TCP 443. Exchange Server 2016 CU19 is build 15.1.2176.4; the web shell (T1505.003) was written to \
C:\\Program Files\\Microsoft\\Exchange Server\\V15\\FrontEnd\\HttpProxy\\owa\\auth\\8Lw7tAhF9i1pJnRo.aspx, and has the SHA-256 \
097549cf7d0f76f0d99edf8b2d91c60977fd6a96e4b8c3c94b0b1733dc026d3e. The operators wrote to konedieyp[at]airmail[.]cc and left long sentences of \
ordinary words, which are most of what is in a report, with commas, brackets (such as these) and figures like 3.5 or 2021-03-02 in them.\n";

fn main() {
    divan::main();
}

#[divan::bench(args = [100_000, 1_000_000, 10_000_000])]
fn search(bencher: Bencher<'_, '_>, octets: usize) {
    let text = REPORT.repeat(octets / REPORT.len());
    bencher.counter(BytesCount::of_str(&text)).bench(|| find(black_box(&text)).len());
}
