//! Events that a destination refuses for good.

use std::ops::Range;
use std::time::Duration;

use cwl2le_local::ReservedPort;
use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::aws::tests::{aws, server};
use crate::config::Config;
use crate::destination::{Destination, Rejected, Session, Taken, Traffic, Verdict, Wait};
use crate::net::Failure;
use crate::record::event::Invocation;
use crate::record::payload::{LogEvent, Payload};
use crate::{Forwarder, Options};

/// Takes everything, and refuses what is called bad.
#[derive(Default)]
struct Picky {
    taken: u64,
    bad: Vec<u64>,
}

impl Destination for Picky {
    fn renew(&mut self, _: Instant) -> Wait<'_, ()> {
        Box::pin(async {})
    }

    fn take(&mut self, _: &Payload<'_>, events: &[LogEvent<'_>]) -> Taken {
        for event in events {
            self.bad.extend(event.message.contains("bad").then_some(self.taken));
            self.taken += 1;
        }
        Taken { events: events.len(), full: false }
    }

    fn send(&mut self, _: Instant) -> Wait<'_, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }

    fn receipt(&mut self, _: Instant) -> Wait<'_, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }

    fn close(&mut self) -> Session {
        let Self { taken, bad } = std::mem::take(self);
        let why = || Rejected { event_id: None, why: "400: bad".into() };
        let one = |at: u64| -> Range<u64> { at..at + 1 };
        let verdict = |at| Verdict { events: one(at), rejected: bad.contains(&at).then(why) };
        Session { verdicts: (0..taken).map(verdict).collect(), in_doubt: 0 }
    }

    fn traffic(&self) -> Traffic {
        Traffic::default()
    }
}

fn forwarder(url: &str) -> Forwarder {
    let config = r#"{"destinations":{"default":{"type":"logentries","endpoint":"127.0.0.1:1","tls":false,
        "token":"01234567-89ab-cdef-0123-456789abcdef"}},"quarantine":"s3://bucket"}"#;
    let options = Options { aws: Some(aws(url)), ..Options::default() };
    let mut forwarder = Forwarder::new(&Config::from_json(config).unwrap(), options).unwrap();
    forwarder.replace_destinations(|| Box::new(Picky::default()));
    forwarder
}

/// Records with these messages.
pub(crate) fn invocation(records: &[&[&str]]) -> Invocation {
    let records = records.iter().zip(1..).map(|(messages, n)| {
        let events: Vec<_> = messages.iter().map(|message| json!({ "message": message })).collect();
        let text =
            json!({"messageType": "DATA_MESSAGE", "logGroup": "/app", "logEvents": events}).to_string();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut gzip, text.as_bytes()).unwrap();
        let data = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, gzip.finish().unwrap());
        json!({"kinesis": {"sequenceNumber": n.to_string(), "data": data}, "eventID": format!("shard:{n}")})
    });
    let event = json!({ "Records": records.collect::<Vec<_>>() });
    Invocation::from_json(event.to_string().into_bytes()).unwrap()
}

#[tokio::test]
async fn the_record_of_events_that_a_destination_refuses_for_good_is_kept() {
    let (url, seen) = server(vec![(200, String::new())]);
    let batch = invocation(&[&["good", "bad", "good", "bad"], &["good"]]);
    let outcome = forwarder(&url).handle(&batch, Instant::now() + PATIENCE).await;
    let (head, body) = seen.recv().unwrap();
    assert_eq!(body, String::from_utf8_lossy(batch.raw(0)));
    for part in
        ["PUT /bucket/shard/1 ", "reason: refused", "refused: default:1,3", "detail: default: 400: bad"]
    {
        assert!(head.contains(part), "{part}: {head}");
    }
    let account = &outcome.account;
    assert_eq!((account.events.delivered, account.events.quarantined, account.records.failed), (3, 2, 0));
    assert_eq!((outcome.quarantine.unwrap().kept, account.unbalanced), (vec![0], 0));
    assert!(outcome.response.unwrap().batch_item_failures.is_empty());
}

#[tokio::test]
async fn refused_events_that_cannot_be_kept_have_failed_until_they_are() {
    let nobody = ReservedPort::new().unwrap();
    let mut forwarder = forwarder(&nobody.url());
    let batch = invocation(&[&["good"], &["good", "bad", "good"]]);
    let outcome = forwarder.handle(&batch, Instant::now() + Duration::from_secs(1)).await;
    let account = &outcome.account;
    assert_eq!((account.events.delivered, account.events.quarantined, account.events.failed), (3, 0, 1));
    assert_eq!((account.destinations[0], account.unbalanced), (account.events, 0));
    assert_eq!(outcome.response.unwrap().batch_item_failures[0].item_identifier, "2");

    let (url, _seen) = server(vec![(200, String::new())]);
    forwarder.replace_quarantine(Quarantine::new("s3://bucket".parse().unwrap(), aws(&url), PATIENCE));
    let outcome = forwarder.handle(&batch, Instant::now() + PATIENCE).await;
    let account = &outcome.account;
    // The first has been delivered; of the second nothing is sent again.
    assert_eq!((account.events.delivered, account.events.quarantined, account.events.failed), (3, 1, 0));
    assert_eq!((outcome.lanes[0].events, account.records.delivered, account.unbalanced), (1, 2, 0));
}
