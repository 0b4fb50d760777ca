//! `cwl2le status`: what exists of the chain and how it is.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::Context;
use crate::aws::{Depth, observe};
use crate::cli::Status;
use crate::config;
use crate::error::Result;
use crate::plan::{Observed, TriggerState, is_loop, is_own_filter, is_own_policy, shown_pattern, would_loop};
use crate::stack::{Stack, Tags, owns};

/// What exists.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatusReport {
    /// The stack.
    pub stack: String,
    /// The account id.
    pub account: String,
    /// The region.
    pub region: String,
    /// Whether everything that delivery needs exists and is ready.
    pub ready: bool,
    /// The parts, in the order in which a log line passes them.
    pub parts: Vec<Part>,
    /// The log groups that lead into the chain by a filter of their own.
    pub subscriptions: Vec<Subscription>,
    /// The account policy that leads every other log group into the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_policy: Option<AccountPolicy>,
}

/// One resource of the chain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// What it is.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// How it is; `missing` where it does not exist.
    pub state: String,
    /// Whether it is as delivery needs it.
    pub ready: bool,
    /// Whether it carries our tags; none where it does not exist or takes no tags.
    pub ours: Option<bool>,
}

/// A log group that leads into the chain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Subscription {
    /// The log group.
    pub log_group: String,
    /// Its filter.
    pub filter: String,
    /// Which events.
    pub pattern: String,
    /// Whether the filter is ours.
    pub ours: bool,
    /// Whether the log group's lines come back to it for ever.
    pub loops: bool,
}

/// An account policy that leads into the chain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccountPolicy {
    /// Its name.
    pub name: String,
    /// Which events.
    pub pattern: String,
    /// The log groups that it leaves out.
    pub leaves_out: BTreeSet<String>,
    /// The log groups that it has to leave out, because they would feed themselves, and covers.
    pub loops: BTreeSet<String>,
    /// Whether it is ours.
    pub ours: bool,
}

pub(crate) async fn run(context: Context<'_>, args: &Status) -> Result<StatusReport> {
    let session = context.session().await?;
    let name = context.stack(&args.stack);
    let (scope, observed) = observe(&session, &name, &[], Depth::Everything).await?;
    let stack = config::bare_stack(&name, &session.target, scope, &observed);
    Ok(report(&stack, &observed))
}

fn report(stack: &Stack, observed: &Observed) -> StatusReport {
    let names = &stack.names;
    let stream_arn = names.stream_arn(&stack.target);
    let ours = |tags: &Tags| Some(owns(&stack.name, &stack.target.region, tags));
    let part = |kind, name: &str, found: Option<(String, bool, Option<bool>)>| {
        let (state, ready, ours) = found.unwrap_or_else(|| ("missing".to_owned(), false, None));
        Part { kind, name: name.to_owned(), state, ready, ours }
    };
    let role = |role: &Option<crate::plan::ObservedRole>| {
        role.as_ref().map(|r| {
            let ready = !r.policies.is_empty();
            (if ready { "ready" } else { "without its policy" }.to_owned(), ready, ours(&r.tags))
        })
    };
    let parts = vec![
        part("role", &names.logs_role, role(&observed.logs_role)),
        part(
            "stream",
            &names.stream,
            observed.stream.as_ref().map(|s| {
                use crate::plan::StreamStatus::{Active, Updating};
                let state = format!("{:?}, {}, {} h", s.status, s.mode, s.retention_hours).to_lowercase();
                (state, matches!(s.status, Active | Updating), ours(&s.tags))
            }),
        ),
        part(
            "trigger",
            &format!("{} -> {}", names.stream, names.function),
            observed.triggers.iter().find(|t| t.source_arn == stream_arn).map(|t| {
                let result = t.last_result.as_ref().map(|r| format!(", {r}")).unwrap_or_default();
                let state = format!("{:?}", t.state).to_lowercase();
                (format!("{state}, batch {}{result}", t.batch_size), t.state == TriggerState::Enabled, None)
            }),
        ),
        part(
            "function",
            &names.function,
            observed.function.as_ref().map(|f| {
                let state = match (&f.failure, f.settled) {
                    (Some(failure), _) => failure.to_string(),
                    (None, true) => format!("ready, {}, {} MB, {} s", f.arch, f.memory_mb, f.timeout_seconds),
                    (None, false) => "being updated".to_owned(),
                };
                (state, f.settled && f.failure.is_none(), ours(&f.tags))
            }),
        ),
        part("role", &names.function_role, role(&observed.function_role)),
        part(
            "log group",
            &names.function_log_group,
            observed.log_group.as_ref().map(|g| {
                let kept = g.retention_days.map_or_else(|| "for ever".to_owned(), |d| format!("{d} days"));
                (format!("kept {kept}"), true, ours(&g.tags))
            }),
        ),
    ];
    let subscriptions: Vec<Subscription> = observed
        .groups
        .iter()
        .flat_map(|(log_group, group)| group.filters.iter().map(move |filter| (log_group, filter)))
        .filter(|(_, filter)| filter.destination_arn == stream_arn)
        .map(|(log_group, filter)| Subscription {
            log_group: log_group.clone(),
            filter: filter.name.clone(),
            pattern: filter.pattern.clone(),
            ours: is_own_filter(stack, filter, None),
            loops: is_loop(stack, observed, log_group, filter),
        })
        .collect();
    let account_policy =
        observed.account_policy.as_ref().filter(|policy| policy.destination_arn == stream_arn).map(
            |policy| AccountPolicy {
                name: policy.name.clone(),
                pattern: policy.pattern.clone(),
                leaves_out: policy.excluded.clone(),
                loops: would_loop(stack, observed).difference(&policy.excluded).cloned().collect(),
                ours: is_own_policy(stack, policy, None),
            },
        );
    let loops = account_policy.as_ref().is_some_and(|policy| !policy.loops.is_empty())
        || subscriptions.iter().any(|subscription| subscription.loops);
    StatusReport {
        stack: stack.name.to_string(),
        account: stack.target.account.clone(),
        region: stack.target.region.to_string(),
        ready: parts.iter().all(|part| part.ready) && !loops,
        parts,
        subscriptions,
        account_policy,
    }
}

impl fmt::Display for StatusReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.ready { "ready" } else { "not ready" };
        writeln!(f, "stack `{}` in {} {}: {state}", self.stack, self.account, self.region)?;
        let width = self.parts.iter().map(|p| p.name.chars().count()).max().unwrap_or(0);
        for part in &self.parts {
            let foreign = if part.ours == Some(false) { " (not ours)" } else { "" };
            writeln!(f, "  {:<9}  {:<width$}  {}{foreign}", part.kind, part.name, part.state)?;
        }
        if let Some(policy) = &self.account_policy {
            writeln!(f, "{policy}")?;
        }
        let own = if self.account_policy.is_some() { " by a filter of its own" } else { "" };
        match self.subscriptions.len() {
            1 => write!(f, "1 log group leads into it{own}")?,
            n => write!(f, "{n} log groups lead into it{own}")?,
        }
        let width = self.subscriptions.iter().map(|s| s.log_group.chars().count()).max().unwrap_or(0);
        for subscription in &self.subscriptions {
            let foreign = if subscription.ours { "" } else { " (not ours)" };
            let loops = if subscription.loops { " (feeds itself: take it off)" } else { "" };
            write!(
                f,
                "\n  {:<width$}  {}  {}{foreign}{loops}",
                subscription.log_group,
                subscription.filter,
                shown_pattern(&subscription.pattern)
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for AccountPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let foreign = if self.ours { "" } else { " (not ours)" };
        let pattern = shown_pattern(&self.pattern);
        write!(f, "the account policy {}{foreign} leads every log group into it, {pattern}", self.name)?;
        if !self.leaves_out.is_empty() {
            write!(f, ", except {}:", self.leaves_out.len())?;
        }
        self.leaves_out.iter().try_for_each(|name| write!(f, "\n  {name}"))?;
        if !self.loops.is_empty() {
            f.write_str(
                "\nit covers log groups that feed themselves, run `cwl2le setup` to have it leave them out:",
            )?;
            self.loops.iter().try_for_each(|name| write!(f, "\n  {name}"))?;
        }
        Ok(())
    }
}
