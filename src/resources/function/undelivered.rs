//! Whether the triggers say that there may be records in the stream that nobody has delivered.

use crate::resources::function::forwarders::existing;
use crate::resources::{Observed, ObservedTrigger, Stack, TriggerState};

/// Why there may be records in the stream that nobody has delivered, as far as the triggers say.
pub(crate) fn undelivered(stack: &Stack, observed: &Observed) -> Option<String> {
    let stream_arn = stack.names.stream_arn(&stack.target);
    let of_stream = |triggers: &[ObservedTrigger]| {
        triggers.iter().find(|trigger| trigger.source_arn == stream_arn).cloned()
    };
    let Some(main) = of_stream(&observed.triggers) else {
        return Some("no trigger of this stack reads it".to_owned());
    };
    let own = existing(stack, observed).into_iter().filter_map(|own| of_stream(&own.observed.triggers));
    [main].into_iter().chain(own).find_map(|trigger| {
        let result = trigger.last_result.as_deref().unwrap_or_default();
        if result.starts_with("PROBLEM") {
            Some(format!("the last result of its trigger is `{result}`"))
        } else if trigger.state == TriggerState::Disabled {
            Some("its trigger is disabled".to_owned())
        } else {
            None
        }
    })
}
