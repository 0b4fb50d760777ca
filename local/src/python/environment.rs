//! A Python environment for each tool.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::base::BasePython;
use super::command::{interpreter, python};
use super::pip::install;
use super::tool::Tool;
use crate::cache::{Cache, Progress};
use crate::error::LocalError;

/// A Python environment in the cache, with one tool and all that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonEnv {
    root: PathBuf,
}

impl PythonEnv {
    /// The environment of `tool`, installed now if it is not yet in the cache.
    pub async fn of(tool: Tool, cache: &Cache, progress: Progress<'_>) -> Result<Self, LocalError> {
        let base = BasePython::find().await?;
        // A compiled package fits one minor version of Python only.
        let name = format!("{}-python{}.{}", tool.name, base.version.0, base.version.1);
        // The link to the Python it was made with breaks when that one is removed: then it is made again.
        let usable = |root: &Path| interpreter(root).exists();
        let root = cache
            .entry(&name, tool.requirements, usable, progress, async |root: &Path| {
                progress(&format!(
                    "Installing {} {} ({}) into {}. This happens once and takes less than a minute.",
                    tool.name,
                    tool.version(),
                    tool.purpose,
                    cache.root().display()
                ));
                base.create_environment(root).await?;
                install(tool, root).await
            })
            .await?;
        Ok(Self { root })
    }

    /// The Python of this environment.
    pub fn interpreter(&self) -> PathBuf {
        interpreter(&self.root)
    }

    /// A command that runs a script by its path with this environment's Python, without the caller's Python settings.
    /// The script's own folder is on its module path, the working folder is not.
    pub fn command(&self) -> Command {
        python(&self.interpreter())
    }
}
