//! The stack that flags, file and account ask for.

use std::collections::BTreeSet;

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::quarantine::Place;

use super::build::Builder;
use super::destinations::Secrets;
use super::file::File;
use super::stand_ins::{StandIn, StandIns};
use super::values::Shards;
use super::wanted::Wanted;
use super::{destinations, fit, merge, quarantine};
use crate::error::Result;
use crate::resources::role::documents::Grants;
use crate::resources::{Accepted, Observed, Stack, main_is_unreadable};
use crate::stack::{Names, RoleScope, StackName, Target};

/// A stack with nothing asked for but its name: what `subscribe`, `status` and `teardown` work on.
pub fn bare_stack(name: &StackName, target: &Target, scope: RoleScope, observed: &Observed) -> Stack {
    let builder = Builder { name, target, scope, observed };
    builder.stack(&Wanted::default(), None, BTreeSet::new(), &Grants::default())
}

/// Checks of the flags what needs no account: the token, and the forwarder's zip where a flag says for which
/// processor it must be. Else that comes from the file or from the function that is there, and the zip is checked
/// with it later.
///
/// # Errors
/// The first flag that cannot be used.
pub fn check_flags(args: &Wanted) -> Result<()> {
    destinations::check_token(&args.destination)?;
    match (&args.function.forwarder_zip, args.function.arch) {
        (Some(file), arch @ Some(_)) => crate::bundle::from_zip_file(file, arch).map(drop),
        _ => Ok(()),
    }
}

/// Whether [`check_flags`] reads a token from standard input or a pipe, and may wait for it.
pub fn token_is_awaited(args: &Wanted) -> bool {
    destinations::token_is_awaited(&args.destination)
}

/// Which other accounts the file says may send lines to a stack; none where it says nothing of them, or is about
/// another stack.
pub(crate) fn accepted_by(file: Option<&File>, stack: &StackName) -> Option<Accepted> {
    let file = file.filter(|file| file.stack().cloned().unwrap_or_default() == *stack)?;
    merge::with_file(&Wanted::default(), Some(file)).0.accounts.accepted()
}

/// The cost of flags and file above which `--yes` does not confirm that a stack costs more, in USD a month.
pub(crate) fn confirm_above(args: &Wanted, file: Option<&File>) -> Option<u32> {
    merge::with_file(args, file).0.cost.confirm_above.map(u32::from)
}

/// Whether the number of shards is to be calculated.
pub fn wants_proposed_shards(args: &Wanted, file: Option<&File>) -> bool {
    matches!(merge::with_file(args, file).0.stream.shards, Some(Shards::Auto))
}

/// The stack that `setup` wants. The bundle is not in it yet: it depends on the architecture, which is settled here.
///
/// # Errors
/// A flag or a token that cannot be used.
pub fn wanted_stack(
    args: &Wanted,
    file: Option<&File>,
    name: &StackName,
    target: &Target,
    scope: RoleScope,
    observed: &Observed,
) -> Result<Stack> {
    stack_with(Secrets::Read, args, file, name, target, scope, observed)
}

/// The same for a stack that somebody else deploys: no secret is read, and what stands for them is returned.
///
/// # Errors
/// A flag that cannot be used.
pub(crate) fn stack_without_secrets(
    args: &Wanted,
    file: Option<&File>,
    name: &StackName,
    target: &Target,
    scope: RoleScope,
    observed: &Observed,
) -> Result<(Stack, Vec<StandIn>)> {
    let stand_ins = StandIns::default();
    let stack = stack_with(Secrets::StoodFor(&stand_ins), args, file, name, target, scope, observed)?;
    Ok((stack, stand_ins.into_inner()))
}

fn stack_with(
    secrets: Secrets<'_>,
    args: &Wanted,
    file: Option<&File>,
    name: &StackName,
    target: &Target,
    scope: RoleScope,
    observed: &Observed,
) -> Result<Stack> {
    let (args, _) = merge::with_file(args, file);
    let config = destinations::wanted(&args.destination, file, observed, secrets)?;
    let config = quarantine::wanted(config, args.function.quarantine.as_ref(), observed)?;
    let bucket_owner = quarantine::owner(args.function.bucket_owner.as_ref(), config.as_ref());
    let config = config.map(|config| Config { bucket_owner: bucket_owner.clone(), ..config });
    let quarantine = config.as_ref().and_then(|config| config.quarantine.as_ref()).map(Place::path);
    let builder = Builder { name, target, scope, observed };
    let grants = Grants { quarantine, bucket_owner, ..builder.grants(&args) };
    let policy = Names::new(name, &target.region, scope).function_policy;
    let grants = destinations::grants(config.as_ref(), file, observed, &policy, target, grants);
    // The destinations come from the file, and the rest of what the main function cannot be asked for.
    let gives_rest = args.function.quarantine.is_some() && file.is_some_and(File::has_metrics);
    let is_complete =
        file.is_some_and(File::has_destinations) && (gives_rest || !main_is_unreadable(observed));
    let mut stack = builder.stack(&args, config, destinations::isolated(file, observed), &grants);
    stack.function.config_is_complete = is_complete;
    stack.function.names_service =
        file.is_some_and(File::has_destinations) || args.destination.names_service();
    fit::check(&stack, &grants)?;
    Ok(stack)
}

/// The same stack for a look at its roles: no token is read, so none need be there, and the forwarder's configuration
/// is left out. With what the roles are granted.
///
/// # Errors
/// A flag that cannot be used.
pub fn outlined_stack(
    args: &Wanted,
    file: Option<&File>,
    name: &StackName,
    target: &Target,
    scope: RoleScope,
    observed: &Observed,
) -> Result<(Stack, Grants)> {
    let (args, _) = merge::with_file(args, file);
    let quarantine = quarantine::outlined(args.function.quarantine.as_ref(), observed);
    let builder = Builder { name, target, scope, observed };
    let current = destinations::current(observed);
    let bucket_owner = quarantine::owner(args.function.bucket_owner.as_ref(), current.as_ref());
    let quarantine = quarantine.as_ref().map(Place::path);
    let grants = Grants { quarantine, bucket_owner, ..builder.grants(&args) };
    let grants = destinations::outlined_grants(&args.destination, file, observed, &builder, grants)?;
    let stack = builder.stack(&args, None, destinations::isolated(file, observed), &grants);
    fit::check(&stack, &grants)?;
    Ok((stack, grants))
}
