//! What the tests of the forwarder share: events as CloudWatch Logs and Kinesis make them, a log service,
//! and the one question that matters.

pub mod bucket;
pub mod faulty;
pub mod keeper;
pub mod lambda;
#[cfg(target_os = "linux")]
pub mod receiver;
pub mod sink;
pub mod stream;

use std::collections::HashSet;
use std::io::Write;
use std::time::Duration;

use aggregated::{AggregatedRecord, Record};
use base64::Engine;
use cwl2le_forwarder::config::{Config, Destination, Logentries};
use cwl2le_forwarder::delivery::account::Part;
use cwl2le_forwarder::delivery::fate::{Fate, Progress, Share};
use cwl2le_forwarder::destination::{Receipt, Timeouts};
use cwl2le_forwarder::record::event::{Invocation, compare_sequences};
use cwl2le_forwarder::secret::Secret;
use cwl2le_forwarder::{Forwarder, Options, Outcome, Retries};
use cwl2le_local::log_service::{Line, LogService, Options as Service, Transport};
use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest, Md5};
use prost::Message as _;
use serde_json::{Value, json};
use tokio::time::Instant;

/// Every way to a service that takes a stream.
pub const ALL: [Transport; 3] = [Transport::Plain, Transport::Tls12, Transport::Tls13];

pub const TOKEN: &str = "01234567-89ab-cdef-0123-456789abcdef";
/// Long enough for a loaded machine; a test that passes never waits for it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The sequence number of the n-th record of a test: long, like those of AWS.
pub fn sequence(n: usize) -> String {
    format!("495658355723425459142617689770644116017679827068{n:08}")
}

pub fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// The messages of the aggregation format of the Kinesis Producer Library, as far as they are needed.
mod aggregated {
    #[derive(prost::Message)]
    pub struct AggregatedRecord {
        #[prost(string, repeated, tag = "1")]
        pub partition_key_table: Vec<String>,
        #[prost(message, repeated, tag = "3")]
        pub records: Vec<Record>,
    }

    #[derive(prost::Message)]
    pub struct Record {
        #[prost(uint64, required, tag = "1")]
        pub partition_key_index: u64,
        #[prost(bytes = "vec", required, tag = "3")]
        pub data: Vec<u8>,
    }
}

/// What the Kinesis Producer Library makes of several records.
pub fn aggregate(records: &[Vec<u8>]) -> Vec<u8> {
    let records = records.iter().map(|data| Record { partition_key_index: 0, data: data.clone() });
    let message = AggregatedRecord {
        partition_key_table: vec!["partition key".to_owned()],
        records: records.collect(),
    }
    .encode_to_vec();
    [&cwl2le_forwarder::record::aggregate::MAGIC[..], &message, &Md5::digest(&message)[..]].concat()
}

/// The payload of a DATA_MESSAGE.
pub fn payload(group: &str, filter: &str, messages: &[String]) -> Value {
    let events: Vec<Value> = messages
        .iter()
        .enumerate()
        .map(|(at, message)| {
            json!({"id": format!("368{at:053}"), "timestamp": 1_474_108_129_663_i64 + at as i64, "message": message})
        })
        .collect();
    json!({"messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": group, "logStream": "stream",
           "subscriptionFilters": [filter], "logEvents": events})
}

pub fn control() -> Value {
    json!({"messageType": "CONTROL_MESSAGE", "owner": "CloudwatchLogs", "logGroup": "", "logStream": "",
           "subscriptionFilters": [], "logEvents": [
             {"id": "", "timestamp": 1, "message": "CWL CONTROL MESSAGE: Checking health of destination Kinesis stream."}]})
}

/// A record of the invocation with this data.
pub fn record(sequence: &str, data: &[u8]) -> Value {
    json!({
        "kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": "p", "sequenceNumber": sequence,
            "data": base64::engine::general_purpose::STANDARD.encode(data),
            "approximateArrivalTimestamp": 1_474_108_130.452},
        "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": format!("shardId-000000000000:{sequence}"),
        "eventName": "aws:kinesis:record", "awsRegion": "ap-northeast-1",
        "eventSourceARN": "arn:aws:kinesis:ap-northeast-1:000000000000:stream/cloudwatch-logs-stream",
    })
}

pub fn invocation(records: Vec<Value>) -> Invocation {
    Invocation::from_json(json!({ "Records": records }).to_string().into_bytes()).unwrap()
}

/// `records` records of `events` messages each, every message different, of about `length` bytes.
pub fn messages(records: usize, events: usize, length: usize) -> Vec<Vec<String>> {
    (0..records)
        .map(|r| (0..events).map(|e| format!("{:x<length$}", format!("record {r} event {e} "))).collect())
        .collect()
}

/// The invocation that carries such messages.
pub fn carrying(messages: &[Vec<String>]) -> Invocation {
    let records = messages.iter().enumerate().map(|(n, messages)| {
        record(&sequence(n), &gzip(payload("/app", "cloudwatchLogsFilter", messages).to_string().as_bytes()))
    });
    invocation(records.collect())
}

pub fn service(transport: Transport) -> LogService {
    LogService::start(Service::with_transport(transport)).unwrap()
}

/// A service whose kernel takes little that its process has not read.
pub fn tight_service(transport: Transport) -> LogService {
    LogService::start(Service { transport, receive_buffer: Some(64 * 1024), ..Service::default() }).unwrap()
}

/// The configuration of one destination at a service; the file holds its authority as long as it lives.
pub fn destination(service: &LogService, transport: Transport) -> (Destination, tempfile::NamedTempFile) {
    let mut ca = tempfile::NamedTempFile::new().unwrap();
    ca.write_all(service.ca_pem().as_bytes()).unwrap();
    let tls = transport != Transport::Plain;
    let destination = Destination::Logentries(Logentries {
        endpoint: Some(service.address().to_string()),
        region: None,
        tls,
        ca_file: tls.then(|| ca.path().to_str().unwrap().to_owned()),
        ca: None,
        token: Secret::Inline(TOKEN.parse().unwrap()),
        receipt: Receipt::Auto,
    });
    (destination, ca)
}

/// Gives up quickly, so that a test of a failure does not take minutes.
pub fn options() -> Options {
    Options {
        timeouts: Timeouts {
            connect: Duration::from_secs(2),
            handshake: Duration::from_secs(1),
            progress: Duration::from_secs(1),
            progress_on_kept: Duration::from_millis(500),
            close: Duration::from_millis(500),
            ..Timeouts::default()
        },
        retries: Retries {
            first_pause: Duration::from_millis(2),
            longest_pause: Duration::from_millis(20),
            attempts: 4,
        },
        ..Options::default()
    }
}

pub fn forwarder(service: &LogService, transport: Transport) -> Forwarder {
    forwarder_with(service, transport, Receipt::Auto, options())
}

pub fn forwarder_with(
    service: &LogService,
    transport: Transport,
    receipt: Receipt,
    options: Options,
) -> Forwarder {
    let (mut destination, _ca) = destination(service, transport);
    if let Destination::Logentries(logentries) = &mut destination {
        logentries.receipt = receipt;
    }
    Forwarder::new(&Config::single(destination), options).unwrap()
}

pub fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

/// The messages that the outcome calls delivered in this invocation, those of unfinished records included.
pub fn claimed<'s>(outcome: &Outcome, sent: &'s [Vec<String>]) -> Vec<&'s String> {
    let shares = |part| outcome.account.shares(part).iter().map(move |share| (part, share));
    let delivered = |(part, share): (&Part, &Share)| {
        let Progress { done, before, .. } = &share.progress;
        &sent[part.record as usize][*before as usize..*done as usize]
    };
    outcome.account.parts.iter().flat_map(shares).flat_map(delivered).collect()
}

/// Received equals delivered plus skipped plus quarantined plus failed; what is called delivered does arrive
/// at the service; and what failed is at or after the checkpoint, so that it comes again. Gives everything
/// that arrived.
pub async fn assert_honest(outcome: &Outcome, sent: &[Vec<String>], service: &LogService) -> Vec<Line> {
    assert_eq!(outcome.account.unbalanced, 0);
    assert_eq!(outcome.account.records.received as usize, sent.len());
    let response = outcome.response.as_ref().unwrap();
    assert!(response.batch_item_failures.len() <= 1);
    let checkpoint = response.batch_item_failures.first().map(|first| first.item_identifier.clone());
    let fates = outcome.account.fates().enumerate();
    let failed = fates.filter(|(_, fate)| *fate.0 == Fate::Failed).map(|(at, _)| at);
    let lowest = failed.map(sequence).min_by(|a, b| compare_sequences(a, b));
    assert_eq!(checkpoint, lowest, "the checkpoint is the lowest that failed");

    let claimed = claimed(outcome, sent);
    let mut count = claimed.len();
    // Lines that came twice may have to be waited past.
    loop {
        let (lines, complete) = match service.wait_for_lines(count, PATIENCE).await {
            Ok(lines) => (lines, true),
            Err(too_few) => (too_few.arrived, false),
        };
        let arrived: HashSet<String> = lines.iter().map(Line::message).collect();
        let missing: Vec<_> = claimed.iter().filter(|message| !arrived.contains(**message)).collect();
        if missing.is_empty() {
            return lines;
        }
        assert!(
            complete,
            "{} of {} that are called delivered are lost, like {:?}",
            missing.len(),
            claimed.len(),
            missing[0]
        );
        count = lines.len() + 1;
    }
}
