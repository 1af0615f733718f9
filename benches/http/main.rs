//! Taxiway beside what it could be measured against, in one run on one machine: `cargo bench --bench http -- --help`.
//!
//! The two sides of a row take turns (A B A B A B), because no machine is quiet for long, and what counts is the median of the ratios.

#![allow(clippy::cast_precision_loss, reason = "figures are told with three digits")]

mod bare;
mod ingest;
mod large;
mod lists;
mod load;
mod others;
mod pages;
mod scale;
mod space;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "each target uses what it needs")]
mod support;
mod table;
mod turns;
mod wrk;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use support::Outcome;
use table::Line;

/// Taxiway beside bare handlers, bare sled and other servers; prints a table in Markdown
#[derive(Debug, Parser)]
struct Arguments {
    /// Rows to measure [default: all]
    #[arg(value_parser = ROWS.map(|(name, ..)| name))]
    rows: Vec<String>,
    /// Shorter and smaller: shows that everything runs, its figures mean little
    #[arg(long)]
    quick: bool,
    /// Also 10,000,000 objects, which take about 30 GB and many minutes
    #[arg(long)]
    huge: bool,
    /// Where the stores are; the filled ones are kept for the next run
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench-data"))]
    data: PathBuf,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
    /// Serve the answer in a file (see bare.rs)
    #[arg(long, hide = true)]
    bare_page: Option<PathBuf>,
    /// Write to sled in this folder: envelopes, objects in each (see bare.rs)
    #[arg(long, hide = true, num_args = 3)]
    bare_sled: Option<Vec<String>>,
}

/// How much is measured.
struct Scale {
    /// Turns of each side.
    rounds: usize,
    /// Seconds of a turn.
    seconds: u64,
    /// Objects that are written in a turn.
    objects: u64,
    /// The sizes of large stores.
    large: Vec<u64>,
    /// Where the stores are.
    data: PathBuf,
}

type Row = fn(&Scale) -> Outcome<Vec<Line>>;

/// Every row: its name, what it is about, how it is measured.
const ROWS: [(&str, &str, Row); 19] = [
    ("page100", "GET 100 objects", pages::hundred),
    ("page1000", "GET 1000 objects", pages::thousand),
    ("poll", "empty poll", pages::poll),
    ("gzip", "GET 100 and 1000 objects, compressed", pages::gzip),
    ("opentaxii", "GET 100 objects beside OpenTAXII", others::opentaxii),
    ("medallion", "GET 100 objects beside medallion", others::medallion),
    ("writers", "GET 100 objects while four clients write", pages::writers),
    ("disk", "disk an object after 10 rounds that overwrite 10 % each", space::disk),
    ("ingest", "durable ingest over HTTP", ingest::envelopes),
    ("group", "durable ingest of single objects", ingest::group),
    ("pull", "full pull", large::pull),
    ("start", "first answer after start", large::start),
    ("memory", "resident memory after a full pull", large::memory),
    ("lists", "lists of a large collection", lists::lists),
    ("flat", "cost of a page in a large collection", large::flat),
    ("postgres-page", "pages and polls on PostgreSQL", scale::page),
    ("postgres-ingest", "durable ingest on PostgreSQL", scale::ingest),
    ("postgres-pull", "full pull on PostgreSQL", scale::pull),
    ("postgres-opentaxii", "GET 100 objects beside OpenTAXII, both on PostgreSQL", scale::opentaxii),
];

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = if let Some(file) = &arguments.bare_page {
        bare::serve(file)
    } else if let Some(what) = &arguments.bare_sled {
        bare::sled(what)
    } else {
        measure(&arguments)
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> Outcome<()> {
    std::fs::create_dir_all(&arguments.data)?;
    let data = arguments.data.canonicalize()?;
    let mut scale = if arguments.quick {
        Scale { rounds: 2, seconds: 2, objects: 10_000, large: vec![100_000], data }
    } else {
        Scale { rounds: 3, seconds: 10, objects: 200_000, large: vec![1_000_000], data }
    };
    if arguments.huge {
        scale.large.push(10_000_000);
    }
    table::head();
    for (name, what, row) in ROWS {
        if arguments.rows.is_empty() || arguments.rows.iter().any(|wanted| wanted == name) {
            eprintln!("measuring {name}");
            // A row that cannot be measured says why; the others are measured all the same.
            let lines = row(&scale).unwrap_or_else(|why| vec![Line::unmeasured(what, &why.to_string())]);
            lines.iter().for_each(table::print);
        }
    }
    Ok(())
}
