//! The forwarder's configuration as the file describes it, with whatever stands for its secrets.

use cwl2le_forwarder::config::{Config, Destination, Lines, Route};
use cwl2le_forwarder::secret::Secret as Value;
use cwl2le_forwarder::secret::reference::{Keeper, Reference};
use serde_json::json;
use toml::Spanned;

use super::contents::Contents;
use super::document::Document;
use super::secrets::Source;
use super::service::{Secret, Service};
use crate::error::Result;

/// Puts the file's destinations and routes into a configuration, instead of those that are there.
pub(super) fn describe(
    document: &Document,
    contents: &Contents,
    config: &mut Config,
    secret: impl Fn(&str, &Secret) -> Result<serde_json::Value>,
) -> Result<()> {
    describe_rest(contents, config);
    config.destinations.clear();
    config.lines.clear();
    for (name, service) in contents.destinations.iter().flatten() {
        let (described, lines) = service.read(document, name, |one| secret(name, one))?;
        config.destinations.insert(name.clone(), described);
        if lines != Lines::default() {
            config.lines.insert(name.clone(), lines);
        }
    }
    Ok(())
}

/// The same without the destinations.
pub(super) fn describe_rest(contents: &Contents, config: &mut Config) {
    config.default = contents.default_destination.clone();
    let routes = contents.routes.iter().map(Spanned::get_ref);
    config.routes = routes
        .map(|route| Route {
            log_group: route.log_group.to_string(),
            destination: route.destination.clone(),
            shape: route.shape.clone(),
        })
        .collect();
    config.routes_from = contents.routes_from.as_ref().map(|kept| kept.reference.clone());
    config.hash_key = contents.hash_key.as_ref().map(|kept| Value::Kept(kept.reference.clone()));
}

/// One log service, without any token.
pub(super) fn outline(
    document: &Document,
    name: &str,
    service: &Service,
) -> Result<(Destination, Option<Lines>)> {
    let (described, lines) = service.read(document, name, |secret| stand_in(document, secret))?;
    Ok((described, Some(lines).filter(|lines| *lines != Lines::default())))
}

/// What stands for a secret that nobody reads. What stands in the file itself is looked at.
pub(super) fn stand_in(document: &Document, secret: &Secret) -> Result<serde_json::Value> {
    match &secret.source {
        inline @ Source::Inline(_) => Ok(inline.resolve(document.folder()).unwrap_or_default()),
        _ => Ok(json!(anywhere())),
    }
}

/// A secret that nobody reads: where it is kept makes no difference to the rules.
pub(crate) fn anywhere() -> Reference {
    Reference { keeper: Keeper::Ssm, name: "/".to_owned(), key: None }
}
