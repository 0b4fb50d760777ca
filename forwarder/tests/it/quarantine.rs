//! Records that no retry can help are kept in S3, or it is said that they are not; and they hold nobody up forever.

use std::time::Duration;

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::delivery::fate::Fate;
use cwl2le_forwarder::delivery::{Counts, NoCheckpoint};
use cwl2le_forwarder::function::{metrics, notes};
use cwl2le_forwarder::note::Level;
use cwl2le_forwarder::record::event::Invocation;
use cwl2le_forwarder::{Forwarder, Options, Outcome};
use cwl2le_local::log_service::{Fault, LogService, Transport};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::common::bucket::{Bucket, Mood};
use crate::common::lambda::Lambda;
use crate::common::*;

const PLACE: &str = "s3://set-aside/logs";
const FOLDER: &str = "/set-aside/logs/cloudwatch-logs-stream/shardId-000000000000";

fn config(service: &LogService) -> Config {
    let (destination, _ca) = destination(service, Transport::Plain);
    Config { quarantine: Some(PLACE.parse().unwrap()), ..Config::single(destination) }
}

fn forwarder(service: &LogService, bucket: &Bucket) -> Forwarder {
    let options = Options { aws: Some(bucket.aws()), ..options() };
    Forwarder::new(&config(service), options).unwrap()
}

fn good(message: &str) -> Vec<u8> {
    gzip(payload("/app", "f", &[message.to_owned()]).to_string().as_bytes())
}

/// The record of number `n`.
fn nth(n: usize, data: &[u8]) -> Value {
    record(&sequence(n), data)
}

/// Good, poison, good.
fn sandwich() -> Invocation {
    invocation(vec![nth(0, &good("before")), nth(1, b"poison"), nth(2, &good("after"))])
}

fn checkpoint(outcome: &Outcome) -> Option<String> {
    outcome.response.as_ref().unwrap().batch_item_failures.first().map(|first| first.item_identifier.clone())
}

/// What is said at a level at least, as text.
fn said(level: Level, invocation: &Invocation, outcome: &Outcome) -> String {
    let notes = notes::notes(invocation, outcome).into_iter().filter(|note| note.level >= level);
    notes.map(|note| format!("{} {}\n", note.message, Value::Object(note.fields))).collect()
}

fn soon(milliseconds: u64) -> Instant {
    Instant::now() + Duration::from_millis(milliseconds)
}

/// With a quarantine, what cannot be read of a direct subscription has a place, so that Lambda need not retry it.
#[tokio::test]
async fn poison_of_a_direct_subscription_is_kept_and_the_invocation_succeeds() {
    let (service, bucket) = (service(Transport::Plain), Bucket::start());
    let mut forwarder = forwarder(&service, &bucket);
    let event = r#"{"awslogs":{"data":"bm8gZ3ppcA=="}}"#;
    let direct = || Invocation::from_json(event.as_bytes().to_vec()).unwrap();
    bucket.set(Mood::Refuses(u32::MAX, 403, "AccessDenied"));
    let outcome = forwarder.handle(&direct(), soon(2_000)).await;
    assert_eq!(outcome.response, Err(NoCheckpoint(1)));
    let loud = said(Level::Error, &direct(), &outcome);
    assert!(
        loud.contains("the invocation fails and Lambda retries it") && loud.contains("awslogs:"),
        "{loud}"
    );
    bucket.set(Mood::Takes);
    for _ in 0..2 {
        let outcome = forwarder.handle(&direct(), deadline()).await;
        assert_eq!(outcome.response, Ok(Default::default()));
        assert_eq!((outcome.account.records.quarantined, outcome.account.unbalanced), (1, 0));
        let said = said(Level::Warn, &direct(), &outcome);
        assert!(said.contains("kept in s3://set-aside/logs") && said.contains("awslogs:"), "{said}");
    }
    let objects = bucket.objects();
    let (key, object) = objects.iter().next().unwrap();
    assert!(objects.len() == 1 && key.starts_with("/set-aside/logs/awslogs/sha256-"), "{key}");
    assert_eq!(object.body, b"no gzip");
}

/// A bucket that was deleted may have been created again by somebody else, who would be given records as they are.
#[tokio::test]
async fn a_bucket_of_another_account_gets_nothing_unless_it_is_named() {
    const OWN: &str = "111111111111";
    const OTHER: &str = "222222222222";
    let (service, bucket) = (service(Transport::Plain), Bucket::start());
    bucket.set(Mood::BelongsTo(OTHER));
    let mut own = forwarder(&service, &bucket);
    own.set_account(Some(OWN));
    let outcome = own.handle(&sandwich(), deadline()).await;
    assert!(bucket.objects().is_empty(), "{:?}", bucket.heads());
    assert_eq!(checkpoint(&outcome), None, "nothing behind it waits");
    let loud = said(Level::Error, &sandwich(), &outcome);
    assert!(loud.contains("AccessDenied") && loud.contains("--bucket-owner"), "{loud}");

    let named = Config { bucket_owner: Some(OTHER.to_owned()), ..config(&service) };
    let mut named = Forwarder::new(&named, Options { aws: Some(bucket.aws()), ..options() }).unwrap();
    named.set_account(Some(OWN));
    named.handle(&sandwich(), deadline()).await;
    assert_eq!(bucket.objects().len(), 1);
    bucket.set(Mood::BelongsTo(OWN));
    own.handle(&sandwich(), deadline()).await;
    let heads = bucket.heads();
    let signed = "x-amz-expected-bucket-owner;";
    assert!(heads.iter().all(|head| head.contains(signed)), "the header is part of the signature: {heads:?}");
}

#[tokio::test]
async fn poison_is_kept_in_s3_byte_for_byte_with_its_reason() {
    let (service, bucket) = (service(Transport::Plain), Bucket::start());
    let mut forwarder = forwarder(&service, &bucket);
    let broken = good("broken")[..30].to_vec();
    let packed = aggregate(&[good("packed"), b"half poison".to_vec()]);
    let unrouted = gzip(payload("/app", "f@nobody", &["x".into()]).to_string().as_bytes());
    let mut not_base64 = nth(5, b"");
    not_base64["kinesis"]["data"] = "***".into();
    let cases: [(&[u8], &str); 5] = [
        (b"no gzip", "not_gzip"),
        (&broken, "broken_gzip"),
        (&packed, "not_gzip"),
        (&unrouted, "unrouted"),
        (b"", "not_gzip"),
    ];
    let mut records: Vec<Value> = cases.iter().enumerate().map(|(n, (data, _))| nth(n, data)).collect();
    records.extend([not_base64, nth(6, &good("fine"))]);
    let batch = invocation(records);
    let outcome = forwarder.handle(&batch, deadline()).await;

    let objects = bucket.objects();
    let expected = cases.into_iter().chain([(&b"***"[..], "not_base64")]);
    for (n, (data, reason)) in expected.enumerate() {
        let stored = &objects[&format!("{FOLDER}/{}", sequence(n))];
        assert_eq!(stored.body, data);
        let metadata = |name: &str| stored.metadata[name].as_str();
        assert_eq!((metadata("reason"), metadata("sequence-number")), (reason, sequence(n).as_str()));
        assert_eq!(metadata("shard"), "shardId-000000000000");
        assert!(
            metadata("stream").ends_with(":stream/cloudwatch-logs-stream") && !metadata("detail").is_empty()
        );
    }
    assert_eq!(objects.len(), 6);
    assert_eq!((checkpoint(&outcome), outcome.account.records.quarantined), (None, 6));
    assert_eq!(service.wait_for_lines(2, PATIENCE).await.unwrap().len(), 2);
    let said = said(Level::Warn, &batch, &outcome);
    assert!(said.contains("they are kept in s3://set-aside/logs") && said.contains(&sequence(5)), "{said}");
    let line = metrics::line(&metrics::Origin::default(), 0, &batch, &outcome);
    assert_eq!(line["Quarantine"], json!({"Kept": 6}));
    assert!(line.get("RecordsNotKept").is_none(), "{line}");
}

#[tokio::test]
async fn what_comes_again_is_not_put_again_and_another_process_puts_it_under_the_same_name() {
    let (service, bucket) = (service(Transport::Plain), Bucket::start());
    service.stop_listening();
    let mut first = forwarder(&service, &bucket);
    for _ in 0..3 {
        assert_eq!(checkpoint(&first.handle(&sandwich(), deadline()).await), Some(sequence(0)));
    }
    let before = bucket.objects();
    assert_eq!((before.len(), bucket.heads().len()), (1, 1));
    let mut second = forwarder(&service, &bucket);
    second.handle(&sandwich(), deadline()).await;
    assert_eq!((bucket.objects(), bucket.heads().len()), (before, 2));
    service.resume();
    assert_eq!(checkpoint(&second.handle(&sandwich(), deadline()).await), None);
    assert_eq!(bucket.heads().len(), 2);
}

#[tokio::test]
async fn an_s3_that_fails_for_a_moment_is_asked_again() {
    for mood in [Mood::Refuses(2, 503, "SlowDown"), Mood::Refuses(1, 400, "RequestTimeout"), Mood::HangsUp(2)]
    {
        let (service, bucket) = (service(Transport::Plain), Bucket::start());
        bucket.set(mood);
        let outcome = forwarder(&service, &bucket).handle(&sandwich(), deadline()).await;
        assert_eq!((checkpoint(&outcome), outcome.account.records.quarantined), (None, 1), "{mood:?}");
        assert_eq!(bucket.objects().len(), 1);
    }
}

#[tokio::test]
async fn an_s3_that_is_away_makes_the_record_come_again_and_nothing_is_sent_twice() {
    for mood in [Mood::Refuses(u32::MAX, 503, "SlowDown"), Mood::HangsUp(u32::MAX), Mood::Hangs] {
        let (service, bucket) = (service(Transport::Plain), Bucket::start());
        bucket.set(mood);
        let mut forwarder = forwarder(&service, &bucket);
        let batch = sandwich();
        let outcome = forwarder.handle(&batch, soon(1500)).await;
        // It is not quarantined while nobody has it.
        let records = Counts { received: 3, delivered: 2, failed: 1, ..Counts::default() };
        assert_eq!(outcome.account.records, records, "{mood:?}");
        assert_eq!((checkpoint(&outcome), outcome.account.unbalanced), (Some(sequence(1)), 0));
        let said = said(Level::Warn, &batch, &outcome);
        assert!(
            said.contains("at the moment; AWS will send these again") && said.contains(&sequence(1)),
            "{said}"
        );
        assert_eq!(
            metrics::line(&metrics::Origin::default(), 0, &batch, &outcome)["RecordsNotKept"],
            json!(1)
        );

        bucket.set(Mood::Takes);
        let again = invocation(vec![nth(1, b"poison"), nth(2, &good("after"))]);
        let outcome = forwarder.handle(&again, deadline()).await;
        let records = &outcome.account.records;
        assert_eq!((records.quarantined, records.delivered_before, checkpoint(&outcome)), (1, 1, None));
        assert_eq!(
            (bucket.objects().len(), service.wait_for_lines(2, PATIENCE).await.unwrap().len()),
            (1, 2)
        );
    }
}

#[tokio::test]
async fn an_s3_that_refuses_for_good_blocks_nothing_and_is_named_loudly() {
    for (status, code, hint) in [
        (403, "AccessDenied", "run `cwl2le setup`"),
        (404, "NoSuchBucket", "make the bucket"),
        (301, "PermanentRedirect", "in the function's region"),
        (400, "KMS.DisabledException", "kms:GenerateDataKey"),
    ] {
        let (service, bucket) = (service(Transport::Plain), Bucket::start());
        bucket.set(Mood::Refuses(u32::MAX, status, code));
        let mut forwarder = forwarder(&service, &bucket);
        // More than are put at once: one refusal is enough for all.
        let batch = invocation((0..40).map(|n| nth(n, b"poison")).chain([nth(40, &good("after"))]).collect());
        let outcome = forwarder.handle(&batch, deadline()).await;
        let records = &outcome.account.records;
        assert_eq!((records.delivered, records.quarantined, checkpoint(&outcome)), (1, 40, None), "{code}");
        assert!(bucket.heads().len() < 10, "{}", bucket.heads().len());
        let said = said(Level::Error, &batch, &outcome);
        for part in
            ["remain only in the Kinesis stream", code, hint, "s3:PutObject", &sequence(0), &sequence(39)]
        {
            assert!(said.contains(part), "{part}: {said}");
        }
        let line = metrics::line(&metrics::Origin::default(), 0, &batch, &outcome);
        assert_eq!(line["Quarantine"], json!({"Named": 40, "Failure": code}));
        // It is asked again the next time.
        bucket.set(Mood::Takes);
        forwarder.handle(&invocation(vec![nth(41, b"poison")]), deadline()).await;
        assert_eq!(bucket.objects().len(), 1);
    }
}

#[tokio::test]
async fn an_s3_that_stays_away_for_too_long_does_not_block_the_shard_for_ever() {
    let (service, bucket) = (service(Transport::Plain), Bucket::start());
    bucket.set(Mood::HangsUp(u32::MAX));
    let patience = Duration::from_millis(400);
    let options = Options { aws: Some(bucket.aws()), quarantine_patience: patience, ..options() };
    let mut forwarder = Forwarder::new(&config(&service), options).unwrap();
    let batch = invocation(vec![nth(0, b"poison"), nth(1, &good("after"))]);
    assert_eq!(checkpoint(&forwarder.handle(&batch, soon(400)).await), Some(sequence(0)));
    let ends = deadline();
    let outcome = loop {
        let outcome = forwarder.handle(&batch, soon(400)).await;
        if checkpoint(&outcome).is_none() {
            break outcome;
        }
        assert!(Instant::now() < ends, "it is held forever");
    };
    assert_eq!(outcome.account.records.quarantined, 1);
    let said = said(Level::Error, &batch, &outcome);
    assert!(
        said.contains("remain only in the Kinesis stream") && said.contains("gateway endpoint"),
        "{said}"
    );
    // Once it has given up, the next is not held, as long as nothing works.
    let next = invocation(vec![nth(2, b"poison")]);
    assert_eq!(checkpoint(&forwarder.handle(&next, soon(400)).await), None);
    // When it works again, it is patient again.
    bucket.set(Mood::Takes);
    forwarder.handle(&invocation(vec![nth(3, b"poison")]), deadline()).await;
    bucket.set(Mood::HangsUp(u32::MAX));
    let next = invocation(vec![nth(4, b"poison")]);
    assert_eq!(checkpoint(&forwarder.handle(&next, soon(400)).await), Some(sequence(4)));
}

/// The patience is for an S3 that takes nothing at all. One that takes some objects is not away.
#[tokio::test]
async fn an_s3_that_takes_some_records_is_not_given_up() {
    let (service, bucket) = (service(Transport::Plain), Bucket::start());
    let patience = Duration::from_millis(500);
    let options = Options { aws: Some(bucket.aws()), quarantine_patience: patience, ..options() };
    let mut forwarder = Forwarder::new(&config(&service), options).unwrap();
    let refused = sequence(10);
    bucket.set(Mood::RefusesKey("0"));
    let began = Instant::now();
    let mut taken = 0;
    while began.elapsed() < 3 * patience {
        taken += 1;
        let batch = invocation(vec![nth(10, b"poison"), nth(10 * taken + 11, b"poison")]);
        let outcome = forwarder.handle(&batch, soon(400)).await;
        assert_eq!(checkpoint(&outcome).as_ref(), Some(&refused), "after {:?}", began.elapsed());
    }
    assert_eq!(bucket.objects().len(), taken);
    // From the last success on, its patience is as long as ever, and not longer.
    bucket.set(Mood::HangsUp(u32::MAX));
    let ends = deadline();
    while checkpoint(&forwarder.handle(&invocation(vec![nth(10, b"poison")]), soon(400)).await).is_some() {
        assert!(Instant::now() < ends, "it is held forever");
    }
}

/// A log service that takes all the time there is leaves some for the quarantine, or a record would be held forever.
#[tokio::test]
async fn a_destination_that_takes_all_the_time_does_not_starve_the_quarantine() {
    let (service, bucket) = (tight_service(Transport::Plain), Bucket::start());
    service.set_fault(Fault::StallAfter(0));
    let mut options = Options { aws: Some(bucket.aws()), ..options() };
    options.timeouts.progress = PATIENCE;
    options.timeouts.progress_on_kept = PATIENCE;
    let mut forwarder = Forwarder::new(&config(&service), options).unwrap();
    let large: Vec<String> = (0..2000).map(|n| format!("{n:x<1000}")).collect();
    let large = gzip(payload("/app", "f", &large).to_string().as_bytes());
    let outcome = forwarder.handle(&invocation(vec![nth(0, b"poison"), nth(1, &large)]), soon(2000)).await;
    assert_eq!((checkpoint(&outcome), outcome.account.records.quarantined), (Some(sequence(1)), 1));
    assert_eq!(bucket.objects().len(), 1);
}

/// The real function, with 6 MB that are nothing but poison.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_function_keeps_a_whole_invocation_of_poison_within_its_memory() {
    let (service, bucket) = (service(Transport::Plain), Bucket::start());
    let environment = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", &bucket.url),
    ];
    let config = config(&service).to_json();
    let lambda = Lambda::start();
    let function = lambda.run(&config, &environment);
    let poison: Vec<u8> = (0..1 << 20).map(|at| at as u8).collect();
    let mut records: Vec<Value> = (0..4).map(|n| nth(n, &poison)).collect();
    records.push(nth(4, &good("after")));
    let body = json!({ "Records": records }).to_string().into_bytes();
    assert_eq!(lambda.invoke(&body).checkpoint(), None, "{}", function.log());
    let objects = bucket.objects();
    assert!(objects.len() == 4 && objects.values().all(|stored| stored.body == poison));
    service.wait_for_lines(1, PATIENCE).await.unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", function.process.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: usize = peak.trim().trim_end_matches(" kB").parse().unwrap();
    println!("4 MB of poison kept, peak memory {} MB", peak >> 10);
    assert!(peak < 110 << 10, "{} MB", peak >> 10);
    let log = function.log();
    assert!(
        log.contains("kept in s3://set-aside/logs") && !log.contains("wJalr") && !log.contains(TOKEN),
        "{log}"
    );

    // Without credentials it says so at once, instead of when it is too late.
    let lambda = Lambda::start();
    let _function = lambda.run(&config, &[]);
    let told = lambda.told();
    assert!(told.path.ends_with("/init/error") && told.body.contains("AWS_ACCESS_KEY_ID"), "{told:?}");
}

#[tokio::test]
async fn a_record_without_a_sequence_number_that_cannot_be_kept_fails_the_invocation() {
    let (service, bucket) = (service(Transport::Plain), Bucket::start());
    bucket.set(Mood::HangsUp(u32::MAX));
    let mut forwarder = forwarder(&service, &bucket);
    let batch = invocation(vec![json!({"kinesis": {"data": "AAAA"}})]);
    assert!(forwarder.handle(&batch, soon(500)).await.response.is_err());
    bucket.set(Mood::Takes);
    let outcome = forwarder.handle(&batch, deadline()).await;
    assert!(outcome.response.is_ok() && matches!(outcome.account.parts[0].fate, Fate::Quarantined(_)));
    assert_eq!(bucket.objects().len(), 1);
}
