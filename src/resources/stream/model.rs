//! What each action does to the stream, in the model of AWS for the tests of the planner.

use super::Action;
use crate::resources::{Observed, ObservedStream, Stack, StreamMode, StreamStatus};

pub(crate) fn apply(stack: &Stack, o: &mut Observed, action: &Action) {
    let stream = |o: &mut Observed, change: &dyn Fn(&mut ObservedStream)| {
        change(o.stream.as_mut().expect("the stream exists"));
    };
    match action {
        Action::Create { mode, tags, .. } => {
            assert!(o.stream.is_none(), "the stream exists already");
            o.stream = Some(ObservedStream {
                arn: stack.names.stream_arn(&stack.target),
                status: StreamStatus::Active,
                mode: *mode,
                open_shards: 4,
                retention_hours: 24,
                kms_key: None,
                tags: tags.clone(),
                consumers: Vec::new(),
            });
        }
        Action::Await { .. } => stream(o, &|s| s.status = StreamStatus::Active),
        Action::AwaitGone { .. } | Action::Delete { .. } => o.stream = None,
        Action::SetMode { mode, .. } => stream(o, &|s| s.mode = *mode),
        Action::SetShards { to, .. } => stream(o, &|s| s.mode = StreamMode::Provisioned { shards: *to }),
        Action::SetRetention { to_hours, .. } => stream(o, &|s| s.retention_hours = *to_hours),
        Action::SetKey { to, .. } => stream(o, &|s| s.kms_key.clone_from(to)),
        Action::Tag { tags, .. } => stream(o, &|s| s.tags.extend(tags.clone())),
    }
}
