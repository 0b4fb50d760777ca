//! What the command-line tool costs: in seconds beside the article's `aws` commands, in calls for each log group, and in
//! time for planning. `cargo bench --bench cli` prints all of it as it stands in docs/performance.md, where `-- --write` puts it,
//! with the plot.
#![allow(clippy::cast_precision_loss, reason = "measurements have three digits, not seventeen")]

mod article;
#[path = "../src/document.rs"]
mod document;
mod groups;
mod planning;
#[path = "../src/plot.rs"]
mod plot;
#[path = "../../tests/it/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
mod support;

use std::fmt::Write as _;
use std::io::{Write as _, stdout};
use std::path::Path;
use std::time::{Duration, Instant};

use cwl2le_local::Options;
use plot::Plot;
use support::account::Ground;

const GROWTH: Plot = Plot {
    title: "Time of cwl2le against the number of log groups",
    says: "CPU time",
    number: "log groups",
    fastest: -7,
    slowest: 1,
};

fn main() -> Result<(), String> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    let mut report = String::new();
    let subscribing = runtime.block_on(async {
        let ground = Ground::start(Options::default()).await;
        article::compare(&ground, &mut report).await;
        groups::count(&ground, &mut report).await
    });
    let planning = planning::grow(&mut report);
    let _ = writeln!(report, "\n`cwl2le --help` takes {:.0} ms.", help() * 1e3);
    say(&report);
    if std::env::args().any(|argument| argument == "--write") {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        document::replace(&docs.join("performance.md"), "cli", &report)?;
        let series = [("cwl2le subscribe", &subscribing), ("planning alone", &planning)];
        GROWTH.write(&docs.join("performance-groups.svg"), &series)?;
    }
    Ok(())
}

/// Something for standard output.
fn say(text: &str) {
    writeln!(stdout(), "{text}").expect("standard output takes it");
}

/// A number with its thousands apart.
fn thousands(number: usize) -> String {
    match number {
        ..1_000 => number.to_string(),
        _ => format!("{},{:03}", thousands(number / 1_000), number % 1_000),
    }
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

/// How many seconds the process takes that knows everything at once.
fn help() -> f64 {
    let run = || {
        let begun = Instant::now();
        let output = support::cwl2le().arg("--help").output().expect("cwl2le runs");
        assert!(output.status.success() && output.stdout.starts_with(b"CloudWatch Logs"), "{output:?}");
        begun.elapsed()
    };
    run();
    median((0..21).map(|_| run()).collect())
}
