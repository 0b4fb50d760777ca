//! Folding, order and following, with a source of events that shows them late, in pages, and not at all.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Parser as _;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::args::Logs;
use super::follow::{Followed, follow};
use super::groups::Group;
use super::history;
use super::screen::Screen;
use super::source::{Query, Source};
use super::window::Window;
use crate::aws::Event;
use crate::error::{Code, Error, Result};
use crate::output::{Live, OutputFormat, Printer, Progress};

/// When the tests begin: 2026-11-30T15:00:00Z.
const START: i64 = 1_796_050_800_000;

/// A log group that exists later, or no longer.
type Gone = (std::ops::Range<i64>, Code);

/// CloudWatch Logs, as far as it matters here.
struct Fake {
    begun: Instant,
    /// By log group: when an event shows, and the event.
    events: Vec<Vec<(i64, Event)>>,
    /// When calls fail, and with what.
    failing: Vec<Gone>,
    page: usize,
    knows_order: bool,
    calls: AtomicUsize,
    slowed: AtomicUsize,
}

impl Fake {
    fn new(events: Vec<Vec<(i64, Event)>>) -> Self {
        let (calls, slowed) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { begun: Instant::now(), events, failing: Vec::new(), page: 3, knows_order: true, calls, slowed }
    }

    fn groups(&self) -> Vec<Group> {
        let destination = |at: usize| (at > 0).then(|| format!("d{at}"));
        let group = |at| Group { log_group: format!("/g/{at}"), destination: destination(at) };
        (0..self.events.len()).map(group).collect()
    }
}

impl Source for Fake {
    async fn page(&self, query: Query, next: Option<String>) -> Result<(Vec<Event>, Option<String>)> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let now = self.now();
        if let Some((_, code)) = self.failing.iter().find(|(when, _)| when.contains(&now)) {
            self.slowed.fetch_add(1, Ordering::Relaxed);
            return Err(Error::new(*code, "no"));
        }
        // A token names a state of the log group, and how much of it has been given.
        let token = next.as_deref().and_then(|next| next.split_once(' '));
        let (state, at) = token
            .map_or((now, 0), |(state, at)| (state.parse().expect("a time"), at.parse().expect("a number")));
        let mut events: Vec<Event> = self.events[query.group]
            .iter()
            .filter(|(shows, event)| *shows <= state && (query.from..=query.until).contains(&event.timestamp))
            .map(|(_, event)| event.clone())
            .collect();
        events.sort_by_key(|event| event.timestamp);
        if query.newest_first && self.knows_order {
            events.reverse();
        }
        // Every other page is empty.
        let some = if at % 2 == 0 {
            Vec::new()
        } else {
            events.iter().skip(at / 2 * self.page).take(self.page).cloned().collect()
        };
        let is_last = at % 2 == 1 && (at / 2 + 1) * self.page >= events.len();
        Ok((some, (!is_last).then(|| format!("{state} {}", at + 1))))
    }

    fn now(&self) -> i64 {
        START + i64::try_from(self.begun.elapsed().as_millis()).expect("a time")
    }

    fn was_slowed(&self) -> bool {
        self.slowed.swap(0, Ordering::Relaxed) > 0
    }
}

fn event(at: i64, stream: &str, message: impl ToString) -> Event {
    static IDS: AtomicUsize = AtomicUsize::new(0);
    let id = IDS.fetch_add(1, Ordering::Relaxed).to_string();
    Event { id, log_stream: stream.to_owned(), timestamp: at, message: message.to_string() }
}

fn logs(flags: &str) -> Logs {
    #[derive(clap::Parser)]
    struct Only {
        #[command(flatten)]
        logs: Logs,
    }
    let words = shlex::split(flags).expect("words");
    Only::try_parse_from(["logs".to_owned()].into_iter().chain(words)).expect("flags").logs
}

/// What is written by `act`, in which the reader goes after so many lines.
async fn written(
    flags: &str,
    format: OutputFormat,
    groups: &[Group],
    most: usize,
    act: impl AsyncFnOnce(&mut Screen<'_>) -> Result<()>,
) -> String {
    let (args, text) = (logs(flags), Mutex::new(Vec::new()));
    let write = |bytes: &[u8]| {
        let mut text = text.lock().expect("no panic");
        if text.iter().filter(|byte| **byte == b'\n').count() >= most {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        text.extend_from_slice(bytes);
        Ok(())
    };
    let live = Live::new(Printer::plain(format), false, &write);
    act(&mut Screen::new(&args, live, groups)).await.expect("no failure");
    String::from_utf8(text.into_inner().expect("no panic")).expect("UTF-8")
}

/// What `cwl2le logs` shows of the past.
async fn past(flags: &str, format: OutputFormat, fake: &Fake) -> String {
    written(flags, format, &fake.groups(), usize::MAX, async |screen| {
        let mut windows = vec![Window::new(0); fake.events.len()];
        let span = (0, i64::MAX);
        match logs(flags).lines {
            Some(most) => history::newest(fake, span, most.into(), &mut windows, screen).await?,
            None => history::everything(fake, span, &mut windows, screen).await?,
        };
        Ok(())
    })
    .await
}

fn counts(received: u64, delivered: u64, failed: u64) -> Value {
    json!({"received": received, "delivered": delivered, "filtered": received - delivered - failed, "failed": failed})
}

fn outcome(events: u64, failure: Option<&str>) -> Value {
    let (delivered, failed) = if failure.is_some() { (0, events) } else { (events, 0) };
    json!({"_aws": {}, "Version": "0.3.0", "FunctionVersion": "$LATEST", "EventsReceived": delivered,
           "EventsDelivered": delivered, "IteratorLagMilliseconds": 1_204, "Records": counts(12, 12 - failed.min(12), failed.min(12)),
           "Events": counts(events + 3, delivered, failed), "ReceiptMilliseconds": 48.1,
           "Destinations": {"app": {"Events": counts(events, delivered, failed), "EventsDelivered": delivered,
                                    "ReceiptMilliseconds": if failure.is_some() { Value::Null } else { json!(48.1) },
                                    "Retries": if failure.is_some() { 5 } else { 0 }, "Failure": failure,
                                    "Detail": failure.map(|_| "data.example.com:443: Connection refused")},
                            "audit": {"Events": {"received": 22, "delivered": 22}, "EventsDelivered": 22, "ReceiptMilliseconds": 210}}})
}

/// What a forwarder logs in the format text, from its start on.
fn one_day() -> Vec<(i64, Event)> {
    let lines = [
        (0, "a", "INIT_START Runtime Version: provided:al2023.v1\tRuntime Version ARN: arn:aws:lambda:x".to_owned()),
        (50, "a", r#"INFO started destinations=["app","audit"] function_version="7" memory_mb=256 version="0.3.0""#.to_owned()),
        (60, "a", "START RequestId: 1 Version: 7".to_owned()),
        (900, "a", outcome(1_004, None).to_string()),
        (901, "a", "END RequestId: 1".to_owned()),
        (902, "a", "REPORT RequestId: 1\tDuration: 80 ms\tBilled Duration: 80 ms\tMemory Size: 256 MB\tMax Memory Used: 30 MB".to_owned()),
        (1_000, "a", "START RequestId: 2 Version: 7".to_owned()),
        (2_000, "a", outcome(1_031, Some("connect")).to_string()),
        (2_001, "a", r#"WARN a destination did not accept every event destination="app" detail="data.example.com:443: Connection refused" events_delivered=0 failure="connect" retries=5"#.to_owned()),
        (2_002, "a", r#"WARN not everything was delivered; AWS will send it again checkpoint="4956" events={"received":1034} records={"received":12}"#.to_owned()),
        (2_003, "a", "END RequestId: 2".to_owned()),
        (3_000, "b", "START RequestId: 3 Version: 7".to_owned()),
        (3_001, "b", r#"WARN records set aside; they are kept in s3://b/p/ detail="no gzip" reason="gzip" sequence_numbers=["1","2","3","4"] shard="shardId-0""#.to_owned()),
        (3_002, "b", r#"WARN a destination did not accept every event destination="audit" detail="HTTP 403" events_delivered=0 failure="unauthorized" retries=0"#.to_owned()),
        (4_000, "b", r#"INFO canary destination="app" id="7f3a91c4" lag_ms=842 outcome="delivered" receipt_ms=48.1"#.to_owned()),
        (4_001, "b", r#"INFO canary destination="audit" detail="HTTP 403" failure="unauthorized" id="7f3a91c4" lag_ms=900 outcome="failed""#.to_owned()),
        (5_000, "c", "ERROR destinations.app.token: SSM parameter `/t` cannot be read: AccessDenied".to_owned()),
        (5_001, "c", "INIT_REPORT Init Duration: 9.11 ms\tPhase: init\tStatus: error\tError Type: Cwl2le.CannotStart".to_owned()),
        (33_000_000, "d", "START RequestId: 4 Version: 7".to_owned()),
        (33_060_000, "d", "2026-12-01T00:11:00.000Z 4 Task timed out after 60.00 seconds".to_owned()),
        (33_060_001, "d", "a\tline of\u{1b}[2J \u{202e}nobody".to_owned()),
    ];
    lines.into_iter().map(|(after, stream, line)| (0, event(START + after, stream, line))).collect()
}

#[tokio::test(start_paused = true)]
async fn an_invocation_is_one_line() {
    let fake = Fake::new(vec![one_day()]);
    insta::assert_snapshot!(past("", OutputFormat::Text, &fake).await);
}

#[tokio::test(start_paused = true)]
async fn the_json_format_says_the_same() {
    let as_json = |line: &str| match crate::journal::Entry::read(line) {
        crate::journal::Entry::Note(_)
        | crate::journal::Entry::Started(_)
        | crate::journal::Entry::Canary(_) => {
            let (level, rest) = line.split_once(' ').expect("a level");
            let at = rest.find('=').map(|at| rest[..at].rfind(' ').expect("a message"));
            let mut object =
                json!({"timestamp": "t", "level": level, "message": at.map_or(rest, |at| &rest[..at])});
            let mut fields = at.map_or("", |at| &rest[at + 1..]);
            while let Some((name, value)) = fields.split_once('=') {
                let mut values = serde_json::Deserializer::from_str(value).into_iter::<Value>();
                object[name] = values.next().expect("a value").expect("JSON");
                fields = value[values.byte_offset()..].trim_start();
            }
            object.to_string()
        }
        _ => line.to_owned(),
    };
    let text = Fake::new(vec![one_day()]);
    let changed =
        one_day().into_iter().map(|(at, event)| (at, Event { message: as_json(&event.message), ..event }));
    let json = Fake::new(vec![changed.collect()]);
    let shown = past("", OutputFormat::Text, &json).await;
    assert_eq!(shown, past("", OutputFormat::Text, &text).await);
    assert!(shown.contains("started 0.3.0"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn lines_are_chosen_by_level_destination_and_text() {
    let fake = Fake::new(vec![one_day()]);
    let count = async |flags: &str| {
        let shown = past(flags, OutputFormat::Text, &fake).await;
        shown.lines().filter(|line| !line.ends_with("UTC")).count()
    };
    let all = count("").await;
    assert_eq!((all, count("--level warn").await, count("--level error").await), (10, 6, 2));
    // What stops the function stops every destination.
    assert_eq!((count("--destination app").await, count("--destination nobody").await), (6, 2));
    assert_eq!(
        (count("--grep 7f3a91c4").await, count("--grep 'no gzip'").await, count("--grep x=y").await),
        (2, 1, 0)
    );
    // As they are shown, and as they were logged.
    assert_eq!((count("--grep '1 004'").await, count("--grep 4956").await), (1, 0));
    assert_eq!(count("--raw").await, one_day().len());
    assert_eq!(count("--raw --grep RequestId:").await, 7);
}

#[tokio::test(start_paused = true)]
async fn json_is_one_object_a_line_with_what_was_logged() {
    let fake = Fake::new(vec![one_day()]);
    let shown = past("", OutputFormat::Json, &fake).await;
    let objects: Vec<Value> = shown.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    // Nothing is folded, and Lambda's lines are left out unless they say that something failed.
    assert_eq!(objects.len(), 13);
    let kinds: Vec<&str> = objects.iter().filter_map(|object| object["kind"].as_str()).collect();
    assert_eq!(kinds[..4], ["started", "invocation", "invocation", "note"]);
    assert_eq!(objects[1]["line"], outcome(1_004, None));
    assert_eq!((&objects[1]["version"], &objects[1]["level"]), (&json!("0.3.0"), &json!("INFO")));
    assert_eq!(objects[1]["time"], "2026-11-30T15:00:00.900Z");
    assert_eq!(objects[0]["function_version"], "7");
    assert!(
        !shown.contains('\u{1b}') && objects[12]["line"].as_str().is_some_and(|line| line.contains('\u{1b}'))
    );
    assert_eq!(past("--raw", OutputFormat::Json, &fake).await.lines().count(), one_day().len());
}

#[tokio::test(start_paused = true)]
async fn several_log_groups_are_shown_in_the_order_of_time() {
    let group = |offset: i64| {
        (0..20).map(move |at| (0, event(START + at * 1_000 + offset, "s", format!("line {at:02} {offset}"))))
    };
    let mut fake = Fake::new(vec![group(0).collect(), group(300).collect(), group(600).collect()]);
    let shown = past("", OutputFormat::Text, &fake).await;
    let lines: Vec<&str> = shown.lines().skip(1).collect();
    let wanted: Vec<String> = (0..20)
        .flat_map(|at| {
            [(0, "- "), (300, "d1"), (600, "d2")]
                .map(|(offset, label)| format!("15:00:{at:02}  {label}  line {at:02} {offset}"))
        })
        .collect();
    assert_eq!(lines, wanted);
    // The newest of all of them, whether the service knows the order or not.
    for knows_order in [true, false] {
        fake.knows_order = knows_order;
        let shown = past("-n 7", OutputFormat::Text, &fake).await;
        assert_eq!(shown.lines().skip(1).collect::<Vec<_>>(), wanted[53..]);
    }
    // As few pages as it takes.
    fake.knows_order = true;
    fake.calls.store(0, Ordering::Relaxed);
    past("-n 2", OutputFormat::Text, &fake).await;
    assert_eq!(fake.calls.load(Ordering::Relaxed), 3 * 2);
}

/// What following shows within so many seconds.
async fn followed(fake: &Fake, seconds: u64, most: usize) -> Result<Vec<String>> {
    let mut ended = Ok(());
    let groups = fake.groups();
    let text = written("--raw", OutputFormat::Text, &groups, most, async |screen| {
        let start = |group| Followed { group, window: Window::new(START), trouble: None };
        let all = (0..groups.len()).map(start).collect();
        let progress = Progress::none();
        let following = follow(fake, &groups, all, &progress, screen);
        ended = tokio::time::timeout(Duration::from_secs(seconds), following).await.unwrap_or(Ok(()));
        Ok(())
    })
    .await;
    ended.map(|()| text.lines().map(ToOwned::to_owned).collect())
}

#[tokio::test(start_paused = true)]
async fn each_event_is_shown_once_at_equal_times_late_and_through_failures() {
    let at =
        |shows: i64, time: i64, stream: &str, name: &str| (START + shows, event(START + time, stream, name));
    let mut fake = Fake::new(vec![
        vec![
            at(0, 0, "a", "first"),
            at(0, 0, "b", "same time"),
            at(3_000, 0, "a", "same time, later"),
            at(9_000, 8_500, "b", "next"),
            at(11_000, 1_000, "c", "late, from another stream"),
            at(70_000, 69_000, "a", "newer"),
            at(90_000, 9_000, "d", "very late"),
            at(125_000, 125_000, "a", "after the outage"),
        ],
        vec![at(20_000, 19_999, "e", "another group")],
    ]);
    fake.failing = vec![
        (START + 21_000..START + 30_000, Code::Throttled),
        (START + 31_000..START + 40_000, Code::Unreachable),
        (START + 95_000..START + 120_000, Code::UnknownLogGroup),
    ];
    let shown = followed(&fake, 400, usize::MAX).await.expect("it goes on");
    let wanted = [
        "first",
        "same time",
        "same time, later",
        "next",
        "late, from another stream",
        "another group",
        "newer",
        "very late",
        "after the outage",
    ];
    assert_eq!(shown, wanted);
    // A failure that does not pass ends it; a reader that has gone ends it without one.
    fake.failing = vec![(fake.now()..i64::MAX, Code::AccessDenied)];
    assert_eq!(followed(&fake, 60, usize::MAX).await.expect_err("denied").code, Code::AccessDenied);
    fake.failing.clear();
    let before = fake.now();
    assert_eq!(followed(&fake, 600, 2).await.expect("no failure").len(), 2);
    assert!(fake.now() - before < 10_000);
}

#[tokio::test(start_paused = true)]
async fn calls_become_fewer_while_aws_asks_for_it() {
    let mut fake = Fake::new(vec![Vec::new()]);
    followed(&fake, 60, usize::MAX).await.expect("it goes on");
    let usual = fake.calls.swap(0, Ordering::Relaxed);
    fake.failing = vec![(0..i64::MAX, Code::Throttled)];
    followed(&fake, 60, usize::MAX).await.expect("it goes on");
    let slowed = fake.calls.load(Ordering::Relaxed);
    assert!(usual > 40 && slowed < 10, "{usual} {slowed}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever is logged, in whichever log groups and streams, with events that show up to two minutes late: each is
    /// shown once.
    #[test]
    fn following_has_no_gap_and_no_duplicate(
        events in proptest::collection::vec((0usize..3, 0i64..200_000, 0i64..120_000, "[ab]"), 0..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let mut groups = vec![Vec::new(); 3];
            for (number, (group, time, late, stream)) in events.iter().enumerate() {
                let event = event(START + time, stream, format!("line {number}"));
                groups[*group].push((START + time + late, event));
            }
            let mut shown = followed(&Fake::new(groups), 600, usize::MAX).await.expect("it goes on");
            shown.sort();
            let mut wanted: Vec<String> = (0..events.len()).map(|number| format!("line {number}")).collect();
            wanted.sort();
            assert_eq!(shown, wanted);
        });
    }

    /// Whatever the log holds, it is shown on one line, without anything that does something to a terminal.
    #[test]
    fn any_line_is_one_line(message in any::<String>(), detail in any::<String>(), name in any::<String>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let note = json!({"level": "WARN", "message": message, "detail": detail, name.clone(): detail});
            let did = json!({"Failure": detail, "Detail": message, "EventsDelivered": 1});
            let outcome = json!({"Version": message, "Destinations": {name: did}, "IteratorLagMilliseconds": 1e300});
            let lines = [message, note.to_string(), outcome.to_string()];
            let wanted = lines.iter().filter(|line| !line.trim().starts_with("START ")).count();
            let events = lines.into_iter().map(|line| (0, event(START, "s", line))).collect();
            let shown = past("", OutputFormat::Text, &Fake::new(vec![events])).await;
            assert!(shown.lines().count() <= wanted + 1, "{shown}");
            assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown}");
        });
    }
}
