//! What the dashboard shows: the chain from left to right, as `status` does. Pure.

use semver::Version;
use serde_json::{Value, json};

use crate::documentation::page;
use crate::resources::alarm::plan::are_wanted;
use crate::resources::alarm::rule::Rule;
use crate::resources::alarm::set::{self, KINESIS, LAMBDA, OWN, has_metrics};
use crate::resources::function::forwarders::Forwarder;
use crate::resources::kind::Setup;

/// The columns of a dashboard (CloudWatch's grid).
const COLUMNS: usize = 24;
/// The graphs of a row.
const A_ROW: usize = 3;
/// The height of a graph in CloudWatch's grid.
const HEIGHT: usize = 6;
/// Maximum number of alarms in a widget (AWS's quota).
const ALARMS: usize = 100;
/// Seconds that one point of a graph stands for.
const PERIOD: u32 = 300;
/// The metric by which an alarm tells how late lines are.
const AGE: &str = "IteratorAge";

/// One graph.
struct Graph {
    title: &'static str,
    /// The unit of the axis.
    unit: &'static str,
    lines: Vec<Value>,
    /// Where alarms go off, by name, in the unit of the axis.
    limits: Vec<(String, Value)>,
}

impl Graph {
    fn of(title: &'static str, unit: &'static str, lines: impl IntoIterator<Item = Value>) -> Self {
        Self { title, unit, lines: lines.into_iter().collect(), limits: Vec::new() }
    }
}

/// What stands before the version of cwl2le that wrote a dashboard.
const WRITTEN_BY: &str = "Written by cwl2le ";

/// What the dashboard of a stack shows, as `setup` leaves the stack, in the name of a version.
pub(crate) fn body(setup: &Setup<'_>, version: &Version) -> Value {
    let watched = if are_wanted(setup) { set::wanted(setup) } else { Vec::new() };
    let mut widgets = vec![head(setup, version)];
    let mut y = HEAD_HEIGHT;
    if !watched.is_empty() {
        widgets.push(alarms(setup, &watched, y));
        y += ALARMS_HEIGHT;
    }
    let width = COLUMNS / A_ROW;
    for (at, graph) in graphs(setup, &watched).into_iter().filter(|graph| !graph.lines.is_empty()).enumerate()
    {
        let (x, y) = (at % A_ROW * width, y + at / A_ROW * HEIGHT);
        let limits = graph.limits.iter().map(|(label, value)| json!({ "label": label, "value": value }));
        widgets.push(json!({
            "type": "metric", "x": x, "y": y, "width": width, "height": HEIGHT,
            "properties": {
                "title": graph.title,
                "region": setup.stack.target.region.to_string(),
                "view": "timeSeries",
                "stat": "Sum",
                "period": PERIOD,
                "yAxis": { "left": { "min": 0, "label": graph.unit, "showUnits": false } },
                "annotations": { "horizontal": limits.collect::<Vec<_>>() },
                "metrics": graph.lines,
            },
        }));
    }
    json!({ "widgets": widgets })
}

const HEAD_HEIGHT: usize = 3;
const ALARMS_HEIGHT: usize = 3;

/// The version that wrote a dashboard, where it says so.
pub(crate) fn written_by(body: &Value) -> Option<Version> {
    let head = body["widgets"][0]["properties"]["markdown"].as_str()?;
    Version::parse(head.rsplit_once(WRITTEN_BY)?.1.strip_suffix('.')?).ok()
}

fn head(setup: &Setup<'_>, version: &Version) -> Value {
    let stack = setup.stack;
    let of = format!("--stack {} --region {}", stack.name, stack.target.region);
    let markdown = format!(
        "# cwl2le: stack {} in {}\n`cwl2le status {of}` says how the chain is, `cwl2le doctor {of}` finds the cause of \
         trouble. See {}.\n\n`cwl2le setup` restores this dashboard: make your changes to a copy. \
         {WRITTEN_BY}{version}.",
        stack.name,
        stack.target.region,
        page("alarms.md#the-dashboard")
    );
    let properties = json!({ "markdown": markdown });
    json!({
        "type": "text", "x": 0, "y": 0, "width": COLUMNS, "height": HEAD_HEIGHT, "properties": properties,
    })
}

/// The states of the stack's alarms.
fn alarms(setup: &Setup<'_>, watched: &[(String, Rule)], y: usize) -> Value {
    let arn = |(name, _): &(String, Rule)| setup.stack.target.arn("cloudwatch", format_args!("alarm:{name}"));
    let arns: Vec<String> = watched.iter().take(ALARMS).map(arn).collect();
    json!({
        "type": "alarm", "x": 0, "y": y, "width": COLUMNS, "height": ALARMS_HEIGHT,
        "properties": { "title": "Alarms", "alarms": arns },
    })
}

fn graphs(setup: &Setup<'_>, watched: &[(String, Rule)]) -> Vec<Graph> {
    let stream = &setup.stack.names.stream;
    let of_stream =
        |metric: &str, label: &str| json!([KINESIS, metric, "StreamName", stream, { "label": label }]);
    let each = |namespace: &str, metric: &str, label: &str, statistic: &str| {
        let with = setup.forwarders.wanted.iter().filter(|one| namespace != OWN || has_metrics(one));
        let line = |one: &Forwarder| {
            let label = format!("{label}{}", of_destination(setup, one));
            let function = &one.stack.names.function;
            json!([namespace, metric, "FunctionName", function, { "label": label, "stat": statistic }])
        };
        with.map(line).collect::<Vec<Value>>()
    };
    let sums = |namespace: &str, metrics: &[(&str, &str)]| {
        metrics
            .iter()
            .flat_map(|(metric, label)| each(namespace, metric, label, "Sum"))
            .collect::<Vec<Value>>()
    };
    let throttled = of_stream("WriteProvisionedThroughputExceeded", "refused by the stream");
    vec![
        Graph::of("Into the stream", "records", [of_stream("IncomingRecords", "records"), throttled]),
        Graph::of(
            "Delivered",
            "events",
            sums(OWN, &[("EventsReceived", "read"), ("EventsDelivered", "delivered")]),
        ),
        Graph { limits: limits(setup, watched), ..Graph::of("How late lines are", "minutes", ages(setup)) },
        Graph::of(
            "Not delivered",
            "records",
            sums(
                OWN,
                &[
                    ("RecordsFailed", "failed, tried again"),
                    ("RecordsQuarantined", "quarantined"),
                    ("RecordsNotKept", "not kept"),
                ],
            ),
        ),
        Graph::of(
            "Forwarder in trouble",
            "invocations",
            sums(LAMBDA, &[("Errors", "crashed"), ("Throttles", "throttled")]),
        ),
        Graph::of("Time of an invocation", "ms", each(LAMBDA, "Duration", "longest", "Maximum")),
        Graph::of("Bytes into the stream", "bytes", [of_stream("IncomingBytes", "bytes")]),
        Graph::of("Bytes sent", "bytes", sums(OWN, &[("BytesOut", "sent")])),
        Graph::of("Invocations", "invocations", sums(LAMBDA, &[("Invocations", "invocations")])),
    ]
}

/// How late lines are, in minutes: CloudWatch has milliseconds.
fn ages(setup: &Setup<'_>) -> Vec<Value> {
    let of = |(at, one): (usize, &Forwarder)| {
        let label = format!("oldest{}", of_destination(setup, one));
        let age = json!({ "id": format!("age{at}"), "stat": "Maximum", "visible": false });
        [
            json!([{ "expression": format!("age{at} / 60000"), "id": format!("minutes{at}"), "label": label }]),
            json!([LAMBDA, AGE, "FunctionName", one.stack.names.function, age]),
        ]
    };
    setup.forwarders.wanted.iter().enumerate().flat_map(of).collect()
}

/// Where the alarms on late lines of the main function go off.
fn limits(setup: &Setup<'_>, watched: &[(String, Rule)]) -> Vec<(String, Value)> {
    let of_main = watched.iter().filter(|(name, rule)| rule.metric == AGE && !name.contains('@'));
    let limit = |(name, rule): &(String, Rule)| {
        let minutes = rule.threshold.as_u64().unwrap_or_default() / 60_000;
        let check = name.strip_prefix(&set::prefix(&setup.stack.name)).unwrap_or(name).to_owned();
        (check, minutes.into())
    };
    of_main.map(limit).collect()
}

/// What follows the label of a line that is about the function of an isolated destination.
fn of_destination(setup: &Setup<'_>, one: &Forwarder) -> String {
    let destination = setup.stack.names.isolated_destination(&one.stack.names.function);
    destination.map(|destination| format!(" ({destination})")).unwrap_or_default()
}
