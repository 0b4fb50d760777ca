//! Completions and manual pages, generated from the flags themselves.

use std::fmt;
use std::path::Path;

use clap::CommandFactory;
use serde::Serialize;

use crate::cli::Cli;
use crate::error::{Code, Error, Result};
use crate::output::visible;

/// A completion script.
#[derive(Debug, Clone, Serialize)]
pub struct Script {
    /// The shell.
    pub shell: String,
    /// The text to source.
    pub script: String,
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.script.trim_end())
    }
}

/// The completion script of a shell.
pub fn completions(shell: clap_complete::Shell) -> Script {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "cwl2le", &mut script);
    Script { shell: shell.to_string(), script: String::from_utf8_lossy(&script).into_owned() }
}

/// The manual pages that were written.
#[derive(Debug, Clone, Serialize)]
pub struct Pages {
    /// Their paths.
    pub pages: Vec<String>,
}

impl fmt::Display for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pages.iter().map(visible).collect::<Vec<_>>().join("\n"))
    }
}

/// Writes a page for the tool and one for each verb.
///
/// # Errors
/// When the folder cannot be made or written to.
pub fn write_pages(folder: &Path) -> Result<Pages> {
    let failed = |error: std::io::Error| {
        Error::new(Code::Environment, format!("the manual pages cannot be written: {error}"))
            .on(folder.display().to_string())
            .hint("give a folder that you can write to with --to")
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(failed)?;
    let mut pages: Vec<String> = std::fs::read_dir(folder)
        .map_err(failed)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "1"))
        .map(|path| path.display().to_string())
        .collect();
    pages.sort();
    Ok(Pages { pages })
}
