//! `cwl2le unsubscribe`: detaches log groups.

use clap::Args;

use super::manual::Manual;
use super::verb::{Facts, Policy, Verb};
use crate::aws::Session;
use crate::error::{Code, Error, Exit, Result};
use crate::flags::values::{Hyphened, checked};
use crate::flags::{Change, Groups, StackArg};
use crate::resources::{self, AccountPolicy, Plan, Stack};
use crate::settings::{self, Member, Wanted, membership};
use crate::stack::limits;
use crate::workflow::apply_plan::Run;
use crate::workflow::log_groups::{Loops, Way, choose};
use crate::workflow::member::see_role_users;
use crate::workflow::{ChangeReport, Context, unknown_stack};

/// Detach log groups
///
/// Deletes the subscription filters of this stack from the log groups, and no others. With --all, it also deletes the
/// account policy of this stack.
#[derive(Debug, Clone, Args)]
pub(crate) struct Unsubscribe {
    #[command(flatten)]
    pub stack: StackArg,
    #[command(flatten)]
    pub change: Change,
    /// Also delete filters and an account policy of this name that point to the stream
    #[arg(long, hide_short_help = true, value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::filter_name)))]
    pub filter_name: Option<String>,
    #[command(flatten)]
    pub groups: Groups,
    #[command(flatten)]
    pub member: Member,
}

impl Verb for Unsubscribe {
    type Report = ChangeReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("Detach one log group", "cwl2le unsubscribe /aws/lambda/app"),
            ("Detach by pattern, without a question", "cwl2le unsubscribe '/aws/ecs/*' --yes"),
            ("Detach every log group, and the account policy", "cwl2le unsubscribe --all"),
        ],
        page: Some("log-groups.md"),
    };

    fn facts(&self) -> Facts<'_> {
        let policy = Policy { all: self.groups.all, ..Policy::everyday() };
        Facts { removes: true, ..Facts::of_stack(&self.stack, policy.of_member(&self.member)) }
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        self.groups.check("unsubscribe")?;
        let session = context.session().await?;
        let (stack, plan, wide) = decide(context, &session, self).await?;
        let run = Run { wide, ..Run::new(context, &session, &stack, &self.change, "unsubscribe") };
        run.carry_out(plan, async |_| Ok(decide(context.silent(), &session, self).await?.1)).await
    }

    fn brief(&self, report: &Self::Report) -> Option<String> {
        report.brief()
    }

    fn exit(&self, report: &Self::Report) -> Exit {
        report.exit()
    }
}

/// Reads the account and makes the plan. Returns the stack, the plan, and whether the flags select more than names.
async fn decide(context: Context<'_>, session: &Session, args: &Unsubscribe) -> Result<(Stack, Plan, bool)> {
    let name = context.stack(&args.stack);
    let member = membership(&args.member, context.file)?;
    if let Some(member) = &member {
        member.check(&session.target)?;
    }
    let way = Way { stack: &name, member: member.as_ref() };
    let chosen = choose(context, session, way, &args.groups, Loops::Included).await?;
    let mut observed = chosen.observed;
    if let Some(unknown) = chosen.log_groups.iter().find(|group| !observed.groups.contains_key(*group)) {
        return Err(Error::new(
            Code::UnknownLogGroup,
            format!("there is no log group `{unknown}` in {}", session.target.region),
        )
        .hint(observed.instead_of(unknown)));
    }
    let stack = match &member {
        Some(member) => {
            member.stack(&Wanted::default(), context.file, &name, &session.target, chosen.scope, &observed)?
        }
        None => settings::bare_stack(&name, &session.target, chosen.scope, &observed),
    };
    let also = args.filter_name.as_deref();
    let whole = args.groups.excludes.is_empty() && args.groups.tags.is_empty();
    let plan = match (args.groups.all, &observed.account_policy) {
        (true, Some(policy)) if !whole && resources::is_own_policy(&stack, policy, also) => {
            return Err(in_one_piece(policy));
        }
        (true, _) => resources::unsubscribe_all(&stack, &chosen.log_groups, &observed, also),
        (false, _) => resources::unsubscribe(&stack, &chosen.log_groups, &observed, also),
    };
    if member.is_some() {
        see_role_users(session, &mut observed).await?;
        let plan = resources::without_member_role(&stack, &observed, plan);
        return Ok((stack.clone(), resources::name_losses(&stack, &observed, plan), chosen.wide));
    }
    let mut plan = resources::name_losses(&stack, &observed, plan);
    plan.notes.extend(unknown_stack::note(session, &stack.name, &observed, &plan).await);
    Ok((stack, plan, chosen.wide))
}

/// An account policy can only be deleted as a whole, also for the log groups that should stay subscribed.
fn in_one_piece(policy: &AccountPolicy) -> Error {
    Error::usage(
        format!("the account policy `{}` covers every log group and cannot be removed for some of them only", policy.name),
        "first give each log group its own filter: `cwl2le subscribe --all --per-group`; or exclude log groups from the policy: \
         give their names or globs instead of --all",
    )
    .on(&policy.name)
}
