//! `cwl2le replay`: what a run does.

use std::sync::Arc;

use super::args::{From, Replay};
use super::chosen::Chosen;
use super::ground::Ground;
use super::report::ReplayReport;
use super::run::run;
use super::sink::{Destined, Target};
use super::source::{Resume, Source};
use super::survey::survey;
use super::tally::Tally;
use super::time::to_the_millisecond;
use super::{open, text};
use crate::aws::Notice;
use crate::commands::manual::Manual;
use crate::commands::verb::{Facts, Policy, Verb};
use crate::error::{Code, Error, Exit, Result};
use crate::output::{Next, Step};
use crate::workflow::Context;
use crate::workflow::consent::{Consent, Question, agree};

impl Verb for Replay {
    type Report = ReplayReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("See what expired, and what would be sent", "cwl2le replay --from on-failure --dry-run"),
            ("Send it into the stream again", "cwl2le replay --from on-failure"),
            (
                "Send what was logged before a log group was subscribed",
                "cwl2le replay --from log-groups -g /app --since 30d",
            ),
            (
                "Send what a log service has lost, to this destination only",
                "cwl2le replay --from stream --since 2h --into audit",
            ),
        ],
        page: Some("replay.md"),
    };

    fn facts(&self) -> Facts<'_> {
        // Who is on call may not read other log groups than those of the forwarders.
        let policy = if self.from == From::LogGroups { Policy::operator() } else { Policy::on_call() };
        let alone = Some("what is sent again is decided for one stack");
        Facts { alone, ..Facts::of_stack(&self.stack, policy) }
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        self.check()?;
        let session = Arc::new(context.session().await?);
        let now = i64::try_from(session.time()).unwrap_or_default() * 1000;
        let chosen = Chosen::of(self, now)?;
        let step = context.progress.begin("looking for records");
        let notice = |notice: Notice<'_>| waiting(&step, &notice);
        let aws = session.telling(&notice);
        let ground = Ground::read(context, &session, context.stack(&self.stack)).await?;
        let into = match &self.into {
            Some(name) => {
                let config = ground.configuration()?;
                Some(Destined::read(&session, config, name, self.sends()).await?)
            }
            None => None,
        };
        let mut source = open::source(aws, self, &ground, chosen, into.as_ref()).await?;
        drop(step);
        let place = (ground.target.account.clone(), ground.target.region.to_string());
        let mut report =
            ReplayReport::new(ground.stack.to_string(), place, self.from, source.found().clone());
        report.dry_run = !self.sends();
        if report.found.objects == 0 {
            report.complete = true;
            return Ok(report);
        }
        let total = usize::try_from(report.found.objects).unwrap_or(usize::MAX);
        let is_timed = self.from.is_timed();
        let span = report.found.oldest.zip(report.found.newest).filter(|_| is_timed);
        let seconds = |from: i64, to: i64| usize::try_from((to - from) / 1000).unwrap_or_default();
        let total = span.map_or(total, |(since, until)| seconds(since, until).max(1));
        let ended = |tally: &Tally| match span {
            Some((since, _)) => seconds(since, tally.newest).min(total),
            None => usize::try_from(tally.objects).unwrap_or(total),
        };
        let mut sink =
            if self.list { None } else { Some(open::sink((&*session).into(), self, &ground, into).await?) };
        report.to = sink.as_ref().map(|sink| sink.target().clone());
        if let Some(to) = report.to.as_ref().filter(|_| self.sends())
            && self.ask(context, source.as_ref(), to).await? == Consent::Declined
        {
            report.cancelled = true;
            return Ok(report);
        }
        let step = context.progress.begin_many(if is_timed { "seconds of log" } else { "objects" }, total);
        let counted = |tally: &Tally| step.count(ended(tally), total);
        let notice = |notice: Notice<'_>| waiting(&step, &notice);
        let aws = session.telling(&notice);
        let Some(sink) = sink.as_mut().filter(|_| self.sends()) else {
            let (tally, rows) = survey(aws, source.as_mut(), self.list, counted).await?;
            report.count(&tally);
            report.miss(source.as_ref());
            report.rows = rows;
            if self.dry_run && tally.chosen.records > 0 {
                report.next = Next::new().then(context.command_line.clone().applied(), "send them");
            }
            return Ok(report);
        };
        source.begin(aws).await?;
        report.found = source.found().clone();
        let mut ended = run(aws, source.as_mut(), sink.as_mut(), self.limit, counted).await;
        ended.take_end(source.end(aws).await);
        drop(step);
        let resume = source.resume().filter(|_| !ended.is_complete || ended.is_limited);
        report.manifests = source.notes();
        report.miss(source.as_ref());
        report.take(ended, sink.delivery().cloned());
        report.resume_at = resume.map(|resume| to_the_millisecond(resume.since));
        report.next = self.next(context, &report, resume);
        Ok(report)
    }

    fn exit(&self, report: &Self::Report) -> Exit {
        report.exit()
    }
}

impl Replay {
    /// Shows what is to be sent, and asks.
    async fn ask(&self, context: Context<'_>, source: &dyn Source, to: &Target) -> Result<Consent> {
        let mut plan = text::found(self.from, source.found());
        plan.extend(text::target(to));
        let plan = plan.join("\n");
        context.note(&plan);
        let not_confirmed = || {
            let message = "sending these records is not confirmed: there is no terminal to ask on, and --yes is not \
                           given; nothing was sent";
            let confirmed = context.command_line.confirmed();
            Error::new(Code::NotConfirmed, message)
                .hint(format!("if that is what you want, run `{confirmed}`"))
        };
        let question = Question { yes: self.yes, plan: &plan, text: "send them again now?" };
        agree(context, question, not_confirmed).await
    }

    fn next(&self, context: Context<'_>, report: &ReplayReport, resume: Option<Resume>) -> Next {
        let again = match resume {
            None => context.command_line.clone(),
            Some(Resume { since, until }) => {
                let times = [
                    "--since".to_owned(),
                    to_the_millisecond(since),
                    "--until".to_owned(),
                    to_the_millisecond(until),
                ];
                context.command_line.without(&["--since", "--until"]).with(&times)
            }
        };
        match report {
            _ if report.interrupted || report.limited => Next::new().then(again, "go on"),
            _ if report.failure.is_some() => {
                let place = self.into.as_deref().unwrap_or("the stream");
                Next::new()
                    .then(context.command_line.of_stack("doctor"), format!("see why {place} takes nothing"))
                    .then(again, "go on")
            }
            _ if report.stopped.is_some() => Next::new().then(again, "go on"),
            _ if report.sent.records > 0 && self.into.is_none() => Next::new().then(
                context.command_line.of_stack("status").with(&["--watch".to_owned()]),
                "see them arrive",
            ),
            _ => Next::new(),
        }
    }
}

fn waiting(step: &Step, notice: &Notice<'_>) {
    if let Notice::Waiting { why, .. } = notice {
        step.waiting(format_args!("waiting for {why}"));
    }
}
