//! Minutes of steady load through the whole chain, with a fault of the log service every few seconds.
//!
//! The log service is a process of its own, so it can be stopped and killed. It appends each line that it has read to a
//! file. What counts is that file: every event has to be in it, whenever a fault began.
//!
//! `CWL2LE_SOAK_SECONDS=60 cargo test --test it soak -- --ignored --nocapture`; 600 seconds without the variable.

#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, reason = "the summary is what it is run for")]

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::primitives::Blob;
use cwl2le_local::log_service::{Fault, LogService};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::support::log_process::{self, LogProcess};
use crate::support::s3;
use crate::support::{REGION, TOKEN, World};

const GROUP: &str = "/app/soak";
/// Events of one call, and the time between two calls.
const EVENTS: usize = 20;
const EVERY: Duration = Duration::from_millis(200);
/// How long a fault lasts.
const FAULT: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(120);

/// What has been logged.
#[derive(Default)]
struct Logged {
    events: usize,
    poison: usize,
    ends: bool,
}

fn message(n: usize) -> String {
    format!("soak {n} {}", "x".repeat(n % 700))
}

/// What the log service does to itself, by the name of the fault; `well` ends it.
fn inflict(service: &LogService, name: &str) {
    let fault = match name {
        "well" => {
            service.resume();
            Fault::None
        }
        "down" => return service.stop_listening(),
        "closed while idle" => return service.close_connections(),
        "reset" => Fault::ResetInPauseAfter(5_000),
        "reset without reading" => Fault::ResetAfter(5_000),
        "half-closed" => Fault::HalfCloseAfter(5_000),
        "stalled" => Fault::StallAfter(20_000),
        "slow" => Fault::Trickle { bytes: 4096, every: Duration::from_millis(5) },
        "handshake stuck" => {
            service.close_connections();
            Fault::HandshakeStuck
        }
        "refusing" => {
            service.close_connections();
            Fault::Refuse
        }
        other => panic!("no fault {other}"),
    };
    service.set_fault(fault);
}

/// The process of the log service; nothing where it is run as a test.
#[test]
#[ignore = "a part of the soak"]
fn the_log_service() {
    log_process::serve(inflict);
}

/// The faults, one after the other.
const FAULTS: [&str; 12] = [
    "process stopped",
    "process killed",
    "process stopped and killed",
    "down",
    "closed while idle",
    "reset",
    "reset without reading",
    "half-closed",
    "stalled",
    "slow",
    "handshake stuck",
    "refusing",
];

/// One fault from its beginning to its end.
async fn fault(service: &mut LogProcess, name: &str) {
    match name {
        // What the kernel takes for a process that never goes on is lost when it is killed.
        "process stopped" | "process stopped and killed" => service.signal("STOP"),
        "process killed" => service.kill(),
        other => service.tell(other),
    }
    tokio::time::sleep(FAULT).await;
    match name {
        "process stopped" => service.signal("CONT"),
        "process killed" => service.restart(),
        "process stopped and killed" => {
            service.kill();
            service.restart();
        }
        _ => service.tell("well"),
    }
}

/// Resident memory in KB of each process of the function, by its number.
fn memory(endpoint: &str) -> HashMap<u32, usize> {
    let mut found = HashMap::new();
    for process in std::fs::read_dir("/proc").expect("Linux").flatten() {
        let Some(number) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let read = |name: &str| std::fs::read(Path::new(&process.path()).join(name)).unwrap_or_default();
        let is_bootstrap = read("comm").starts_with(b"bootstrap");
        if is_bootstrap && String::from_utf8_lossy(&read("environ")).contains(endpoint) {
            let status = String::from_utf8_lossy(&read("status")).into_owned();
            let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            let resident = resident.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok());
            found.extend(resident.map(|resident| (number, resident)));
        }
    }
    found
}

/// Logs on and on, but while somebody else holds `logged`.
async fn load(world: Arc<World>, logged: Arc<Mutex<Logged>>) {
    let kinesis = aws_sdk_kinesis::Client::new(&world.config(REGION));
    let mut ticks = tokio::time::interval(EVERY);
    for call in 0_usize.. {
        ticks.tick().await;
        let mut logged = logged.lock().await;
        if logged.ends {
            return;
        }
        let messages: Vec<String> = (logged.events..logged.events + EVENTS).map(message).collect();
        world.put_log_events(GROUP, &messages).await;
        logged.events += EVENTS;
        if call % 25 == 0 {
            let poison = Blob::new(format!("poison {}", logged.poison));
            let put =
                kinesis.put_record().stream_name("cloudwatch-logs-stream").partition_key("p").data(poison);
            put.send().await.expect("put");
            logged.poison += 1;
        }
    }
}

/// What the processes of the log service have read.
#[derive(Default)]
struct Arrived {
    events: HashSet<usize>,
    lines: usize,
    /// Parts of lines, which a process left that was killed while it wrote them down.
    torn: usize,
}

impl Arrived {
    fn look(&mut self, service: &mut LogProcess) {
        for line in service.new_lines() {
            let text = line.strip_prefix(TOKEN).and_then(|line| line.strip_prefix(' ')).unwrap_or(&line);
            let number = text.split(' ').nth(1).and_then(|number| number.parse().ok());
            match number.filter(|number| text == message(*number)) {
                Some(number) => {
                    self.lines += 1;
                    self.events.insert(number);
                }
                None => self.torn += 1,
            }
        }
    }

    /// Waits until the first `events` events have been read.
    async fn wait(&mut self, service: &mut LogProcess, events: usize, world: &World) {
        let (mut known, mut patience) = (usize::MAX, Instant::now() + PATIENCE);
        loop {
            self.look(service);
            let missing: Vec<usize> = (0..events).filter(|n| !self.events.contains(n)).collect();
            if missing.is_empty() {
                return;
            }
            // Of these, and not of those that are logged meanwhile.
            if missing.len() < known {
                (known, patience) = (missing.len(), Instant::now() + PATIENCE);
            }
            assert!(
                Instant::now() < patience,
                "{} of {events} lost, like {:?}\n{}",
                missing.len(),
                &missing[..missing.len().min(10)],
                world.aws().logs_tail(60)
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes ten minutes"]
async fn ten_minutes_of_load_and_faults_lose_nothing_and_leak_nothing() {
    let length = std::env::var("CWL2LE_SOAK_SECONDS").map_or(600, |text| text.parse().expect("seconds"));
    let length = Duration::from_secs(length);
    let world = Arc::new(World::start_alone().await);
    s3::create(&world, "set-aside").await;
    world.create_log_group(GROUP).await;
    let mut service = LogProcess::start();
    let file = tempfile::NamedTempFile::new().expect("a file");
    let config = format!(
        "[destinations.default]\ntype = \"logentries\"\nendpoint = \"{}\"\nca_file = \"{}\"\n\
         token = \"{TOKEN}\"\nreceipt = \"closed\"\n",
        service.address(),
        service.ca_file().display(),
    );
    std::fs::write(file.path(), config).expect("written");
    let flags = [
        "--config",
        file.path().to_str().expect("UTF-8"),
        "setup",
        "--log-group",
        GROUP,
        "--batch-window",
        "0",
        "--timeout",
        "20",
        "--quarantine",
        "s3://set-aside/soak",
    ];
    world.run(&flags).await.ok();

    let logged = Arc::new(Mutex::new(Logged::default()));
    let loading = tokio::spawn(load(Arc::clone(&world), Arc::clone(&logged)));
    let started = Instant::now();
    let mut samples: Vec<(u64, u32, usize)> = Vec::new();
    let mut faults: HashMap<&str, usize> = HashMap::new();
    let mut round = 0;
    let mut arrived = Arrived::default();
    while started.elapsed() < length {
        // The last fault is over when what was logged before its end has arrived. The next one begins at any moment
        // after, while the load goes on.
        let events = logged.lock().await.events;
        arrived.wait(&mut service, events, &world).await;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(..1000))).await;
        let name = FAULTS[round % FAULTS.len()];
        fault(&mut service, name).await;
        *faults.entry(name).or_default() += 1;
        let seconds = started.elapsed().as_secs();
        samples
            .extend(memory(world.aws().endpoint()).into_iter().map(|(process, kb)| (seconds, process, kb)));
        round += 1;
    }
    logged.lock().await.ends = true;
    loading.await.expect("no panic");
    let logged = logged.lock().await;
    arrived.wait(&mut service, logged.events, &world).await;
    assert_eq!(arrived.events.len(), logged.events, "nothing arrives that nobody sent");
    let killed: usize =
        faults.iter().filter(|(name, _)| name.ends_with("killed")).map(|(_, times)| times).sum();
    assert!(arrived.torn <= killed, "{} lines that nobody sent", arrived.torn);
    let twice = arrived.lines - logged.events;
    let kept = s3::keys(&world, "set-aside", logged.poison).await;

    let third = samples.len() / 3;
    let median = |samples: &[(u64, u32, usize)]| {
        let mut sizes: Vec<usize> = samples.iter().map(|(.., kb)| *kb).collect();
        sizes.sort_unstable();
        sizes.get(sizes.len() / 2).copied().unwrap_or(0)
    };
    let (first, last) = (median(&samples[..third]), median(&samples[samples.len() - third..]));
    let processes: HashSet<u32> = samples.iter().map(|(_, process, _)| *process).collect();
    let most = samples.iter().map(|(.., kb)| *kb).max().unwrap_or(0);
    let mut names: Vec<String> = faults.iter().map(|(name, times)| format!("{name} {times}")).collect();
    names.sort();
    println!("soak of {} s: {} events in {} rounds", started.elapsed().as_secs(), logged.events, round);
    println!("faults: {}", names.join(", "));
    println!("lost 0, came twice {twice}; poison {}, kept in S3 {}", logged.poison, kept.len());
    println!(
        "memory of the function: median {first} KB in the first third, {last} KB in the last, {most} KB at most, {} process(es)",
        processes.len()
    );
    assert_eq!(kept.len(), logged.poison);
    assert!(third > 0 && first > 0, "the function's memory was never seen");
    assert!(last < first + first / 4 + 4096, "the function's memory grows");
}
