//! Which log groups the flags select, and what exists of them.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};

use super::context::Context;
use crate::aws::{Notice, Session};
use crate::error::{Code, Error, Result};
use crate::flags::Groups;
use crate::resources::{
    Depth, LogGroup, Observed, ObservedGroup, list_log_groups, observe, observe_log_groups, recursion,
    tags_of_log_group,
};
use crate::settings::subscriptions::left_out_now;
use crate::stack::arn::log_group_names;
use crate::stack::selection::{Candidate, Selector, Wanted};
use crate::stack::{Names, RoleScope, StackName, Tags, Target, is_canary};

/// Maximum number of log groups whose tags are read at once. `aws` limits the rate of the calls.
const TAGS_AT_ONCE: usize = 16;

/// What exists of the stack and of the selected log groups.
pub(crate) struct Chosen {
    pub(crate) scope: RoleScope,
    pub(crate) observed: Observed,
    /// Their names, sorted, none twice.
    pub(crate) log_groups: Vec<String>,
    /// Whether more than names was given. Then a log group that is refused does not stop the others.
    pub(crate) wide: bool,
}

/// What exists of the stack and of every log group, and what an account policy is to leave out.
pub(crate) struct Survey {
    pub(crate) scope: RoleScope,
    pub(crate) observed: Observed,
    /// The names of the log groups that the exclusions match.
    pub(crate) excluded: BTreeSet<String>,
}

/// What to do with log groups that would make a log loop, unless they are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loops {
    /// Do not subscribe them.
    LeftOut,
    /// Remove their filters.
    Included,
}

/// Reads every log group of the region: AWS cannot list those that have a filter.
pub(crate) async fn survey(
    context: Context<'_>,
    session: &Session,
    stack: &StackName,
    args: &Groups,
) -> Result<Survey> {
    let selector = selector(args, &session.target)?;
    let (stack_read, listed) =
        tokio::join!(observe(session, stack, &[], Depth::Stack), list_log_groups(session, None));
    let ((scope, mut observed), listed) = (stack_read?, listed?);
    let candidates = candidates(&listed);
    for glob in selector.excluding_globs() {
        context.note(&left_out_now(glob));
    }
    let excluded = selector.excluded_names(&candidates);
    observed.groups = read(context, session, listed).await?;
    Ok(Survey { scope, observed, excluded })
}

/// Log groups given by name take two calls each. For anything else this lists the region, a call for every 50 log
/// groups, and reads each log group that is selected, a call each.
pub(crate) async fn choose(
    context: Context<'_>,
    session: &Session,
    stack: &StackName,
    args: &Groups,
    loops: Loops,
) -> Result<Chosen> {
    let selector = selector(args, &session.target)?;
    if !selector.needs_listing() {
        let mut log_groups = named(&args.log_groups, &session.target)?;
        let (scope, observed) = observe(session, stack, &log_groups, Depth::Stack).await?;
        log_groups.sort();
        log_groups.dedup();
        return Ok(Chosen { scope, observed, log_groups, wide: false });
    }

    let (stack_read, listed) =
        tokio::join!(observe(session, stack, &[], Depth::Stack), list_log_groups(session, None));
    let ((scope, mut observed), mut listed) = (stack_read?, listed?);
    let candidates = candidates(&listed);
    let wanted_tags = selector.needs_tags_of(&candidates).into_iter().map(ToOwned::to_owned).collect();
    let tags = tags(session, wanted_tags).await?;
    let names = Names::new(stack, &session.target.region, scope);
    let would_loop = |name: &str| match loops {
        Loops::LeftOut => recursion(&names, &observed.readers, &observed.writers, name),
        Loops::Included => None,
    };
    let selection = selector.select(&candidates, &tags, would_loop);
    selection.unmatched.iter().for_each(|what| context.note(&format!("{what} matches no log group")));
    for out in &selection.left_out {
        context.note(&format!("leaves out {}: {}", out.log_group, out.reason));
    }
    // An account policy can be removed even where no log group exists.
    if selection.groups.is_empty() && !(args.all && observed.account_policy.is_some()) {
        return Err(Error::new(
            Code::UnknownLogGroup,
            format!("no log group of {} matches ({} exist)", session.target.region, listed.len()),
        )
        .hint("look at the globs and tags: `*` also matches slashes, letters match by case"));
    }
    listed.retain(|group| selection.groups.binary_search(&group.name).is_ok());
    observed.groups = read(context, session, listed).await?;
    Ok(Chosen { scope, observed, log_groups: selection.groups, wide: true })
}

/// The names of log groups that are given by name or ARN.
pub(crate) fn named(log_groups: &[String], target: &Target) -> Result<Vec<String>> {
    log_group_names(log_groups, target).map_err(|problem| {
        Error::usage(problem, "give --region and --profile of the log group, or leave it out")
    })
}

fn selector(args: &Groups, target: &Target) -> Result<Selector> {
    let wanted = Wanted {
        names: named(&args.log_groups, target)?,
        globs: named(&args.matches, target)?,
        excludes: named(&args.excludes, target)?,
        tags: args.tags.iter().cloned().collect(),
        all: args.all,
    };
    Selector::new(wanted).map_err(|error| Error::usage(error.to_string(), "fix the glob pattern"))
}

fn candidates(listed: &[LogGroup]) -> Vec<Candidate<'_>> {
    let groups = listed.iter().filter(|group| !is_canary(&group.name));
    groups.map(|group| Candidate { name: &group.name, class: &group.class }).collect()
}

/// The filters of log groups that were listed, a call each.
async fn read(
    context: Context<'_>,
    session: &Session,
    listed: Vec<LogGroup>,
) -> Result<BTreeMap<String, ObservedGroup>> {
    let reading = context.progress.begin(format!("reading {} log groups", listed.len()));
    let notice = |notice: Notice<'_>| {
        if let Notice::Read { done, total } = notice {
            reading.waiting(format_args!("{done} of {total}"));
        }
    };
    observe_log_groups(session.telling(&notice), listed).await
}

/// The tags of log groups by name.
pub(crate) async fn tags(session: &Session, log_groups: Vec<String>) -> Result<BTreeMap<String, Tags>> {
    let read = stream::iter(log_groups).map(|name| async move {
        let tags = tags_of_log_group(session, &name).await?;
        Ok::<_, crate::error::Error>((name, tags))
    });
    read.buffer_unordered(TAGS_AT_ONCE).try_collect().await
}
