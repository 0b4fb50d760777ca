//! Minutes of steady load through the whole chain, with a fault of the log service every few seconds.
//!
//! `CWL2LE_SOAK_SECONDS=60 cargo test --test soak -- --ignored --nocapture`; 600 seconds without the variable.

#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, reason = "the summary is what it is run for")]

#[path = "support/s3.rs"]
mod s3;
mod support;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::primitives::Blob;
use cwl2le_local::log_service::{Fault, Line, LogService};
use support::{REGION, World};
use tokio::sync::Mutex;
use tokio::time::Instant;

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

/// The faults, one after the other.
fn inflict(service: &LogService, round: usize) -> &'static str {
    let (name, fault) = match round % 8 {
        0 => {
            service.stop_listening();
            return "down";
        }
        1 => {
            service.close_connections();
            return "closed while idle";
        }
        2 => ("reset", Fault::ResetInPauseAfter(5_000)),
        3 => ("half-closed", Fault::HalfCloseAfter(5_000)),
        4 => ("stalled", Fault::StallAfter(20_000)),
        5 => ("slow", Fault::Trickle { bytes: 4096, every: Duration::from_millis(5) }),
        6 => {
            service.close_connections();
            ("handshake stuck", Fault::HandshakeStuck)
        }
        _ => {
            service.close_connections();
            ("refusing", Fault::Refuse)
        }
    };
    service.set_fault(fault);
    name
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

/// Waits until everything that was logged has arrived, and tells how many lines came more than once.
async fn everything_arrives(world: &World, events: usize) -> usize {
    let mut count = events;
    loop {
        let lines = world.log_service.wait_for_lines(count, PATIENCE).await;
        let (lines, complete) = lines.map_or_else(|few| (few.arrived, false), |lines| (lines, true));
        let arrived: HashSet<String> = lines.iter().map(Line::message).collect();
        let missing: Vec<usize> = (0..events).filter(|n| !arrived.contains(&message(*n))).collect();
        if missing.is_empty() {
            assert_eq!(arrived.len(), events, "nothing arrives that nobody sent");
            return lines.len() - events;
        }
        assert!(
            complete,
            "{} of {events} lost, like {:?}\n{}",
            missing.len(),
            &missing[..missing.len().min(10)],
            world.aws.logs_tail(60)
        );
        count = lines.len() + 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes ten minutes"]
async fn ten_minutes_of_load_and_faults_lose_nothing_and_leak_nothing() {
    let length = std::env::var("CWL2LE_SOAK_SECONDS").map_or(600, |text| text.parse().expect("seconds"));
    let length = Duration::from_secs(length);
    let world = Arc::new(World::start().await);
    s3::create(&world, "set-aside").await;
    world.create_log_group(GROUP).await;
    let flags = [
        "--log-group",
        GROUP,
        "--batch-window",
        "0",
        "--timeout",
        "20",
        "--quarantine",
        "s3://set-aside/soak",
    ];
    world.setup(&flags).await.ok();

    let logged = Arc::new(Mutex::new(Logged::default()));
    let loading = tokio::spawn(load(Arc::clone(&world), Arc::clone(&logged)));
    let started = Instant::now();
    let mut samples: Vec<(u64, u32, usize)> = Vec::new();
    let mut faults: HashMap<&str, usize> = HashMap::new();
    let mut round = 0;
    while started.elapsed() < length {
        // What a kernel has acknowledged and its process not read is lost when it dies, and no sender can know: so a
        // fault begins when everything has been read. Then the load goes on, into the fault.
        let held = logged.lock().await;
        everything_arrives(&world, held.events).await;
        *faults.entry(inflict(&world.log_service, round)).or_default() += 1;
        drop(held);
        tokio::time::sleep(FAULT).await;
        world.log_service.set_fault(Fault::None);
        world.log_service.resume();
        let seconds = started.elapsed().as_secs();
        samples.extend(memory(world.aws.endpoint()).into_iter().map(|(process, kb)| (seconds, process, kb)));
        round += 1;
    }
    logged.lock().await.ends = true;
    loading.await.expect("no panic");
    let logged = logged.lock().await;
    let twice = everything_arrives(&world, logged.events).await;
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
