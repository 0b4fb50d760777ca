//! The cache folder: everything that is installed on the way lives here, and nowhere else.
//!
//! It may be deleted at any time and moved with `CWL2LE_CACHE_DIR`. An entry is built in a folder
//! of its own and appears under its final name by one rename, so an entry that is there is whole;
//! a lock file makes concurrent processes wait for each other instead of building twice.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use sha2::{Digest as _, Sha256};

use crate::error::LocalError;

/// Names another folder for what is installed; the default is `cwl2le` in the platform's cache folder.
pub const CACHE_DIR_VARIABLE: &str = "CWL2LE_CACHE_DIR";

/// Told, one line at a time, what is being done when it may take a while.
pub type Progress<'a> = &'a (dyn Fn(&str) + Sync);

/// The project's own cache folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The folder that `CWL2LE_CACHE_DIR` names, else `cwl2le` in the platform's cache folder.
    pub fn open() -> Result<Self, LocalError> {
        if let Some(root) = std::env::var_os(CACHE_DIR_VARIABLE).filter(|value| !value.is_empty()) {
            return Self::at(PathBuf::from(root));
        }
        let platform = etcetera::choose_base_strategy().map_err(|error| {
            LocalError::new("cannot find the cache folder", error)
                .with_hint(format!("set {CACHE_DIR_VARIABLE} to a folder that may be written"))
        })?;
        Self::at(platform.cache_dir().join("cwl2le"))
    }

    /// A cache in this folder, which is made when something is first installed.
    pub fn at(root: impl Into<PathBuf>) -> Result<Self, LocalError> {
        // Child processes run in folders of their own: a relative path would mean another place there.
        let root = root.into();
        let root = std::path::absolute(&root).map_err(|error| {
            LocalError::new(format!("cannot use the cache folder {}", root.display()), error)
        })?;
        Ok(Self { root })
    }

    /// The folder itself. It is safe to delete while nothing of it runs.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The entry `name` made from `recipe`: as it stands if it is there and `usable`, else built.
    ///
    /// The recipe's hash is part of the folder's name, so a changed recipe gets a new folder.
    /// `build` fills the folder it is given. If it fails or the process dies, nothing is left
    /// under the final name and the next call builds again.
    pub(crate) async fn entry<Build>(
        &self,
        name: &str,
        recipe: &str,
        usable: impl Fn(&Path) -> bool,
        progress: Progress<'_>,
        build: Build,
    ) -> Result<PathBuf, LocalError>
    where
        Build: AsyncFnOnce(&Path) -> Result<(), LocalError>,
    {
        let key = format!("{name}-{}", short_hash(recipe));
        let path = self.root.join(&key);
        // What is in it is executed, so it must not be anybody else's.
        self.must_be_ours(&self.root)?;
        self.must_be_ours(&path)?;
        if usable(&path) {
            return Ok(path);
        }
        make_private(&self.root).map_err(|error| self.cannot("make", &self.root, error))?;
        let _lock = self.lock(&key, progress).await?;
        // Whoever held the lock before may have built it in the meantime.
        if usable(&path) {
            return Ok(path);
        }
        let unfinished = self.root.join(format!("{key}.unfinished"));
        remove(&unfinished).map_err(|error| self.cannot("clear", &unfinished, error))?;
        make_private(&unfinished).map_err(|error| self.cannot("make", &unfinished, error))?;
        let built = build(&unfinished).await;
        if let Err(error) = built {
            // What is left of it would be cleared by the next try; the error is what matters now.
            let _ = remove(&unfinished);
            return Err(error);
        }
        remove(&path).map_err(|error| self.cannot("replace", &path, error))?;
        fs::rename(&unfinished, &path).map_err(|error| self.cannot("finish", &path, error))?;
        Ok(path)
    }

    /// Waits for the entry's lock. It is released when the file closes, also when the process is killed.
    async fn lock(&self, key: &str, progress: Progress<'_>) -> Result<File, LocalError> {
        let path = self.root.join(format!("{key}.lock"));
        let file = open_lock(&path).map_err(|error| self.cannot("lock", &path, error))?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                progress("Waiting for another cwl2le that is installing the same.")
            }
            Err(TryLockError::Error(error)) => return Err(self.cannot("lock", &path, error)),
        }
        let waited = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
        match waited {
            Ok(locked) => locked.map_err(|error| self.cannot("lock", &path, error)),
            Err(error) => Err(self.cannot("lock", &path, error)),
        }
    }

    /// Refuses a folder that another user owns or that everybody may write to; one that is not there is fine.
    #[cfg(unix)]
    fn must_be_ours(&self, path: &Path) -> Result<(), LocalError> {
        use std::os::unix::fs::MetadataExt as _;
        let Ok(found) = fs::metadata(path) else { return Ok(()) };
        let me = rustix::process::geteuid().as_raw();
        let why = if found.uid() != me && found.uid() != 0 {
            "it belongs to another user"
        } else if found.mode() & 0o002 != 0 {
            "every user of this machine may write to it"
        } else {
            return Ok(());
        };
        Err(LocalError::new(format!("cannot use the cache folder {}", path.display()), why).with_hint(format!(
            "programs in this folder are executed: make it yours alone (chown, chmod go-w), delete it, or set \
             {CACHE_DIR_VARIABLE} to another one"
        )))
    }

    #[cfg(not(unix))]
    fn must_be_ours(&self, _path: &Path) -> Result<(), LocalError> {
        Ok(())
    }

    fn cannot(&self, verb: &str, path: &Path, error: impl std::fmt::Display) -> LocalError {
        LocalError::new(format!("cannot {verb} {}", path.display()), error).with_hint(format!(
            "the cache folder is {}: make it writable, or set {CACHE_DIR_VARIABLE} to another one",
            self.root.display()
        ))
    }
}

/// Makes a folder, and those above it that are missing, for this user alone.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a lock file, which is never written to. A symbolic link in its place would name a file of the user's to
/// truncate, so it is not followed.
fn open_lock(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    options.open(path)
}

/// Removes a folder with everything in it; one that is not there is fine.
fn remove(path: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn short_hash(recipe: &str) -> String {
    Sha256::digest(recipe.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::at(folder.path().join("cache")).expect("a cache");
        (folder, cache)
    }

    async fn put(cache: &Cache, recipe: &str, content: &str) -> Result<PathBuf, LocalError> {
        cache
            .entry(
                "thing",
                recipe,
                |path| path.join("content").is_file(),
                &|_| {},
                async |path: &Path| {
                    fs::write(path.join("content"), content)
                        .map_err(|error| LocalError::new("cannot write", error))
                },
            )
            .await
    }

    #[tokio::test]
    async fn an_entry_is_built_once_and_again_for_another_recipe() {
        let (_folder, cache) = temporary();
        let first = put(&cache, "recipe 1", "one").await.expect("built");
        let again = put(&cache, "recipe 1", "never written").await.expect("found");
        let other = put(&cache, "recipe 2", "two").await.expect("built");
        assert_eq!(first, again);
        assert_ne!(first, other);
        assert_eq!(fs::read_to_string(first.join("content")).expect("readable"), "one");
    }

    #[tokio::test]
    async fn what_a_killed_process_left_half_made_is_made_anew() {
        let (_folder, cache) = temporary();
        let finished = put(&cache, "recipe", "whole").await.expect("built");
        let half = cache
            .root()
            .join(format!("{}.unfinished", finished.file_name().expect("a name").to_string_lossy()));
        fs::rename(&finished, &half).expect("as if killed before the rename");
        fs::write(half.join("content"), "half").expect("writable");
        let rebuilt = put(&cache, "recipe", "whole").await.expect("built again");
        assert_eq!(fs::read_to_string(rebuilt.join("content")).expect("readable"), "whole");
        assert!(!half.exists());
    }

    #[tokio::test]
    async fn a_failed_build_leaves_nothing_behind() {
        let (_folder, cache) = temporary();
        let failed = cache
            .entry("thing", "recipe", Path::is_dir, &|_| {}, async |path: &Path| {
                fs::write(path.join("content"), "half").expect("writable");
                Err(LocalError::new("cannot build", "the network is down"))
            })
            .await;
        assert_eq!(
            failed.map_err(|error| error.to_string()),
            Err("cannot build: the network is down".into())
        );
        let left: Vec<_> = fs::read_dir(cache.root())
            .expect("readable")
            .filter_map(Result::ok)
            .filter(|entry| entry.path().is_dir())
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }

    #[tokio::test]
    async fn concurrent_builders_build_once() {
        let (_folder, cache) = temporary();
        let built = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (cache, built) = (cache.clone(), built.clone());
                tokio::spawn(async move {
                    cache
                        .entry("thing", "recipe", Path::is_dir, &|_| {}, async |_: &Path| {
                            tokio::task::yield_now().await;
                            built.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                            Ok(())
                        })
                        .await
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("joined").expect("there");
        }
        assert_eq!(built.load(std::sync::atomic::Ordering::SeqCst), 1);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_folder_that_others_can_write_to_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, cache) = temporary();
        let entry = put(&cache, "recipe", "one").await.expect("built");
        for (path, mode) in [(entry.as_path(), 0o700), (cache.root(), 0o700)] {
            assert_eq!(fs::metadata(path).expect("there").permissions().mode() & 0o777, mode);
        }
        for path in [entry.as_path(), cache.root()] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o777)).expect("changed");
            let error = put(&cache, "recipe", "one").await.expect_err("writable by all");
            assert!(error.to_string().contains("every user"), "{error}");
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("changed");
        }
        put(&cache, "recipe", "one").await.expect("as before");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_link_in_the_place_of_a_lock_is_not_followed() {
        let (folder, cache) = temporary();
        put(&cache, "recipe 1", "one").await.expect("built");
        let victim = folder.path().join("victim");
        fs::write(&victim, "precious").expect("writable");
        let lock = cache.root().join(format!("thing-{}.lock", short_hash("recipe 2")));
        std::os::unix::fs::symlink(&victim, &lock).expect("linked");
        let error = put(&cache, "recipe 2", "two").await.expect_err("a link");
        assert!(error.to_string().contains("cannot lock"), "{error}");
        assert_eq!(fs::read_to_string(&victim).expect("readable"), "precious");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named_with_the_way_out() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("file");
        fs::write(&file, "").expect("writable");
        let cache = Cache::at(file.join("cache")).expect("a path");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let error = runtime.block_on(put(&cache, "recipe", "x")).expect_err("not a folder");
        assert!(error.to_string().contains("cannot make"), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains(CACHE_DIR_VARIABLE)));
    }
}
