//! New lines, as they come.

use std::time::Duration;

use tokio::time::Instant;

use super::groups::Group;
use super::history::taken;
use super::screen::Screen;
use super::source::{Line, Pages, Query, Source};
use super::window::{OVERLAP, SWEEP, Window};
use crate::error::{Code, Result};
use crate::output::{Progress, visible};

/// Interval of polls.
const INTERVAL: Duration = Duration::from_secs(2);
/// Maximum interval, after AWS has asked for fewer calls.
const LONGEST: Duration = Duration::from_secs(20);
/// Interval of polls that look back far.
const SWEEPS: Duration = Duration::from_secs(30);
/// How far after now a poll reads, in milliseconds: CloudWatch Logs takes events up to two hours ahead.
const AHEAD: i64 = 2 * 60 * 60 * 1000;

/// A log group that is followed.
#[derive(Debug)]
pub(super) struct Followed {
    /// The log group, by its position.
    pub(super) group: usize,
    /// What has been read of it.
    pub(super) window: Window,
    /// Why it could not be read at the last poll.
    pub(super) trouble: Option<Code>,
}

/// Shows new lines until the reader has gone. A log group that does not exist is waited for, and so is AWS.
///
/// # Errors
/// What does not pass by itself: missing permissions, expired credentials, an output that takes no more.
pub(super) async fn follow<S: Source>(
    source: &S,
    groups: &[Group],
    mut followed: Vec<Followed>,
    progress: &Progress,
    screen: &mut Screen<'_>,
) -> Result<()> {
    let (mut interval, mut swept) = (INTERVAL, Instant::now());
    loop {
        let is_sweep = swept.elapsed() >= SWEEPS;
        if is_sweep {
            swept = Instant::now();
        }
        let back = if is_sweep { SWEEP } else { OVERLAP };
        let mut lines = Vec::new();
        for followed in &mut followed {
            let group = &groups[followed.group].log_group;
            let failed = poll(source, followed, back, &mut lines).await.err();
            let trouble = failed.as_ref().map(|error| error.code);
            match failed {
                Some(error) if !passes(error.code) => return Err(error),
                Some(error) if followed.trouble != trouble => {
                    progress.line(format!("waiting for {}: {}", visible(group), visible(&error.message)));
                }
                None if followed.trouble.is_some() => {
                    progress.line(format!("reading {} again", visible(group)))
                }
                _ => {}
            }
            followed.trouble = trouble;
        }
        lines.sort_by_key(|line| line.event.timestamp);
        for line in &lines {
            if !screen.take(line)? {
                return Ok(());
            }
        }
        let is_slowed = source.was_slowed() || followed.iter().any(|followed| followed.trouble.is_some());
        interval = if is_slowed { interval * 2 } else { interval / 2 }.clamp(INTERVAL, LONGEST);
        tokio::time::sleep(interval).await;
    }
}

/// Reads what is new in a log group. What was read before a failure is among the lines.
async fn poll<S: Source>(
    source: &S,
    followed: &mut Followed,
    back: i64,
    lines: &mut Vec<Line>,
) -> Result<()> {
    let now = source.now();
    let from = followed.window.from(now, back);
    let query = Query { group: followed.group, from, until: now + AHEAD, newest_first: false };
    let mut pages = Pages::new(source, query);
    while let Some(events) = pages.next().await? {
        lines.extend(taken(followed.group, events, &mut followed.window));
    }
    followed.window.forget(now);
    Ok(())
}

/// Whether a failure passes by itself.
fn passes(code: Code) -> bool {
    matches!(
        code,
        Code::Throttled
            | Code::Unreachable
            | Code::NotReady
            | Code::Aws
            | Code::UnknownLogGroup
            | Code::NotFound
    )
}
