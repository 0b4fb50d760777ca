//! Large records on their way to several destinations, in the memory that these share.

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::record::payload::Cap;
use cwl2le_forwarder::{Forwarder, Options};
use cwl2le_local::log_service::{Fault, Transport};
use futures_util::future::{Either, select};
use serde_json::{Value, json};

use crate::common::lambda::Lambda;
use crate::common::*;

/// More than the buffers of a connection take, which are 4 MiB by default on Linux.
const KILOBYTES: usize = 12_000;

/// Memory for one record of this size.
const ONE_AT_A_TIME: Cap = Cap { size: 16 << 20, ratio: 200, always: 8 << 20, events: 20_000, parts: 1_000 };

/// A record of this many kilobytes of text, in lines of a kilobyte that do not compress to nothing.
fn large(n: usize, filter: &str, kilobytes: usize) -> (Value, Vec<String>) {
    let mut rng = fastrand::Rng::with_seed(n as u64);
    let mut line = |at: usize| {
        let start = format!("record {n} line {at} {:x} {:x} ", rng.u128(..), rng.u128(..));
        format!("{start:x<960}")
    };
    let messages: Vec<String> = (0..kilobytes).map(&mut line).collect();
    let data = gzip(payload("/app", filter, &messages).to_string().as_bytes());
    (record(&sequence(n), &data), messages)
}

/// One destination stalls on a large record; the other gets its own large ones meanwhile, whether all of them fit in
/// memory together or only one at a time.
#[tokio::test]
async fn a_destination_that_stalls_on_a_large_record_does_not_stop_the_large_records_of_another() {
    for cap in [Cap::for_memory(128), ONE_AT_A_TIME] {
        let (slow, fast) = (tight_service(Transport::Plain), service(Transport::Plain));
        slow.set_fault(Fault::StallAfter(0));
        let mut config = Config::single(destination(&fast, Transport::Plain).0);
        // Lanes run in the order of the names: the slow one decodes first.
        config.destinations.insert("a-slow".into(), destination(&slow, Transport::Plain).0);
        config.default = Some("default".into());
        let mut options = Options { cap, ..options() };
        options.timeouts.progress = PATIENCE * 4;
        let mut forwarder = Forwarder::new(&config, options).unwrap();
        let (stalled, _) = large(0, "f@a-slow", KILOBYTES);
        let (records, sent): (Vec<Value>, Vec<Vec<String>>) =
            (1..3).map(|n| large(n, "f", KILOBYTES)).unzip();
        let event = invocation([vec![stalled], records].concat());
        let handling = std::pin::pin!(forwarder.handle(&event, deadline() + PATIENCE * 4));
        let sent = sent.concat();
        let arriving = std::pin::pin!(fast.wait_for_lines(sent.len(), PATIENCE));
        match select(handling, arriving).await {
            Either::Left((outcome, _)) => panic!("it is not slow: {:?}", outcome.lanes),
            Either::Right((lines, _)) => {
                let lines: Vec<String> = lines.unwrap().iter().map(|line| line.message()).collect();
                assert!(lines == sent, "each once, in order");
            }
        }
    }
}

/// What a destination has decoded again after it gave its memory away, it goes on with where it was.
#[tokio::test]
async fn destinations_that_take_turns_get_everything_once() {
    let (one, other) = (tight_service(Transport::Plain), tight_service(Transport::Plain));
    for service in [&one, &other] {
        let every = std::time::Duration::from_millis(5);
        service.set_fault(Fault::Trickle { bytes: 64 << 10, every });
    }
    let mut config = Config::single(destination(&one, Transport::Plain).0);
    config.destinations.insert("other".into(), destination(&other, Transport::Plain).0);
    let route = json!({"log_group": "*", "destination": ["default", "other"]});
    config.routes = vec![serde_json::from_value(route).unwrap()];
    let mut forwarder = Forwarder::new(&config, Options { cap: ONE_AT_A_TIME, ..options() }).unwrap();
    let (records, sent): (Vec<Value>, Vec<Vec<String>>) = (0..2).map(|n| large(n, "f", KILOBYTES)).unzip();
    let outcome = forwarder.handle(&invocation(records), deadline() + PATIENCE * 2).await;
    assert_eq!(
        (outcome.account.records.delivered, outcome.account.unbalanced),
        (2, 0),
        "{:?}",
        outcome.lanes
    );
    let sent = sent.concat();
    for service in [&one, &other] {
        let lines = service.wait_for_lines(sent.len(), PATIENCE).await.unwrap();
        assert!(lines.iter().map(|line| line.message()).eq(sent.iter().cloned()), "each once, in order");
    }
}

/// Six destinations that all get the largest record there is would need six times the memory there is.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn six_destinations_of_the_largest_record_fit_into_the_smallest_function() {
    let service = service(Transport::Plain);
    let names = ["a", "b", "c", "d", "e", "f"];
    let one = serde_json::to_value(destination(&service, Transport::Plain).0).unwrap();
    let destinations: serde_json::Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), one.clone())).collect();
    let config = json!({
        "destinations": destinations, "default": "a", "routes": [{"log_group": "*", "destination": names}],
    });
    let lambda = Lambda::start();
    let function = lambda.run_within(116, &config.to_string(), &[]);
    let (record, messages) = large(0, "f", 30_000);
    lambda.send(&json!({"Records": [record]}).to_string().into_bytes(), PATIENCE * 4);
    assert_eq!(lambda.told().checkpoint(), None, "{}", function.log());
    service.wait_for_lines(messages.len() * names.len(), PATIENCE * 2).await.unwrap();
    println!("30 MB to six destinations: peak memory {} MB", function.peak());
}
