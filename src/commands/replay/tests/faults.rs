//! Runs while S3, the stream or another run get in the way.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::advance;

use super::super::args::From;
use super::super::chosen::Chosen;
use super::super::run::run;
use super::super::sink::stream::ToStream;
use super::super::source::Source;
use super::world::*;
use crate::aws::testing::Answer;
use crate::error::Code;
use crate::signals::replayed::Manifest;

/// A run of somebody else that has just begun, as its manifest has it.
fn begin_elsewhere(world: &World) {
    let other = Manifest::new("default", "on-failure", "stream", "arn:other", "2026-11-29T20:07:00Z");
    let key = "cwl2le/replayed/stream/2026-11-29T20-07-00Z-0badcafe-00000.json".to_owned();
    world.state().objects.insert(key, (other.to_json(), None));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_suspended_looks_for_another_one_before_it_sends_more() {
    for has_other in [false, true] {
        let world = World::new(|_| None);
        world.expires("shard-0/t1", &["a"]);
        let session = world.session();
        let mut source = open(&session, From::Expired, Chosen::default(), false).await.expect("a source");
        let mut sink = ToStream::open((&session).into(), "stream", None, Vec::new()).await.expect("a sink");
        source.begin((&session).into()).await.expect("begun");
        advance(Duration::from_secs(400)).await;
        if has_other {
            begin_elsewhere(&world);
        }
        let ended = run((&session).into(), &mut source, &mut sink, None, |_| ()).await;
        if has_other {
            let error = ended.stopped.expect("it has stopped");
            assert!(error.code == Code::InUse && error.message.contains("arn:other"), "{error}");
            assert_eq!((world.messages().len(), ended.tally.sent.records), (0, 0));
        } else {
            assert!(ended.is_complete && ended.stopped.is_none(), "{ended:?}");
            assert_eq!(world.messages(), ["a"]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_takes_long_without_a_batch_shows_that_it_goes_on() {
    let world = World::new(|_| None);
    world.expires("shard-0/t1", &["a"]);
    let session = world.session();
    let mut source = open(&session, From::Expired, Chosen::default(), false).await.expect("a source");
    source.begin((&session).into()).await.expect("begun");
    let written = || world.aws.operations().iter().filter(|operation| *operation == "PutObject").count();
    assert_eq!(written(), 1);
    let sending = tokio::time::sleep(Duration::from_secs(600));
    source.while_sending((&session).into(), sending.boxed_local()).await;
    assert_eq!(written(), 10, "once a minute, and not after the end");
    source.end((&session).into()).await.expect("ended");
    assert!(world.manifests()[0].ended);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_is_counted() {
    let world = World::new(|_| None);
    world.expires("shard-0/t1", &["a", "b"]);
    world.expires("shard-0/t2", &["c"]);
    // The stream takes the records, and nobody hears of it.
    world.state().lost = Some((0, Answer::Silent));
    let ended = replay(&world.session()).await;
    assert!(ended.is_complete && ended.possible_duplicates == 3, "{ended:?}");
    assert_eq!(world.messages(), ["a", "b", "c", "a", "b", "c"]);

    // What answers is no AWS: it is not repeated, and may have arrived.
    let world = World::new(|_| None);
    world.expires("shard-0/t1", &["a", "b"]);
    world.state().lost = Some((0, Answer::Garbage(200)));
    let ended = replay(&world.session()).await;
    assert!(!ended.is_complete && ended.failure.is_some() && ended.possible_duplicates == 2, "{ended:?}");
    // A refusal is none that is lost.
    let world = World::new(|_| None);
    world.expires("shard-0/t1", &["a"]);
    world.state().denied = Some(("PutRecords", 0));
    let ended = replay(&world.session()).await;
    assert!(ended.failure.is_some() && ended.possible_duplicates == 0, "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn an_object_in_an_archive_does_not_stop_the_others_and_a_bucket_that_denies_everything_does() {
    let world = World::new(|_| None);
    for (key, message) in [("shard-0/t1", "a"), ("shard-0/t2", "b"), ("shard-0/t3", "c")] {
        world.expires(key, &[message]);
    }
    world.state().broken.insert(format!("{PREFIX}shard-0/t1"), "InvalidObjectState");
    world.state().broken.insert(format!("{PREFIX}shard-0/t2"), "AccessDenied");
    let ended = replay(&world.session()).await;
    assert!(ended.is_complete && ended.stopped.is_none(), "{ended:?}");
    assert_eq!((world.messages(), ended.tally.unreadable_objects), (vec!["c".to_owned()], 2));
    let why: Vec<String> = ended.tally.unreadable().into_iter().map(|object| object.why).collect();
    assert!(why[0].contains("restore it first") && why[1].contains("AccessDenied"), "{why:?}");

    // The next run sends what was restored. If nothing can be read, it says so.
    world.state().broken.remove(&format!("{PREFIX}shard-0/t1"));
    assert_eq!(replay(&world.session()).await.tally.sent.records, 1);
    let ended = replay(&world.session()).await;
    assert!(ended.stopped.is_some_and(|error| error.code == Code::AccessDenied) && !ended.is_complete);
    assert_eq!(world.messages(), ["c", "a"]);
}

#[tokio::test(start_paused = true)]
async fn a_manifest_that_is_deleted_meanwhile_or_a_folder_is_none_and_one_in_an_archive_is_told() {
    let world = World::new(|_| None);
    world.expires("shard-0/t1", &["a"]);
    let key = |name: &str| format!("cwl2le/replayed/stream/{name}");
    world.state().objects.insert(key(""), (Vec::new(), None));
    world.state().objects.insert(key("2026-a-00000.json"), (Vec::new(), None));
    world.state().broken.insert(key("2026-a-00000.json"), "NoSuchKey");
    let session = world.session();
    let ended = replay(&session).await;
    assert!(ended.is_complete && ended.tally.sent.records == 1, "{ended:?}");
    world.state().broken.insert(key("2026-a-00000.json"), "InvalidObjectState");
    let error =
        open(&session, From::Expired, Chosen::default(), false).await.map(drop).expect_err("unreadable");
    assert!(error.code == Code::Unreadable && error.message.contains("archive"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_another_function_gave_up_is_sent_once_by_all_runs_together() {
    let world = World::new(|_| None);
    let session = world.session();
    // The first function gives up both records, the other one the second of them, later, and one more.
    world.expires_with(&format!("{PREFIX}shard-0/t1"), &[("8", "a"), ("9", "b")]);
    let first = replay_of(&session, From::Expired, Chosen::default(), None).await.expect("a run");
    assert!(first.is_complete, "{first:?}");
    world.expires_with(&format!("{OTHER_PREFIX}shard-0/t1"), &[("9", "b"), ("10", "c")]);
    world.expires_with(&format!("{OTHER_PREFIX}shard-1/t1"), &[("9", "other shard")]);
    let second = replay(&session).await;
    assert!(second.is_complete, "{second:?}");
    assert_eq!((second.tally.sent.records, second.tally.copies), (2, 1));
    assert_eq!(sorted(world.messages()), ["a", "b", "c", "other shard"]);
    // A copy is done, too.
    assert_eq!(replay(&session).await.tally.objects, 0);
}

#[tokio::test(start_paused = true)]
async fn a_long_run_writes_several_manifests_and_is_seen_to_go_on_in_between() {
    let world = World::new(|_| None);
    for n in 0..1001 {
        world.expires(&format!("shard-0/t{n:04}"), &["m"]);
    }
    let session = world.session();
    let mut source = open(&session, From::Expired, Chosen::default(), false).await.expect("a source");
    let mut sink = ToStream::open((&session).into(), "stream", None, Vec::new()).await.expect("a sink");
    source.begin((&session).into()).await.expect("begun");
    // After each write, some manifest says that the run goes on.
    world.state().must_go_on = true;
    let ended = run((&session).into(), &mut source, &mut sink, None, |_| ()).await;
    assert!(ended.is_complete && ended.tally.sent.records == 1001, "{ended:?}");
    world.state().must_go_on = false;
    source.end((&session).into()).await.expect("ended");
    let manifests = world.manifests();
    assert_eq!(manifests.iter().map(|manifest| manifest.objects.len()).collect::<Vec<_>>(), [1000, 1]);
    assert!(manifests.iter().all(|manifest| manifest.ended));
    assert_eq!(
        open(&session, From::Expired, Chosen::default(), false).await.expect("a source").found().objects,
        0
    );
}
