//! Which region, profile and role a run works with.

use super::file::File;
use crate::aws::Options;

/// Region, profile and role from the file, where neither a flag nor the environment gives them.
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
    let (given, in_file) = (&mut options.role, file.role());
    given.arn = given.arn.take().or(in_file.arn);
    given.external_id = given.external_id.take().or(in_file.external_id);
    given.session_name = given.session_name.take().or(in_file.session_name);
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
