//! A canary for published versions: each destination by an invocation of the version that serves it, before the version
//! gets any record of the stream.

use std::collections::BTreeMap;

use super::closer;
use super::hop::Hop;
use super::look::look;
use super::mark::new_id;
use super::notes::{Function, functions};
use super::outcome::Outcome;
use super::rows::Rows;
use super::run::proofs;
use crate::aws::Session;
use crate::error::{Code, Error, Result};
use crate::resources::whole_config;
use crate::stack::StackName;
use crate::workflow::Context;

/// What a canary of published versions found.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct VersionCanary {
    /// A row for each destination, in the order in which they answered.
    pub(crate) hops: Vec<Hop>,
    /// Why a version must not get records; none where every destination accepted the line, or a rule dropped it.
    pub(crate) fault: Option<String>,
}

/// Invokes versions, by the names of their functions, with a record for each destination that they serve.
///
/// # Errors
/// Whatever reading the stack fails with; [`Code::Interrupted`].
pub(crate) async fn ask_versions(
    context: Context<'_>,
    session: &Session,
    stack: &StackName,
    versions: &BTreeMap<String, u64>,
) -> Result<VersionCanary> {
    let seen = Box::pin(look(session, stack)).await?;
    // A version that was just published has what the function itself has.
    let whole = whole_config(&seen.observed).ok().flatten();
    let known = functions(&seen.stack.names, &seen.observed, whole.as_ref(), None);
    let config = whole.map(|whole| whole.config);
    let is_known = |name: &String| known.iter().any(|function| function.name == *name);
    let unread = versions.keys().find(|name| !is_known(name)).cloned();
    let asked: Vec<Function> = known
        .into_iter()
        .filter_map(|function| {
            let version = versions.get(&function.name)?;
            let qualified = format!("{}:{version}", function.name);
            Some(Function { name: qualified.clone(), invoked_as: qualified, ..function })
        })
        .collect();
    let mut destinations: Vec<Option<String>> =
        asked.iter().flat_map(|function| function.destinations.iter().cloned().map(Some)).collect();
    if config.is_none() {
        destinations.push(None);
    }
    let mut rows = Rows::new(context.progress, proofs(config.as_ref()));
    let id = new_id();
    let found = tokio::select! {
        found = closer::look(session, &seen.stack, &asked, &destinations, &id, &mut rows) => found,
        () = session.stop().wait() => {
            return Err(Error::new(Code::Interrupted, "stopped before the new version had answered"));
        }
    };
    let (hops, _) = rows.end();
    let unread = unread.map(|name| format!("{name} could not be read, so its version could not be tried"));
    Ok(VersionCanary { hops, fault: unread.or_else(|| fault(&found)) })
}

/// What speaks against the versions: what is broken before what is not known.
fn fault(found: &[(Option<String>, Outcome)]) -> Option<String> {
    let said = |(destination, outcome): &(Option<String>, Outcome)| {
        let name = destination.as_deref().unwrap_or("the function");
        match outcome {
            Outcome::Delivered { .. } | Outcome::Filtered => None,
            Outcome::Broken(what) => Some((0, format!("it does not work: {what}"))),
            Outcome::Failed { .. } | Outcome::Dropped(_) => {
                Some((1, format!("{name} did not accept the line: {}", outcome.hop(name, 0.0).found)))
            }
            Outcome::Unknown(what) => Some((2, format!("{name} is not proven: {what}"))),
        }
    };
    let mut against: Vec<(u8, String)> = found.iter().filter_map(said).collect();
    against.sort_by_key(|(rank, _)| *rank);
    against.into_iter().next().map(|(_, why)| why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_proves_nothing_does_not_pass() {
        let app = |outcome| (Some("app".to_owned()), outcome);
        let passes = [app(Outcome::Delivered { receipt_ms: None }), app(Outcome::Filtered)];
        assert_eq!(fault(&passes), None);
        let unknown = app(Outcome::Unknown("it may not be invoked".to_owned()));
        let failed = app(Outcome::Failed { failure: Some("unauthorized".to_owned()), detail: String::new() });
        let broken = app(Outcome::Broken("it fails: exit status 1".to_owned()));
        for (found, why) in [
            (vec![passes[0].clone(), unknown.clone()], "app is not proven: it may not be invoked"),
            (vec![unknown.clone(), failed.clone()], "app did not accept the line: unauthorized"),
            (vec![unknown, failed, broken], "it does not work: it fails: exit status 1"),
        ] {
            assert_eq!(fault(&found).as_deref(), Some(why));
        }
    }
}
