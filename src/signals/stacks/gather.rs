//! Which stacks resources belong to. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::tagged::Tagged;
use crate::stack::arn::Arn;
use crate::stack::names::{REGION_TAG, STACK_TAG, VERSION_TAG};
use crate::stack::{Names, RoleScope, StackName, Target};

/// The stacks that were found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Each with the version in its tags: that of its function, else that of another resource.
    pub(crate) stacks: BTreeMap<StackName, Option<String>>,
    /// Values of the tag that no stack can have: somebody else uses it.
    pub(crate) strangers: BTreeSet<String>,
}

/// The stacks that tags name. A resource counts where a stack of that name has one with this ARN, in this region.
pub(crate) fn by_tags(resources: &[Tagged], target: &Target) -> Found {
    let mut found = Found::default();
    // The version of the function is the one that matters, so it comes last.
    let (functions, others): (Vec<&Tagged>, Vec<&Tagged>) =
        resources.iter().partition(|resource| resource.arn.starts_with(&target.arn("lambda", "function:")));
    for Tagged { arn, tags } in others.into_iter().chain(functions) {
        let Some(value) = tags.get(STACK_TAG) else { continue };
        if tags.get(REGION_TAG).is_none_or(|region| region != target.region.as_str()) {
            continue;
        }
        let Ok(stack) = value.parse::<StackName>() else {
            found.strangers.insert(value.clone());
            continue;
        };
        if is_of(&stack, arn, target) {
            let version = found.stacks.entry(stack).or_default();
            *version = tags.get(VERSION_TAG).cloned().or_else(|| version.take());
        }
    }
    found
}

/// Whether a stack of this name has a resource with this ARN.
fn is_of(stack: &StackName, arn: &str, target: &Target) -> bool {
    let names = Names::new(stack, &target.region, RoleScope::Plain);
    let log_group = target.arn("logs", format_args!("log-group:{}", names.function_log_group));
    let canary = target.arn("logs", format_args!("log-group:{}", stack.canary_log_group()));
    let arn = arn.strip_suffix(":*").unwrap_or(arn);
    // Functions of isolated destinations, and their log groups, have a longer name.
    let is = |own: &str| arn.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    arn == names.stream_arn(target)
        || is(&names.function_arn(target))
        || is(&log_group)
        || arn == canary
        || arn.starts_with(&target.arn("lambda", "event-source-mapping:"))
}

/// The stacks that names alone tell of: event source mappings, each with the ARNs of its stream and its function, and
/// log groups. Without tags nobody knows whether cwl2le made them.
pub(crate) fn by_names(mappings: &[(String, String)], log_groups: &[String], target: &Target) -> Found {
    let streams = target.arn("kinesis", "stream/");
    let of_mapping = mappings.iter().filter_map(|(stream, function)| {
        let stack = StackName::of_stream(stream.strip_prefix(&streams)?)?;
        is_of(&stack, &unqualified(function)?, target).then_some(stack)
    });
    let of_log_group = log_groups.iter().filter_map(|name| {
        let function = name.strip_prefix("/aws/lambda/")?;
        StackName::of_function(function)
    });
    Found {
        stacks: of_mapping.chain(of_log_group).map(|stack| (stack, None)).collect(),
        strangers: BTreeSet::new(),
    }
}

/// The ARN of a function without an alias or version.
fn unqualified(arn: &str) -> Option<String> {
    let qualifier = Arn::parse(arn)?.qualifier();
    Some(match qualifier {
        Some(qualifier) => arn.strip_suffix(qualifier)?.strip_suffix(':')?.to_owned(),
        None => arn.to_owned(),
    })
}
