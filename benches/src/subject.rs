//! The subjects of a measurement: forwarder, floor and naive pipeline, each a process with a log service of its own.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cwl2le_benches::workload::{Made, TOKEN};
use tempfile::TempDir;

use crate::floor;
use crate::process::{Process, bare};
use crate::runtime_api::RuntimeApi;
use crate::service::Service;

/// Which of the three subjects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Forwarder,
    Floor,
    Naive,
}

/// A running subject and its load.
pub(crate) struct Subject {
    process: Process,
    service: Service,
    wire: Arc<Vec<u8>>,
    driver: Driver,
    /// Keeps the folder with its files until it is dropped.
    _folder: TempDir,
}

/// How a subject gets its invocations.
enum Driver {
    Lambda {
        api: RuntimeApi,
        event: Arc<Vec<u8>>,
    },
    /// A byte on standard input starts an invocation; a byte on standard output ends it.
    Pipe,
}

/// A load, shared by several subjects.
#[derive(Clone)]
pub(crate) struct Shared {
    event: Arc<Vec<u8>>,
    wire: Arc<Vec<u8>>,
    members: Arc<Vec<Vec<u8>>>,
}

impl Shared {
    pub(crate) fn new(made: Made) -> Self {
        Self { event: Arc::new(made.event), wire: Arc::new(made.wire), members: Arc::new(made.members) }
    }
}

/// The times of a cold start.
pub(crate) struct Start {
    /// From the start of the process to its first request for an event.
    pub(crate) next: Duration,
    /// From the start of the process to the first line at the log service.
    pub(crate) line: Duration,
}

impl Subject {
    /// Starts it and waits until it is ready. `program` is the forwarder, or this program, whose part the other two are.
    /// `wrapper` is a program with its arguments to run it under, or empty.
    pub(crate) fn start(
        kind: Kind,
        program: &Path,
        load: &Shared,
        wrapper: &[String],
    ) -> Result<Self, String> {
        let failed = |what: &str, why: &dyn std::fmt::Display| format!("{kind:?}: cannot {what}: {why}");
        let folder = tempfile::tempdir().map_err(|e| failed("make a folder", &e))?;
        let authority = folder.path().join("authority.pem");
        let service = Service::start(&authority).map_err(|e| failed("start the log service", &e))?;
        let mut command = match wrapper {
            [] => bare(program),
            [first, rest @ ..] => {
                let mut command = bare(Path::new(first));
                command.args(rest).arg(program);
                command
            }
        };
        let address = service.address.to_string();
        let driver = if kind == Kind::Floor {
            floor::write_files(folder.path(), &load.members, &load.wire)
                .map_err(|e| failed("write its files", &e))?;
            command
                .arg("floor")
                .arg(folder.path())
                .arg(&address)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped());
            Driver::Pipe
        } else {
            let api = RuntimeApi::start().map_err(|e| failed("start the runtime API", &e))?;
            if kind == Kind::Naive {
                command.arg("naive").arg(folder.path()).arg(&address);
            }
            environment(&mut command, &api, &address, &authority);
            // Lambda reads the function's log from a pipe, too.
            command.stdout(Stdio::piped());
            Driver::Lambda { api, event: Arc::clone(&load.event) }
        };
        let mut process = Process::start(&mut command).map_err(|e| failed("start it", &e))?;
        if matches!(driver, Driver::Lambda { .. })
            && let Some(mut log) = process.child().stdout.take()
        {
            std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        }
        let wire = Arc::clone(&load.wire);
        let subject = Self { process, service, wire, driver, _folder: folder };
        if let Driver::Lambda { api, .. } = &subject.driver {
            api.asked()?;
        }
        Ok(subject)
    }

    /// Measures a cold start of the forwarder with its first event.
    pub(crate) fn cold(bootstrap: &Path, load: &Shared) -> Result<Start, String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let authority = folder.path().join("authority.pem");
        let service = Service::start(&authority).map_err(|e| e.to_string())?;
        let api = RuntimeApi::start().map_err(|e| e.to_string())?;
        let mut command = bare(bootstrap);
        environment(&mut command, &api, &service.address.to_string(), &authority);
        service.expect(&load.wire);
        let process = Process::start(&mut command).map_err(|e| e.to_string())?;
        let asked = api.asked()?;
        api.hand_over(&load.event)?;
        let first = service.arrived()?;
        api.answered()?;
        let since = |at: Instant| at.duration_since(process.started);
        Ok(Start { next: since(asked), line: since(first) })
    }

    /// Runs one invocation. Returns when the subject waits for the next one and every byte has arrived.
    pub(crate) fn invoke(&mut self) -> Result<(), String> {
        self.service.expect(&self.wire);
        match &self.driver {
            Driver::Lambda { api, event } => {
                api.hand_over(event)?;
                api.answered()?;
                api.asked()?;
            }
            Driver::Pipe => {
                let child = self.process.child();
                let told = child.stdin.as_mut().is_some_and(|pipe| pipe.write_all(b".").is_ok());
                let answered = child.stdout.as_mut().is_some_and(|pipe| pipe.read_exact(&mut [0]).is_ok());
                if !told || !answered {
                    return Err("the floor has ended".to_owned());
                }
            }
        }
        self.service.arrived().map(drop)
    }

    /// The CPU time of one invocation.
    pub(crate) fn cost(&mut self) -> Result<Duration, String> {
        let before = self.cpu()?;
        self.invoke()?;
        Ok(self.cpu()? - before)
    }

    fn cpu(&self) -> Result<Duration, String> {
        self.process.cpu().map_err(|error| format!("cannot read CPU times from /proc: {error}"))
    }

    /// See [`Process::peak_memory`].
    pub(crate) fn peak_memory(&self) -> Result<u64, String> {
        self.process.peak_memory().map_err(|error| format!("cannot read memory from /proc: {error}"))
    }

    /// Ends it without an error.
    pub(crate) fn end(mut self) -> Result<(), String> {
        match &self.driver {
            Driver::Lambda { api, .. } => api.end(),
            Driver::Pipe => drop(self.process.child().stdin.take()),
        }
        self.process.wait().map_err(|error| format!("cannot wait for it: {error}"))
    }
}

/// Sets the environment variables that Lambda sets, and a configuration with the log service as destination.
fn environment(command: &mut Command, api: &RuntimeApi, address: &str, authority: &Path) {
    let config = serde_json::json!({"destinations": {"default": {
        "type": "logentries", "endpoint": address, "ca_file": authority, "token": TOKEN,
    }}});
    command
        .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "cwl-to-logentries")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/cwl-to-logentries")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
        .env("CWL2LE_CONFIG", config.to_string());
}
