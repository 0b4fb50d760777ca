//! Counts instructions instead of time: the counts are the same on a busy machine, so a test can fail on them.
//!
//! Valgrind emulates a processor with AVX2 and without AVX-512, so memchr, ring, libdeflate and the C library choose
//! the same code on every machine with AVX2. Compiler and C library still differ, but affect the floor as well: the
//! gate compares the ratio to the floor of the same run.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use cwl2le_benches::workload::Load;
use serde::{Deserialize, Serialize};

use crate::document;
use crate::subject::{Kind, Shared, Subject};

/// Maximum growth of a ratio that passes the gate.
const TOLERANCE: f64 = 0.05;

/// Number of invocations that are counted, after one to warm up.
const COUNTED: u64 = 2;

/// Instructions of one invocation.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct Count {
    pub(crate) forwarder: u64,
    pub(crate) floor: u64,
}

impl Count {
    pub(crate) fn ratio(self) -> f64 {
        self.forwarder as f64 / self.floor as f64
    }
}

/// The counts of each load, by its name.
pub(crate) type Counts = BTreeMap<String, Count>;

/// The file with the accepted counts.
pub(crate) fn file(workspace: &Path) -> PathBuf {
    workspace.join("benches").join("instructions.json")
}

/// Whether valgrind is installed.
pub(crate) fn can_count() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// What counts.
pub(crate) enum Counter<'a> {
    /// Valgrind, on this machine's processor.
    Callgrind,
    /// `PROGRAM OUT SUBJECT ARGUMENT...`, which runs the subject and leaves the number in the file OUT.
    Program(&'a Path),
}

/// The forwarder, and the floor.
pub(crate) struct Programs<'a> {
    pub(crate) forwarder: &'a Path,
    /// This program, for the processor that the forwarder is for.
    pub(crate) floor: &'a Path,
}

/// Counts on this machine's processor.
pub(crate) fn count(forwarder: &Path) -> Result<Counts, String> {
    let floor = std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    count_with(&Counter::Callgrind, &Programs { forwarder, floor: &floor })
}

/// Counts all loads but W3, in which the fixed cost of an invocation hides everything else.
fn count_with(counter: &Counter<'_>, programs: &Programs<'_>) -> Result<Counts, String> {
    let mut counts = Counts::new();
    for load in [Load::w1(), Load::w2(), Load::w2s(), Load::w4()] {
        let shared = Shared::new(load.make());
        let forwarder = an_invocation(counter, Kind::Forwarder, programs.forwarder, &shared)?;
        let floor = an_invocation(counter, Kind::Floor, programs.floor, &shared)?;
        counts.insert(load.name, Count { forwarder, floor });
    }
    Ok(counts)
}

/// Counts programs for arm64, and writes them beside the accepted counts of x86_64 into `docs/performance.md`.
pub(crate) fn arm64(workspace: &Path, counter: &Path, programs: &Programs<'_>) -> Result<(), String> {
    let counts = count_with(&Counter::Program(counter), programs)?;
    let accepted: Counts = read(&file(workspace))?;
    let mut table = String::from(
        "| load | arm64: instructions | times its floor | x86_64: instructions | times its floor |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for (name, arm) in &counts {
        let x86 = accepted.get(name).ok_or_else(|| format!("{name} has no accepted count"))?;
        let millions = |count: u64| count as f64 / 1e6;
        table += &format!(
            "| {name} | {:.1} million | {:.2} | {:.1} million | {:.2} |\n",
            millions(arm.forwarder),
            arm.ratio(),
            millions(x86.forwarder),
            x86.ratio()
        );
    }
    let _ = io::stdout().write_all(table.as_bytes());
    document::replace(&workspace.join("docs/performance.md"), "arm64", &table)
}

fn read(file: &Path) -> Result<Counts, String> {
    let json = std::fs::read(file).map_err(|error| format!("cannot read `{}`: {error}", file.display()))?;
    serde_json::from_slice(&json).map_err(|error| format!("`{}` is not valid: {error}", file.display()))
}

/// The instructions of one invocation: the difference between a process with several and a process with one, divided by
/// the number of additional ones. Start and end of the process are in both.
fn an_invocation(counter: &Counter<'_>, kind: Kind, program: &Path, load: &Shared) -> Result<u64, String> {
    let few = process(counter, kind, program, load, 1)?;
    let more = process(counter, kind, program, load, 1 + COUNTED)?;
    Ok(more.saturating_sub(few) / COUNTED)
}

fn process(
    counter: &Counter<'_>,
    kind: Kind,
    program: &Path,
    load: &Shared,
    invocations: u64,
) -> Result<u64, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("cannot make a folder: {error}"))?;
    let out = folder.path().join("counted");
    let wrapper = match counter {
        Counter::Callgrind => vec![
            which("valgrind").ok_or("valgrind is not installed")?,
            "--quiet".to_owned(),
            "--tool=callgrind".to_owned(),
            format!("--callgrind-out-file={}", out.display()),
        ],
        Counter::Program(program) => vec![program.display().to_string(), out.display().to_string()],
    };
    let mut subject = Subject::start(kind, program, load, &wrapper)?;
    for _ in 0..invocations {
        subject.invoke()?;
    }
    subject.end()?;
    let written = std::fs::read_to_string(&out).map_err(|error| format!("nothing was counted: {error}"))?;
    let total = match counter {
        Counter::Callgrind => {
            written.lines().find_map(|line| line.strip_prefix("totals: ").or(line.strip_prefix("summary: ")))
        }
        Counter::Program(_) => Some(written.as_str()),
    };
    total.and_then(|total| total.trim().parse().ok()).ok_or_else(|| "nothing was counted".to_owned())
}

fn which(program: &str) -> Option<String> {
    let paths = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&paths).map(|path| path.join(program)).find(|path| path.is_file())?;
    found.to_str().map(str::to_owned)
}

/// Counts, and fails where a ratio has grown too much; with `accept`, writes them as the accepted counts instead.
pub(crate) fn gate(workspace: &Path, bootstrap: &Path, accept: bool) -> Result<(), String> {
    if !can_count() {
        return Err(
            "there is no valgrind, which counts the instructions; install the package `valgrind`".to_owned()
        );
    }
    let file = file(workspace);
    let counts = count(bootstrap)?;
    let accepted = if accept && !file.exists() { Counts::new() } else { read(&file)? };
    let mut worse = Vec::new();
    let mut out = io::stdout().lock();
    for (name, count) in &counts {
        let before = accepted.get(name).map(|count| count.ratio());
        let change = before.map_or(0.0, |before| count.ratio() / before - 1.0);
        let _ = writeln!(
            out,
            "{name:4} {:>11} instructions, {:.3} times the floor, {:+.1} %",
            count.forwarder,
            count.ratio(),
            change * 100.0
        );
        if before.is_none() || change > TOLERANCE {
            worse.push(name.as_str());
        }
    }
    if accept {
        let json = serde_json::to_string_pretty(&counts).map_err(|error| error.to_string())?;
        return std::fs::write(&file, json + "\n")
            .map_err(|e| format!("cannot write `{}`: {e}", file.display()));
    }
    if worse.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the forwarder takes more than {:.0} % more instructions on {}\n\
         hint: find out why; if it is worth it, `cargo run --profile bench -p cwl2le-benches -- gate --accept` writes \
         benches/instructions.json, to be committed with the reason",
        TOLERANCE * 100.0,
        worse.join(", ")
    ))
}
