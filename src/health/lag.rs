//! How far behind a chain is, and how long until what waits in the stream expires.

use super::metric::{Metric, Metrics};
use super::said::Said;
use super::signals::Chain;
use crate::resources::Unread;

/// Maximum age of a measured lag, in milliseconds: an older one says nothing of now.
const FRESH: i64 = 5 * 60 * 1000;
/// How much a lag has to grow within some minutes to be called growing, in seconds.
const GROWTH: f64 = 30.0;
/// Minimum lag for which it is said when records expire, in seconds.
const WORTH_SAYING: f64 = 60.0;

/// Where a lag was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LagSource {
    /// The newest line of a forwarder's own log.
    Log,
    /// Lambda's metric `IteratorAge`.
    Metric,
    /// Records have come into the stream, and nothing has been invoked since.
    Waiting,
}

/// How far behind. Times are in milliseconds since 1970, spans in seconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Lag {
    /// How far behind it is now, at least; none if nothing was measured in the last minutes.
    pub now: Option<(f64, LagSource)>,
    /// The most in the last hour.
    pub most: Option<f64>,
    /// Whether it has grown in the last minutes.
    pub is_growing: bool,
    /// How long the stream or the event source mapping keeps a record; none where neither could be read.
    pub kept: Option<u64>,
    /// Whether what expires is handed to an on-failure destination.
    pub is_kept_after: bool,
    /// When the oldest record that waits expires; none if it is not far behind.
    pub expires_at: Option<i64>,
    /// When records came in that nothing has been invoked for.
    pub waiting_since: Option<i64>,
}

impl Lag {
    /// Puts together what metrics and lines say. `grace` is how many milliseconds records may wait before nothing has
    /// been invoked for them.
    pub(crate) fn of(chain: &Chain, metrics: Option<&Metrics>, said: &[Said], now: i64, grace: i64) -> Self {
        let newest_invocation = said.iter().filter_map(|said| said.last_invocation).max();
        let fresh = now - FRESH;
        let by_log = said.iter().filter_map(|said| {
            let (at, lag) = said.lag.filter(|(at, _)| *at >= fresh)?;
            // What has failed still waits.
            let is_failing =
                said.broken.is_some() || said.destinations.values().any(|of| of.failing.is_some());
            let since = if is_failing { seconds(now - at) } else { 0.0 };
            Some((lag / 1000.0 + since, LagSource::Log))
        });
        let newest_age = |metrics: &Metrics| {
            let points = metrics.points(Metric::IteratorAge, fresh);
            points.max_by_key(|(at, _)| *at).map(|(_, age)| (age / 1000.0, LagSource::Metric))
        };
        // Lines are fresher than metrics: where there are both, the lines count.
        let measured = by_log.reduce(larger).or_else(|| metrics.and_then(newest_age));
        let waiting_since =
            metrics.and_then(|metrics| waiting_since(metrics, newest_invocation, now - grace));
        let waiting = waiting_since.map(|since| (seconds(now - since), LagSource::Waiting));
        let lag = [measured, waiting].into_iter().flatten().reduce(larger);

        let hour = now - 60 * 60 * 1000;
        let by_metric =
            metrics.and_then(|metrics| metrics.most(Metric::IteratorAge, hour)).map(|age| age / 1000.0);
        let by_lines = said.iter().filter_map(|said| said.most_lag).map(|lag| lag / 1000.0);
        let most = by_metric.into_iter().chain(by_lines).chain(lag.map(|(lag, _)| lag)).reduce(f64::max);
        let earlier = metrics.and_then(|metrics| {
            let points = metrics.points(Metric::IteratorAge, now - 2 * FRESH).filter(|(at, _)| *at < fresh);
            points.map(|(_, age)| age / 1000.0).reduce(f64::max)
        });
        let is_growing = lag.is_some_and(|(lag, source)| {
            source == LagSource::Waiting || earlier.is_some_and(|earlier| lag > earlier + GROWTH)
        });
        let (kept, is_kept_after) = kept(chain);
        let expires_at = lag.filter(|(lag, _)| *lag >= WORTH_SAYING).zip(kept).map(|((lag, _), kept)| {
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds of our time fit")]
            let waited = (lag * 1000.0) as i64;
            now - waited + i64::try_from(kept).unwrap_or_default().saturating_mul(1000)
        });
        Self { now: lag, most, is_growing, kept, is_kept_after, expires_at, waiting_since }
    }

    /// Whether records expire before they are delivered.
    pub(crate) fn loses(&self) -> bool {
        let kept = self.kept.filter(|_| !self.is_kept_after).and_then(|kept| u32::try_from(kept).ok());
        kept.zip(self.now).is_some_and(|(kept, (lag, _))| lag > f64::from(kept))
    }
}

/// When the oldest records came in that nothing has been invoked for, at or before a time; none if nothing waits.
fn waiting_since(metrics: &Metrics, newest_invocation: Option<i64>, by: i64) -> Option<i64> {
    let invoked = metrics.last_above_zero(Metric::Invocations, i64::MIN).map(|(at, _)| at);
    // A point stands for the minute that follows its time.
    let served = [newest_invocation, invoked.map(|at| at + 59_999)].into_iter().flatten().max();
    let unserved = |at: i64| served.is_none_or(|served| at > served);
    let mut arrived = metrics.points(Metric::StreamRecords, i64::MIN);
    arrived.find(|(at, records)| *records > 0.0 && unserved(*at) && at + 59_999 <= by).map(|(at, _)| at)
}

/// How long records are kept, in seconds, and whether what the mapping gives up goes elsewhere.
fn kept(chain: &Chain) -> (Option<u64>, bool) {
    let stream = chain.read(Unread::Stream, |observed| observed.stream.as_ref()).ok().flatten();
    let retention = stream.map(|stream| u64::from(stream.retention_hours) * 3600);
    let limits = chain.mappings().filter_map(|mapping| {
        let age = u64::try_from(mapping.max_age_seconds).ok().filter(|age| *age > 0)?;
        Some((age, mapping.on_failure.is_some()))
    });
    match (retention, limits.min()) {
        (Some(retention), Some((age, goes_on))) if age < retention => (Some(age), goes_on),
        (retention, _) => (retention, false),
    }
}

fn larger(one: (f64, LagSource), other: (f64, LagSource)) -> (f64, LagSource) {
    if other.0 > one.0 { other } else { one }
}

/// Milliseconds as seconds.
fn seconds(milliseconds: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "spans of our time are exact in 53 bits")]
    let milliseconds = milliseconds.max(0) as f64;
    milliseconds / 1000.0
}
