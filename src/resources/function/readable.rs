//! Whether the configuration of the functions can be read, where it would be replaced.

use super::configuration::{Unreadable, whole_config};
use crate::error::Code;
use crate::resources::filter::own::is_own_filter;
use crate::resources::{Kind, Observed, ObservedTrigger, Refusal, ResourceId, Stack, TriggerState};

/// Refuses to replace what cannot be read by anything but a complete description.
pub(crate) fn must_be_readable(stack: &Stack, observed: &Observed) -> Result<(), Refusal> {
    let (function, reason, hint) = match (whole_config(observed), lost_function(stack, observed)) {
        (Err(Unreadable { function, reason }), _) => (function, reason, Unreadable::HINT),
        // Without a configuration the function is refused anyway.
        (Ok(_), Some(reason)) if stack.function.config.is_some() && !stack.function.names_service => {
            let hint = "describe the stack in cwl2le.toml, or say where lines go with --logentries-region or --logentries-endpoint";
            (stack.names.function.clone(), format!("{reason}, and a token does not say it"), hint)
        }
        (Ok(_), _) => return Ok(()),
    };
    // Variables that are not shown would be overwritten with the rest.
    let hidden = observed.functions().any(|function| function.hidden_environment.is_some());
    if stack.function.config.is_some() && stack.function.config_is_complete && !hidden {
        return Ok(());
    }
    let resource = ResourceId::new(Kind::FUNCTION, function);
    Err(Refusal { resource, code: Code::Unreadable, reason, hint: hint.to_owned() })
}

/// Says that the function was deleted, and its configuration with it: something that is created after it, and removed
/// before it, still exists.
pub(crate) fn lost_function(stack: &Stack, observed: &Observed) -> Option<String> {
    if observed.function.is_some() {
        return None;
    }
    let stream = stack.names.stream_arn(&stack.target);
    let is_trigger =
        |trigger: &ObservedTrigger| trigger.source_arn == stream && trigger.state != TriggerState::Deleting;
    let mut filters = observed.groups.values().flat_map(|group| &group.filters);
    let what = if observed.triggers.iter().any(is_trigger) {
        "its trigger"
    } else if observed
        .account_policy
        .as_ref()
        .is_some_and(|is| stack.is_own_subscription(&is.name, &is.destination_arn, None))
    {
        "the account policy"
    } else if filters.any(|filter| is_own_filter(stack, filter, None)) {
        "a subscription filter"
    } else {
        return None;
    };
    Some(format!(
        "it was deleted, and {what} still exists: where its configuration sent the lines is not known"
    ))
}
