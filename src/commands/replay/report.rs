//! What `cwl2le replay` reports.

use serde::Serialize;

use super::args::From;
use super::run::Run;
use super::sink::{Delivery, Target};
use super::source::Found;
use super::survey::Row;
use super::tally::{Count, LeftOut, OfGroup, Tally, Unreadable};
use crate::error::{Error, Exit};
use crate::output::Next;

/// The result of `cwl2le replay`.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ReplayReport {
    /// The stack.
    pub stack: String,
    /// The account id.
    pub account: String,
    /// The region.
    pub region: String,
    /// What was to be sent again.
    pub from: From,
    /// What was found before anything was read.
    pub found: Found,
    /// Where it went, or would go; none of `--list`.
    pub to: Option<Target>,
    /// Whether nothing was to be sent: `--list` or `--dry-run`.
    pub dry_run: bool,
    /// Whether the question was answered with no.
    pub cancelled: bool,
    /// Objects that were read.
    pub objects: u64,
    /// What of them is to be sent.
    pub chosen: Count,
    /// What was sent.
    pub sent: Count,
    /// The log groups of what is to be sent, the one with the most events first.
    pub log_groups: Vec<OfGroup>,
    /// What is not sent, by reason.
    pub left: Vec<LeftOut>,
    /// What the destination did with the events; none of the stream, which hands them on later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// Records that an earlier run has sent, in objects that it did not send as a whole.
    pub sent_before: u64,
    /// Records that two functions gave up, and of which the other copy is sent in this run or was in an earlier one.
    pub copies: u64,
    /// Objects that cannot be read, at most 20 of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<Unreadable>,
    /// How many objects cannot be read.
    pub unreadable_objects: u64,
    /// The objects, with `--list`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Row>,
    /// Where it is noted what was sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub manifests: Vec<String>,
    /// Why a record was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// What kept the rest from being read, or from being noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Box<Error>>,
    /// Records that were sent and could not be noted: another run sends them again.
    pub not_noted: u64,
    /// Events that may arrive twice: they were sent, and the answer that would say so was lost.
    pub possible_duplicates: u64,
    /// Whether everything was sent that was to be.
    pub complete: bool,
    /// Whether `--limit` ended it.
    pub limited: bool,
    /// Whether the user stopped it.
    pub interrupted: bool,
    /// Where another run has to begin, if the source keeps no notes and this run is not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_at: Option<String>,
    /// What to run next.
    pub next: Next,
}

impl ReplayReport {
    /// One of a run that has sent nothing yet.
    pub(super) fn new(stack: String, (account, region): (String, String), from: From, found: Found) -> Self {
        Self { stack, account, region, from, found, ..Self::default() }
    }

    /// Takes the counts.
    pub(super) fn count(&mut self, tally: &Tally) {
        self.objects = tally.objects;
        (self.chosen, self.sent) = (tally.chosen, tally.sent);
        (self.log_groups, self.left) = (tally.groups(), tally.left());
        (self.sent_before, self.copies) = (tally.sent_before, tally.copies);
        (self.unreadable, self.unreadable_objects) = (tally.unreadable(), tally.unreadable_objects);
    }

    /// Takes how a run went.
    pub(super) fn take(&mut self, run: Run, manifests: Vec<String>) {
        self.count(&run.tally);
        self.manifests = manifests;
        self.failure = run.failure;
        self.stopped = run.stopped.map(Box::new);
        (self.not_noted, self.possible_duplicates) = (run.not_noted, run.possible_duplicates);
        (self.complete, self.limited, self.interrupted) =
            (run.is_complete, run.is_limited, run.is_interrupted);
    }

    /// Events that the destination refuses for good.
    pub(super) fn refused(&self) -> u64 {
        self.delivery.as_ref().map_or(0, |delivery| delivery.refused)
    }

    /// Whether everything was read and sent, and taken by its destination.
    pub(super) fn is_whole(&self) -> bool {
        self.complete && self.unreadable_objects == 0 && self.refused() == 0
    }

    /// The exit code.
    pub(super) fn exit(&self) -> Exit {
        match self {
            _ if self.interrupted => Exit::Interrupted,
            _ if self.cancelled => Exit::Cancelled,
            _ if self.dry_run => Exit::Success,
            _ if self.is_whole() => Exit::Success,
            // What was sent is sent, and the rest is not.
            _ if self.sent.records > 0 || self.complete && self.refused() == 0 => Exit::Partial,
            _ => match &self.stopped {
                Some(error) if self.failure.is_none() => error.code.exit(),
                _ => Exit::Undelivered,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_destination_refuses_for_good_is_no_success() {
        let exit = |complete, sent, refused| {
            let mut report = ReplayReport { complete, ..ReplayReport::default() };
            report.sent.records = sent;
            report.delivery = Some(Delivery { refused, ..Delivery::default() });
            report.exit()
        };
        assert_eq!(exit(true, 5, 0), Exit::Success);
        assert_eq!(exit(true, 5, 1), Exit::Partial);
        assert_eq!(exit(true, 0, 1), Exit::Undelivered);
        assert_eq!(exit(false, 5, 0), Exit::Partial);
        assert_eq!(exit(false, 0, 0), Exit::Undelivered);
    }
}
