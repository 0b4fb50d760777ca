use std::cell::RefCell;
use std::net::SocketAddr;

use cwl2le_local::log_service::{LogService, Options as Service};

use super::*;
use crate::config::Config;
use crate::record::event::Invocation;
use crate::{Forwarder, Options};

thread_local! {
    /// What `moving.test` means now.
    static ADDRESSES: RefCell<Vec<SocketAddr>> = const { RefCell::new(Vec::new()) };
}

fn moves_to(addresses: &[SocketAddr]) {
    ADDRESSES.set(addresses.to_vec());
}

pub(super) async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if host == "moving.test" {
        return Ok(ADDRESSES.with_borrow(Clone::clone));
    }
    Ok(tokio::net::lookup_host((host, port)).await?.collect())
}

#[tokio::test]
async fn an_address_that_changes_between_invocations_is_followed() {
    let [first, second] = [(); 2].map(|()| LogService::start(Service::default()).unwrap());
    let config = Config::from_json(
        r#"{"destinations":{"default":{"type":"logentries","endpoint":"moving.test:1","tls":false,
            "receipt":"acknowledged","token":"01234567-89ab-cdef-0123-456789abcdef"}}}"#,
    )
    .unwrap();
    let mut forwarder = Forwarder::new(&config, Options::default()).unwrap();
    let event: Invocation =
        serde_json::from_str(include_str!("../../../../../fixtures/kinesis-event.json")).unwrap();
    let long = Duration::from_secs(60);
    let mut deliver = async || {
        let outcome = forwarder.handle(&event, Instant::now() + long).await;
        (outcome.account.records.delivered, outcome.lanes[0].connections)
    };

    moves_to(&[first.address()]);
    assert_eq!(deliver().await, (1, 1));
    // A connection that works is kept, wherever the name leads by now.
    moves_to(&[second.address()]);
    assert_eq!(deliver().await, (1, 0));
    first.wait_for_lines(2, long).await.unwrap();
    first.stop_listening();
    assert_eq!(deliver().await, (1, 1));
    second.wait_for_lines(1, long).await.unwrap();
    // Of several addresses those that do not answer are passed over.
    second.close_connections();
    moves_to(&[first.address(), second.address()]);
    assert_eq!(deliver().await, (1, 1));
    second.wait_for_lines(2, long).await.unwrap();
    // No address any more: the record comes again, and the next address gets it.
    second.stop_listening();
    moves_to(&[]);
    let gone = forwarder.handle(&event, Instant::now() + Duration::from_secs(1)).await;
    assert_eq!(gone.account.records.failed, 1);
    assert_eq!(gone.lanes[0].failure.as_ref().unwrap().kind, FailureKind::Dns);
}
