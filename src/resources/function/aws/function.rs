//! The function.

use std::collections::BTreeMap;
use std::time::Duration;

use super::failed_setup;
use crate::aws::call::Need;
use crate::aws::error::{Operation, found, gone};
use crate::aws::owner::check_owner;
use crate::aws::wait::{Look, Wait};
use crate::aws::{Aws, AwsError, Notice};
use crate::error::{Code, Error, Result};
use crate::resources::alias::aws as alias;
use crate::resources::function::desired::HANDLER;
use crate::resources::numbers::sdk_number;
use crate::resources::role::aws as role;
use crate::resources::{
    Arch, Bundle, CreateFunction, EnvValue, FunctionFailure, Network, ObservedFunction, RUNTIME,
};
use crate::stack::Tags;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    Architecture, Environment, FunctionCode, LastUpdateStatus, LoggingConfig, Runtime, State, VpcConfig,
};

/// The service, as errors and the table of errors name it.
pub(super) const SERVICE: &str = "lambda";
/// An upload of a few megabytes over a slow line takes minutes.
const UPLOAD: Duration = Duration::from_secs(300);

/// The function, where it exists.
pub(crate) async fn observe_function(aws: Aws<'_>, name: &str) -> Result<Option<ObservedFunction>, AwsError> {
    let lambda = aws.session.lambda();
    let read = aws.call(SERVICE, "GetFunction", name, || lambda.get_function().function_name(name).send());
    let Some(answer) = found(read.await)? else { return Ok(None) };
    // Without lambda:ListTags the answer has no tags, and ours would look like somebody else's.
    if let Some(error) = answer.tags_error {
        return Err(unreadable(name, error.error_code, error.message));
    }
    let Some(is) = answer.configuration else { return Ok(None) };
    let (state, update) = (is.state.as_ref(), is.last_update_status.as_ref());
    let settled = settled(state, update);
    let failure = failure(state, update, [is.state_reason.clone(), is.last_update_status_reason.clone()]);
    let reserved = answer.concurrency.and_then(|c| c.reserved_concurrent_executions);
    let (arn, modified) = (is.function_arn.clone().unwrap_or_default(), is.last_modified.as_deref());
    let modified = modified.and_then(alias::milliseconds);
    let latest = alias::snapshot(is);
    let (versions, aliases) = alias::observe(aws, name).await?;
    let mut function = ObservedFunction {
        arn,
        runtime: latest.runtime,
        role_arn: latest.role_arn,
        arch: latest.arch,
        memory_mb: latest.memory_mb,
        timeout_seconds: latest.timeout_seconds,
        code_sha256: latest.code_sha256,
        description: latest.description,
        environment: latest.environment,
        hidden_environment: latest.hidden_environment,
        reserved_concurrency: reserved.and_then(|n| u32::try_from(n).ok()),
        log_group: latest.log_group,
        network: latest.network,
        settled,
        failure,
        modified,
        tags: answer.tags.unwrap_or_default().into_iter().collect(),
        others: latest.others,
        versions,
        aliases,
    };
    if let Some(number) = function.live_version().map(|version| version.number) {
        exact(aws, name, &mut function, number).await?;
    }
    Ok(Some(function))
}

/// Reads a version by itself where it seems to differ from its function: AWS documents that lists leave fields out.
async fn exact(
    aws: Aws<'_>,
    name: &str,
    function: &mut ObservedFunction,
    number: u64,
) -> Result<(), AwsError> {
    let latest = function.snapshot();
    let Some(version) = function.versions.iter_mut().find(|version| version.number == number) else {
        return Ok(());
    };
    if version.snapshot == latest {
        return Ok(());
    }
    let (lambda, qualifier) = (aws.session.lambda(), number.to_string());
    let read = aws.call(SERVICE, "GetFunction", name, || {
        lambda.get_function().function_name(name).qualifier(&qualifier).send()
    });
    if let Some(is) = found(read.await)?.and_then(|answer| answer.configuration) {
        version.snapshot = alias::snapshot(is);
    }
    Ok(())
}

fn unreadable(name: &str, code: String, message: String) -> AwsError {
    AwsError::new(Operation { service: SERVICE, name: "GetFunction", resource: name }, code, message)
}

/// Whether nothing is going on. A failure has settled as well.
fn settled(state: Option<&State>, update: Option<&LastUpdateStatus>) -> bool {
    !matches!(state, Some(State::Pending)) && !matches!(update, Some(LastUpdateStatus::InProgress))
}

/// What went wrong; `reasons` are AWS' for the state and for the last update.
fn failure(
    state: Option<&State>,
    update: Option<&LastUpdateStatus>,
    reasons: [Option<String>; 2],
) -> Option<FunctionFailure> {
    let [creation, last_update] =
        reasons.map(|reason| reason.unwrap_or_else(|| "AWS gave no reason".to_owned()));
    if state == Some(&State::Failed) {
        Some(FunctionFailure::Creation(creation))
    } else if update == Some(&LastUpdateStatus::Failed) {
        Some(FunctionFailure::Update(last_update))
    } else {
        None
    }
}

/// The configuration of a function, where it exists; `function` is its name or ARN.
async fn configuration(
    aws: Aws<'_>,
    function: &str,
) -> Result<Option<GetFunctionConfigurationOutput>, AwsError> {
    let lambda = aws.session.lambda();
    let read = aws.call(SERVICE, "GetFunctionConfiguration", function, || {
        lambda.get_function_configuration().function_name(function).send()
    });
    found(read.await)
}

/// The function with this name, as a call needs it.
pub(crate) fn needed(name: &str) -> Need<'_> {
    Need::new("function", name, |aws, name| {
        Box::pin(async move { Ok(configuration(aws, name).await?.is_some()) })
    })
}

/// The log group that the configuration of a function names, where the function exists; `function` is its name or ARN.
pub(crate) async fn log_group_of(aws: Aws<'_>, function: &str) -> Result<Option<String>, AwsError> {
    let logging = configuration(aws, function).await?.and_then(|is| is.logging_config);
    Ok(logging.and_then(|logging| logging.log_group))
}

/// Waits until the function is Active and its last update Successful; `made` allows for one that this run has just
/// created and that AWS does not show yet.
///
/// # Errors
///
/// [`Code::NotReady`] with AWS' reason when creation or update failed; [`Code::NotFound`] when it vanished.
pub(crate) async fn await_function(aws: Aws<'_>, name: &str, made: bool) -> Result<()> {
    let why = format!("the function `{name}` to become Active");
    aws.until(Wait { resource: name, why: &why, made }, || async move {
        let Some(is) = configuration(aws, name).await? else { return Ok(Look::Missing) };
        let (state, update) = (is.state.as_ref(), is.last_update_status.as_ref());
        if !settled(state, update) {
            return Ok(Look::NotYet);
        }
        let codes = [
            is.state_reason_code.as_ref().map(|code| code.as_str().to_owned()),
            is.last_update_status_reason_code.as_ref().map(|code| code.as_str().to_owned()),
        ];
        let failure = failure(state, update, [is.state_reason, is.last_update_status_reason]);
        let Some(failure) = failure else { return Ok(Look::Ready(())) };
        let [of_state, of_update] = codes.map(Option::unwrap_or_default);
        let code = if matches!(failure, FunctionFailure::Creation(_)) { of_state } else { of_update };
        Err(Error::new(Code::NotReady, format!("Lambda could not set up the function `{name}`: {failure}"))
            .on(name)
            .hint(failed_setup::hint(&code)))
    })
    .await
}

/// Creates the function and waits until it is Active. A function of this stack that is there already is taken.
pub(crate) async fn create_function(aws: Aws<'_>, spec: &CreateFunction) -> Result<()> {
    let lambda = aws.session.lambda();
    let needs = [role::needed(&spec.role_arn)];
    let needing = aws.needing(&needs);
    let made = needing.call(SERVICE, "CreateFunction", &spec.name, || {
        lambda
            .create_function()
            .function_name(&spec.name)
            .role(&spec.role_arn)
            .runtime(Runtime::from(RUNTIME))
            .handler(HANDLER)
            .description(&spec.description)
            .architectures(architecture(spec.bundle.arch))
            .code(FunctionCode::builder().zip_file(zip(&spec.bundle)).build())
            .memory_size(sdk_number(spec.memory_mb))
            .timeout(sdk_number(spec.timeout_seconds))
            .environment(environment(&spec.environment))
            .set_vpc_config(spec.network.is_private().then(|| vpc(&spec.network)))
            .set_tags(Some(spec.tags.clone().into_iter().collect()))
            .publish(false)
            .customize()
            .config_override(slow_upload(aws))
            .send()
    });
    let made = made.await;
    if made.is_ok() {
        (aws.notice)(Notice::Made);
    }
    match made {
        Ok(made) if ready(made.state.as_ref(), made.last_update_status.as_ref()) => Ok(()),
        Ok(_) => await_function(aws, &spec.name, true).await,
        Err(error) if error.is(&["ResourceConflictException"]) => {
            let there = observe_function(aws, &spec.name).await?.ok_or(error)?;
            check_owner("function", &spec.name, &spec.tags, &there.tags)?;
            (aws.notice)(Notice::Found);
            await_function(aws, &spec.name, false).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Uploads another zip, with its architecture, and waits.
pub(crate) async fn update_code(aws: Aws<'_>, name: &str, bundle: &Bundle) -> Result<()> {
    let lambda = aws.session.lambda();
    let updated = aws
        .call(SERVICE, "UpdateFunctionCode", name, || {
            lambda
                .update_function_code()
                .function_name(name)
                .zip_file(zip(bundle))
                .architectures(architecture(bundle.arch))
                .publish(false)
                .customize()
                .config_override(slow_upload(aws))
                .send()
        })
        .await?;
    if ready(updated.state.as_ref(), updated.last_update_status.as_ref()) {
        return Ok(());
    }
    await_function(aws, name, false).await
}

/// What changes of a function's configuration; none keeps what is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Configuration<'a> {
    pub(crate) description: Option<&'a str>,
    pub(crate) role_arn: Option<&'a str>,
    pub(crate) memory_mb: Option<u32>,
    pub(crate) timeout_seconds: Option<u32>,
    pub(crate) environment: Option<&'a BTreeMap<String, EnvValue>>,
    pub(crate) log_group: Option<&'a str>,
    pub(crate) network: Option<&'a Network>,
}

/// Changes the configuration and waits.
pub(crate) async fn update_configuration(aws: Aws<'_>, name: &str, change: Configuration<'_>) -> Result<()> {
    let lambda = aws.session.lambda();
    let needs: Vec<Need<'_>> = change.role_arn.map(role::needed).into_iter().collect();
    let updated = aws
        .needing(&needs)
        .call(SERVICE, "UpdateFunctionConfiguration", name, || {
            lambda
                .update_function_configuration()
                .function_name(name)
                .set_description(change.description.map(ToOwned::to_owned))
                .set_role(change.role_arn.map(ToOwned::to_owned))
                .set_memory_size(change.memory_mb.map(sdk_number))
                .set_timeout(change.timeout_seconds.map(sdk_number))
                .set_environment(change.environment.map(environment))
                .set_logging_config(change.log_group.map(logging))
                .set_vpc_config(change.network.map(vpc))
                .send()
        })
        .await?;
    if ready(updated.state.as_ref(), updated.last_update_status.as_ref()) {
        return Ok(());
    }
    await_function(aws, name, false).await
}

/// Reserves concurrency out of the account's pool.
pub(crate) async fn set_concurrency(aws: Aws<'_>, name: &str, reserved: u32) -> Result<()> {
    let lambda = aws.session.lambda();
    aws.call(SERVICE, "PutFunctionConcurrency", name, || {
        let request = lambda.put_function_concurrency().function_name(name);
        request.reserved_concurrent_executions(sdk_number(reserved)).send()
    })
    .await?;
    Ok(())
}

/// Gives reserved concurrency back to the account's pool.
pub(crate) async fn unset_concurrency(aws: Aws<'_>, name: &str) -> Result<()> {
    let lambda = aws.session.lambda();
    aws.call(SERVICE, "DeleteFunctionConcurrency", name, || {
        lambda.delete_function_concurrency().function_name(name).send()
    })
    .await?;
    Ok(())
}

/// Adds tags.
pub(crate) async fn tag_function(aws: Aws<'_>, arn: &str, tags: &Tags) -> Result<()> {
    let lambda = aws.session.lambda();
    aws.call(SERVICE, "TagResource", arn, || {
        lambda.tag_resource().resource(arn).set_tags(Some(tags.clone().into_iter().collect())).send()
    })
    .await?;
    Ok(())
}

/// Deletes the function; one that is gone already is no error.
pub(crate) async fn delete_function(aws: Aws<'_>, name: &str) -> Result<()> {
    let lambda = aws.session.lambda();
    let deleted =
        aws.call(SERVICE, "DeleteFunction", name, || lambda.delete_function().function_name(name).send());
    Ok(gone(deleted.await.map(|_| ()))?)
}

/// Whether an answer says already that there is nothing to wait for.
fn ready(state: Option<&State>, update: Option<&LastUpdateStatus>) -> bool {
    matches!(state, Some(State::Active | State::Inactive))
        && matches!(update, None | Some(LastUpdateStatus::Successful))
}

fn environment(variables: &BTreeMap<String, EnvValue>) -> Environment {
    let variables = variables.iter().map(|(key, value)| (key.clone(), value.0.clone())).collect();
    Environment::builder().set_variables(Some(variables)).build()
}

/// Empty lists take a function out of its VPC.
fn vpc(network: &Network) -> VpcConfig {
    VpcConfig::builder()
        .set_subnet_ids(Some(network.subnets.iter().cloned().collect()))
        .set_security_group_ids(Some(network.security_groups.iter().cloned().collect()))
        .set_ipv6_allowed_for_dual_stack(network.is_private().then_some(network.ipv6))
        .build()
}

fn logging(log_group: &str) -> LoggingConfig {
    LoggingConfig::builder().log_group(log_group).build()
}

fn architecture(arch: Arch) -> Architecture {
    match arch {
        Arch::X86_64 => Architecture::X8664,
        Arch::Arm64 => Architecture::Arm64,
    }
}

fn zip(bundle: &Bundle) -> Blob {
    Blob::new(bundle.zip.to_vec())
}

fn slow_upload(aws: Aws<'_>) -> aws_sdk_lambda::config::Builder {
    let upload = UPLOAD.min(aws.session.patience());
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(upload).build();
    aws_sdk_lambda::config::Builder::new().timeout_config(timeouts)
}
