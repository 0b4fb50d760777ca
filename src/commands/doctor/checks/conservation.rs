//! Whether what CloudWatch Logs put into the stream is what the forwarder settled: delivered, dropped by a rule or set
//! aside.

use super::super::check::{Category, Check};
use super::super::evidence::{Evidence, Judged, span};
use super::super::finding::{Command, Finding};
use super::words::count;
use crate::documentation::page;
use crate::health::{ForwarderLog, Metric, Metrics, Point};
use crate::journal::{Entry, Invocation};

pub(in super::super) const CATEGORY: Category = Category {
    name: "conservation",
    title: "conservation",
    needs: &["credentials", "stack-there"],
    checks: &[Check::new(
        "what-came-in-went-out",
        "every event that came into the stream was settled",
        what_came_in_went_out,
    )],
};

/// A minute in milliseconds: metrics have one value for each.
const MINUTE: i64 = 60_000;
/// Time that CloudWatch may take to show a metric, in milliseconds.
const SHOWS: i64 = 3 * MINUTE;

fn what_came_in_went_out(evidence: &Evidence) -> Judged {
    let (signals, metrics) = (evidence.signals()?, evidence.metrics()?);
    if !signals.log_groups.as_ref().map_err(Finding::from)?.is_whole {
        let why = "there are more log groups than are looked at: what all of them forward is not known";
        return Err(Finding::unknown(why));
    }
    let forwarders = evidence.forwarders()?;
    let judged = forwarders.iter().filter_map(|forwarder| {
        let waits = forwarder.living().map(|trigger| i64::from(trigger.window_seconds) * 1000).max();
        let finding = judge(metrics, forwarder.log?, signals.now, waits.unwrap_or_default());
        Some(finding.about(forwarder.subject))
    });
    Ok(judged.collect())
}

/// What a function settled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Settled {
    /// Events.
    events: u64,
    /// Records whose events may not be counted, because they could not be read.
    unread_records: u64,
}

/// Judges one function: each reads the whole stream. `waits` is the time that a batch may wait to fill; all times are
/// in milliseconds.
///
/// The window ends so long ago that everything that came in within it has been settled and shows. What the forwarder
/// settled is counted until then, so that an event that was on its way at the end of the window is not missed; one that
/// was on its way at its beginning is counted beside it. So at most what comes in within that time can hide a loss, and
/// nothing makes one up.
fn judge(metrics: &Metrics, log: &ForwarderLog, now: i64, waits: i64) -> Finding {
    let late = late(metrics, log);
    let on_its_way = late + waits + MINUTE;
    let from = minute(metrics.from + MINUTE - 1);
    let until = minute(now - SHOWS - on_its_way);
    if until <= from {
        return Finding::unknown(format!(
            "the forwarder is up to {} behind in this time: what came in is not settled yet",
            span(late)
        ));
    }
    let sum = |metric: Metric, until: i64| -> f64 {
        metrics.points(metric, from).filter(|(at, _)| *at < until).map(|(_, value)| value).sum()
    };
    let forwarded = whole(sum(Metric::Forwarded, until));
    let settled = match settled(metrics, log, from, until + on_its_way) {
        Ok(settled) => settled,
        Err(why) => return Finding::unknown(why),
    };
    let window = span(until - from);
    let counts = format!(
        "{} events forwarded, {} settled, in {window} that ended {} ago",
        count(forwarded),
        count(settled.events),
        span(now - until)
    );
    let missing = forwarded.saturating_sub(settled.events);
    let given_up = whole(sum(Metric::Dropped, until + on_its_way))
        + whole(sum(Metric::OnFailureKept, until + on_its_way));
    let finding = match missing {
        0 => return Finding::ok(counts).with("forwarded", forwarded).with("settled", settled.events),
        _ if settled.unread_records > 0 => Finding::unknown(format!(
            "{counts}: {} may be in {} quarantined records, whose events are not counted",
            count(missing),
            count(settled.unread_records)
        )),
        _ if given_up > 0 => Finding::fault(format!(
            "{} events are missing: {counts}; Lambda gave up {} records, see {}",
            count(missing),
            count(given_up),
            page("replay.md#what-expires")
        )),
        _ => Finding::fault(format!("{} events are missing: {counts}", count(missing))),
    };
    finding
        .advise(
            "they are in their log groups still: save those of this time with `aws logs filter-log-events` and send them \
             with `cwl2le forward`; if no other check has failed, please report a bug",
        )
        .fix(Command::own(["logs", "--since", "2h", "--level", "warn"]))
        .with("forwarded", forwarded)
        .with("settled", settled.events)
        .with("missing", missing)
}

/// How late records were settled at most, in milliseconds, as far as it is known.
fn late(metrics: &Metrics, log: &ForwarderLog) -> i64 {
    let of_function = metrics.series.get(&Metric::IteratorAge).and_then(|ages| ages.get(&log.function));
    let ages = of_function.into_iter().flatten().map(|(_, age)| *age);
    let lags = invocations(log).filter_map(|(_, invocation)| invocation.lag_ms);
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of our time fit")]
    let late = ages.chain(lags).fold(0.0, f64::max) as i64;
    late
}

/// What a function settled in this time: by its metric, else by its log.
///
/// # Errors
/// Why it is not known.
fn settled(metrics: &Metrics, log: &ForwarderLog, from: i64, until: i64) -> Result<Settled, String> {
    let series = |metric: Metric| metrics.series.get(&metric).and_then(|all| all.get(&log.function));
    let within = |points: Option<&Vec<Point>>| -> u64 {
        let points = points.into_iter().flatten().filter(|(at, _)| (from..until).contains(at));
        whole(points.map(|(_, value)| *value).sum())
    };
    let received = series(Metric::EventsReceived);
    if received.is_some_and(|points| points.iter().any(|(at, _)| (from..until).contains(at))) {
        let unread_records = within(series(Metric::RecordsQuarantined));
        return Ok(Settled { events: within(received), unread_records });
    }
    // No metric: they are off, an older forwarder does not write this one, or nothing was invoked.
    if within(series(Metric::Invocations)) == 0 {
        return Ok(Settled::default());
    }
    let lines = log.lines.as_ref().map_err(|unknown| unknown.why.clone())?;
    if !lines.is_whole || lines.from > from {
        return Err(format!(
            "the function writes no metric of what it receives, and its log is too long to read: see `metrics` in {}",
            page("settings.md#function")
        ));
    }
    let mut all = Settled::default();
    for (_, invocation) in invocations(log).filter(|(at, _)| (from..until).contains(at)) {
        let Some(events) = received_once(invocation) else {
            return Err("a line of the function's log does not say how many events it is about".to_owned());
        };
        all.events += events;
        all.unread_records += invocation.records.quarantined.unwrap_or_default();
    }
    Ok(all)
}

/// The events of an invocation that are settled by it, each once: not those that are retried, nor those that an earlier
/// invocation settled.
fn received_once(invocation: &Invocation) -> Option<u64> {
    let by_counts = || {
        let events = &invocation.events;
        let again = events.failed? + events.delivered_before?;
        events.received?.checked_sub(again)
    };
    invocation.events_received.or_else(by_counts)
}

fn invocations(log: &ForwarderLog) -> impl Iterator<Item = (i64, &Invocation)> {
    let lines = log.lines.iter().flat_map(|lines| &lines.lines);
    lines.filter_map(|(at, entry)| match entry {
        Entry::Invocation(invocation) => Some((*at, &**invocation)),
        _ => None,
    })
}

/// The beginning of the minute.
fn minute(at: i64) -> i64 {
    at - at.rem_euclid(MINUTE)
}

/// A sum of counts.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are whole and not negative"
)]
fn whole(sum: f64) -> u64 {
    sum.round().max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::super::finding::State;
    use super::*;
    use crate::health::Lines;

    const NOW: i64 = 1_790_000_010_000;
    const FUNCTION: &str = "cwl-to-logentries";

    fn metrics(series: &[(Metric, &[(i64, f64)])]) -> Metrics {
        let mut metrics = Metrics { from: NOW - 60 * MINUTE, ..Metrics::default() };
        for (metric, points) in series {
            let points =
                points.iter().map(|(ago, value)| (minute(NOW - ago * MINUTE), *value)).rev().collect();
            metrics.series.entry(*metric).or_default().insert(FUNCTION.to_owned(), points);
        }
        metrics
    }

    fn log(lines: &[(i64, serde_json::Value)]) -> ForwarderLog {
        let lines =
            lines.iter().map(|(ago, line)| (NOW - ago * MINUTE, Entry::read(&line.to_string()))).collect();
        ForwarderLog {
            function: FUNCTION.to_owned(),
            isolated: None,
            log_group: "/aws/lambda/cwl-to-logentries".to_owned(),
            modified: None,
            lines: Ok(Lines { from: NOW - 60 * MINUTE, lines, is_whole: true }),
        }
    }

    fn state(series: &[(Metric, &[(i64, f64)])]) -> State {
        judge(&metrics(series), &log(&[]), NOW, 0).state
    }

    #[test]
    fn one_event_that_is_missing_is_a_fault_and_one_too_many_is_none() {
        use Metric::{EventsReceived, Forwarded};
        let of = |received: f64| state(&[(Forwarded, &[(20, 1000.0)]), (EventsReceived, &[(20, received)])]);
        assert_eq!([999.0, 1000.0, 1001.0, 5000.0].map(of), [State::Fault, State::Ok, State::Ok, State::Ok]);
        assert_eq!(state(&[]), State::Ok, "nothing came in");
        assert_eq!(state(&[(Forwarded, &[(20, 7.0)])]), State::Fault, "nothing was settled");
    }

    #[test]
    fn what_is_on_its_way_is_not_missed() {
        use Metric::{EventsReceived, Forwarded, IteratorAge};
        // It came in at the end of the window and was settled two minutes later.
        let late = [(IteratorAge, &[(4, 120_000.0)][..])];
        let came = (Forwarded, &[(7, 10.0)][..]);
        let settled = (EventsReceived, &[(5, 10.0)][..]);
        assert_eq!(state(&[came, settled, late[0]]), State::Ok);
        // It has just come in.
        assert_eq!(state(&[(Forwarded, &[(1, 10.0)])]), State::Ok);
        // The forwarder is an hour behind.
        assert_eq!(state(&[(Forwarded, &[(20, 10.0)]), (IteratorAge, &[(1, 3_600_000.0)])]), State::Unknown);
    }

    #[test]
    fn events_of_records_that_nobody_can_read_are_not_called_lost() {
        use Metric::{EventsReceived, Forwarded, RecordsQuarantined};
        let series: &[(Metric, &[(i64, f64)])] =
            &[(Forwarded, &[(20, 10.0)]), (EventsReceived, &[(20, 8.0)]), (RecordsQuarantined, &[(20, 1.0)])];
        assert_eq!(state(series), State::Unknown);
    }

    #[test]
    fn without_the_metric_the_log_is_counted_if_it_is_whole() {
        use Metric::{Forwarded, Invocations};
        let metrics = metrics(&[(Forwarded, &[(20, 10.0)]), (Invocations, &[(20, 3.0)])]);
        // Two events failed and came again; three had been delivered before a failure.
        let line = |received, failed, before| {
            json!({"FunctionName": FUNCTION, "Destinations": {"app": {}}, "_aws": {},
                   "Records": {"received": 1, "delivered": 1, "skipped": 0, "filtered": 0, "quarantined": 0,
                               "failed": 0, "delivered_before": 0},
                   "Events": {"received": received, "delivered": received - failed, "skipped": 0, "filtered": 0,
                              "quarantined": 0, "failed": failed, "delivered_before": before}})
        };
        let all = [(21, line(8, 2, 0)), (20, line(5, 0, 3)), (20, line(2, 0, 0))];
        let finding = judge(&metrics, &log(&all), NOW, 0);
        assert_eq!((finding.state, finding.data["settled"].as_u64()), (State::Ok, Some(10)), "{finding:?}");
        let finding = judge(&metrics, &log(&all[..2]), NOW, 0);
        assert_eq!((finding.state, finding.data["missing"].as_u64()), (State::Fault, Some(2)), "{finding:?}");
        let mut cut = log(&all[..2]);
        if let Ok(lines) = &mut cut.lines {
            lines.is_whole = false;
        }
        assert_eq!(judge(&metrics, &cut, NOW, 0).state, State::Unknown);
    }

    proptest! {
        /// Whenever each event is settled within the time that the metrics tell, nothing is called missing.
        #[test]
        fn no_loss_is_made_up(
            events in proptest::collection::vec((4_i64..59, 1_u32..1000), 0..40),
            delay in 0_i64..4,
        ) {
            let mut series: [std::collections::BTreeMap<i64, f64>; 2] = Default::default();
            for (ago, number) in &events {
                *series[0].entry(*ago).or_default() += f64::from(*number);
                // Settled events that are not shown yet.
                if ago - delay >= 3 {
                    *series[1].entry(ago - delay).or_default() += f64::from(*number);
                }
            }
            let [came, settled] = series.map(|points| points.into_iter().collect::<Vec<_>>());
            #[expect(clippy::cast_precision_loss, reason = "a few minutes")]
            let age = [(5, (delay * MINUTE) as f64)];
            let series = [
                (Metric::Forwarded, &came[..]), (Metric::EventsReceived, &settled[..]), (Metric::IteratorAge, &age[..]),
            ];
            let finding = judge(&metrics(&series), &log(&[]), NOW, 0);
            prop_assert!(finding.state != State::Fault, "{finding:?}");
        }
    }
}
