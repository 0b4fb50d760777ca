//! What a stack has used: the quantities that AWS charges for, added up over days.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cwl2le_forwarder::function::metrics::{METRICS, NAMESPACE};

use super::span::Span;
use crate::aws::Aws;
use crate::aws::cloudwatch::{Metric, Statistic, Values, metric_data};
use crate::error::Result;
use crate::health::{Alarms, Chain, Kept, KeptPlace, Probe, Unknown};
use crate::prices::{Capacity, HOURS, Lately, Measured, Used};
use crate::resources::{Arch, Depth, Observed, ObservedFunction, Unread};
use crate::signals::probe::probe;
use crate::signals::{alarms, chain, kept};
use crate::stack::{Names, RoleScope, StackName};

/// Maximum time for each read.
const LIMIT: Duration = Duration::from_secs(30);
/// Seconds of an hour.
const HOUR: i64 = 3600;
/// The metric of the bytes that a forwarder sent.
const BYTES_OUT: &str = "BytesOut";

/// What was read of a stack's use.
#[derive(Debug, Clone)]
pub(crate) struct Usage {
    /// The resources.
    pub(crate) chain: Chain,
    /// The span that the quantities are of: the one that was asked for, or since the stack is there.
    pub(crate) span: Span,
    /// The quantities.
    pub(crate) measured: Measured,
    /// Whether the metrics could be read: otherwise all quantities but those of the resources are zero.
    pub(crate) is_measured: bool,
    /// What could not be read, each with what it is.
    pub(crate) gaps: Vec<(&'static str, Unknown)>,
    /// Number of metrics that were read: CloudWatch charges for each.
    pub(crate) metrics_read: usize,
}

impl Usage {
    /// Whether nothing of the stack exists.
    pub(crate) fn is_absent(&self) -> bool {
        let measured = &self.measured;
        self.chain.unread.is_empty() && measured.stream.is_none() && measured.functions.is_empty()
    }

    /// Whether an account policy subscribes log groups to the stack.
    pub(crate) fn is_fed_by_policy(&self) -> bool {
        let stream = self.chain.names.stream_arn(&self.chain.target);
        let policy = self.chain.observed.account_policy.as_ref();
        policy.is_some_and(|policy| policy.destination_arn == stream)
    }
}

/// Days that [`lately`] measures.
const LATELY: i64 = 30;
/// Maximum number of log groups whose bytes it reads, by two calls. What more of them cost, `cwl2le cost` tells.
const LOG_GROUPS: usize = 1000;
/// Seconds of one value of a log group: thirty of each are read.
const A_DAY: u32 = 86_400;
/// Maximum time of it: a plan must not wait for long for what is only said beside it.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a stack that was just read has used in the last 30 days, and what these log groups have logged, by few calls;
/// none where that cannot be read, or where there are too many log groups. Only a stop by the user is an error.
pub(crate) async fn lately(
    aws: Aws<'_>,
    stack: &StackName,
    scope: RoleScope,
    observed: &Observed,
    log_groups: &BTreeSet<&String>,
) -> Result<Option<Lately>> {
    if log_groups.len() > LOG_GROUPS {
        return Ok(None);
    }
    let target = aws.session.target.clone();
    let names = Names::new(stack, &target.region, scope);
    let (observed, unread) = (observed.in_force(), BTreeMap::new());
    let chain = Chain { stack: stack.clone(), target, scope, names, observed, unread };
    let functions = functions(&chain);
    let queries = queries(&chain, &functions);
    let now = i64::try_from(aws.session.time()).unwrap_or_default();
    let span = Span::before(now, LATELY * 24 * HOUR);
    let logged = log_groups.iter().map(|group| Statistic {
        metric: Metric::new("AWS/Logs", "IncomingBytes", &[("LogGroupName", group)]),
        statistic: "Sum",
        period: A_DAY,
    });
    let statistics: Vec<Statistic> =
        queries.iter().map(|query| query.statistic(span.fine())).chain(logged).collect();
    let values = metric_data(aws, &statistics, span.from, span.until + 60);
    let values = probe(aws.session.attempt(PATIENCE), async { Ok(values.await?) }).await?;
    Ok(values.ok().map(|mut values| {
        let logged = values.split_off(queries.len());
        let logged: f64 = logged.iter().flatten().map(|(_, bytes)| bytes).sum();
        let seconds = since_it_is_there(span, &queries, &values).for_rates();
        Lately {
            used: add_up(&queries, &values, &functions, seconds),
            logged: logged * HOURS * 3600.0 / span.for_rates(),
        }
    }))
}

/// The values of the queries, in their order.
async fn values(aws: Aws<'_>, queries: &[Query], span: Span) -> Result<Vec<Values>> {
    let statistics: Vec<Statistic> = queries.iter().map(|query| query.statistic(span.fine())).collect();
    Ok(metric_data(aws, &statistics, span.from, span.until + 60).await?)
}

/// Reads what a stack has used in a span. Each read may fail by itself; only a stop by the user is an error.
pub(crate) async fn usage(aws: Aws<'_>, stack: &StackName, span: Span) -> Result<Usage> {
    let limit = aws.session.attempt(LIMIT);
    let (chain, account) = tokio::try_join!(
        chain::chain(aws, stack, Depth::Stack, limit),
        probe(limit, alarms::of_account(aws))
    )?;
    // After a rollback, another version runs than the one that was set up last.
    let chain = Chain { observed: chain.observed.in_force(), ..chain };
    let functions = functions(&chain);
    let queries = queries(&chain, &functions);
    let (values, kept) =
        tokio::try_join!(probe(limit, values(aws, &queries, span)), kept::kept(aws, &chain, limit, None))?;

    let mut gaps: Vec<(&'static str, Unknown)> = Vec::new();
    let parts = [
        (Unread::Stream, "the stream"),
        (Unread::Function, "the forwarder"),
        (Unread::Isolated, "functions"),
        (Unread::Dashboard, "the dashboard"),
    ];
    gaps.extend(parts.into_iter().filter_map(|(part, what)| Some((what, chain.unread.get(&part)?.clone()))));
    let alarms = known(account, "alarms", &mut gaps).map(|account| {
        let Alarms { alarms, is_whole } = alarms::of_stack(&chain, account);
        if !is_whole {
            gaps.push(("alarms", Unknown::because("the account has more alarms than were read")));
        }
        alarms.len()
    });
    let kept = bytes_kept(kept, &mut gaps);
    let values = known(values, "metrics", &mut gaps).unwrap_or_default();
    let is_measured = !values.is_empty();
    let span = since_it_is_there(span, &queries, &values);
    let mut measured = add_up(&queries, &values, &functions, span.for_rates());
    if is_measured && measured.functions.iter().any(|used| used.bytes_out.is_none() && used.invocations > 0.0)
    {
        let why =
            "CloudWatch has no metric `BytesOut` of the forwarder: it makes none with `metrics = \"log\"`";
        gaps.push(("data out", Unknown::because(why)));
    }
    let stream = chain.observed.stream.as_ref();
    let stream = stream
        .map(|stream| Capacity { shards: stream.mode.shards(), retention_hours: stream.retention_hours });
    let dashboards = usize::from(chain.observed.dashboard.is_some());
    measured = Measured { stream, alarms, dashboards, kept, ..measured };
    let metrics_read = if is_measured { queries.len() } else { 0 };
    Ok(Usage { chain, span, measured, is_measured, gaps, metrics_read })
}

/// What was read; what was not is put to the gaps.
fn known<T>(read: Probe<T>, what: &'static str, gaps: &mut Vec<(&'static str, Unknown)>) -> Option<T> {
    read.map_err(|unknown| gaps.push((what, unknown))).ok()
}

/// The bytes of all places in S3 together. Queues and topics keep nothing there.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn bytes_kept(places: Vec<KeptPlace>, gaps: &mut Vec<(&'static str, Unknown)>) -> Option<f64> {
    const WHAT: &str = "records kept in S3";
    let mut bytes = 0;
    for KeptPlace { place, objects, .. } in
        places.into_iter().filter(|place| place.place.starts_with("s3://"))
    {
        let Some(Kept { objects, bytes: of_place, is_whole, .. }) = known(objects, WHAT, gaps) else {
            continue;
        };
        bytes += of_place;
        if !is_whole {
            let why = format!("{place} has more than {objects} objects, and only these were counted");
            gaps.push((WHAT, Unknown::because(why)));
        }
    }
    Some(bytes as f64)
}

/// A function of the stack, with its log group.
struct Function<'a> {
    names: Names,
    log_group: String,
    observed: &'a ObservedFunction,
}

/// The main one first.
fn functions(chain: &Chain) -> Vec<Function<'_>> {
    let main = chain.observed.function.as_ref().map(|observed| (chain.names.clone(), observed));
    let isolated = chain.isolated().filter_map(|(names, destination)| {
        Some((names, chain.observed.isolated.get(destination)?.function.as_ref()?))
    });
    let all = main.into_iter().chain(isolated);
    all.map(|(names, observed)| Function {
        log_group: observed.log_group.clone().unwrap_or_else(|| names.function_log_group.clone()),
        names,
        observed,
    })
    .collect()
}

/// What a metric is read for. Those of a function have its place in the list of functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Records,
    Bytes,
    /// Only to know since when the stack is there.
    Life,
    Invocations(usize),
    Milliseconds(usize),
    LogBytes(usize),
    /// One of the forwarder's own metrics.
    Own(usize),
    /// The one of them that has the bytes that were sent.
    BytesOut(usize),
}

struct Query {
    is_for: For,
    metric: Metric,
}

impl Query {
    fn statistic(&self, period: i64) -> Statistic {
        let statistic = if self.is_for == For::Life { "SampleCount" } else { "Sum" };
        let period = u32::try_from(period).unwrap_or(60);
        Statistic { metric: self.metric.clone(), statistic, period }
    }
}

fn queries(chain: &Chain, functions: &[Function<'_>]) -> Vec<Query> {
    let mut all = Vec::new();
    let mut add = |is_for: For, namespace: &str, name: &str, dimension: (&str, &str)| {
        all.push(Query { is_for, metric: Metric::new(namespace, name, &[dimension]) });
    };
    let stream = ("StreamName", chain.names.stream.as_str());
    add(For::Records, "AWS/Kinesis", "IncomingRecords", stream);
    add(For::Bytes, "AWS/Kinesis", "IncomingBytes", stream);
    add(For::Life, "AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", stream);
    for (at, function) in functions.iter().enumerate() {
        let of = ("FunctionName", function.names.function.as_str());
        add(For::Invocations(at), "AWS/Lambda", "Invocations", of);
        add(For::Milliseconds(at), "AWS/Lambda", "Duration", of);
        add(For::LogBytes(at), "AWS/Logs", "IncomingBytes", ("LogGroupName", &function.log_group));
        for (name, _) in METRICS {
            add(if name == BYTES_OUT { For::BytesOut(at) } else { For::Own(at) }, NAMESPACE, name, of);
        }
    }
    all
}

/// The quantities of the values, which are in the order of the queries.
fn add_up(queries: &[Query], values: &[Values], functions: &[Function<'_>], seconds: f64) -> Measured {
    // A span may touch one hour more than it has.
    let most = (seconds / 3600.0).max(1.0);
    let used = functions.iter().map(|function| Used {
        memory_mb: function.observed.memory_mb,
        is_arm: function.observed.arch == Arch::Arm64,
        ..Used::default()
    });
    let mut measured = Measured { seconds, functions: used.collect(), ..Measured::default() };
    for (query, values) in queries.iter().zip(values) {
        let sum: f64 = values.iter().map(|(_, value)| value).sum();
        let of = &mut measured.functions;
        match query.is_for {
            For::Records => measured.records = sum,
            For::Bytes => measured.bytes = sum,
            For::Life => {}
            For::Invocations(at) => of[at].invocations = sum,
            For::Milliseconds(at) => of[at].milliseconds = sum,
            For::LogBytes(at) => of[at].log_bytes = sum,
            For::Own(at) => of[at].metric_hours += hours(values).min(most),
            For::BytesOut(at) => {
                of[at].metric_hours += hours(values).min(most);
                of[at].bytes_out = (!values.is_empty()).then_some(sum);
            }
        }
    }
    // A count of zero is left out of the line: with any other metric of it, nothing was sent.
    for of in &mut measured.functions {
        if of.metric_hours > 0.0 || of.invocations <= 0.0 {
            of.bytes_out.get_or_insert(0.0);
        }
    }
    measured
}

/// Number of hours that have a value.
#[expect(clippy::cast_precision_loss, reason = "hours of years")]
fn hours(values: &Values) -> f64 {
    values.iter().map(|(at, _)| at.div_euclid(HOUR)).collect::<BTreeSet<_>>().len() as f64
}

/// The part of a span in which the stack is there: its stream is read all the time. At least a minute.
fn since_it_is_there(span: Span, queries: &[Query], values: &[Values]) -> Span {
    let is_alive = |query: &Query| matches!(query.is_for, For::Life | For::Records | For::Invocations(_));
    let alive = queries.iter().zip(values).filter(|(query, _)| is_alive(query));
    let first = alive.filter_map(|(_, values)| values.first()).map(|(at, _)| *at).min();
    Span { from: first.unwrap_or(span.from).max(span.from).min(span.until - 60), ..span }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::KeptWhy;

    #[test]
    fn what_was_not_counted_in_s3_is_named_and_no_queue_keeps_anything_there() {
        let kept = |bytes, is_whole| Ok(Kept { objects: 1000, bytes, is_whole, ..Kept::default() });
        let denied = || Err(Unknown::because("denied"));
        let place =
            |place: &str, objects| KeptPlace { why: KeptWhy::Expired, place: place.to_owned(), objects };
        let mut gaps = Vec::new();
        let places = vec![
            place("s3://whole/", kept(5, true)),
            place("s3://more/", kept(7, false)),
            place("s3://shut/", denied()),
            place("arn:aws:sqs:eu-west-1:123456789012:expired", denied()),
        ];
        assert_eq!(bytes_kept(places, &mut gaps), Some(12.0));
        let why: Vec<&str> = gaps.iter().map(|(_, unknown)| unknown.why.as_str()).collect();
        assert_eq!(why, ["s3://more/ has more than 1000 objects, and only these were counted", "denied"]);
    }
}
