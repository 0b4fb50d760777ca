//! Unpacks `bootstrap` from a zip of unknown origin.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::archive::BOOTSTRAP;

/// The largest executable that is unpacked, in bytes: Lambda's limit on everything in the zip together.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html> (250 MB unzipped).
const MAX_UNPACKED: u64 = 250 * 1024 * 1024;

/// The bits that Lambda needs: it runs the function as a user that does not own the file.
const RUNNABLE: u32 = 0o005;

/// Unpacks `bootstrap`.
///
/// # Errors
/// Why Lambda would not start it, as the end of a sentence that begins with the name of the zip.
pub(super) fn bootstrap(zip: &[u8]) -> Result<Vec<u8>, String> {
    let mut archive =
        ZipArchive::new(Cursor::new(zip)).map_err(|cause| format!("cannot be read as a zip ({cause})"))?;
    let Ok(mut file) = archive.by_name(BOOTSTRAP) else {
        return Err(format!("has no file `{BOOTSTRAP}` at its top"));
    };
    if !file.is_file() {
        return Err(format!("has a `{BOOTSTRAP}` that is not a plain file"));
    }
    match file.unix_mode() {
        Some(mode) if mode & RUNNABLE == RUNNABLE => {}
        Some(mode) => {
            return Err(format!(
                "has a `{BOOTSTRAP}` that everyone must be able to read and execute, but its mode is {:04o}",
                mode & 0o7777
            ));
        }
        None => return Err(format!("has a `{BOOTSTRAP}` without a mode, so it would not be executable")),
    }
    let mut bytes = Vec::new();
    file.by_ref()
        .take(MAX_UNPACKED + 1)
        .read_to_end(&mut bytes)
        .map_err(|cause| format!("has a `{BOOTSTRAP}` that cannot be unpacked ({cause})"))?;
    if bytes.len() as u64 > MAX_UNPACKED {
        return Err(format!("has a `{BOOTSTRAP}` of more than 250 MiB, the most that Lambda unpacks"));
    }
    Ok(bytes)
}
