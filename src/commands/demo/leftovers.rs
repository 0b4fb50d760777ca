//! What a teardown has left.

use crate::aws::Session;
use crate::resources::Observed;
use crate::stack::{Names, RoleScope, StackName};

/// What is left of the stack. Filters that lead elsewhere do not count: with `--keep`, the user may have made some.
pub(super) fn leftovers(observed: &Observed, session: &Session) -> Vec<String> {
    let stream_arn = Names::new(&StackName::default(), &session.target.region, RoleScope::Plain)
        .stream_arn(&session.target);
    let mut left = Vec::new();
    left.extend(observed.stream.as_ref().map(|s| format!("stream {}", s.arn)));
    left.extend(observed.logs_role.as_ref().map(|r| format!("role {}", r.name)));
    left.extend(observed.function_role.as_ref().map(|r| format!("role {}", r.name)));
    left.extend(observed.log_group.as_ref().map(|g| format!("log group {}", g.name)));
    left.extend(observed.function.as_ref().map(|f| format!("function {}", f.arn)));
    left.extend(observed.triggers.iter().map(|t| format!("event source mapping {}", t.uuid)));
    for (name, group) in &observed.groups {
        let ours = group.filters.iter().filter(|filter| filter.destination_arn == stream_arn);
        left.extend(ours.map(|filter| format!("subscription filter {name} -> {}", filter.name)));
    }
    left
}
