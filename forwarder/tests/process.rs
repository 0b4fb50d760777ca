//! The real `bootstrap` under the worst that can happen to a process: being killed, and too much to hold.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;
#[path = "common/lambda.rs"]
mod lambda;

use std::collections::HashSet;
use std::time::Duration;

use common::*;
use cwl2le_forwarder::config::Config;
use cwl2le_local::log_service::{Fault, Line, Transport};
use lambda::Lambda;
use serde_json::json;

fn event(messages: &[Vec<String>]) -> Vec<u8> {
    let records: Vec<_> = messages
        .iter()
        .enumerate()
        .map(|(n, messages)| {
            record(&sequence(n), &gzip(payload("/app", "f", messages).to_string().as_bytes()))
        })
        .collect();
    json!({ "Records": records }).to_string().into_bytes()
}

/// Kills the function at a hundred random moments of an invocation; Lambda starts another one, AWS sends the
/// batch again, and in the end everything has arrived.
#[tokio::test]
async fn killed_at_a_hundred_moments_nothing_is_lost() {
    let service = tight_service(Transport::Tls13);
    service.set_fault(Fault::Trickle { bytes: 64 * 1024, every: Duration::from_micros(200) });
    let (destination, _ca) = destination(&service, Transport::Tls13);
    let config = Config::single(destination).to_json();
    let mut killed = 0;
    for round in 0..100 {
        let sent = messages(5, 40, 300 + round);
        let body = event(&sent);
        let lambda = Lambda::start();
        let mut function = lambda.run(&config, &[]);
        lambda.send(&body, PATIENCE);
        // From before the process has started to after its answer.
        tokio::time::sleep(Duration::from_micros(fastrand::u64(0..25_000))).await;
        function.kill();
        let answered = lambda.told_already();
        let done = answered.is_some_and(|told| told.checkpoint().is_none());
        if !done {
            killed += 1;
            let lambda = Lambda::start();
            let _next = lambda.run(&config, &[]);
            assert_eq!(lambda.invoke(&body).checkpoint(), None);
            everything_arrives(&service, &sent).await;
        }
        service.clear();
    }
    println!("killed 100 times, {killed} of them before the answer: 0 lost");
}

async fn everything_arrives(service: &cwl2le_local::log_service::LogService, sent: &[Vec<String>]) {
    let mut count = sent.concat().len();
    loop {
        let lines = service.wait_for_lines(count, PATIENCE).await.unwrap();
        let arrived: HashSet<String> = lines.iter().map(Line::message).collect();
        if sent.concat().iter().all(|message| arrived.contains(message)) {
            return;
        }
        count = lines.len() + 1;
    }
}

/// The largest invocation there is, 6 MB, of logs that compress as well as logs can, in a function of 128 MB.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_largest_invocation_fits_into_the_smallest_function() {
    let service = service(Transport::Tls13);
    let (destination, _ca) = destination(&service, Transport::Tls13);
    let lambda = Lambda::start();
    let function = lambda.run(&Config::single(destination).to_json(), &[]);
    // One record that is as large as the cap allows, of events that are all alike, as often as 6 MB hold it.
    let line = "the same line again and again ".repeat(30);
    let messages: Vec<String> = vec![line; 20_000];
    let json = payload("/app", "f", &messages).to_string();
    let one = gzip(json.as_bytes());
    let bomb = gzip(&vec![b' '; 64 << 20]);
    let mut records = vec![record(&sequence(0), &bomb)];
    let mut size = bomb.len() * 4 / 3;
    while size + one.len() * 4 / 3 + 600 < 6 << 20 && records.len() < 5 {
        records.push(record(&sequence(records.len()), &one));
        size += one.len() * 4 / 3 + 600;
    }
    let delivered = (records.len() - 1) * messages.len();
    let body = json!({ "Records": records }).to_string().into_bytes();
    lambda.send(&body, PATIENCE * 4);
    assert_eq!(lambda.told().checkpoint(), None);
    let status = std::fs::read_to_string(format!("/proc/{}/status", function.process.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: usize = peak.trim().trim_end_matches(" kB").parse().unwrap();
    println!(
        "event {} KB, decompressed {} MB in records of {} MB: {delivered} lines, peak memory {} MB",
        body.len() >> 10,
        (json.len() * (records.len() - 1)) >> 20,
        json.len() >> 20,
        peak >> 10
    );
    assert!(peak < 110 << 10, "{} MB", peak >> 10);
    service.wait_for_lines(delivered, PATIENCE * 4).await.unwrap();
    assert!(function.log().contains("too_large"), "{}", function.log());
}
