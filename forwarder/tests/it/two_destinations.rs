//! Two destinations, one of which is down: what the other has is not sent again.

use cwl2le_forwarder::Forwarder;
use cwl2le_forwarder::config::Config;
use cwl2le_local::log_service::Transport;

use crate::common::*;

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

    // A third time everything is new: nothing is remembered forever.
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
