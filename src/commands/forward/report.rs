//! What became of saved events.

use std::fmt;

use cwl2le_forwarder::Outcome;
use serde::Serialize;

use super::args::Forward;
use super::lines::Written;
use super::position::Position;
use crate::error::{Code, Error, Exit};
use crate::output::visible;

/// Maximum number of reasons that are shown. All events are counted.
const MOST_TOLD: usize = 20;

/// The result of `cwl2le forward`.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ForwardReport {
    /// Where events were read.
    pub input: String,
    /// Where they went: a destination, or standard output.
    pub to: String,
    /// Whether lines were only written.
    pub dry_run: bool,
    /// Records that were read.
    pub records: u64,
    /// Events in them.
    pub events: u64,
    /// Events that have a receipt from every destination. On standard output, events of which it took every byte: if
    /// `reader_closed`, the reader used at most these.
    pub delivered: u64,
    /// Events that the rules of a route drop.
    pub filtered: u64,
    /// Events of control messages, which are not delivered.
    pub skipped: u64,
    /// Events that no retry would deliver: see `refused`.
    pub quarantined: u64,
    /// Records that cannot be understood or routed.
    pub records_quarantined: u64,
    /// Events that were not delivered, or perhaps not.
    pub failed: u64,
    /// Events that were sent and got no receipt: they may have arrived nevertheless.
    pub possible_duplicates: u64,
    /// Events that were delivered although an earlier one failed: the next run sends them again.
    pub delivered_beyond: u64,
    /// Bytes that went out.
    pub bytes: u64,
    /// Events from the start of the input that are done: the `--skip` of a run that goes on. If `reader_closed`, no
    /// event of this run counts as done.
    pub position: u64,
    /// Where this run started.
    #[serde(skip)]
    start: u64,
    /// Bytes of the first unwritten event that standard output took before it failed: its last line is not whole.
    #[serde(skip_serializing_if = "is_zero")]
    pub cut_bytes: u64,
    /// Whether all of the input is done.
    pub complete: bool,
    /// Why events or records were refused.
    pub refused: Vec<Refused>,
    /// What the log service did, if it did not accept everything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
    /// What kept the rest of the input from being read or written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Box<Error>>,
    /// Whether the user stopped it.
    pub interrupted: bool,
    /// Whether the reader of standard output went away before all lines were written.
    pub reader_closed: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A reason, and how much there is of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Refused {
    /// Why.
    pub why: String,
    /// How many records or groups of events.
    pub times: u64,
    /// How many events; 0 for records whose events cannot be counted.
    pub events: u64,
}

impl ForwardReport {
    pub(super) fn new(args: &Forward) -> Self {
        let to = args.to.clone().unwrap_or_else(|| "standard output".to_owned());
        Self {
            input: args.input.display().to_string(),
            to,
            dry_run: args.writes_lines(),
            position: args.skip,
            start: args.skip,
            ..Self::default()
        }
    }

    /// Notes what adds up over all attempts.
    pub(super) fn note_attempt(&mut self, outcome: &Outcome) {
        for lane in &outcome.lanes {
            // Lines for standard output count when they are written.
            self.bytes += if self.dry_run { 0 } else { lane.bytes };
            self.possible_duplicates += lane.possible_duplicates;
        }
        Refused::events(outcome).for_each(|(why, events)| self.refuse(why, events));
    }

    fn refuse(&mut self, why: String, events: u64) {
        if let Some(refused) = self.refused.iter_mut().find(|refused| refused.why == why) {
            refused.times += 1;
            refused.events += events;
        } else if self.refused.len() < MOST_TOLD {
            self.refused.push(Refused { why, times: 1, events });
        }
    }

    /// Notes how much of a batch standard output accepted. [`ForwardReport::note`] has counted it as delivered.
    pub(super) fn note_written(&mut self, written: &Written) {
        self.bytes += written.bytes;
        self.delivered -= written.unwritten;
        self.failed += written.unwritten;
        self.cut_bytes = written.cut;
    }

    /// Notes that the reader of the lines is gone. Lines in the pipe are lost, and their number is unknown, so nothing
    /// of this run counts as done.
    pub(super) fn reader_gone(&mut self) {
        self.reader_closed = true;
        self.position = self.start;
    }

    /// Notes the final result of a batch.
    pub(super) fn note(&mut self, outcome: &Outcome, position: Position, records: usize) {
        let counts = &outcome.account.events;
        self.records += records as u64;
        self.events += counts.received;
        self.delivered += counts.delivered;
        self.filtered += counts.filtered;
        self.skipped += counts.skipped;
        self.quarantined += counts.quarantined;
        self.records_quarantined += outcome.account.records.quarantined;
        self.failed += counts.failed;
        self.position += position.events;
        self.delivered_beyond += position.beyond;
        Refused::records(outcome).for_each(|(why, events)| self.refuse(why, events));
        let failures = outcome.lanes.iter().filter_map(|lane| Some((lane, lane.failure.as_ref()?)));
        self.failures.extend(failures.map(|(lane, failure)| format!("{}: {failure}", lane.destination)));
        self.complete = outcome.account.records.failed == 0;
    }

    /// Notes that the user stopped while this many events were being sent.
    pub(super) fn interrupted(&mut self, events: u64) {
        self.interrupted = true;
        self.possible_duplicates += events;
        self.complete = false;
    }

    /// Ends the report. `stopped` is what ended the run early.
    pub(super) fn end(&mut self, stopped: Option<Error>) {
        self.stopped = stopped.map(Box::new);
        let to_the_end = self.stopped.is_none() && !self.interrupted && !self.reader_closed;
        self.complete = to_the_end && (self.complete || self.records == 0);
    }

    /// The exit code of a run that has ended.
    pub(super) fn exit(&self) -> Exit {
        match &self.stopped {
            _ if self.interrupted => Exit::Interrupted,
            _ if self.reader_closed => Exit::Undelivered,
            Some(error) if error.code == Code::Environment => Exit::Environment,
            _ if self.complete && self.quarantined == 0 && self.records_quarantined == 0 => Exit::Success,
            _ => Exit::Undelivered,
        }
    }
}

impl fmt::Display for ForwardReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = if self.dry_run { "written" } else { "delivered" };
        let (input, to) = (visible(&self.input), visible(&self.to));
        write!(f, "{input} to {to}: {} of {} events {done}", self.delivered, self.events)?;
        for (count, what) in [
            (self.filtered, "dropped by rules"),
            (self.skipped, "skipped"),
            (self.quarantined, "refused"),
            (self.failed, "failed"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        write!(f, "; {} bytes", self.bytes)?;
        for refused in &self.refused {
            match refused.times {
                1 => write!(f, "\nrefused once: {}", visible(&refused.why))?,
                times => write!(f, "\nrefused {times} times: {}", visible(&refused.why))?,
            }
        }
        for failure in &self.failures {
            write!(f, "\nfailed: {}", visible(failure))?;
        }
        if let Some(stopped) = &self.stopped {
            write!(f, "\nstopped: {}", visible(stopped))?;
        }
        if self.cut_bytes > 0 && !self.reader_closed {
            let cut = self.cut_bytes;
            write!(
                f,
                "\nthe output ends within an event: remove its last {cut} bytes before you append to it"
            )?;
        }
        if self.reader_closed {
            write!(
                f,
                "\nstopped: the reader of standard output went away after at most {} events; how many it used is \
                 unknown, so none counts as done",
                self.delivered
            )?;
        }
        if self.interrupted {
            f.write_str("\nstopped as you asked")?;
        }
        if self.possible_duplicates > 0 {
            write!(
                f,
                "\n{} events were sent without a receipt and may arrive twice",
                self.possible_duplicates
            )?;
        }
        if self.delivered_beyond > 0 {
            write!(
                f,
                "\n{} events behind the first that failed were delivered; going on sends them again",
                self.delivered_beyond
            )?;
        }
        if !self.complete {
            let position = self.position;
            write!(f, "\nthe first {position} events of the input are done; go on with --skip {position}")?;
        }
        Ok(())
    }
}
