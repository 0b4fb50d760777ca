//! The report of `cwl2le status` as text.

use std::collections::BTreeSet;
use std::fmt;

use super::log_lines::FunctionHealth;
use super::report::{AccountPolicy, Destination, MISSING, StatusReport};
use crate::output::visible;
use crate::resources::shown_pattern;

impl fmt::Display for StatusReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stack, account, region, .. } = self;
        if self.parts.iter().all(|part| part.state == MISSING) {
            write!(f, "stack `{stack}` is not set up in {account} {region}; run `{}`", visible(&self.setup))?;
            // What outlived the stack.
            if self.account_policy.is_none() && self.subscriptions.is_empty() {
                return Ok(());
            }
            writeln!(f)?;
        } else {
            self.write_parts(f)?;
        }
        if let Some(policy) = &self.account_policy {
            writeln!(f, "{policy}")?;
        }
        self.write_subscriptions(f)
    }
}

impl StatusReport {
    fn write_parts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.ready { "ready" } else { "not ready" };
        writeln!(f, "stack `{}` in {} {}: {state}", self.stack, self.account, self.region)?;
        let width = self.parts.iter().map(|p| p.name.chars().count()).max().unwrap_or(0);
        for part in &self.parts {
            let foreign = if part.ours == Some(false) { " (not ours)" } else { "" };
            let release = part.release.as_ref().map(|release| format!(", cwl2le {}", visible(release)));
            let release = release.unwrap_or_default();
            let (name, state) = (visible(&part.name), visible(&part.state));
            writeln!(f, "  {:<11}  {name:<width$}  {state}{release}{foreign}", part.kind)?;
            part.wrong.iter().try_for_each(|wrong| writeln!(f, "    ! {}", visible(wrong)))?;
        }
        for Destination { name, service } in &self.destinations {
            writeln!(f, "  destination  {:<width$}  {}", visible(name), visible(service))?;
        }
        for open in &self.open {
            writeln!(f, "  ! {}", visible(open))?;
        }
        for unknown in self.health.iter().filter_map(|health| health.unknown.as_ref()) {
            writeln!(f, "  ? {}", visible(unknown))?;
        }
        if let Some(advice) = self.advice {
            writeln!(f, "run `{}` to see {advice}", visible(&self.plan))?;
        }
        let failing = self.health.iter().filter(|health| !health.problems.is_empty());
        for FunctionHealth { function, tail, .. } in failing {
            writeln!(f, "`{}` shows the whole log of {function}", visible(tail))?;
        }
        Ok(())
    }

    fn write_subscriptions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = if self.account_policy.is_some() { " by filters of their own" } else { "" };
        let log_groups: BTreeSet<&str> = self.subscriptions.iter().map(|s| s.log_group.as_str()).collect();
        match log_groups.len() {
            1 => {
                write!(f, "1 log group is subscribed{}", own.replace("filters of their", "a filter of its"))?
            }
            n => write!(f, "{n} log groups are subscribed{own}")?,
        }
        let width = self.subscriptions.iter().map(|s| s.log_group.chars().count()).max().unwrap_or(0);
        for subscription in &self.subscriptions {
            let foreign = if subscription.ours { "" } else { " (not ours)" };
            let loops = if subscription.loops { " (feeds itself: take it off)" } else { "" };
            write!(
                f,
                "\n  {:<width$}  {}  {}{foreign}{loops}",
                visible(&subscription.log_group),
                visible(&subscription.filter),
                visible(shown_pattern(&subscription.pattern))
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for AccountPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let foreign = if self.ours { "" } else { " (not ours)" };
        let (name, pattern) = (visible(&self.name), visible(shown_pattern(&self.pattern)));
        write!(f, "the account policy {name}{foreign} leads every log group into it, {pattern}")?;
        if !self.leaves_out.is_empty() {
            write!(f, ", except {}:", self.leaves_out.len())?;
        }
        self.leaves_out.iter().try_for_each(|name| write!(f, "\n  {}", visible(name)))?;
        if !self.loops.is_empty() {
            f.write_str(
                "\nit covers log groups that feed themselves, run `cwl2le setup` to have it leave them out:",
            )?;
            self.loops.iter().try_for_each(|name| write!(f, "\n  {}", visible(name)))?;
        }
        Ok(())
    }
}
