//! A limit on how much of an input is held in memory at once.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// How many more bytes may be read.
#[derive(Debug, Clone, Default)]
pub(super) struct Allowance(Rc<Cell<u64>>);

impl Allowance {
    /// From now on this many bytes may be read.
    pub(super) fn set(&self, bytes: u64) {
        self.0.set(bytes);
    }

    /// Whether all of it is used up.
    pub(super) fn is_used_up(&self) -> bool {
        self.0.get() == 0
    }
}

/// A reader that fails once its allowance is used up and the input goes on.
pub(super) struct Bounded<R> {
    reader: R,
    allowance: Allowance,
}

impl<R: Read> Bounded<R> {
    pub(super) fn new(reader: R, allowance: &Allowance) -> Self {
        Self { reader, allowance: allowance.clone() }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.allowance.0.get();
        if left == 0 && !buffer.is_empty() {
            return match self.reader.read(&mut [0])? {
                0 => Ok(0),
                _ => Err(io::Error::other("the input passes its limit")),
            };
        }
        let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = self.reader.read(&mut buffer[..most])?;
        self.allowance.0.set(left - count as u64);
        Ok(count)
    }
}
