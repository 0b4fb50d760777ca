//! What is reported delivered was read by a process, whatever happens to that process.
//!
//! A receiver of its own process is stopped and killed at random moments, hangs in every way, and tells what it has
//! read. `CWL2LE_RECEIPT_ROUNDS` says how many rounds are played, 1,000 by default. The seed of each game is printed
//! when it fails.

#![cfg(target_os = "linux")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cwl2le_forwarder::config::{Config, Destination};
use cwl2le_forwarder::destination::Receipt;
use cwl2le_forwarder::record::event::Invocation;
use cwl2le_forwarder::{Forwarder, Options};
use fastrand::Rng;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::common::receiver::{Certificates, Manner, Receiver, serve_if_asked, signal, stop};
use crate::common::*;

/// Not a test, but the process that the others talk to.
#[test]
fn receiver_process() {
    serve_if_asked();
}

#[derive(Default)]
struct Totals {
    rounds: AtomicU64,
    delivered: AtomicU64,
    failed: AtomicU64,
    /// Of those that failed, what the process had read all the same.
    read_and_failed: AtomicU64,
}

/// What goes wrong in a round.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Nothing,
    Stopped(Duration),
    StoppedBefore,
    Killed(Duration),
    Behaves(Manner),
}

fn some_fault(rng: &mut Rng) -> Fault {
    let moment = Duration::from_micros(rng.u64(0..8000));
    match rng.u8(0..12) {
        0 | 1 => Fault::Nothing,
        2..=4 => Fault::Stopped(moment),
        5 => Fault::StoppedBefore,
        6 | 7 => Fault::Killed(moment),
        8 => Fault::Behaves(Manner::NeverAccepts),
        9 => Fault::Behaves(Manner::NeverReads),
        10 => Fault::Behaves(Manner::ReadsSome(rng.u32(1..200_000))),
        _ => Fault::Behaves(Manner::NeverCloses),
    }
}

fn some_messages(rng: &mut Rng, round: u64) -> Vec<Vec<String>> {
    let most = [10, 300, 3000][rng.usize(0..3)];
    (0..rng.usize(1..4))
        .map(|record| {
            (0..rng.usize(1..80))
                .map(|event| format!("<m {round} {record} {event} {}>", "x".repeat(rng.usize(0..most))))
                .collect()
        })
        .collect()
}

/// With sequence numbers of its own: a record that comes again is remembered.
fn batch(round: u64, messages: &[Vec<String>]) -> Invocation {
    let records = messages.iter().enumerate().map(|(n, messages)| {
        let number = sequence((round as usize + 1) * 10 + n);
        record(&number, &gzip(payload("/app", "f", messages).to_string().as_bytes()))
    });
    invocation(records.collect())
}

fn destination_of(receiver: &Receiver, kind: &str, certificates: Option<&Certificates>) -> serde_json::Value {
    let mut keys = json!({"endpoint": receiver.address, "tls": certificates.is_some()});
    if kind == "logentries" {
        keys["token"] = json!(TOKEN);
    }
    if let Some(certificates) = certificates {
        keys["ca_file"] = json!(certificates.path("ca.pem"));
    }
    keys
}

fn made(kind: &str, mut keys: serde_json::Value, receipt: Receipt, options: Options) -> Forwarder {
    keys["receipt"] = json!(receipt);
    Forwarder::new(&Config::single(Destination::read(kind, keys).unwrap().unwrap()), options).unwrap()
}

fn hasty() -> Options {
    let mut options = options();
    options.timeouts.progress = Duration::from_millis(50);
    options.timeouts.handshake = Duration::from_millis(60);
    options.timeouts.close = PATIENCE;
    options.retries.attempts = 1;
    options
}

/// One receiver, for as long as it lives, and a forwarder for it.
fn game(runtime: &Runtime, seed: u64, certificates: &Certificates, most: u64, totals: &Totals) {
    let mut rng = Rng::with_seed(seed);
    let kind = if rng.bool() { "logentries" } else { "syslog" };
    let certificates = Some(certificates).filter(|_| rng.bool());
    let receipt = if rng.bool() { Receipt::Auto } else { Receipt::Closed };
    let mut receiver = Receiver::start("receiver_process::receiver_process", certificates);
    let mut forwarder = made(kind, destination_of(&receiver, kind, certificates), receipt, hasty());
    // A machine that is busy may need several attempts for the first proof.
    let first = vec![vec!["<m first>".to_owned()]];
    let until = deadline();
    loop {
        let outcome = runtime.block_on(async { forwarder.handle(&carrying(&first), deadline()).await });
        if outcome.account.records.failed == 0 && outcome.lanes[0].receipts_unproven == 0 {
            break;
        }
        assert!(Instant::now() < until, "seed {seed}: {:?}", outcome.lanes[0]);
    }
    for round in 0..most {
        totals.rounds.fetch_add(1, Ordering::Relaxed);
        let fault = some_fault(&mut rng);
        let sent = some_messages(&mut rng, round);
        let batch = batch(round, &sent);
        if let Fault::Behaves(manner) = fault {
            receiver.behave(manner);
        }
        if let Fault::StoppedBefore = fault {
            stop(&receiver.process);
        }
        let outcome = std::thread::scope(|scope| {
            if let Fault::Stopped(moment) | Fault::Killed(moment) = fault {
                let process = &receiver.process;
                scope.spawn(move || {
                    std::thread::sleep(moment);
                    let which = if matches!(fault, Fault::Killed(_)) { libc::SIGKILL } else { libc::SIGSTOP };
                    signal(process, which);
                });
            }
            runtime.block_on(async { forwarder.handle(&batch, deadline()).await })
        });
        // What it has read by now, and not what it may read later.
        let read = receiver.has_read();
        let claimed = claimed(&outcome, &sent);
        let lies: Vec<_> = claimed.iter().filter(|message| !read.contains(**message)).collect();
        assert!(
            lies.is_empty(),
            "seed {seed}, round {round}, {kind} {receipt:?} tls {}: {fault:?}: {} of {} reported, not read: {:?}",
            certificates.is_some(),
            lies.len(),
            claimed.len(),
            outcome.lanes[0],
        );
        let all = sent.concat();
        totals.delivered.fetch_add(claimed.len() as u64, Ordering::Relaxed);
        let failed = all.len() - claimed.len();
        totals.failed.fetch_add(failed as u64, Ordering::Relaxed);
        let arrived = all.iter().filter(|message| read.contains(*message)).count();
        totals.read_and_failed.fetch_add((arrived - claimed.len()) as u64, Ordering::Relaxed);
        match fault {
            Fault::Killed(_) => return,
            Fault::Stopped(_) | Fault::StoppedBefore => signal(&receiver.process, libc::SIGCONT),
            Fault::Behaves(_) => receiver.behave(Manner::Good),
            Fault::Nothing => {}
        }
    }
}

#[test]
fn what_is_reported_delivered_was_read_by_a_process() {
    let rounds = std::env::var("CWL2LE_RECEIPT_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1000);
    let certificates = Certificates::new();
    let totals = Totals::default();
    let first = match std::env::var("CWL2LE_SEED") {
        Ok(seed) => seed.parse().expect("CWL2LE_SEED is a number"),
        Err(_) => fastrand::u64(..1 << 60),
    };
    let next = AtomicU64::new(first);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                loop {
                    let left = u64::saturating_sub(rounds, totals.rounds.load(Ordering::Relaxed));
                    if left == 0 {
                        return;
                    }
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let game = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        game(&runtime, seed, &certificates, left.min(12), &totals);
                    }));
                    assert!(game.is_ok(), "CWL2LE_SEED={seed}");
                }
            });
        }
    });
    let [rounds, delivered, failed, read] =
        [&totals.rounds, &totals.delivered, &totals.failed, &totals.read_and_failed]
            .map(|count| count.load(Ordering::Relaxed));
    println!(
        "{rounds} rounds: {delivered} events reported delivered, all of them read; {failed} not, {read} of which were read"
    );
    assert!(delivered > 0 && failed > 0);
}

/// Why it takes a close: for the kernel of a process that hangs everything is in order.
#[tokio::test]
async fn a_kernel_acknowledges_for_a_process_that_hangs() {
    let certificates = Certificates::new();
    for certificates in [None, Some(&certificates)] {
        for (receipt, delivered) in [(Receipt::Acknowledged, 3), (Receipt::Closed, 0)] {
            let mut receiver = Receiver::start("receiver_process::receiver_process", certificates);
            let keys = destination_of(&receiver, "logentries", certificates);
            let mut forwarder = made("logentries", keys, receipt, hasty());
            // TLS needs the process for its handshake.
            receiver.behave(Manner::ReadsSome(if certificates.is_some() { 2000 } else { 0 }));
            let sent = vec![(0..3).map(|n| format!("<m {n} {}>", "x".repeat(3000))).collect::<Vec<_>>()];
            let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
            assert_eq!(outcome.account.events.delivered, delivered, "{receipt:?}: {:?}", outcome.lanes[0]);
            assert!(receiver.has_read().is_empty());
        }
    }
}
