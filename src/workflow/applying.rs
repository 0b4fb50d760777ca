//! Carries a plan out, shows its steps as they run, and tells those who read `--output jsonl`.

use super::context::Context;
use super::events::Events;
use super::steps::Steps;
use crate::apply::{Applied, ApplyError, Event, apply};
use crate::aws::Session;
use crate::resources::Plan;

/// Carries out a plan that was announced.
///
/// # Errors
/// See [`apply`].
pub(crate) async fn applying(
    context: Context<'_>,
    session: &Session,
    plan: &Plan,
) -> Result<Applied, Box<ApplyError>> {
    let steps = Steps::new(context.progress, plan);
    let events = Events::new(context.live);
    let tell = |event: Event<'_>| {
        events.step(&event);
        steps.show(event);
    };
    // Rows that did not come to their end come before what is said of them: they are shown when `steps` is dropped.
    apply(session, plan, &tell).await
}
