//! CloudWatch: the dashboard.

use serde_json::{Value, json};

use super::action::Action;
use super::observed::ObservedDashboard;
use crate::aws::ask::CLOUDWATCH;
use crate::aws::error::{INVALID_RESPONSE, Operation};
use crate::aws::owner::check_owner;
use crate::aws::{Aws, AwsError, Notice};
use crate::error::Result;
use crate::resources::alarm::aws::{listed, tags};
use crate::stack::Tags;

/// How CloudWatch calls a dashboard that does not exist: its JSON protocol names the shape, the others the code.
const NOT_FOUND: &[&str] = &["ResourceNotFound", "DashboardNotFoundError"];

/// Carries a change out.
pub(crate) async fn act(aws: Aws<'_>, action: &Action) -> Result<()> {
    match action {
        Action::Create { name, arn, body, tags } => create(aws, name, arn, body, tags).await,
        Action::Update { name, body } => Ok(put(aws, name, body, None).await?),
        Action::Tag { arn, tags } => {
            let body = json!({ "ResourceARN": arn, "Tags": listed(tags) });
            Ok(aws.tell(CLOUDWATCH, "TagResource", arn, &body).await?)
        }
        Action::Delete { name } => {
            let body = json!({ "DashboardNames": [name] });
            match aws.tell(CLOUDWATCH, "DeleteDashboards", name, &body).await {
                Err(error) if !error.is(NOT_FOUND) => Err(error.into()),
                _ => Ok(()),
            }
        }
    }
}

/// Creates the dashboard. CloudWatch replaces one that is there already, so its tags are looked at before.
async fn create(aws: Aws<'_>, name: &str, arn: &str, body: &Value, own: &Tags) -> Result<()> {
    if get(aws, name).await?.is_some() {
        check_owner("dashboard", name, own, &tags(aws, arn).await?.unwrap_or_default())?;
        (aws.notice)(Notice::Found);
        return Ok(put(aws, name, body, None).await?);
    }
    put(aws, name, body, Some(own)).await?;
    (aws.notice)(Notice::Made);
    Ok(())
}

/// The dashboard with this name and ARN, if it is there.
pub(crate) async fn observe(
    aws: Aws<'_>,
    name: &str,
    arn: String,
) -> Result<Option<ObservedDashboard>, AwsError> {
    let Some(body) = get(aws, name).await? else { return Ok(None) };
    // Without tags it was deleted meanwhile.
    Ok(tags(aws, &arn).await?.map(|tags| ObservedDashboard { arn, body, tags }))
}

/// What a dashboard shows, if it is there.
async fn get(aws: Aws<'_>, name: &str) -> Result<Option<Value>, AwsError> {
    let answer = aws.ask(CLOUDWATCH, "GetDashboard", name, None, &json!({ "DashboardName": name })).await;
    match answer {
        Err(error) if error.is(NOT_FOUND) => Ok(None),
        answer => {
            let answer = answer?;
            let body = answer["DashboardBody"].as_str();
            let body = body.ok_or_else(|| invalid(name, "GetDashboard", "the answer has no dashboard"))?;
            // One that somebody broke by hand is replaced.
            Ok(Some(serde_json::from_str(body).unwrap_or_default()))
        }
    }
}

/// Puts the dashboard; CloudWatch takes tags only when it creates one.
async fn put(aws: Aws<'_>, name: &str, body: &Value, tags: Option<&Tags>) -> Result<(), AwsError> {
    let mut request = json!({ "DashboardName": name, "DashboardBody": body.to_string() });
    if let Some(tags) = tags {
        request["Tags"] = listed(tags);
    }
    aws.tell(CLOUDWATCH, "PutDashboard", name, &request).await
}

fn invalid(name: &str, operation: &'static str, why: &str) -> AwsError {
    let operation = Operation { service: "cloudwatch", name: operation, resource: name };
    AwsError::new(operation, INVALID_RESPONSE, why.to_owned())
}
