//! Whether CloudWatch Logs can put events into the stream, and does.

use super::super::check::{Category, Check};
use super::super::evidence::Evidence;
use super::super::finding::{Command, Finding};
use crate::resources::{StreamMode, StreamStatus};

pub(in super::super) const CATEGORY: Category = Category {
    name: "into-the-stream",
    title: "into the stream",
    needs: &["credentials"],
    checks: &[Check::new("stream-active", "the stream exists and takes records", stream_active)],
};

fn stream_active(evidence: &Evidence) -> Vec<Finding> {
    let chain = match &evidence.chain {
        Ok(chain) => chain,
        Err(unknown) => return vec![unknown.clone()],
    };
    let name = &chain.stack.names.stream;
    let Some(stream) = &chain.observed.stream else {
        let found = Finding::fault(format!("the stream {name} does not exist: no log line is kept anywhere"));
        return vec![found.fix(Command::setup())];
    };
    let shards = match stream.mode {
        StreamMode::Provisioned { shards } => format!("{shards} shards"),
        StreamMode::OnDemand => format!("on demand, {} shards now", stream.open_shards),
    };
    vec![
        match stream.status {
            StreamStatus::Active | StreamStatus::Updating => Finding::ok(format!("{name}, {shards}")),
            StreamStatus::Creating => {
                Finding::fault(format!("the stream {name} is still being created")).fix(Command::setup())
            }
            StreamStatus::Deleting => {
                Finding::fault(format!("the stream {name} is being deleted, with all it holds"))
                    .fix(Command::setup())
            }
        }
        .with("stream", name.clone())
        .with("open_shards", stream.open_shards),
    ]
}
