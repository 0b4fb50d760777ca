//! The local AWS: ministack as a process of its own, with our launcher around it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin};

use crate::cache::{Cache, Progress};
use crate::error::LocalError;
use crate::http;
use crate::python::{PythonEnv, Tool};

/// ministack and what it needs.
pub const MINISTACK: Tool = Tool {
    name: "ministack",
    purpose: "the local AWS",
    requirements: include_str!("../requirements/ministack.txt"),
};

/// Our launcher around it, file by file.
const LAUNCHER: [(&str, &str); 6] = [
    ("launcher.py", include_str!("../launcher/launcher.py")),
    ("mappings.py", include_str!("../launcher/mappings.py")),
    ("patterns.py", include_str!("../launcher/patterns.py")),
    ("reader.py", include_str!("../launcher/reader.py")),
    ("roles.py", include_str!("../launcher/roles.py")),
    ("subscriptions.py", include_str!("../launcher/subscriptions.py")),
];

/// A cold start takes a second; a busy machine gets a minute.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long the processes get to end before we no longer wait for them.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// How the local AWS behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Checks signatures and evaluates identity policies; off, every caller may do everything.
    pub auth: bool,
}

/// What a client of the local AWS signs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The access key; twelve digits choose the account of that number.
    pub access_key_id: String,
    /// The secret, the same for every account.
    pub secret_access_key: String,
}

/// A running local AWS. It ends, with the functions that it runs, when this value is dropped and
/// also when this process is killed.
#[derive(Debug)]
pub struct LocalAws {
    process: Child,
    // The launcher lives as long as this pipe is open.
    lifeline: Option<ChildStdin>,
    port: u16,
    endpoint: String,
    log: PathBuf,
    // Removed last: the log and the functions' files are in it.
    _state: tempfile::TempDir,
}

/// The launcher's one line on stdout.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Announcement {
    Started { port: u16 },
    Failed { error: String },
}

impl LocalAws {
    /// Starts a local AWS of its own on a free port of 127.0.0.1, installing it first if need be.
    pub async fn start(cache: &Cache, options: Options, progress: Progress<'_>) -> Result<Self, LocalError> {
        const WHAT: &str = "cannot start the local AWS";
        let environment = PythonEnv::of(MINISTACK, cache, progress).await?;
        let state = tempfile::Builder::new()
            .prefix("cwl2le-aws-")
            .tempdir()
            .map_err(|error| LocalError::new(WHAT, error))?;
        let log = state.path().join("aws.log");
        let mut process =
            spawn(&environment, options, state.path(), &log).map_err(|error| LocalError::new(WHAT, error))?;
        let lifeline = process.stdin.take();
        let announced = announcement(&mut process).await;
        let port = match announced {
            Ok(Announcement::Started { port }) => port,
            Ok(Announcement::Failed { error }) => return Err(LocalError::new(WHAT, error)),
            Err(cause) => {
                let said = tail(&log, 20);
                return Err(LocalError::new(WHAT, cause).with_hint(if said.is_empty() {
                    format!("its cache folder is {}: delete it to install anew", cache.root().display())
                } else {
                    format!("its last words were:\n{said}")
                }));
            }
        };
        Ok(Self { process, lifeline, port, endpoint: format!("http://127.0.0.1:{port}"), log, _state: state })
    }

    /// The endpoint URL for every service, for example `http://127.0.0.1:40123`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The credentials of the default account, 000000000000.
    pub fn credentials(&self) -> Credentials {
        Credentials { access_key_id: "test".into(), secret_access_key: "test".into() }
    }

    /// The credentials of the root of `account` (twelve digits), which shares nothing with other accounts:
    /// tests that run beside each other take one each.
    pub fn credentials_for(&self, account: &str) -> Credentials {
        Credentials { access_key_id: account.into(), secret_access_key: "test".into() }
    }

    /// Forgets everything in every account.
    pub async fn reset(&self) -> Result<(), LocalError> {
        http::post(self.port, "/_ministack/reset")
            .await
            .map_err(|error| LocalError::new("cannot reset the local AWS", error))
    }

    /// Where the local AWS writes its log; the file goes when the local AWS stops.
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// The last `lines` of its log, for a test that failed.
    pub fn logs_tail(&self, lines: usize) -> String {
        tail(&self.log, lines)
    }

    /// The process id of the launcher, which leads the process group of everything it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Stops it and waits until it has ended.
    pub async fn stop(mut self) -> Result<(), LocalError> {
        drop(self.lifeline.take());
        match tokio::time::timeout(STOP_LIMIT, self.process.wait()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(LocalError::new("cannot stop the local AWS", error)),
            Err(_) => {
                Err(LocalError::new("cannot stop the local AWS", "it still runs after being told to end"))
            }
        }
    }
}

impl Drop for LocalAws {
    fn drop(&mut self) {
        // The launcher kills its whole group and removes its files when the pipe closes. The
        // folder can go only after the functions in it, so wait for that; `kill_on_drop` is for
        // a launcher that hangs.
        drop(self.lifeline.take());
        let deadline = Instant::now() + STOP_LIMIT;
        while Instant::now() < deadline && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn spawn(environment: &PythonEnv, options: Options, state: &Path, log: &Path) -> std::io::Result<Child> {
    let folder = state.join("launcher");
    std::fs::create_dir(&folder)?;
    for (name, text) in LAUNCHER {
        std::fs::write(folder.join(name), text)?;
    }
    let launcher = folder.join("launcher.py");
    let mut command = environment.command();
    // The functions inherit this environment: nothing of the person's own AWS may leak into it.
    command.env_clear();
    for kept in ["PATH", "LANG", "LC_ALL", "SystemRoot"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    if options.auth {
        command.arg("-u").arg(&launcher).arg("--auth");
    } else {
        command.arg("-u").arg(&launcher);
    }
    command
        .arg("--state")
        .arg(state)
        .current_dir(state)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(log)?);
    // A group of its own: Ctrl-C in the terminal is for us, and we end the group when we are done.
    #[cfg(unix)]
    command.process_group(0);
    command.spawn()
}

/// Waits for the launcher's one line.
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
