//! Which lines say something that another line has not said. Pure.
//!
//! An invocation ends with the line of its outcome. The notes that follow say the same of each destination that failed,
//! and Lambda's report says less than the forwarder of a start that failed.

use std::collections::{BTreeSet, HashMap};

use super::source::Line;
use crate::journal::{Entry, Level, Platform, PlatformKind};

/// What has been said in each log stream by the invocation or start that goes on there. A process takes one invocation
/// after the other, and each process has a log stream of its own.
#[derive(Debug, Default)]
pub(super) struct Fold {
    streams: HashMap<(usize, String), Said>,
}

#[derive(Debug, Default)]
struct Said {
    /// The destinations whose failures the outcome names.
    failed: BTreeSet<String>,
    /// Whether the outcome says that records are retried.
    comes_again: bool,
    /// Whether a reason is known why the invocation or the start ended.
    is_broken: bool,
}

impl Fold {
    /// Whether a line says something new. Lines have to come in the order of their stream.
    pub(super) fn says_more(&mut self, line: &Line) -> bool {
        let said = self.streams.entry((line.group, line.event.log_stream.clone())).or_default();
        match &line.entry {
            Entry::Platform(Platform {
                kind: PlatformKind::Start | PlatformKind::InitStart,
                failure: None,
                ..
            }) => {
                *said = Said::default();
                false
            }
            Entry::Platform(platform) => match &platform.failure {
                None => false,
                Some(why) => {
                    let says_less = said.is_broken && !why.contains("timed out");
                    said.is_broken = true;
                    !says_less
                }
            },
            Entry::Invocation(invocation) => {
                let failed = invocation.destinations.iter().filter(|(_, did)| did.failure.is_some());
                *said = Said {
                    failed: failed.map(|(name, _)| name.clone()).collect(),
                    comes_again: invocation.records.failed.is_some_and(|failed| failed > 0),
                    is_broken: false,
                };
                true
            }
            Entry::Note(note) => {
                // Why a start failed has no fields, and a panic names its place.
                let is_reason = note.fields.is_empty() || note.fields.contains_key("place");
                said.is_broken |= note.level == Level::Error && is_reason;
                let is_checkpoint = note.fields.contains_key("checkpoint");
                let is_said = match (note.failure(), note.destination()) {
                    (Some(_), Some(destination)) => said.failed.contains(destination),
                    _ => is_checkpoint && said.comes_again,
                };
                !is_said
            }
            Entry::Started(_) | Entry::Canary(_) | Entry::Other(_) => true,
        }
    }
}
