//! `cwl2le init`: writes a configuration file.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use cwl2le_forwarder::secret::redactor;
use serde::Serialize;

use super::manual::Manual;
use super::verb::{Facts, Reads, Verb};
use crate::documentation::with_pages;
use crate::error::{Code, Error, Result};
use crate::flags::{CommandLine, StackArg};
use crate::output::{Next, visible};
use crate::resources::{Depth, observe};
use crate::settings;
use crate::workflow::deployed::configuration;
use crate::workflow::{Context, unknown_stack};
use crate::write::{self, Existing};

/// Write a commented cwl2le.toml, or one that describes what exists
#[derive(Debug, Clone, Args)]
pub(crate) struct Init {
    #[command(flatten)]
    pub stack: StackArg,
    /// File to write
    #[arg(long, value_name = "FILE", default_value = "cwl2le.toml")]
    pub to: PathBuf,
    /// Overwrite an existing file
    #[arg(long)]
    pub force: bool,
    /// Describe the stack that exists in the account; tokens become references to environment variables
    #[arg(long)]
    pub from_account: bool,
}

/// The file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct InitReport {
    /// Its path.
    pub file: String,
    /// Whether it describes what is in the account.
    pub from_account: bool,
    /// The account that it describes.
    #[serde(skip)]
    pub account: Option<String>,
    /// The environment variables that it expects tokens in.
    pub tokens: Vec<String>,
    /// What to run next.
    pub next: Next,
}

impl Verb for Init {
    type Report = InitReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("Write a commented cwl2le.toml", "cwl2le init"),
            ("Describe a stack that exists", "cwl2le init --from-account --stack blue --to blue.toml"),
        ],
        page: Some("configuration.md"),
    };

    fn facts(&self) -> Facts<'_> {
        Facts {
            stack: Some(&self.stack),
            reads: Reads::Secrets,
            alone: Some("it writes one file"),
            ..Facts::default()
        }
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        // Checked before any call: reading a large account takes a while.
        if self.to.exists() && !self.force {
            return Err(there(&self.to));
        }
        let (text, tokens) = match self.from_account {
            true => from_account(context, self).await?,
            false => (template(self), vec!["CWL2LE_TOKEN".to_owned()]),
        };
        write(&self.to, &text, self.force)?;
        let account = context.target.get().filter(|_| self.from_account).map(|target| target.account.clone());
        let is_set = |name: &str| std::env::var_os(name).is_some();
        let next = next(context.command_line, &self.to.display().to_string(), &tokens, is_set);
        Ok(InitReport {
            file: self.to.display().to_string(),
            from_account: self.from_account,
            account,
            tokens,
            next,
        })
    }
}

/// The commented file, for the stack that --stack names.
fn template(args: &Init) -> String {
    let text = with_pages(&settings::template());
    match &args.stack.stack {
        Some(stack) => text.replace("#stack = \"default\"", &format!("stack = \"{stack}\"")),
        None => text,
    }
}

async fn from_account(context: Context<'_>, args: &Init) -> Result<(String, Vec<String>)> {
    let session = context.session().await?;
    let name = context.stack(&args.stack);
    let (scope, observed) = observe(&session, &name, &[], Depth::Everything).await?;
    let stack = settings::bare_stack(&name, &session.target, scope, &observed);
    if observed.stream.is_none() && observed.function.is_none() {
        let message = format!("there is no stack `{name}` in {} to describe", session.target.region);
        let error = Error::new(Code::NotFound, message)
            .hint("check --region and --stack, or run `cwl2le init` without --from-account");
        return Err(unknown_stack::explained(context, &session, &name, error).await);
    }
    if observed.function.is_some() {
        configuration(&observed, &stack.names.function)?;
    }
    Ok(settings::describe(&stack, &observed))
}

fn write(to: &Path, text: &str, force: bool) -> Result<()> {
    let existing = if force { Existing::Replace } else { Existing::Keep };
    // Tokens are references by now. A tag or a name may still contain a secret by mistake.
    let text = redactor::redact(text);
    write::whole(to, text.as_bytes(), existing).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => there(to),
        _ => Error::new(Code::Environment, format!("the configuration file cannot be written: {error}"))
            .on(to.display().to_string())
            .hint(write::advice(&error, "give a place that you can write to with --to")),
    })
}

fn there(to: &Path) -> Error {
    Error::new(Code::Usage, "the configuration file already exists")
        .on(to.display().to_string())
        .hint("write over it with --force, or give another place with --to")
}

impl fmt::Display for InitReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wrote {}", visible(&self.file))?;
        match &self.account {
            Some(account) => write!(f, " from the stack in account {}", visible(account))?,
            None => f.write_str(", with every setting explained")?,
        }
        if !self.tokens.is_empty() {
            write!(f, "\nit expects tokens in {}", visible(self.tokens.join(", ")))?;
        }
        write!(f, "\n\n{}", self.next)
    }
}

/// What to run with the file: the plan fails without the tokens that it refers to.
fn next(line: &CommandLine, file: &str, tokens: &[String], is_set: impl Fn(&str) -> bool) -> Next {
    let config = || match file {
        settings::FILE_NAME => Vec::new(),
        file => vec!["--config".to_owned(), file.to_owned()],
    };
    // The file names the stack, and `init` itself needs no other file.
    let command = |verb: &str| line.of_verb_without(verb, &["--stack", "--config"]).with(&config());
    let missing = tokens.iter().find(|name| !is_set(name));
    let next = missing.map_or_else(Next::new, |name| {
        let export = format!("export {name}='<token>'");
        Next::new().then(export, "replace <token> with the token of your log")
    });
    next.then(command("plan"), "see what `setup` would make").then(command("setup"), "make it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_comes_before_the_plan_that_needs_it() {
        let line = CommandLine::new(["init", "--to", "prod.toml", "--stack", "blue", "--profile", "p"]);
        let tokens = ["SET".to_owned(), "CWL2LE_TOKEN".to_owned()];
        let json = |file: &str, tokens: &[String]| {
            serde_json::to_value(next(&line, file, tokens, |name| name == "SET")).expect("JSON")
        };
        let shown = json("prod.toml", &tokens);
        assert_eq!(shown[0]["command"], "export CWL2LE_TOKEN='<token>'");
        assert_eq!(shown[1]["command"], "cwl2le plan --profile p --config prod.toml");
        assert_eq!(shown[2]["command"], "cwl2le setup --profile p --config prod.toml");
        assert_eq!(json("cwl2le.toml", &tokens[..1])[0]["command"], "cwl2le plan --profile p");
    }
}
