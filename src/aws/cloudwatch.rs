//! CloudWatch metrics and alarms, read by the few calls that are needed.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::ask::CLOUDWATCH;
use super::error::{INVALID_RESPONSE, Operation};
use super::pages::Tokens;
use super::{Aws, AwsError};

/// Maximum number of metrics that one call of `GetMetricData` reads (AWS's quota).
pub(crate) const METRICS_A_CALL: usize = 500;

/// A metric, which is identified by its namespace, its name and every one of its dimensions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Metric {
    /// Such as `AWS/Lambda`.
    pub(crate) namespace: String,
    /// Such as `IteratorAge`.
    #[serde(rename = "MetricName")]
    pub(crate) name: String,
    /// Name and value of each.
    #[serde(default, deserialize_with = "dimensions")]
    pub(crate) dimensions: BTreeMap<String, String>,
}

fn dimensions<'de, D: serde::Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Dimension {
        name: String,
        #[serde(default)]
        value: String,
    }
    let dimensions = Option::<Vec<Dimension>>::deserialize(from)?.unwrap_or_default();
    Ok(dimensions.into_iter().map(|Dimension { name, value }| (name, value)).collect())
}

impl Metric {
    /// A metric with these dimensions.
    pub(crate) fn new(namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> Self {
        let dimensions =
            dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { namespace: namespace.to_owned(), name: name.to_owned(), dimensions }
    }

    fn to_json(&self) -> Value {
        let dimensions: Vec<Value> =
            self.dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
        json!({"Namespace": self.namespace, "MetricName": self.name, "Dimensions": dimensions})
    }
}

/// One statistic of a metric.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Statistic {
    /// Of what.
    pub(crate) metric: Metric,
    /// `Sum`, `Maximum`, `Minimum`, `Average` or `SampleCount`.
    pub(crate) statistic: &'static str,
    /// The seconds that one value is about: a multiple of 60.
    pub(crate) period: u32,
}

/// The values of a statistic, oldest first: the beginning of the period in seconds since 1970, and the value. A period
/// in which AWS or the forwarder emitted nothing has none.
pub(crate) type Values = Vec<(i64, f64)>;

/// Reads statistics of the same time, in seconds since 1970, the end excluded. The result is in the order of the
/// queries. Reads cost a little: CloudWatch charges for each metric.
///
/// # Errors
///
/// Whatever `cloudwatch:GetMetricData` fails with; [`INVALID_RESPONSE`] where CloudWatch says that it could not
/// calculate all of them: a part that is missing would look like nothing.
pub(crate) async fn metric_data(
    aws: Aws<'_>,
    queries: &[Statistic],
    from: i64,
    until: i64,
) -> Result<Vec<Values>, AwsError> {
    const OPERATION: &str = "GetMetricData";
    let resource = "the metrics";
    let invalid = |why: &str| {
        let operation = Operation { service: "cloudwatch", name: OPERATION, resource };
        AwsError::new(operation, INVALID_RESPONSE, why.to_owned())
    };
    let mut all: Vec<BTreeMap<i64, f64>> = vec![BTreeMap::new(); queries.len()];
    for (chunk, queries) in queries.chunks(METRICS_A_CALL).enumerate() {
        let id = |at: usize| format!("m{at}");
        let wanted: Vec<Value> = queries
            .iter()
            .enumerate()
            .map(|(at, query)| {
                let stat = json!({
                    "Metric": query.metric.to_json(), "Period": query.period, "Stat": query.statistic,
                });
                json!({"Id": id(at), "MetricStat": stat})
            })
            .collect();
        let mut body = json!({
            "MetricDataQueries": wanted, "StartTime": from, "EndTime": until, "ScanBy": "TimestampAscending",
        });
        let mut tokens = Tokens::default();
        loop {
            let answer = aws.ask(CLOUDWATCH, OPERATION, resource, None, &body).await?;
            let answer: Answer = serde_json::from_value(answer)
                .map_err(|_| invalid("CloudWatch answers in a form that is not known"))?;
            for result in answer.metric_data_results {
                let at = result.id.strip_prefix('m').and_then(|at| at.parse::<usize>().ok());
                let Some(at) = at.filter(|at| *at < queries.len()) else { continue };
                if !matches!(result.status_code.as_str(), "" | "Complete" | "PartialData") {
                    return Err(invalid(&format!(
                        "CloudWatch could not read a metric: {}",
                        result.status_code
                    )));
                }
                let values = &mut all[chunk * METRICS_A_CALL + at];
                #[expect(clippy::cast_possible_truncation, reason = "seconds since 1970 fit")]
                let times = result.timestamps.into_iter().map(|time| time as i64);
                values.extend(times.zip(result.values));
            }
            let operation = Operation { service: "cloudwatch", name: OPERATION, resource };
            match tokens.next(operation, answer.next_token.as_deref())? {
                Some(next) => body["NextToken"] = json!(next),
                None => break,
            }
        }
    }
    Ok(all.into_iter().map(|values| values.into_iter().collect()).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    metric_data_results: Vec<MetricDataResult>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricDataResult {
    id: String,
    #[serde(default)]
    status_code: String,
    #[serde(default)]
    timestamps: Vec<f64>,
    #[serde(default)]
    values: Vec<f64>,
}

/// What [`list_metrics`] lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Active {
    /// Metrics that had values in the last three hours.
    Now,
    /// Metrics that had values in the last two weeks.
    Lately,
}

/// Lists metrics of a namespace with this name and at least these dimensions; at most `pages` pages of 500. The second
/// part tells whether there are more.
///
/// # Errors
///
/// Whatever `cloudwatch:ListMetrics` fails with.
pub(crate) async fn list_metrics(
    aws: Aws<'_>,
    metric: &Metric,
    active: Active,
    pages: usize,
) -> Result<(Vec<Metric>, bool), AwsError> {
    let mut body = metric.to_json();
    if active == Active::Now {
        body["RecentlyActive"] = json!("PT3H");
    }
    let mut all = Vec::new();
    for _ in 0..pages {
        let answer = aws.ask(CLOUDWATCH, "ListMetrics", &metric.name, None, &body).await?;
        let metrics = answer["Metrics"].as_array().into_iter().flatten();
        all.extend(metrics.filter_map(|metric| Metric::deserialize(metric).ok()));
        match answer["NextToken"].as_str() {
            Some(next) if !next.is_empty() => body["NextToken"] = json!(next),
            _ => return Ok((all, false)),
        }
    }
    Ok((all, true))
}

/// An alarm of one metric.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Alarm {
    /// Its name.
    #[serde(rename = "AlarmName")]
    pub(crate) name: String,
    /// The metric; an alarm of metric math has none.
    #[serde(flatten)]
    pub(crate) metric: Option<Metric>,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    #[serde(rename = "StateValue")]
    pub(crate) state: String,
    /// Since when it is in this state, in seconds since 1970.
    #[serde(default, rename = "StateUpdatedTimestamp")]
    pub(crate) since: Option<f64>,
    /// Whether its actions are carried out.
    #[serde(default)]
    pub(crate) actions_enabled: bool,
    /// The ARNs of what it does when it goes off.
    #[serde(default, rename = "AlarmActions")]
    pub(crate) actions: Vec<String>,
    /// The ARNs of what it does when it is over.
    #[serde(default, rename = "OKActions")]
    pub(crate) ok_actions: Vec<String>,
    /// Its ARN.
    #[serde(default, rename = "AlarmArn")]
    pub(crate) arn: String,
    /// What it means.
    #[serde(default, rename = "AlarmDescription")]
    pub(crate) description: Option<String>,
    /// The statistic of its metric; none for a percentile.
    #[serde(default)]
    pub(crate) statistic: Option<String>,
    /// Seconds of one period.
    #[serde(default)]
    pub(crate) period: Option<u32>,
    /// Number of newest periods that are looked at.
    #[serde(default)]
    pub(crate) evaluation_periods: u32,
    /// Number of these that must breach the threshold; none means all.
    #[serde(default)]
    pub(crate) datapoints_to_alarm: Option<u32>,
    /// What a period's value is compared with.
    #[serde(default)]
    pub(crate) threshold: Option<f64>,
    /// How it is compared, such as `GreaterThanThreshold`.
    #[serde(default, rename = "ComparisonOperator")]
    pub(crate) comparison: String,
    /// What a period without data counts as; none means `missing`.
    #[serde(default)]
    pub(crate) treat_missing_data: Option<String>,
}

/// Lists the alarms whose names begin with `prefix`, at most `pages` pages of 100. The second part tells whether there
/// are more.
///
/// # Errors
///
/// Whatever `cloudwatch:DescribeAlarms` fails with.
pub(crate) async fn alarms(aws: Aws<'_>, prefix: &str, pages: usize) -> Result<(Vec<Alarm>, bool), AwsError> {
    let mut body = json!({"AlarmTypes": ["MetricAlarm"], "MaxRecords": 100});
    if !prefix.is_empty() {
        body["AlarmNamePrefix"] = json!(prefix);
    }
    let mut all = Vec::new();
    for _ in 0..pages {
        let answer = aws.ask(CLOUDWATCH, "DescribeAlarms", "the alarms", None, &body).await?;
        let alarms = answer["MetricAlarms"].as_array().into_iter().flatten();
        all.extend(alarms.filter_map(|alarm| Alarm::deserialize(alarm).ok()));
        match answer["NextToken"].as_str() {
            Some(next) if !next.is_empty() => body["NextToken"] = json!(next),
            _ => return Ok((all, false)),
        }
    }
    Ok((all, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer as Said, FakeAws};

    fn query(name: &str) -> Statistic {
        let metric = Metric::new("AWS/Lambda", name, &[("FunctionName", "f")]);
        Statistic { metric, statistic: "Sum", period: 60 }
    }

    #[tokio::test]
    async fn pages_of_values_are_put_together_by_their_query() {
        let aws = FakeAws::new(|request| {
            assert_eq!(
                (request.operation.as_str(), request.text("ScanBy")),
                ("GetMetricData", "TimestampAscending")
            );
            let of = |id: &str, time: f64, value: f64| json!({"Id": id, "Label": "l", "StatusCode": "Complete", "Timestamps": [time], "Values": [value]});
            Said::Json(match request.text("NextToken") {
                "" => {
                    json!({"MetricDataResults": [of("m1", 60.0, 1.0), of("m0", 60.0, 2.0)], "NextToken": "n"})
                }
                _ => json!({"MetricDataResults": [of("m1", 120.0, 3.0)]}),
            })
        });
        let session = aws.session();
        let values = metric_data((&session).into(), &[query("a"), query("b")], 0, 180).await.expect("values");
        assert_eq!(values, [vec![(60, 2.0)], vec![(60, 1.0), (120, 3.0)]]);
    }

    #[tokio::test]
    async fn values_that_could_not_be_read_are_no_zeros() {
        for answer in [
            json!({"MetricDataResults": [{"Id": "m0", "StatusCode": "InternalError"}]}),
            json!({"MetricDataResults": 5}),
        ] {
            let aws = FakeAws::new(move |_| Said::Json(answer.clone()));
            let session = aws.session();
            let error = metric_data((&session).into(), &[query("a")], 0, 60).await.expect_err("not read");
            assert_eq!(error.code, INVALID_RESPONSE);
        }
    }

    #[tokio::test]
    async fn lists_end_after_so_many_pages_and_say_so() {
        let aws = FakeAws::new(|request| {
            let metric = json!({"Namespace": "AWS/Logs", "MetricName": "ForwardedLogEvents",
                                "Dimensions": [{"Name": "LogGroupName", "Value": "/a"}]});
            let alarm = json!({"AlarmName": "a", "StateValue": "OK", "Namespace": "AWS/Lambda", "MetricName": "Errors",
                               "ActionsEnabled": true});
            assert!(request.operation == "DescribeAlarms" || request.text("RecentlyActive") == "PT3H");
            Said::Json(
                json!({"Metrics": [metric], "MetricAlarms": [alarm, {"AlarmName": "math", "StateValue": "OK"}],
                              "NextToken": "n"}),
            )
        });
        let session = aws.session();
        let metric = Metric::new("AWS/Logs", "ForwardedLogEvents", &[]);
        let (metrics, more) =
            list_metrics((&session).into(), &metric, Active::Now, 2).await.expect("metrics");
        assert_eq!((metrics.len(), metrics[0].dimensions["LogGroupName"].as_str(), more), (2, "/a", true));
        let (alarms, more) = alarms((&session).into(), "", 1).await.expect("alarms");
        assert_eq!((alarms.len(), alarms[1].metric.is_none(), more), (2, true, true));
        assert_eq!(alarms[0].metric.as_ref().map(|metric| metric.name.as_str()), Some("Errors"));
    }
}
