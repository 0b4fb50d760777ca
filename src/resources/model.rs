//! A model of AWS for the tests of the planner: what each action does to what exists.

use std::collections::BTreeSet;

use std::collections::BTreeMap;

use crate::resources::*;
use crate::resources::{
    AccountPolicy, Arch, Distribution, RUNTIME, SELECTION_BYTES, Stack, StreamMode, TriggerSpec,
};

/// Applies a whole plan; panics where AWS would refuse because something it needs is missing.
pub(crate) fn apply(stack: &Stack, observed: &mut Observed, plan: &Plan) {
    for step in &plan.steps {
        for action in &step.actions {
            apply_action(stack, observed, action);
        }
    }
}

/// Applies the first `count` actions only, as an interrupted run does.
pub(crate) fn apply_some(stack: &Stack, observed: &mut Observed, plan: &Plan, count: usize) {
    for action in plan.steps.iter().flat_map(|step| &step.actions).take(count) {
        apply_action(stack, observed, action);
    }
}

fn role_of<'a>(observed: &'a mut Observed, name: &str) -> &'a mut Option<ObservedRole> {
    let is_logs = observed.logs_role.as_ref().is_some_and(|role| role.name == name);
    if is_logs { &mut observed.logs_role } else { &mut observed.function_role }
}

fn trigger_from(spec: &TriggerSpec, uuid: &str, source_arn: &str) -> ObservedTrigger {
    ObservedTrigger {
        uuid: uuid.to_owned(),
        source_arn: source_arn.to_owned(),
        qualifier: None,
        state: TriggerState::Enabled,
        last_result: None,
        batch_size: spec.batch_size.value,
        window_seconds: spec.window_seconds.value,
        parallelization: spec.parallelization.value,
        bisect: spec.bisect.value,
        max_retries: -1,
        max_age_seconds: spec.max_age_seconds,
        reports_item_failures: true,
        is_filtered: false,
        tumbling_window_seconds: 0,
        starting_position: spec.start.to_string(),
        on_failure: spec.on_failure.value.clone(),
    }
}

/// The destination whose own function an action is about.
fn isolated_destination(stack: &Stack, o: &Observed, action: &Action) -> Option<String> {
    let of_function = |name: &str| stack.names.isolated_destination(name).map(ToOwned::to_owned);
    let of_log_group = |name: &str| of_function(name.strip_prefix("/aws/lambda/")?);
    let of_trigger = |uuid: &str| {
        let mut own = o.isolated.iter();
        own.find(|(_, own)| own.triggers.iter().any(|t| t.uuid == *uuid)).map(|(name, _)| name.clone())
    };
    match action {
        Action::CreateLogGroup { name, .. }
        | Action::SetLogRetention { name, .. }
        | Action::DeleteLogGroup { name } => of_log_group(name),
        Action::TagLogGroup { arn, .. } => of_log_group(arn.split(':').nth(6)?),
        Action::CreateFunction(create) => of_function(&create.name),
        Action::AwaitFunction { name }
        | Action::StartFunction { name }
        | Action::UpdateFunctionCode { name, .. }
        | Action::UpdateFunctionConfiguration { name, .. }
        | Action::SetConcurrency { name, .. }
        | Action::UnsetConcurrency { name }
        | Action::DeleteFunction { name } => of_function(name),
        Action::TagFunction { arn, .. } => of_function(arn.split(':').nth(6)?),
        Action::CreateTrigger { function, .. } => of_function(function),
        Action::AwaitTrigger { uuid }
        | Action::AwaitTriggerGone { uuid }
        | Action::UpdateTrigger { uuid, .. }
        | Action::DeleteTrigger { uuid } => of_trigger(uuid),
        _ => None,
    }
}

/// The function of an isolated destination is the main one for as long as an action is about it.
fn apply_action(stack: &Stack, o: &mut Observed, action: &Action) {
    let Some(destination) = isolated_destination(stack, o, action) else {
        return apply_to_main(stack, o, action);
    };
    let mut own = o.isolated.remove(&destination).unwrap_or_default();
    let swap = |o: &mut Observed, own: &mut ObservedForwarder| {
        std::mem::swap(&mut o.function, &mut own.function);
        std::mem::swap(&mut o.log_group, &mut own.log_group);
        std::mem::swap(&mut o.triggers, &mut own.triggers);
    };
    swap(o, &mut own);
    apply_to_main(stack, o, action);
    swap(o, &mut own);
    if own != ObservedForwarder::default() {
        o.isolated.insert(destination, own);
    }
}

fn apply_to_main(stack: &Stack, o: &mut Observed, action: &Action) {
    let stream = |o: &mut Observed, change: &dyn Fn(&mut ObservedStream)| {
        change(o.stream.as_mut().expect("the stream exists"));
    };
    match action {
        Action::CreateStream { mode, tags, .. } => {
            assert!(o.stream.is_none(), "the stream exists already");
            o.stream = Some(ObservedStream {
                arn: stack.names.stream_arn(&stack.target),
                status: StreamStatus::Active,
                mode: *mode,
                open_shards: 4,
                retention_hours: 24,
                kms_key: None,
                tags: tags.clone(),
                consumers: Vec::new(),
            });
        }
        Action::AwaitStream { .. } => stream(o, &|s| s.status = StreamStatus::Active),
        Action::AwaitStreamGone { .. } | Action::DeleteStream { .. } => o.stream = None,
        Action::SetStreamMode { mode, .. } => stream(o, &|s| s.mode = *mode),
        Action::SetShards { to, .. } => stream(o, &|s| s.mode = StreamMode::Provisioned { shards: *to }),
        Action::SetStreamRetention { to_hours, .. } => stream(o, &|s| s.retention_hours = *to_hours),
        Action::SetStreamKey { to, .. } => stream(o, &|s| s.kms_key.clone_from(to)),
        Action::TagStream { tags, .. } => stream(o, &|s| s.tags.extend(tags.clone())),

        Action::CreateRole { role, tags } => {
            let place =
                if role.name == stack.names.logs_role { &mut o.logs_role } else { &mut o.function_role };
            assert!(place.is_none(), "the role exists already");
            *place = Some(ObservedRole {
                name: role.name.clone(),
                arn: role.arn.clone(),
                path: role.path.clone(),
                boundary: role.boundary.clone(),
                trust: role.trust.clone(),
                policies: BTreeMap::from([(role.policy_name.clone(), role.policy.clone())]),
                attached: Vec::new(),
                tags: tags.clone(),
            });
        }
        Action::SetTrust { role, trust } => {
            role_of(o, role).as_mut().expect("the role exists").trust = trust.clone();
        }
        Action::PutRolePolicy { role, policy_name, policy } => {
            let role = role_of(o, role).as_mut().expect("the role exists");
            role.policies.insert(policy_name.clone(), policy.clone());
        }
        Action::SetBoundary { role, boundary } => {
            role_of(o, role).as_mut().expect("the role exists").boundary = Some(boundary.clone());
        }
        Action::TagRole { role, tags } => {
            role_of(o, role).as_mut().expect("the role exists").tags.extend(tags.clone());
        }
        Action::DeleteRole { role, .. } => *role_of(o, role) = None,

        Action::CreateLogGroup { name, retention_days, tags } => {
            assert!(o.log_group.is_none(), "the log group exists already");
            o.log_group = Some(ObservedLogGroup {
                name: name.clone(),
                arn: stack.target.arn("logs", format_args!("log-group:{name}")),
                retention_days: Some(*retention_days),
                filters: Vec::new(),
                tags: tags.clone(),
            });
        }
        Action::SetLogRetention { days, .. } => {
            o.log_group.as_mut().expect("the log group exists").retention_days = Some(*days);
        }
        Action::TagLogGroup { tags, .. } => {
            o.log_group.as_mut().expect("the log group exists").tags.extend(tags.clone());
        }
        Action::DeleteLogGroup { .. } => o.log_group = None,

        Action::CreateFunction(create) => {
            assert!(o.function.is_none(), "the function exists already");
            assert!(o.function_role.is_some(), "Lambda cannot assume a role that is not there");
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
                settled: true,
                failure: None,
                modified: None,
                tags: create.tags.clone(),
            });
        }
        Action::AwaitFunction { .. } => o.function.as_mut().expect("the function exists").settled = true,
        Action::StartFunction { .. } => {
            assert!(
                o.function.as_ref().is_some_and(|f| f.settled && f.failure.is_none()),
                "it cannot be invoked"
            );
            assert!(o.function_role.is_some(), "the function runs with a role that is not there");
        }
        Action::UpdateFunctionCode { bundle, .. } => {
            let function = o.function.as_mut().expect("the function exists");
            assert!(!matches!(function.failure, Some(FunctionFailure::Creation(_))), "AWS cannot update it");
            function.failure = None;
            function.code_sha256.clone_from(&bundle.sha256);
            function.arch = bundle.arch;
        }
        Action::UpdateFunctionConfiguration {
            description,
            role_arn,
            memory_mb,
            timeout_seconds,
            environment,
            log_group,
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
        }
        Action::SetConcurrency { reserved, .. } => {
            o.function.as_mut().expect("the function exists").reserved_concurrency = Some(*reserved);
        }
        Action::UnsetConcurrency { .. } => {
            o.function.as_mut().expect("the function exists").reserved_concurrency = None;
        }
        Action::TagFunction { tags, .. } => {
            o.function.as_mut().expect("the function exists").tags.extend(tags.clone());
        }
        Action::DeleteFunction { .. } => o.function = None,

        Action::BeforeHandover { at } => {
            assert!(o.time.is_none_or(|time| time < *at), "it has passed");
        }
        Action::CreateTrigger { function, stream_arn, spec, .. } => {
            assert!(o.function.is_some() && o.stream.is_some(), "the trigger has nothing to join");
            assert!(!o.triggers.iter().any(|t| t.source_arn == *stream_arn), "the trigger exists already");
            o.triggers.push(trigger_from(spec, &format!("uuid of {function}"), stream_arn));
        }
        Action::AwaitTrigger { uuid } => {
            let trigger = o.triggers.iter_mut().find(|t| t.uuid == *uuid).expect("the trigger exists");
            trigger.state = TriggerState::Enabled;
        }
        Action::UpdateTrigger { uuid, spec, .. } => {
            let trigger = o.triggers.iter_mut().find(|t| t.uuid == *uuid).expect("the trigger exists");
            *trigger = trigger_from(spec, uuid, &trigger.source_arn);
        }
        Action::DeleteTrigger { uuid } | Action::AwaitTriggerGone { uuid } => {
            o.triggers.retain(|t| t.uuid != *uuid);
        }

        Action::PutFilter(spec) => {
            assert!(o.stream.is_some() && o.logs_role.is_some(), "the filter has nowhere to write");
            let group = o.groups.get_mut(&spec.log_group).expect("the log group exists");
            group.filters.retain(|f| f.name != spec.name);
            group.filters.push(ObservedFilter {
                name: spec.name.clone(),
                pattern: spec.pattern.value.clone(),
                destination_arn: spec.destination_arn.clone(),
                role_arn: Some(spec.role_arn.clone()),
                distribution: spec.distribution.value,
                extras: spec.extras.clone(),
            });
        }
        Action::PutAccountPolicy { policy, no_longer } => {
            assert!(o.stream.is_some() && o.logs_role.is_some(), "the account policy has nowhere to write");
            let other = o.account_policy.as_ref().filter(|is| is.name != policy.name);
            assert_eq!(other, None, "there is one account policy in an account and region");
            put_policy(o, policy.over(o.account_policy.as_ref(), no_longer));
        }
        Action::LeaveOut { policy, log_groups } => {
            let is = o.account_policy.as_ref().filter(|is| is.name == *policy);
            put_policy(o, is.and_then(|is| is.leaving_out(log_groups)));
        }
        Action::StopLeavingOut { policy, log_group } => {
            let is = o.account_policy.as_ref().filter(|is| is.name == *policy);
            put_policy(o, is.and_then(|is| is.not_leaving_out(log_group)));
        }
        Action::ReplaceAccountPolicy { name, put } => {
            apply_action(stack, o, &Action::DeleteAccountPolicy { name: name.clone() });
            apply_action(
                stack,
                o,
                &Action::PutAccountPolicy { policy: put.clone(), no_longer: BTreeSet::new() },
            );
        }
        Action::DeleteAccountPolicy { .. } => o.account_policy = None,
        Action::ReplaceFilter { name, put } => {
            let (log_group, name) = (put.log_group.clone(), name.clone());
            apply_action(stack, o, &Action::DeleteFilter { log_group, name });
            apply_action(stack, o, &Action::PutFilter(put.clone()));
        }
        Action::DeleteFilter { log_group, name } => {
            let own = o.log_group.as_mut().filter(|own| own.name == *log_group);
            assert!(own.is_some() || o.groups.contains_key(log_group), "the log group exists");
            own.into_iter().for_each(|own| own.filters.retain(|f| f.name != *name));
            let group = o.groups.get_mut(log_group);
            group.into_iter().for_each(|group| group.filters.retain(|f| f.name != *name));
        }
    }
}

fn put_policy(o: &mut Observed, put: Option<AccountPolicy>) {
    let Some(put) = put else { return };
    assert!(put.selection().len() <= SELECTION_BYTES, "the selection criteria are too long");
    o.account_policy = Some(AccountPolicy::read(&put.name, &put.document, &put.selection()));
}

/// Used by the generators: any architecture and distribution.
pub(crate) const ARCHES: [Arch; 2] = [Arch::X86_64, Arch::Arm64];
/// See [`ARCHES`].
pub(crate) const DISTRIBUTIONS: [Distribution; 2] = [Distribution::ByLogStream, Distribution::Random];
