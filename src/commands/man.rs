//! `cwl2le man`: the manual pages.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::manual::Manual;
use super::verb::Verb;
use crate::error::{Code, Error, Result};
use crate::output::visible;
use crate::workflow::Context;
use crate::write::{self, Existing};

/// Write the manual pages
///
/// One for cwl2le and one for each command. `man` finds them in ~/.local/share/man/man1 and /usr/local/share/man/man1.
#[derive(Debug, Clone, Args)]
pub(crate) struct Man {
    /// Folder to write the pages to
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
}

impl Verb for Man {
    type Report = Pages;

    const MANUAL: Manual = Manual {
        examples: &[
            ("For this user; `man cwl2le-setup` finds them", "cwl2le man --to ~/.local/share/man/man1"),
            ("For a package", "cwl2le man --to pkg/usr/share/man/man1"),
        ],
        page: None,
    };

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        write_pages(&self.to, &(context.pages)())
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

/// Writes pages, each of them whole or not at all.
///
/// # Errors
/// When the folder cannot be made or written to.
fn write_pages(folder: &Path, pages: &[(String, Vec<u8>)]) -> Result<Pages> {
    let failed = |error: io::Error| {
        Error::new(Code::Environment, format!("the manual pages cannot be written: {error}"))
            .on(folder.display().to_string())
            .hint("give a folder that you can write to with --to")
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut written = Vec::new();
    for (name, text) in pages {
        let path = folder.join(name);
        write::whole(&path, text, Existing::Replace).map_err(failed)?;
        written.push(path.display().to_string());
    }
    Ok(Pages { pages: written })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_replaces_the_one_that_was_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let man1 = folder.path().join("share/man/man1");
        std::fs::create_dir_all(&man1).expect("a folder");
        // A link to another name for the file is cut where a page is replaced, and followed where it is written over.
        std::fs::write(man1.join("cwl2le.1"), "before").expect("a page");
        std::fs::hard_link(man1.join("cwl2le.1"), folder.path().join("other")).expect("a link");
        let pages = [("cwl2le.1".to_owned(), b".TH".to_vec()), ("cwl2le-setup.1".to_owned(), Vec::new())];
        let written = write_pages(&man1, &pages).expect("pages").pages;
        assert_eq!(written.len(), 2);
        assert_eq!(std::fs::read_to_string(&written[0]).expect("a page"), ".TH");
        assert_eq!(std::fs::read_to_string(folder.path().join("other")).expect("a page"), "before");
    }
}
