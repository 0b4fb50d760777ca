//! What each action does to the event source mappings, in the model of AWS for the tests of the planner.

use super::Action;
use crate::resources::alias::observed::LIVE;
use crate::resources::{Observed, ObservedTrigger, Stack, Start, TriggerSpec, TriggerState, UNLIMITED};
use crate::stack::Setting;

/// A mapping for which nothing was asked for.
pub(crate) fn default_trigger() -> TriggerSpec {
    TriggerSpec {
        batch_size: Setting::default(500),
        window_seconds: Setting::default(1),
        parallelization: Setting::default(1),
        bisect: Setting::default(true),
        event_counts: Setting::asked(true),
        on_failure: Setting::default(None),
        max_age_seconds: UNLIMITED,
        start: Start::default(),
    }
}

fn trigger_from(spec: &TriggerSpec, uuid: &str, source_arn: &str) -> ObservedTrigger {
    ObservedTrigger {
        uuid: uuid.to_owned(),
        source_arn: source_arn.to_owned(),
        qualifier: Some(LIVE.to_owned()),
        state: TriggerState::Enabled,
        last_result: None,
        batch_size: spec.batch_size.value,
        window_seconds: spec.window_seconds.value,
        parallelization: spec.parallelization.value,
        bisect: spec.bisect.value,
        event_counts: spec.event_counts.value,
        max_retries: -1,
        max_age_seconds: spec.max_age_seconds,
        reports_item_failures: true,
        is_filtered: false,
        tumbling_window_seconds: 0,
        // With a time, the time: tests look at it.
        starting_position: spec.start.time().unwrap_or_else(|| spec.start.position().to_owned()),
        on_failure: spec.on_failure.value.clone(),
    }
}

pub(crate) fn apply(_: &Stack, o: &mut Observed, action: &Action) {
    match action {
        Action::Create { function, stream_arn, spec, .. } => {
            let live = o.function.as_ref().and_then(|function| function.live());
            assert!(live.is_some() && o.stream.is_some(), "the trigger has nothing to join");
            assert!(!o.triggers.iter().any(|t| t.source_arn == *stream_arn), "the trigger exists already");
            o.triggers.push(trigger_from(spec, &format!("uuid of {function}"), stream_arn));
        }
        Action::Await { uuid } => {
            let trigger = o.triggers.iter_mut().find(|t| t.uuid == *uuid).expect("the trigger exists");
            trigger.state = TriggerState::Enabled;
        }
        Action::Update { uuid, function, spec } => {
            let live = o.function.as_ref().and_then(|function| function.live());
            assert!(function.is_none() || live.is_some(), "there is no alias to call");
            let trigger = o.triggers.iter_mut().find(|t| t.uuid == *uuid).expect("the trigger exists");
            let qualifier =
                if function.is_some() { Some(LIVE.to_owned()) } else { trigger.qualifier.clone() };
            *trigger = ObservedTrigger { qualifier, ..trigger_from(spec, uuid, &trigger.source_arn) };
        }
        Action::Delete { uuid } | Action::AwaitGone { uuid } => {
            o.triggers.retain(|t| t.uuid != *uuid);
        }
    }
}
