//! `cwl2le test`: sends one line through the chain and says how far it gets.

use std::time::Duration;

use clap::Args;
use clap::builder::StringValueParser;

use super::manual::Manual;
use super::verb::{Facts, Policy, Verb};
use crate::error::{Error, Exit, Result};
use crate::flags::StackArg;
use crate::flags::values::{Hyphened, checked, span};
use crate::stack::arn::split_log_group;
use crate::stack::limits;
use crate::workflow::Context;
use crate::workflow::canary::{Canary, CanaryReport, Via};

/// Send one line through the chain and show how far it gets
#[derive(Debug, Clone, Args)]
pub(crate) struct Test {
    #[command(flatten)]
    pub stack: StackArg,
    /// Where the line enters the chain
    #[arg(long, value_enum, default_value_t = Via::LogGroup, value_name = "WHERE")]
    pub via: Via,
    /// Write the line to this log group, to test its subscription filter
    ///
    /// The line stays in the data of the log group. By default a log group is created for the line and deleted again.
    #[arg(long, short = 'g', value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group)))]
    pub log_group: Option<String>,
    /// Destination that the line must reach; repeatable [default: all]
    #[arg(long = "destination", value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub destinations: Vec<String>,
    /// How long to wait for the line, such as 30s or 5m
    #[arg(long, value_name = "TIME", value_parser = span("1s", "1h"), default_value = "60s")]
    pub timeout: Duration,
    /// Keep the log group created for the line, for the next run; `teardown` deletes it
    #[arg(long)]
    pub keep: bool,
}

impl Verb for Test {
    type Report = CanaryReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("Send a line from end to end", "cwl2le test"),
            ("Test the subscription filter of a log group", "cwl2le test -g /aws/lambda/app"),
            ("Wait for one destination, longer than usual", "cwl2le test --destination default --timeout 3m"),
        ],
        page: Some("test.md"),
    };

    fn facts(&self) -> Facts<'_> {
        Facts::of_stack(&self.stack, Policy::on_call())
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        let log_group = self.log_group.as_deref().map(split_log_group).transpose();
        let log_group =
            log_group.map_err(|problem| Error::usage(problem, "give the name of the log group"))?;
        if self.via != Via::LogGroup && (log_group.is_some() || self.keep) {
            let flag = if self.keep { "--keep" } else { "--log-group" };
            return Err(Error::usage(
                format!("{flag} is about a log group, and --via leaves log groups out"),
                format!("leave out {flag} or --via"),
            ));
        }
        if self.keep && log_group.is_some() {
            return Err(Error::usage(
                "--keep is about the log group that is made for the line, and --log-group gives another one",
                "leave out one of them",
            ));
        }
        let session = context.session().await?;
        let stack = context.stack(&self.stack);
        let canary = Canary {
            context,
            session: &session,
            stack: &stack,
            via: self.via,
            log_group: log_group.map(|(_, name)| name),
            destinations: &self.destinations,
            timeout: self.timeout,
            keep: self.keep,
        };
        canary.run().await
    }

    fn exit(&self, report: &Self::Report) -> Exit {
        report.exit()
    }
}
