//! The way back from a new version that fails.

use super::moved::Moved;
use crate::aws::Session;
use crate::error::{Code, Error, Result};
use crate::resources::alias::back_step;
use crate::resources::function::aws::observe_function;
use crate::resources::{Before, Plan, Stack};
use crate::workflow::Context;
use crate::workflow::applying::applying;
use crate::workflow::events::Events;

/// Makes the versions before live again, or keeps them live, and notes at the alias that the new ones are not to come
/// back by themselves. A function that another run has moved meanwhile stays where it is.
///
/// # Errors
/// [`Code::NotFound`] where there is no version to go back to; [`Code::Changed`] where another run has moved a function; whatever the calls fail with.
pub(super) async fn go_back(
    context: Context<'_>,
    session: &Session,
    stack: &Stack,
    moved: &[Moved],
) -> Result<()> {
    let (mut plan, mut elsewhere) = (Plan::default(), Vec::new());
    if let Some(first) = moved.iter().find(|moved| moved.from.is_none()) {
        let message =
            format!("{} had no published version before, so there is none to go back to", first.function);
        return Err(Error::new(Code::NotFound, message).hint("see what is live with `cwl2le versions`"));
    }
    for Moved { function, from, to, .. } in moved {
        let is = observe_function(session.into(), function).await?;
        let live = is.as_ref().and_then(|is| is.live());
        let (Some(live), Some(from)) = (live, *from) else {
            elsewhere.push(function.as_str());
            continue;
        };
        match live.number() {
            Some(number) if number == from || number == *to => {
                plan.steps.push(back_step(
                    &stack.names_of(function),
                    live,
                    from,
                    Before::RolledBackFrom(*to),
                ));
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
