//! Carries out the changes to versions and aliases.

use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_lambda::operation::publish_version::PublishVersionOutput;
use aws_sdk_lambda::types::AliasRoutingConfiguration;

use super::read::{aliases, network};
use crate::aws::Aws;
use crate::aws::error::gone;
use crate::error::{Code, Error, Result};
use crate::resources::alias::action::{Action, From, Settings, Version};
use crate::resources::alias::observed::{Before, LIVE, ObservedAlias, description};
use crate::resources::function::aws::{await_function, needed, start_function};
use crate::resources::function::desired::EnvValue;
use crate::resources::numbers::number;

const SERVICE: &str = "lambda";

/// Carries a change out.
pub(crate) async fn act(aws: Aws<'_>, action: &Action) -> Result<()> {
    match action {
        Action::Publish { function, code_sha256, settings } => {
            publish(aws, function, code_sha256, settings).await
        }
        Action::Start { function, version } => {
            let qualifier = qualifier(aws, function, *version)?;
            start_function(aws, &format!("{function}:{qualifier}")).await
        }
        Action::Move { function, version, from, before } => {
            let version = qualifier(aws, function, *version)?;
            move_alias(aws, function, &version, from, *before).await
        }
        Action::DeleteVersion { function, number } => delete_version(aws, function, *number).await,
    }
}

/// Publishes the function as it is, and waits until the version is Active.
async fn publish(aws: Aws<'_>, function: &str, code_sha256: &str, settings: &Settings) -> Result<()> {
    await_function(aws, function, false).await?;
    let lambda = aws.session.lambda();
    let published = aws.call(SERVICE, "PublishVersion", function, || {
        lambda.publish_version().function_name(function).code_sha256(code_sha256).send()
    });
    let published = published.await.map_err(|error| {
        match error.is(&["InvalidParameterValueException"]) && error.message.contains("CodeSHA256") {
            true => changed(function, "its code is not the one that this run uploaded"),
            false => error.into(),
        }
    })?;
    let number = published.version.as_deref().and_then(|version| version.parse().ok());
    let number = number.ok_or_else(|| {
        Error::new(Code::Aws, "AWS did not say which version it has published").on(function)
    })?;
    // Another run may have updated the function since this one did.
    if !settings.agree_with(&settings_of(published)) {
        return Err(changed(function, "its settings are not those that this run gave it"));
    }
    aws.session.note_published(function, number);
    await_function(aws, &format!("{function}:{number}"), true).await
}

/// What AWS shows of the settings of a version that it has published.
fn settings_of(is: PublishVersionOutput) -> Settings {
    // Without the right to use the KMS key of the function there are none.
    let variables = is.environment.and_then(|environment| environment.variables);
    Settings {
        memory_mb: is.memory_size.map(|size| number(Some(size))),
        timeout_seconds: is.timeout.map(|timeout| number(Some(timeout))),
        environment: variables
            .map(|all| all.into_iter().map(|(key, value)| (key, EnvValue(value))).collect()),
        network: is.vpc_config.map(network),
    }
}

/// What stands behind the name of a function for a version of it. Another run may have published a newer one meanwhile,
/// so a version of this run is known by the number that AWS gave it.
fn qualifier(aws: Aws<'_>, function: &str, version: Version) -> Result<String> {
    match version {
        Version::Number(number) => Ok(number.to_string()),
        Version::Live => Ok(LIVE.to_owned()),
        Version::Published => match aws.session.published(function) {
            Some(number) => Ok(number.to_string()),
            None => Err(Error::new(Code::Internal, "this run has published no version").on(function)),
        },
    }
}

async fn move_alias(
    aws: Aws<'_>,
    function: &str,
    version: &str,
    from: &From,
    before: Option<Before>,
) -> Result<()> {
    let current = match from {
        From::Nothing => None,
        From::Alias(alias) => Some(alias.clone()),
        From::Earlier => aliases(aws, function).await?.remove(LIVE),
    };
    match current {
        Some(current) => update_alias(aws, function, version, &current, before).await,
        None => create_alias(aws, function, version).await,
    }
}

async fn create_alias(aws: Aws<'_>, function: &str, version: &str) -> Result<()> {
    let lambda = aws.session.lambda();
    let needs = [needed(function)];
    let needing = aws.needing(&needs);
    let text = description(None, &run(aws));
    let made = needing.call(SERVICE, "CreateAlias", function, || {
        lambda
            .create_alias()
            .function_name(function)
            .name(LIVE)
            .function_version(version)
            .description(&text)
            .send()
    });
    match made.await {
        Err(error) if error.is(&["ResourceConflictException"]) => {
            let there = aliases(aws, function).await?.remove(LIVE).ok_or(error)?;
            settled(function, version, &there)
        }
        made => Ok(made.map(|_| ())?),
    }
}

async fn update_alias(
    aws: Aws<'_>,
    function: &str,
    version: &str,
    from: &ObservedAlias,
    before: Option<Before>,
) -> Result<()> {
    let lambda = aws.session.lambda();
    let needs = [needed(function)];
    let needing = aws.needing(&needs);
    // The same version again keeps what it says; a version that is taken back keeps the run that brought it.
    let is_same = from.version == version;
    let before = before.or_else(|| match is_same {
        true => from.before,
        false => from.number().map(Before::Replaced),
    });
    let keeps_run = is_same || matches!(before, Some(Before::RolledBackFrom(_)));
    let text = description(before, &from.run.clone().filter(|_| keeps_run).unwrap_or_else(|| run(aws)));
    let moved = needing.call(SERVICE, "UpdateAlias", function, || {
        lambda
            .update_alias()
            .function_name(function)
            .name(LIVE)
            .function_version(version)
            .description(&text)
            // A share of the records for another version, where somebody set one, ends here.
            .routing_config(
                AliasRoutingConfiguration::builder().set_additional_version_weights(Some([].into())).build(),
            )
            .revision_id(&from.revision)
            .send()
    });
    match moved.await {
        Err(error) if error.is(&["PreconditionFailedException"]) => {
            // The answer to a first attempt may have been lost.
            let there = aliases(aws, function).await?.remove(LIVE).ok_or(error)?;
            settled(function, version, &there)
        }
        moved => Ok(moved.map(|_| ())?),
    }
}

/// Whether an alias that this run could not move is where it was to go all the same.
fn settled(function: &str, version: &str, there: &ObservedAlias) -> Result<()> {
    match there.version == version && there.shares.is_empty() {
        true => Ok(()),
        false => {
            let what = format!("another run moved its alias `{LIVE}` to version {}", there.version);
            Err(changed(function, &what))
        }
    }
}

/// Deletes a version; one that is gone already is no error.
async fn delete_version(aws: Aws<'_>, function: &str, number: u64) -> Result<()> {
    let (lambda, qualifier) = (aws.session.lambda(), number.to_string());
    let deleted = aws.call(SERVICE, "DeleteFunction", function, || {
        lambda.delete_function().function_name(function).qualifier(&qualifier).send()
    });
    Ok(gone(deleted.await.map(|_| ()))?)
}

/// When this run began: RFC 3339, by AWS's clock.
fn run(aws: Aws<'_>) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(aws.session.begun())).to_string()
}

fn changed(function: &str, what: &str) -> Error {
    Error::new(Code::Changed, format!("the function `{function}` changed during this run: {what}"))
        .on(function)
        .hint("another run or person works on this stack: when that has ended, run the same command again")
}
