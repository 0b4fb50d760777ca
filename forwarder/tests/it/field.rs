//! Destinations against real servers of the field: they read what was meant.

use cwl2le_forwarder::config::{Config, Destination};
use cwl2le_forwarder::{Forwarder, Options};
use cwl2le_local::{Cache, FieldServer};
use serde_json::{Value, json};

use crate::common::*;

fn forwarder_to(kind: &str, keys: Value) -> Forwarder {
    let destination = Destination::read(kind, keys).unwrap().unwrap();
    let options = Options { region: "eu-west-1".into(), ..options() };
    Forwarder::new(&Config::single(destination), options).unwrap()
}

/// Enough for several batches, the last of them marked.
async fn deliver(forwarder: &mut Forwarder) -> Vec<Vec<String>> {
    let mut sent = messages(3, 200, 500);
    sent[0][0] = "[ERROR]\t2016-09-17T10:28:49.663Z\tid\tzwei\nZeilen, \u{e4}".to_owned();
    sent[2][199] = "the last".to_owned();
    let records = sent.iter().enumerate().map(|(n, messages)| {
        record(&sequence(n), &gzip(payload("/aws/lambda/cart", "f", messages).to_string().as_bytes()))
    });
    let outcome = forwarder.handle(&invocation(records.collect()), deadline()).await;
    assert_eq!(outcome.account.events.delivered, 600, "{:?}", outcome.lanes[0].failure);
    sent
}

#[tokio::test]
async fn an_opentelemetry_collector_reads_what_was_sent() {
    let collector = FieldServer::otlp(&Cache::open().unwrap(), &|_| ()).await.unwrap();
    let endpoint = format!("http://127.0.0.1:{}", collector.port());
    let mut forwarder = forwarder_to("otlp", json!({"endpoint": endpoint, "max_batch_bytes": 50_000}));
    let sent = deliver(&mut forwarder).await;
    let received = collector.received("Body: Str(the last)", PATIENCE).await;
    for message in sent.concat() {
        assert!(
            received.contains(&format!("Body: Str({message})")),
            "{message}\n{}",
            collector.logs_tail(20)
        );
    }
    for said in [
        "cloud.region: Str(eu-west-1)",
        "cloud.account.id: Str(123456789012)",
        "faas.name: Str(cart)",
        "aws.log.group.names: Slice(Str(/aws/lambda/cart))",
        "SeverityNumber: SEVERITY_NUMBER_ERROR(17)",
        "Timestamp: 1474108129663000000",
    ] {
        assert!(received.contains(said), "{said} is not in\n{received:.2000}");
    }
    assert_eq!(received.matches("LogRecord #").count(), 600);
}

#[tokio::test]
async fn rsyslog_reads_what_was_sent_over_tls() {
    if !FieldServer::has_syslog() {
        eprintln!(
            "notice: skipped: rsyslog is taken from the packages of Debian and Ubuntu, and this is neither"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let rsyslog = FieldServer::syslog(&Cache::open().unwrap(), &certificate, &key, &|_| ()).await.unwrap();
    let endpoint = format!("127.0.0.1:{}", rsyslog.port());
    let mut forwarder = forwarder_to("syslog", json!({"endpoint": endpoint, "ca_file": certificate}));
    let sent = deliver(&mut forwarder).await;
    let received = rsyslog.received("|the last\n", PATIENCE).await;
    for message in sent.concat() {
        assert!(received.contains(&format!("|{message}\n")), "{message}\n{}", rsyslog.logs_tail(20));
    }
    let head = "11|2016-09-17T10:28:49.663Z|cart|[cwl2le@32473 group=\"/aws/lambda/cart\" stream=\"stream\" \
                account=\"123456789012\" id=\"368";
    assert!(received.starts_with(head), "{received:.400}");
}
