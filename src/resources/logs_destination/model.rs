//! What each action does to the destination, in the model of AWS for the tests of the planner.

use super::Action;
use super::desired::Accepted;
use super::observed::ObservedDestination;
use crate::resources::{Observed, Stack};

pub(crate) fn apply(_: &Stack, o: &mut Observed, action: &Action) {
    match action {
        Action::Create { arn, stream_arn, role_arn, tags, .. } => {
            assert!(o.stream.is_some() && o.accounts_role.is_some(), "the test message goes nowhere");
            assert!(o.destination.is_none(), "the destination exists already");
            o.destination = Some(ObservedDestination {
                arn: arn.clone(),
                stream_arn: stream_arn.clone(),
                role_arn: role_arn.clone(),
                policy: None,
                tags: tags.clone(),
            });
        }
        Action::Put { stream_arn, role_arn, .. } => {
            assert!(o.stream.is_some() && o.accounts_role.is_some(), "the test message goes nowhere");
            let is = o.destination.as_mut().expect("the destination exists");
            is.stream_arn.clone_from(stream_arn);
            is.role_arn.clone_from(role_arn);
        }
        Action::Tag { tags, .. } => {
            o.destination.as_mut().expect("the destination exists").tags.extend(tags.clone());
        }
        Action::SetPolicy { policy, force, .. } => {
            let is = o.destination.as_mut().expect("the destination exists");
            let to = |policy| matches!(Accepted::of_policy(policy), Some(Accepted::Organization(_)));
            let moves = to(policy) && is.policy.as_ref().is_some_and(|is| !to(is));
            assert!(*force || !moves, "AWS asks for forceUpdate from accounts to an organization");
            // The accounts are trusted before they may send: else their first lines would be dropped.
            let trust = o.accounts_role.as_ref().expect("the role exists").trust.to_string();
            if let Some(Accepted::Accounts(ids)) = Accepted::of_policy(policy) {
                assert!(ids.iter().all(|id| trust.contains(id.as_str())), "{ids:?} are not in {trust}");
            }
            is.policy = Some(policy.clone());
        }
        Action::Delete { .. } => drop(o.destination.take().expect("the destination exists")),
    }
}
