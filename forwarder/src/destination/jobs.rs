//! The requests that a destination has to make, in order.

use std::collections::VecDeque;
use std::rc::Rc;

use super::pending::{Part, Pending, Spot};

/// Events on their way to the service in one request, or in several where each line is one.
#[derive(Debug)]
pub(super) struct Job {
    id: u64,
    pub(super) events: Rc<Pending>,
    pub(super) spots: Vec<Spot>,
    state: State,
    /// Which line is sent next, where each is a request of its own.
    line: usize,
    /// Which reading of the secret its request holds.
    pub(super) secret: u32,
    /// Whether the secret has been read again for it.
    pub(super) is_renewed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Flying,
    Answered,
}

impl Job {
    /// Their bytes as they stand in a body.
    pub(super) fn parts(&self) -> Vec<Part<'_>> {
        self.events.parts(&self.spots)
    }

    /// The line to send now, where each is a request of its own.
    pub(super) fn line<'p>(&self, part: Part<'p>) -> Part<'p> {
        let mut lines = part.events.split_inclusive(|byte| *byte == b'\n');
        Part { events: lines.nth(self.line).unwrap_or_default(), ..part }
    }

    /// Whether there is another line after it.
    fn has_more_lines(&self) -> bool {
        let parts = self.parts();
        let lines = parts.iter().flat_map(|part| part.events.split_inclusive(|byte| *byte == b'\n'));
        lines.count() > self.line + 1
    }
}

/// Jobs in the order of their events. One that is answered keeps its place until all before it are answered, and only so
/// many are worked on, from the oldest on: so no event gets far ahead of one that is late.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    jobs: VecDeque<Job>,
    next_id: u64,
}

impl Jobs {
    /// Adds a job behind the others.
    pub(super) fn push(&mut self, events: &Rc<Pending>, spots: Vec<Spot>) {
        let job = self.make(Rc::clone(events), spots);
        self.jobs.push_back(job);
    }

    fn make(&mut self, events: Rc<Pending>, spots: Vec<Spot>) -> Job {
        self.next_id += 1;
        Job { id: self.next_id, events, spots, state: State::Waiting, line: 0, secret: 0, is_renewed: false }
    }

    /// Takes the next job off the ground, if it is one of the first `window` that are not answered.
    pub(super) fn start(&mut self, window: usize, secret: u32) -> Option<(u64, &Job)> {
        let job = self.jobs.iter_mut().take(window).find(|job| job.state == State::Waiting)?;
        (job.state, job.secret) = (State::Flying, secret);
        Some((job.id, job))
    }

    /// A job that has been started.
    pub(super) fn get(&mut self, id: u64) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.id == id)
    }

    /// Makes a job wait again: for the same request once more.
    pub(super) fn again(&mut self, id: u64) {
        if let Some(job) = self.get(id) {
            job.state = State::Waiting;
        }
    }

    /// Notes that a job's request is accepted. What comes back is done; nothing does while there are more lines to send.
    pub(super) fn accepted(&mut self, id: u64, by_lines: bool) -> Option<(Rc<Pending>, Vec<Spot>)> {
        let job = self.get(id)?;
        if by_lines && job.has_more_lines() {
            job.line += 1;
            job.state = State::Waiting;
            return None;
        }
        self.finish(id)
    }

    /// Puts two halves in the place of a job; `false` if it is only one event.
    pub(super) fn halve(&mut self, id: u64) -> bool {
        let Some(at) = self.jobs.iter().position(|job| job.id == id) else { return false };
        if self.jobs[at].spots.len() < 2 {
            return false;
        }
        let half = self.jobs[at].spots.len() / 2;
        let second = self.jobs[at].spots.split_off(half);
        let second = self.make(Rc::clone(&self.jobs[at].events), second);
        self.jobs[at].state = State::Waiting;
        self.jobs.insert(at + 1, second);
        true
    }

    /// Ends a job, and gives back its events.
    pub(super) fn finish(&mut self, id: u64) -> Option<(Rc<Pending>, Vec<Spot>)> {
        let job = self.get(id)?;
        job.state = State::Answered;
        let done = (Rc::clone(&job.events), std::mem::take(&mut job.spots));
        while self.jobs.front().is_some_and(|job| job.state == State::Answered) {
            self.jobs.pop_front();
        }
        Some(done)
    }

    /// How many events are in requests that have no answer yet.
    pub(super) fn flying(&self) -> u64 {
        self.jobs.iter().filter(|job| job.state == State::Flying).map(|job| job.spots.len() as u64).sum()
    }

    /// Forgets all jobs.
    pub(super) fn clear(&mut self) {
        self.jobs.clear();
    }
}
