//! The plan for what flags and file want: of a whole stack, or of a member account.

use super::context::Context;
use super::member::plan_member;
use super::plan_stack::{Planned, plan_stack};
use crate::aws::Session;
use crate::error::Result;
use crate::settings::{Wanted, membership};

/// Reads the account and makes the plan for `at`, the time of an earlier plan in seconds since 1970; now by default.
///
/// # Errors
/// As those of [`plan_stack`] and [`plan_member`].
pub(crate) async fn plan_wanted(
    context: Context<'_>,
    session: &Session,
    args: &Wanted,
    at: Option<u64>,
) -> Result<Planned> {
    match membership(&args.member, context.file)? {
        Some(member) => Box::pin(plan_member(context, session, args, &member)).await,
        None => Box::pin(plan_stack(context, session, args, at)).await,
    }
}
