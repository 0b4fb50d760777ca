//! The results as Markdown tables, for the terminal and for `docs/performance.md`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use cwl2le_benches::workload::Load;
use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::document;
use crate::instructions::Counts;
use crate::measure::{self, Row};
use crate::plot::{Growth, Plot};

/// All results.
pub(crate) struct Report {
    rows: Vec<Row>,
    /// `None` without valgrind.
    counts: Option<Counts>,
    start: (Duration, Duration),
    size: (u64, u64),
    growth: [Growth; 2],
}

/// Maximum ratio of the forwarder's CPU time to the floor's, on x86_64 with AVX2.
fn limit(load: &str) -> Option<f64> {
    match load {
        "W1" => Some(1.9),
        "W2s" => Some(1.9),
        "W2" => Some(1.6),
        "W4" => Some(1.3),
        _ => None,
    }
}

/// The share of a processor that a function with this much memory gets: AWS documents one processor at 1,769 MB.
fn processors(megabytes: f64) -> f64 {
    megabytes / 1769.0
}

/// AWS's prices for x86_64 in us-east-1, in USD: for a GB-second and for a request.
const GB_SECOND: f64 = 0.000_016_666_7;
const REQUEST: f64 = 0.000_000_2;

/// Seconds that an invocation waits: 20 ms for a receipt from a log service that far away, and 10 ms that the forwarder
/// listens after it.
const WAITING: f64 = 0.030;

const GROWTH: Plot = Plot {
    title: "CPU time of an invocation against the number of events and of records",
    says: "CPU time of a warm invocation",
    number: "in one invocation",
    fastest: -4,
    slowest: 0,
};

impl Report {
    /// Measures everything, which takes a few minutes.
    pub(crate) fn measure(bootstrap: &Path, counts: Option<Counts>) -> Result<Self, String> {
        let rows = Load::all().iter().map(|load| measure::row(bootstrap, load)).collect::<Result<_, _>>()?;
        let start = measure::start(bootstrap)?;
        let growth = measure::growth(bootstrap)?;
        Ok(Self { rows, counts, start, size: size(bootstrap)?, growth })
    }

    /// The tables.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        self.loads(&mut text);
        self.rest(&mut text);
        self.price(&mut text);
        text
    }

    fn loads(&self, text: &mut String) {
        text.push_str(
            "| load | event, JSON | CPU | floor | times the floor | instructions, times the floor | naive | naive takes | peak memory |\n\
             | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        );
        for row in &self.rows {
            let limit = limit(&row.name);
            let to_floor = match limit {
                Some(limit) => {
                    let verdict = if row.to_floor <= limit { "" } else { ", **missed**" };
                    format!("{:.2} (at most {limit}{verdict})", row.to_floor)
                }
                None => "-".to_owned(),
            };
            let count = self.counts.as_ref().and_then(|counts| counts.get(&row.name));
            let _ = writeln!(
                text,
                "| {}: {} | {}, {} | {} | {} | {to_floor} | {} | {} | {:.1} times | {:.1} MB |",
                row.name,
                row.what,
                megabytes(row.sizes.0),
                megabytes(row.sizes.1),
                milliseconds(row.forwarder),
                milliseconds(row.floor),
                count.map_or_else(|| "-".to_owned(), |count| format!("{:.2}", count.ratio())),
                milliseconds(row.naive),
                row.naive_to_forwarder,
                row.memory as f64 / f64::from(1 << 20),
            );
        }
    }

    fn rest(&self, text: &mut String) {
        let (next, line) = self.start;
        let _ = write!(
            text,
            "\n| | measured | at most |\n| --- | --- | --- |\n\
             | start of the process to its first question for an event | {} | 5 ms |\n\
             | start of the process to the first line at the log service | {} | 10 ms |\n\
             | size of the zip | {:.2} MB | 3 MB |\n\
             | size of the executable | {:.2} MB | |\n",
            milliseconds(next),
            milliseconds(line),
            self.size.1 as f64 / 1e6,
            self.size.0 as f64 / 1e6,
        );
    }

    /// CPU time grows where the memory buys less than a whole processor; waiting time does not.
    fn price(&self, text: &mut String) {
        text.push_str("\n| load | 128 MB | 256 MB | 512 MB |\n| --- | --- | --- | --- |\n");
        for row in self.rows.iter().filter(|row| matches!(row.name.as_str(), "W1" | "W2" | "W2s" | "W3")) {
            let _ = write!(text, "| {}, {} events an invocation", row.name, row.events);
            for memory in [128.0, 256.0, 512.0] {
                let seconds = row.forwarder.as_secs_f64() / processors(memory).min(1.0) + WAITING;
                let billed = (seconds * 1e3).ceil() / 1e3;
                let price = (billed * memory / 1024.0 * GB_SECOND + REQUEST) * 1e6 / row.events as f64;
                let _ = write!(text, " | {:.0} ms, {price:.6} USD", billed * 1e3);
            }
            text.push_str(" |\n");
        }
    }

    /// Writes the tables to the document and the plot to a file beside it.
    pub(crate) fn write(&self, docs: &Path) -> Result<(), String> {
        document::replace(&docs.join("performance.md"), "measured", &self.text())?;
        let [events, records] = &self.growth;
        let series = [("events, 1,000 a record", events), ("records of one event", records)];
        GROWTH.write(&docs.join("performance.svg"), &series)
    }
}

/// The size of the executable and of the zip, which is little more than the compressed executable.
fn size(bootstrap: &Path) -> Result<(u64, u64), String> {
    let failed = |error: std::io::Error| format!("`{}`: {error}", bootstrap.display());
    let executable = std::fs::read(bootstrap).map_err(failed)?;
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    std::io::Write::write_all(&mut encoder, &executable).map_err(failed)?;
    Ok((executable.len() as u64, encoder.finish().map_err(failed)?.len() as u64))
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn megabytes(bytes: usize) -> String {
    if bytes < 100_000 {
        format!("{:.1} KB", bytes as f64 / 1e3)
    } else {
        format!("{:.1} MB", bytes as f64 / 1e6)
    }
}
