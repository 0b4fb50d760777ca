//! What each action does to the dashboard, in the model of AWS for the tests of the planner.

use super::Action;
use super::observed::ObservedDashboard;
use crate::resources::{Observed, Stack};

pub(crate) fn apply(_: &Stack, o: &mut Observed, action: &Action) {
    match action {
        Action::Create { arn, body, tags, .. } => {
            assert!(o.dashboard.is_none(), "the dashboard exists already");
            let (arn, body, tags) = (arn.clone(), body.clone(), tags.clone());
            o.dashboard = Some(ObservedDashboard { arn, body, tags });
        }
        Action::Update { body, .. } => {
            o.dashboard.as_mut().expect("the dashboard exists").body = body.clone();
        }
        Action::Tag { tags, .. } => {
            o.dashboard.as_mut().expect("the dashboard exists").tags.extend(tags.clone());
        }
        Action::Delete { .. } => drop(o.dashboard.take().expect("the dashboard exists")),
    }
}
