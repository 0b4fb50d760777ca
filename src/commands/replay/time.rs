//! Times, as they are shown and noted.

use std::time::{Duration, UNIX_EPOCH};

/// A time in milliseconds since 1970.
pub(super) fn rfc3339(milliseconds: i64) -> String {
    let since = Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default());
    humantime::format_rfc3339_seconds(UNIX_EPOCH + since).to_string()
}

/// The same with milliseconds: another run is to begin at exactly this time.
pub(super) fn to_the_millisecond(milliseconds: i64) -> String {
    let since = Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default());
    humantime::format_rfc3339_millis(UNIX_EPOCH + since).to_string()
}
