//! What each action does to the function, in the model of AWS for the tests of the planner.

use std::collections::BTreeMap;

use super::Action;
use crate::resources::{FunctionFailure, Observed, ObservedFunction, RUNTIME, Stack};

pub(crate) fn apply(stack: &Stack, o: &mut Observed, action: &Action) {
    match action {
        Action::Create(create) => {
            assert!(o.function.is_none(), "the function exists already");
            assert!(o.function_role.is_some(), "Lambda cannot assume a role that is not there");
            let wants = stack.function.network.value.is_private() && create.network.is_private();
            assert!(!wants || may_connect(o), "Lambda cannot make network interfaces");
            assert!(o.log_group.is_some(), "the function would log to a group without a retention");
            o.function = Some(ObservedFunction {
                arn: stack.target.arn("lambda", format_args!("function:{}", create.name)),
                runtime: RUNTIME.to_owned(),
                role_arn: create.role_arn.clone(),
                arch: create.bundle.arch,
                memory_mb: create.memory_mb,
                timeout_seconds: create.timeout_seconds,
                code_sha256: create.bundle.sha256.clone(),
                description: create.description.clone(),
                environment: create.environment.clone(),
                hidden_environment: None,
                reserved_concurrency: None,
                log_group: None,
                network: create.network.clone(),
                settled: true,
                failure: None,
                modified: None,
                tags: create.tags.clone(),
                others: BTreeMap::new(),
                versions: Vec::new(),
                aliases: BTreeMap::new(),
            });
        }
        Action::Await { .. } => o.function.as_mut().expect("the function exists").settled = true,
        Action::UpdateCode { bundle, .. } => {
            let function = o.function.as_mut().expect("the function exists");
            assert!(!matches!(function.failure, Some(FunctionFailure::Creation(_))), "AWS cannot update it");
            function.failure = None;
            function.code_sha256.clone_from(&bundle.sha256);
            function.arch = bundle.arch;
        }
        Action::UpdateConfiguration { network: Some(network), .. }
            if network.is_private() && !may_connect(o) =>
        {
            panic!("Lambda cannot make network interfaces");
        }
        Action::UpdateConfiguration {
            description,
            role_arn,
            memory_mb,
            timeout_seconds,
            environment,
            log_group,
            network,
            ..
        } => {
            let function = o.function.as_mut().expect("the function exists");
            assert!(!matches!(function.failure, Some(FunctionFailure::Creation(_))), "AWS cannot update it");
            function.failure = None;
            if let Some(arn) = role_arn {
                function.role_arn.clone_from(arn);
            }
            function.memory_mb = memory_mb.unwrap_or(function.memory_mb);
            function.timeout_seconds = timeout_seconds.unwrap_or(function.timeout_seconds);
            if let Some(environment) = environment {
                function.environment.clone_from(environment);
            }
            if let Some(description) = description {
                function.description.clone_from(description);
            }
            if log_group.is_some() {
                function.log_group.clone_from(log_group);
            }
            if let Some(network) = network {
                function.network.clone_from(network);
            }
        }
        Action::SetConcurrency { reserved, .. } => {
            o.function.as_mut().expect("the function exists").reserved_concurrency = Some(*reserved);
        }
        Action::UnsetConcurrency { .. } => {
            o.function.as_mut().expect("the function exists").reserved_concurrency = None;
        }
        Action::Tag { tags, .. } => {
            o.function.as_mut().expect("the function exists").tags.extend(tags.clone());
        }
        Action::Delete { .. } => o.function = None,
        Action::BeforeHandover { at } => {
            assert!(o.time.is_none_or(|time| time < *at), "it has passed");
        }
    }
}

/// Whether the execution role lets Lambda make network interfaces.
fn may_connect(o: &Observed) -> bool {
    let role = o.function_role.as_ref().expect("the role exists");
    role.policies.values().any(|policy| policy.to_string().contains("ec2:CreateNetworkInterface"))
}
