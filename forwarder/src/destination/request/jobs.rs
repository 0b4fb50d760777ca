//! The requests that a destination has to make, in order.

use std::collections::VecDeque;
use std::rc::Rc;

use bytes::Bytes;
use http::Request;

use super::pending::{Part, Pending, Spot, Streams};

/// Events on their way to the service in one request, or in several where each line is one.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: u64,
    pub(super) events: Rc<Pending>,
    pub(super) spots: Vec<Spot>,
    pub(super) streams: Streams,
    state: State,
    /// Which line is sent next, where each is a request of its own.
    line: usize,
    /// The request, if it is made already.
    pub(super) request: Option<Request<Bytes>>,
    /// How often the secret had changed when the request was made.
    pub(super) secret: u32,
    /// Whether the secret has been read again for it.
    pub(super) is_renewed: bool,
    /// When it was started, as [`super::evidence::Evidence`] counts.
    pub(super) started: u64,
    /// Whether it may be on a connection that was kept, of the client of this number.
    pub(super) on_kept: Option<u32>,
    /// Whether it is to find out if the service accepts anything.
    pub(super) is_probe: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Flying,
    Answered,
}

impl Job {
    fn new(id: u64, events: Rc<Pending>, spots: Vec<Spot>, streams: Streams) -> Self {
        Self {
            id,
            events,
            spots,
            streams,
            state: State::Waiting,
            line: 0,
            request: None,
            secret: 0,
            is_renewed: false,
            started: 0,
            on_kept: None,
            is_probe: false,
        }
    }

    /// Their bytes as they stand in a body.
    pub(super) fn parts(&self) -> Vec<Part<'_>> {
        self.events.parts(&self.spots)
    }

    /// How many of them could be written.
    pub(super) fn written(&self) -> usize {
        self.spots.iter().filter(|spot| self.events.event(**spot).2).count()
    }

    /// The line to send now, where each is a request of its own.
    pub(super) fn line<'p>(&self, part: Part<'p>) -> Part<'p> {
        let mut lines = part.events.split_inclusive(|byte| *byte == b'\n');
        Part { events: lines.nth(self.line).unwrap_or_default(), ..part }
    }

    /// Goes on to the next line; `false` when there is none.
    pub(super) fn next_line(&mut self) -> bool {
        let parts = self.parts();
        let lines = parts.iter().flat_map(|part| part.events.split_inclusive(|byte| *byte == b'\n'));
        if lines.count() <= self.line + 1 {
            return false;
        }
        self.line += 1;
        self.wait();
        true
    }

    /// Waits to be started, again or for the first time.
    pub(super) fn wait(&mut self) {
        self.state = State::Waiting;
        self.request = None;
    }

    /// Whether it holds events of a log stream of another job.
    fn shares_stream(&self, other: &Self) -> bool {
        let (few, many) =
            if self.streams.len() < other.streams.len() { (self, other) } else { (other, self) };
        few.streams.iter().any(|stream| many.streams.binary_search(stream).is_ok())
    }
}

/// Jobs in the order of their events. One that is answered keeps its place until all before it are answered, and only
/// so many are worked on, from the oldest on: so no event gets far ahead of one that is late.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    jobs: VecDeque<Job>,
    next_id: u64,
}

impl Jobs {
    fn make(&mut self, events: Rc<Pending>, spots: Vec<Spot>, streams: Streams) -> Job {
        self.next_id += 1;
        Job::new(self.next_id, events, spots, streams)
    }

    /// Adds a job behind the others.
    pub(super) fn push(&mut self, events: Rc<Pending>, spots: Vec<Spot>, streams: Streams) {
        let job = self.make(events, spots, streams);
        self.jobs.push_back(job);
    }

    /// Adds a job before the others.
    pub(super) fn push_front(&mut self, events: Rc<Pending>, spots: Vec<Spot>, streams: Streams) {
        let job = self.make(events, spots, streams);
        self.jobs.push_front(job);
    }

    /// The next job to start: one of the first `window`, and none before it has events of its log streams.
    pub(super) fn next(&self, window: usize) -> Option<u64> {
        let first = || self.jobs.iter().take(window);
        let is_free = |(at, job): &(usize, &Job)| {
            let before = first().take(*at).filter(|before| before.state != State::Answered);
            job.state == State::Waiting && before.into_iter().all(|before| !job.shares_stream(before))
        };
        first().enumerate().find(is_free).map(|(_, job)| job.id)
    }

    /// The job after all others.
    pub(super) fn last(&self) -> Option<u64> {
        self.jobs.iter().rev().find(|job| job.state == State::Waiting).map(|job| job.id)
    }

    /// One of the first `window` that has to wait, and whose request is not made yet.
    pub(super) fn unprepared(&self, window: usize) -> Option<u64> {
        let is_unprepared = |job: &&Job| job.state == State::Waiting && job.request.is_none();
        self.jobs.iter().take(window).find(is_unprepared).map(|job| job.id)
    }

    pub(super) fn get(&mut self, id: u64) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.id == id)
    }

    /// Takes a job off the ground, with its request.
    pub(super) fn start(&mut self, id: u64) -> Option<(Request<Bytes>, &mut Job)> {
        let job = self.get(id)?;
        job.state = State::Flying;
        Some((job.request.take()?, job))
    }

    /// Puts two halves in the place of a job; `false` if it is only one event.
    pub(super) fn halve(&mut self, id: u64) -> bool {
        let Some(at) = self.jobs.iter().position(|job| job.id == id) else { return false };
        let job = &mut self.jobs[at];
        if job.spots.len() < 2 {
            return false;
        }
        job.wait();
        let second = job.spots.split_off(job.spots.len() / 2);
        let (events, streams) = (Rc::clone(&job.events), Rc::clone(&job.streams));
        let second = self.make(events, second, streams);
        self.jobs.insert(at + 1, second);
        true
    }

    /// How many events wait to be sent.
    pub(super) fn waiting(&self) -> usize {
        self.jobs.iter().filter(|job| job.state == State::Waiting).map(|job| job.spots.len()).sum()
    }

    /// Makes a job of its own of one of the events that wait, counted from 0.
    pub(super) fn single_out(&mut self, mut event: usize) -> Option<u64> {
        let at = self.jobs.iter().position(|job| {
            let is_here = job.state == State::Waiting && event < job.spots.len();
            event -= if is_here || job.state != State::Waiting { 0 } else { job.spots.len() };
            is_here
        })?;
        if self.jobs[at].spots.len() == 1 {
            return Some(self.jobs[at].id);
        }
        self.jobs[at].wait();
        let mut rest = self.jobs[at].spots.split_off(event);
        let (events, streams) = (Rc::clone(&self.jobs[at].events), Rc::clone(&self.jobs[at].streams));
        let after = rest.split_off(1);
        let job = self.make(Rc::clone(&events), rest, Rc::clone(&streams));
        let id = job.id;
        if !after.is_empty() {
            let after = self.make(events, after, streams);
            self.jobs.insert(at + 1, after);
        }
        if self.jobs[at].spots.is_empty() {
            self.jobs[at] = job;
        } else {
            self.jobs.insert(at + 1, job);
        }
        Some(id)
    }

    /// Ends a job, and gives back its events.
    pub(super) fn finish(&mut self, id: u64) -> Option<(Rc<Pending>, Vec<Spot>)> {
        let job = self.get(id)?;
        job.state = State::Answered;
        let done = (std::mem::take(&mut job.events), std::mem::take(&mut job.spots));
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
