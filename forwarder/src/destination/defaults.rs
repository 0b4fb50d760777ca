//! Values that several types of log services have by default, and serde's questions about them.

pub(super) fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(super) fn is_yes(value: &bool) -> bool {
    *value
}

/// The largest body by default, where the service says nothing: 1,048,576 bytes, which every service takes.
pub(super) fn megabyte() -> usize {
    1 << 20
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(super) fn is_megabyte(bytes: &usize) -> bool {
    *bytes == megabyte()
}

/// Checks the largest body: from one that is worth a request to one that the smallest function can hold.
pub(super) fn check_batch(bytes: usize) -> Result<(), String> {
    if (1024..=16 << 20).contains(&bytes) {
        return Ok(());
    }
    Err(format!("`max_batch_bytes` is 1024 to 16777216, not {bytes}"))
}
