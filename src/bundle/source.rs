//! The hash of everything that the forwarder is built from. `build.rs` includes this file: it may use nothing but std
//! and `sha2`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// What goes into the forwarder, relative to the workspace. A folder stands for all files in it.
pub(crate) const SOURCES: [&str; 6] = [
    "forwarder/src",
    "forwarder/Cargo.toml",
    "Cargo.toml",
    "Cargo.lock",
    "src/bundle/compile.rs",
    "src/bundle/archive.rs",
];

/// 16 hexadecimal digits of the SHA-256 over the names and contents of all sources: enough to tell builds apart, and
/// short enough to read out. Hidden files, and line endings, which a checkout may convert, make no difference.
///
/// # Errors
/// When a source cannot be read, with its path.
pub(crate) fn hash(workspace: &Path) -> Result<String, String> {
    let mut files = Vec::new();
    for source in SOURCES {
        collect(&workspace.join(source), source.to_owned(), &mut files)
            .map_err(|cause| format!("cannot read `{source}`, which the forwarder is built from: {cause}"))?;
    }
    files.sort();
    let mut all = Sha256::new();
    for (name, path) in files {
        let content =
            fs::read(&path).map_err(|cause| format!("cannot read `{}`: {cause}", path.display()))?;
        let content: Vec<u8> =
            content.split(|byte| *byte == b'\n').map(without_return).collect::<Vec<_>>().join(&b'\n');
        // The hash of each, so that no two sets of files read the same.
        all.update(Sha256::digest(name.as_bytes()));
        all.update(Sha256::digest(&content));
    }
    Ok(all.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The files below a path, each with its name, which has the same separator on every system.
fn collect(path: &Path, name: String, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    if !path.is_dir() {
        files.push((name, path.to_owned()));
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let file_name = entry.file_name().to_string_lossy().into_owned();
        if !file_name.starts_with('.') {
            collect(&entry.path(), format!("{name}/{file_name}"), files)?;
        }
    }
    Ok(())
}
