//! What the command-line tool costs: seconds, compared with the article's `aws` commands; AWS calls for each log group;
//! and the time that planning takes. `cargo bench --bench cli` prints the tables of docs/performance.md; with
//! `-- --write` it also writes them and the plot into docs/.
#![allow(clippy::cast_precision_loss, reason = "measurements have three digits, not seventeen")]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measures")]

mod article;
#[path = "../src/document.rs"]
mod document;
mod figures;
mod groups;
mod planning;
#[path = "../src/plot.rs"]
mod plot;
#[path = "../../tests/it/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
mod support;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use cwl2le_local::Options;
use figures::median;
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
    println!("{report}");
    if std::env::args().any(|argument| argument == "--write") {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        document::replace(&docs.join("performance.md"), "cli", &report)?;
        let series = [("cwl2le subscribe", &subscribing), ("planning alone", &planning)];
        GROWTH.write(&docs.join("performance-groups.svg"), &series)?;
    }
    Ok(())
}

/// The seconds that `cwl2le --help` takes: the start of the process, and nothing else.
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
