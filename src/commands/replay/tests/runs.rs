//! Whole runs on a fake S3 and a fake stream.

use std::time::Duration;

use super::super::args::From;
use super::super::chosen::Chosen;
use super::super::reading::Reading;
use super::super::run::run;
use super::super::sink::Sink;
use super::super::sink::stream::ToStream;
use super::super::source::objects::{Objects, Shelf};
use super::super::source::{Source, expired};
use super::super::survey::survey;
use super::world::*;
use crate::error::Code;
use crate::signals::replayed::Manifest;

#[tokio::test(start_paused = true)]
async fn what_expired_is_put_once_in_order_and_noted() {
    let world = World::new(|_| None);
    world.expires("shard-0/t1", &["a", "b"]);
    world.expires("shard-0/t2", &["c"]);
    world.expires("shard-0/t3", &["d", "e"]);
    let session = world.session();
    let first = replay(&session).await;
    assert!(first.is_complete && first.stopped.is_none(), "{first:?}");
    assert_eq!((first.tally.sent.records, first.tally.sent.events), (5, 5));
    assert_eq!(world.messages(), ["a", "b", "c", "d", "e"]);
    let [manifest] = &world.manifests()[..] else { panic!("one manifest") };
    assert!(manifest.ended && manifest.objects.len() == 3, "{manifest:?}");
    // Another run leaves it out, unless it is asked for it; what has expired since is sent.
    world.expires("shard-0/t4", &["f"]);
    assert_eq!(replay(&session).await.tally.sent.records, 1);
    assert_eq!(world.messages().len(), 6);
    let again = open(&session, From::Expired, Chosen::default(), true).await.expect("a source");
    assert_eq!((again.found().objects, again.found().sent_before), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn what_the_stream_throttles_is_put_again_and_nothing_twice() {
    // Every third record is throttled, whatever it is.
    let world = World::new(|n| (n % 3 == 0).then_some("ProvisionedThroughputExceededException"));
    let messages: Vec<String> = (0..40).map(|n| format!("m{n:02}")).collect();
    let texts: Vec<&str> = messages.iter().map(String::as_str).collect();
    world.expires("shard-0/t1", &texts);
    let ended = replay(&world.session()).await;
    assert!(ended.is_complete && ended.tally.sent.records == 40, "{ended:?}");
    assert_eq!(sorted(world.messages()), messages);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_takes_some_and_no_more_leaves_the_rest_for_the_next_run() {
    let world = World::new(|n| (n > 3 && n < 1000).then_some("InternalFailure"));
    world.expires("shard-0/t1", &["a", "b"]);
    world.expires("shard-0/t2", &["c", "d", "e"]);
    let session = world.session();
    let first = replay(&session).await;
    assert!(!first.is_complete && !first.is_interrupted, "{first:?}");
    assert_eq!(first.failure.as_deref(), Some("InternalFailure: slow down"));
    assert_eq!((first.tally.sent.records, world.messages()), (3, vec!["a".into(), "b".into(), "c".into()]));
    world.state().put = 1000;
    let second = replay(&session).await;
    assert!(second.is_complete && second.tally.sent_before == 1, "{second:?}");
    assert_eq!(world.messages(), ["a", "b", "c", "d", "e"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_between_batches_leaves_the_rest_for_the_next_run() {
    let world = World::new(|_| None);
    // A second of the stream is 250 records.
    let messages: Vec<String> = (0..600).map(|n| format!("m{n:03}")).collect();
    let texts: Vec<&str> = messages.iter().map(String::as_str).collect();
    world.expires("shard-0/t1", &texts);
    let session = world.session();
    let stop = session.stop().clone();
    let mut source = open(&session, From::Expired, Chosen::default(), false).await.expect("a source");
    let mut sink = ToStream::open((&session).into(), "stream", None, Vec::new()).await.expect("a sink");
    source.begin((&session).into()).await.expect("begun");
    let begun = tokio::time::Instant::now();
    let ended = run((&session).into(), &mut source, &mut sink, None, |tally| {
        if tally.sent.records >= 500 {
            stop.request();
        }
    })
    .await;
    source.end((&session).into()).await.expect("ended");
    assert!(ended.is_interrupted && !ended.is_complete && ended.stopped.is_none(), "{ended:?}");
    assert!(begun.elapsed() >= Duration::from_secs(1), "250 a second");
    assert_eq!(world.messages().len(), 500);
    let second = replay(&world.session()).await;
    assert!(second.is_complete && second.tally.sent_before == 500, "{second:?}");
    assert_eq!(world.messages(), messages);
}

#[tokio::test(start_paused = true)]
async fn a_limit_ends_a_run_and_the_next_one_goes_on() {
    let world = World::new(|_| None);
    world.expires("shard-0/t1", &["a", "b", "c"]);
    let session = world.session();
    for (limit, expected) in [(2, vec!["a", "b"]), (2, vec!["a", "b", "c"])] {
        let ended = replay_of(&session, From::Expired, Chosen::default(), Some(limit)).await.expect("a run");
        assert!(ended.is_complete, "{ended:?}");
        assert_eq!(world.messages(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_that_cannot_be_written_down() {
    let world = World::new(|_| None);
    world.expires("shard-0/t1", &["a"]);
    world.state().denied = Some(("PutObject", 0));
    let error =
        replay_of(&world.session(), From::Expired, Chosen::default(), None).await.expect_err("denied");
    assert_eq!(error.code, Code::AccessDenied);
    assert_eq!(world.messages(), Vec::<String>::new());

    // Where writing fails later, the run ends and says what the next one sends again.
    world.state().denied = Some(("PutObject", 2));
    let session = world.session();
    let mut source = open(&session, From::Expired, Chosen::default(), false).await.expect("a source");
    let mut sink = ToStream::open((&session).into(), "stream", None, Vec::new()).await.expect("a sink");
    source.begin((&session).into()).await.expect("begun");
    let ended = run((&session).into(), &mut source, &mut sink, None, |_| ()).await;
    assert_eq!((ended.not_noted, ended.is_complete), (1, false), "{ended:?}");
    assert!(ended.stopped.is_some_and(|error| error.code == Code::AccessDenied));
}

#[tokio::test(start_paused = true)]
async fn two_runs_do_not_send_the_same_at_once() {
    let world = World::new(|_| None);
    world.expires("shard-0/t1", &["a"]);
    let session = world.session();
    let mut other = open(&session, From::Expired, Chosen::default(), false).await.expect("a source");
    other.begin((&session).into()).await.expect("begun");
    let error = replay_of(&session, From::Expired, Chosen::default(), None).await.expect_err("in use");
    assert_eq!(error.code, Code::InUse);
    assert!(error.message.contains("arn:me"), "{error}");
    assert!(error.resource.is_some_and(|resource| resource.starts_with("s3://kept/cwl2le/replayed/stream/")));
    other.end((&session).into()).await.expect("ended");
    assert!(replay(&session).await.is_complete);
    assert_eq!(world.messages(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_manifest_that_cannot_be_read_ends_the_run() {
    let world = World::new(|_| None);
    world.expires("shard-0/t1", &["a"]);
    let key = "cwl2le/replayed/stream/2026-x-00000.json".to_owned();
    world.state().objects.insert(key, (b"{\"format_version\": 2}".to_vec(), None));
    let session = world.session();
    let error = replay_of(&session, From::Expired, Chosen::default(), None).await.expect_err("unreadable");
    assert_eq!(error.code, Code::Unreadable);
    assert!(error.resource.is_some_and(|resource| resource.ends_with("00000.json")));
    assert!(open(&session, From::Expired, Chosen::default(), true).await.is_ok(), "--again does not need it");
    assert_eq!(world.messages(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn of_the_quarantine_only_what_can_be_delivered_now_is_sent() {
    let world = World::new(|_| None);
    let put = |key: &str, data: Vec<u8>, reason| {
        world.state().objects.insert(format!("set-aside/stream/shard-0/{key}"), (data, Some(reason)));
    };
    put("1", b"no gzip".to_vec(), "not_gzip");
    put("2", record(GROUP, "routed now"), "unrouted");
    put("3", record(GROUP, "refused"), "refused");
    put("4", record("/app/b", "other group"), "too_large");
    let session = world.session();
    let mut source = open(&session, From::Quarantine, Chosen::default(), false).await.expect("a source");
    let (tally, rows) = survey((&session).into(), &mut source, true, |_| ()).await.expect("a survey");
    let left: Vec<_> = tally.left().into_iter().map(|left| (left.why, left.records)).collect();
    assert_eq!(left, [("not_gzip".to_owned(), 1), ("refused".to_owned(), 1)]);
    assert_eq!((tally.chosen.records, rows.len()), (2, 4));
    assert_eq!(world.messages(), Vec::<String>::new());

    let of = async |args: &[&str]| {
        let ended = replay_of(&session, From::Quarantine, chosen(args), None).await.expect("a run");
        assert!(ended.is_complete, "{ended:?}");
        world.messages()
    };
    assert_eq!(of(&["--log-group", "/app/b"]).await, ["other group"]);
    assert_eq!(of(&["--match", "/app/*"]).await, ["other group", "routed now"]);
    assert_eq!(of(&["--reason", "refused"]).await, ["other group", "routed now", "refused"]);
    assert_eq!(of(&["--reason", "not_gzip"]).await.len(), 3, "it is shown, and never sent");
    assert_eq!(of(&["--since", "2026-11-30T00:00:00Z"]).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_gone_or_odd_does_not_stop_the_others() {
    let world = World::new(|_| None);
    world.expires("shard-0/t1", &["a"]);
    world.expires("shard-0/t3", &["b"]);
    world.state().objects.insert(format!("{PREFIX}shard-0/t2"), (b"odd".to_vec(), None));
    let session = world.session();
    let mut source = open(&session, From::Expired, Chosen::default(), false).await.expect("a source");
    world.state().objects.remove(&format!("{PREFIX}shard-0/t3"));
    let (tally, _) = survey((&session).into(), &mut source, false, |_| ()).await.expect("a survey");
    assert_eq!((tally.chosen.records, tally.unreadable_objects), (1, 2));
    let why: Vec<String> = tally.unreadable().into_iter().map(|object| object.why).collect();
    assert!(why[0].contains("not what Lambda writes") && why[1].contains("deleted meanwhile"), "{why:?}");
}

#[tokio::test(start_paused = true)]
async fn a_rate_may_be_lower_and_not_higher_than_a_quarter() {
    let world = World::new(|_| None);
    let session = world.session();
    let sink = async |rate| ToStream::open((&session).into(), "stream", rate, Vec::new()).await;
    assert_eq!(sink(None).await.map(|sink| sink.target().records_a_second).expect("a sink"), Some(250));
    assert_eq!(sink(Some(3)).await.map(|sink| sink.target().records_a_second).expect("a sink"), Some(3));
    let Err(error) = sink(Some(251)).await else { panic!("too fast") };
    assert_eq!(error.code, Code::Usage);
}

#[tokio::test(start_paused = true)]
async fn a_destination_gets_what_an_earlier_run_has_put_into_the_stream() {
    let world = World::new(|_| None);
    world.expires("shard-0/t1", &["a"]);
    let session = world.session();
    assert!(replay(&session).await.is_complete);
    let found = async |into: &str| {
        let shelf = Shelf {
            bucket: BUCKET.to_owned(),
            owner: "123456789012".to_owned(),
            prefixes: vec![PREFIX.to_owned()],
            contents: expired::contents,
        };
        let manifest = Manifest::new("default", "on-failure", into, "arn:me", "2026-11-29T20:00:00Z");
        let (chosen, reading) = ((Chosen::default(), false), Reading::new(256, None));
        let source = Objects::open((&session).into(), shelf, chosen, reading, ("stream", manifest)).await;
        source.expect("a source").found().objects
    };
    assert_eq!((found("stream").await, found("destination:audit").await), (0, 1));
}
