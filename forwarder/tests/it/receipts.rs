//! What counts as the receipt of a service that answers nothing.

use std::time::Duration;

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::destination::Receipt;
use cwl2le_forwarder::net::FailureKind;
use cwl2le_forwarder::{Forwarder, Options};
use cwl2le_local::log_service::Fault;

use crate::common::*;

/// Gives up after one attempt.
fn impatient() -> Options {
    let mut options = options();
    options.timeouts.progress = Duration::from_millis(400);
    options.retries.attempts = 1;
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
    options.timeouts.close = PATIENCE;
    let mut forwarder = Forwarder::new(&Config::from_json(&config).unwrap(), options).unwrap();
    for _ in 0..2 {
        let outcome = forwarder.handle(&carrying(&messages(1, 3, 20)), deadline()).await;
        assert_eq!(outcome.account.events.delivered, 0);
        let failure = outcome.lanes[0].failure.as_ref().unwrap();
        assert_eq!(failure.kind, FailureKind::Reset, "{failure}");
        assert!(failure.detail.contains("receipt = \"acknowledged\""), "{failure}");
    }
}
