//! Python as a process, whatever the caller's shell says about it.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::process::Command;

/// Runs Python for a `-c` or `-m` argument. Without `-I` Python looks for modules in the working folder first, so that
/// a file such as `venv.py` in it would be executed.
pub(super) fn isolated(path: &Path) -> Command {
    let mut command = python(path);
    command.arg("-I");
    command
}

/// Runs Python without the settings of the caller's shell, which point to other packages.
pub(super) fn python(path: &Path) -> Command {
    let mut command = Command::new(path);
    command
        .env_remove("PYTHONHOME")
        .env_remove("PYTHONPATH")
        .env_remove("VIRTUAL_ENV")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Where the environment at `root` keeps its Python.
pub(super) fn interpreter(root: &Path) -> PathBuf {
    if cfg!(windows) { root.join("Scripts").join("python.exe") } else { root.join("bin").join("python") }
}

/// The line in which a failed tool says why: pip's `ERROR:` lines first, else the last one.
pub(super) fn last_line(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned()
        + "\n"
        + &String::from_utf8_lossy(&output.stdout);
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines
        .iter()
        .find_map(|line| line.strip_prefix("ERROR: "))
        .or(lines.last().copied())
        .map_or_else(|| format!("it ended with {}", output.status), str::to_owned)
}
