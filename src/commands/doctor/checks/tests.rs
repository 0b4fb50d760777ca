//! The judgements by values: what the local AWS cannot break, and what is neither fine nor broken.

use super::super::evidence::{Change, Evidence, Key};
use super::super::finding::{Command, Finding, State};
use super::super::registry::CATEGORIES;
use crate::health::fixture::{MINUTE, NOW, flowing, quiet, text};
use crate::health::{Alarm, Load, Metric, ShardLoad, ShardLoads, Signals, Unknown};
use crate::resources::{ObservedSubscription, ObservedTopic, StreamMode, TriggerState, Unread};
use crate::stack::Tags;

const FUNCTION: &str = "cwl-to-logentries";
const STREAM: &str = "cloudwatch-logs-stream";

fn evidence(signals: Signals) -> Evidence {
    Evidence { now: NOW, since: NOW - 60 * MINUTE, signals: Ok(signals), ..Evidence::default() }
}

fn findings(check: &str, evidence: &Evidence) -> Vec<Finding> {
    let mut all = CATEGORIES.iter().flat_map(|category| category.checks);
    let check = all.find(|known| known.name == check).unwrap_or_else(|| panic!("no check {check}"));
    (check.judge)(evidence).unwrap_or_else(|unknown| vec![unknown])
}

/// What a check finds about the only thing that there is.
fn judge(check: &str, evidence: &Evidence) -> Finding {
    let mut findings = findings(check, evidence);
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0)
}

fn state(check: &str, signals: Signals) -> State {
    judge(check, &evidence(signals)).state
}

/// Adds a value of the minute that began so many minutes ago.
fn metric(mut signals: Signals, metric: Metric, subject: &str, ago: i64, value: f64) -> Signals {
    let metrics = signals.metrics.as_mut().expect("readable");
    let series = metrics.series.entry(metric).or_default().entry(subject.to_owned()).or_default();
    series.push((NOW - ago * MINUTE, value));
    series.sort_by_key(|(at, _)| *at);
    signals
}

fn with_text(mut signals: Signals, ago: i64, line: &str) -> Signals {
    text(&mut signals, ago, line);
    signals
}

#[test]
fn only_a_stack_of_which_nothing_exists_is_missing() {
    let without = |take: fn(&mut crate::resources::Observed)| {
        let mut signals = quiet();
        take(&mut signals.chain.observed);
        signals
    };
    let nothing = || {
        without(|observed| {
            *observed = crate::resources::Observed::default();
        })
    };
    let finding = judge("stack-there", &evidence(nothing()));
    assert_eq!((finding.state, finding.fix.len()), (State::Fault, 1));
    assert_eq!(state("stack-there", without(|observed| observed.stream = None)), State::Ok);
    assert_eq!(state("stack-there", without(|observed| observed.function = None)), State::Ok);
    // What could not be read may be there.
    let mut denied = nothing();
    denied.chain.unread.insert(Unread::Roles, Unknown::because("denied"));
    assert!(findings("stack-there", &evidence(denied)).is_empty());
}

#[test]
fn what_was_refused_is_a_fault_until_events_get_through_again() {
    assert_eq!(state("nothing-refused", quiet()), State::Ok);
    let refused = || metric(quiet(), Metric::DeliveryErrors, "/app", 10, 7.0);
    let finding = judge("nothing-refused", &evidence(refused()));
    assert_eq!((finding.state, &finding.data["refused_events"]), (State::Fault, &7.into()));
    assert_eq!(finding.fix, [Command::setup()]);
    let before = metric(refused(), Metric::Forwarded, "/app", 11, 5.0);
    assert_eq!(state("nothing-refused", before), State::Fault);
    let after = metric(refused(), Metric::Forwarded, "/app", 9, 5.0);
    assert_eq!(state("nothing-refused", after), State::Warn);
}

#[test]
fn a_throttled_stream_gets_as_many_shards_as_the_busiest_minute_takes() {
    let throttled = || {
        let signals = metric(quiet(), Metric::StreamRecords, STREAM, 5, 60_000.0);
        metric(signals, Metric::StreamThrottled, STREAM, 5, 60_000.0)
    };
    let finding = judge("nothing-throttled", &evidence(throttled()));
    assert_eq!(finding.state, State::Fault);
    assert_eq!(finding.fix, [Command::own(["setup", "--shards", "4", "--yes"])]);
    let mut enough = throttled();
    enough.chain.observed.stream.as_mut().expect("a stream").open_shards = 4;
    assert_eq!(state("nothing-throttled", enough), State::Warn);
    let mut on_demand = throttled();
    on_demand.chain.observed.stream.as_mut().expect("a stream").mode = StreamMode::OnDemand;
    let finding = judge("nothing-throttled", &evidence(on_demand));
    assert_eq!((finding.state, finding.fix.len()), (State::Warn, 0));
}

#[test]
fn a_full_shard_names_its_log_group_and_what_helps() {
    let shard = |percent: f64| ShardLoad {
        id: "shardId-000000000001".to_owned(),
        load: Load { records: percent * 10.0, ..Load::default() },
        groups: vec![("/app/cart".to_owned(), 0.61)],
    };
    let busy = |open: u32, records: f64, percent: f64| {
        let mut signals = metric(quiet(), Metric::StreamRecords, STREAM, 5, records * 60.0);
        let stream = signals.chain.observed.stream.as_mut().expect("a stream");
        (stream.open_shards, stream.mode) = (open, StreamMode::Provisioned { shards: open });
        signals.shards =
            Some(Ok(ShardLoads { shards: vec![shard(percent), shard(1.0)], ..ShardLoads::default() }));
        judge("hot-shard", &evidence(signals))
    };
    let fine = busy(4, 900.0, 79.0);
    assert_eq!((fine.state, &fine.data["log_group"]), (State::Ok, &"/app/cart".into()));
    // All of it is too full.
    let full = busy(2, 1700.0, 85.0);
    assert_eq!(full.fix, [Command::own(["setup", "--shards", "3", "--yes"])]);
    // Only one is: more shards do not help.
    let hot = busy(4, 900.0, 88.0);
    assert_eq!((hot.state, hot.fix.len()), (State::Warn, 0));
    assert!(hot.found.contains("88 % full, 61 % of it by /app/cart"), "{}", hot.found);
    assert!(hot.advice.expect("advice").contains("--distribution random"));
    // So little arrives that nobody looks.
    assert_eq!(state("hot-shard", metric(quiet(), Metric::StreamRecords, STREAM, 5, 60.0)), State::Ok);
    let mut denied = quiet();
    denied.shards =
        Some(Err(Unknown { why: "denied".to_owned(), action: Some("kinesis:GetRecords".to_owned()) }));
    assert_eq!(state("hot-shard", denied), State::Unknown);
}

#[test]
fn a_key_that_is_disabled_or_going_is_enabled_by_its_fix() {
    let of = |state: &str| {
        let key = Key { id: "key".to_owned(), state: state.to_owned() };
        judge("kms-usable", &Evidence { key: Some(Ok(key)), ..evidence(quiet()) })
    };
    assert_eq!(of("Enabled").state, State::Ok);
    let enable = Command::aws(["kms", "enable-key", "--key-id", "key"]);
    assert_eq!(of("Disabled").fix, std::slice::from_ref(&enable));
    let cancel = Command::aws(["kms", "cancel-key-deletion", "--key-id", "key"]);
    assert_eq!(of("PendingDeletion").fix, [cancel, enable]);
    assert_eq!(of("Unavailable").state, State::Fault);
}

#[test]
fn who_disabled_the_trigger_and_what_waits_is_told() {
    let mut signals = metric(quiet(), Metric::Invocations, FUNCTION, 30, 1.0);
    for ago in [40, 20, 10] {
        signals = metric(signals, Metric::StreamRecords, STREAM, ago, 100.0);
    }
    signals.chain.observed.triggers[0].state = TriggerState::Disabled;
    let change = Change { uuid: "uuid".to_owned(), who: "kim".to_owned(), at: 5, call: "Update".to_owned() };
    let finding = judge("trigger-enabled", &Evidence { changes: vec![change], ..evidence(signals) });
    assert_eq!((finding.state, finding.since), (State::Fault, Some(5)));
    assert_eq!(finding.data["waiting_records"], 200, "what came in before the last invocation was read");
    assert!(finding.details[0].contains("by kim"), "{finding:?}");
}

#[test]
fn records_that_came_in_and_were_not_read_are_a_fault_once_metrics_can_show_it() {
    let came = |ago| metric(quiet(), Metric::StreamRecords, STREAM, ago, 100.0);
    assert_eq!(state("polled", quiet()), State::Ok);
    assert_eq!(state("polled", came(1)), State::Ok, "CloudWatch is late");
    let finding = judge("polled", &evidence(came(5)));
    assert_eq!((finding.state, &finding.data["unread_records"]), (State::Fault, &100.into()));
    let update = ["lambda", "update-event-source-mapping", "--uuid", "uuid", "--enabled"];
    assert_eq!(finding.fix, [Command::aws(update)]);
    assert_eq!(state("polled", metric(came(5), Metric::Invocations, FUNCTION, 4, 1.0)), State::Ok);
    assert_eq!(state("polled", metric(came(5), Metric::Invocations, FUNCTION, 6, 1.0)), State::Fault);
    // A mapping that counts its polls says so by itself.
    assert_eq!(state("polled", metric(quiet(), Metric::Polled, "uuid", 2, 0.0)), State::Ok);
    assert_eq!(state("polled", metric(quiet(), Metric::Polled, "uuid", 20, 0.0)), State::Fault);
}

#[test]
fn throttling_is_a_fault_while_it_lasts_and_says_how_much_is_needed() {
    let throttled = |ago| metric(quiet(), Metric::Throttles, FUNCTION, ago, 3.0);
    assert_eq!(state("not-throttled", throttled(2)), State::Fault);
    assert_eq!(state("not-throttled", throttled(30)), State::Warn);
    let mut reserved = throttled(2);
    let observed = &mut reserved.chain.observed;
    observed.function.as_mut().expect("a function").reserved_concurrency = Some(1);
    observed.stream.as_mut().expect("a stream").open_shards = 2;
    observed.triggers[0].parallelization = 3;
    let finding = judge("not-throttled", &evidence(reserved));
    assert_eq!(finding.fix, [Command::own(["setup", "--reserved-concurrency", "6", "--yes"])]);
}

#[test]
fn a_lag_is_a_fault_from_half_of_what_is_kept_on() {
    let behind = |hours: f64| metric(quiet(), Metric::IteratorAge, FUNCTION, 1, hours * 3_600_000.0);
    assert_eq!(state("retention-ahead-of-lag", quiet()), State::Ok);
    assert_eq!(state("retention-ahead-of-lag", behind(11.9)), State::Ok);
    let finding = judge("retention-ahead-of-lag", &evidence(behind(12.1)));
    assert_eq!((finding.state, finding.found.contains("lost in 11 h")), (State::Fault, true), "{finding:?}");
    assert_eq!(finding.fix, [Command::own(["setup", "--retention-hours", "96", "--yes"])]);
    assert!(judge("retention-ahead-of-lag", &evidence(behind(25.0))).found.contains("are lost"));
    // What the trigger gives up earlier is not kept any longer.
    let mut given_up = behind(1.0);
    given_up.chain.observed.triggers[0].max_age_seconds = 3600;
    assert_eq!(state("retention-ahead-of-lag", given_up), State::Fault);
    // Records come in, and nothing says how old those are that are read.
    let silent = metric(quiet(), Metric::StreamRecords, STREAM, 5, 1.0);
    assert_eq!(state("retention-ahead-of-lag", silent), State::Unknown);
}

#[test]
fn a_start_that_fails_counts_until_an_invocation_ends_and_then_as_a_crash() {
    let error = "ERROR CWL2LE_CONFIG is not valid: x";
    assert_eq!(state("function-starts", flowing()), State::Ok);
    assert_eq!(state("function-starts", quiet()), State::Ok);
    let finding = judge("function-starts", &evidence(with_text(flowing(), 1000, error)));
    assert!(finding.state == State::Fault && finding.found.contains("is not valid: x"), "{finding:?}");
    let before = || with_text(flowing(), 3 * MINUTE, error);
    assert_eq!(state("function-starts", before()), State::Ok);
    assert_eq!(state("no-crash", before()), State::Warn);
    assert_eq!(state("no-crash", flowing()), State::Ok);
    // A destination that fails is no failure of the function.
    let failed = r#"ERROR a destination did not accept every event destination="app" failure="connect""#;
    assert_eq!(state("function-starts", with_text(flowing(), 1000, failed)), State::Ok);
}

#[test]
fn lack_of_time_and_memory_is_told_by_the_reports_of_lambda() {
    let report = |duration: u32, memory: u32| {
        let line = format!(
            "REPORT RequestId: 1\tDuration: {duration}.00 ms\tBilled Duration: {duration} ms\tMemory Size: 256 MB\tMax \
             Memory Used: {memory} MB"
        );
        with_text(flowing(), 1000, &line)
    };
    assert_eq!(state("enough-time", report(53_000, 20)), State::Ok);
    let finding = judge("enough-time", &evidence(report(54_000, 20)));
    assert_eq!(
        (finding.state, finding.fix),
        (State::Warn, vec![Command::own(["setup", "--timeout", "120", "--yes"])])
    );
    assert_eq!(state("enough-memory", report(5, 230)), State::Ok);
    let finding = judge("enough-memory", &evidence(report(5, 231)));
    assert_eq!(
        (finding.state, finding.fix),
        (State::Warn, vec![Command::own(["setup", "--memory", "512", "--yes"])])
    );
    let timed_out =
        with_text(flowing(), 1000, "2026-01-01T00:00:00.000Z 1 Task timed out after 60.00 seconds");
    assert_eq!(state("enough-time", timed_out.clone()), State::Fault);
    assert_eq!(state("function-starts", timed_out), State::Ok, "it started");
}

#[test]
fn counts_that_do_not_add_up_are_a_bug() {
    assert_eq!(state("balanced", flowing()), State::Ok);
    let line = r#"{"Version":"0.2.0","Unbalanced":2,"Records":{"received":1},"Events":{"received":2}}"#;
    let finding = judge("balanced", &evidence(with_text(flowing(), 1000, line)));
    assert_eq!((finding.state, &finding.data["unbalanced"]), (State::Fault, &2.into()));
}

#[test]
fn what_may_not_be_read_is_unknown_and_never_fine() {
    let denied = || Unknown { why: "denied".to_owned(), action: Some("x:Y".to_owned()) };
    let mut signals = flowing();
    signals.metrics = Err(denied());
    signals.log_groups = Err(denied());
    signals.alarms = Err(denied());
    signals.logs[0].lines = Err(denied());
    for what in [Unread::Stream, Unread::Roles, Unread::Function, Unread::Triggers, Unread::LogGroup] {
        signals.chain.unread.insert(what, denied());
    }
    let evidence = Evidence { key: Some(Err(denied())), ..evidence(signals) };
    for category in CATEGORIES.iter().filter(|category| !["access", "tried"].contains(&category.name)) {
        for check in category.checks {
            let found = (check.judge)(&evidence).unwrap_or_else(|unknown| vec![unknown]);
            for finding in found {
                assert_eq!(finding.state, State::Unknown, "{}: {finding:?}", check.name);
            }
        }
    }
    for check in ["metrics-readable", "log-readable"] {
        let finding = judge(check, &evidence);
        assert_eq!((finding.state, &finding.data["denied"]), (State::Warn, &"x:Y".into()));
        assert_eq!(finding.fix, [Command::OnCallPolicy]);
    }
}

#[test]
fn an_address_that_nobody_has_confirmed_gets_no_mail() {
    let of = |subscriptions: &[(&str, bool)]| {
        let mut signals = quiet();
        let alarms = signals.alarms.as_mut().expect("readable");
        alarms.alarms.push(Alarm {
            name: "a".to_owned(),
            state: "OK".to_owned(),
            since: None,
            metric: None,
            notifies: true,
        });
        let subscription = |(endpoint, is_confirmed): &(&str, bool)| ObservedSubscription {
            protocol: "email".to_owned(),
            endpoint: (*endpoint).to_owned(),
            is_confirmed: *is_confirmed,
        };
        signals.chain.observed.topic = Some(ObservedTopic {
            arn: "arn:topic".to_owned(),
            subscriptions: subscriptions.iter().map(subscription).collect(),
            tags: Tags::default(),
        });
        judge("alarms-notify", &evidence(signals))
    };
    assert_eq!(of(&[("a@example.com", true)]).state, State::Ok);
    let pending = of(&[("a@example.com", true), ("b@example.com", false)]);
    assert_eq!((pending.state, &pending.data["address"]), (State::Warn, &"b@example.com".into()));
    let nobody = of(&[]);
    assert_eq!((nobody.state, nobody.fix.len()), (State::Warn, 1));
}
