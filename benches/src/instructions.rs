//! Instructions instead of time: the same on a busy machine, so that a gate can stand on them.
//!
//! Valgrind shows a program one of a few processors of its own, so memchr, ring, libdeflate and the C library pick the
//! same code on every machine with AVX2. What is left of the machine, compiler and C library, is in the floor too: the
//! gate looks at the ratio to the floor of the same run.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::subject::{Kind, Shared, Subject};
use crate::workload::Load;

/// A ratio may grow by this much before the gate closes.
const TOLERANCE: f64 = 0.05;

/// How many invocations are counted, beyond one to warm up.
const COUNTED: u64 = 2;

/// What an invocation takes.
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

/// By the name of the load.
pub(crate) type Counts = BTreeMap<String, Count>;

/// Where the accepted counts are kept.
pub(crate) fn file(workspace: &Path) -> PathBuf {
    workspace.join("benches").join("instructions.json")
}

/// Whether there is a valgrind to count with.
pub(crate) fn can_count() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Counts the loads of the gate. W3 is too small to mean anything.
pub(crate) fn count(bootstrap: &Path) -> Result<Counts, String> {
    let mut counts = Counts::new();
    for load in [Load::w1(), Load::w2(), Load::w2s(), Load::w4()] {
        let shared = Shared::new(load.make());
        let forwarder = an_invocation(Kind::Forwarder, bootstrap, &shared)?;
        let floor = an_invocation(Kind::Floor, bootstrap, &shared)?;
        counts.insert(load.name, Count { forwarder, floor });
    }
    Ok(counts)
}

/// What more invocations take more: start and end of the process are in both.
fn an_invocation(kind: Kind, bootstrap: &Path, load: &Shared) -> Result<u64, String> {
    let few = process(kind, bootstrap, load, 1)?;
    let more = process(kind, bootstrap, load, 1 + COUNTED)?;
    Ok(more.saturating_sub(few) / COUNTED)
}

fn process(kind: Kind, bootstrap: &Path, load: &Shared, invocations: u64) -> Result<u64, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("cannot make a folder: {error}"))?;
    let out = folder.path().join("callgrind");
    let valgrind = which("valgrind").ok_or("there is no valgrind")?;
    let wrapper = [
        valgrind,
        "--quiet".to_owned(),
        "--tool=callgrind".to_owned(),
        format!("--callgrind-out-file={}", out.display()),
    ];
    let mut subject = Subject::start(kind, bootstrap, load, &wrapper)?;
    for _ in 0..invocations {
        subject.invoke()?;
    }
    subject.end()?;
    let written =
        std::fs::read_to_string(&out).map_err(|error| format!("callgrind wrote nothing: {error}"))?;
    let total =
        written.lines().find_map(|line| line.strip_prefix("totals: ").or(line.strip_prefix("summary: ")));
    total.and_then(|total| total.trim().parse().ok()).ok_or_else(|| "callgrind counted nothing".to_owned())
}

fn which(program: &str) -> Option<String> {
    let paths = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&paths).map(|path| path.join(program)).find(|path| path.is_file())?;
    found.to_str().map(str::to_owned)
}

/// Compares with the accepted counts, or accepts these.
pub(crate) fn gate(workspace: &Path, bootstrap: &Path, accept: bool) -> Result<(), String> {
    if !can_count() {
        return Err(
            "there is no valgrind, which counts the instructions; install the package `valgrind`".to_owned()
        );
    }
    let file = file(workspace);
    let counts = count(bootstrap)?;
    let accepted: Counts = match std::fs::read(&file) {
        Ok(json) => {
            serde_json::from_slice(&json).map_err(|e| format!("`{}` is not valid: {e}", file.display()))?
        }
        Err(_) if accept => Counts::new(),
        Err(error) => return Err(format!("cannot read `{}`: {error}", file.display())),
    };
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
         hint: find out why; if it is worth it, `cargo run --profile dist -p cwl2le-benches -- gate --accept` writes \
         benches/instructions.json, to be committed with the reason",
        TOLERANCE * 100.0,
        worse.join(", ")
    ))
}
