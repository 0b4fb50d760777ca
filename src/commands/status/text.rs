//! The report of `cwl2le status` as text: the verdict first, then the numbers, then what is not as it should be.

use std::collections::BTreeSet;
use std::fmt;

use super::flow_text::rows;
use super::report::{AccountPolicy, KeptPlace, MISSING, StatusOutput, StatusReport};
use crate::health::Verdict;
use crate::output::quantity::{count, span};
use crate::output::style::{BAD, BOLD, DIM, GOOD, HINT, TYPED, WARN};
use crate::output::{hanging, visible, wrapped};
use crate::resources::shown_pattern;

/// Columns of what a line is about.
const LABEL: usize = 11;

impl fmt::Display for StatusOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once(report) => report.fmt(f),
            Self::Member(report) => report.fmt(f),
            Self::Watched => Ok(()),
        }
    }
}

impl fmt::Display for StatusReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_head(f)?;
        if !self.parts.iter().all(|part| part.state == MISSING) {
            self.write_flow(f)?;
            self.write_facts(f)?;
            self.write_parts(f)?;
        }
        self.write_gaps(f)?;
        if let Some(policy) = &self.account_policy {
            self.write_account_policy(f, policy)?;
        }
        if let Some(accounts) = &self.accounts {
            accounts.fmt(f)?;
        }
        if let Some(Some(shards)) = &self.shards {
            shards.fmt(f)?;
        }
        self.write_largest(f)?;
        self.write_subscriptions(f)
    }
}

impl StatusReport {
    /// The lines that the person on call has time for.
    fn write_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let style = match self.verdict {
            verdict if verdict.is_good() => GOOD.bold(),
            Verdict::Unknown | Verdict::Behind => WARN.bold(),
            _ => BAD.bold(),
        };
        let verdict = self.verdict.name().to_uppercase();
        for (at, line) in wrapped(&format!("{verdict}: {}", visible(&self.why)), self.width).enumerate() {
            match line.strip_prefix(&verdict).filter(|_| at == 0) {
                Some(rest) => writeln!(f, "{style}{verdict}{style:#}{rest}")?,
                None => writeln!(f, "  {line}")?,
            }
        }
        if let (Some(at), Some(seconds), false) =
            (&self.lag.expires_at, self.lag.expires_in, self.verdict == Verdict::Losing)
        {
            writeln!(f, "the oldest record expires in {} ({at}); it is not lost yet", span(seconds))?;
        }
        if let Some(next) = &self.next {
            writeln!(f, "{HINT}next:{HINT:#} {TYPED}{}{TYPED:#}", visible(next))?;
        }
        let Self { stack, account, region, time, .. } = self;
        let time = time.replace('T', " ").replace('Z', " UTC");
        let place = format!("stack {stack}, {account} {region}, {time}");
        wrapped(&place, self.width).try_for_each(|line| writeln!(f, "{DIM}{line}{DIM:#}"))
    }

    fn write_flow(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        for (at, line) in rows(self).into_iter().enumerate() {
            match line.strip_prefix('!') {
                Some(rest) => writeln!(f, "{BAD}!{BAD:#}{rest}")?,
                None if at == 0 => writeln!(f, "{DIM}{line}{DIM:#}")?,
                None => writeln!(f, "{line}")?,
            }
        }
        writeln!(f)
    }

    fn write_facts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.row(
            f,
            self.verdict == Verdict::Behind || self.verdict == Verdict::Losing,
            "behind",
            &self.lag_text(),
        )?;
        for lost in &self.lost {
            #[expect(clippy::cast_precision_loss, reason = "counts of an hour are exact in 53 bits")]
            let number = count(lost.count as f64);
            self.row(f, true, "lost", &format!("{number} {}, last at {}", lost.what, lost.last))?;
        }
        if let Some(of) = &self.set_aside {
            let after = "for an hour after that, `status --check` exits with code 8";
            self.row(f, true, "set aside", &format!("{} records, last at {}; {after}", of.why, of.last))?;
        }
        for kept in &self.kept {
            let is_new = kept.age.is_some_and(|age| age < 3600);
            self.row(f, is_new, "kept in S3", &kept_text(kept))?;
        }
        self.row(f, false, "forwarder", &self.forwarder_text())?;
        let (bad, alarms) = self.alarms_text();
        self.row(f, bad, "alarms", &alarms)?;
        let (bad, drift) = self.drift_text();
        self.row(f, bad, "drift", &drift)?;
        self.row(f, false, "log groups", &self.log_groups_text())
    }

    fn lag_text(&self) -> String {
        let times = &self.lag.times;
        let kept = match times.kept_seconds {
            Some(kept) => format!("records are kept for {} h", kept.div_ceil(3600)),
            None => "how long records are kept is not known".to_owned(),
        };
        let now = match (times.seconds, self.verdict) {
            (Some(seconds), _) if times.growing => format!("{} now and growing", span(seconds)),
            (Some(seconds), _) => format!("{} now", span(seconds)),
            (None, Verdict::Quiet) => "nothing waits".to_owned(),
            (None, _) => "?".to_owned(),
        };
        let most = times.most_seconds.map(|most| format!(", {} at most in the last hour", span(most)));
        format!("{now}{}; {kept}", most.unwrap_or_default())
    }

    fn forwarder_text(&self) -> String {
        let forwarder = &self.forwarder;
        let version = forwarder.version.as_ref().map_or_else(|| "?".to_owned(), visible);
        #[expect(clippy::cast_precision_loss, reason = "spans of our time are exact in 53 bits")]
        let age =
            forwarder.age.map(|age| format!(", unchanged for {}", span(age as f64))).unwrap_or_default();
        let published = forwarder.published.map(|number| format!(", version {number}")).unwrap_or_default();
        format!("{version}{published}{age}; this cwl2le is {}", forwarder.cli)
    }

    fn alarms_text(&self) -> (bool, String) {
        let Some(alarms) = &self.alarms else { return (false, "?".to_owned()) };
        if alarms.is_empty() {
            return (false, "none".to_owned());
        }
        let bad: Vec<String> = alarms
            .iter()
            .filter(|alarm| alarm.state != "OK")
            .map(|alarm| {
                let since = alarm.since.as_ref().map(|since| format!(" since {since}")).unwrap_or_default();
                format!("{} {}{since}", visible(&alarm.name), visible(&alarm.state))
            })
            .collect();
        let fine = match alarms.len() - bad.len() {
            n if bad.is_empty() => format!("{n}, all OK"),
            n => format!("{}; {n} OK", bad.join(", ")),
        };
        (alarms.iter().any(|alarm| alarm.state == "ALARM"), fine)
    }

    fn drift_text(&self) -> (bool, String) {
        let wrong = self.parts.iter().filter(|part| part.ready == Some(false)).count();
        match &self.open {
            None if wrong == 0 => (false, "?".to_owned()),
            None => (true, format!("at least {wrong}, see below")),
            Some(open) => match wrong + open.len() {
                0 => (false, "none: `setup` would change nothing".to_owned()),
                n => (true, format!("{n}, see below")),
            },
        }
    }

    fn log_groups_text(&self) -> String {
        let by_policy = self.account_policy.is_some();
        let policy = if by_policy { "; the account policy forwards the others" } else { "" };
        let Some(groups) = &self.log_groups else { return format!("?{policy}") };
        let least = if groups.is_whole { "" } else { "at least " };
        format!("{least}{} with a filter that forwarded events within 3 h{policy}", groups.active)
    }

    /// The parts that are not as they should be, and what else `setup` would do.
    fn write_parts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wrong = || self.parts.iter().filter(|part| part.ready == Some(false) || part.ours == Some(false));
        let width = wrong().map(|p| p.resource.place().chars().count()).max().unwrap_or(0);
        if wrong().next().is_some() || self.open.as_ref().is_some_and(|open| !open.is_empty()) {
            writeln!(f)?;
        }
        for part in wrong() {
            let foreign = if part.ours == Some(false) { " (not managed by this stack)" } else { "" };
            let (name, state) = (visible(part.resource.place()), visible(&part.state));
            writeln!(
                f,
                "{BAD}!{BAD:#} {:<LABEL$}  {name:<width$}  {state}{foreign}",
                part.resource.kind.name()
            )?;
            part.wrong.iter().try_for_each(|wrong| writeln!(f, "    ! {}", visible(wrong)))?;
        }
        for open in self.open.iter().flatten() {
            writeln!(f, "{BAD}!{BAD:#} {}", visible(open))?;
        }
        if let Some(advice) = self.advice {
            writeln!(f, "run `{TYPED}{}{TYPED:#}` to see {advice}", visible(&self.plan))?;
        }
        Ok(())
    }

    fn write_gaps(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for gap in &self.unknown {
            let why = match &gap.action {
                Some(action) => format!("AWS denies {action}"),
                None => gap.why.clone(),
            };
            let text = format!("{}: {}", visible(&gap.what), visible(why));
            for (at, line) in wrapped(&text, self.width.saturating_sub(2)).enumerate() {
                match at {
                    0 => writeln!(f, "{WARN}?{WARN:#} {line}")?,
                    _ => writeln!(f, "  {line}")?,
                }
            }
        }
        if self.unknown.iter().any(|gap| gap.action.is_some()) {
            writeln!(f, "run `{TYPED}{}{TYPED:#}` to see a policy that allows it", visible(&self.policies))?;
        }
        Ok(())
    }

    /// Which log groups the account policy forwards, and which not.
    fn write_account_policy(&self, f: &mut fmt::Formatter<'_>, policy: &AccountPolicy) -> fmt::Result {
        let foreign = if policy.ours { "" } else { " (not managed by this stack)" };
        let (name, pattern) = (visible(&policy.name), visible(shown_pattern(&policy.pattern)));
        let except = match policy.leaves_out.len() {
            0 => String::new(),
            n => format!(", except {n}:"),
        };
        let text = format!("the account policy {name}{foreign} forwards every log group, {pattern}{except}");
        writeln!(f, "{}", hanging("", &text, self.width))?;
        policy.leaves_out.iter().try_for_each(|name| writeln!(f, "  {}", visible(name)))?;
        if !policy.loops.is_empty() {
            let setup = visible(&self.setup);
            let text = format!(
                "it covers log groups that make a log loop; `{TYPED}{setup}{TYPED:#}` excludes them:"
            );
            writeln!(f, "{}", hanging("", &text, self.width))?;
            policy.loops.iter().try_for_each(|name| writeln!(f, "  {}", visible(name)))?;
        }
        Ok(())
    }

    fn write_largest(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(largest) = self.log_groups.as_ref().and_then(|groups| groups.largest.as_ref()) else {
            return Ok(());
        };
        writeln!(f, "\n{BOLD}most events{BOLD:#}")?;
        for group in largest {
            #[expect(clippy::cast_precision_loss, reason = "counts of a day are exact in 53 bits")]
            let events = count(group.events as f64);
            writeln!(f, "{events:>15}  {}", visible(&group.name))?;
        }
        Ok(())
    }

    fn write_subscriptions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(subscriptions) = &self.subscriptions else { return Ok(()) };
        let own = if self.account_policy.is_some() { " by filters of their own" } else { "" };
        let log_groups: BTreeSet<&str> = subscriptions.iter().map(|s| s.log_group.as_str()).collect();
        match log_groups.len() {
            1 => write!(
                f,
                "\n1 log group is subscribed{}",
                own.replace("filters of their", "a filter of its")
            )?,
            n => write!(f, "\n{n} log groups are subscribed{own}")?,
        }
        let width = subscriptions.iter().map(|s| s.log_group.chars().count()).max().unwrap_or(0);
        for subscription in subscriptions {
            let foreign = if subscription.ours { "" } else { " (not managed by this stack)" };
            let loops = if subscription.loops { " (makes a log loop: remove the filter)" } else { "" };
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

    /// A line about something, over as many lines as it takes.
    fn row(&self, f: &mut fmt::Formatter<'_>, bad: bool, label: &str, text: &str) -> fmt::Result {
        for (at, line) in wrapped(text, self.width.saturating_sub(LABEL + 4)).enumerate() {
            match (at, bad) {
                (0, true) => writeln!(f, "{BAD}!{BAD:#} {label:<LABEL$}  {line}")?,
                (0, false) => writeln!(f, "  {label:<LABEL$}  {line}")?,
                _ => writeln!(f, "  {:<LABEL$}  {line}", "")?,
            }
        }
        Ok(())
    }
}

fn kept_text(kept: &KeptPlace) -> String {
    let place = visible(&kept.place);
    let Some(objects) = kept.objects else { return format!("? {} in {place}", kept.why) };
    #[expect(clippy::cast_precision_loss, reason = "a thousand at most")]
    let objects = count(objects as f64);
    let least = if kept.is_whole { "" } else { "at least " };
    #[expect(clippy::cast_precision_loss, reason = "spans of our time are exact in 53 bits")]
    let newest = kept.age.map(|age| format!(", the newest {} ago", span(age as f64))).unwrap_or_default();
    format!("{least}{objects} {} in {place}{newest}", kept.why)
}

#[cfg(test)]
mod tests {
    use super::super::report::SetAside;
    use super::*;

    #[test]
    fn what_makes_check_fail_is_in_the_text() {
        let set_aside = SetAside { why: "quarantined", last: "2026-11-30T09:31:22Z".to_owned() };
        let resource = crate::resources::ResourceId::new(crate::resources::Kind::STREAM, "s");
        let part = super::super::report::Part {
            resource,
            state: "ACTIVE".to_owned(),
            data: serde_json::Map::new(),
            ready: Some(true),
            wrong: Vec::new(),
            ours: Some(true),
            release: None,
        };
        let report = StatusReport {
            verdict: Verdict::Flowing,
            parts: vec![part],
            set_aside: Some(set_aside),
            width: 60,
            ..StatusReport::default()
        };
        let text = crate::output::visible(report);
        assert!(text.contains("set aside") && text.contains("exits with code 8"), "{text}");
    }
}
