//! `cwl2le subscribe`: attaches log groups to a chain that is set up.

use std::time::Instant;

use cwl2le_forwarder::config::{CONFIG_ENV, Config, filter_name};

use super::change::Run;
use super::groups::choose;
use super::{ChangeReport, Context, usage};
use crate::cli::{Filter, Subscribe};
use crate::config;
use crate::error::{Code, Error, Result};
use crate::plan::{self, FilterOptions, Observed};
use crate::stack::{Distribution, FilterSpec, Setting, Stack};

pub(crate) async fn run(context: Context<'_>, args: &Subscribe) -> Result<ChangeReport> {
    let started = Instant::now();
    let session = context.session().await?;
    let name = context.stack(&args.stack);
    let chosen = choose(context, &session, &name, &args.groups).await?;
    let observed = chosen.observed;
    let stack = config::bare_stack(&name, &session.target, chosen.scope, &observed);
    must_be_set_up(&stack, &observed)?;
    if let Some(name) = &args.destination {
        must_be_a_destination(name, &observed)?;
    }
    let options = FilterOptions { adopt: args.adopt, replace: args.filter.replace.clone() };
    let filters = filter_specs(&stack, &chosen.log_groups, &args.filter, args.destination.as_deref());
    let plan = plan::subscribe(&stack, &filters, &observed, &options);
    let run = Run {
        context,
        session: &session,
        stack: &stack,
        change: &args.change,
        command: "subscribe",
        started,
        rollback: false,
        wide: chosen.wide,
    };
    run.carry_out(plan).await
}

/// The filters that these log groups should have.
pub(super) fn filter_specs(
    stack: &Stack,
    log_groups: &[String],
    filter: &Filter,
    destination: Option<&str>,
) -> Vec<FilterSpec> {
    let base = filter.filter_name.as_ref().unwrap_or(&stack.names.filter);
    let name = destination.map_or_else(|| base.clone(), |destination| filter_name(base, destination));
    let mut groups: Vec<&String> = log_groups.iter().collect();
    groups.sort();
    groups.dedup();
    groups
        .into_iter()
        .map(|log_group| FilterSpec {
            log_group: log_group.clone(),
            name: name.clone(),
            pattern: Setting::or_default(filter.filter_pattern.clone(), String::new()),
            distribution: Setting::or_default(filter.distribution, Distribution::ByLogStream),
            destination_arn: stack.names.stream_arn(&stack.target),
            role_arn: stack.logs_role.arn.clone(),
        })
        .collect()
}

/// A filter needs the stream and the role; without a trigger nobody would read what it writes.
fn must_be_set_up(stack: &Stack, observed: &Observed) -> Result<()> {
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
                "the stack `{}` is not set up in {}: its {kind} {name} is missing",
                stack.name, stack.target.region
            ),
        )
        .on(name)
        .hint("run `cwl2le setup` first, or check --region and --stack")),
    }
}

/// A filter that pins a destination that the forwarder does not know would send its events to the default.
fn must_be_a_destination(name: &str, observed: &Observed) -> Result<()> {
    let environment = observed.function.as_ref().map(|function| &function.environment);
    let config = environment
        .and_then(|variables| variables.get(CONFIG_ENV))
        .and_then(|value| Config::from_json(&value.0).ok())
        .unwrap_or_default();
    if config.destinations.contains_key(name) {
        return Ok(());
    }
    let known: Vec<&str> = config.destinations.keys().map(String::as_str).collect();
    Err(usage(
        format!("the forwarder has no destination `{name}`; it has {}", known.join(", ")),
        "add it to the configuration file and run `cwl2le setup`, or choose one of those",
    ))
}
