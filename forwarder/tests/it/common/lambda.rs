//! A stand-in for Lambda's runtime API that runs the real `bootstrap` as a process.

#![allow(clippy::expect_used, reason = "tests may panic")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::common::PATIENCE;

/// What a process told the runtime API: the last parts of the path, and the body.
#[derive(Debug)]
pub struct Told {
    pub path: String,
    pub body: String,
}

impl Told {
    /// Whether the invocation failed as a whole, with this type of error; and the message.
    pub fn error(&self) -> Option<(String, String)> {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        let text = |key: &str| body[key].as_str().unwrap().to_owned();
        self.path.ends_with("/error").then(|| (text("errorType"), text("errorMessage")))
    }

    /// The sequence number that is reported as failed; `None` when the batch succeeded.
    pub fn checkpoint(&self) -> Option<String> {
        assert!(self.path.ends_with("/response"), "{self:?}");
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        let failures = body["batchItemFailures"].as_array().unwrap();
        assert!(failures.len() <= 1);
        failures.first().map(|first| first["itemIdentifier"].as_str().unwrap().to_owned())
    }
}

struct Event {
    body: Vec<u8>,
    time: Duration,
}

/// A runtime API for one process at a time.
pub struct Lambda {
    address: std::net::SocketAddr,
    events: Sender<Event>,
    told: Receiver<Told>,
}

impl Lambda {
    /// One whose functions do not learn which account they are in.
    pub fn start() -> Self {
        Self::start_in("1")
    }

    /// One in this account.
    pub fn start_in(account: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (events, to_deliver) = channel();
        let (tell, told) = channel();
        let to_deliver = Arc::new(Mutex::new(to_deliver));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (to_deliver, tell) = (Arc::clone(&to_deliver), tell.clone());
                std::thread::spawn(move || serve(stream, account, &to_deliver, &tell));
            }
        });
        Self { address, events, told }
    }

    /// Starts the function.
    pub fn run(&self, config: &str, environment: &[(&str, &str)]) -> Function {
        self.start_function(Command::new(bootstrap()), config, environment)
    }

    /// Starts the function as a process that gets no more memory than this, in megabytes: one more byte ends it.
    pub fn run_within(&self, megabytes: usize, config: &str, environment: &[(&str, &str)]) -> Function {
        let mut command = Command::new("/bin/sh");
        // RLIMIT_DATA counts what a process may write to, like its resident memory at worst. RLIMIT_AS also counts the
        // address space that the C library reserves.
        command
            .args(["-c", "ulimit -d \"$1\" && exec \"$0\""])
            .arg(bootstrap())
            .arg((megabytes << 10).to_string());
        self.start_function(command, config, environment)
    }

    fn start_function(&self, mut command: Command, config: &str, environment: &[(&str, &str)]) -> Function {
        let log = tempfile::NamedTempFile::new().unwrap();
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", self.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "cwl-to-logentries")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/cwl-to-logentries")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
            .env("CWL2LE_CONFIG", config)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.reopen().unwrap())
            .stderr(log.reopen().unwrap());
        Function { process: command.spawn().unwrap(), log }
    }

    /// Hands an event to the function that has so much time for it.
    pub fn send(&self, event: &[u8], time: Duration) {
        self.events.send(Event { body: event.to_vec(), time }).unwrap();
    }

    /// What the function says next. The largest events take a while on a loaded machine.
    pub fn told(&self) -> Told {
        self.told.recv_timeout(PATIENCE * 8).expect("the function says something")
    }

    /// Whether the function has said something by now.
    pub fn told_already(&self) -> Option<Told> {
        self.told.try_recv().ok()
    }

    pub fn invoke(&self, event: &[u8]) -> Told {
        self.send(event, PATIENCE);
        self.told()
    }
}

/// A running `bootstrap`.
pub struct Function {
    pub process: Child,
    log: tempfile::NamedTempFile,
}

impl Function {
    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap()
    }

    /// The most memory that it has had so far, in megabytes.
    #[cfg(target_os = "linux")]
    pub fn peak(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<usize>().unwrap() >> 10
    }

    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What Lambda starts: what was built for this test, or another executable, such as one for another processor that a
/// script runs with an emulator.
pub fn bootstrap() -> PathBuf {
    std::env::var_os("CWL2LE_BOOTSTRAP")
        .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_bootstrap")), PathBuf::from)
}

/// Serves one connection of the runtime client.
fn serve(mut stream: TcpStream, account: &str, events: &Mutex<Receiver<Event>>, tell: &Sender<Told>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some((request, body)) = read_message(&mut reader) {
        let path = request.split(' ').nth(1).unwrap_or_default();
        let answer = if path.ends_with("/invocation/next") {
            let Ok(event) = events.lock().unwrap().recv() else { return };
            let deadline = (SystemTime::now() + event.time).duration_since(UNIX_EPOCH).unwrap().as_millis();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: 1\r\n\
                 Lambda-Runtime-Deadline-Ms: {deadline}\r\nLambda-Runtime-Trace-Id: Root=1\r\n\
                 Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:r:{account}:function:f\r\nContent-Length: {}\r\n\r\n",
                event.body.len()
            );
            [head.as_bytes(), &event.body].concat()
        } else {
            let told = Told { path: path.to_owned(), body: String::from_utf8_lossy(&body).into_owned() };
            if tell.send(told).is_err() {
                return;
            }
            b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n".to_vec()
        };
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

/// Reads one HTTP message with a Content-Length: its first line and its body.
pub fn read_message(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let mut first = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() && !first.is_empty() {
            break;
        }
        if first.is_empty() {
            line.clone_into(&mut first);
        } else if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((first, body))
}

/// One HTTP request of the caller's own; the status line and the body of the answer.
pub fn post(address: &str, path: &str, body: &[u8]) -> std::io::Result<(String, Vec<u8>)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let head = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), body].concat())?;
    read_message(&mut BufReader::new(stream)).ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
}
