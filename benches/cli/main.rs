//! What the command-line tool costs: in seconds beside the article's `aws` commands, in calls for each log group, and in
//! time for planning. See docs/performance.md; `cargo bench --bench cli` prints all of it.

#[path = "../../tests/support/account.rs"]
mod account;
mod article;
mod groups;
mod planning;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::io::{Write, stdout};
use std::time::{Duration, Instant};

use account::Ground;
use cwl2le_local::Options;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    help();
    runtime.block_on(async {
        let ground = Ground::start(Options::default()).await;
        article::compare(&ground).await;
        groups::count(&ground).await;
    });
    planning::grow();
}

/// A line of the report.
fn say(line: &str) {
    writeln!(stdout(), "{line}").expect("standard output takes it");
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

/// How long the process takes that knows everything at once.
fn help() {
    let run = || {
        let begun = Instant::now();
        let output = support::cwl2le().arg("--help").output().expect("cwl2le runs");
        assert!(output.status.success() && output.stdout.starts_with(b"CloudWatch Logs"), "{output:?}");
        begun.elapsed()
    };
    run();
    let times = (0..21).map(|_| run()).collect();
    say(&format!("cwl2le --help: {:.1} ms, median of 21\n", median(times) * 1e3));
}
