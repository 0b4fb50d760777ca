//! `pip`, which installs pinned requirements and nothing else.

use std::path::Path;

use tokio::process::Command;

use super::command::{interpreter, isolated, last_line};
use super::tool::Tool;
use crate::error::LocalError;

/// Installs the tool's pinned requirements into the environment at `root`.
pub(super) async fn install(tool: Tool, root: &Path) -> Result<(), LocalError> {
    let what = format!("cannot install {} {}", tool.name, tool.version());
    let file = root.join("requirements.txt");
    std::fs::write(&file, tool.requirements).map_err(|error| LocalError::new(what.as_str(), error))?;
    run_pip(pip_install(&interpreter(root), &file), &what).await
}

/// The command that installs pinned requirements, and nothing else: only wheels, because building a source archive runs
/// build tools that no hash pins.
pub(super) fn pip_install(interpreter: &Path, requirements: &Path) -> Command {
    let mut pip = pip(interpreter);
    pip.args(["install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r"]).arg(requirements);
    pip
}

/// `pip` without questions and decoration, and without the secrets in the caller's environment; the caller's index and
/// certificates stay in force.
pub(crate) fn pip(interpreter: &Path) -> Command {
    let mut command = isolated(interpreter);
    command
        .args(["-m", "pip", "--disable-pip-version-check", "--no-input", "--retries", "2"])
        // Both would put the packages elsewhere than into this environment.
        .env_remove("PIP_TARGET")
        .env("PIP_USER", "0");
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_none_or(may_be_secret) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether a variable of the environment may hold a secret that an installation has no use for. `PIP_*` and `UV_*`
/// variables stay: an index may need the credentials in them.
pub(super) fn may_be_secret(name: &str) -> bool {
    const OURS: [&str; 2] = ["AWS_", "CWL2LE_"];
    const SIGNS: [&str; 6] = ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "API_KEY"];
    let name = name.to_ascii_uppercase();
    let is_for_the_index = name.starts_with("PIP_") || name.starts_with("UV_");
    !is_for_the_index
        && (OURS.iter().any(|prefix| name.starts_with(prefix))
            || SIGNS.iter().any(|sign| name.contains(sign)))
}

/// Runs a `pip` command and explains its failure.
pub(crate) async fn run_pip(mut pip: Command, what: &str) -> Result<(), LocalError> {
    let output = pip.output().await.map_err(|error| LocalError::new(what, error))?;
    if output.status.success() {
        return Ok(());
    }
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    Err(LocalError::new(what, last_line(&output)).with_hint(pip_hint(&said)))
}

/// What to do about a failed `pip`, judged by what it said.
pub(super) fn pip_hint(said: &str) -> &'static str {
    const NETWORK: [&str; 7] = [
        "NewConnectionError",
        "Failed to establish a new connection",
        "Temporary failure in name resolution",
        "Max retries exceeded",
        "ProxyError",
        "timed out",
        "after connection broken",
    ];
    if said.contains("DO NOT MATCH THE HASHES") {
        "the package index served other files than the pinned ones: check which index pip is configured to use"
    } else if said.contains("No space left on device") {
        "free some disk space (about 150 MB), or set CWL2LE_CACHE_DIR to a folder on another disk"
    } else if NETWORK.iter().any(|sign| said.contains(sign)) {
        "installing needs the network once: check the connection, and the proxy or index that pip is configured to use"
    } else {
        "pip could not install it: see its message, and check the index that pip is configured to use"
    }
}
