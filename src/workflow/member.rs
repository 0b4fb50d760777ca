//! A member account: which of its log groups send to the destination of another account, and what has to change for it.

use std::collections::BTreeMap;

use super::context::Context;
use super::log_groups::{look_for_similar, named};
use super::patterns;
use super::plan_stack::{Planned, wanted_subscriptions, whose};
use super::reading;
use crate::aws::{Notice, Session};
use crate::error::{Error, Failure, Result};
use crate::flags::CommandLine;
use crate::resources::to_destination::ADD_ROLE;
use crate::resources::{
    self, Depth, FilterOptions, Kind, Observed, Plan, Stack, list_log_groups, observe_log_groups,
    observe_member,
};
use crate::settings::{self, File, Membership, Wanted};
use crate::stack::StackName;

/// The plan of `setup` for a member account: the role, and the subscriptions of flags and file.
///
/// # Errors
/// The destination cannot be sent to from here; whatever the reads fail with.
pub(crate) async fn plan_member(
    context: Context<'_>,
    session: &Session,
    args: &Wanted,
    member: &Membership,
) -> Result<Planned> {
    let (name, file) = (context.stack(&args.stack), context.file);
    member.check(&session.target)?;
    let with_subscriptions = file.filter(|file| file.has_subscriptions());
    let depth = if with_subscriptions.is_some() { Depth::Everything } else { Depth::Stack };
    let log_groups = named(&args.log_groups, &session.target)?;
    let (scope, mut observed) = {
        let step = context.progress.begin("reading the log groups");
        let notice = |notice: Notice<'_>| reading::tell(&step, notice);
        observe_member(session.telling(&notice), &name, &member.destination, &log_groups, depth).await?
    };
    look_for_similar(session, &log_groups, &mut observed).await;
    let stack = member.stack(args, file, &name, &session.target, scope, &observed)?;
    let options = FilterOptions { adopt: args.adopt, replace: args.filter.replace.clone() };
    let by_flags = args.filter.specs(&stack, &log_groups, None);
    let (mut empty_sections, mut notes) = (Vec::new(), file.map(File::warnings).unwrap_or_default());
    let subscriptions = match with_subscriptions {
        None => resources::subscribe(&stack, &by_flags, &observed, &options),
        Some(file) => {
            let wanted;
            (wanted, empty_sections) =
                wanted_subscriptions(Some(session), file, &stack, &observed, by_flags, &mut notes).await?;
            resources::bring_subscriptions(&stack, &wanted, &observed, &options)
        }
    };
    let mut plan = resources::with_member_role(&stack, &observed, args.adopt, subscriptions);
    // A file without subscriptions leaves none that needs the role.
    if with_subscriptions.is_some() && !member.role {
        plan = resources::without_member_role(&stack, &observed, plan);
    }
    let mut plan = resources::name_losses(&stack, &observed, plan);
    plan.notes.splice(..0, notes);
    plan.head = settings::head(whose(context, session, args, &name), args, file, &stack, &observed);
    patterns::check(session, &mut plan).await?;
    Ok(Planned { stack, plan, empty_sections, is_new: false })
}

/// A member account with every log group of the region, and what it is to be.
///
/// # Errors
/// The destination cannot be sent to from here; whatever the reads fail with.
pub(crate) async fn whole_member(
    context: Context<'_>,
    session: &Session,
    name: &StackName,
    member: &Membership,
) -> Result<(Stack, Observed)> {
    member.check(&session.target)?;
    let step = context.progress.begin("reading the log groups");
    let notice = |notice: Notice<'_>| reading::tell(&step, notice);
    let aws = session.telling(&notice);
    let (scope, observed) = observe_member(aws, name, &member.destination, &[], Depth::Everything).await?;
    let stack = member.stack(&Wanted::default(), context.file, name, &session.target, scope, &observed)?;
    Ok((stack, observed))
}

/// Reads the rest of the log groups where the account has a role: any of them may have a filter that uses it.
///
/// # Errors
/// Whatever the reads fail with.
pub(crate) async fn see_role_users(session: &Session, observed: &mut Observed) -> Result<()> {
    if observed.logs_role.is_none() {
        return Ok(());
    }
    let listed = list_log_groups(session, None).await?;
    let unread = listed.into_iter().filter(|group| !observed.groups.contains_key(&group.name)).collect();
    let others: BTreeMap<_, _> = observe_log_groups(session, unread).await?;
    observed.groups.extend(others);
    Ok(())
}

/// Whether a refusal leaves the rest of a plan to be carried out: one of a log group does, one of the role does not.
pub(crate) fn is_wide(wide: bool, plan: &Plan) -> bool {
    wide && plan.refused.iter().all(|refused| refused.resource.kind != Kind::ROLE)
}

/// An error with the whole command in the place of the advice to give a flag.
pub(crate) fn with_command(error: Error, again: &CommandLine) -> Error {
    let flag = ["--member-role".to_owned()];
    let command = format!("run `{}`", again.clone().with(&flag));
    let whole = |hint: Option<String>| hint.map(|hint| hint.replace(ADD_ROLE, &command));
    let failed = error.failed.iter().cloned();
    let failed = failed.map(|failure| Failure { hint: whole(failure.hint), ..failure }).collect();
    Error { hint: whole(error.hint), failed, ..error }
}
