//! Reads log groups and their filters, and writes filters.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::{
    Distribution as SdkDistribution, LogGroup as SdkLogGroup, SubscriptionFilter,
};
use futures_util::future::try_join_all;

use crate::aws::call::Need;
use crate::aws::error::{found, gone};
use crate::aws::{Aws, AwsError, Notice};
use crate::error::{Code, Error, Result};
use crate::resources::filter::desired::{Distribution, FilterExtras, FilterSpec};
use crate::resources::role::aws as role;
use crate::resources::stream::aws as stream;
use crate::resources::to_destination::explained;
use crate::resources::{ObservedFilter, ObservedGroup};

const SERVICE: &str = "logs";

/// Maximum time to ask about a filter pattern before anything is changed.
const PATTERNS: Duration = Duration::from_secs(10);

/// A log group as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`; empty where AWS does not say.
    pub class: String,
    /// Days that events are kept; none is for ever.
    pub retention_days: Option<u32>,
}

impl From<SdkLogGroup> for LogGroup {
    fn from(group: SdkLogGroup) -> Self {
        Self {
            name: group.log_group_name.unwrap_or_default(),
            class: group.log_group_class.map(|class| class.as_str().to_owned()).unwrap_or_default(),
            retention_days: group.retention_in_days.and_then(|days| u32::try_from(days).ok()),
        }
    }
}

/// Every log group of the region, or those whose names begin with `prefix`, in the order of their names.
///
/// # Errors
///
/// Whatever `logs:DescribeLogGroups` fails with.
pub async fn list_log_groups<'a>(aws: impl Into<Aws<'a>>, prefix: Option<&str>) -> Result<Vec<LogGroup>> {
    Ok(log_groups(aws.into(), prefix, Pages::All).await?)
}

/// How much of a list is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pages {
    First,
    All,
}

async fn log_groups(aws: Aws<'_>, prefix: Option<&str>, pages: Pages) -> Result<Vec<LogGroup>, AwsError> {
    let logs = aws.session.logs();
    let resource = prefix.unwrap_or("all log groups");
    let groups = aws.pages(
        SERVICE,
        "DescribeLogGroups",
        resource,
        |next| {
            let request = logs.describe_log_groups().set_log_group_name_prefix(prefix.map(ToOwned::to_owned));
            request.set_next_token(next).limit(50).send()
        },
        |page| {
            let groups = page.log_groups.unwrap_or_default().into_iter().map(LogGroup::from);
            (groups.collect(), page.next_token.filter(|_| pages == Pages::All))
        },
    );
    groups.await
}

/// The names of the log groups that contain `part`, at most `pages` pages of 50; the second part tells whether there are
/// more.
///
/// # Errors
///
/// Whatever `logs:DescribeLogGroups` fails with.
pub(crate) async fn log_groups_like(
    aws: Aws<'_>,
    part: &str,
    pages: usize,
) -> Result<(Vec<String>, bool), AwsError> {
    let logs = aws.session.logs();
    let groups = aws.some_pages(
        SERVICE,
        "DescribeLogGroups",
        part,
        pages,
        |next| logs.describe_log_groups().log_group_name_pattern(part).set_next_token(next).send(),
        |page| {
            let groups = page.log_groups.unwrap_or_default().into_iter();
            (groups.filter_map(|group| group.log_group_name).collect(), page.next_token)
        },
    );
    groups.await
}

/// The names of the first log groups of the region, at most `pages` pages of 50.
///
/// # Errors
///
/// Whatever `logs:DescribeLogGroups` fails with.
pub(crate) async fn first_log_groups(aws: Aws<'_>, pages: usize) -> Result<Vec<String>, AwsError> {
    let logs = aws.session.logs();
    let groups = aws.some_pages(
        SERVICE,
        "DescribeLogGroups",
        "all log groups",
        pages,
        |next| logs.describe_log_groups().set_next_token(next).limit(50).send(),
        |page| {
            let groups = page.log_groups.unwrap_or_default().into_iter();
            (groups.filter_map(|group| group.log_group_name).collect(), page.next_token)
        },
    );
    Ok(groups.await?.0)
}

/// What AWS says of filter patterns that nobody has put yet. Those that are in neither part are valid.
#[derive(Debug, Default)]
pub(crate) struct TestedPatterns {
    /// Those that it rejects, and in which words.
    pub(crate) rejected: BTreeMap<String, String>,
    /// Those that it could not be asked about: that is denied, or takes too long.
    pub(crate) untested: BTreeSet<String>,
}

/// Asks AWS about filter patterns, a call for each.
///
/// # Errors
///
/// If the user stops it.
pub(crate) async fn test_patterns(aws: Aws<'_>, patterns: BTreeSet<&str>) -> Result<TestedPatterns> {
    let aws = aws.at_most(PATTERNS);
    let test = async |pattern: &str| {
        let logs = aws.session.logs();
        let tested = aws.call(SERVICE, "TestMetricFilter", pattern, || {
            logs.test_metric_filter().filter_pattern(pattern).log_event_messages("an event").send()
        });
        let limit = aws.session.attempt(PATTERNS);
        let failed = tokio::time::timeout(limit, tested).await.map(|tested| tested.err().map(Error::from));
        match failed {
            Ok(Some(error)) if error.code == Code::Interrupted => Err(error),
            answered => Ok((pattern.to_owned(), answered)),
        }
    };
    let mut all = TestedPatterns::default();
    for (pattern, answered) in try_join_all(patterns.into_iter().map(test)).await? {
        match answered {
            Ok(None) => {}
            Ok(Some(error)) if error.code == Code::BadPattern => {
                let said = error.aws.map_or(error.message, |aws| aws.message);
                all.rejected.insert(pattern, said);
            }
            Ok(Some(_)) | Err(_) => drop(all.untested.insert(pattern)),
        }
    }
    Ok(all)
}

/// One log group, where it exists. A group sorts before every longer name that begins with its own, so it is on the
/// first page.
pub(crate) async fn log_group(aws: Aws<'_>, name: &str) -> Result<Option<LogGroup>, AwsError> {
    let groups = log_groups(aws, Some(name), Pages::First).await?;
    Ok(groups.into_iter().find(|group| group.name == name))
}

/// A log group with its subscription filters, where it exists.
pub(crate) async fn observe_group(aws: Aws<'_>, name: &str) -> Result<Option<ObservedGroup>, AwsError> {
    match log_group(aws, name).await? {
        Some(group) => with_filters(aws, group).await,
        None => Ok(None),
    }
}

/// A log group that is listed with its subscription filters; none where it is gone by now. Only STANDARD ones have any.
pub(crate) async fn with_filters(aws: Aws<'_>, group: LogGroup) -> Result<Option<ObservedGroup>, AwsError> {
    let filters = if matches!(group.class.as_str(), "" | "STANDARD") {
        filters(aws, &group.name).await?
    } else {
        Some(Vec::new())
    };
    Ok(filters.map(|filters| ObservedGroup { class: group.class, filters }))
}

/// The subscription filters of a log group; none where the group does not exist.
pub(crate) async fn filters(aws: Aws<'_>, log_group: &str) -> Result<Option<Vec<ObservedFilter>>, AwsError> {
    let logs = aws.session.logs();
    let filters = aws.pages(
        SERVICE,
        "DescribeSubscriptionFilters",
        log_group,
        |next| logs.describe_subscription_filters().log_group_name(log_group).set_next_token(next).send(),
        |page| {
            let filters = page.subscription_filters.unwrap_or_default();
            (filters.into_iter().map(filter).collect(), page.next_token)
        },
    );
    found(filters.await)
}

fn filter(filter: SubscriptionFilter) -> ObservedFilter {
    ObservedFilter {
        name: filter.filter_name.unwrap_or_default(),
        pattern: filter.filter_pattern.unwrap_or_default(),
        destination_arn: filter.destination_arn.unwrap_or_default(),
        role_arn: filter.role_arn.filter(|arn| !arn.is_empty()),
        distribution: match filter.distribution {
            Some(SdkDistribution::Random) => Distribution::Random,
            _ => Distribution::ByLogStream,
        },
        extras: FilterExtras {
            apply_on_transformed_logs: filter.apply_on_transformed_logs,
            emit_system_fields: filter.emit_system_fields.unwrap_or_default(),
            field_selection_criteria: filter.field_selection_criteria,
        },
    }
}

/// Creates or replaces a subscription filter. CloudWatch Logs tests the stream with a message of its own.
///
/// # Errors
///
/// At the limit of filters the error names those that are there.
pub(crate) async fn put_filter(aws: Aws<'_>, spec: &FilterSpec) -> Result<()> {
    // A destination of another account cannot be looked at from here.
    let is_stream = |arn: &&String| arn.contains(":stream/");
    let role = spec.role_arn.as_deref().map(role::needed);
    let stream = Some(&spec.destination_arn).filter(is_stream).map(|arn| stream::needed(arn));
    let needs: Vec<Need<'_>> = role.into_iter().chain(stream).collect();
    let filter = ObservedFilter {
        name: spec.name.clone(),
        pattern: spec.pattern.value.clone(),
        destination_arn: spec.destination_arn.clone(),
        role_arn: spec.role_arn.clone(),
        distribution: spec.distribution.value,
        extras: spec.extras.clone(),
    };
    let Err(mut error) = put(aws.needing(&needs), &spec.log_group, &filter).await else {
        // AWS does not say whether it replaced one of this name.
        (aws.notice)(Notice::Made);
        return Ok(());
    };
    if error.is(&["LimitExceededException"]) {
        // "Resource limit exceeded." helps nobody: say what is there. The first error stays if that fails as well.
        if let Ok(Some(there)) = filters(aws, &spec.log_group).await {
            let names: Vec<String> =
                there.iter().map(|f| format!("`{}` to {}", f.name, f.destination_arn)).collect();
            let message = error.message.trim_end_matches('.');
            error.message = format!("{message}; the filters that are there: {}", names.join(", "));
        }
    }
    Err(explained(aws, error, &spec.destination_arn))
}

/// Puts a subscription filter as it is to be, or as it was.
pub(crate) async fn put(aws: Aws<'_>, log_group: &str, filter: &ObservedFilter) -> Result<(), AwsError> {
    let logs = aws.session.logs();
    let distribution = match filter.distribution {
        Distribution::ByLogStream => SdkDistribution::ByLogStream,
        Distribution::Random => SdkDistribution::Random,
    };
    let extras = &filter.extras;
    let system_fields = Some(extras.emit_system_fields.clone()).filter(|fields| !fields.is_empty());
    aws.call(SERVICE, "PutSubscriptionFilter", log_group, || {
        logs.put_subscription_filter()
            .log_group_name(log_group)
            .filter_name(&filter.name)
            .filter_pattern(&filter.pattern)
            .destination_arn(&filter.destination_arn)
            .set_role_arn(filter.role_arn.clone())
            .distribution(distribution.clone())
            .set_apply_on_transformed_logs(extras.apply_on_transformed_logs.then_some(true))
            .set_emit_system_fields(system_fields.clone())
            .set_field_selection_criteria(extras.field_selection_criteria.clone())
            .send()
    })
    .await?;
    Ok(())
}

/// Deletes a subscription filter; one that is gone already is no error.
pub(crate) async fn delete_filter(aws: Aws<'_>, log_group: &str, name: &str) -> Result<()> {
    let logs = aws.session.logs();
    let deleted = aws.call(SERVICE, "DeleteSubscriptionFilter", log_group, || {
        logs.delete_subscription_filter().log_group_name(log_group).filter_name(name).send()
    });
    Ok(gone(deleted.await.map(|_| ()))?)
}
