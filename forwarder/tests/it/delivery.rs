//! Delivered plus reported as failed is what was sent, whatever the log service does.

use std::time::Duration;

use cwl2le_forwarder::destination::Receipt;
use cwl2le_forwarder::net::FailureKind;
use cwl2le_local::log_service::{Fault, Transport};
use tokio::time::Instant;

use crate::common::*;

#[tokio::test]
async fn the_article_s_record_arrives_as_its_exact_bytes() {
    for transport in ALL {
        let service = service(transport);
        let event = serde_json::from_str(include_str!("../../../fixtures/kinesis-event.json")).unwrap();
        let outcome = forwarder(&service, transport).handle(&event, deadline()).await;
        assert_eq!(outcome.response.unwrap(), Default::default());
        assert_eq!(outcome.account.events.delivered, 1);
        let lines = service.wait_for_lines(1, PATIENCE).await.unwrap();
        let expected = format!(
            "{TOKEN} 2016-09-17T10:28:49.663Z\t85c6cfcc-7cc1-11e6-9b6d-0db8a9ae2000\t{{ nonfield: null }}"
        );
        assert_eq!(lines[0].text(), expected);
    }
}

#[tokio::test]
async fn every_line_arrives_in_order_and_the_connection_is_kept_where_nothing_is_proved() {
    let receipts = [(Receipt::Auto, 3), (Receipt::Closed, 3), (Receipt::Acknowledged, 1)];
    for (transport, (receipt, connections)) in
        ALL.into_iter().flat_map(|transport| receipts.map(|receipt| (transport, receipt)))
    {
        let service = service(transport);
        let mut forwarder = forwarder_with(&service, transport, receipt, options());
        let sent = messages(20, 50, 100);
        for _ in 0..3 {
            let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
            let arrived = assert_honest(&outcome, &sent, &service).await;
            assert_eq!(outcome.account.events.delivered, 1000);
            let got: Vec<_> = arrived.iter().map(|line| line.message()).collect();
            assert_eq!(got, sent.concat());
            service.clear();
        }
        assert_eq!(service.connections(), connections, "{receipt:?}");
    }
}

#[tokio::test]
async fn nothing_is_lost_when_the_forwarder_ends_right_after_its_answer() {
    // TLS 1.3 with session tickets: what nobody reads would turn the close into a reset.
    for _ in 0..10 {
        let service = tight_service(Transport::Tls13);
        let sent = messages(10, 100, 200);
        let outcome = forwarder(&service, Transport::Tls13).handle(&carrying(&sent), deadline()).await;
        assert_honest(&outcome, &sent, &service).await;
    }
}

#[tokio::test]
async fn a_slow_reader_gets_everything() {
    let trickle = Fault::Trickle { bytes: 8192, every: Duration::from_millis(2) };
    let slow = [trickle, Fault::SlowAccept(Duration::from_millis(200))];
    for (transport, fault) in ALL.into_iter().flat_map(|transport| slow.map(|fault| (transport, fault))) {
        let service = tight_service(transport);
        service.set_fault(fault);
        let sent = messages(10, 200, 150);
        let outcome = forwarder(&service, transport).handle(&carrying(&sent), deadline()).await;
        assert_eq!(outcome.account.records.failed, 0);
        assert_honest(&outcome, &sent, &service).await;
    }
}

/// A service that reads too slowly for the time there is gets further with every invocation, and is never asked to hold
/// more than it can prove in time.
#[tokio::test]
async fn a_reader_that_is_too_slow_gets_further_with_every_attempt() {
    for receipt in [Receipt::Closed, Receipt::Auto, Receipt::Acknowledged] {
        let service = tight_service(Transport::Tls13);
        // 0.8 MB a second; 2 MB are to be sent.
        service.set_fault(Fault::Trickle { bytes: 4096, every: Duration::from_millis(5) });
        let sent = messages(1, 2000, 1000);
        let mut forwarder = forwarder_with(&service, Transport::Tls13, receipt, options());
        let (mut invocations, mut delivered, mut sent_now) = (0, 0, 0);
        while delivered < 2000 {
            invocations += 1;
            assert!(invocations < 100, "{receipt:?}: {delivered} events after {invocations} invocations");
            let deadline = Instant::now() + Duration::from_millis(1500);
            let outcome = forwarder.handle(&carrying(&sent), deadline).await;
            assert_eq!(
                outcome.account.events.delivered_before, delivered,
                "what has a receipt is remembered"
            );
            delivered = outcome.account.events.delivered;
            sent_now += outcome.lanes[0].events;
        }
        assert!(invocations > 1);
        assert_eq!(sent_now, 2000, "every event got one receipt");
        service.set_fault(Fault::None);
        service.wait_for_lines(2000, PATIENCE).await.unwrap();
    }
}

/// Every fault of the service, forever: the answer is the truth and comes in time.
#[tokio::test]
async fn every_fault_ends_in_time_with_the_truth() {
    use FailureKind as Kind;
    let faults = [
        (Fault::Refuse, vec![Kind::Reset, Kind::Closed, Kind::Handshake, Kind::Connect]),
        (Fault::CloseAtOnce, vec![Kind::Reset, Kind::Closed, Kind::Handshake]),
        (Fault::HandshakeStuck, vec![Kind::Handshake, Kind::Stalled, Kind::Deadline]),
        (Fault::Stall, vec![Kind::Stalled, Kind::Deadline]),
        (Fault::StallAfter(5000), vec![Kind::Stalled, Kind::Deadline]),
        (Fault::ResetAfter(5000), vec![Kind::Reset, Kind::Closed]),
        (Fault::HalfCloseAfter(5000), vec![Kind::Reset, Kind::Closed]),
        (Fault::Trickle { bytes: 10, every: Duration::from_millis(50) }, vec![Kind::Stalled, Kind::Deadline]),
        (Fault::SlowAccept(PATIENCE), vec![Kind::Handshake, Kind::Stalled, Kind::Deadline]),
    ];
    let mut running = tokio::task::JoinSet::new();
    for transport in ALL {
        for (fault, expected) in faults.clone() {
            // A future of the forwarder stays on its thread.
            running.spawn_blocking(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let service = tight_service(transport);
                    service.set_fault(fault);
                    // More than the service's kernel takes on behalf of a process that does not read.
                    let sent = messages(40, 20, 1000);
                    let machine = Lateness::watch();
                    let deadline = Instant::now() + Duration::from_secs(6);
                    let outcome = forwarder(&service, transport).handle(&carrying(&sent), deadline).await;
                    let over = Instant::now().saturating_duration_since(deadline);
                    // What a busy machine kept every thread waiting is not the forwarder's.
                    assert!(over <= machine.total(), "{transport:?} {fault:?}: {over:?} after the deadline");
                    let failure = outcome.lanes[0]
                        .failure
                        .clone()
                        .unwrap_or_else(|| panic!("{transport:?} {fault:?}: {:?}", outcome.lanes[0]));
                    assert!(expected.contains(&failure.kind), "{transport:?} {fault:?}: {failure}");
                    service.set_fault(Fault::None);
                    assert_honest(&outcome, &sent, &service).await;
                });
            });
        }
    }
    while let Some(result) = running.join_next().await {
        result.unwrap();
    }
}

/// How late a thread that has nothing to do but wake up was woken, all in all.
struct Lateness {
    stop: std::sync::mpsc::Sender<()>,
    thread: std::thread::JoinHandle<Duration>,
}

impl Lateness {
    fn watch() -> Self {
        let (stop, stopped) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            const TICK: Duration = Duration::from_millis(5);
            let mut late = Duration::ZERO;
            loop {
                let began = Instant::now();
                let over = stopped.recv_timeout(TICK) != Err(std::sync::mpsc::RecvTimeoutError::Timeout);
                late += began.elapsed().saturating_sub(TICK);
                if over {
                    return late;
                }
            }
        });
        Self { stop, thread }
    }

    fn total(self) -> Duration {
        drop(self.stop);
        self.thread.join().unwrap()
    }
}

#[tokio::test]
async fn a_failed_record_without_sequence_number_fails_the_invocation() {
    let service = service(Transport::Plain);
    service.stop_listening();
    let mut nameless = record("", &gzip(payload("/app", "f", &["x".into()]).to_string().as_bytes()));
    nameless["eventID"] = serde_json::Value::Null;
    let outcome = forwarder(&service, Transport::Plain).handle(&invocation(vec![nameless]), deadline()).await;
    assert_eq!(outcome.response.unwrap_err().0, 1);
}
