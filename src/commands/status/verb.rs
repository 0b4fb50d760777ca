//! `cwl2le status`: what exists of the chain and how it is.

use clap::Args;

use super::log_lines::{self, FunctionHealth};
use super::parts::Judge;
use super::report::{AccountPolicy, Destination, StatusReport, Subscription};
use crate::aws::Session;
use crate::commands::verb::{Facts, Policy, Reads, Verb};
use crate::error::{Code, Exit, Result};
use crate::flags::{CommandLine, StackArg};
use crate::resources::{
    Depth, Kind, Observed, Plan, ResourceId, Stack, is_loop, is_own_filter, is_own_policy, observe,
    would_loop,
};
use crate::settings::{destinations, what_and_where};
use crate::workflow::Context;
use crate::workflow::plan_stack::plan_as_it_is;

/// Show what exists of the chain and how it is
#[derive(Debug, Clone, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    pub stack: StackArg,
    /// Exit with code 8 unless the chain is ready
    #[arg(long)]
    pub check: bool,
}

impl Verb for Status {
    type Report = StatusReport;

    fn facts(&self) -> Facts<'_> {
        Facts {
            stack: Some(&self.stack),
            reads: Reads::Place,
            policy: Some(Policy::on_call()),
            ..Facts::default()
        }
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        let session = context.session().await?;
        let name = context.stack(&self.stack);
        let (scope, observed) = observe(&session, &name, &[], Depth::Everything).await?;
        let (stack, plan) = plan_as_it_is(&session, &name, scope, &observed)?;
        let health = log_lines::read(&session, &stack, &observed).await?;
        let report = report(&session, &stack, &observed, &plan, health);
        let command = |verb| context.command_line.of_stack(verb);
        Ok(StatusReport { plan: command("plan"), setup: command("setup"), ..report })
    }

    fn exit(&self, report: &Self::Report) -> Exit {
        if self.check && !report.ready { Exit::Pending } else { Exit::Success }
    }
}

fn report(
    session: &Session,
    stack: &Stack,
    observed: &Observed,
    plan: &Plan,
    health: Vec<FunctionHealth>,
) -> StatusReport {
    let mut parts = Judge { session, stack, plan }.parts(observed);
    for FunctionHealth { function, problems, .. } in &health {
        let part = parts.iter_mut().find(|part| part.kind == Kind::FUNCTION.name() && part.name == *function);
        if let Some(part) = part.filter(|_| !problems.is_empty()) {
            part.ready = false;
            part.wrong.extend(problems.iter().cloned());
        }
    }
    let subscriptions = subscriptions(stack, observed);
    let account_policy = account_policy(stack, observed);
    let is_part = |resource: &ResourceId| {
        parts.iter().any(|part| part.kind == resource.kind.name() && part.name == resource.name)
    };
    let steps = plan.steps.iter().filter(|step| !is_part(&step.resource));
    let refused = plan.refused.iter().filter(|refusal| !is_part(&refusal.resource));
    let open: Vec<String> = steps
        .map(|step| format!("{} {}", step.verb, step.resource))
        .chain(refused.map(|refusal| format!("{}: {}", refusal.resource, refusal.reason)))
        .collect();
    let loops = account_policy.as_ref().is_some_and(|policy| !policy.loops.is_empty())
        || subscriptions.iter().any(|subscription| subscription.loops);
    StatusReport {
        stack: stack.name.to_string(),
        account: stack.target.account.clone(),
        region: stack.target.region.to_string(),
        ready: parts.iter().all(|part| part.ready) && open.is_empty() && !loops,
        parts,
        open,
        subscriptions,
        account_policy,
        health,
        destinations: destinations_of(observed),
        advice: advice(plan, loops),
        plan: CommandLine::default(),
        setup: CommandLine::default(),
    }
}

/// The filters that lead into the chain, whoever made them.
fn subscriptions(stack: &Stack, observed: &Observed) -> Vec<Subscription> {
    let stream_arn = stack.names.stream_arn(&stack.target);
    let filters = observed
        .groups
        .iter()
        .flat_map(|(log_group, group)| group.filters.iter().map(move |filter| (log_group, filter)));
    filters
        .filter(|(_, filter)| filter.destination_arn == stream_arn)
        .map(|(log_group, filter)| Subscription {
            log_group: log_group.clone(),
            filter: filter.name.clone(),
            pattern: filter.pattern.clone(),
            ours: is_own_filter(stack, filter, None),
            loops: is_loop(stack, observed, log_group, filter),
        })
        .collect()
}

/// The account policy, where it leads into the chain, whoever made it.
fn account_policy(stack: &Stack, observed: &Observed) -> Option<AccountPolicy> {
    let stream_arn = stack.names.stream_arn(&stack.target);
    let policy = observed.account_policy.as_ref().filter(|policy| policy.destination_arn == stream_arn)?;
    Some(AccountPolicy {
        name: policy.name.clone(),
        pattern: policy.pattern.clone(),
        leaves_out: policy.excluded.clone(),
        loops: would_loop(stack, observed).difference(&policy.excluded).cloned().collect(),
        ours: is_own_policy(stack, policy, None),
    })
}

/// The destinations of all functions; none where they cannot be read.
fn destinations_of(observed: &Observed) -> Vec<Destination> {
    let config = destinations::current(observed);
    let all = config.iter().flat_map(|config| &config.destinations);
    all.map(|(name, settings)| Destination { name: name.clone(), service: what_and_where(settings) })
        .collect()
}

/// What `cwl2le plan` shows of a chain that is not as it should be.
fn advice(plan: &Plan, loops: bool) -> Option<&'static str> {
    if plan.refused.iter().any(|refusal| refusal.code == Code::Unreadable) {
        return Some("how to restore the configuration");
    }
    if !plan.refused.is_empty() {
        return Some("what keeps `setup` from putting it right");
    }
    (loops || !plan.steps.is_empty()).then_some("what `setup` would change")
}
