//! Files that are written whole or not at all.
//!
//! A full disk, a limit or a power cut in the middle of writing leaves the file that was there before, or none: the new
//! one is written beside it, brought to the disk, and renamed.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::path::Path;

/// What to do with a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Fail with [`io::ErrorKind::AlreadyExists`], also where it comes up while the new one is written.
    Keep,
    /// Replace it and keep its permissions.
    Replace,
}

/// Writes a whole file. A link is followed; what is no regular file, such as a pipe, is written to as it is.
///
/// # Errors
/// The file or its folder cannot be written; it is there and [`Existing::Keep`]s.
pub(crate) fn whole(path: &Path, contents: &[u8], existing: Existing) -> io::Result<()> {
    write(path, contents, existing, false)
}

/// The same, replacing what is there, for a file that only its owner can read.
///
/// # Errors
/// The file or its folder cannot be written.
pub(crate) fn private(path: &Path, contents: &[u8]) -> io::Result<()> {
    write(path, contents, Existing::Replace, true)
}

fn write(path: &Path, contents: &[u8], existing: Existing, is_private: bool) -> io::Result<()> {
    let is = fs::metadata(path).ok();
    match (&is, existing) {
        (Some(_), Existing::Keep) => return Err(io::ErrorKind::AlreadyExists.into()),
        (Some(is), Existing::Replace) if !is.is_file() => {
            return File::options().write(true).open(path)?.write_all(contents);
        }
        _ => {}
    }
    let path = if is.is_some() { fs::canonicalize(path)? } else { path.to_owned() };
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or(Path::new("."), |folder| folder);
    let mut new = match is_private {
        // Only its owner can read a temporary file.
        true => tempfile::Builder::new().prefix(".cwl2le-").suffix(".unfinished").tempfile_in(folder)?,
        false => beside(folder, is.map(|is| is.permissions()))?,
    };
    new.write_all(contents)?;
    new.as_file().sync_all()?;
    match existing {
        Existing::Keep => new.persist_noclobber(&path)?,
        Existing::Replace => new.persist(&path)?,
    };
    sync_folder(folder)
}

/// A temporary file, with the permissions of the one that it replaces or those of any new file.
fn beside(folder: &Path, permissions: Option<Permissions>) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".cwl2le-").suffix(".unfinished");
    #[cfg(unix)]
    let any = {
        use std::os::unix::fs::PermissionsExt as _;
        // The process's mask takes from it what it takes from every new file.
        Permissions::from_mode(0o666)
    };
    #[cfg(unix)]
    builder.permissions(any);
    let file = builder.tempfile_in(folder)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    Ok(file)
}

/// Brings the rename to the disk, where folders can be opened.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// What to do about a file that could not be written.
pub(crate) fn advice(error: &io::Error, otherwise: &str) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free space on that disk, or give a place on another one with --to; nothing was changed"
                .to_owned()
        }
        _ => otherwise.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_with_its_permissions_or_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("c.toml");
        whole(&path, b"first", Existing::Keep).expect("written");
        let kept = whole(&path, b"second", Existing::Keep).expect_err("it is there");
        assert_eq!(
            (kept.kind(), fs::read(&path).expect("read")),
            (io::ErrorKind::AlreadyExists, b"first".to_vec())
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("changed");
            let link = folder.path().join("link.toml");
            std::os::unix::fs::symlink(&path, &link).expect("a link");
            whole(&link, b"third", Existing::Replace).expect("written");
            assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
            assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o640);
            fs::remove_file(link).expect("removed");
        }
        whole(&path, b"last", Existing::Replace).expect("written");
        assert_eq!(fs::read(&path).expect("read"), b"last");
        let left = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 1, "nothing is left beside it");
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_a_private_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("plan");
        fs::write(&path, b"first").expect("written");
        for text in [b"second", b"third!"] {
            private(&path, text).expect("written");
            let mode = fs::metadata(&path).expect("there").permissions().mode();
            assert_eq!((mode & 0o777, fs::read(&path).expect("read")), (0o600, text.to_vec()));
            fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("changed");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(whole(&folder.path().join("none/c.toml"), b"", Existing::Replace).is_err());
    }
}
