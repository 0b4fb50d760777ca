//! rsyslog and syslog-ng as Debian ships them: they close after a half-close, and what they have not read is never
//! reported as delivered.
//!
//! They are found below `target/ci-tools/syslog`, where `.ci/run test` puts them without installing anything, or on the
//! path. Without them the test is skipped with a notice, unless `CI` is set.

#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, reason = "a notice is printed")]

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cwl2le_forwarder::config::{Config, Destination};
use cwl2le_forwarder::destination::Receipt;
use cwl2le_forwarder::destination::probe::{Probe, probe};
use cwl2le_forwarder::{Forwarder, Options};
use serde_json::json;

use crate::common::receiver::{Certificates, signal, stop};
use crate::common::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsyslog,
    SyslogNg,
}

/// A program of one of the servers, and the folder that was unpacked instead of `/`, if it was.
struct Program {
    path: PathBuf,
    root: Option<PathBuf>,
}

impl Program {
    fn find(kind: Kind) -> Option<Self> {
        let (folder, name) = match kind {
            Kind::Rsyslog => ("rsyslog", "rsyslogd"),
            Kind::SyslogNg => ("syslog-ng-core", "syslog-ng"),
        };
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let root = workspace.join("target/ci-tools/syslog").join(folder);
        let unpacked = root.join("usr/sbin").join(name);
        if unpacked.is_file() {
            return Some(Self { path: unpacked, root: Some(root) });
        }
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&paths).chain([PathBuf::from("/usr/sbin")]);
        let path = folders.map(|folder| folder.join(name)).find(|path| path.is_file())?;
        Some(Self { path, root: None })
    }

    /// The file or folder of this name below the folder that was unpacked.
    fn below(&self, name: &str) -> Option<PathBuf> {
        fn find(folder: &Path, name: &str) -> Option<PathBuf> {
            let entries: Vec<_> =
                std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
            let here = entries.iter().find(|path| path.join(name).exists()).map(|path| path.join(name));
            here.or_else(|| entries.iter().filter(|path| path.is_dir()).find_map(|path| find(path, name)))
        }
        find(&self.root.as_ref()?.join("usr/lib"), name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        if let Some(root) = &self.root {
            let machine = format!("lib/{}-linux-gnu", std::env::consts::ARCH);
            let folders = ["usr/lib", &machine, &format!("usr/{machine}"), "usr/lib/syslog-ng"]
                .map(|folder| root.join(folder));
            command.env("LD_LIBRARY_PATH", std::env::join_paths(folders).unwrap());
        }
        command
    }
}

struct Server {
    process: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// Starts it on a free port. Another program may have taken it meanwhile, so it tries again.
    fn start(kind: Kind, program: &Program, certificates: Option<&Certificates>) -> Self {
        for _ in 0..5 {
            let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let folder = tempfile::tempdir().unwrap();
            let mut process = run(kind, program, certificates, address, folder.path());
            let started = Instant::now();
            while process.try_wait().unwrap().is_none() && started.elapsed() < PATIENCE {
                if TcpStream::connect(address).is_ok() {
                    return Self { process, address, folder };
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            let said = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            println!("{kind:?} did not start: {said}");
            let _ = process.kill();
            let _ = process.wait();
        }
        panic!("{kind:?} does not start");
    }

    fn received(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("received")).unwrap_or_default()
    }
}

fn run(
    kind: Kind,
    program: &Program,
    certificates: Option<&Certificates>,
    address: SocketAddr,
    folder: &Path,
) -> Child {
    let at = |name: &str| folder.join(name).display().to_string();
    let (port, received) = (address.port(), at("received"));
    let file = |name: &str| certificates.map(|of| of.path(name).display().to_string()).unwrap_or_default();
    let (ca, cert, key) = (file("ca.pem"), file("cert.pem"), file("key.pem"));
    let mut command = program.command();
    let config = match kind {
        Kind::Rsyslog => {
            command.args(["-n", "-f", &at("config"), "-i", &at("pid")]);
            if let Some(modules) = program.below("imtcp.so") {
                command.arg("-M").arg(modules.parent().unwrap());
            }
            let (global, driver) = if certificates.is_some() {
                (
                    format!(
                        r#"defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="{ca}"
                        defaultNetstreamDriverCertFile="{cert}" defaultNetstreamDriverKeyFile="{key}""#
                    ),
                    r#"StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon""#,
                )
            } else {
                (String::new(), "")
            };
            format!(
                r#"global(workDirectory="{}" {global})
                module(load="imtcp" {driver})
                template(name="raw" type="string" string="%rawmsg%\n")
                action(type="omfile" file="{received}" template="raw" flushOnTXEnd="on")
                input(type="imtcp" address="127.0.0.1" port="{port}")
                "#,
                folder.display()
            )
        }
        Kind::SyslogNg => {
            let config = at("config");
            command.args(["-F", "--no-caps", "-f", &config, "-p", &at("pid"), "-R", &at("persist")]);
            command.args(["-c", &at("control")]);
            if let Some(plugin) = program.below("libsyslogformat.so") {
                command.arg(format!("--module-path={}", plugin.parent().unwrap().display()));
            }
            let transport = if certificates.is_some() {
                format!(
                    r#"transport("tls") tls(key-file("{key}") cert-file("{cert}") peer-verify(optional-untrusted))"#
                )
            } else {
                r#"transport("tcp")"#.to_owned()
            };
            format!(
                r#"@version: current
                options {{ flush-lines(1); stats-freq(0); }};
                source s {{ syslog(ip("127.0.0.1") port({port}) {transport}); }};
                destination d {{ file("{received}" template("$MSG\n")); }};
                log {{ source(s); destination(d); }};
                "#
            )
        }
    };
    std::fs::write(folder.join("config"), config).unwrap();
    let log = std::fs::File::create(folder.join("log")).unwrap();
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
}

fn options_of_a_busy_machine() -> Options {
    let mut options = options();
    options.timeouts.progress = PATIENCE;
    options.timeouts.close = PATIENCE;
    options
}

async fn proves(kind: Kind, program: &Program, certificates: Option<&Certificates>) {
    let server = Server::start(kind, program, certificates);
    let what = format!("{kind:?}, tls {}", certificates.is_some());
    let mut keys = json!({"endpoint": server.address, "tls": certificates.is_some()});
    if let Some(certificates) = certificates {
        keys["ca_file"] = json!(certificates.path("ca.pem"));
    }
    let destination = |receipt: Receipt| {
        let mut keys = keys.clone();
        keys["receipt"] = json!(receipt);
        Destination::read("syslog", keys).unwrap().unwrap()
    };
    let timeouts = options_of_a_busy_machine().timeouts;
    let found = probe(&destination(Receipt::Auto), timeouts, deadline()).await.unwrap();
    assert!(matches!(found, Some(Probe::Closes(_))), "{what}: {found:?}");

    for receipt in [Receipt::Auto, Receipt::Closed] {
        let config = Config::single(destination(receipt));
        let mut forwarder = Forwarder::new(&config, options_of_a_busy_machine()).unwrap();
        let sent = messages(3, 100, 300);
        let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
        assert_eq!(outcome.account.events.delivered, 300, "{what}: {:?}", outcome.lanes[0]);
        assert_eq!(outcome.lanes[0].receipts_unproven, 0, "{what}");
        println!("{what}, {receipt:?}: 300 events, receipt after {:?}", outcome.lanes[0].receipt.unwrap());
        let until = Instant::now() + PATIENCE;
        while !sent.concat().iter().all(|message| server.received().contains(message.trim_end())) {
            assert!(Instant::now() < until, "{what}: not everything arrived");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    // Its kernel takes what its process does not read.
    stop(&server.process);
    let mut options = options();
    options.timeouts.progress = Duration::from_millis(300);
    options.retries.attempts = 1;
    let mut forwarder = Forwarder::new(&Config::single(destination(Receipt::Closed)), options).unwrap();
    let sent = messages(1, 3, 40);
    let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
    signal(&server.process, libc::SIGCONT);
    assert_eq!(outcome.account.events.delivered, 0, "{what}: {:?}", outcome.lanes[0]);
}

#[tokio::test]
async fn rsyslog_and_syslog_ng_close_when_they_have_read_everything() {
    let certificates = Certificates::new();
    for kind in [Kind::Rsyslog, Kind::SyslogNg] {
        let Some(program) = Program::find(kind) else {
            let missing = format!("SKIPPED: {kind:?} is not installed; `.ci/run test` fetches it");
            assert!(std::env::var_os("CI").is_none(), "{missing}");
            println!("notice: {missing}");
            continue;
        };
        proves(kind, &program, None).await;
        // What rsyslog needs for TLS is a package of its own.
        let modules = ["/usr/lib/x86_64-linux-gnu/rsyslog", "/usr/lib/aarch64-linux-gnu/rsyslog"];
        let installed = modules.iter().any(|folder| Path::new(folder).join("lmnsd_gtls.so").is_file());
        if kind == Kind::SyslogNg || installed || program.below("lmnsd_gtls.so").is_some() {
            proves(kind, &program, Some(&certificates)).await;
        } else {
            println!("notice: SKIPPED: rsyslog-gnutls is not installed");
        }
    }
}
