//! `cwl2le status`: whether logs flow, how far behind, what is wrong and what to do.

use std::time::Duration;

use clap::Args;

use super::describe::{About, describe};
use super::member::member_report;
use super::report::{StatusOutput, StatusReport};
use super::watch::watch;
use crate::aws::{Notice, Session};
use crate::commands::manual::Manual;
use crate::commands::verb::{Facts, Policy, Verb};
use crate::error::{Error, Exit, Result};
use crate::flags::StackArg;
use crate::flags::values::{span, whole};
use crate::health::{Limits, Signals, Verdict, judge};
use crate::output::{Step, width};
use crate::settings::{Member, Membership, Wanted, membership};
use crate::signals::{Ask, Look, MemberSignals, Reader, member_signals};
use crate::workflow::{Context, unknown_stack};

/// How long reading may take before it is shown that it goes on.
const SILENT: Duration = Duration::from_millis(500);

/// Show whether logs flow and how far behind they are
#[derive(Debug, Clone, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    pub stack: StackArg,
    /// Time span of the counts and rates, 1m to 24h
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = span("1m", "24h"))]
    pub since: Duration,
    /// Keep showing it until Ctrl-C, refreshed every SECONDS [default: 5]
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        default_missing_value = "5",
        value_parser = whole::<u64>(1..=3600)
    )]
    pub watch: Option<u64>,
    /// Exit with code 8 unless the chain is healthy
    ///
    /// Healthy means: logs flow or there are none, the lag is within --max-lag, no record was quarantined in the last
    /// hour, and `setup` would change nothing. If that cannot be read, the exit code is 4.
    #[arg(long, conflicts_with = "watch")]
    pub check: bool,
    /// Lag from which the chain counts as behind
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = span("1s", "365d"))]
    pub max_lag: Duration,
    /// Also list the ten busiest log groups
    #[arg(long)]
    pub groups: bool,
    /// Also read the last minute of each shard: how full it is, and which log groups fill it
    #[arg(long)]
    pub shards: bool,
    /// Also read the subscription filters of every log group, one call for each
    #[arg(long)]
    pub deep: bool,
    #[command(flatten)]
    pub member: Member,
}

impl Verb for Status {
    type Report = StatusOutput;

    const MANUAL: Manual = Manual {
        examples: &[
            ("Do logs flow, and how far behind are they?", "cwl2le status"),
            ("Keep showing it", "cwl2le status --watch"),
            (
                "In a script or an alarm: exit code 8 unless all is well",
                "cwl2le status --check --max-lag 5m --quiet",
            ),
        ],
        page: Some("status.md"),
    };

    fn facts(&self) -> Facts<'_> {
        let alone = self.watch.map(|_| "--watch shows one stack");
        Facts { alone, ..Facts::of_stack(&self.stack, Policy::on_call().of_member(&self.member)) }
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        if let Some(member) = membership(&self.member, context.file)? {
            return self.of_member(context, &member).await;
        }
        let session = context.session().await?;
        let stack = context.stack(&self.stack);
        let shards = if self.shards { Look::Always } else { Look::Never };
        let ask = Ask {
            window: self.since.as_secs(),
            deep: self.deep,
            groups: self.groups,
            shards,
            senders: true,
            replayed: None,
        };
        let first = {
            let waits = Waits::begin(context);
            let notice = |notice: Notice<'_>| waits.tell(notice);
            Reader { aws: session.telling(&notice), stack: &stack, ask }.all().await?
        };
        let instead = instead(&session, &first).await;
        let report = |signals: &Signals| self.report(context, &session, signals, instead.as_deref());
        let Some(seconds) = self.watch else {
            return Ok(StatusOutput::Once(Box::new(report(&first)?)));
        };
        let reader = Reader { aws: (&session).into(), stack: &stack, ask };
        watch(context, reader, first, Duration::from_secs(seconds), report).await?;
        Ok(StatusOutput::Watched)
    }

    fn exit(&self, report: &Self::Report) -> Exit {
        let report = match report {
            StatusOutput::Once(report) if self.check => report,
            StatusOutput::Member(report) if self.check => return report.exit(),
            _ => return Exit::Success,
        };
        match report.ready {
            Some(false) => Exit::Pending,
            _ if report.set_aside.is_some() => Exit::Pending,
            _ if report.is_partial || report.verdict == Verdict::Unknown => Exit::Access,
            _ => Exit::Success,
        }
    }
}

impl Status {
    /// What a member account sends to the destination of another one.
    async fn of_member(&self, context: Context<'_>, member: &Membership) -> Result<StatusOutput> {
        let of_stream = [
            ("--watch", self.watch.is_some()),
            ("--shards", self.shards),
            ("--groups", self.groups),
            ("--deep", self.deep),
        ];
        if let Some((flag, _)) = of_stream.into_iter().find(|(_, is_given)| *is_given) {
            return Err(Error::usage(
                format!("{flag} is about a chain with a stream, and a member account has none"),
                "leave it out: the status of a member account always lists its log groups",
            ));
        }
        let session = context.session().await?;
        member.check(&session.target)?;
        let name = context.stack(&self.stack);
        let signals = {
            let waits = Waits::begin(context);
            let notice = |notice: Notice<'_>| waits.tell(notice);
            member_signals(session.telling(&notice), &name, &member.destination, self.since).await?
        };
        let MemberSignals { scope, observed, .. } = &signals;
        let stack =
            member.stack(&Wanted::default(), context.file, &name, &session.target, *scope, observed)?;
        let report = member_report(&stack, &signals, self.since.as_secs(), context.command_line);
        Ok(StatusOutput::Member(Box::new(report)))
    }

    /// The report. `instead` names other stacks, for one that does not exist.
    fn report(
        &self,
        context: Context<'_>,
        session: &Session,
        signals: &Signals,
        instead: Option<&str>,
    ) -> Result<StatusReport> {
        let limits = Limits { window: self.since.as_secs(), max_lag: self.max_lag.as_secs() };
        let about = About {
            session,
            command_line: context.command_line,
            deep: self.deep,
            groups: self.groups,
            shards: self.shards,
            width: width(),
        };
        let mut judged = judge(signals, limits);
        if let Some(instead) = instead.filter(|_| is_absent(signals)) {
            judged.why = format!("{}; {instead}", judged.why);
        }
        describe(about, signals, &judged)
    }
}

/// Whether nothing of the stack exists.
fn is_absent(signals: &Signals) -> bool {
    let chain = &signals.chain;
    chain.unread.is_empty() && chain.observed.stream.is_none() && chain.observed.function.is_none()
}

/// Which stack was probably meant, or which ones there are, where this one does not exist.
async fn instead(session: &Session, signals: &Signals) -> Option<String> {
    if !is_absent(signals) {
        return None;
    }
    unknown_stack::instead(&signals.chain.stack, &unknown_stack::stacks(session).await?)
}

/// Shows that reading goes on, where it takes longer than a person waits without wondering.
struct Waits {
    step: std::sync::Arc<std::sync::Mutex<Option<Step>>>,
    shows: tokio::task::JoinHandle<()>,
}

impl Waits {
    fn begin(context: Context<'_>) -> Self {
        let step = std::sync::Arc::new(std::sync::Mutex::new(None));
        let (progress, shared) = (context.progress.clone(), std::sync::Arc::clone(&step));
        let shows = tokio::spawn(async move {
            tokio::time::sleep(SILENT).await;
            *lock(&shared) = Some(progress.begin("reading the stack, its metrics and its log"));
        });
        Self { step, shows }
    }

    fn tell(&self, notice: Notice<'_>) {
        let step = lock(&self.step);
        let Some(step) = &*step else { return };
        match notice {
            Notice::Waiting { why, .. } => step.waiting(format_args!("waiting for {why}")),
            Notice::Read { done, total } => step.waiting(format_args!("{done} of {total} log groups")),
            Notice::Made | Notice::Found | Notice::GivesWay { .. } => {}
        }
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.shows.abort();
        lock(&self.step).take();
    }
}

fn lock(step: &std::sync::Mutex<Option<Step>>) -> std::sync::MutexGuard<'_, Option<Step>> {
    step.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
