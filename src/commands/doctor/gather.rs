//! Reads what the checks judge by: each part by itself, so that one that is denied or hangs does not hide the others.

use std::time::Duration;

use super::evidence::{Caller, Chain, Evidence};
use super::finding::Finding;
use crate::aws::{Session, configured_region};
use crate::error::{Code, Error, Result};
use crate::resources::{Depth, observe};
use crate::stack::StackName;
use crate::workflow::Context;
use crate::workflow::plan_stack::plan_as_it_is;

/// Opens the session.
///
/// # Errors
/// What keeps the command itself from running: a flag that cannot be used, or a stop. That AWS does not accept the
/// caller is a finding.
pub(super) async fn open(context: Context<'_>) -> Result<Result<Session, Error>> {
    match context.session().await {
        Err(error) if matches!(error.code, Code::Usage | Code::Environment | Code::Interrupted) => Err(error),
        opened => Ok(opened),
    }
}

/// Reads everything.
///
/// # Errors
/// A stop.
pub(super) async fn gather(
    context: Context<'_>,
    session: Result<&Session, &Error>,
    name: &StackName,
    since: Duration,
) -> Result<Evidence> {
    let region = match (session, configured_region(context.aws).await) {
        (Ok(session), _) => Ok(session.target.region.to_string()),
        (Err(error), _) if matches!(error.code, Code::NoRegion | Code::BadRegion) => Err(error.clone()),
        (Err(_), Ok(Some(region))) => Ok(region.to_string()),
        (Err(error), Ok(None)) => Err(error.clone()),
        (Err(_), Err(error)) => Err(error),
    };
    let Ok(session) = session else {
        return Ok(Evidence {
            region,
            caller: Err(session.err().cloned().expect("not open")),
            ..Evidence::default()
        });
    };
    let caller = Caller {
        account: session.target.account.clone(),
        identity: session.identity.clone(),
        clock_ahead: session.clock_ahead(),
    };
    let chain = match chain(session, name).await {
        Err(error) if error.code == Code::Interrupted => return Err(error),
        Err(error) => Err(unread(&error)),
        Ok(chain) => Ok(chain),
    };
    let now = session.time();
    Ok(Evidence { now, since: now.saturating_sub(since.as_secs()), region, caller: Ok(caller), chain })
}

async fn chain(session: &Session, name: &StackName) -> Result<Chain> {
    let (scope, observed) = observe(session, name, &[], Depth::Stack).await?;
    let (stack, plan) = plan_as_it_is(session, name, scope, &observed)?;
    Ok(Chain { stack, observed, plan })
}

/// Why something is unknown.
fn unread(error: &Error) -> Finding {
    Finding::unknown(error.to_string())
}
