//! The plan of a whole stack, from flags, file and account: what `setup` applies and `plan` shows.

use std::collections::BTreeMap;

use super::bill::bill;
use super::context::Context;
use super::log_groups::{look_for_similar, named, tags};
use super::patterns;
use super::reading;
use crate::aws::{Notice, Session};
use crate::bundle;
use crate::error::{Code, Error, Result};
use crate::health::{DAYS, propose};
use crate::resources::function::aws::look_at_secrets;
use crate::resources::managed;
use crate::resources::{
    self, Arch, Depth, FilterOptions, FilterSpec, HeadRow, NO_TOKEN, NO_TOKEN_HINT, Observed, Origin, Over,
    Plan, Release, Stack, Stage, Subscribed, Subscriptions, Verb, observe,
};
use crate::settings::Wanted;
use crate::settings::origin::Given;
use crate::settings::{self, File, subscriptions};
use crate::signals::busiest;
use crate::stack::{RoleScope, StackName};

/// A plan, and what makes it doubtful.
pub(crate) struct Planned {
    pub(crate) stack: Stack,
    pub(crate) plan: Plan,
    /// The places of the file's sections that select no log group, perhaps by mistake.
    pub(crate) empty_sections: Vec<String>,
    /// Whether nothing of the stack exists.
    pub(crate) is_new: bool,
}

/// Checks the flags, as far as that needs no account. Waits here for a token that is typed or piped in; a stop ends the
/// wait.
pub(crate) async fn check_flags(context: Context<'_>, args: &Wanted) -> Result<()> {
    if !settings::token_is_awaited(args) {
        return settings::check_flags(args);
    }
    let args = args.clone();
    context.wait_for_input(move || settings::check_flags(&args)).await
}

/// Opens the session. Whoever uses the tool for the first time lacks all of it: where the region or the credentials are
/// missing, the error also says that no token is given.
pub(crate) async fn open(context: Context<'_>, args: &Wanted) -> Result<Session> {
    context.session_of_plan().await.map_err(|error| {
        let is_missing = matches!(error.code, Code::NoRegion | Code::NoCredentials);
        let is_member = settings::membership(&args.member, context.file).is_ok_and(|member| member.is_some());
        let in_file = context.file.is_some_and(File::has_destinations);
        let goes_somewhere = is_member || args.destination.has_token() || in_file;
        // Whether the stack is there and keeps its token is not known without AWS.
        let no_token = (is_missing && !goes_somewhere).then(|| {
            Error::new(Code::Usage, format!("{NO_TOKEN}, which a new stack needs")).hint(NO_TOKEN_HINT)
        });
        error.and(no_token)
    })
}

/// Reads the account and makes the plan for `at`, the time of an earlier plan in seconds since 1970; now by default.
pub(crate) async fn plan_stack(
    context: Context<'_>,
    session: &Session,
    args: &Wanted,
    at: Option<u64>,
) -> Result<Planned> {
    let name = context.stack(&args.stack);
    let file = context.file;
    // Filters carry no tags. Those that the file no longer names are found only by reading every log group.
    let with_subscriptions = file.filter(|file| file.has_subscriptions());
    let depth = if with_subscriptions.is_some() { Depth::Everything } else { Depth::Stack };
    let log_groups = named(&args.log_groups, &session.target)?;
    let step = context.progress.begin("reading the stack");
    let notice = |notice: Notice<'_>| reading::tell(&step, notice);
    let (scope, mut observed) = observe(session.telling(&notice), &name, &log_groups, depth).await?;
    let shards_note = propose_shards(session, args, file, &mut observed).await?;
    let mut stack = settings::wanted_stack(args, file, &name, &session.target, scope, &observed)?;
    // Filters that pin a removed destination are found only by reading every log group, too.
    if depth == Depth::Stack && resources::must_see_pins(&stack, &observed) {
        let proposed_shards = observed.proposed_shards.take();
        (_, observed) = observe(session.telling(&notice), &name, &[], Depth::Everything).await?;
        observed.proposed_shards = proposed_shards;
    }
    resources::complete_topic(session.telling(&notice), &stack, &mut observed).await?;
    drop(step);
    look_for_similar(session, &log_groups, &mut observed).await;
    let arch_note = add_bundle(args, &observed, &mut stack)?;
    observed.time = Some(at.unwrap_or_else(|| session.time()));

    let options = FilterOptions { adopt: args.adopt, replace: args.filter.replace.clone() };
    let by_flags = args.filter.specs(&stack, &log_groups, None);
    let foundations = resources::setup(&stack, &observed, args.adopt);
    // Before the filters change, the forwarder logs to its own group again.
    let own: Vec<String> = stack.functions().collect();
    observed.writers.retain(|_, function| !own.contains(function));
    let (mut empty_sections, mut notes) = (Vec::new(), file.map(File::warnings).unwrap_or_default());
    let filters = match with_subscriptions {
        None => resources::subscribe(&stack, &by_flags, &observed, &options),
        Some(file) => {
            let wanted;
            (wanted, empty_sections) =
                wanted_subscriptions(Some(session), file, &stack, &observed, by_flags, &mut notes).await?;
            resources::bring_subscriptions(&stack, &wanted, &observed, &options)
        }
    };
    let plan = resources::keep_pins(&stack, &observed, foundations.and(filters));
    let subscribed = if depth == Depth::Everything { Subscribed::Known } else { Subscribed::SomeUnknown };
    let plan = resources::warn_routes(&stack, &observed, subscribed, plan);
    let mut plan = resources::name_losses(&stack, &observed, plan);
    managed::refuse_changes(&observed, &mut plan);
    plan.notes.splice(..0, notes.into_iter().chain(shards_note).chain(arch_note));
    plan.head = settings::head(whose(context, session, args, &name), args, file, &stack, &observed);
    let secrets = match &stack.function.config {
        Some(config) => look_at_secrets(session.into(), config).await,
        None => Vec::new(),
    };
    let limit = settings::confirm_above(args, file);
    plan.cost = Some(bill(context, session, limit, scope, (&stack, &observed, &plan)).await?);
    let mut plan = resources::check_secrets(&stack, &secrets, plan);
    patterns::check(session, &mut plan).await?;
    let is_new = observed.stream.is_none() && observed.function.is_none();
    Ok(Planned { stack, plan, empty_sections, is_new })
}

/// Calculates the number of shards, if it is not given as a number. What is to be said of it is returned.
async fn propose_shards(
    session: &Session,
    args: &Wanted,
    file: Option<&File>,
    observed: &mut Observed,
) -> Result<Option<String>> {
    if !settings::wants_proposed_shards(args, file) {
        return Ok(None);
    }
    let busiest = match &observed.stream {
        Some(stream) => {
            let name = stream.arn.rsplit('/').next().unwrap_or_default();
            busiest(session.into(), name, DAYS).await.map_err(|error| match error.code {
                Code::AccessDenied => error
                    .hint("allow cloudwatch:GetMetricData, or give a number in place of `auto`: --shards 2"),
                _ => error,
            })?
        }
        None => None,
    };
    let (proposed, note) = propose(observed.stream.as_ref(), busiest.as_ref());
    observed.proposed_shards = Some(proposed);
    Ok(note)
}

/// Configuration file, account, stack, region and profile, and where each comes from.
pub(super) fn whose(
    context: Context<'_>,
    session: &Session,
    args: &Wanted,
    stack: &StackName,
) -> Vec<HeadRow> {
    let typed = |flag: &str| context.command_line.has(flag);
    let variable = |name: &str| std::env::var(name).ok();
    let given = Given { typed: &typed, variable: &variable, file: context.file };
    let profile = profile(context, &given);
    // A saved plan holds what flags, variables and file said when it was made.
    let saved = context.command_line.plan_file();
    let none = |_: &str| None;
    let given = if saved.is_some() { Given { file: None, variable: &none, ..given } } else { given };
    let otherwise = |origin| saved.map_or(origin, |file| Origin::Plan(file.to_owned()));
    // A stack that is given without the flag comes from the variable.
    let variables: &[&str] = if args.stack.stack.is_some() { &["CWL2LE_STACK"] } else { &[] };
    let region = session.target.region.to_string();
    // The demo sets the region without a flag.
    let of_region = if context.aws.region.is_some() { Origin::Default } else { Origin::Profile };
    let chosen = |name: &str, value: &str, variable, origin| {
        given.row(name, value, &[variable], |_| None, otherwise(origin))
    };
    let path = context.file.map(|file| file.path().display().to_string());
    let file = path.map(|path| chosen("config", &path, "CWL2LE_CONFIG_FILE", Origin::Nearest));
    let environment = context.file.and_then(File::environment);
    let environment = environment.map(|name| chosen("env", name, "CWL2LE_ENV", Origin::Default));
    let account = HeadRow {
        name: "account".to_owned(),
        value: Some(session.target.account.clone()),
        origin: Origin::Credentials(session.identity.to_string()),
        over: None,
    };
    let stack_in_file = |file: &File| file.stack().map(ToString::to_string);
    let region_in_file = |file: &File| file.region().map(ToString::to_string);
    let regions = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    let stack = given.row("stack", stack.as_str(), variables, stack_in_file, otherwise(Origin::Default));
    let region = given.row("region", &region, &regions, region_in_file, otherwise(of_region));
    let first = [file, environment, Some(account), Some(stack), Some(region), profile];
    first.into_iter().flatten().collect()
}

/// The profile that is used; or, where keys in the environment are used in its place, that of the file which they win
/// over.
fn profile(context: Context<'_>, given: &Given<'_>) -> Option<HeadRow> {
    let in_file = |file: &File| file.profile().map(ToOwned::to_owned);
    let set = |name: &str| (given.variable)(name).filter(|value| !value.is_empty());
    let used = context.aws.profile.clone().or_else(|| set("AWS_PROFILE"));
    match (used, context.file.and_then(in_file)) {
        (Some(profile), _) => {
            Some(given.row("profile", &profile, &["AWS_PROFILE"], in_file, Origin::Default))
        }
        (None, Some(profile)) if set("AWS_ACCESS_KEY_ID").is_some() => {
            let place = Origin::File(context.file?.path().display().to_string());
            Some(HeadRow {
                name: "profile".to_owned(),
                value: Some("none".to_owned()),
                origin: Origin::Variable("AWS_ACCESS_KEY_ID".to_owned()),
                over: Some(Over { value: Some(profile), origin: place }),
            })
        }
        _ => None,
    }
}

/// The plan of `setup` without flags and file: what differs from what delivery needs.
pub(crate) fn plan_as_it_is(
    session: &Session,
    name: &StackName,
    scope: RoleScope,
    observed: &Observed,
) -> Result<(Stack, Plan)> {
    let nothing = Wanted::default();
    let mut stack = settings::wanted_stack(&nothing, None, name, &session.target, scope, observed)?;
    // Without a function there is nothing to compare the forwarder with.
    if observed.function.is_some() {
        add_bundle(&nothing, observed, &mut stack)?;
    }
    let mut plan = resources::setup(&stack, observed, false);
    // A step that only checks is no difference, nor is a version that is too many.
    plan.steps.retain(|step| step.verb != Verb::Check && step.stage != Stage::Prune);
    // The configuration says what the forwarder's role must allow. Without it the policy cannot be judged.
    if resources::whole_config(observed).is_err() {
        plan.ignore_policy_of(&stack.function_role);
    }
    Ok((stack, plan))
}

/// The changes that the subscriptions of the file take, by themselves, with the stack that they are for; none where the
/// file says nothing of log groups. No secret is read.
pub(crate) async fn plan_subscriptions(
    context: Context<'_>,
    session: &Session,
    name: &StackName,
    scope: RoleScope,
    observed: &Observed,
) -> Result<Option<(Stack, Plan)>> {
    let Some(file) = context.file.filter(|file| file.has_subscriptions()) else { return Ok(None) };
    let nothing = Wanted::default();
    let (stack, _) = settings::outlined_stack(&nothing, Some(file), name, &session.target, scope, observed)?;
    let (wanted, _) =
        wanted_subscriptions(Some(session), file, &stack, observed, Vec::new(), &mut Vec::new()).await?;
    let plan = resources::bring_subscriptions(&stack, &wanted, observed, &FilterOptions::default());
    Ok(Some((stack, plan)))
}

/// The subscriptions of flags and file, and the sections that select no log group. If both name the same filter, the
/// flag wins. Without a session no section may ask for tags.
pub(super) async fn wanted_subscriptions(
    session: Option<&Session>,
    file: &File,
    stack: &Stack,
    observed: &Observed,
    mut filters: Vec<FilterSpec>,
    notes: &mut Vec<String>,
) -> Result<(Subscriptions, Vec<String>)> {
    let tags = match session {
        Some(session) => tags(session, subscriptions::needs_tags_of(file, stack, observed)?).await?,
        None => BTreeMap::new(),
    };
    let chosen = subscriptions::choose(file, stack, observed, &tags)?;
    notes.extend(chosen.notes);
    for filter in chosen.wanted.filters {
        if !filters.iter().any(|flag| flag.log_group == filter.log_group && flag.name == filter.name) {
            filters.push(filter);
        }
    }
    Ok((Subscriptions { filters, account_policy: chosen.wanted.account_policy }, chosen.empty))
}

/// The forwarder for the stack's architecture. Where this binary carries none, an existing function keeps its code. What
/// is to be said of the architecture of a new stack is returned.
pub(super) fn add_bundle(args: &Wanted, observed: &Observed, stack: &mut Stack) -> Result<Option<String>> {
    let arch = stack.function.arch.value;
    let is_chosen = stack.function.arch.explicit || observed.function.is_some();
    stack.function.allow_downgrade = args.allow_downgrade;
    stack.function.ignores_rollback = args.ignores_rollback;
    stack.function.bundle = match &args.function.forwarder_zip {
        Some(file) => {
            // A new stack runs on what the zip was built for.
            let zip = bundle::from_zip_file(file, is_chosen.then_some(arch))?;
            stack.function.arch.value = zip.arch;
            stack.function.is_own_zip = true;
            // `cwl2le package` writes the bundled one.
            if bundle::bundled(zip.arch).ok().as_ref() != Some(&zip) {
                stack.function.release = Release::of_zip(&zip);
            }
            Some(zip)
        }
        None => match bundle::bundled(arch) {
            Err(error) if error.code == Code::NoBundle && observed.function.is_some() => None,
            bundled => Some(bundled?),
        },
    };
    let falls_back = !is_chosen && args.function.forwarder_zip.is_none() && arch != Arch::Arm64;
    Ok(falls_back.then(|| {
        format!(
            "the function gets {arch}, because this build of cwl2le has no forwarder for arm64, whose time costs \
             20 % less; a release has both"
        )
    }))
}
