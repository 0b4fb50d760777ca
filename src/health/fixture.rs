//! A chain that flows, for tests to take things away from.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{ActiveGroups, Alarms, Chain, ForwarderLog, Line, Lines, Metric, Metrics, Signals};
use crate::journal::Entry;
use crate::resources::{
    Arch, Observed, ObservedFunction, ObservedRole, ObservedStream, ObservedTrigger, StreamMode,
    StreamStatus, TriggerState,
};
use crate::stack::{Names, RoleScope, StackName, Target};

/// A minute, in milliseconds.
pub(crate) const MINUTE: i64 = 60_000;
/// The time of reading: at the end of a minute.
pub(crate) const NOW: i64 = 1_790_000_040_000 - 1;

/// A stack that exists, of which everything could be read, and in which nothing has happened.
pub(crate) fn quiet() -> Signals {
    let target =
        Target { account: "123456789012".to_owned(), region: "eu-west-1".parse().expect("a region") };
    let stack = StackName::default();
    let names = Names::new(&stack, &target.region, RoleScope::Plain);
    let observed = Observed {
        stream: Some(ObservedStream {
            arn: names.stream_arn(&target),
            status: StreamStatus::Active,
            mode: StreamMode::Provisioned { shards: 1 },
            open_shards: 1,
            retention_hours: 24,
            kms_key: None,
            tags: BTreeMap::new(),
            consumers: Vec::new(),
        }),
        function: Some(function(&names, &target)),
        logs_role: Some(ObservedRole {
            name: names.logs_role.clone(),
            arn: format!("arn:aws:iam::{}:role/{}", target.account, names.logs_role),
            path: "/".to_owned(),
            boundary: None,
            trust: json!({}),
            policies: [(names.logs_policy.clone(), json!({}))].into(),
            attached: Vec::new(),
            tags: BTreeMap::new(),
        }),
        triggers: vec![mapping(&names, &target)],
        ..Observed::default()
    };
    let log = ForwarderLog {
        function: names.function.clone(),
        isolated: None,
        log_group: names.function_log_group.clone(),
        modified: None,
        lines: Ok(Lines { from: NOW - 60 * MINUTE, lines: Vec::new(), is_whole: true }),
    };
    Signals {
        now: NOW,
        chain: Chain { stack, target, scope: RoleScope::Plain, names, observed, unread: BTreeMap::new() },
        metrics: Ok(Metrics { from: NOW - 60 * MINUTE, series: BTreeMap::new() }),
        shards: None,
        log_groups: Ok(ActiveGroups { is_whole: true, ..ActiveGroups::default() }),
        logs: vec![log],
        kept: Vec::new(),
        alarms: Ok(Alarms { alarms: Vec::new(), is_whole: true }),
    }
}

/// The same, with records in every minute of the last ten, and a line for each that says that they were delivered.
pub(crate) fn flowing() -> Signals {
    let mut signals = quiet();
    for ago in 0..10 {
        for (metric, value) in [
            (Metric::Forwarded, 600.0),
            (Metric::StreamRecords, 60.0),
            (Metric::Invocations, 60.0),
            (Metric::IteratorAge, 900.0),
            (Metric::EventsDelivered, 600.0),
        ] {
            point(&mut signals, metric, ago, value);
        }
        line(&mut signals, ago * MINUTE + 2000, &delivered("app", 600));
    }
    signals
}

/// Adds a point of the minute that was so many minutes ago.
pub(crate) fn point(signals: &mut Signals, metric: Metric, ago: i64, value: f64) {
    let Ok(metrics) = &mut signals.metrics else { return };
    let series = metrics.series.entry(metric).or_default().entry(String::new()).or_default();
    series.push((NOW - 59_999 - ago * MINUTE, value));
    series.sort_by_key(|(at, _)| *at);
}

/// Adds a line that was written so many milliseconds ago to the log of the main function.
pub(crate) fn line(signals: &mut Signals, ago: i64, line: &Value) {
    text(signals, ago, &line.to_string());
}

/// The same of any text.
pub(crate) fn text(signals: &mut Signals, ago: i64, line: &str) {
    let Ok(lines) = &mut signals.logs[0].lines else { return };
    let line: Line = (NOW - ago, Entry::read(line));
    lines.lines.push(line);
    lines.lines.sort_by_key(|(at, _)| *at);
}

/// The line of an invocation that delivered events to a destination.
pub(crate) fn delivered(to: &str, events: u64) -> Value {
    json!({"Version": "0.2.0", "EventsReceived": events, "EventsDelivered": events, "IteratorLagMilliseconds": 2000,
           "Records": {"received": 60, "delivered": 60}, "Events": {"received": events, "delivered": events},
           "Destinations": {to: {"EventsDelivered": events, "ReceiptMilliseconds": 48.0}}})
}

/// The line of an invocation in which a destination took nothing, with records that were so many milliseconds old.
pub(crate) fn failed(at: &str, kind: &str, lag: i64) -> Value {
    json!({"Version": "0.2.0", "EventsReceived": 0, "EventsDelivered": 0, "RecordsFailed": 60,
           "IteratorLagMilliseconds": lag, "Records": {"received": 60, "failed": 60},
           "Events": {"received": 600, "failed": 600},
           "Destinations": {at: {"EventsDelivered": 0, "Failure": kind, "Detail": "Connection refused"}}})
}

fn function(names: &Names, target: &Target) -> ObservedFunction {
    ObservedFunction {
        arn: target.arn("lambda", format_args!("function:{}", names.function)),
        runtime: crate::resources::RUNTIME.to_owned(),
        role_arn: String::new(),
        arch: Arch::X86_64,
        memory_mb: 256,
        timeout_seconds: 60,
        code_sha256: String::new(),
        description: String::new(),
        environment: BTreeMap::new(),
        hidden_environment: None,
        reserved_concurrency: None,
        log_group: None,
        settled: true,
        failure: None,
        modified: None,
        tags: BTreeMap::new(),
        network: crate::resources::Network::default(),
        others: BTreeMap::new(),
        versions: Vec::new(),
        aliases: BTreeMap::new(),
    }
}

fn mapping(names: &Names, target: &Target) -> ObservedTrigger {
    ObservedTrigger {
        uuid: "uuid".to_owned(),
        source_arn: names.stream_arn(target),
        qualifier: None,
        state: TriggerState::Enabled,
        last_result: None,
        batch_size: 500,
        window_seconds: 0,
        parallelization: 1,
        bisect: false,
        max_retries: -1,
        max_age_seconds: -1,
        reports_item_failures: true,
        is_filtered: false,
        event_counts: true,
        tumbling_window_seconds: 0,
        starting_position: "TRIM_HORIZON".to_owned(),
        on_failure: None,
    }
}
