//! The way back from a new version that fails.

use super::moved::Moved;
use crate::aws::Session;
use crate::error::{Code, Error, Result};
use crate::resources::alias::back_step;
use crate::resources::function::aws::observe_function;
use crate::resources::{Plan, Stack};
use crate::workflow::Context;
use crate::workflow::applying::applying;
use crate::workflow::events::Events;

/// Makes the versions before live again, or keeps them live, and notes at the alias that the new ones are not to come
/// back by themselves. A function that another run has moved meanwhile stays where it is.
///
/// # Errors
/// [`Code::Changed`] where another run has moved a function; whatever the calls fail with.
pub(super) async fn go_back(
    context: Context<'_>,
    session: &Session,
    stack: &Stack,
    moved: &[Moved],
) -> Result<()> {
    let (mut plan, mut elsewhere) = (Plan::default(), Vec::new());
    for Moved { function, from, to, .. } in moved {
        let is = observe_function(session.into(), function).await?;
        let live = is.as_ref().and_then(|is| is.live());
        let (Some(live), Some(from)) = (live, *from) else {
            elsewhere.push(function.as_str());
            continue;
        };
        match live.number() {
            Some(number) if number == from || number == *to => {
                plan.steps.push(back_step(&stack.names_of(function), live, from, *to));
            }
            _ => elsewhere.push(function.as_str()),
        }
    }
    Events::new(context.live).planned(&plan);
    applying(context, session, &plan).await.map_err(|failure| failure.error)?;
    if elsewhere.is_empty() {
        return Ok(());
    }
    let message = format!("another run has moved the alias of {} meanwhile", elsewhere.join(", "));
    Err(Error::new(Code::Changed, message).hint("see what is live with `cwl2le versions`"))
}
