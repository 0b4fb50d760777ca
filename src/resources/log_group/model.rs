//! What each action does to the log group, in the model of AWS for the tests of the planner.

use super::Action;
use crate::resources::{Observed, ObservedLogGroup, Stack};

pub(crate) fn apply(stack: &Stack, o: &mut Observed, action: &Action) {
    match action {
        Action::Create { name, retention_days, tags } => {
            assert!(o.log_group.is_none(), "the log group exists already");
            o.log_group = Some(ObservedLogGroup {
                name: name.clone(),
                arn: stack.target.arn("logs", format_args!("log-group:{name}")),
                retention_days: Some(*retention_days),
                filters: Vec::new(),
                tags: tags.clone(),
            });
        }
        Action::SetRetention { days, .. } => {
            o.log_group.as_mut().expect("the log group exists").retention_days = Some(*days);
        }
        Action::Tag { tags, .. } => {
            o.log_group.as_mut().expect("the log group exists").tags.extend(tags.clone());
        }
        Action::Delete { name } if *name == stack.name.canary_log_group() => {
            o.groups.remove(name).expect("the log group exists");
            o.canary = None;
        }
        Action::Delete { .. } => o.log_group = None,
    }
}
