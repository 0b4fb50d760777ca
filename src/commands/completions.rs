//! `cwl2le completions`: the completion script of a shell, made of the flags themselves.

use std::fmt;

use clap::Args;
use serde::Serialize;

use super::manual::Manual;
use super::verb::Verb;
use crate::error::Result;
use crate::workflow::Context;

/// Print a completion script for your shell
///
/// Write the script to the folder from which your shell loads completions, as in the examples below, and start a new
/// shell. zsh needs `fpath=(~/.zfunc $fpath)` before `compinit` in ~/.zshrc. Write it again after an upgrade.
#[derive(Debug, Clone, Args)]
pub(crate) struct Completions {
    /// Shell to complete in
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// A completion script.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Script {
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

impl Verb for Completions {
    type Report = Script;

    const MANUAL: Manual = Manual {
        examples: &[
            ("bash", "cwl2le completions bash > ~/.local/share/bash-completion/completions/cwl2le"),
            (
                "zsh, with this folder in $fpath before `compinit`",
                "cwl2le completions zsh > ~/.zfunc/_cwl2le",
            ),
            ("fish", "cwl2le completions fish > ~/.config/fish/completions/cwl2le.fish"),
            ("PowerShell", "cwl2le completions powershell >> $PROFILE"),
        ],
        page: None,
    };

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut (context.command)(), "cwl2le", &mut script);
        Ok(Script { shell: self.shell.to_string(), script: String::from_utf8_lossy(&script).into_owned() })
    }
}
