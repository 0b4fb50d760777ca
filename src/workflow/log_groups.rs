//! Which log groups the flags select, and what exists of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cwl2le_forwarder::glob::Glob;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::context::Context;
use crate::aws::{Aws, Notice, Session};
use crate::error::{Code, Error, Result, did_you_mean, nearest};
use crate::flags::Groups;
use crate::output::style::DIM;
use crate::output::{hanging, visible, width};
use crate::resources::{
    Depth, LogGroup, Observed, ObservedGroup, first_log_groups, list_log_groups, observe, observe_log_groups,
    observe_member, recursion, tags_of_log_group,
};
use crate::settings::Membership;
use crate::settings::subscriptions::left_out_now;
use crate::stack::arn::log_group_names;
use crate::stack::selection::{Candidate, LeftOut, Selection, Selector, Wanted};
use crate::stack::{Names, RoleScope, StackName, Tags, Target, is_canary};

/// Maximum number of log groups whose tags are read at once. `aws` limits the rate of the calls.
const TAGS_AT_ONCE: usize = 16;

/// Maximum time to look for log groups that were meant, and maximum number of pages of 50 names.
const HINT: Duration = Duration::from_secs(10);
const HINT_PAGES: usize = 20;
/// Number of names of log groups that are left out for the same reason.
const EXAMPLES: usize = 3;

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

/// The chain that log groups are led into: the stream of a stack, or in a member account the destination of another one.
#[derive(Clone, Copy)]
pub(crate) struct Way<'a> {
    pub(crate) stack: &'a StackName,
    pub(crate) member: Option<&'a Membership>,
}

impl Way<'_> {
    /// What exists of it, without log groups but these.
    async fn observe(self, session: &Session, groups: &[String]) -> Result<(RoleScope, Observed)> {
        match self.member {
            Some(member) => {
                observe_member(session, self.stack, &member.destination, groups, Depth::Stack).await
            }
            None => observe(session, self.stack, groups, Depth::Stack).await,
        }
    }

    fn names(self, target: &Target, scope: RoleScope) -> Names {
        match self.member {
            Some(member) => Names::of_member(self.stack, &target.region, scope, &member.destination),
            None => Names::new(self.stack, &target.region, scope),
        }
    }
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
    way: Way<'_>,
    args: &Groups,
) -> Result<Survey> {
    let selector = selector(args, &session.target)?;
    let (stack_read, listed) = tokio::join!(way.observe(session, &[]), list_log_groups(session, None));
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
    way: Way<'_>,
    args: &Groups,
    loops: Loops,
) -> Result<Chosen> {
    let selector = selector(args, &session.target)?;
    if !selector.needs_listing() {
        let mut log_groups = named(&args.names(), &session.target)?;
        let (scope, mut observed) = way.observe(session, &log_groups).await?;
        look_for_similar(session, &log_groups, &mut observed).await;
        log_groups.sort();
        log_groups.dedup();
        return Ok(Chosen { scope, observed, log_groups, wide: false });
    }

    let (stack_read, listed) = tokio::join!(way.observe(session, &[]), list_log_groups(session, None));
    let ((scope, mut observed), mut listed) = (stack_read?, listed?);
    let candidates = candidates(&listed);
    let wanted_tags = selector.needs_tags_of(&candidates).into_iter().map(ToOwned::to_owned).collect();
    let tags = tags(session, wanted_tags).await?;
    let names = way.names(&session.target, scope);
    let would_loop = |name: &str| match loops {
        Loops::LeftOut => recursion(&names, &observed.readers, &observed.writers, name),
        Loops::Included => None,
    };
    let selection = selector.select(&candidates, &tags, would_loop);
    let is_empty = selection.groups.is_empty() && !(args.all && observed.account_policy.is_some());
    if !is_empty {
        selection.unmatched.iter().for_each(|what| context.note(&format!("{what} matches no log group")));
    }
    skipped(&selection.left_out).iter().for_each(|line| context.note(line));
    // An account policy can be removed even where no log group exists.
    if is_empty {
        return Err(nothing_matches(args, &selection, &candidates, &session.target));
    }
    let missing = selection.groups.iter().filter(|group| !listed.iter().any(|there| there.name == **group));
    observed.similar = similar(missing, listed.iter().map(|group| group.name.as_str()));
    listed.retain(|group| selection.groups.binary_search(&group.name).is_ok());
    observed.groups = read(context, session, listed).await?;
    Ok(Chosen { scope, observed, log_groups: selection.groups, wide: true })
}

/// The error of a selection that takes nothing.
fn nothing_matches(
    args: &Groups,
    selection: &Selection,
    candidates: &[Candidate<'_>],
    target: &Target,
) -> Error {
    let count = candidates.len();
    let there = format!("{} has {count} log group{}", target.region, if count == 1 { "" } else { "s" });
    let message = match (&selection.unmatched[..], &selection.left_out[..]) {
        ([], []) => format!("no log group matches all of the flags; {there}"),
        ([], left_out) => format!("every log group that matches is left out: {}", left_out[0].reason),
        (unmatched, _) => format!("nothing matches {}; {there}", unmatched.join(" or ")),
    };
    let globs = args.globs();
    let meant = globs.iter().find_map(|glob| glob_that_matches(glob, candidates));
    Error::new(Code::UnknownLogGroup, message).hint(match meant {
        Some(glob) => format!("did you mean `{glob}`?"),
        None => {
            "check the globs and tags: `*` also matches slashes, and upper and lower case differ".to_owned()
        }
    })
}

/// A glob like this one that matches something: with the slash that it lacks, for the last part of a path, or in lower
/// case.
fn glob_that_matches(glob: &str, candidates: &[Candidate<'_>]) -> Option<String> {
    let plain = glob.trim_start_matches('/');
    let others = [format!("/{plain}"), format!("*/{plain}"), glob.to_lowercase(), format!("{glob}*")];
    let matches = |other: &String| {
        let glob = Glob::new(other).ok();
        glob.is_some_and(|glob| candidates.iter().any(|group| glob.matches(group.name)))
    };
    others.into_iter().find(|other| other != glob && matches(other))
}

/// Notes for log groups that were asked for and do not exist which ones were probably meant. It lists the first
/// thousand of the region, unless all have been read.
pub(crate) async fn look_for_similar(session: &Session, wanted: &[String], observed: &mut Observed) {
    let missing: Vec<&String> = wanted.iter().filter(|name| !observed.groups.contains_key(*name)).collect();
    if missing.is_empty() {
        return;
    }
    let names = names(session).await;
    observed.similar = similar(missing.into_iter(), names.iter().map(String::as_str));
}

/// The error for a log group that does not exist, with the one that was probably meant. Any other error stays as it is.
pub(crate) async fn explained(session: &Session, log_group: &str, error: Error) -> Error {
    if error.code != Code::UnknownLogGroup {
        return error;
    }
    let names = names(session).await;
    let hint = did_you_mean(log_group, names.iter().map(String::as_str));
    let message = format!("there is no log group `{log_group}` in {}", session.target.region);
    Error { message, hint: hint.or(error.hint), ..error }
}

/// The names of the first log groups of the region; none where they cannot be listed. They are only for a hint.
async fn names(session: &Session) -> Vec<String> {
    let listing = first_log_groups(Aws::from(session).at_most(HINT), HINT_PAGES);
    let listed = tokio::time::timeout(session.attempt(HINT), listing).await;
    listed.ok().and_then(|listed| listed.ok()).unwrap_or_default()
}

fn similar<'a>(
    missing: impl Iterator<Item = &'a String>,
    names: impl Iterator<Item = &'a str> + Clone,
) -> BTreeMap<String, String> {
    let found = missing.filter_map(|name| Some((name.clone(), nearest(name, names.clone())?.to_owned())));
    found.collect()
}

/// What to say of the log groups that are left out: a line for each reason, with three of them.
fn skipped(left_out: &[LeftOut]) -> Vec<String> {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for out in left_out {
        by_reason.entry(out.reason.as_str()).or_default().push(&out.log_group);
    }
    let line = |(reason, names): (&str, Vec<&str>)| {
        let s = if names.len() == 1 { "" } else { "s" };
        let examples = names.iter().take(EXAMPLES).map(visible).collect::<Vec<_>>().join(", ");
        let more = match names.len().saturating_sub(EXAMPLES) {
            0 => String::new(),
            more => format!(" … {more} more"),
        };
        let text = format!("{} log group{s} skipped: {examples}{more} ({})", names.len(), visible(reason));
        hanging("  · ", &format!("{DIM}{text}{DIM:#}"), width())
    };
    by_reason.into_iter().map(line).collect()
}

/// The names of log groups that are given by name or ARN.
pub(crate) fn named(log_groups: &[String], target: &Target) -> Result<Vec<String>> {
    log_group_names(log_groups, target).map_err(|problem| {
        Error::usage(problem, "give --region and --profile of the log group, or leave it out")
    })
}

fn selector(args: &Groups, target: &Target) -> Result<Selector> {
    let wanted = Wanted {
        names: named(&args.names(), target)?,
        globs: named(&args.globs(), target)?,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::unstyled;

    #[test]
    fn a_glob_without_its_beginning_is_mended() {
        let groups = ["/aws/lambda/checkout", "/aws/ecs/web"];
        let candidates = groups.map(|name| Candidate { name, class: "STANDARD" });
        for (glob, meant) in [
            ("aws/lambda/*", Some("/aws/lambda/*")),
            ("checkout*", Some("*/checkout*")),
            ("/AWS/ecs/*", Some("/aws/ecs/*")),
            ("/aws/lambda/check", Some("/aws/lambda/check*")),
            ("/nope/*", None),
        ] {
            assert_eq!(glob_that_matches(glob, &candidates).as_deref(), meant, "{glob}");
        }
        let target =
            Target { account: "123456789012".to_owned(), region: "eu-west-1".parse().expect("a region") };
        let args = Groups { matches: vec!["aws/*".to_owned()], ..Groups::default() };
        let selection = Selection { unmatched: vec!["`aws/*`".to_owned()], ..Selection::default() };
        let error = nothing_matches(&args, &selection, &candidates, &target);
        assert_eq!(error.message, "nothing matches `aws/*`; eu-west-1 has 2 log groups");
        assert_eq!(error.hint.as_deref(), Some("did you mean `/aws/*`?"));
    }

    #[test]
    fn a_reason_has_one_line_however_many_log_groups_it_is_for() {
        let out = |at: usize| LeftOut {
            log_group: format!("/aws/lambda/forwarder-{at}"),
            reason: if at == 0 { "its class has no filters" } else { "it would loop" }.to_owned(),
        };
        let all: Vec<LeftOut> = (0..500).map(out).collect();
        let words = |line: &String| unstyled(line).split_whitespace().collect::<Vec<_>>().join(" ");
        let lines: Vec<String> = skipped(&all).iter().map(words).collect();
        assert_eq!(lines[1], "· 1 log group skipped: /aws/lambda/forwarder-0 (its class has no filters)");
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("· 499 log groups skipped: /aws/lambda/forwarder-1, "), "{lines:?}");
        assert!(lines[0].ends_with("… 496 more (it would loop)"), "{lines:?}");
    }
}
