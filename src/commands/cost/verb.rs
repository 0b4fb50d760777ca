//! Runs `cwl2le cost`. Reads, and changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use super::added::{Logged, added};
use super::args::Cost;
use super::report::{Added, CostReport, Gap, GroupRow, LogService, rows};
use crate::aws::cloudwatch::Values;
use crate::aws::{Aws, Notice, Session};
use crate::commands::manual::Manual;
use crate::commands::verb::{Facts, Policy, Verb};
use crate::error::{Code, Error, Result};
use crate::health::Unknown;
use crate::output::Next;
use crate::prices::{Bill, GB, HOURS, Item, Prices, Table};
use crate::signals::cost::{GroupUsage, GroupsUsage, Span, Usage, logged_by, of_filters, usage};
use crate::stack::StackName;
use crate::workflow::log_groups::{Loops, Way, choose};
use crate::workflow::{Context, unknown_stack};

impl Verb for Cost {
    type Report = CostReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("What does the stack cost a month?", "cwl2le cost"),
            ("With the log service, at its price per GB", "cwl2le cost --price-per-gb 0.35"),
            (
                "What would these log groups cost, before you subscribe them?",
                "cwl2le cost '/app/*' --price-per-gb 0.35",
            ),
        ],
        page: Some("cost.md"),
    };

    fn facts(&self) -> Facts<'_> {
        Facts::of_stack(&self.stack, Policy::on_call())
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        let table = self.table()?;
        if self.has_groups() {
            self.groups.check("cost")?;
        }
        let session = context.session().await?;
        let prices = Prices::of_table(&table, session.target.region.as_str());
        let stack = context.stack(&self.stack);
        let now = i64::try_from(session.time()).unwrap_or_default();
        let asked = Span::before(now, i64::try_from(self.since.as_secs()).unwrap_or(i64::MAX));
        let reading = context.progress.begin("adding up metrics");
        let notice = |notice: Notice<'_>| {
            if let Notice::Waiting { why, .. } = notice {
                reading.waiting(format_args!("waiting for {why}"));
            }
        };
        let used = usage(session.telling(&notice), &stack, asked).await?;
        let is_absent = used.is_absent();
        if is_absent && !self.has_groups() {
            return Err(absent(context, &session, &stack).await);
        }
        // Log groups are read by whole periods.
        let span = Span::before(now, used.span.seconds());
        let groups = match is_absent {
            true => Ok(GroupsUsage { is_whole: true, ..GroupsUsage::default() }),
            false => of_filters(session.telling(&notice), &used.chain.names, span).await?,
        };
        let wanted = match self.has_groups() {
            true => Some(self.wanted(context, &session, &stack, &used, asked).await?),
            false => None,
        };
        drop(reading);
        Ok(self.report(context, &session, &prices, &Found { used, span, asked, groups, wanted }))
    }
}

/// What was read.
struct Found {
    used: Usage,
    /// The span of the log groups that are subscribed.
    span: Span,
    /// The span that was asked for.
    asked: Span,
    groups: std::result::Result<GroupsUsage, Unknown>,
    /// What the log groups that were asked for have logged, and how many of them are subscribed already.
    wanted: Option<(Vec<(String, Values)>, usize)>,
}

impl Cost {
    /// The prices: built in, or those of a file over them.
    fn table(&self) -> Result<Table> {
        let Some(path) = &self.prices else { return Ok(Table::built_in().clone()) };
        let shown = path.display();
        let text = fs::read_to_string(path).map_err(|error| {
            Error::new(Code::Environment, format!("--prices: {shown} cannot be read: {error}"))
        })?;
        let hint =
            "docs/cost.md shows the form: a section for each region, with a date and the prices that differ";
        Table::with(&text).map_err(|problem| Error::usage(format!("--prices: {shown}: {problem}"), hint))
    }

    /// What the log groups of the flags have logged that are not subscribed.
    async fn wanted(
        &self,
        context: Context<'_>,
        session: &Session,
        stack: &StackName,
        used: &Usage,
        span: Span,
    ) -> Result<(Vec<(String, Values)>, usize)> {
        let chosen =
            choose(context, session, Way { stack, member: None }, &self.groups, Loops::LeftOut).await?;
        let stream = used.chain.names.stream_arn(&used.chain.target);
        let missing = chosen.log_groups.iter().find(|name| !chosen.observed.groups.contains_key(*name));
        if let Some(missing) = missing {
            let similar = chosen.observed.similar.get(missing).map(|near| format!("did you mean `{near}`?"));
            let message = format!("there is no log group `{missing}` in {}", session.target.region);
            return Err(Error::new(Code::UnknownLogGroup, message)
                .hint(similar.unwrap_or_else(|| "check the name, the region and the account".to_owned())));
        }
        let is_subscribed = |name: &&String| chosen.observed.is_led_to(&stream, name);
        let (subscribed, open): (Vec<&String>, Vec<&String>) =
            chosen.log_groups.iter().partition(is_subscribed);
        let values = logged_by(Aws::from(session), open.iter().copied(), span).await?;
        Ok((open.into_iter().cloned().zip(values).collect(), subscribed.len()))
    }

    fn report(&self, context: Context<'_>, session: &Session, prices: &Prices, found: &Found) -> CostReport {
        let Found { used, span, asked, groups, wanted } = found;
        let bill = Bill::new(prices, used.measured.charges());
        let mut unknown: Vec<Gap> = used.gaps.iter().map(|(what, why)| gap(what, why)).collect();
        unknown.extend(groups.as_ref().err().map(|why| gap("log groups", why)));
        let gb_out = used.measured.gb_out().filter(|_| used.is_measured);
        let empty = GroupsUsage::default();
        let of_groups = groups.as_ref().unwrap_or(&empty);
        let log_service = self.price_per_gb.map(|price| LogService::new(price, gb_out));
        let a_gb = prices.of(Item::DataOutGb) + self.price_per_gb.unwrap_or_default();
        let by_filters: f64 = of_groups.groups.values().map(|group| group.forwarded).sum();
        // CloudWatch does not count what an account policy forwards in bytes: it is the rest of what came in.
        let has_policy = used.is_fed_by_policy();
        let all = if has_policy { by_filters.max(used.measured.bytes) } else { by_filters };
        let mut report = CostReport {
            stack: used.chain.stack.to_string(),
            account: session.target.account.clone(),
            region: session.target.region.to_string(),
            from: time(used.span.from),
            until: time(used.span.until),
            seconds: used.span.seconds(),
            prices: bill.source(),
            charges: rows(&bill),
            aws: bill.total(),
            log_service,
            log_groups: by_group(&of_groups.groups, all, span.seconds(), gb_out, a_gb),
            rest_share: has_policy.then(|| if all > 0.0 { 1.0 - by_filters / all } else { 0.0 }),
            is_whole: of_groups.is_whole,
            added: None,
            unknown,
            metrics_read: used.metrics_read + of_groups.metrics_read,
            read: 0.0,
            top: self.top,
            policies: context.command_line.on_call_policy(&session.target),
            next: Next::new(),
        };
        if let Some((wanted, subscribed)) = wanted {
            let logged = Logged {
                groups: wanted,
                is_new: used.is_absent(),
                period: asked.period() as f64,
                seconds: asked.seconds() as f64,
                compression: of_groups.compression,
            };
            let (added, rows, source) = added(&logged, &used.measured, prices, self.price_per_gb);
            let largest = rows.first().map(|row| row.log_group.clone());
            report.added = Some(Added { subscribed: *subscribed, ..added });
            report.log_groups = rows;
            report.rest_share = None;
            report.is_whole = true;
            report.metrics_read += wanted.len();
            if report.charges.is_empty() {
                report.prices = source;
            }
            if let Some(largest) = largest {
                let preview = context.command_line.of_stack("preview");
                let preview =
                    preview.with(&["--log-group".to_owned(), largest, "--since".to_owned(), "1d".to_owned()]);
                report.next = Next::new().then(preview, "see what the rules of your routes save");
            }
        }
        report.read = report.metrics_read as f64 / 1000.0 * prices.of(Item::ReadMetricsThousand);
        report
    }
}

/// The log groups, those that send most first. `all` is what all of them sent into the stream, in bytes.
fn by_group(
    groups: &BTreeMap<String, GroupUsage>,
    all: f64,
    seconds: i64,
    gb_out: Option<f64>,
    a_gb: f64,
) -> Vec<GroupRow> {
    let months = HOURS * 3600.0 / (seconds.max(60) as f64);
    let row = |(name, group): (&String, &GroupUsage)| {
        let share = if all > 0.0 { group.forwarded / all } else { 0.0 };
        let gb_sent = gb_out.map(|gb| gb * share);
        GroupRow {
            log_group: name.clone(),
            gb_logged: group.logged * months / GB,
            share: Some(share),
            gb_sent,
            usd: gb_sent.map(|gb| gb * a_gb),
        }
    };
    let mut rows: Vec<GroupRow> = groups.iter().map(row).collect();
    rows.sort_by(|one, other| other.share.unwrap_or_default().total_cmp(&one.share.unwrap_or_default()));
    rows
}

fn gap(what: &str, unknown: &Unknown) -> Gap {
    Gap { what: what.to_owned(), unknown: unknown.clone() }
}

/// Seconds since 1970 as RFC 3339.
fn time(seconds: i64) -> String {
    let since = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    humantime::format_rfc3339_seconds(UNIX_EPOCH + since).to_string()
}

/// The error for a stack that does not exist.
async fn absent(context: Context<'_>, session: &Session, stack: &StackName) -> Error {
    let message = format!("there is no stack `{stack}` in {}", session.target.region);
    let setup = context.command_line.of_stack("plan");
    let error = Error::new(Code::NotFound, message).hint(format!(
        "`{setup}` shows what a new one would cost; with log groups, `cwl2le cost` estimates them, too"
    ));
    unknown_stack::explained(context, session, stack, error).await
}
