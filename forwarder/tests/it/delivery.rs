//! Delivered plus reported as failed is what was sent, whatever the log service does.

use std::time::Duration;

use crate::common::*;
use cwl2le_forwarder::config::{Config, Route};
use cwl2le_forwarder::destination::Receipt;
use cwl2le_forwarder::net::FailureKind;
use cwl2le_forwarder::{Forwarder, Options, Outcome};
use cwl2le_local::log_service::{Certificate, Fault, Transport};
use tokio::time::Instant;

const ALL: [Transport; 3] = [Transport::Plain, Transport::Tls12, Transport::Tls13];

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

/// Gives up after one attempt.
fn impatient() -> Options {
    let mut options = options();
    options.patience.progress = Duration::from_millis(400);
    options.persistence.attempts = 1;
    options
}

/// Whatever the receipt: bytes that a kernel has taken for a process that does not read any more are not delivered.
#[tokio::test]
async fn a_reader_that_stalls_gets_no_verdict() {
    for (transport, receipt) in
        ALL.into_iter().flat_map(|transport| [Receipt::Auto, Receipt::Acknowledged].map(|r| (transport, r)))
    {
        let service = tight_service(transport);
        service.set_fault(Fault::StallAfter(400_000));
        let sent = messages(40, 100, 500);
        let mut forwarder = forwarder_with(&service, transport, receipt, impatient());
        let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
        assert_eq!(
            (outcome.account.events.delivered, outcome.account.records.failed),
            (0, 40),
            "{receipt:?}"
        );
        service.set_fault(Fault::None);
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

/// Once a service has closed its side after ours, what its kernel acknowledges for a process that hangs is not
/// delivered any more, however little it is.
#[tokio::test]
async fn a_service_that_has_closed_once_has_to_close_every_time() {
    for (transport, receipt) in
        ALL.into_iter().flat_map(|transport| [Receipt::Auto, Receipt::Closed].map(|r| (transport, r)))
    {
        let service = service(transport);
        let mut forwarder = forwarder_with(&service, transport, receipt, impatient());
        let first = messages(1, 3, 20);
        let outcome = forwarder.handle(&carrying(&first), deadline()).await;
        assert_eq!((outcome.account.events.delivered, outcome.lanes[0].receipts_unproven), (3, 0));
        service.set_fault(Fault::Stall);
        let second = messages(1, 3, 30);
        let outcome = forwarder.handle(&carrying(&second), deadline()).await;
        assert_eq!(outcome.account.events.delivered, 0, "{transport:?} {receipt:?}");
        let failure = outcome.lanes[0].failure.as_ref().unwrap();
        assert_eq!(failure.kind, FailureKind::Stalled, "{failure}");
        service.set_fault(Fault::None);
        let outcome = forwarder.handle(&carrying(&second), deadline()).await;
        assert_eq!(outcome.account.events.delivered, 3);
        assert_honest(&outcome, &second, &service).await;
    }
}

/// A service that never closes is taken at its kernel's word: counted each time, said once, and not waited for again.
#[tokio::test]
async fn a_service_that_never_closes_is_believed_in_auto_and_counted() {
    for transport in ALL {
        let service = service(transport);
        service.set_fault(Fault::NeverClose);
        let mut forwarder = forwarder(&service, transport);
        let sent = messages(1, 3, 20);
        let mut told = 0;
        for connections in [1, 1, 0] {
            let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
            let lane = &outcome.lanes[0];
            assert_eq!((outcome.account.events.delivered, lane.receipts_unproven), (3, 1), "{transport:?}");
            assert_eq!(lane.connections, connections, "the first is half-closed, the second is kept");
            told += u32::from(lane.first_unproven);
            assert_honest(&outcome, &sent, &service).await;
        }
        assert_eq!(told, 1);

        let mut strict = forwarder_with(&service, transport, Receipt::Closed, impatient());
        let outcome = strict.handle(&carrying(&sent), deadline()).await;
        assert_eq!(outcome.account.events.delivered, 0);
        assert_eq!(outcome.lanes[0].failure.as_ref().unwrap().kind, FailureKind::Stalled);
    }
}

/// A process that crashes over unread data has its connection reset, after its kernel has acknowledged everything.
#[tokio::test]
async fn a_receiver_that_resets_over_unread_data_is_never_believed() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = connection.peek(&mut [0]).await;
                // Longer than the forwarder listens for a reset where it takes an acknowledgement for a receipt.
                tokio::time::sleep(Duration::from_millis(150)).await;
            });
        }
    });
    let config = format!(
        r#"{{"destinations":{{"x":{{"type":"logentries","endpoint":"{address}","tls":false,"token":"{TOKEN}"}}}}}}"#
    );
    let mut options = options();
    options.patience.close = PATIENCE;
    let mut forwarder = Forwarder::new(&Config::from_json(&config).unwrap(), options).unwrap();
    for _ in 0..2 {
        let outcome = forwarder.handle(&carrying(&messages(1, 3, 20)), deadline()).await;
        assert_eq!(outcome.account.events.delivered, 0);
        let failure = outcome.lanes[0].failure.as_ref().unwrap();
        assert_eq!(failure.kind, FailureKind::Reset, "{failure}");
        assert!(failure.detail.contains("receipt = \"acknowledged\""), "{failure}");
    }
}

/// After its first acknowledgement a kept connection gets the time of a new one.
#[tokio::test]
async fn a_kept_connection_that_has_made_progress_may_pause() {
    let service = tight_service(Transport::Plain);
    let mut options = options();
    options.patience.progress_on_kept = Duration::from_millis(300);
    options.patience.progress = PATIENCE;
    options.persistence.attempts = 1;
    let mut forwarder = forwarder_with(&service, Transport::Plain, Receipt::Acknowledged, options);
    forwarder.handle(&carrying(&messages(1, 1, 10)), deadline()).await;
    service.wait_for_lines(1, PATIENCE).await.unwrap();
    service.clear();
    // It reads a little, and after three times as long as a kept connection has for its first byte the rest.
    service.set_fault(Fault::PauseAfter(300_000, Duration::from_millis(900)));
    let sent = messages(40, 100, 1000);
    let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
    assert_eq!((outcome.account.records.failed, outcome.lanes[0].retries), (0, 0), "{:?}", outcome.lanes[0]);
    assert_eq!(outcome.lanes[0].connections, 0);
    assert_honest(&outcome, &sent, &service).await;
}

#[tokio::test]
async fn a_reset_after_a_quarter_loses_nothing() {
    for transport in ALL {
        for always in [false, true] {
            let service = tight_service(transport);
            let sent = messages(80, 100, 200);
            let quarter = Fault::ResetAfter(80 * 100 * 237 / 4);
            if always {
                service.set_fault(quarter)
            } else {
                service.set_fault_for(quarter, 1)
            }
            let outcome = forwarder(&service, transport).handle(&carrying(&sent), deadline()).await;
            assert_eq!(outcome.account.records.failed > 0, always, "{transport:?}");
            assert_honest(&outcome, &sent, &service).await;
        }
    }
}

/// With the buffers that the kernel gives by default it acknowledges megabytes that the service has not read.
/// So there is more than any buffer holds: then all of it can only have been read.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_reset_after_a_quarter_loses_nothing_with_ordinary_buffers() {
    let limits = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_rmem").unwrap();
    let largest: usize = limits.split_whitespace().last().unwrap().parse().unwrap();
    let (records, length) = (40, 4000);
    let events = largest / 2 * 3 / records / length;
    let sent = messages(records, events, length);
    let quarter = Fault::ResetAfter((records * events * length / 4) as u64);
    for (transport, always) in [
        (Transport::Plain, false),
        (Transport::Plain, true),
        (Transport::Tls12, false),
        (Transport::Tls13, false),
    ] {
        let service = service(transport);
        if always {
            service.set_fault(quarter)
        } else {
            service.set_fault_for(quarter, 1)
        }
        let outcome = forwarder(&service, transport).handle(&carrying(&sent), deadline() + PATIENCE).await;
        assert!(outcome.lanes[0].retries > 0, "{transport:?}: the reset is seen");
        assert_eq!(outcome.account.records.failed > 0, always, "{transport:?}");
        assert_honest(&outcome, &sent, &service).await;
    }
}

#[tokio::test]
async fn a_service_that_is_down_fails_everything_and_gets_it_later() {
    for transport in ALL {
        let service = service(transport);
        service.stop_listening();
        let mut forwarder = forwarder(&service, transport);
        let sent = messages(3, 10, 50);
        let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
        assert_honest(&outcome, &sent, &service).await;
        assert_eq!(outcome.account.records.failed, 3);
        assert_eq!(outcome.lanes[0].failure.as_ref().unwrap().kind, FailureKind::Connect);
        assert_eq!(outcome.lanes[0].retries, 3);
        service.resume();
        let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
        assert_honest(&outcome, &sent, &service).await;
        assert_eq!(outcome.account.records.delivered, 3);
    }
}

#[tokio::test]
async fn a_connection_that_died_between_invocations_is_replaced() {
    for transport in ALL {
        for restart in [false, true] {
            let service = service(transport);
            let mut forwarder = forwarder_with(&service, transport, Receipt::Acknowledged, options());
            for round in 1..=5 {
                let sent = messages(3, 10, 50 + round);
                let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
                assert_honest(&outcome, &sent, &service).await;
                assert_eq!(outcome.account.records.delivered, 3);
                service.clear();
                if restart {
                    service.stop_listening();
                    service.resume();
                } else {
                    service.close_connections();
                }
            }
        }
    }
}

#[tokio::test]
async fn a_kept_connection_that_nobody_answers_on_is_replaced() {
    let service = tight_service(Transport::Tls13);
    let mut forwarder = forwarder_with(&service, Transport::Tls13, Receipt::Acknowledged, options());
    let sent = messages(10, 100, 500);
    forwarder.handle(&carrying(&sent), deadline()).await;
    service.wait_for_lines(1000, PATIENCE).await.unwrap();
    service.clear();
    service.set_fault_for(Fault::Stall, 1);
    let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
    assert_eq!(outcome.account.records.failed, 0);
    assert_honest(&outcome, &sent, &service).await;
}

/// Every fault of the service, for ever: the answer is the truth and comes in time.
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
async fn bad_certificates_fail_at_once_and_send_nothing() {
    for transport in [Transport::Tls12, Transport::Tls13] {
        for certificate in [Certificate::Expired, Certificate::WrongName, Certificate::UnknownAuthority] {
            let service = service(transport);
            service.set_certificate(certificate).unwrap();
            let mut forwarder = forwarder(&service, transport);
            let sent = messages(2, 2, 20);
            let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
            assert_honest(&outcome, &sent, &service).await;
            let failure = outcome.lanes[0].failure.clone().unwrap();
            assert_eq!((failure.kind, outcome.lanes[0].retries), (FailureKind::Certificate, 0), "{failure}");
            assert_eq!(service.line_count(), 0);
            service.set_certificate(Certificate::Valid).unwrap();
            assert_eq!(forwarder.handle(&carrying(&sent), deadline()).await.account.records.delivered, 2);
        }
    }
}

#[tokio::test]
async fn a_name_without_address_is_a_failure_of_its_own() {
    let json = format!(
        r#"{{"destinations":{{"x":{{"type":"logentries","endpoint":"no-such-host.invalid:1","tls":false,"token":"{TOKEN}"}}}}}}"#
    );
    let mut forwarder = Forwarder::new(&Config::from_json(&json).unwrap(), options()).unwrap();
    let sent = messages(1, 1, 10);
    let outcome = forwarder.handle(&carrying(&sent), Instant::now() + Duration::from_secs(10)).await;
    assert_eq!(outcome.account.records.failed, 1);
    let kind = outcome.lanes[0].failure.as_ref().unwrap().kind;
    assert!(matches!(kind, FailureKind::Dns | FailureKind::Deadline), "{kind:?}");
}

#[tokio::test]
async fn one_destination_that_is_down_does_not_stop_the_other() {
    let (up, down) = (service(Transport::Tls13), service(Transport::Plain));
    down.stop_listening();
    let ((up_config, _ca), (down_config, _)) =
        (destination(&up, Transport::Tls13), destination(&down, Transport::Plain));
    let mut config = Config::single(up_config);
    config.destinations.insert("audit".into(), down_config);
    let mut forwarder = Forwarder::new(&config, options()).unwrap();

    let sent = messages(10, 5, 40);
    let event = || {
        invocation(
            sent.iter()
                .enumerate()
                .map(|(n, messages)| {
                    let filter = if n % 3 == 1 { "f@audit" } else { "f" };
                    record(&sequence(n), &gzip(payload("/app", filter, messages).to_string().as_bytes()))
                })
                .collect(),
        )
    };
    let outcome = forwarder.handle(&event(), deadline()).await;
    assert_honest(&outcome, &sent, &up).await;
    assert_eq!((outcome.account.records.delivered, outcome.account.records.failed), (7, 3));
    assert_eq!(outcome.response.unwrap().batch_item_failures[0].item_identifier, sequence(1));

    // AWS sends everything from the checkpoint on again; only what failed is sent on.
    down.resume();
    let again: Vec<_> = (1..10).collect();
    let redelivered = invocation(
        again
            .iter()
            .map(|n| {
                let filter = if n % 3 == 1 { "f@audit" } else { "f" };
                record(&sequence(*n), &gzip(payload("/app", filter, &sent[*n]).to_string().as_bytes()))
            })
            .collect(),
    );
    let outcome = forwarder.handle(&redelivered, deadline()).await;
    assert_eq!((outcome.account.records.delivered, outcome.account.events.delivered), (9, 45));
    assert_eq!(outcome.lanes.iter().map(|lane| lane.events).sum::<u64>(), 15);
    assert_eq!(down.wait_for_lines(15, PATIENCE).await.unwrap().len(), 15);
    assert_eq!(up.line_count(), 35, "nothing arrives twice");

    // A third time everything is new: nothing is remembered for ever.
    let outcome = forwarder.handle(&event(), deadline()).await;
    assert_eq!(outcome.lanes.iter().map(|lane| lane.events).sum::<u64>(), 50);
}

#[tokio::test]
async fn an_event_for_two_destinations_goes_again_only_to_the_one_that_failed() {
    let (up, down) = (service(Transport::Tls13), service(Transport::Plain));
    down.stop_listening();
    let ((up_config, _ca), (down_config, _)) =
        (destination(&up, Transport::Tls13), destination(&down, Transport::Plain));
    let mut config = Config::single(up_config);
    config.destinations.insert("audit".into(), down_config);
    let json = config.to_json();
    let routes = r#","routes":[{"log_group":"/app","destination":["audit","default"]}]}"#;
    let config = Config::from_json(&(json[..json.len() - 1].to_owned() + routes)).unwrap();
    let mut forwarder = Forwarder::new(&config, options()).unwrap();

    // Every third is pinned to the one that is up.
    let sent = messages(9, 5, 40);
    let event = || {
        let records = sent.iter().enumerate().map(|(n, messages)| {
            let filter = if n % 3 == 0 { "f@default" } else { "f" };
            record(&sequence(n), &gzip(payload("/app", filter, messages).to_string().as_bytes()))
        });
        invocation(records.collect())
    };
    let outcome = forwarder.handle(&event(), deadline()).await;
    assert_honest(&outcome, &sent, &up).await;
    assert_eq!((outcome.account.records.delivered, outcome.account.records.failed), (3, 6));
    let counts = &outcome.account.destinations;
    assert_eq!((counts[0].received, counts[0].failed), (30, 30), "audit");
    assert_eq!((counts[1].received, counts[1].delivered), (45, 45), "default");
    up.wait_for_lines(45, PATIENCE).await.unwrap();

    down.resume();
    let outcome = forwarder.handle(&event(), deadline()).await;
    assert_eq!(outcome.response.unwrap(), Default::default());
    assert_eq!(outcome.account.records.delivered, 9);
    assert_eq!(down.wait_for_lines(30, PATIENCE).await.unwrap().len(), 30);
    // Record 0 is before the checkpoint, so AWS would not send it again and nothing is remembered of it.
    assert_eq!(outcome.lanes.iter().map(|lane| lane.events).collect::<Vec<_>>(), [30, 5]);
    up.wait_for_lines(50, PATIENCE).await.unwrap();
    assert_eq!(up.line_count(), 50);
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

#[tokio::test]
async fn what_a_route_drops_is_counted_and_what_it_redacts_never_arrives() {
    let service = service(Transport::Tls13);
    let (one, _ca) = destination(&service, Transport::Tls13);
    let mut config = Config::single(one);
    let rules = r#"{"include":[{"message":"INFO|ERROR"}],"exclude":[{"message":"health","stream":"stream"}],
        "redact":[{"find":["email"]}],"fields":{"group":"^/(?<app>.+)$"},"format":"prefix"}"#;
    config.routes.push(Route {
        log_group: "/a*".into(),
        destination: "default".into(),
        shape: Some(serde_json::from_str(rules).unwrap()),
    });
    let mut forwarder = Forwarder::new(&config, options()).unwrap();
    let texts = |messages: &[&str]| messages.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let data =
        |group: &str, messages: &[&str]| gzip(payload(group, "f", &texts(messages)).to_string().as_bytes());
    let batch = || {
        invocation(vec![
            record(&sequence(0), &data("/app", &["DEBUG one", "ERROR of bob@example.com\n", "INFO health"])),
            record(&sequence(1), &data("/app", &["DEBUG two", "DEBUG three"])),
            record(&sequence(2), &data("/other", &["DEBUG of bob@example.com"])),
        ])
    };
    let counts = |outcome: &Outcome| {
        assert_eq!(outcome.account.unbalanced, 0);
        let [records, events] = [outcome.account.records, outcome.account.events];
        [
            (records.delivered, records.filtered, records.failed),
            (events.delivered, events.filtered, events.failed),
        ]
    };

    service.stop_listening();
    let outcome = forwarder.handle(&batch(), deadline()).await;
    assert_eq!(counts(&outcome), [(0, 1, 2), (0, 4, 2)], "what is dropped does not fail");

    service.resume();
    let outcome = forwarder.handle(&batch(), deadline()).await;
    assert_eq!(counts(&outcome), [(2, 1, 0), (2, 4, 0)]);
    assert_eq!(outcome.account.destinations, [outcome.account.events]);
    let lines = service.wait_for_lines(2, PATIENCE).await.unwrap();
    let expected =
        ["2016-09-17T10:28:49.664Z /app stream app=app ERROR of [email]", "DEBUG of bob@example.com"];
    assert_eq!(lines.iter().map(|line| line.message()).collect::<Vec<_>>(), expected);
}
