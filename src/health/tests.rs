use cwl2le_forwarder::config::CONFIG_ENV;
use proptest::prelude::*;
use serde_json::json;

use super::fixture::{MINUTE, NOW, delivered, failed, flowing, line, point, quiet, text};
use super::*;
use crate::resources::{EnvValue, TriggerState, Unread};

const LIMITS: Limits = Limits { window: 300, max_lag: 900 };

fn judged(signals: &Signals) -> (Verdict, String) {
    let judgement = judge(signals, LIMITS);
    (judgement.verdict, judgement.why)
}

fn verdict(signals: &Signals) -> Verdict {
    judged(signals).0
}

fn denied(action: &str) -> Unknown {
    Unknown { why: "denied".to_owned(), action: Some(action.to_owned()) }
}

#[test]
fn a_chain_that_delivers_flows_and_one_without_records_is_quiet() {
    assert_eq!(judged(&flowing()), (Verdict::Flowing, "2 s behind".to_owned()));
    assert_eq!(verdict(&quiet()), Verdict::Quiet);
    let flow = judge(&flowing(), LIMITS).flow;
    assert_eq!((flow.forwarded, flow.records, flow.delivered), (Some(3000.0), Some(300.0), Some(3000.0)));
    assert_eq!((flow.invocations, flow.errors, flow.records_failed), (Some(300.0), Some(0.0), Some(0.0)));
}

#[test]
fn what_is_not_there_is_named() {
    let mut signals = flowing();
    signals.chain.observed.stream = None;
    let (verdict, why) = judged(&signals);
    assert_eq!(verdict, Verdict::NotSetUp);
    assert!(why.contains("the stream cloudwatch-logs-stream does not exist"), "{why}");
    signals.chain.observed.function = None;
    assert!(judged(&signals).1.contains("stack `default` does not exist"));
    // What could not be read may be there.
    for what in [Unread::Stream, Unread::Function] {
        signals.chain.unread.insert(what, denied("x:Y"));
    }
    assert_ne!(judged(&signals).0, Verdict::NotSetUp);
}

/// Whatever else the metrics say: a destination whose newest line fails is failing.
#[test]
fn a_log_service_that_refuses_everything_never_looks_ready() {
    let mut signals = flowing();
    line(&mut signals, 500, &failed("app", "connect", 4000));
    let judgement = judge(&signals, LIMITS);
    assert_eq!((judgement.verdict, judgement.since), (Verdict::Failing, Some(NOW - 500)));
    assert!(
        judgement.why.contains("app") && judgement.why.contains("connect: Connection refused"),
        "{}",
        judgement.why
    );
    line(&mut signals, 100, &delivered("app", 1));
    assert_eq!(verdict(&signals), Verdict::Flowing);
    // Another one delivers.
    line(&mut signals, 90, &failed("app", "refused", 4000));
    line(&mut signals, 50, &delivered("audit", 5));
    assert_eq!(verdict(&signals), Verdict::Failing);
}

#[test]
fn a_start_that_fails_is_named_by_the_reason_of_the_forwarder() {
    let mut signals = flowing();
    text(&mut signals, 900, "ERROR destinations.app.token: SSM parameter `/t` cannot be read");
    text(&mut signals, 800, "INIT_REPORT Init Duration: 9 ms\tPhase: init\tStatus: error");
    let (verdict, why) = judged(&signals);
    assert_eq!(verdict, Verdict::Failing);
    assert!(why.contains("`/t` cannot be read") && !why.contains("INIT_REPORT"), "{why}");
    line(&mut signals, 100, &json!({"Version": "0.2.0", "Events": {}, "Destinations": {"app": {}}}));
    assert_eq!(judged(&signals).0, Verdict::Flowing);
}

#[test]
fn nothing_reads_the_stream() {
    let mut signals = flowing();
    signals.chain.observed.triggers[0].state = TriggerState::Disabled;
    assert_eq!(judged(&signals), (Verdict::Stopped, "the event source mapping is disabled".to_owned()));
    signals.chain.observed.triggers.clear();
    assert!(judged(&signals).1.contains("no event source mapping"));

    let mut signals = flowing();
    signals.chain.observed.function.as_mut().expect("a function").reserved_concurrency = Some(0);
    assert!(judged(&signals).1.contains("reserved concurrency"), "{:?}", judged(&signals));

    // Records came in seven minutes ago, and nothing has been invoked since.
    let mut signals = quiet();
    point(&mut signals, Metric::StreamRecords, 7, 5.0);
    let judgement = judge(&signals, LIMITS);
    assert_eq!(judgement.verdict, Verdict::Stopped, "{judgement:?}");
    assert!(judgement.lag.now.is_some_and(|(lag, source)| lag >= 420.0 && source == LagSource::Waiting));
    point(&mut signals, Metric::Invocations, 7, 1.0);
    assert_eq!(verdict(&signals), Verdict::Quiet);

    // A batching window of five minutes may make them wait.
    let mut signals = quiet();
    point(&mut signals, Metric::StreamRecords, 5, 5.0);
    signals.chain.observed.triggers[0].window_seconds = 300;
    assert_ne!(verdict(&signals), Verdict::Stopped);
}

#[test]
fn what_comes_again_by_no_retry_is_lost() {
    for metric in [Metric::DeliveryErrors, Metric::Dropped, Metric::OnFailureErrors, Metric::RecordsNotKept] {
        let mut signals = flowing();
        point(&mut signals, metric, 3, 12.0);
        let (verdict, why) = judged(&signals);
        assert_eq!(verdict, Verdict::Losing, "{metric:?}");
        assert!(why.starts_with("12 "), "{why}");
        // It is over, and still said.
        let mut signals = flowing();
        point(&mut signals, metric, 40, 12.0);
        let judgement = judge(&signals, LIMITS);
        assert_eq!((judgement.verdict, judgement.losses.len()), (Verdict::Flowing, 1), "{metric:?}");
    }
    let mut signals = flowing();
    let day = 25 * 60 * MINUTE;
    line(&mut signals, 500, &failed("app", "connect", day));
    assert_eq!(verdict(&signals), Verdict::Losing);
    // A mapping that hands on what expires does not lose it.
    let mapping = &mut signals.chain.observed.triggers[0];
    (mapping.max_age_seconds, mapping.on_failure) = (3600, Some("arn:aws:s3:::b".to_owned()));
    assert_eq!(verdict(&signals), Verdict::Failing);
}

#[test]
fn what_no_retry_can_deliver_is_lost_unless_a_quarantine_keeps_it() {
    let destinations = r#""destinations":{"app":{"type":"logentries","region":"eu","token":{"ssm":"/t"}}}"#;
    let of = |config: String| {
        let mut signals = flowing();
        let function = signals.chain.observed.function.as_mut().expect("a function");
        function.environment.insert(CONFIG_ENV.to_owned(), EnvValue(config));
        signals
    };
    let without = || of(format!("{{{destinations}}}"));
    let with = || of(format!(r#"{{{destinations},"quarantine":"s3://set-aside/logs"}}"#));
    let set_aside = json!({"Version": "0.1.0", "Records": {"received": 3, "quarantined": 3}, "Events": {"quarantined": 8}});
    for (mut signals, wanted) in [(without(), Verdict::Losing), (with(), Verdict::Flowing)] {
        assert_eq!(verdict(&signals), Verdict::Flowing, "as long as nothing is set aside");
        line(&mut signals, 500, &set_aside);
        assert_eq!(verdict(&signals), wanted, "{:?}", judged(&signals));
        let (Verdict::Losing, why) = judged(&signals) else { continue };
        assert!(why.starts_with("3 records that no retry can deliver"), "{why}");
    }
    for (mut signals, wanted) in [(without(), Verdict::Losing), (with(), Verdict::Flowing)] {
        point(&mut signals, Metric::RecordsQuarantined, 3, 2.0);
        assert_eq!(verdict(&signals), wanted);
    }
}

#[test]
fn late_is_behind_and_a_failing_batch_gets_older() {
    let mut signals = flowing();
    let late = |lag: i64| {
        let mut late = delivered("app", 1);
        late["IteratorLagMilliseconds"] = json!(lag);
        late
    };
    line(&mut signals, 500, &late(16 * MINUTE));
    let (verdict, why) = judged(&signals);
    assert_eq!((verdict, why.as_str()), (Verdict::Behind, "16 min behind; more than 15 min is too late"));
    let lag = judge(&signals, LIMITS).lag;
    assert_eq!(lag.expires_at, Some(NOW - 16 * MINUTE + 24 * 60 * MINUTE));
    line(&mut signals, 100, &late(1000));
    assert_eq!(judged(&signals).0, Verdict::Flowing);
    line(&mut signals, 60, &failed("app", "connect", 2000));
    let lag = judge(&signals, LIMITS).lag.now.expect("a lag").0;
    assert!((2.0..3.0).contains(&lag), "{lag}");
}

#[test]
fn without_lines_metrics_tell_and_without_metrics_lines_do() {
    let mut signals = flowing();
    signals.logs[0].lines = Err(denied("logs:FilterLogEvents"));
    let judgement = judge(&signals, LIMITS);
    assert_eq!((judgement.verdict, judgement.is_partial), (Verdict::Flowing, true));
    assert_eq!(judgement.flow.delivered, Some(3000.0));
    point(&mut signals, Metric::RecordsFailed, 0, 7.0);
    assert_eq!(verdict(&signals), Verdict::Flowing, "it has delivered in the same minute");
    point(&mut signals, Metric::RecordsFailed, -1, 7.0);
    assert_eq!(verdict(&signals), Verdict::Failing);

    let mut signals = flowing();
    signals.metrics = Err(denied("cloudwatch:GetMetricData"));
    let judgement = judge(&signals, LIMITS);
    assert_eq!((judgement.verdict, judgement.is_partial), (Verdict::Flowing, true));
    assert_eq!((judgement.flow.records, judgement.flow.delivered), (None, Some(3000.0)));

    let mut signals = quiet();
    line(&mut signals, 2 * MINUTE, &delivered("app", 600));
    signals.metrics = Err(denied("cloudwatch:GetMetricData"));
    assert_eq!(verdict(&signals), Verdict::Unknown, "what was lost since is not known");

    let mut signals = quiet();
    signals.metrics = Err(denied("cloudwatch:GetMetricData"));
    assert_eq!(verdict(&signals), Verdict::Unknown, "nothing tells whether anything came in");
    signals.logs[0].lines = Err(denied("logs:FilterLogEvents"));
    let judgement = judge(&signals, LIMITS);
    assert_eq!(judgement.verdict, Verdict::Unknown);
    assert_eq!(judgement.gaps.len(), 2);
}

/// With `metrics = "none"` no line shows a success, and no metric counts one.
#[test]
fn a_forwarder_that_counts_nothing_is_judged_by_the_age_of_its_records() {
    let mut signals = flowing();
    if let Ok(lines) = &mut signals.logs[0].lines {
        lines.lines.clear();
    }
    if let Ok(metrics) = &mut signals.metrics {
        metrics.series.remove(&Metric::EventsDelivered);
    }
    assert_eq!(verdict(&signals), Verdict::Flowing);
    assert_eq!(judge(&signals, LIMITS).flow.delivered, None, "it is not zero");
    text(
        &mut signals,
        2000,
        r#"WARN a destination did not accept every event destination="app" failure="connect" events_delivered=0"#,
    );
    assert_eq!(verdict(&signals), Verdict::Failing);
    // Such a failure says nothing after ten minutes.
    let mut signals = quiet();
    text(&mut signals, 11 * MINUTE, r#"WARN no destination="app" failure="connect""#);
    assert_eq!(verdict(&signals), Verdict::Quiet);
}

#[test]
fn failing_invocations_count_where_no_line_is_newer() {
    for metric in [Metric::Errors, Metric::Throttles] {
        let mut signals = quiet();
        (1..4).for_each(|ago| point(&mut signals, metric, ago, 2.0));
        assert_eq!(verdict(&signals), Verdict::Failing, "{metric:?}");
        line(&mut signals, 100, &delivered("app", 1));
        assert_eq!(verdict(&signals), Verdict::Flowing, "{metric:?}");
    }
}

#[test]
fn late_metrics_move_the_window_instead_of_emptying_its_end() {
    let mut signals = quiet();
    for ago in 3..20 {
        point(&mut signals, Metric::StreamRecords, ago, 60.0);
        point(&mut signals, Metric::Invocations, ago, 60.0);
    }
    assert_eq!(judge(&signals, LIMITS).flow.records, Some(300.0));
}

fn any_signals() -> impl Strategy<Value = Signals> {
    let metric = proptest::sample::select(<Metric as strum::VariantArray>::VARIANTS);
    let points = proptest::collection::vec((metric, 0_i64..60, 0.0..5000.0_f64), 0..40);
    let lines = proptest::collection::vec((0_i64..3_600_000, 0_usize..6, 0_i64..90_000_000), 0..12);
    let gaps = proptest::collection::vec(any::<bool>(), 4);
    (points, lines, gaps).prop_map(|(points, lines, gaps)| {
        let mut signals = quiet();
        points.into_iter().for_each(|(metric, ago, value)| point(&mut signals, metric, ago, value));
        for (ago, kind, lag) in lines {
            match kind {
                0 | 1 => line(&mut signals, ago, &delivered(["app", "audit"][kind], 3)),
                2 | 3 => line(&mut signals, ago, &failed(["app", "audit"][kind - 2], "connect", lag)),
                4 => text(&mut signals, ago, "RequestId: 1 Error: Runtime exited with error: exit status 1"),
                _ => text(&mut signals, ago, "START RequestId: 1"),
            }
        }
        if gaps[0] {
            signals.metrics = Err(denied("cloudwatch:GetMetricData"));
        }
        if gaps[1] {
            signals.logs[0].lines = Err(denied("logs:FilterLogEvents"));
        }
        if gaps[2] {
            signals.chain.unread.insert(Unread::Stream, denied("kinesis:DescribeStreamSummary"));
            signals.chain.observed.stream = None;
        }
        if gaps[3] {
            signals.log_groups = Err(denied("cloudwatch:ListMetrics"));
        }
        signals
    })
}

proptest! {
    #[test]
    fn no_good_verdict_without_a_sign_of_it(signals in any_signals()) {
        let judgement = judge(&signals, LIMITS);
        let fails = judgement.said.iter().any(|said| {
            said.broken.is_some() || said.destinations.values().any(|said| said.failing.is_some())
        });
        if judgement.verdict.is_good() {
            prop_assert!(!fails);
            prop_assert!(judgement.lag.now.is_none_or(|(lag, _)| lag <= 900.0));
            prop_assert!(judgement.losses.iter().all(|loss| loss.last < NOW - 15 * MINUTE));
        }
        if judgement.verdict == Verdict::Flowing {
            let shown = judgement.said.iter().any(|said| said.last_whole.is_some());
            let counted = judgement.flow.delivered.is_some_and(|events| events > 0.0)
                || judgement.flow.invocations.is_some_and(|invocations| invocations > 0.0);
            prop_assert!(shown || counted, "{judgement:?}");
        }
        if signals.metrics.is_err() && signals.logs[0].lines.is_err() {
            prop_assert!(!judgement.verdict.is_good());
        }
        // What could not be read is named, and none of its numbers is zero.
        prop_assert_eq!(judgement.gaps.is_empty(), !judgement.is_partial);
        if signals.metrics.is_err() {
            prop_assert_eq!(judgement.flow.records, None);
            prop_assert_eq!(judgement.flow.forwarded, None);
        }
    }
}

#[test]
fn a_role_that_cannot_write_loses_what_is_logged() {
    let mut signals = flowing();
    signals.chain.observed.logs_role.as_mut().expect("a role").policies.clear();
    let (verdict, why) = judged(&signals);
    assert_eq!(verdict, Verdict::Losing);
    assert!(why.contains("has no policy"), "{why}");
    signals.chain.observed.logs_role = None;
    assert!(judged(&signals).1.contains("does not exist"));
    signals.chain.unread.insert(crate::resources::Unread::Roles, denied("iam:GetRole"));
    assert_eq!(judged(&signals).0, Verdict::Flowing, "what may not be read is a gap");
}

#[test]
fn numbers_that_cannot_be_are_not_known() {
    for key in ["IteratorLagMilliseconds", "ReceiptMilliseconds", "EventsDelivered", "EventsReceived"] {
        let mut signals = flowing();
        for number in [json!(u64::MAX), json!(1e308)] {
            let mut odd = delivered("app", 600);
            odd[key] = number.clone();
            odd["Events"] = json!({"filtered": number, "quarantined": number, "received": number});
            odd["Records"] = json!({"failed": number});
            odd["RecordsNotKept"] = number;
            line(&mut signals, 100, &odd);
            line(&mut signals, 50, &odd);
        }
        let lag = judge(&signals, LIMITS).lag.now;
        assert!(lag.is_none_or(|(lag, _)| lag < 60.0), "{key}: {lag:?}");
    }
}

#[test]
fn every_metric_is_in_the_documentation_with_its_namespace() {
    let page = include_str!("../../docs/metrics.md");
    for metric in <Metric as strum::VariantArray>::VARIANTS {
        let row = metric.row();
        let documented = match row.namespace {
            // Of the forwarder's own, the page says the namespace once.
            "cwl2le" => format!("| `{}` |", row.name),
            namespace => format!("| `{namespace}` | `{}` |", row.name),
        };
        assert!(page.contains(&documented), "docs/metrics.md has no row {documented}");
    }
}
