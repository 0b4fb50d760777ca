//! `cwl2le doctor`: what is wrong with the chain, and how to fix it.

use std::time::Duration;

use clap::Args;

use super::examine::{Examined, examine};
use super::finding::Command;
use super::gather::{gather, gather_before, open};
use super::list::CheckList;
use super::registry::{BEFORE, CATEGORIES};
use super::report::{Diagnosis, DoctorReport, Item, time};
use super::select::{names, select};
use super::setup_flags::SetupFlags;
use crate::aws::Options;
use crate::commands::manual::Manual;
use crate::commands::verb::{Facts, Policy, Reads, Verb};
use crate::error::{Exit, Result};
use crate::flags::values::span;
use crate::workflow::Context;

/// Maximum time for an answer of AWS and for all retries of a call: somebody waits for the result, and a part that
/// does not answer is one that could not be read.
const PATIENCE: Duration = Duration::from_secs(10);

/// Find out why logs do not arrive, and the command that fixes it
#[derive(Debug, Clone, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub settings: SetupFlags,
    /// Check before `setup`: rights, settings, names, quotas, log services
    ///
    /// Takes every flag of `setup`, too.
    #[arg(long, conflicts_with_all = ["since", "probe"])]
    pub pre: bool,
    /// Show only faults and warnings
    #[arg(long)]
    pub short: bool,
    /// Exit with code 8 for warnings, too
    #[arg(long)]
    pub strict: bool,
    /// Make only this check, or this category of checks; --list has the names
    #[arg(long, value_name = "CHECK", value_parser = names(), hide_possible_values = true)]
    pub only: Vec<String>,
    /// List the checks without making them
    #[arg(long)]
    pub list: bool,
    /// Also invoke the forwarder, connect to the log services and write to the buckets
    ///
    /// Invokes the forwarder with an empty batch, connects to each log service from this machine, writes an object into
    /// each bucket and deletes it again.
    #[arg(long)]
    pub probe: bool,
    /// Time span in which faults count, 1m to 14d
    #[arg(long, value_name = "TIME", value_parser = span("1m", "14d"), default_value = "1h")]
    pub since: Duration,
}

impl Verb for Doctor {
    type Report = DoctorReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("Nothing arrives: what is wrong, and what fixes it?", "cwl2le doctor"),
            (
                "Check rights, quotas and names before the first setup",
                "cwl2le doctor --pre --token-ssm /cwl2le/token",
            ),
            ("Also try out what can only be tried", "cwl2le doctor --probe --short"),
        ],
        page: Some("doctor.md"),
    };

    fn facts(&self) -> Facts<'_> {
        if self.pre {
            return Facts { reads: Reads::Place, ..Facts::of_settings(&self.settings.0, Policy::operator()) };
        }
        let facts = Facts::of_stack(&self.settings.0.stack, Policy::on_call());
        if self.list { Facts { reads: Reads::Nothing, ..facts } } else { facts }
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        if self.list {
            return Ok(DoctorReport::List(CheckList::of(if self.pre { BEFORE } else { CATEGORIES })));
        }
        let options = Options {
            patience: Some(context.aws.patience.map_or(PATIENCE, |given| given.min(PATIENCE))),
            ..context.aws.clone()
        };
        let context = Context { aws: &options, ..context };
        let session = open(context).await?;
        let name = context.stack(&self.settings.0.stack);
        let (categories, evidence) = if self.pre {
            (BEFORE, gather_before(context, session.as_ref(), &self.settings.0).await?)
        } else {
            (CATEGORIES, gather(context, session.as_ref(), &name, self.since, self.probe).await?)
        };
        let found = select(examine(categories, &evidence), &self.only);
        let diagnosis = Diagnosis {
            stack: name.to_string(),
            account: evidence.caller.as_ref().ok().map(|caller| caller.account.clone()),
            region: evidence.region.clone().ok(),
            time: time(u64::try_from(evidence.now / 1000).unwrap_or_default()),
            window_seconds: self.since.as_secs(),
            calls: session.as_ref().map_or(0, |session| session.calls()),
            seconds: context.stopwatch.seconds(),
            strict: self.strict,
            short: self.short,
            width: crate::output::width(),
            ..Diagnosis::default()
        };
        let items = found.into_iter().map(|examined| item(context, examined)).collect();
        Ok(DoctorReport::Found(Box::new(diagnosis.judged(items))))
    }

    fn exit(&self, report: &Self::Report) -> Exit {
        report.exit()
    }
}

/// A finding with its commands for the stack and the place of this run.
fn item(context: Context<'_>, mut examined: Examined) -> Item {
    let advice = examined.finding.advice.take();
    examined.finding.advice = advice.map(|advice| context.command_line.completed(&advice));
    let fix = examined.finding.fix.iter().map(|command| match command {
        Command::Own(args) => {
            let (verb, more) = args.split_first().map_or(("", &[][..]), |(verb, more)| (verb.as_str(), more));
            context.command_line.of_stack(verb).with(more).words()
        }
        Command::Aws(args) => [&["aws".to_owned()], &args[..], &context.aws.cli_args()[..]].concat(),
        Command::OnCallPolicy => match context.target.get() {
            Some(target) => context.command_line.on_call_policy(target).words(),
            None => Vec::new(),
        },
    });
    let fix = fix.filter(|words| !words.is_empty()).collect();
    Item::new(examined, fix)
}
