//! Numbers as the SDKs have them.

/// A number of the SDK; 0 for none.
pub(crate) fn number(value: Option<i32>) -> u32 {
    value.and_then(|n| u32::try_from(n).ok()).unwrap_or_default()
}

/// A number as the SDK takes it.
pub(crate) fn sdk_number(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
