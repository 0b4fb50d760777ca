//! The newest lines of a forwarder's own log: they are seconds late where metrics are minutes late, and cost nothing.

use std::collections::BTreeSet;

use super::probe::unknown;
use crate::aws::{Aws, EventQuery, filter_log_events};
use crate::error::{Code, Result};
use crate::health::{ForwarderLog, Lines, Probe, decided};
use crate::journal::Entry;

/// Maximum age of a line that is read, in milliseconds: an hour. A failed batch is retried within minutes.
pub(super) const WINDOW: i64 = 60 * 60 * 1000;
/// Maximum number of pages of one reading: up to 10,000 lines or 1 MB each.
const PAGES: usize = 4;
/// Maximum number of lines of a page.
const PAGE: usize = 10_000;

/// Which lines.
pub(super) struct Span<'a> {
    /// From this time on, in milliseconds since 1970.
    pub(super) from: i64,
    /// Lines that are at least as old as this need not be read, where all destinations are known without them.
    pub(super) enough: i64,
    /// Up to this time; what has it is included.
    pub(super) until: i64,
    /// The names of the destinations that are looked for; none where they are not known.
    pub(super) destinations: &'a BTreeSet<String>,
}

/// Reads the newest lines of a log group first, as many pages as it takes. A log group that does not exist has none.
pub(super) async fn lines(aws: Aws<'_>, log_group: &str, span: &Span<'_>) -> Result<Lines> {
    let query =
        EventQuery { log_group, from: span.from, until: span.until, pattern: None, newest_first: true };
    let mut all = Lines { from: span.from, lines: Vec::new(), is_whole: true };
    let mut next = None;
    for page in 1..=PAGES {
        let read = filter_log_events(aws, query, PAGE, next).await;
        let (events, more) = match read {
            Err(error) if matches!(error.code, Code::UnknownLogGroup | Code::NotFound) => return Ok(all),
            read => read?,
        };
        all.lines.extend(
            events
                .into_iter()
                .map(|event| (event.timestamp, Entry::read(&event.message).of_stream(&event.log_stream))),
        );
        next = more;
        if next.is_none() {
            break;
        }
        let oldest = all.lines.iter().map(|(at, _)| *at).min().unwrap_or(span.until);
        let known = decided(&all.lines);
        let is_enough = !span.destinations.is_empty() && span.destinations.is_subset(&known);
        if page == PAGES || oldest <= span.enough && is_enough {
            // Of the last millisecond there may be more.
            all.from = oldest + 1;
            all.is_whole = false;
            all.lines.retain(|(at, _)| *at >= all.from);
            break;
        }
    }
    all.lines.sort_by_key(|(at, _)| *at);
    Ok(all)
}

/// Adds the lines that were written since a log was read, and drops those that are too old. Lines of the last seconds
/// are read again: they come late.
pub(super) async fn further(aws: Aws<'_>, log: &ForwarderLog, now: i64) -> Result<Probe<Lines>> {
    /// Milliseconds that a line may be late.
    const LATE: i64 = 15_000;
    let Ok(known) = &log.lines else { return Ok(log.lines.clone()) };
    let oldest = known.from.max(now - WINDOW);
    let newest = known.lines.last().map_or(known.from, |(at, _)| *at);
    let from = (newest - LATE).max(oldest);
    let destinations = BTreeSet::new();
    let span = Span { from, enough: from, until: now, destinations: &destinations };
    let new = match lines(aws, &log.log_group, &span).await {
        Err(error) if error.code == Code::Interrupted => return Err(error),
        Err(error) => return Ok(Err(unknown(&error))),
        Ok(new) => new,
    };
    let before = known.lines.iter().filter(|(at, _)| *at >= oldest && *at < from).cloned();
    // So many that they take more than their pages: what lies between is not known.
    let (from, before): (i64, Vec<_>) =
        if new.is_whole { (oldest, before.collect()) } else { (new.from, Vec::new()) };
    let lines = before.into_iter().chain(new.lines).collect();
    Ok(Ok(Lines { from, lines, is_whole: known.is_whole && new.is_whole }))
}
