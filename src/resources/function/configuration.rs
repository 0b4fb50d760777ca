//! What the functions of a stack are configured to, as far as it can be read.
//!
//! A configuration that cannot be read is not the same as none: another version may have written it, or somebody
//! edited it, and it may say where every line goes. It is never replaced by less than the whole.

use std::collections::BTreeSet;

use cwl2le_forwarder::config::{CONFIG_ENV, Config};

use super::observed::ObservedFunction;
use crate::resources::Observed;
use crate::stack::arn::Arn;
use crate::stack::names::{CODE_TAG, VERSION_TAG};

/// The configuration of a stack, put together from those of its functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// All destinations with their settings.
    pub config: Config,
    /// Those that have a function of their own.
    pub isolated: BTreeSet<String>,
}

/// A function whose configuration exists, or must exist, and cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The name of the function.
    pub function: String,
    /// Why, as a sentence without a full stop. Holds no secret.
    pub reason: String,
}

impl Unreadable {
    /// What to do about it.
    pub const HINT: &str = "run the version of cwl2le that wrote it, or a newer one; or restore it from your copy; or describe the \
        whole stack in cwl2le.toml, with [destinations.*], [[routes]] and, in [function], `quarantine` and `metrics`, and run `cwl2le \
        setup` to replace it. `status`, `subscribe`, `unsubscribe` and `teardown` work without it";
}

/// The configuration that a function has; none where it has none.
///
/// # Errors
/// Why it cannot be read.
pub(crate) fn read_config(is: &ObservedFunction) -> Result<Option<Config>, String> {
    if let Some(problem) = &is.hidden_environment {
        return Err(format!("AWS does not show its environment variables: {problem}"));
    }
    let Some(value) = is.environment.get(CONFIG_ENV) else {
        // Both are written after it.
        let was_configured = is.tags.contains_key(CODE_TAG) || is.tags.contains_key(VERSION_TAG);
        return match was_configured {
            true => Err(format!("its variable {CONFIG_ENV} is gone, which says where its lines go")),
            false => Ok(None),
        };
    };
    Config::from_json(&value.0).map(Some).map_err(|error| {
        let problem = error.problem.split(", expected one of").next().unwrap_or_default().to_owned();
        let this = env!("CARGO_PKG_VERSION");
        let wrote = match is.tags.get(VERSION_TAG) {
            Some(version) if version != this => {
                format!("; the function's tag says that cwl2le {version} wrote it, and this is {this}")
            }
            _ => String::new(),
        };
        format!("its variable {CONFIG_ENV} cannot be read: {}: {problem}{wrote}", error.place)
    })
}

/// The configuration that a function has; none as well where it cannot be read.
pub(crate) fn current_config(is: &ObservedFunction) -> Option<Config> {
    read_config(is).ok().flatten()
}

/// What the functions of a stack are configured to; none where there is nothing.
///
/// # Errors
/// The first function without which it is not known.
pub fn whole_config(observed: &Observed) -> Result<Option<Whole>, Unreadable> {
    let served = || {
        let own = observed.isolated_functions();
        own.filter(|function| current_config(function).is_some_and(|config| config.isolated))
    };
    let Some(main) = &observed.function else {
        return match served().next() {
            None => Ok(None),
            Some(own) => {
                let reason = "there is no main function, whose configuration holds the other destinations and the routes";
                Err(Unreadable { function: name(own), reason: reason.to_owned() })
            }
        };
    };
    let unreadable = |reason: String| Unreadable { function: name(main), reason };
    let Some(mut config) = read_config(main).map_err(unreadable)? else {
        return match served().next() {
            None => Ok(None),
            Some(own) => Err(unreadable(format!(
                "its variable {CONFIG_ENV} is gone, which held the destinations beside that of {} and the routes",
                name(own)
            ))),
        };
    };
    let mut isolated = std::mem::take(&mut config.elsewhere);
    for destination in &isolated {
        let own = observed.isolated.get(destination).and_then(|own| own.function.as_ref());
        let Some(own) = own else {
            return Err(unreadable(format!(
                "the function of `{destination}`, which holds the settings of this destination, does not exist"
            )));
        };
        let unreadable = |reason: String| Unreadable { function: name(own), reason };
        let part = read_config(own).map_err(unreadable)?;
        let settings = part.as_ref().and_then(|part| part.destinations.get(destination));
        let Some((part, settings)) = part.as_ref().zip(settings) else {
            let reason = format!("it does not hold the settings of its destination `{destination}`");
            return Err(unreadable(reason));
        };
        config.destinations.insert(destination.clone(), settings.clone());
        if let Some(lines) = part.lines.get(destination) {
            config.lines.insert(destination.clone(), lines.clone());
        }
    }
    let moved = config.schedules.iter().filter(|(_, schedule)| !schedule.last());
    isolated.extend(moved.map(|(name, _)| name.clone()));
    config.schedules.clear();
    Ok(Some(Whole { config, isolated }))
}

/// Whether the main function is there and its own configuration cannot be read: then not even its quarantine is known.
pub fn main_is_unreadable(observed: &Observed) -> bool {
    observed.function.as_ref().is_some_and(|main| read_config(main).is_err())
}

/// The name of a function, from its ARN.
fn name(function: &ObservedFunction) -> String {
    Arn::parse(&function.arn).map_or("", |arn| arn.name()).to_owned()
}
