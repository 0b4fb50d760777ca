//! Measures the forwarder; `docs/performance.md` has the method and the results.
#![allow(clippy::cast_precision_loss, reason = "measurements have three digits, not seventeen")]

#[allow(unreachable_pub, reason = "in `build.rs` it is public")]
#[path = "../../src/bundle/compile.rs"]
mod compile;
mod document;
mod floor;
mod instructions;
mod measure;
mod naive;
mod plot;
mod process;
mod report;
mod runtime_api;
mod service;
mod subject;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use report::Report;

const USAGE: &str =
    "usage: cargo run --profile bench -p cwl2le-benches -- [--write | gate [--accept] | arm64 ...] [--bootstrap FILE]

(nothing)   measure everything and print the tables
--write     also write the tables to docs/performance.md and the plot to docs/performance.svg
gate        count instructions; fail if a load takes over 5 % more than in benches/instructions.json
--accept    write the counts to that file instead
arm64       `arm64 COUNTER FORWARDER FLOOR`, as `.ci/arm64 count` runs it: count programs for another processor
--bootstrap measure this executable instead of building the forwarder";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        // The subjects, which this program starts itself.
        ["floor", folder, address] => floor::run(Path::new(folder), address).map_err(|e| e.to_string()),
        ["naive", folder, address] => {
            naive::run(PathBuf::from(folder), address.to_owned()).map_err(|e| e.to_string())
        }
        _ => {
            let bootstrap = words.iter().position(|word| *word == "--bootstrap").and_then(|at| {
                let file = *words.get(at + 1)?;
                words.drain(at..at + 2);
                Some(PathBuf::from(file))
            });
            asked(&words, bootstrap)
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            let _ = writeln!(io::stderr(), "error: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn asked(words: &[&str], bootstrap: Option<PathBuf>) -> Result<(), String> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace is gone")?;
    let bootstrap = || bootstrap.map_or_else(|| build(workspace), Ok);
    match words {
        ["arm64", counter, forwarder, floor] => {
            let programs =
                instructions::Programs { forwarder: Path::new(forwarder), floor: Path::new(floor) };
            instructions::arm64(workspace, Path::new(counter), &programs)
        }
        ["gate"] => instructions::gate(workspace, &bootstrap()?, false),
        ["gate", "--accept"] => instructions::gate(workspace, &bootstrap()?, true),
        [] | ["--write"] => {
            let bootstrap = bootstrap()?;
            let counts = if instructions::can_count() {
                Some(instructions::count(&bootstrap)?)
            } else {
                let why = "notice: there is no valgrind, so instructions are not counted; install the package `valgrind`";
                let _ = writeln!(io::stderr(), "{why}");
                None
            };
            let report = Report::measure(&bootstrap, counts)?;
            let _ = io::stdout().write_all(report.text().as_bytes());
            if words.is_empty() { Ok(()) } else { report.write(&workspace.join("docs")) }
        }
        _ => Err(USAGE.to_owned()),
    }
}

/// Builds the forwarder in the same way and in the same directory as the CLI's `build.rs`.
fn build(workspace: &Path) -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let triple = match std::env::consts::ARCH {
        "x86_64" => "x86_64-unknown-linux-gnu",
        "aarch64" => "aarch64-unknown-linux-gnu",
        other => return Err(format!("Lambda has no {other}")),
    };
    let target = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = target.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let target = target.map_or_else(|| workspace.join("target"), Path::to_owned);
    compile::bootstrap(&cargo, workspace, triple, &target.join("lambda"))
}
