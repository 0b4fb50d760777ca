//! What the changes of a plan do to the bill.

use super::context::Context;
use crate::aws::{Aws, Session};
use crate::error::Result;
use crate::prices::Prices;
use crate::resources::{self, Cost, Observed, Plan, Stack, depends_on_use, new_log_groups};
use crate::signals::cost::lately;
use crate::stack::RoleScope;

/// What a stack costs a month, as it is and with the changes. What it has used lately, and what new log groups have
/// logged, is in it if the changes cost or save something, unless it cannot be read. `confirm_above` is the limit of
/// [`Cost::confirm_above`].
///
/// # Errors
/// Only a stop by the user.
pub(crate) async fn bill(
    context: Context<'_>,
    session: &Session,
    confirm_above: Option<u32>,
    scope: RoleScope,
    (stack, observed, plan): (&Stack, &Observed, &Plan),
) -> Result<Cost> {
    let prices = Prices::of_region(session.target.region.as_str());
    let mut cost = resources::cost(stack, observed, plan, None, &prices);
    if cost.now.is_some() && (cost.differs() || depends_on_use(stack, observed, plan)) {
        let reading = context.progress.begin("reading what the stack uses");
        let new = new_log_groups(stack, observed, plan);
        let used = lately(Aws::from(session), &stack.name, scope, observed, &new).await?;
        drop(reading);
        cost = resources::cost(stack, observed, plan, used.as_ref(), &prices);
    }
    Ok(Cost { confirm_above, ..cost })
}
