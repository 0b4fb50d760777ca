//! Flags that say when.

use std::time::{Duration, SystemTime};

/// A moment in the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// So long before now.
    Ago(Duration),
    /// A time.
    At(SystemTime),
}

impl Moment {
    /// When it is, seen from `now`, in milliseconds since 1970.
    pub(crate) fn in_milliseconds(self, now: i64) -> i64 {
        let in_milliseconds = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        match self {
            Self::Ago(time) => now.saturating_sub(in_milliseconds(time)).max(0),
            Self::At(time) => {
                in_milliseconds(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
            }
        }
    }

    /// When it is, seen from `now`.
    pub(crate) fn seen_from(self, now: SystemTime) -> SystemTime {
        match self {
            Self::Ago(time) => now.checked_sub(time).unwrap_or(SystemTime::UNIX_EPOCH),
            Self::At(time) => time,
        }
    }
}

/// Reads a flag that is a moment.
pub(crate) fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(ago) = humantime::parse_duration(text) {
        return Ok(Moment::Ago(ago));
    }
    let time = humantime::parse_rfc3339_weak(text).map(Moment::At);
    time.map_err(|_| {
        "expected a time span such as 15m, 1h or 2d, or a time such as 2016-09-17T10:28:49Z".to_owned()
    })
}
