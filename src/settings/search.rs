//! Where `cwl2le.toml` is looked for when no file is named.
//!
//! In the working folder, and then in each folder above it, up to the root of the repository (the folder with `.git`)
//! or the home directory, whichever comes first; both are looked in. Outside of both, only the working folder counts: a
//! file in `/tmp` or `/` may be anybody's, and would choose the account and the log service.

use std::path::{Path, PathBuf};

use crate::error::{Code, Error, Result};

/// The name of the file that is used when none is named.
pub const FILE_NAME: &str = "cwl2le.toml";

/// The nearest file, by a path that is relative to the working folder.
///
/// # Errors
/// [`Code::Config`]: it lies above the working folder and belongs to another user.
pub(super) fn nearest() -> Result<Option<PathBuf>> {
    let here = std::env::current_dir().unwrap_or_default();
    let home = std::env::home_dir();
    let is_root = |folder: &Path| folder.join(".git").exists();
    let candidates = candidates(&here, home.as_deref(), &is_root);
    let Some(found) = candidates.into_iter().find(|path| path.is_file()) else { return Ok(None) };
    if found != Path::new(FILE_NAME) && is_foreign(&found) {
        let message = format!("{} above this folder belongs to another user", found.display());
        let hint = format!("to use it anyway, give it with --config {}", found.display());
        return Err(Error::new(Code::Config, message).hint(hint));
    }
    Ok(Some(found))
}

/// The files to look for, nearest first, relative to `here`.
fn candidates(here: &Path, home: Option<&Path>, is_root: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (here, home) = (real(here), home.map(real));
    let ends = |folder: &Path| is_root(folder) || home.as_deref() == Some(folder);
    let above = here.ancestors().position(ends).unwrap_or(0);
    (0..=above).map(|up| (0..up).map(|_| "..").chain([FILE_NAME]).collect()).collect()
}

/// Whether a file belongs to somebody other than this user and the administrator.
#[cfg(unix)]
fn is_foreign(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let is_trusted = |owner: u32| owner == 0 || owner == rustix::process::geteuid().as_raw();
    // A link of another user could choose among the files of this one.
    let found = [path.symlink_metadata(), path.metadata()];
    found.iter().flatten().any(|found| !is_trusted(found.uid()))
}

#[cfg(not(unix))]
fn is_foreign(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_ends_at_the_repository_or_the_home_directory() {
        let names = |here: &str, home: Option<&str>, root: &str| {
            let found = candidates(Path::new(here), home.map(Path::new), &|folder| folder == Path::new(root));
            found.iter().map(|path| path.display().to_string().replace('\\', "/")).collect::<Vec<_>>()
        };
        let (here, up, upper) = ("cwl2le.toml", "../cwl2le.toml", "../../cwl2le.toml");
        for (folder, home, root, expected) in [
            ("/no/such/me/shop/infra", Some("/no/such/me"), "/no/such/me/shop", vec![here, up]),
            ("/no/such/me/shop/infra", Some("/no/such/me"), "", vec![here, up, upper]),
            ("/no/such/me", Some("/no/such/me"), "", vec![here]),
            // A repository that lies outside of the home directory.
            ("/no/such/build/a/b", Some("/no/such/me"), "/no/such/build", vec![here, up, upper]),
            ("/no/such/tmp/a", Some("/no/such/me"), "", vec![here]),
            ("/no/such/tmp/a", None, "", vec![here]),
        ] {
            assert_eq!(names(folder, home, root), expected, "{folder} {root}");
        }
    }
}
