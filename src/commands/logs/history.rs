//! What was logged until now.

use std::collections::VecDeque;

use super::screen::Screen;
use super::source::{Line, Pages, Query, Source};
use super::window::Window;
use crate::aws::Event;
use crate::error::{Code, Error, Result};

/// Maximum number of lines of a log group that are read to find the newest ones.
const MOST: usize = 100_000;

/// What became of reading the past.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// The log groups that cannot be read, by position, and why.
    pub(super) unread: Vec<(usize, Error)>,
    /// Whether the reader has gone.
    pub(super) is_over: bool,
    /// Whether there may be older lines that would have been shown.
    pub(super) has_more: bool,
}

/// The time that is read, in milliseconds since 1970: from and until.
pub(super) type Span = (i64, i64);

/// Whether one log group cannot be read, and others may be.
pub(super) fn is_of_one_group(code: Code) -> bool {
    matches!(code, Code::UnknownLogGroup | Code::NotFound | Code::AccessDenied)
}

/// Shows everything from the oldest to the newest, while it is read.
pub(super) async fn everything<S: Source>(
    source: &S,
    (from, until): Span,
    windows: &mut [Window],
    screen: &mut Screen<'_>,
) -> Result<Past> {
    let mut past = Past::default();
    let query = |group| Query { group, from, until, newest_first: false };
    let mut heads: Vec<(Pages<'_, S>, VecDeque<Line>)> =
        (0..windows.len()).map(|group| (Pages::new(source, query(group)), VecDeque::new())).collect();
    loop {
        for (group, (pages, lines)) in heads.iter_mut().enumerate() {
            while lines.is_empty() && !past.unread.iter().any(|(unread, _)| *unread == group) {
                match pages.next().await {
                    Ok(None) => break,
                    Ok(Some(events)) => {
                        *lines = taken(group, events, &mut windows[group]).into();
                        windows[group].forget(source.now());
                    }
                    Err(error) if is_of_one_group(error.code) => past.unread.push((group, error)),
                    Err(error) => return Err(error),
                }
            }
        }
        let next = heads.iter_mut().filter(|(_, lines)| !lines.is_empty());
        let next = next.min_by_key(|(_, lines)| lines.front().map(|line| line.event.timestamp));
        let Some(line) = next.and_then(|(_, lines)| lines.pop_front()) else { return Ok(past) };
        if !screen.take(&line)? {
            past.is_over = true;
            return Ok(past);
        }
    }
}

/// Shows the newest lines, at most so many.
pub(super) async fn newest<S: Source>(
    source: &S,
    (from, until): Span,
    most: usize,
    windows: &mut [Window],
    screen: &mut Screen<'_>,
) -> Result<Past> {
    let mut past = Past::default();
    let mut all = Vec::new();
    for (group, window) in windows.iter_mut().enumerate() {
        let query = Query { group, from, until, newest_first: true };
        match newest_of(source, query, most, window, screen).await {
            Ok((lines, is_whole)) => {
                all.extend(lines);
                past.has_more |= !is_whole;
            }
            Err(error) if is_of_one_group(error.code) => past.unread.push((group, error)),
            Err(error) => return Err(error),
        }
    }
    all.sort_by_key(|line| line.event.timestamp);
    let shown = screen.shown(&all);
    past.has_more |= shown.len() > most;
    let first = shown.len().checked_sub(most).and_then(|left_out| shown.get(left_out)).copied();
    for (at, line) in all.iter().enumerate() {
        if first.is_some_and(|first| at < first) {
            screen.pass_over(line);
        } else if !screen.take(line)? {
            past.is_over = true;
            break;
        }
    }
    Ok(past)
}

/// As many of the newest lines of a log group as it takes to show `most`, in their order; and whether these are all.
async fn newest_of<S: Source>(
    source: &S,
    query: Query,
    most: usize,
    window: &mut Window,
    screen: &Screen<'_>,
) -> Result<(Vec<Line>, bool)> {
    let mut pages = Pages::new(source, query);
    let mut lines: Vec<Line> = Vec::new();
    while let Some(mut events) = pages.next().await? {
        let times = events.first().zip(events.last()).map(|(first, last)| (first.timestamp, last.timestamp));
        // A service that does not know the order gives the oldest first; then only the last page has the newest.
        let is_newest_first = times.is_some_and(|(first, last)| first >= last);
        if is_newest_first {
            events.reverse();
        }
        lines.extend(taken(query.group, events, window));
        lines.sort_by_key(|line| line.event.timestamp);
        let has_enough = is_newest_first && screen.shown(&lines).len() >= most;
        if has_enough || is_newest_first && lines.len() >= MOST {
            window.begin_with_oldest();
            return Ok((lines, pages.is_over()));
        }
        let left_out = lines.len().saturating_sub(MOST);
        lines.drain(..left_out);
    }
    Ok((lines, true))
}

/// The events that are new to a window, in the order of their times.
pub(super) fn taken(group: usize, mut events: Vec<Event>, window: &mut Window) -> Vec<Line> {
    events.sort_by_key(|event| event.timestamp);
    let new = events.into_iter().filter(|event| window.take(event));
    new.map(|event| Line::new(group, event)).collect()
}
