//! Whatever befalls a run at any of its AWS calls, the next run sends what is left, and nothing twice without a word.

use super::super::args::From;
use super::super::chosen::Chosen;
use super::super::run::{Run, run};
use super::super::sink::stream::ToStream;
use super::super::source::Source;
use super::super::source::log_groups::{LogGroups, Subscribed};
use super::world::*;
use crate::aws::testing::Answer;
use crate::error::{Code, Result};

/// Records of a batch: a second of a slow run.
const BATCH: u32 = 2;
/// What is sent, by object.
const OBJECTS: [(&str, &[&str]); 3] =
    [("shard-0/t1", &["a", "b", "c"]), ("shard-0/t2", &["d"]), ("shard-0/t3", &["e", "f"])];

fn world() -> World {
    let world = World::new(|_| None);
    OBJECTS.iter().for_each(|(key, messages)| world.expires(key, messages));
    world
}

/// A run in batches of two records, ended as `cwl2le replay` ends it.
async fn replay_slowly(world: &World) -> Result<Run> {
    let session = world.session();
    let aws = (&session).into();
    let mut source = open(&session, From::Expired, Chosen::default(), false).await?;
    let mut sink = ToStream::open(aws, "stream", Some(BATCH), Vec::new()).await?;
    source.begin(aws).await?;
    let mut ended = run(aws, &mut source, &mut sink, None, |_| ()).await;
    ended.take_end(source.end(aws).await);
    Ok(ended)
}

/// How many messages have arrived more than once.
fn repeated(world: &World) -> usize {
    let all = sorted(world.messages());
    all.windows(2).filter(|pair| pair[0] == pair[1]).count()
}

/// What befalls a call, by its name.
fn befallings() -> Vec<(&'static str, Befalls)> {
    let befalls = |is_carried_out, kills, answer| Befalls { at: 0, is_carried_out, kills, answer };
    vec![
        ("killed before", befalls(false, true, Answer::Refused)),
        ("killed after", befalls(true, true, Answer::Refused)),
        ("no answer before", befalls(false, false, Answer::Silent)),
        ("no answer after", befalls(true, false, Answer::Silent)),
        ("5xx after", befalls(true, false, Answer::Error(500, "InternalFailure", "no"))),
        ("denied", befalls(false, false, Answer::Error(403, "AccessDenied", "no"))),
        ("throttled", befalls(false, false, Answer::Error(400, "ThrottlingException", "no"))),
        ("no AWS", befalls(true, false, Answer::Garbage(200))),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_run_that_fails_or_is_killed_at_any_call_is_completed_by_the_next_one() {
    let whole = world();
    assert!(replay_slowly(&whole).await.expect("a run").is_complete);
    let calls = whole.state().calls;
    assert!(calls > 15 && whole.messages().len() == 6, "{calls} calls");

    for at in 1..=calls {
        for (name, befalls) in befallings() {
            let case = format!("call {at} ({}), {name}", whole.aws.operations()[at - 1]);
            let world = world();
            let is_killed = befalls.kills;
            world.state().befalls = Some(Befalls { at, ..befalls });
            let first = replay_slowly(&world).await;
            assert!(world.state().befalls.is_none(), "{case}: it did not come to this call");
            let told = first.as_ref().map_or(0, |run| run.possible_duplicates + run.not_noted);
            if let Ok(run) = &first
                && run.is_complete
                && run.tally.unreadable_objects == 0
            {
                assert_eq!(run.tally.sent.records, 6, "{case}: {run:?}");
            }

            world.state().is_dead = false;
            let mut second = replay_slowly(&world).await;
            if let Err(error) = &second {
                // It counts as running until it has written nothing for five minutes.
                assert_eq!(error.code, Code::InUse, "{case}: {error}");
                let has_stopped = first.as_ref().map_or(true, |run| run.stopped.is_some());
                assert!(is_killed || has_stopped, "{case}: {first:?}");
                world.state().manifests_age = 6 * 60;
                second = replay_slowly(&world).await;
            }
            let second = second.unwrap_or_else(|error| panic!("{case}: {error}"));
            assert!(second.is_complete && second.stopped.is_none(), "{case}: {second:?}");

            let mut messages = sorted(world.messages());
            messages.dedup();
            assert_eq!(messages, ["a", "b", "c", "d", "e", "f"], "{case}");
            let repeated = repeated(&world);
            assert!(
                repeated <= if is_killed { BATCH as usize } else { told as usize },
                "{case}: {repeated} twice"
            );
            assert_eq!(replay_slowly(&world).await.expect("one more run").tally.sent.records, 0, "{case}");
        }
    }
}

/// The end of the time that is read.
const UNTIL: i64 = 1_000_000;

/// A run over a log group, in batches of two records. Returns where the next one goes on, too.
async fn replay_logs(world: &World, since: i64) -> Result<(Run, i64)> {
    let session = world.session();
    let aws = (&session).into();
    let mut source =
        LogGroups::new("123456789012", vec![Subscribed::new(GROUP, "filter", "")], (since, UNTIL));
    let mut sink = ToStream::open(aws, "stream", Some(BATCH), Vec::new()).await?;
    let ended = run(aws, &mut source, &mut sink, None, |_| ()).await;
    Ok((ended, source.resume().expect("a time").since))
}

#[tokio::test(start_paused = true)]
async fn a_run_over_log_groups_that_fails_at_any_call_says_where_the_next_one_goes_on() {
    let world = || {
        let world = World::new(|_| None);
        world.state().logged = (1..).map(|minute| minute * 60_000).zip(["a", "b", "c", "d", "e"]).collect();
        world
    };
    let whole = world();
    assert_eq!(replay_logs(&whole, 0).await.expect("a run").1, UNTIL);
    let calls = whole.state().calls;
    assert!(calls > 6, "{calls} calls");

    for at in 1..=calls {
        for (name, befalls) in befallings().into_iter().filter(|(_, befalls)| !befalls.kills) {
            let case = format!("call {at} ({}), {name}", whole.aws.operations()[at - 1]);
            let world = world();
            world.state().befalls = Some(Befalls { at, ..befalls });
            let (told, since) = match replay_logs(&world, 0).await {
                Ok((run, since)) => {
                    assert_eq!(run.is_complete, since == UNTIL, "{case}: {run:?}");
                    (run.possible_duplicates, since)
                }
                Err(_) => (0, 0),
            };
            assert!(world.state().befalls.is_none(), "{case}: it did not come to this call");
            let (second, _) = replay_logs(&world, since).await.expect("another run");
            assert!(second.is_complete && second.stopped.is_none(), "{case}: {second:?}");
            let mut messages = sorted(world.messages());
            messages.dedup();
            assert_eq!(messages, ["a", "b", "c", "d", "e"], "{case}");
            assert!(repeated(&world) as u64 <= told, "{case}: {:?}", world.messages());
        }
    }
}
