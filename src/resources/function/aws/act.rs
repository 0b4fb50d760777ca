//! Carries out the changes to functions.

use super::function::{
    Configuration, await_function, create_function, delete_function, set_concurrency, tag_function,
    unset_concurrency, update_code, update_configuration,
};
use super::handover::before_handover;
use crate::aws::Aws;
use crate::error::Result;
use crate::resources::function::Action;

/// Carries a change out.
pub(crate) async fn act(aws: Aws<'_>, action: &Action) -> Result<()> {
    match action {
        Action::Create(spec) => create_function(aws, spec).await,
        Action::Await { name } => await_function(aws, name, false).await,
        Action::UpdateCode { name, bundle } => update_code(aws, name, bundle).await,
        Action::UpdateConfiguration {
            name,
            description,
            role_arn,
            memory_mb,
            timeout_seconds,
            environment,
            log_group,
            network,
        } => {
            let change = Configuration {
                description: description.as_deref(),
                role_arn: role_arn.as_deref(),
                memory_mb: *memory_mb,
                timeout_seconds: *timeout_seconds,
                environment: environment.as_ref(),
                log_group: log_group.as_deref(),
                network: network.as_ref(),
            };
            update_configuration(aws, name, change).await
        }
        Action::SetConcurrency { name, reserved } => set_concurrency(aws, name, *reserved).await,
        Action::UnsetConcurrency { name } => unset_concurrency(aws, name).await,
        Action::Tag { arn, tags } => tag_function(aws, arn, tags).await,
        Action::Delete { name } => delete_function(aws, name).await,
        Action::BeforeHandover { at } => before_handover(aws, *at),
    }
}
