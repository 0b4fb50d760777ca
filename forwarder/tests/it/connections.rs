//! Connections that are reset, refused, lost or never made: nothing is lost with them.

use std::time::Duration;

use cwl2le_forwarder::Forwarder;
use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::destination::Receipt;
use cwl2le_forwarder::net::FailureKind;
use cwl2le_local::log_service::{Certificate, Fault, Transport};
use tokio::time::Instant;

use crate::common::*;

/// After its first acknowledgement a kept connection gets the time of a new one.
#[tokio::test]
async fn a_kept_connection_that_has_made_progress_may_pause() {
    let service = tight_service(Transport::Plain);
    let mut options = options();
    options.timeouts.progress_on_kept = Duration::from_millis(300);
    options.timeouts.progress = PATIENCE;
    options.retries.attempts = 1;
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
