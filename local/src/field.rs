//! Log servers of the field, for tests: an OpenTelemetry collector and rsyslog, as ordinary processes.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::cache::{Cache, Progress};
use crate::error::LocalError;
use crate::guarded::Guarded;
use crate::ministack::MINISTACK;
use crate::python::{PythonEnv, Tool};

/// Rotel, a collector whose wheel carries its executable.
pub const ROTEL: Tool = Tool {
    name: "rotel",
    purpose: "an OpenTelemetry collector, for tests",
    requirements: include_str!("../requirements/rotel.txt"),
};

/// rsyslog with TLS, and the libraries that a machine without it lacks.
const RSYSLOG: [&str; 4] = ["rsyslog", "rsyslog-openssl", "libestr0", "libfastjson4"];

/// A running log server.
#[derive(Debug)]
pub struct FieldServer {
    server: Guarded,
}

impl FieldServer {
    /// Starts a collector that takes OTLP over HTTP, installing it first if need be.
    ///
    /// # Errors
    /// It cannot be installed or started.
    pub async fn otlp(cache: &Cache, progress: Progress<'_>) -> Result<Self, LocalError> {
        let environment = PythonEnv::of(ROTEL, cache, progress).await?;
        let server = Guarded::start("rotel", &environment, "field_server.py", &["rotel"]).await?;
        Ok(Self { server })
    }

    /// Whether this machine has the packages that [`FieldServer::syslog`] is made of.
    pub fn has_syslog() -> bool {
        Path::new("/etc/debian_version").exists()
    }

    /// Starts rsyslog with TLS, with this certificate and key in PEM, installing it first if need be. Nothing of it
    /// needs root, and nothing is put into the system.
    ///
    /// # Errors
    /// It cannot be installed or started.
    pub async fn syslog(
        cache: &Cache,
        certificate: &Path,
        key: &Path,
        progress: Progress<'_>,
    ) -> Result<Self, LocalError> {
        let environment = PythonEnv::of(MINISTACK, cache, progress).await?;
        let root = rsyslog(cache, progress).await?;
        let text = |path: &Path| path.display().to_string();
        let arguments =
            ["rsyslog", "--root", &text(&root), "--certificate", &text(certificate), "--key", &text(key)];
        let server = Guarded::start("rsyslog", &environment, "field_server.py", &arguments).await?;
        Ok(Self { server })
    }

    /// Where it listens on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// What it says it has received, once that holds `text`, or when `patience` ends.
    pub async fn received(&self, text: &str, patience: Duration) -> String {
        let file = self.server.log_path().with_file_name("received");
        let end = Instant::now() + patience;
        loop {
            let received = std::fs::read(&file).unwrap_or_default();
            let received = String::from_utf8_lossy(&received).into_owned();
            if received.contains(text) || Instant::now() >= end {
                return received;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The last `lines` of its log, for a test that failed.
    pub fn logs_tail(&self, lines: usize) -> String {
        self.server.logs_tail(lines)
    }
}

/// The folder with the unpacked packages, which apt downloads and checks.
async fn rsyslog(cache: &Cache, progress: Progress<'_>) -> Result<PathBuf, LocalError> {
    const WHAT: &str = "cannot install rsyslog for the tests";
    let usable = |root: &Path| root.join("usr/sbin/rsyslogd").is_file();
    cache
        .entry("rsyslog", &RSYSLOG.join(" "), usable, progress, async |root: &Path| {
            progress(&format!(
                "unpacking rsyslog (for tests) into {}: once, some seconds",
                cache.root().display()
            ));
            let mut download = Command::new("apt-get");
            run(download.arg("download").args(RSYSLOG).current_dir(root), WHAT).await?;
            let packages = std::fs::read_dir(root).map_err(|error| LocalError::new(WHAT, error))?;
            for package in packages.map_while(Result::ok) {
                run(Command::new("dpkg").arg("-x").arg(package.path()).arg(root), WHAT).await?;
                std::fs::remove_file(package.path()).map_err(|error| LocalError::new(WHAT, error))?;
            }
            Ok(())
        })
        .await
}

async fn run(command: &mut Command, what: &str) -> Result<(), LocalError> {
    let output = command.output().await.map_err(|error| LocalError::new(what, error))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(LocalError::new(what, said).with_hint("run `apt-get update` first, so that apt knows the packages"))
}
