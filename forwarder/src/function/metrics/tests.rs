use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::delivery::Response;
use crate::delivery::account::Account;
use crate::net::{Failure, FailureKind};
use crate::quarantine::Report;

const NOW: u64 = 1_790_000_000_000;

fn origin() -> Origin {
    Origin { function: "cwl-to-logentries".into(), version: "$LATEST".into() }
}

fn invocation(sequences: &[&str]) -> Invocation {
    let records: Vec<_> = sequences
        .iter()
        .map(|sequence| {
            json!({"eventSource": "aws:kinesis", "kinesis": {
                "sequenceNumber": sequence, "data": "", "approximateArrivalTimestamp": 1_789_999_998.796}})
        })
        .collect();
    Invocation::from_json(json!({ "Records": records }).to_string().into_bytes()).unwrap()
}

fn outcome(account: Account, lanes: Vec<LaneReport>) -> Outcome {
    Outcome {
        response: Ok(Response::default()),
        account,
        lanes,
        quarantine: None,
        postponed: 0,
        canaries: Vec::new(),
    }
}

/// The line as the function writes it.
fn written(invocation: &Invocation, outcome: &Outcome) -> Value {
    let mut line = line(&origin(), NOW, invocation, outcome);
    line["_aws"] = directive(NOW, &line);
    line
}

/// What `docs/forwarder-log.md` shows, and how long it is.
#[test]
fn the_line_of_the_docs_is_one_that_the_function_writes() {
    let docs = include_str!("../../../../docs/forwarder-log.md");
    let shown = docs.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let shown: Value = serde_json::from_str(shown).unwrap();
    let delivered = |n| Counts { received: n, delivered: n, ..Counts::default() };
    let mut account = Account::default();
    (account.records, account.events) = (delivered(12), delivered(1000));
    account.destinations = vec![delivered(1000)];
    let lane = LaneReport {
        destination: "app".into(),
        events: 1000,
        bytes: 161_893,
        connections: 1,
        receipt: Some(Duration::from_micros(48_123)),
        ..LaneReport::default()
    };
    let mut line = written(&invocation(&["1"]), &outcome(account, vec![lane]));
    // These need records with data, and what the ledger makes of them.
    line["BytesIn"] = json!(16_120);
    line["EventsReceived"] = json!(1000);
    assert_eq!(line, shown);
    assert!(line.to_string().len() < 730, "{} bytes: {line}", line.to_string().len());
}

#[test]
fn a_record_counts_in_the_invocation_that_settles_it() {
    let part = |record, events, filtered, fate| {
        crate::delivery::account::Part::for_tests(record, events, filtered, fate)
    };
    let parts = vec![
        part(0, 0, 1, Fate::Skipped(Skip::Control)),
        part(1, 3, 1, Fate::Delivered),
        part(2, 5, 0, Fate::Failed),
        part(3, 0, 7, Fate::Filtered),
    ];
    let sequences = ["1", "2", "3", "4"];
    let with = |checkpoint: Option<&str>| {
        let mut account = Account::default();
        account.parts.clone_from(&parts);
        let mut outcome = outcome(account, Vec::new());
        let failures = checkpoint.map(|at| crate::delivery::ItemFailure { item_identifier: at.to_owned() });
        outcome.response = Ok(Response { batch_item_failures: failures.into_iter().collect() });
        line(&origin(), NOW, &invocation(&sequences), &outcome)["EventsReceived"].clone()
    };
    // What is behind the checkpoint comes again, also what is filtered.
    assert_eq!(with(Some("3")), json!(4));
    assert_eq!(with(None), json!(16));
    let mut outcome = outcome(Account::default(), Vec::new());
    outcome.response = Err(crate::delivery::NoCheckpoint(1));
    assert_eq!(line(&origin(), NOW, &invocation(&sequences), &outcome)["EventsReceived"], json!(0));
}

fn counts() -> impl Strategy<Value = Counts> {
    let few = || prop_oneof![Just(0_u64), 1..5_u64];
    (few(), few(), few(), few(), few(), few(), few()).prop_map(
        |(received, delivered, skipped, filtered, quarantined, failed, delivered_before)| Counts {
            received,
            delivered,
            skipped,
            filtered,
            quarantined,
            failed,
            delivered_before,
        },
    )
}

fn lanes() -> impl Strategy<Value = LaneReport> {
    let few = || prop_oneof![Just(0_u64), 1..5_u64];
    let time = prop_oneof![Just(None), (0..5_u64).prop_map(|ms| Some(Duration::from_millis(ms)))];
    (few(), few(), few(), few(), few(), few(), few(), time, any::<bool>()).prop_map(
        |(events, bytes, retries, cut_short, connections, possible_duplicates, unproven, receipt, failed)| {
            LaneReport {
                destination: "app".into(),
                events,
                bytes,
                retries,
                cut_short,
                connections,
                possible_duplicates,
                receipts_unproven: unproven,
                receipt,
                failure: failed.then(|| Failure::new(FailureKind::Connect, "refused")),
                ..LaneReport::default()
            }
        },
    )
}

/// A count of the line, where what is missing is zero.
fn number(line: &Value, path: &str) -> u64 {
    line.pointer(path).map_or(0, |value| value.as_u64().unwrap())
}

fn read(line: &Value, path: &str) -> Counts {
    let of = |name: &str| number(line, &format!("{path}/{name}"));
    Counts {
        received: of("received"),
        delivered: of("delivered"),
        skipped: of("skipped"),
        filtered: of("filtered"),
        quarantined: of("quarantined"),
        failed: of("failed"),
        delivered_before: of("delivered_before"),
    }
}

/// Every number and object in a line, with its path.
fn leaves(value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            members.iter().for_each(|(name, member)| leaves(member, &format!("{path}/{name}"), found));
        }
        other => found.push((path.to_owned(), other.clone())),
    }
}

proptest! {
    /// Whatever an invocation did, a reader who takes a missing count for zero gets each number back, times are there
    /// just if they are known, and no zero takes room.
    #[test]
    fn what_is_left_out_is_zero(
        (records, events, own, lane) in (counts(), counts(), counts(), lanes()),
        (unbalanced, kept, named, held) in (0..3_u64, 0..3_u32, 0..3_u32, 0..3_u32),
        has_quarantine in any::<bool>(),
    ) {
        let mut account = Account::default();
        (account.records, account.events, account.destinations) = (records, events, vec![own]);
        account.unbalanced = unbalanced;
        let mut outcome = outcome(account, vec![lane.clone()]);
        outcome.quarantine = has_quarantine.then(|| Report {
            place: "s3://bucket/prefix".parse().unwrap(),
            kept: (0..kept).collect(),
            named: (0..named).collect(),
            held: (0..held).collect(),
            failure: None,
        });
        let line = written(&invocation(&["1"]), &outcome);

        prop_assert_eq!(read(&line, "/Records"), records);
        prop_assert_eq!(read(&line, "/Events"), events);
        prop_assert_eq!(read(&line, "/Destinations/app/Events"), own);
        let [kept, named, held] = [kept, named, held].map(|n| if has_quarantine { u64::from(n) } else { 0 });
        for (path, value) in [
            ("/EventsDelivered", events.delivered.saturating_sub(events.delivered_before)),
            ("/RecordsFailed", records.failed),
            ("/RecordsQuarantined", records.quarantined),
            ("/Unbalanced", unbalanced),
            ("/BytesOut", lane.bytes),
            ("/ReceiptsUnproven", lane.receipts_unproven),
            ("/RecordsNotKept", named + held),
            ("/Quarantine/Kept", kept),
            ("/Quarantine/Named", named),
            ("/Quarantine/Held", held),
            ("/Destinations/app/EventsDelivered", lane.events),
            ("/Destinations/app/BytesOut", lane.bytes),
            ("/Destinations/app/Retries", lane.retries),
            ("/Destinations/app/Connections", lane.connections),
            ("/Destinations/app/PossibleDuplicates", lane.possible_duplicates),
            ("/Destinations/app/ReceiptsUnproven", lane.receipts_unproven),
            ("/Destinations/app/EventsCutShort", lane.cut_short),
        ] {
            prop_assert_eq!(number(&line, path), value, "{}", path);
        }
        let app = &line["Destinations"]["app"];
        prop_assert_eq!(app.get("ReceiptMilliseconds").is_some(), lane.receipt.is_some());
        prop_assert_eq!(line.get("ReceiptMilliseconds").is_some(), lane.receipt.is_some());
        prop_assert_eq!(line.get("IteratorLagMilliseconds"), Some(&json!(1204)));
        prop_assert_eq!(app.get("Failure").is_some(), lane.failure.is_some());
        prop_assert_eq!(app.get("Detail").is_some(), lane.failure.is_some());

        let mut found = Vec::new();
        leaves(&line, "", &mut found);
        for (path, value) in found {
            let may_be_zero = path.ends_with("Milliseconds") || ["/EventsReceived", "/EventsDelivered"].contains(&&*path);
            prop_assert!(may_be_zero || value != json!(0), "{path}: {line}");
            prop_assert!(!value.is_null() && value != json!({}) || path == "/Destinations/app", "{path}: {line}");
        }
        // Each metric has a value in the line, and what is a metric is named.
        let named = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        let named: Vec<_> = named.iter().map(|metric| metric["Name"].as_str().unwrap()).collect();
        let there: Vec<_> = METRICS.iter().map(|(name, _)| *name).filter(|name| line[name].is_number()).collect();
        prop_assert_eq!(named, there);
        prop_assert!(line["EventsReceived"].is_number() && line["EventsDelivered"].is_number());
    }
}
