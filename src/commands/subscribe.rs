//! `cwl2le subscribe`: attaches log groups to a chain that is set up.

use clap::Args;
use clap::builder::StringValueParser;
use cwl2le_forwarder::config::pinned_destination;

use super::manual::Manual;
use super::verb::{Facts, Policy, Verb};
use crate::apply::apply;
use crate::aws::Session;
use crate::error::{Code, Error, Exit, Result, did_you_mean_or};
use crate::flags::values::Hyphened;
use crate::flags::{Change, Filter, Groups, StackArg};
use crate::resources::{self, Cost, Extent, FilterOptions, Observed, Plan, Stack, Subscribed};
use crate::settings::{self, Member, Membership, Wanted, membership};
use crate::stack::{RoleScope, StackName, limits};
use crate::workflow::apply_plan::Run;
use crate::workflow::bill::bill;
use crate::workflow::consent::Consent;
use crate::workflow::deployed::configuration;
use crate::workflow::log_groups::{Chosen, Loops, Survey, Way, choose, survey};
use crate::workflow::member::{is_wide, with_command};
use crate::workflow::steps::Steps;
use crate::workflow::{ChangeReport, Context, patterns, unknown_stack};

/// Attach log groups, by name, glob or tag
///
/// Creates a subscription filter for each log group. With --all, one account policy subscribes every log group,
/// future ones included. Log groups that would create a loop, such as that of the forwarder, are never subscribed.
#[derive(Debug, Clone, Args)]
pub(crate) struct Subscribe {
    #[command(flatten)]
    pub stack: StackArg,
    #[command(flatten)]
    pub change: Change,
    /// Take over a filter or account policy of this name that points to another destination
    #[arg(long, hide_short_help = true)]
    pub adopt: bool,
    #[command(flatten)]
    pub groups: Groups,
    /// With --all: create a filter for each existing log group instead of an account policy
    #[arg(long, hide_short_help = true, requires = "all", help_heading = "Log groups")]
    pub per_group: bool,
    /// Destination of these log groups, whatever the routes say
    #[arg(long, help_heading = "Subscription filters", value_name = "NAME", conflicts_with = "filter_name", allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub destination: Option<String>,
    #[command(flatten)]
    pub filter: Filter,
    #[command(flatten)]
    pub member: Member,
}

impl Verb for Subscribe {
    type Report = ChangeReport;

    const MANUAL: Manual = Manual {
        examples: &[
            (
                "All Lambda functions but the canaries",
                "cwl2le subscribe '/aws/lambda/*' --exclude '*-canary'",
            ),
            (
                "Two log groups, errors only",
                "cwl2le subscribe /app/web /app/api --filter-pattern '?ERROR ?WARN'",
            ),
            ("Every log group with a tag", "cwl2le subscribe --tag team=payments"),
            (
                "Replace the subscription filter of another forwarder",
                "cwl2le subscribe '/app/*' --replace OldForwarder",
            ),
        ],
        page: Some("log-groups.md"),
    };

    fn facts(&self) -> Facts<'_> {
        let policy = Policy { all: self.groups.all && !self.per_group, ..Policy::everyday() };
        Facts::of_stack(&self.stack, policy.of_member(&self.member))
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        self.groups.check("subscribe")?;
        if self.groups.all && !self.per_group {
            must_mean_everything(&self.groups)?;
            if let Some(name) = &self.filter.filter_name {
                let refused =
                    |problem| Error::usage(format!("--filter-name: {problem}"), "give a shorter name");
                limits::account_policy_name(name).map_err(refused)?;
            }
        }
        membership(&self.member, context.file)?;
        let session = context.session().await?;
        let (stack, plan, wide) = decide(context, &session, self).await?;
        let run = Run { wide, ..Run::new(context, &session, &stack, &self.change, "subscribe") };
        let ended =
            run.carry_out(plan, async |_| Ok(decide(context.silent(), &session, self).await?.1)).await;
        if self.per_group
            && ended.as_ref().is_err_and(|error| error.code == Code::Partial)
            && let Err(error) = end_twice(&run, self).await
        {
            context.note(&format!(
                "log groups with a filter of their own come twice until this is run again: {error}"
            ));
        }
        ended.map_err(|error| with_command(error, context.command_line))
    }

    fn brief(&self, report: &Self::Report) -> Option<String> {
        report.brief()
    }

    fn exit(&self, report: &Self::Report) -> Exit {
        report.exit()
    }
}

/// Reads the account and makes the plan. Returns the stack, the plan, and whether the flags select more than names.
async fn decide(context: Context<'_>, session: &Session, args: &Subscribe) -> Result<(Stack, Plan, bool)> {
    let name = context.stack(&args.stack);
    if let Some(member) = membership(&args.member, context.file)? {
        return Box::pin(decide_member(context, session, args, &name, &member)).await;
    }
    let way = Way { stack: &name, member: None };
    if args.groups.all && !args.per_group {
        let Survey { scope, observed, excluded } = survey(context, session, way, &args.groups).await?;
        let stack = settings::bare_stack(&name, &session.target, scope, &observed);
        must_be_ready(context, session, &stack, &observed, args).await?;
        let policy = args.filter.account_policy(&stack, excluded, args.destination.as_deref());
        let plan = resources::subscribe_all(&stack, &policy, &observed, &options(args));
        let plan = resources::warn_routes(&stack, &observed, Subscribed::Known, plan);
        let mut plan = resources::name_losses(&stack, &observed, plan);
        plan.cost = cost(context, session, scope, (&stack, &observed, &plan)).await?;
        patterns::check(session, &mut plan).await?;
        Ok((stack, plan, false))
    } else {
        let Chosen { scope, observed, log_groups, wide } =
            choose(context, session, way, &args.groups, Loops::LeftOut).await?;
        let stack = settings::bare_stack(&name, &session.target, scope, &observed);
        must_be_ready(context, session, &stack, &observed, args).await?;
        let filters = args.filter.specs(&stack, &log_groups, args.destination.as_deref());
        let subscribe = if args.per_group { resources::subscribe_each } else { resources::subscribe };
        let plan = subscribe(&stack, &filters, &observed, &options(args));
        let plan = resources::warn_routes(&stack, &observed, Subscribed::Known, plan);
        let mut plan = resources::name_losses(&stack, &observed, plan);
        plan.cost = cost(context, session, scope, (&stack, &observed, &plan)).await?;
        patterns::check(session, &mut plan).await?;
        Ok((stack, plan, wide))
    }
}

/// The same for a member account. It has no stream, so nothing is known of the bill or of routes.
async fn decide_member(
    context: Context<'_>,
    session: &Session,
    args: &Subscribe,
    name: &StackName,
    member: &Membership,
) -> Result<(Stack, Plan, bool)> {
    member.check(&session.target)?;
    let way = Way { stack: name, member: Some(member) };
    let pin = args.destination.as_deref();
    let stack_of = |scope, observed: &Observed| {
        member.stack(&Wanted::default(), context.file, name, &session.target, scope, observed)
    };
    let (stack, observed, plan, wide) = if args.groups.all && !args.per_group {
        let Survey { scope, observed, excluded } = survey(context, session, way, &args.groups).await?;
        let stack = stack_of(scope, &observed)?;
        let policy = args.filter.account_policy(&stack, excluded, pin);
        let plan = resources::subscribe_all(&stack, &policy, &observed, &options(args));
        (stack, observed, plan, false)
    } else {
        let Chosen { scope, observed, log_groups, wide } =
            choose(context, session, way, &args.groups, Loops::LeftOut).await?;
        let stack = stack_of(scope, &observed)?;
        let filters = args.filter.specs(&stack, &log_groups, pin);
        let subscribe = if args.per_group { resources::subscribe_each } else { resources::subscribe };
        let plan = subscribe(&stack, &filters, &observed, &options(args));
        (stack, observed, plan, wide)
    };
    let plan = resources::with_member_role(&stack, &observed, args.adopt, plan);
    let mut plan = resources::name_losses(&stack, &observed, plan);
    if let Some(pin) = pin {
        plan.notes.push(format!(
            "only account {} knows whether its stack has the destination `{pin}`",
            member.destination.account()
        ));
    }
    patterns::check(session, &mut plan).await?;
    let wide = is_wide(wide, &plan);
    Ok((stack, plan, wide))
}

/// What the log groups add to the bill; none where nothing is known of that.
async fn cost(
    context: Context<'_>,
    session: &Session,
    scope: RoleScope,
    planned: (&Stack, &Observed, &Plan),
) -> Result<Option<Cost>> {
    let limit = settings::confirm_above(&Wanted::default(), context.file);
    let cost = bill(context, session, limit, scope, planned).await?;
    Ok(Some(cost).filter(|cost| cost.traffic))
}

/// After a run of `--per-group` that failed in part: leaves the log groups that have a filter by now out of the account
/// policy, which would deliver them twice. The policy stays for the others.
async fn end_twice(run: &Run<'_>, args: &Subscribe) -> Result<()> {
    let (session, stack) = (run.session, run.stack);
    let member = membership(&args.member, run.context.file)?;
    let way = Way { stack: &stack.name, member: member.as_ref() };
    let chosen = choose(run.context, session, way, &args.groups, Loops::LeftOut).await?;
    let plan = resources::once_only(stack, &chosen.observed);
    if plan.is_empty() {
        return Ok(());
    }
    run.context.note("what has a filter of its own by now is left out of the account policy:");
    run.context.note(&plan.shown(Extent::Brief).to_string());
    if run.confirm(&plan, &[]).await? == Consent::Declined {
        return Err(Error::new(Code::NotConfirmed, "the question was answered with no"));
    }
    let steps = Steps::new(run.context.progress, &plan);
    apply(session, &plan, &|event| steps.show(event)).await.map(drop).map_err(|failure| failure.error)
}

fn options(args: &Subscribe) -> FilterOptions {
    FilterOptions { adopt: args.adopt, replace: args.filter.replace.clone() }
}

/// An account policy covers every log group except those that it names, so it cannot follow a selection.
fn must_mean_everything(groups: &Groups) -> Result<()> {
    if !groups.tags.is_empty() {
        return Err(Error::usage(
            "--all makes one account policy, which covers every log group and cannot choose by tag",
            "add --per-group: a filter for each log group that exists and carries the tag; or leave out --all",
        ));
    }
    if !groups.names().is_empty() || !groups.globs().is_empty() {
        return Err(Error::usage(
            "--all means every log group, so names and globs add nothing to it",
            "leave out --all, or the names and globs",
        ));
    }
    Ok(())
}

async fn must_be_ready(
    context: Context<'_>,
    session: &Session,
    stack: &Stack,
    observed: &Observed,
    args: &Subscribe,
) -> Result<()> {
    if let Err(error) = must_be_set_up(context, stack, observed) {
        return Err(unknown_stack::explained(context, session, &stack.name, error).await);
    }
    let name = args.filter.name(stack, args.destination.as_deref());
    pinned_destination(&name).map_or(Ok(()), |pin| must_be_a_destination(pin, stack, observed))
}

/// A filter needs the stream and the role. Without function and trigger, nothing would read what it writes.
fn must_be_set_up(context: Context<'_>, stack: &Stack, observed: &Observed) -> Result<()> {
    let stream_arn = stack.names.stream_arn(&stack.target);
    let missing = [
        (observed.stream.is_none(), "stream", stack.names.stream.as_str()),
        (observed.logs_role.is_none(), "role", stack.names.logs_role.as_str()),
        (observed.function.is_none(), "function", stack.names.function.as_str()),
        (
            !observed.triggers.iter().any(|t| t.source_arn == stream_arn),
            "trigger",
            stack.names.stream.as_str(),
        ),
    ];
    match missing.into_iter().find(|(is_missing, ..)| *is_missing) {
        None => Ok(()),
        Some((_, kind, name)) => Err(Error::new(
            Code::NotFound,
            format!(
                "stack `{}` is incomplete in {}: the {kind} {name} does not exist",
                stack.name, stack.target.region
            ),
        )
        .on(name)
        .hint(format!("run `{}` to complete it", context.command_line.of_stack("setup")))),
    }
}

/// The forwarder cannot deliver to a destination that its configuration does not have.
fn must_be_a_destination(name: &str, stack: &Stack, observed: &Observed) -> Result<()> {
    let config = configuration(observed, &stack.names.function)?;
    if config.destinations.contains_key(name) {
        return Ok(());
    }
    Err(Error::usage(
        format!("stack `{}` has no destination `{name}`", stack.name),
        did_you_mean_or(name, "the destinations are", config.destinations.keys().map(String::as_str)),
    ))
}
