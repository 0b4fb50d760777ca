//! The configuration of the deployed forwarder, for verbs that check or run it here.

use std::rc::Rc;

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::secret::Store;

use crate::aws::Session;
use crate::documentation::page;
use crate::error::{Code, Error, Result};
use crate::resources::function::aws as lambda;
use crate::resources::{Observed, ObservedForwarder, Unreadable, current_config, whole_config};
use crate::stack::{Names, RoleScope, StackName};

/// The functions of a stack, which hold the forwarder's configuration, as the versions that get the records.
pub(crate) async fn observe_function(session: &Session, stack: &StackName) -> Result<Observed> {
    let names = Names::new(stack, &session.target.region, RoleScope::Plain);
    let function = lambda::observe_function(session.into(), &names.function).await?;
    let mut observed = Observed { function, ..Observed::default() }.in_force();
    let elsewhere = observed.function.as_ref().and_then(current_config).map(|config| config.elsewhere);
    for name in elsewhere.unwrap_or_default() {
        let function = lambda::observe_function(session.into(), &names.isolated(&name).function).await?;
        observed.isolated.insert(name, ObservedForwarder { function, ..ObservedForwarder::default() });
    }
    let observed = observed.in_force();
    if observed.function.is_some() {
        configuration(&observed, &names.function)?;
    }
    Ok(observed)
}

/// The configuration of all functions of a stack; `function` is the main one, which must exist.
///
/// # Errors
/// It is missing or cannot be read.
pub(crate) fn configuration(observed: &Observed, function: &str) -> Result<Config> {
    match whole_config(observed) {
        Ok(Some(whole)) => Ok(whole.config),
        Ok(None) => Err(Error::new(Code::Config, "the function's configuration is missing").on(function).hint(
            "run `cwl2le setup` with the token, or describe the destinations in a configuration file: `cwl2le init`",
        )),
        Err(Unreadable { function, reason }) => {
            let message = format!("the configuration of the stack cannot be read: {reason}");
            Err(Error::new(Code::Unreadable, message).on(function).hint(Unreadable::HINT))
        }
    }
}

/// Replaces a reference to routes by the routes.
pub(crate) fn fill_routes(config: &mut Config, store: &Store) -> Result<()> {
    let Some(reference) = config.routes_from.clone() else { return Ok(()) };
    let filled = store
        .text(&reference)
        .and_then(|routes| config.set_routes(&routes).map_err(|error| error.to_string()));
    filled.map_err(|problem| {
        Error::new(Code::Config, format!("the routes in {reference} are not valid: {problem}"))
            .on(reference.to_string())
            .hint(format!(
                "it holds a JSON list of what [[routes]] would hold: see {}",
                page("configuration.md#destinations-and-routes")
            ))
    })
}

/// The secrets that the caller has read, if any, as the forwarder takes them.
pub(crate) fn shared(store: Option<Store>) -> Rc<Store> {
    Rc::new(store.unwrap_or_default())
}
