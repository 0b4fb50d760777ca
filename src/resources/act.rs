//! Which AWS calls carry out which action.

use crate::aws::Aws;
use crate::error::Result;
use crate::resources::Action;
use crate::resources::account_policy::aws as account_policy;
use crate::resources::function::aws as lambda;
use crate::resources::function::aws::Configuration;
use crate::resources::log_group::aws as logs;
use crate::resources::role::aws as iam;
use crate::resources::stream::aws as kinesis;
use crate::resources::subscriptions::replace;
use crate::resources::trigger::aws as trigger;

/// Carries one action out. Each can be repeated: what is there or gone already is no error where it is this stack's.
pub(crate) async fn act(aws: Aws<'_>, action: &Action) -> Result<()> {
    match action {
        Action::CreateStream { name, mode, tags } => kinesis::create_stream(aws, name, *mode, tags).await,
        Action::AwaitStream { name } => kinesis::await_active(aws, name).await.map(|_| ()),
        Action::AwaitStreamGone { name } => kinesis::await_gone(aws, name).await,
        Action::SetStreamMode { arn, name, mode } => kinesis::set_mode(aws, arn, name, *mode).await,
        Action::SetShards { name, to, .. } => kinesis::set_shards(aws, name, *to).await,
        Action::SetStreamRetention { name, to_hours, .. } => {
            kinesis::set_retention(aws, name, *to_hours).await
        }
        Action::SetStreamKey { name, to, .. } => kinesis::set_key(aws, name, to.as_deref()).await,
        Action::TagStream { name, tags } => kinesis::tag_stream(aws, name, tags).await,
        Action::DeleteStream { name, force_consumers } => {
            kinesis::delete_stream(aws, name, *force_consumers).await
        }

        Action::CreateRole { role, tags } => iam::create_role(aws, role, tags).await,
        Action::SetTrust { role, trust } => iam::set_trust(aws, role, trust).await,
        Action::PutRolePolicy { role, policy_name, policy } => {
            iam::put_role_policy(aws, role, policy_name, policy).await
        }
        Action::SetBoundary { role, boundary } => iam::set_boundary(aws, role, boundary).await,
        Action::TagRole { role, tags } => iam::tag_role(aws, role, tags).await,
        Action::DeleteRole { role, policies, attached } => {
            iam::delete_role(aws, role, policies, attached).await
        }

        Action::CreateLogGroup { name, retention_days, tags } => {
            logs::create_log_group(aws, name, *retention_days, tags).await
        }
        Action::SetLogRetention { name, days } => logs::set_retention(aws, name, *days).await,
        Action::TagLogGroup { arn, tags } => logs::tag_log_group(aws, arn, tags).await,
        Action::DeleteLogGroup { name } => logs::delete_log_group(aws, name).await,

        Action::CreateFunction(spec) => lambda::create_function(aws, spec).await,
        Action::AwaitFunction { name } => lambda::await_function(aws, name, false).await,
        Action::StartFunction { name } => lambda::start_function(aws, name).await,
        Action::UpdateFunctionCode { name, bundle } => lambda::update_code(aws, name, bundle).await,
        Action::UpdateFunctionConfiguration {
            name,
            description,
            role_arn,
            memory_mb,
            timeout_seconds,
            environment,
            log_group,
        } => {
            let change = Configuration {
                description: description.as_deref(),
                role_arn: role_arn.as_deref(),
                memory_mb: *memory_mb,
                timeout_seconds: *timeout_seconds,
                environment: environment.as_ref(),
                log_group: log_group.as_deref(),
            };
            lambda::update_configuration(aws, name, change).await
        }
        Action::SetConcurrency { name, reserved } => lambda::set_concurrency(aws, name, *reserved).await,
        Action::UnsetConcurrency { name } => lambda::unset_concurrency(aws, name).await,
        Action::TagFunction { arn, tags } => lambda::tag_function(aws, arn, tags).await,
        Action::DeleteFunction { name } => lambda::delete_function(aws, name).await,

        Action::CreateTrigger { function, stream_arn, spec, tags } => {
            trigger::create_trigger(aws, function, stream_arn, spec, tags).await
        }
        Action::AwaitTrigger { uuid } => trigger::await_enabled(aws, uuid).await,
        Action::AwaitTriggerGone { uuid } => trigger::await_gone(aws, uuid).await,
        Action::BeforeHandover { at } => aws.before_handover(*at),
        Action::UpdateTrigger { uuid, function, spec } => {
            trigger::update_trigger(aws, uuid, function.as_deref(), spec).await
        }
        Action::DeleteTrigger { uuid } => trigger::delete_trigger(aws, uuid).await,

        Action::PutFilter(spec) => logs::put_filter(aws, spec).await,
        Action::ReplaceFilter { name, put } => replace::filter(aws, name, put).await,
        Action::DeleteFilter { log_group, name } => logs::delete_filter(aws, log_group, name).await,

        Action::PutAccountPolicy { policy, no_longer } => account_policy::put(aws, policy, no_longer).await,
        Action::LeaveOut { policy, log_groups } => account_policy::leave_out(aws, policy, log_groups).await,
        Action::StopLeavingOut { policy, log_group } => {
            account_policy::stop_leaving_out(aws, policy, log_group).await
        }
        Action::ReplaceAccountPolicy { name, put } => replace::account_policy(aws, name, put).await,
        Action::DeleteAccountPolicy { name } => account_policy::delete(aws, name).await,
    }
}
