//! Where events come from.

use std::sync::atomic::{AtomicBool, Ordering};

use super::groups::Group;
use crate::aws::{Event, EventQuery, Notice, Session, filter_log_events};
use crate::error::Result;
use crate::journal::Entry;
use crate::output::Progress;

/// Maximum number of events on one page: as many as AWS gives.
const PAGE: usize = 10_000;

/// An event of the forwarder's log.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// The log group, by its position.
    pub(super) group: usize,
    /// The event as AWS has it.
    pub(super) event: Event,
    /// What it says.
    pub(super) entry: Entry,
}

impl Line {
    pub(super) fn new(group: usize, event: Event) -> Self {
        Self { group, entry: Entry::read(&event.message), event }
    }
}

/// Which events of a log group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Query {
    /// The log group, by its position.
    pub(super) group: usize,
    /// From this time on, in milliseconds since 1970.
    pub(super) from: i64,
    /// Up to this time and including it, in milliseconds since 1970.
    pub(super) until: i64,
    /// Whether the newest events come first.
    pub(super) newest_first: bool,
}

/// Gives events page by page.
pub(super) trait Source {
    /// One page, and the token of the next one. A page may be empty before the last one.
    async fn page(&self, query: Query, next: Option<String>) -> Result<(Vec<Event>, Option<String>)>;

    /// What time it is for whoever stamps the events, in milliseconds since 1970.
    fn now(&self) -> i64;

    /// Whether AWS has asked for fewer calls, or has not answered, since this was asked last.
    fn was_slowed(&self) -> bool;
}

/// The pages of one query, one after the other.
pub(super) struct Pages<'a, S> {
    source: &'a S,
    query: Query,
    next: Option<String>,
    is_over: bool,
}

impl<'a, S: Source> Pages<'a, S> {
    pub(super) fn new(source: &'a S, query: Query) -> Self {
        Self { source, query, next: None, is_over: false }
    }

    /// Whether the last page has been read.
    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// The next page; none after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Event>>> {
        if self.is_over {
            return Ok(None);
        }
        let (events, next) = self.source.page(self.query, self.next.clone()).await?;
        self.is_over = next.is_none();
        self.next = next;
        Ok(Some(events))
    }
}

/// CloudWatch Logs.
pub(super) struct CloudWatch<'a> {
    session: &'a Session,
    groups: &'a [Group],
    progress: &'a Progress,
    slowed: AtomicBool,
    has_said: AtomicBool,
}

impl<'a> CloudWatch<'a> {
    pub(super) fn new(session: &'a Session, groups: &'a [Group], progress: &'a Progress) -> Self {
        Self { session, groups, progress, slowed: AtomicBool::new(false), has_said: AtomicBool::new(false) }
    }

    /// The session that it reads with.
    pub(super) fn session(&self) -> &'a Session {
        self.session
    }
}

impl Source for CloudWatch<'_> {
    async fn page(&self, query: Query, next: Option<String>) -> Result<(Vec<Event>, Option<String>)> {
        let Query { group, from, until, newest_first } = query;
        let log_group = &self.groups[group].log_group;
        let notice = |notice: Notice<'_>| {
            if let Notice::Waiting { why, .. } = notice {
                self.slowed.store(true, Ordering::Relaxed);
                if !self.has_said.swap(true, Ordering::Relaxed) {
                    self.progress.line(format!(
                        "waiting for {why}: lines may come later than usual, none is left out"
                    ));
                }
            }
        };
        let query = EventQuery { log_group, from, until, pattern: None, newest_first };
        filter_log_events(self.session.telling(&notice), query, PAGE, next).await
    }

    fn now(&self) -> i64 {
        i64::try_from(self.session.time()).unwrap_or_default() * 1000 + 999
    }

    fn was_slowed(&self) -> bool {
        self.slowed.swap(false, Ordering::Relaxed)
    }
}
