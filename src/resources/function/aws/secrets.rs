//! Looks whether the secrets that a configuration refers to are there, without reading their values.

use std::time::Duration;

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::secret::reference::{Keeper, Reference};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::aws::{Aws, AwsError, ask};
use crate::resources::{ObservedSecret, SecretState};
use crate::stack::arn::Arn;

/// Maximum time for all of them. What takes longer is a warning, and the function reads it in its own network.
const LIMIT: Duration = Duration::from_secs(10);
/// Maximum number of pages of an answer that holds one parameter. A page may be empty before it.
const PAGES: usize = 10;

/// Looks at everything that a configuration refers to, each with the first place that does. What cannot be looked at is
/// no error.
pub(crate) async fn look_at_secrets(aws: Aws<'_>, config: &Config) -> Vec<ObservedSecret> {
    let mut all: Vec<(String, Reference)> = config.references().collect();
    all.sort_by(|(_, a), (_, b)| (a.keeper, &a.name).cmp(&(b.keeper, &b.name)));
    all.dedup_by(|(_, a), (_, b)| (a.keeper, &a.name) == (b.keeper, &b.name));
    join_all(all.into_iter().map(async |(place, reference)| {
        let looking = async {
            match reference.keeper {
                Keeper::Ssm => parameter(aws, &reference.name).await,
                Keeper::SecretsManager => secret(aws, &reference.name).await,
            }
        };
        let state = match timeout(LIMIT, looking).await {
            Ok(Ok(state)) => state,
            Ok(Err(error)) => SecretState::Unknown(error.to_string()),
            Err(_) => SecretState::Unknown("AWS does not answer in time".to_owned()),
        };
        ObservedSecret { place, reference, state }
    }))
    .await
}

/// A parameter by `ssm:DescribeParameters`, which shows no value.
async fn parameter(aws: Aws<'_>, name: &str) -> Result<SecretState, AwsError> {
    let owner = Arn::parse(name).map(|arn| arn.account).filter(|account| !account.is_empty());
    // The list of parameters that another account shares is not complete for every caller.
    if owner.is_some_and(|owner| owner != aws.session.target.account) {
        return Ok(SecretState::Unknown("it belongs to another account".to_owned()));
    }
    // The ARN of `token` and of `/token` is the same.
    let plain = name.split_once(":parameter").filter(|_| owner.is_some()).map_or(name, |(_, plain)| plain);
    let (plain, version) =
        plain.split_once(':').map_or((plain, None), |(name, version)| (name, Some(version)));
    let without_slash = plain.strip_prefix('/').filter(|rest| owner.is_some() && !rest.contains('/'));
    let names: Vec<&str> = [plain].into_iter().chain(without_slash).collect();
    let mut body = json!({"ParameterFilters": [{"Key": "Name", "Option": "Equals", "Values": names}]});
    for _ in 0..PAGES {
        let answer = aws.ask(ask::SSM, "DescribeParameters", name, Arn::region_of(name), &body).await?;
        if let Some(found) = answer["Parameters"].as_array().and_then(|found| found.first()) {
            let newest = found["Version"].as_i64().unwrap_or(i64::MAX);
            // A label is not shown here.
            let wanted = version.and_then(|version| version.parse::<i64>().ok());
            if wanted.is_some_and(|wanted| wanted > newest || wanted < 1) {
                return Ok(SecretState::NoVersion);
            }
            return Ok(there(found, "KeyId"));
        }
        match answer["NextToken"].as_str() {
            Some(next) if !next.is_empty() => body["NextToken"] = json!(next),
            _ => return Ok(SecretState::Missing),
        }
    }
    Ok(SecretState::Unknown("the list of parameters does not end".to_owned()))
}

/// A secret by `secretsmanager:DescribeSecret`, which shows no value.
async fn secret(aws: Aws<'_>, name: &str) -> Result<SecretState, AwsError> {
    let body = json!({ "SecretId": name });
    match aws.ask(ask::SECRETS_MANAGER, "DescribeSecret", name, Arn::region_of(name), &body).await {
        Ok(found) if !found["DeletedDate"].is_null() => Ok(SecretState::Deleting),
        Ok(found) if !has_value(&found) => Ok(SecretState::Empty),
        Ok(found) => Ok(there(&found, "KmsKeyId")),
        Err(error) if error.is_not_found() => Ok(SecretState::Missing),
        Err(error) => Err(error),
    }
}

/// Whether a version is the current one, which is read. An answer that names no versions tells nothing.
fn has_value(secret: &Value) -> bool {
    let versions = secret["VersionIdsToStages"].as_object();
    versions.is_none_or(|versions| {
        let stages = versions.values().filter_map(Value::as_array).flatten();
        stages.into_iter().any(|stage| stage == "AWSCURRENT")
    })
}

fn there(found: &Value, key: &str) -> SecretState {
    let text = |name: &str| found[name].as_str().map(ToOwned::to_owned);
    // AWS's own keys need no grant.
    let kms_key = text(key).filter(|key| !key.contains("alias/aws/"));
    SecretState::There { arn: text("ARN"), kms_key }
}
