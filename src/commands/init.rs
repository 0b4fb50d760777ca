//! `cwl2le init`: writes a configuration file.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use cwl2le_forwarder::redactor;
use serde::Serialize;

use super::Context;
use crate::aws::{Depth, observe};
use crate::cli::Init;
use crate::documentation::with_pages;
use crate::error::{Code, Error, Result};
use crate::output::visible;
use crate::settings;
use crate::workflow::deployed::configuration;
use crate::write::{self, Existing};

/// The file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InitReport {
    /// Its path.
    pub file: String,
    /// Whether it describes what is in the account.
    pub from_account: bool,
    /// The account that it describes.
    #[serde(skip)]
    pub account: Option<String>,
    /// The environment variables that it expects tokens in.
    pub tokens: Vec<String>,
}

pub(crate) async fn run(context: Context<'_>, args: &Init) -> Result<InitReport> {
    // Before anything is asked of AWS: reading a large account takes a while.
    if args.to.exists() && !args.force {
        return Err(there(&args.to));
    }
    let (text, tokens) = match args.from_account {
        true => from_account(context, args).await?,
        false => (template(args), vec!["CWL2LE_TOKEN".to_owned()]),
    };
    write(&args.to, &text, args.force)?;
    let account = context.target.get().filter(|_| args.from_account).map(|target| target.account.clone());
    Ok(InitReport { file: args.to.display().to_string(), from_account: args.from_account, account, tokens })
}

/// The commented file, for the stack that was asked for.
fn template(args: &Init) -> String {
    let text = with_pages(settings::TEMPLATE);
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
        return Err(Error::new(Code::NotFound, message).on(&stack.names.stream).hint(
            "check --region and --stack, or write a file to begin with: `cwl2le init` without --from-account",
        ));
    }
    if observed.function.is_some() {
        configuration(&observed, &stack.names.function)?;
    }
    Ok(settings::describe(&stack, &observed))
}

fn write(to: &Path, text: &str, force: bool) -> Result<()> {
    let existing = if force { Existing::Replace } else { Existing::Keep };
    // References stand for secrets already; a tag or a name may hold one by a slip.
    let text = redactor::redact(text);
    write::whole(to, text.as_bytes(), existing).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => there(to),
        _ => Error::new(Code::Environment, format!("the configuration file cannot be written: {error}"))
            .on(to.display().to_string())
            .hint(write::advice(&error, "give a place that you can write to with --to")),
    })
}

fn there(to: &Path) -> Error {
    Error::new(Code::Usage, "the configuration file is there already")
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
        let config = if self.file == settings::FILE_NAME {
            String::new()
        } else {
            format!(" --config {}", visible(&self.file))
        };
        write!(f, "\nnext: cwl2le plan{config}")
    }
}
