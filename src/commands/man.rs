//! `cwl2le man`: the manual pages, made of the flags themselves.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use serde::Serialize;

use super::verb::Verb;
use crate::error::{Code, Error, Result};
use crate::output::visible;
use crate::workflow::Context;
use crate::write::{self, Existing};

/// Write the manual pages
#[derive(Debug, Clone, Args)]
pub(crate) struct Man {
    /// Folder to write the pages to
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
}

impl Verb for Man {
    type Report = Pages;

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        write_pages(&self.to, (context.command)())
    }
}

/// The manual pages that were written.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Pages {
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
fn write_pages(folder: &Path, tool: Command) -> Result<Pages> {
    let failed = |error: io::Error| {
        Error::new(Code::Environment, format!("the manual pages cannot be written: {error}"))
            .on(folder.display().to_string())
            .hint("give a folder that you can write to with --to")
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut tool = tool.disable_help_subcommand(true);
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
    let page = clap_mangen::Man::new(command.clone());
    let mut text = Vec::new();
    page.render(&mut text)?;
    write::whole(&folder.join(page.get_filename()), &text, Existing::Replace)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

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
        let pages = write_pages(&ours, Cli::command()).expect("pages").pages;
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
