//! `cwl2le teardown`: removes everything that this stack manages.

use clap::Args;

use super::manual::Manual;
use super::verb::{Facts, Policy, Verb};
use crate::aws::Notice;
use crate::error::{Error, Exit, Result};
use crate::flags::values::{Hyphened, checked};
use crate::flags::{Change, StackArg};
use crate::resources::managed;
use crate::resources::{self, Depth, TeardownOptions, observe};
use crate::settings::{self, Member, membership};
use crate::stack::limits;
use crate::workflow::apply_plan::Run;
use crate::workflow::member::whole_member;
use crate::workflow::{ChangeReport, Context, reading, unknown_stack};

/// Delete everything cwl2le created
///
/// Deletes the subscription filters first and the stream last. Resources that this stack does not manage stay.
#[derive(Debug, Clone, Args)]
#[command(alias = "destroy")]
pub(crate) struct Teardown {
    #[command(flatten)]
    pub stack: StackArg,
    #[command(flatten)]
    pub change: Change,
    /// Delete the stream even if others still write to it or read from it
    #[arg(long)]
    pub force: bool,
    /// Also delete filters and an account policy of this name that point to the stream
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::filter_name)))]
    pub filter_name: Option<String>,
    #[command(flatten)]
    pub member: Member,
}

impl Verb for Teardown {
    type Report = ChangeReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("Show what would be deleted", "cwl2le teardown --dry-run"),
            ("Delete the default stack", "cwl2le teardown"),
            ("Delete another stack, without a question", "cwl2le teardown --stack blue --yes"),
        ],
        page: Some("plans.md"),
    };

    fn facts(&self) -> Facts<'_> {
        Facts { removes: true, ..Facts::of_stack(&self.stack, Policy::operator().of_member(&self.member)) }
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        let member = membership(&self.member, context.file)?;
        let session = context.session().await?;
        let name = context.stack(&self.stack);
        let options = TeardownOptions { force: self.force, filter_name: self.filter_name.clone() };
        let decide = async || {
            if let Some(member) = &member {
                let (stack, observed) = whole_member(context, &session, &name, member).await?;
                let plan = resources::teardown(&stack, &observed, &options);
                let plan = resources::name_losses(&stack, &observed, plan);
                return Ok((stack, plan));
            }
            let (scope, observed) = {
                let step = context.progress.begin("reading the stack");
                let notice = |notice: Notice<'_>| reading::tell(&step, notice);
                observe(session.telling(&notice), &name, &[], Depth::Everything).await?
            };
            let stack = settings::bare_stack(&name, &session.target, scope, &observed);
            let mut plan =
                resources::name_losses(&stack, &observed, resources::teardown(&stack, &observed, &options));
            managed::refuse_removal(&stack, &observed, &mut plan);
            plan.notes.extend(unknown_stack::note(&session, &name, &observed, &plan).await);
            Ok::<_, Error>((stack, plan))
        };
        let (stack, plan) = decide().await?;
        let run = Run::new(context, &session, &stack, &self.change, "teardown");
        run.carry_out(plan, async |_| Ok(decide().await?.1)).await
    }

    fn brief(&self, report: &Self::Report) -> Option<String> {
        report.brief()
    }

    fn exit(&self, report: &Self::Report) -> Exit {
        report.exit()
    }
}
