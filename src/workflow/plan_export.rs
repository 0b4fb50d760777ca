//! A whole stack as a template of another tool: the plan of `setup` for an account in which nothing of the stack exists,
//! declared instead of applied.

use super::apply_plan::refused;
use super::context::Context;
use super::log_groups::named;
use super::patterns;
use super::plan_stack::{add_bundle, wanted_subscriptions};
use crate::aws::Session;
use crate::error::{Error, Result};
use crate::export::{Ids, Parameter, Template};
use crate::resources::{
    self, Bundle, Depth, FilterOptions, Kind, Observed, ObservedGroup, Plan, Stack, Subscribed, observe,
};
use crate::settings::{self, File, StandIn, Wanted};
use crate::stack::names::MANAGED_BY_TAG;
use crate::stack::{RoleScope, StackName, Target};

/// A stack that another tool is to deploy.
pub(crate) struct Exported {
    pub(crate) stack: Stack,
    pub(crate) template: Template,
    /// The code of its functions.
    pub(crate) bundle: Bundle,
    /// What is to be known of it.
    pub(crate) notes: Vec<String>,
}

/// For whom a stack is exported.
pub(crate) enum Place<'a> {
    /// For the account of the credentials, whose log groups are read.
    Account(&'a Session),
    /// For this one, without calling AWS.
    Unseen(Target),
}

/// Plans the stack, as `tool` is to deploy it.
///
/// # Errors
/// As those of `plan`; log groups that only the account knows, without one.
pub(crate) async fn plan_export(
    context: Context<'_>,
    place: Place<'_>,
    args: &Wanted,
    tool: &'static str,
) -> Result<Exported> {
    let name = context.stack(&args.stack);
    let (target, scope, observed) = match &place {
        Place::Account(session) => {
            let (scope, observed) = surroundings(session, context.file, &name, args).await?;
            (session.target.clone(), scope, observed)
        }
        Place::Unseen(target) => (target.clone(), RoleScope::Plain, unseen(context.file, args, target)?),
    };
    let (mut stack, stand_ins) =
        settings::stack_without_secrets(args, context.file, &name, &target, scope, &observed)?;
    stack.tags.insert(MANAGED_BY_TAG.to_owned(), tool.to_owned());
    let arch_note = add_bundle(args, &observed, &mut stack)?;
    let session = match place {
        Place::Account(session) => Some(session),
        Place::Unseen(_) => None,
    };
    let plan = plan(context, session, args, &stack, &observed).await?;
    if let Some(first) = plan.refused.first() {
        return Err(refused(first, &plan.refused, true));
    }
    let bundle = stack.function.bundle.clone().ok_or_else(|| Error::usage("there is no forwarder", ""))?;
    let template = template(&stack, &plan, &bundle, &stand_ins, tool);
    let mut notes = plan.notes;
    notes.extend(arch_note);
    notes.extend(unsettled_arch(&stack, args));
    if tool == "terraform" && plan.steps.iter().any(|step| step.resource.kind == Kind::DASHBOARD) {
        notes.push(
            "the dashboard is left out, because Terraform's provider for AWS gives it no tags".to_owned(),
        );
    }
    Ok(Exported { stack, template, bundle, notes })
}

/// A template is made anew for each change, and a build of cwl2le that carries other forwarders would make it for the
/// other processor. An export does not know the function that is there, which would settle it.
fn unsettled_arch(stack: &Stack, args: &Wanted) -> Option<String> {
    let arch = &stack.function.arch;
    (!arch.explicit && args.function.forwarder_zip.is_none()).then(|| {
        let arch = arch.value;
        format!(
            "the function gets {arch}: keep it with `--arch {arch}`, or with `arch` in the file, because another build \
             of cwl2le may choose the other processor, and deploying that moves the function without a canary"
        )
    })
}

/// What exists around the stack: the log groups, and an account policy of somebody else.
async fn surroundings(
    session: &Session,
    file: Option<&File>,
    name: &StackName,
    args: &Wanted,
) -> Result<(RoleScope, Observed)> {
    let log_groups = named(&args.log_groups, &session.target)?;
    let depth = if file.is_some_and(File::has_subscriptions) { Depth::Everything } else { Depth::Stack };
    let (scope, observed) = observe(session, name, &log_groups, depth).await?;
    let bare = settings::bare_stack(name, &session.target, scope, &observed);
    let own = |name: &str, arn: &str| bare.is_own_subscription(name, arn, None);
    let mut groups = observed.groups;
    for group in groups.values_mut() {
        group.filters.retain(|filter| !own(&filter.name, &filter.destination_arn));
    }
    groups.retain(|name, _| !bare.functions().any(|function| *name == format!("/aws/lambda/{function}")));
    let account_policy = observed.account_policy.filter(|policy| !own(&policy.name, &policy.destination_arn));
    Ok((scope, Observed { groups, account_policy, similar: observed.similar, ..Observed::default() }))
}

/// The log groups that flags and file name, taken as there.
fn unseen(file: Option<&File>, args: &Wanted, target: &Target) -> Result<Observed> {
    if let Some(place) = file.and_then(settings::subscriptions::needs_account) {
        let problem = format!("{place}: which log groups this selects is known only in the account");
        let hint = "leave out --account, so that the log groups are read, or name them with `log_groups`";
        return Err(Error::usage(problem, hint));
    }
    let in_file = file.map(settings::subscriptions::named).unwrap_or_default();
    let all = [args.log_groups.clone(), in_file].concat();
    let groups = named(&all, target)?.into_iter().map(|name| (name, ObservedGroup::default()));
    Ok(Observed { groups: groups.collect(), ..Observed::default() })
}

async fn plan(
    context: Context<'_>,
    session: Option<&Session>,
    args: &Wanted,
    stack: &Stack,
    observed: &Observed,
) -> Result<Plan> {
    let log_groups = named(&args.log_groups, &stack.target)?;
    let by_flags = args.filter.specs(stack, &log_groups, None);
    let foundations = resources::setup(stack, observed, false);
    let options = FilterOptions::default();
    let mut notes = context.file.map(File::warnings).unwrap_or_default();
    let filters = match context.file.filter(|file| file.has_subscriptions()) {
        None => resources::subscribe(stack, &by_flags, observed, &options),
        Some(file) => {
            let (wanted, empty) =
                wanted_subscriptions(session, file, stack, observed, by_flags, &mut notes).await?;
            notes.extend(empty.into_iter().map(|place| format!("{place}: selects no log group")));
            resources::bring_subscriptions(stack, &wanted, observed, &options)
        }
    };
    let plan = resources::warn_routes(stack, observed, Subscribed::SomeUnknown, foundations.and(filters));
    let mut plan = Plan { notes: notes.into_iter().chain(plan.notes.iter().cloned()).collect(), ..plan };
    if let Some(session) = session {
        patterns::check(session, &mut plan).await?;
    }
    Ok(plan)
}

fn template(stack: &Stack, plan: &Plan, bundle: &Bundle, stand_ins: &[StandIn], tool: &str) -> Template {
    let mut template = Template {
        description: format!(
            "Made by `cwl2le export {tool}`, version {}: CloudWatch Logs -> Kinesis -> Lambda -> log service, stack {}",
            env!("CARGO_PKG_VERSION"),
            stack.name
        ),
        target: stack.target.clone(),
        parameters: parameters(stand_ins),
        code: format!("cwl2le-forwarder-{}-{}.zip", bundle.arch, bundle.short_hash()),
        resources: Vec::new(),
    };
    let ids = Ids { names: &stack.names };
    for action in plan.steps.iter().flat_map(|step| &step.actions) {
        action.declare(ids, plan, &mut template);
    }
    template
}

fn parameters(stand_ins: &[StandIn]) -> Vec<Parameter> {
    stand_ins.iter().fold(Vec::new(), |mut all, stand_in| {
        all.push(parameter(stand_in).beside(&all));
        all
    })
}

fn parameter(stand_in: &StandIn) -> Parameter {
    let StandIn { destination, key, text } = stand_in;
    Parameter::new(
        &format!("{destination}-{}", key.replace('.', "-")),
        text.clone(),
        format!("`{key}` of the destination `{destination}`"),
    )
}
