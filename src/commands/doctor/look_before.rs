//! Reads what can be known of a stack before it is set up: each part by itself.

use serde_json::Value;

use super::before::{Before, Planned, Rights};
use super::finding::Finding;
use super::look_around::unread;
use super::rights::{Principal, trials};
use crate::aws::Session;
use crate::aws::quotas::{function_quota, stream_quota};
use crate::aws::simulate::denied;
use crate::commands::policies::operator;
use crate::error::{Code, Error, Result};
use crate::resources::role::aws::role;
use crate::resources::{Depth, Observed, observe};
use crate::settings::Wanted;
use crate::stack::RoleScope;
use crate::workflow::Context;
use crate::workflow::plan_stack::{check_flags, plan_stack};

/// Reads it for the stack that these flags and the file mean.
///
/// # Errors
/// A stop.
pub(super) async fn look_before(
    context: Context<'_>,
    session: &Session,
    settings: &Wanted,
) -> Result<Before> {
    let (planned, rights, streams, functions) = tokio::join!(
        planned(context, session, settings),
        rights(context, session, settings),
        async { stream_quota(session.into()).await.map_err(Error::from) },
        async { function_quota(session.into()).await.map_err(Error::from) },
    );
    if let Err(error) = &planned
        && error.code == Code::Interrupted
    {
        return Err(error.clone());
    }
    let policy = ["policies", "operator"].map(ToOwned::to_owned).into_iter().chain(settings.of_policies());
    Ok(Before {
        planned,
        rights: unread(rights)?.and_then(|rights| rights),
        policy: policy.collect(),
        streams: unread(streams)?,
        functions: unread(functions)?,
    })
}

async fn planned(context: Context<'_>, session: &Session, settings: &Wanted) -> Result<Planned> {
    let context = context.silent();
    check_flags(context, settings).await?;
    let planned = plan_stack(context, session, settings, None).await?;
    let name = context.stack(&settings.stack);
    let (_, observed) = observe(session, &name, &[], Depth::Stack).await?;
    Ok(Planned { stack: planned.stack, observed, plan: planned.plan })
}

/// Asks IAM about every action of the operator's policy for this stack.
async fn rights(
    context: Context<'_>,
    session: &Session,
    settings: &Wanted,
) -> Result<Result<Rights, Finding>> {
    let name = context.stack(&settings.stack);
    // What cannot be read now is taken as not there.
    let (scope, observed) =
        observe(session, &name, &[], Depth::Stack).await.unwrap_or((RoleScope::Plain, Observed::default()));
    let policy: Value = operator(context, settings, &session.target, scope, &observed)?;
    let principal = match Principal::of(&session.identity) {
        Principal::Arn(arn) => arn,
        Principal::Root => return Ok(Ok(Rights::default())),
        Principal::Unknown => {
            return Ok(Err(Finding::unknown(format!("IAM cannot be asked about {}", session.identity))));
        }
        Principal::Role { name, arn } => {
            // The ARN of a session lacks the path of its role.
            let known = role(session.into(), &name).await.ok().flatten();
            known.map_or(arn, |role| role.arn)
        }
    };
    let trials = trials(&policy);
    let mut rights =
        Rights { asked: trials.iter().map(|trial| trial.actions.len()).sum(), ..Rights::default() };
    for trial in &trials {
        rights.denied.extend(denied(session.into(), &principal, trial).await?);
    }
    rights.denied.sort();
    rights.denied.dedup_by(|a, b| a.action == b.action);
    Ok(Ok(rights))
}
