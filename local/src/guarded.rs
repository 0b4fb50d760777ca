//! A Python server as a process of its own that never outlives us; `launcher/guard.py` is its other half.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use crate::error::LocalError;
use crate::python::PythonEnv;

/// Names and contents of files in `launcher/`, by their names without `.py`.
macro_rules! launcher_files {
    ($($name:literal),* $(,)?) => {
        &[$((concat!($name, ".py"), include_str!(concat!("../launcher/", $name, ".py")))),*]
    };
}

/// The Python files that run the servers; they are written beside the server's state when it starts.
const LAUNCHER: &[(&str, &str)] = launcher_files![
    "account_policies",
    "accounts",
    "alarms",
    "assumed_roles",
    "bucket_owners",
    "chain_metrics",
    "condition_keys",
    "control",
    "dashboards",
    "delivery",
    "dependent_actions",
    "destinations",
    "embedded_metrics",
    "emulation",
    "environments",
    "failed_starts",
    "field_server",
    "function_limits",
    "gate",
    "guard",
    "inputs",
    "lag",
    "launcher",
    "log_events",
    "mappings",
    "metric_requests",
    "metrics",
    "microburst_proxy",
    "moto_server",
    "networks",
    "on_failure",
    "operations",
    "organizations",
    "patterns",
    "policy_limits",
    "reader",
    "recording",
    "records",
    "refusals",
    "roles",
    "shapes",
    "simulation",
    "stream_limits",
    "strictness",
    "subscriptions",
    "tagged_resources",
    "templates",
    "throttling",
    "topics",
    "trail",
    "trust",
    "versions",
];

/// Variables that the server keeps of our environment. Those of ours are for `recording.py`, which does not leave its one
/// to functions, and for `emulation.py`.
const KEPT: &[&str] = &[
    "PATH",
    "LANG",
    "LC_ALL",
    "SystemRoot",
    "CWL2LE_REQUESTS",
    "CWL2LE_EMULATE_ARM64",
    "CWL2LE_EMULATE_X86_64",
];

/// A cold start takes a second or two; a busy machine gets a minute.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long a server gets to end before we no longer wait for it.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// A running server. Dropping it ends it and all that it started; so does our own end, by whatever signal.
#[derive(Debug)]
pub(crate) struct Guarded {
    process: Child,
    // The server lives as long as this pipe is open.
    lifeline: Option<ChildStdin>,
    port: u16,
    secret: Option<String>,
    log: PathBuf,
    // Removed last: the log and the server's files are in it.
    _state: tempfile::TempDir,
}

/// The server's one line on stdout.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Announcement {
    Started { port: u16, secret: Option<String> },
    Failed { error: String },
}

impl Guarded {
    /// Runs `script` of the launcher's files with `arguments`, and waits until it serves.
    /// `what` names it in errors, for example `the local AWS`.
    pub(crate) async fn start(
        what: &str,
        environment: &PythonEnv,
        script: &str,
        arguments: &[&str],
    ) -> Result<Self, LocalError> {
        let what = format!("cannot start {what}");
        let failed = |cause: &dyn std::fmt::Display| LocalError::new(what.as_str(), cause);
        let state = private_folder().map_err(|error| failed(&error))?;
        let log = state.path().join("server.log");
        let mut process = command(environment, script, arguments, state.path(), &log)
            .and_then(|mut command| command.spawn())
            .map_err(|error| failed(&error))?;
        let lifeline = process.stdin.take();
        match announcement(&mut process).await {
            Ok(Announcement::Started { port, secret }) => {
                Ok(Self { process, lifeline, port, secret, log, _state: state })
            }
            Ok(Announcement::Failed { error }) => Err(failed(&error)),
            Err(cause) => {
                let said = tail(&log, 20);
                let hint = if said.is_empty() {
                    "delete the cache folder to install it anew".to_owned()
                } else {
                    format!("its last words were:\n{said}")
                };
                Err(failed(&cause).with_hint(hint))
            }
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What the server takes as proof that a request is ours; `None` where it takes any.
    pub(crate) fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn log_path(&self) -> &Path {
        &self.log
    }

    pub(crate) fn logs_tail(&self, lines: usize) -> String {
        tail(&self.log, lines)
    }

    /// Ends the server and waits until it has ended.
    pub(crate) async fn stop(&mut self) -> Result<(), LocalError> {
        const WHAT: &str = "cannot stop a local server";
        drop(self.lifeline.take());
        match tokio::time::timeout(STOP_LIMIT, self.process.wait()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(LocalError::new(WHAT, error)),
            Err(_) => Err(LocalError::new(WHAT, "it still runs after being told to end")),
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // The server kills its whole group when the pipe closes. The folder can go only after the
        // processes in it, so wait for them; `kill_on_drop` is for a server that hangs.
        drop(self.lifeline.take());
        let deadline = Instant::now() + STOP_LIMIT;
        while Instant::now() < deadline && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A temporary folder for this user alone: it holds code that is run, and tokens.
///
/// # Errors
/// It cannot be made.
pub fn private_folder() -> std::io::Result<tempfile::TempDir> {
    let mut folder = tempfile::Builder::new();
    folder.prefix("cwl2le-");
    #[cfg(unix)]
    folder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    folder.tempdir()
}

fn command(
    environment: &PythonEnv,
    script: &str,
    arguments: &[&str],
    state: &Path,
    log: &Path,
) -> std::io::Result<Command> {
    let folder = state.join("launcher");
    std::fs::create_dir(&folder)?;
    for (name, text) in LAUNCHER {
        std::fs::write(folder.join(name), text)?;
    }
    let mut command = environment.command();
    // The functions of the local AWS inherit this environment: nothing of the person's own AWS may
    // leak into it.
    command.env_clear();
    for kept in KEPT {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command
        .arg("-u")
        .arg(folder.join(script))
        .arg(OsStr::new("--state"))
        .arg(state)
        .args(arguments)
        .current_dir(state)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(log)?);
    // A group of its own: Ctrl-C in the terminal is for us, and we end the group when we are done.
    #[cfg(unix)]
    command.process_group(0);
    Ok(command)
}

/// Waits for the server's one line.
async fn announcement(process: &mut Child) -> Result<Announcement, String> {
    let Some(stdout) = process.stdout.take() else {
        return Err("its output cannot be read".into());
    };
    let mut lines = BufReader::new(stdout).lines();
    let line = tokio::time::timeout(START_LIMIT, lines.next_line())
        .await
        .map_err(|_| format!("it did not start within {} seconds", START_LIMIT.as_secs()))?
        .map_err(|error| error.to_string())?
        .ok_or("it ended before it was ready")?;
    serde_json::from_str(&line).map_err(|_| format!("it said {line:?} instead of its port"))
}

fn tail(log: &Path, lines: usize) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::LAUNCHER;

    #[test]
    fn every_file_of_the_launcher_is_written_beside_the_server() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/launcher");
        let names =
            std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("a file").file_name());
        let mut there: Vec<_> = names.filter_map(|name| name.into_string().ok()).collect();
        there.retain(|name| name.ends_with(".py"));
        there.sort_unstable();
        assert_eq!(LAUNCHER.iter().map(|(name, _)| *name).collect::<Vec<_>>(), there);
    }
}
