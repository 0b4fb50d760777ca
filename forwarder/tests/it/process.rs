//! The real `bootstrap` under the worst that can happen to a process: being killed, and too much to hold.

use std::collections::HashSet;
use std::time::Duration;

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::record::aggregate;
use cwl2le_forwarder::record::payload::Cap;
use cwl2le_local::log_service::{Fault, Line, Transport};
use serde_json::json;

use crate::common::lambda::Lambda;
use crate::common::*;

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
    let peak = function.peak();
    println!(
        "event {} KB, decompressed {} MB in records of {} MB: {delivered} lines, peak memory {} MB",
        body.len() >> 10,
        (json.len() * (records.len() - 1)) >> 20,
        json.len() >> 20,
        peak
    );
    assert!(peak < 110, "{peak} MB");
    service.wait_for_lines(delivered, PATIENCE * 4).await.unwrap();
    assert!(function.log().contains("too_large"), "{}", function.log());
}

/// A payload with this many empty events, in the form that CloudWatch Logs writes or in a shorter one. Their times
/// differ a little, because what compresses to less than a two-hundredth is refused for that.
fn of_empty_events(compact: bool, events: usize) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut json =
        r#"{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"/app","logStream":"s","logEvents":["#
            .to_owned();
    for at in 0..events {
        let comma = if at == 0 { "" } else { "," };
        let time = rng.u16(100..1000);
        json += &match compact {
            true => format!(r#"{comma}{{"id":"","timestamp":{time},"message":""}}"#),
            false => format!(r#"{comma}{{"message":""}}"#),
        };
    }
    gzip((json + "]}").as_bytes())
}

/// Memory is bounded in things, too: 164 KB of gzip are millions of events, each of which takes 64 bytes in a list; and
/// 40 KB are a packed record of 10,000 parts. Neither ends the process, and what cannot be held is named.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn millions_of_tiny_things_do_not_end_the_smallest_function() {
    let service = service(Transport::Plain);
    let (destination, _ca) = destination(&service, Transport::Plain);
    let lambda = Lambda::start();
    let mut function = lambda.run_within(116, &Config::single(destination).to_json(), &[]);
    let most = Cap::for_memory(128).events;
    let one = |sequence_number: usize, data: &[u8]| record(&sequence(sequence_number), data);

    // More events than fit, in either form, between records that are delivered.
    let too_many = [of_empty_events(false, 2_200_000), of_empty_events(true, most + 1)];
    assert!(too_many[0].len() < 200 << 10, "{}", too_many[0].len());
    let good = of_empty_events(false, 1);
    let records: Vec<_> = [&good, &too_many[0], &good, &too_many[1], &good]
        .iter()
        .zip(0..)
        .map(|(data, n)| one(n, data))
        .collect();
    lambda.send(&json!({ "Records": records }).to_string().into_bytes(), PATIENCE * 4);
    assert_eq!(lambda.told().checkpoint(), None, "{}", function.log());
    service.wait_for_lines(3, PATIENCE).await.unwrap();
    let log = function.log();
    let named = log.lines().find(|line| line.contains("too_many_events")).unwrap_or_else(|| panic!("{log}"));
    assert!(named.contains(&sequence(1)) && named.contains(&sequence(3)), "{log}");
    service.clear();

    // As many as fit.
    let packed = of_empty_events(true, most);
    let records: Vec<_> = (0..4).map(|n| one(n, &packed)).collect();
    lambda.send(&json!({ "Records": records }).to_string().into_bytes(), PATIENCE * 8);
    assert_eq!(lambda.told().checkpoint(), None, "{}", function.log());
    service.wait_for_lines(4 * most, PATIENCE * 4).await.unwrap();

    // A million parts that hold nothing, and something behind them. Every invocation gets further, and the last one
    // delivers what is there.
    let empty_parts = aggregate(&vec![Vec::new(); aggregate::MOST_PARTS]);
    let mut records: Vec<_> = (0..100).map(|n| one(n, &empty_parts)).collect();
    records.push(one(100, &good));
    service.clear();
    let mut invocations = 0;
    while !records.is_empty() {
        invocations += 1;
        lambda.send(&json!({ "Records": records }).to_string().into_bytes(), PATIENCE * 4);
        let told = lambda.told();
        let Some(checkpoint) = told.checkpoint() else { break };
        let left =
            records.iter().position(|record| record["kinesis"]["sequenceNumber"] == checkpoint).unwrap();
        assert!(left > 0, "it gets further");
        records.drain(..left);
    }
    assert!((2..=100).contains(&invocations), "{invocations}");
    service.wait_for_lines(1, PATIENCE).await.unwrap();
    assert!(function.process.try_wait().unwrap().is_none(), "one process did it all");
    println!("{invocations} invocations for a million parts; peak memory {} MB", function.peak());
}
