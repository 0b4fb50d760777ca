//! `cwl2le list`: the stacks of the account and region, and how each of them is.

use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::report::{ListReport, Row};
use super::row::row;
use crate::aws::Aws;
use crate::commands::manual::Manual;
use crate::commands::verb::{Facts, Policy, Reads, Verb};
use crate::error::Result;
use crate::health::Limits;
use crate::signals::stacks::find;
use crate::signals::{Ask, Look, Reader};
use crate::stack::StackName;
use crate::workflow::Context;

/// List the stacks of this account and region, and whether their logs flow
#[derive(Debug, Clone, Args)]
pub(crate) struct List {}

/// Maximum number of stacks that are looked at at once.
const AT_ONCE: usize = 4;

/// What the stacks are judged by: the defaults of `status`.
const LIMITS: Limits = Limits { window: 300, max_lag: 900 };

impl Verb for List {
    type Report = ListReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("Which stacks are here, and how are they?", "cwl2le list"),
            ("In another region, for a script", "cwl2le list --region eu-west-1 --output json"),
        ],
        page: Some("list.md"),
    };

    fn facts(&self) -> Facts<'_> {
        Facts { reads: Reads::Place, policy: Some(Policy::on_call()), ..Facts::default() }
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        let session = context.session().await?;
        let aws = Aws::from(&session);
        let seen = find(aws).await?;
        let rows =
            seen.found.stacks.iter().map(|(stack, version)| look(context, aws, stack, version.as_ref()));
        let rows: Vec<Option<Row>> = stream::iter(rows).buffered(AT_ONCE).try_collect().await?;
        let command = |verb| context.command_line.of_stack(verb);
        let (account, region) = (session.target.account.as_str(), session.target.region.as_str());
        Ok(ListReport {
            account: account.to_owned(),
            region: region.to_owned(),
            stacks: rows.into_iter().flatten().collect(),
            by_tags: seen.by_tags,
            unseen: seen.unseen,
            strangers: seen.found.strangers.into_iter().collect(),
            setup: command("setup"),
            policies: context.command_line.on_call_policy(&session.target),
        })
    }
}

/// Looks at one stack, as `status` does. None if nothing is left of it.
async fn look(
    context: Context<'_>,
    aws: Aws<'_>,
    stack: &StackName,
    version: Option<&String>,
) -> Result<Option<Row>> {
    let ask = Ask {
        window: LIMITS.window,
        deep: false,
        groups: false,
        shards: Look::Never,
        senders: false,
        replayed: None,
    };
    let signals = Reader { aws, stack, ask }.all().await?;
    let line = |verb| context.command_line.of_other_stack(verb, stack.as_str());
    Ok(row(&signals, version, LIMITS).map(|row| Row {
        status: line("status"),
        teardown: line("teardown"),
        policies: line("status").on_call_policy(&aws.session.target),
        ..row
    }))
}
