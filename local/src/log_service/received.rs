//! The lines that arrived.

use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

/// One line, as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its bytes without the line feed.
    pub bytes: Vec<u8>,
    /// When its line feed was read.
    pub at: Instant,
    /// The connection it came on, counted from 1.
    pub connection: u64,
}

impl Line {
    /// The line as text; what is not UTF-8 becomes U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// What stands before the first space: the token of a Token TCP line.
    pub fn token(&self) -> String {
        self.text().split_once(' ').map(|(token, _)| token.to_owned()).unwrap_or_default()
    }

    /// What stands after the first space: the message of a Token TCP line.
    pub fn message(&self) -> String {
        self.text().split_once(' ').map(|(_, message)| message.to_owned()).unwrap_or_default()
    }
}

/// Fewer lines arrived than were waited for.
#[derive(Clone, Debug)]
pub struct TooFewLines {
    /// How many were waited for.
    pub expected: usize,
    /// For how long.
    pub patience: Duration,
    /// What did arrive.
    pub arrived: Vec<Line>,
}

impl fmt::Display for TooFewLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} lines arrived within {:?}", self.arrived.len(), self.expected, self.patience)?;
        if let Some(last) = self.arrived.last() {
            write!(f, "; the last is {:?}", last.text())?;
        }
        Ok(())
    }
}

impl std::error::Error for TooFewLines {}

#[derive(Debug, Default)]
struct State {
    /// See [`super::Options::record`].
    record: Option<File>,
    lines: Vec<Line>,
    subscribers: Vec<mpsc::UnboundedSender<Line>>,
}

/// All lines of a service, and who wants to know of new ones.
#[derive(Debug, Default)]
pub(super) struct Received {
    state: Mutex<State>,
    count: watch::Sender<usize>,
}

impl Received {
    pub(super) fn new(record: Option<&Path>) -> io::Result<Self> {
        let record = record.map(|path| File::options().create(true).append(true).open(path)).transpose()?;
        if let Some(mut record) = record.as_ref() {
            // A process that was killed may have left a part of a line.
            record.write_all(b"\n")?;
        }
        Ok(Self { state: Mutex::new(State { record, ..State::default() }), ..Self::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic happens under the lock, and a list of lines is never half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, new: impl Iterator<Item = Line>) {
        let mut state = self.state();
        let new: Vec<Line> = new.collect();
        if let Some(record) = &mut state.record {
            let lines: Vec<u8> = new.iter().flat_map(|line| [&line.bytes[..], b"\n"].concat()).collect();
            record.write_all(&lines).expect("the record of a log service can be written");
        }
        for line in new {
            state.subscribers.retain(|subscriber| subscriber.send(line.clone()).is_ok());
            state.lines.push(line);
        }
        self.count.send_replace(state.lines.len());
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        self.state().lines.clone()
    }

    pub(super) fn count(&self) -> usize {
        *self.count.borrow()
    }

    pub(super) fn clear(&self) {
        self.state().lines.clear();
        self.count.send_replace(0);
    }

    pub(super) fn subscribe(&self) -> mpsc::UnboundedReceiver<Line> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.state().subscribers.push(sender);
        receiver
    }

    pub(super) async fn wait_for(&self, count: usize, patience: Duration) -> Result<Vec<Line>, TooFewLines> {
        let mut counts = self.count.subscribe();
        // What comes back from the wait locks the count, and `push` takes the two locks in the other order:
        // it has to be gone before the lines are read.
        let enough =
            matches!(tokio::time::timeout(patience, counts.wait_for(|now| *now >= count)).await, Ok(Ok(_)));
        let arrived = self.lines();
        if enough { Ok(arrived) } else { Err(TooFewLines { expected: count, patience, arrived }) }
    }
}

/// Cuts the bytes of one connection into lines.
#[derive(Debug)]
pub(super) struct Cutter {
    connection: u64,
    unfinished: Vec<u8>,
}

impl Cutter {
    pub(super) fn new(connection: u64) -> Self {
        Self { connection, unfinished: Vec::new() }
    }

    /// Takes the next bytes; complete lines go to `received`, a rest without line feed waits for more.
    pub(super) fn feed(&mut self, bytes: &[u8], received: &Received) {
        let at = Instant::now();
        let mut pieces = bytes.split(|byte| *byte == b'\n');
        let rest = pieces.next_back().unwrap_or_default();
        received.push(pieces.map(|piece| {
            let mut bytes = std::mem::take(&mut self.unfinished);
            bytes.extend_from_slice(piece);
            Line { bytes, at, connection: self.connection }
        }));
        self.unfinished.extend_from_slice(rest);
    }

    /// Takes lines that are cut already.
    pub(super) fn push(&self, lines: Vec<Vec<u8>>, received: &Received) {
        let (at, connection) = (Instant::now(), self.connection);
        received.push(lines.into_iter().map(|bytes| Line { bytes, at, connection }));
    }

    /// The same for messages with their lengths before them; `None` where no length is.
    pub(super) fn feed_counted(&mut self, bytes: &[u8], received: &Received) -> Option<()> {
        self.unfinished.extend_from_slice(bytes);
        let at = Instant::now();
        while let Some(space) = self.unfinished.iter().position(|byte| *byte == b' ') {
            let length: usize = std::str::from_utf8(&self.unfinished[..space]).ok()?.parse().ok()?;
            let end = space + 1 + length;
            if self.unfinished.len() < end {
                break;
            }
            let rest = self.unfinished.split_off(end);
            let bytes = std::mem::replace(&mut self.unfinished, rest).split_off(space + 1);
            received.push(std::iter::once(Line { bytes, at, connection: self.connection }));
        }
        Some(())
    }
}
