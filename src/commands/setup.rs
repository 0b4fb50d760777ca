//! `cwl2le setup`: brings the account to what is wanted.

use std::time::Instant;

use super::change::Run;
use super::subscribe::filter_specs;
use super::{ChangeReport, Context};
use crate::aws::{Depth, observe};
use crate::bundle;
use crate::cli::Setup;
use crate::config;
use crate::error::{Code, Result};
use crate::plan::{self, FilterOptions, Observed};
use crate::stack::Stack;

pub(crate) async fn run(context: Context<'_>, args: &Setup) -> Result<ChangeReport> {
    let started = Instant::now();
    let session = context.session().await?;
    let (scope, observed) = observe(&session, &args.stack.stack, &args.log_groups, Depth::Stack).await?;
    let mut stack = config::wanted_stack(args, &session.target, scope, &observed)?;
    add_bundle(args, &observed, &mut stack)?;

    let options = FilterOptions { adopt: args.adopt, replace: args.filter.replace.clone() };
    let filters = filter_specs(&stack, &args.log_groups, &args.filter, None);
    let plan = plan::setup(&stack, &observed, args.adopt)
        .and(plan::subscribe(&stack, &filters, &observed, &options));
    let run = Run {
        context,
        session: &session,
        stack: &stack,
        change: &args.change,
        command: "setup",
        started,
        rollback: args.rollback,
    };
    run.carry_out(plan).await
}

/// The forwarder for the stack's architecture. Where this binary carries none, an existing function keeps its code.
fn add_bundle(args: &Setup, observed: &Observed, stack: &mut Stack) -> Result<()> {
    let arch = stack.function.arch.value;
    stack.function.bundle = match &args.function.forwarder_zip {
        Some(file) => Some(bundle::from_zip_file(file, arch)?),
        None => match bundle::bundled(arch) {
            Err(error) if error.code == Code::NoBundle && observed.function.is_some() => None,
            bundled => Some(bundled?),
        },
    };
    Ok(())
}
