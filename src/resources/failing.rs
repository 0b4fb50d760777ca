//! Whether one read that fails ends the others.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::unread::Unread;
use crate::error::{Code, Error, Result};

/// What a failed read does to the others.
pub(crate) trait Failing {
    /// The result of a read, or what stands for it.
    async fn of<T>(&self, what: Unread, read: impl Future<Output = Result<T>>, nothing: T) -> Result<T>;
}

/// The first failed read ends all of them, except that most verbs do without the topic: where its read is denied, that
/// leaves nothing.
pub(crate) struct Strict;

impl Failing for Strict {
    async fn of<T>(&self, what: Unread, read: impl Future<Output = Result<T>>, nothing: T) -> Result<T> {
        match read.await {
            Err(error) if what == Unread::Topic && error.code == Code::AccessDenied => Ok(nothing),
            read => read,
        }
    }
}

/// A failed read, or one without an answer in time, is noted and leaves nothing. Only a stop ends the others.
pub(crate) struct Tolerant {
    /// Maximum time for one read.
    pub(crate) limit: Duration,
    /// The reads that failed.
    pub(crate) unread: Mutex<BTreeMap<Unread, Error>>,
}

impl Tolerant {
    /// Nothing has failed yet.
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, unread: Mutex::default() }
    }

    /// The reads that failed.
    pub(crate) fn into_unread(self) -> BTreeMap<Unread, Error> {
        self.unread.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Failing for Tolerant {
    async fn of<T>(&self, what: Unread, read: impl Future<Output = Result<T>>, nothing: T) -> Result<T> {
        let read = tokio::time::timeout(self.limit, read).await;
        let error = match read {
            Ok(Ok(read)) => return Ok(read),
            Ok(Err(error)) if error.code == Code::Interrupted => return Err(error),
            Ok(Err(error)) => error,
            Err(_) => {
                Error::new(Code::Unreachable, format!("no answer within {} s", self.limit.as_secs().max(1)))
            }
        };
        self.unread.lock().unwrap_or_else(PoisonError::into_inner).insert(what, error);
        Ok(nothing)
    }
}
