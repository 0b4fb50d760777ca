//! The rows of a run: shown as they come, and kept for the report.

use std::collections::BTreeMap;

use super::hop::{Hop, State};
use crate::output::{Progress, Step};

/// The rows so far, and what is waited for.
pub(super) struct Rows<'a> {
    progress: &'a Progress,
    hops: Vec<Hop>,
    waiting: Option<Step>,
    /// What the receipt of each destination proves.
    proofs: BTreeMap<String, &'static str>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(progress: &'a Progress, proofs: BTreeMap<String, &'static str>) -> Self {
        Self { progress, hops: Vec::new(), waiting: None, proofs }
    }

    /// Shows a line that is no row.
    pub(super) fn head(&mut self, text: &str) {
        self.waiting = None;
        self.progress.line(text);
    }

    /// Shows a row.
    pub(super) fn add(&mut self, hop: Hop) {
        self.waiting = None;
        let proof = hop.destination.as_ref().and_then(|name| self.proofs.get(name).copied());
        let hop = Hop { proof: proof.filter(|_| hop.state == State::Ok), ..hop };
        self.progress.line(&hop);
        self.hops.push(hop);
    }

    /// Shows what is waited for, until the next row.
    pub(super) fn wait_for(&mut self, what: &str) {
        self.waiting = Some(self.progress.begin(what));
    }

    /// The rows, in the order in which they came; and whether they were shown.
    pub(super) fn end(self) -> (Vec<Hop>, bool) {
        (self.hops, !self.progress.is_none())
    }
}
