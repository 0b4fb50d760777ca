//! `cwl2le versions`: the published versions of the functions of a stack, and which are live.

use std::time::Duration;

use clap::Args;

use super::report::{FunctionVersions, VersionsReport};
use crate::commands::manual::Manual;
use crate::commands::verb::{Facts, Policy, Verb};
use crate::error::Result;
use crate::flags::StackArg;
use crate::resources::{Depth, Unread, isolated_functions, observe_what_is_allowed};
use crate::settings;
use crate::workflow::{Context, unknown_stack};

/// Show the published versions of the forwarder, and which one is live
///
/// Each change of code or configuration publishes a version. The event source mapping invokes the live one.
#[derive(Debug, Clone, Args)]
pub(crate) struct Versions {
    #[command(flatten)]
    pub stack: StackArg,
}

/// Maximum time for one read.
const LIMIT: Duration = Duration::from_secs(30);

impl Verb for Versions {
    type Report = VersionsReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("What could I go back to?", "cwl2le versions"),
            ("For a script", "cwl2le versions --output json"),
        ],
        page: Some("upgrade.md"),
    };

    fn facts(&self) -> Facts<'_> {
        Facts::of_stack(&self.stack, Policy::on_call())
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        let session = context.session().await?;
        let name = context.stack(&self.stack);
        let (scope, observed, mut unread) = {
            let _reading = context.progress.begin("reading the versions");
            observe_what_is_allowed(&session, &name, Depth::Stack, LIMIT).await?
        };
        if let Some(error) = unread.remove(&Unread::Function) {
            return Err(error);
        }
        let stack = settings::bare_stack(&name, &session.target, scope, &observed);
        let Some(main) = &observed.function else {
            return Err(unknown_stack::no_function(context, &session, &stack).await);
        };
        let own = isolated_functions(&stack, &observed).into_iter().filter_map(|(destination, function)| {
            let is = observed.isolated.get(&destination)?.function.as_ref()?;
            Some(FunctionVersions::of(&function, Some(destination), is))
        });
        let main = FunctionVersions::of(&stack.names.function, None, main);
        let line = context.command_line;
        Ok(VersionsReport {
            stack: name.to_string(),
            account: session.target.account.clone(),
            region: session.target.region.to_string(),
            now: session.time(),
            functions: [main].into_iter().chain(own).collect(),
            unread: unread.remove(&Unread::Isolated).map(|error| error.message),
            rollback: line.of_stack("rollback"),
            upgrade: line.of_stack("upgrade"),
            setup: line.of_stack("setup"),
        })
    }
}
