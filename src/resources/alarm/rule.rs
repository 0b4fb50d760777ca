//! When an alarm goes off, and whom it notifies: of one that is wanted, and of one that exists.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

/// Everything of an alarm but its name and its tags, as CloudWatch has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What it means and what to do about it. Maximum 1,024 characters.
    pub description: String,
    /// The namespace of its metric, such as `AWS/Lambda`.
    pub namespace: String,
    /// The name of its metric.
    pub metric: String,
    /// What the metric is about.
    pub subject: Subject,
    /// `Sum`, `Maximum` or `SampleCount`.
    pub statistic: String,
    /// Seconds of one period.
    pub period_seconds: u32,
    /// Such as `GreaterThanThreshold`.
    pub comparison: String,
    /// What a period's value is compared with, in the unit of the metric.
    pub threshold: serde_json::Number,
    /// Number of periods that must breach the threshold.
    pub datapoints: u32,
    /// Number of newest periods among which these must be.
    pub periods: u32,
    /// What a period without data counts as, such as `notBreaching`.
    pub missing: String,
    /// ARNs of what is told when it goes off.
    pub notify: Vec<String>,
    /// ARNs of what is told when it is over.
    pub notify_ok: Vec<String>,
    /// Whether these are told at all.
    pub enabled: bool,
}

/// What the metric of an alarm is about.
#[derive(Clone, PartialEq, Eq)]
pub enum Subject {
    /// Dimensions, by name.
    Dimensions(BTreeMap<String, String>),
    /// The event source mapping from the stream to the function. It is shown, also for debugging, without its id: a
    /// plan that creates an alarm says the same before the mapping exists and afterwards.
    Trigger {
        /// The ARN of the stream.
        stream_arn: String,
        /// The name of the function.
        function: String,
        /// Its id, once it exists.
        uuid: Option<String>,
    },
}

/// The dimension that names an event source mapping.
pub(crate) const MAPPING: &str = "EventSourceMappingUUID";

impl Subject {
    /// One dimension.
    pub(crate) fn of(name: &str, value: impl Into<String>) -> Self {
        Self::Dimensions(BTreeMap::from([(name.to_owned(), value.into())]))
    }

    /// The same by dimensions, where they are known.
    pub(crate) fn known(self) -> Self {
        match self {
            Self::Trigger { uuid: Some(uuid), .. } => Self::of(MAPPING, uuid),
            other => other,
        }
    }

    fn shown(&self) -> Value {
        match self {
            Self::Dimensions(dimensions) => json!(dimensions),
            Self::Trigger { function, .. } => json!({ MAPPING: format!("of {function}") }),
        }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.shown())
    }
}

impl Rule {
    /// Everything of it as `PutMetricAlarm` takes it, and as CloudFormation has the properties of an alarm.
    pub(crate) fn members(&self, name: &str, dimensions: Value) -> Value {
        json!({
            "AlarmName": name,
            "AlarmDescription": self.description,
            "ActionsEnabled": self.enabled,
            "AlarmActions": self.notify,
            "OKActions": self.notify_ok,
            "Namespace": self.namespace,
            "MetricName": self.metric,
            "Dimensions": dimensions,
            "Statistic": self.statistic,
            "Period": self.period_seconds,
            "EvaluationPeriods": self.periods,
            "DatapointsToAlarm": self.datapoints,
            "Threshold": self.threshold,
            "ComparisonOperator": self.comparison,
            "TreatMissingData": self.missing,
        })
    }

    /// The fields of a plan, in the order in which they are shown.
    pub(crate) fn fields(&self) -> [(&'static str, Value); 13] {
        [
            ("metric", json!(format!("{} {}", self.namespace, self.metric))),
            ("dimensions", self.subject.shown()),
            ("statistic", json!(self.statistic)),
            ("period_seconds", json!(self.period_seconds)),
            ("comparison", json!(self.comparison)),
            ("threshold", json!(self.threshold)),
            ("datapoints", json!(self.datapoints)),
            ("periods", json!(self.periods)),
            ("missing_data", json!(self.missing)),
            ("notifies", json!(self.notify)),
            ("notifies_when_over", json!(self.notify_ok)),
            ("actions_enabled", json!(self.enabled)),
            ("description", json!(self.description)),
        ]
    }
}
