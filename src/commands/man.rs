//! Completions and manual pages, generated from the flags themselves.

use std::fmt;
use std::io;
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use serde::Serialize;

use crate::cli::Cli;
use crate::error::{Code, Error, Result};
use crate::output::visible;
use crate::write::{self, Existing};

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
    let failed = |error: io::Error| {
        Error::new(Code::Environment, format!("the manual pages cannot be written: {error}"))
            .on(folder.display().to_string())
            .hint("give a folder that you can write to with --to")
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut tool = Cli::command().disable_help_subcommand(true);
    tool.build();
    write_page(&tool, folder).map_err(failed)?;
    let mut pages: Vec<String> = std::fs::read_dir(folder)
        .map_err(failed)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "1"))
        .map(|path| path.display().to_string())
        .collect();
    pages.sort();
    Ok(Pages { pages })
}

/// Writes the pages of a command and of those below it, each of them whole or not at all.
fn write_page(command: &Command, folder: &Path) -> io::Result<()> {
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        write_page(verb, folder)?;
    }
    let page = Man::new(command.clone());
    let mut text = Vec::new();
    page.render(&mut text)?;
    write::whole(&folder.join(page.get_filename()), &text, Existing::Replace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_those_of_the_generator_and_a_failure_leaves_the_page_that_was_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
        std::fs::create_dir(&theirs).expect("a folder");
        clap_mangen::generate_to(Cli::command(), &theirs).expect("pages");
        // A link to another name for the file is cut where a page is replaced, and followed where it is written over.
        std::fs::create_dir(&ours).expect("a folder");
        std::fs::write(ours.join("cwl2le.1"), "before").expect("a page");
        std::fs::hard_link(ours.join("cwl2le.1"), folder.path().join("other")).expect("a link");
        let pages = write_pages(&ours).expect("pages").pages;
        assert_eq!(pages.len(), std::fs::read_dir(&theirs).expect("pages").count());
        for page in pages {
            let name = Path::new(&page).file_name().expect("a name");
            assert_eq!(
                std::fs::read(&page).expect("a page"),
                std::fs::read(theirs.join(name)).expect("a page")
            );
        }
        assert_eq!(std::fs::read_to_string(folder.path().join("other")).expect("a page"), "before");
    }
}
