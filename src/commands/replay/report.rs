//! What `cwl2le replay` reports.

use serde::Serialize;

use super::args::From;
use super::run::Run;
use super::sink::{Delivery, Target};
use super::source::{Found, Source};
use super::survey::Row;
use super::tally::{Count, LeftOut, OfGroup, Tally, Unreadable};
use super::time::rfc3339;
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
    /// The time of which records may have left the stream before they were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone: Option<LeftTheStream>,
    /// Log groups that the user names and that have no records.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<String>,
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
    /// Whether everything was read and sent that was to be, up to `--limit`, and its destination refused none of it.
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

/// From when to when records may have left the stream before they were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LeftTheStream {
    /// From when on, RFC 3339.
    pub since: String,
    /// Up to when, RFC 3339.
    pub until: String,
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

    /// Takes what a source could not find.
    pub(super) fn miss(&mut self, source: &dyn Source) {
        self.gone = source
            .gone()
            .map(|gone| LeftTheStream { since: rfc3339(gone.since), until: rfc3339(gone.until) });
        self.absent = source.absent();
    }

    /// Takes how a run went.
    pub(super) fn take(&mut self, run: Run, delivery: Option<Delivery>) {
        self.count(&run.tally);
        self.delivery = delivery;
        self.failure = run.failure;
        self.stopped = run.stopped.map(Box::new);
        (self.not_noted, self.possible_duplicates) = (run.not_noted, run.possible_duplicates);
        self.complete =
            run.is_complete && self.unreadable_objects == 0 && self.refused() == 0 && self.gone.is_none();
        (self.limited, self.interrupted) = (run.is_limited, run.is_interrupted);
    }

    /// Events that the destination refuses for good.
    pub(super) fn refused(&self) -> u64 {
        self.delivery.as_ref().map_or(0, |delivery| delivery.refused)
    }

    /// The exit code.
    pub(super) fn exit(&self) -> Exit {
        match self {
            _ if self.interrupted => Exit::Interrupted,
            _ if self.cancelled => Exit::Cancelled,
            _ if self.chosen.records == 0 && !self.absent.is_empty() => Exit::NotFound,
            _ if self.dry_run => Exit::Success,
            _ if self.complete => Exit::Success,
            // What was sent is sent, and the rest is not.
            _ if self.sent.records > 0 => Exit::Partial,
            // Nothing kept it from sending but what it could not read.
            _ if self.failure.is_none() && self.stopped.is_none() && self.refused() == 0 => Exit::Partial,
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
        let exit = |is_complete: bool, sent, refused| {
            let failure = (!is_complete).then(|| "no".to_owned());
            let mut run = Run { is_complete, failure, ..Run::default() };
            run.tally.sent.records = sent;
            let mut report = ReplayReport::default();
            report.take(run, Some(Delivery { refused, ..Delivery::default() }));
            (report.complete, report.exit())
        };
        assert_eq!(exit(true, 5, 0), (true, Exit::Success));
        assert_eq!(exit(true, 5, 1), (false, Exit::Partial));
        assert_eq!(exit(true, 0, 1), (false, Exit::Undelivered));
        assert_eq!(exit(false, 5, 0), (false, Exit::Partial));
        assert_eq!(exit(false, 0, 0), (false, Exit::Undelivered));
    }

    #[test]
    fn what_cannot_be_read_is_no_success() {
        let mut run = Run { is_complete: true, ..Run::default() };
        run.tally.unreadable_objects = 1;
        let mut report = ReplayReport::default();
        report.take(run, None);
        assert_eq!((report.complete, report.exit()), (false, Exit::Partial));
    }

    #[test]
    fn what_has_left_the_stream_and_what_is_not_in_it_is_no_success() {
        let gone = LeftTheStream { since: "a".to_owned(), until: "b".to_owned() };
        let mut report = ReplayReport { gone: Some(gone), ..ReplayReport::default() };
        report.take(Run { is_complete: true, ..Run::default() }, None);
        assert_eq!((report.complete, report.exit()), (false, Exit::Partial));
        let mut report = ReplayReport { absent: vec!["/app/crat".to_owned()], ..ReplayReport::default() };
        report.take(Run { is_complete: true, ..Run::default() }, None);
        assert_eq!(report.exit(), Exit::NotFound);
        report.chosen.records = 1;
        assert_eq!(report.exit(), Exit::Success);
    }
}
