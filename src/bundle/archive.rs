//! The forwarder as a deterministic zip: the same bytes in, the same zip out, on every machine and every day.
//!
//! Lambda compares code by the SHA-256 of the zip, so an unchanged forwarder is never uploaded twice. `build.rs`
//! includes this file as well: it may use nothing but std and the `zip` crate.

use std::io::{Cursor, Write};

use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

/// The one file of the zip, the name that the `provided` runtimes look for.
pub const BOOTSTRAP: &str = "bootstrap";

/// Packs a `bootstrap` executable. Time, host system, mode and compression are fixed.
///
/// # Errors
/// Only if the zip format cannot hold it: more than 4 GiB.
pub fn pack(bootstrap: &[u8]) -> ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        // A zip that says it was made on DOS loses its mode when it is unpacked, and `bootstrap` must be executable.
        .system(System::Unix)
        .unix_permissions(0o755);
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(bootstrap.len() / 2)));
    zip.start_file(BOOTSTRAP, options)?;
    zip.write_all(bootstrap)?;
    Ok(zip.finish()?.into_inner())
}
