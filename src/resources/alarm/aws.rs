//! CloudWatch: the alarms.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use serde_json::{Number, Value, json};

use super::action::Action;
use super::observed::ObservedAlarm;
use super::rule::{MAPPING, Rule, Subject};
use super::set;
use crate::aws::ask::CLOUDWATCH;
use crate::aws::error::{found, gone};
use crate::aws::{Aws, AwsError, Notice, cloudwatch};
use crate::error::{Code, Error, Result};
use crate::resources::trigger::aws::uuid_of;
use crate::stack::{StackName, Tags};

/// Carries a change out.
pub(crate) async fn act(aws: Aws<'_>, action: &Action) -> Result<()> {
    match action {
        Action::Create { name, rule, tags } => {
            put(aws, name, rule, Some(tags)).await?;
            (aws.notice)(Notice::Made);
            Ok(())
        }
        Action::Update { name, rule } => put(aws, name, rule, None).await,
        Action::Tag { arn, tags } => {
            let body = json!({ "ResourceARN": arn, "Tags": listed(tags) });
            Ok(aws.tell(CLOUDWATCH, "TagResource", arn, &body).await?)
        }
        Action::Delete { name } => {
            let body = json!({ "AlarmNames": [name] });
            Ok(gone(aws.tell(CLOUDWATCH, "DeleteAlarms", name, &body).await)?)
        }
    }
}

/// The alarms with names that this stack's have.
pub(crate) async fn observe(
    aws: Aws<'_>,
    stack: &StackName,
) -> Result<BTreeMap<String, ObservedAlarm>, AwsError> {
    let (alarms, _) = cloudwatch::alarms(aws, &set::prefix(stack), usize::MAX).await?;
    let named = alarms.into_iter().filter(|alarm| set::is_name(stack, &alarm.name));
    let read = named.map(async |alarm| {
        let tags = tags(aws, &alarm.arn).await?;
        // Without tags it was deleted meanwhile.
        Ok(tags.map(|tags| (alarm.name.clone(), observed(alarm, tags))))
    });
    Ok(try_join_all(read).await?.into_iter().flatten().collect())
}

/// The tags of an alarm or a dashboard; none where it does not exist.
pub(crate) async fn tags(aws: Aws<'_>, arn: &str) -> Result<Option<Tags>, AwsError> {
    let body = json!({ "ResourceARN": arn });
    let answer = found(aws.ask(CLOUDWATCH, "ListTagsForResource", arn, None, &body).await)?;
    let text = |tag: &Value, key: &str| tag[key].as_str().map(ToOwned::to_owned);
    Ok(answer.map(|answer| {
        let tags = answer["Tags"].as_array().into_iter().flatten();
        tags.filter_map(|tag| Some((text(tag, "Key")?, text(tag, "Value")?))).collect()
    }))
}

fn observed(alarm: cloudwatch::Alarm, tags: Tags) -> ObservedAlarm {
    let metric = alarm.metric.unwrap_or_else(|| cloudwatch::Metric::new("", "", &[]));
    let rule = Rule {
        description: alarm.description.unwrap_or_default(),
        namespace: metric.namespace,
        metric: metric.name,
        subject: Subject::Dimensions(metric.dimensions),
        statistic: alarm.statistic.unwrap_or_default(),
        period_seconds: alarm.period.unwrap_or_default(),
        comparison: alarm.comparison,
        threshold: number(alarm.threshold.unwrap_or_default()),
        datapoints: alarm.datapoints_to_alarm.unwrap_or(alarm.evaluation_periods),
        periods: alarm.evaluation_periods,
        missing: alarm.treat_missing_data.unwrap_or_else(|| "missing".to_owned()),
        notify: alarm.actions,
        notify_ok: alarm.ok_actions,
        enabled: alarm.actions_enabled,
    };
    ObservedAlarm { arn: alarm.arn, rule, state: alarm.state, tags }
}

/// A number of CloudWatch, which has no whole ones, as a whole one where it is.
fn number(value: f64) -> Number {
    /// Up to here, each whole number is one that a floating-point number can be (2^53).
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && (0.0..EXACT).contains(&value) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was looked at")]
        return (value as u64).into();
    }
    Number::from_f64(value).unwrap_or_else(|| 0.into())
}

/// Puts the alarm; CloudWatch takes tags only when it creates one.
async fn put(aws: Aws<'_>, name: &str, rule: &Rule, tags: Option<&Tags>) -> Result<()> {
    let dimensions = match rule.subject.clone().known() {
        Subject::Dimensions(dimensions) => dimensions,
        Subject::Trigger { stream_arn, function, .. } => {
            let uuid = uuid_of(aws, &stream_arn, &function).await?.ok_or_else(|| {
                let message = format!(
                    "no event source mapping of the stream calls {function}, so no alarm can watch it"
                );
                Error::new(Code::NotReady, message).on(name).hint("run the same command again")
            })?;
            BTreeMap::from([(MAPPING.to_owned(), uuid)])
        }
    };
    let dimensions = dimensions.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
    let mut body = rule.members(name, dimensions);
    if let Some(tags) = tags {
        body["Tags"] = listed(tags);
    }
    Ok(aws.tell(CLOUDWATCH, "PutMetricAlarm", name, &body).await?)
}

/// Tags as CloudWatch takes them.
pub(crate) fn listed(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}
