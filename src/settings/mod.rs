//! What the user wants: flags over environment over `cwl2le.toml` over what exists already -> [`Stack`].

mod build;
mod check;
mod conform;
mod contents;
mod describe;
#[cfg(test)]
mod describe_tests;
pub(crate) mod destinations;
mod document;
mod file;
mod fit;
mod function;
mod head;
mod identity;
#[cfg(test)]
mod limit_tests;
mod merge;
pub(crate) mod origin;
mod outline;
mod placeholder;
mod problems;
mod quarantine;
mod read;
#[cfg(test)]
mod reference_tests;
mod roles;
mod schema;
mod secrets;
mod section;
mod service;
#[cfg(test)]
mod service_tests;
#[cfg(test)]
mod shape_tests;
mod stream;
pub(crate) mod subscriptions;
mod template;
#[cfg(test)]
mod tests;
mod trigger;
#[cfg(test)]
mod unreadable_tests;
pub mod values;
mod wanted;
mod words;

use std::collections::BTreeSet;

use build::Builder;
use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::quarantine::Place;

use crate::aws::Options;
use crate::error::Result;
use crate::resources::Stack;
use crate::resources::role::documents::Grants;
use crate::resources::{Observed, main_is_unreadable};
use crate::stack::{Names, RoleScope, StackName, Target};

pub use describe::describe;
pub use file::{FILE_NAME, File};
pub use function::Function;
pub(crate) use head::head;
pub(crate) use head::what_and_where;
pub use roles::Resources;
pub use schema::SCHEMA;
pub use stream::Stream;
pub use template::template;
pub use trigger::Trigger;
pub use wanted::Wanted;

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
        (Some(file), Some(arch)) => crate::bundle::from_zip_file(file, arch).map(drop),
        _ => Ok(()),
    }
}

/// Whether [`check_flags`] reads a token from standard input or a pipe, and may wait for it.
pub fn token_is_awaited(args: &Wanted) -> bool {
    destinations::token_is_awaited(&args.destination)
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
    let (args, _) = merge::with_file(args, file);
    let config = destinations::wanted(&args.destination, file, observed)?;
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

/// Region and profile from the file, where neither a flag nor the environment gives them.
///
/// The environment is what the AWS command listens to. Keys in it are a choice as well, which no profile of the file
/// overrides.
pub fn fill_options(options: &mut Options, file: &File, env: impl Fn(&str) -> Option<String>) {
    if !is_chosen(options, "region", &env) {
        options.region = file.region().map(ToString::to_string);
    }
    if !is_chosen(options, "profile", &env) {
        options.profile = file.profile().map(ToOwned::to_owned);
    }
}

/// Whether a flag or the environment gives the `region`, or the `profile` or keys in its place.
pub fn is_chosen(options: &Options, key: &str, env: &impl Fn(&str) -> Option<String>) -> bool {
    let set = |names: &[&str]| names.iter().any(|name| env(name).is_some_and(|value| !value.is_empty()));
    match key {
        "region" => options.region.is_some() || set(&["AWS_REGION", "AWS_DEFAULT_REGION"]),
        "profile" => options.profile.is_some() || set(&["AWS_PROFILE", "AWS_ACCESS_KEY_ID"]),
        _ => false,
    }
}
