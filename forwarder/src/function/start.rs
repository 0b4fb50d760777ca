//! What a process does before its first invocation.
//!
//! A configuration that is not valid, or refers to what cannot be read, ends the process at once, with the reason
//! in the log and in what Lambda tells whoever invokes it.

use std::rc::Rc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::journal::Journal;
use super::metrics::Origin;
use crate::aws::Aws;
use crate::config::{CONFIG_ENV, Config, Metrics};
use crate::delivery::{Forwarder, Options};
use crate::net::http::Client;
use crate::note::{Level, Note};
use crate::record::payload::Cap;
use crate::secret::Store;
use crate::secret::reference::Reference;

/// Maximum time to read what the configuration refers to. Lambda stops a start after ten seconds, and the log
/// would not say why.
const READING: Duration = Duration::from_secs(8);

/// A variable of the environment, if it is set to something.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Everything that is kept between invocations.
pub(super) struct Function {
    pub(super) forwarder: Forwarder,
    pub(super) store: Rc<Store>,
    pub(super) journal: Journal,
    pub(super) origin: Origin,
    pub(super) metrics: Metrics,
    pub(super) warned_of_itself: bool,
    destinations: Vec<String>,
    memory_mb: usize,
}

impl Function {
    /// Says that the process is ready.
    pub(super) fn started(&self) -> Note {
        let fields = json!({"version": env!("CARGO_PKG_VERSION"), "function_version": self.origin.version,
                            "destinations": self.destinations, "memory_mb": self.memory_mb});
        Note::new(Level::Info, "started", fields)
    }
}

/// Reads the configuration and what it refers to, and makes the forwarder; no log service is connected to yet.
pub(super) async fn start(journal: Journal) -> Result<Function, String> {
    let json = variable(CONFIG_ENV).ok_or_else(|| {
        format!(
            "the environment variable {CONFIG_ENV} is not set; it holds the configuration, see `cwl2le setup`"
        )
    })?;
    let mut config =
        Config::from_json(&json).map_err(|error| format!("{CONFIG_ENV} is not valid: {error}"))?;
    // A function that calls nobody needs no client.
    let calls = config.quarantine.is_some() || config.references().next().is_some();
    let aws =
        if calls { Some(Aws::new(Client::new(None)?, &variable)?.of_kind(config.endpoints)) } else { None };
    let store = Rc::new(match &aws {
        Some(aws) => read_references(&config, aws.clone()).await?,
        None => Store::default(),
    });
    if let Some(reference) = &config.routes_from {
        let invalid = format!("the routes in {reference} are not valid");
        let routes = store.text(reference)?;
        config.set_routes(&routes).map_err(|error| format!("{invalid}: {error}"))?;
    }
    let memory_mb =
        variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|size| size.parse().ok()).unwrap_or(128);
    let options = Options {
        own_log_group: variable("AWS_LAMBDA_LOG_GROUP_NAME"),
        cap: Cap::for_memory(memory_mb),
        store: Rc::clone(&store),
        aws,
        region: variable("AWS_REGION").unwrap_or_default(),
        ..Options::default()
    };
    let forwarder = Forwarder::new(&config, options)
        .map_err(|problem| format!("{CONFIG_ENV} is not valid: {problem}"))?;
    Ok(Function {
        forwarder,
        store,
        journal,
        origin: Origin {
            function: variable("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default(),
            version: variable("AWS_LAMBDA_FUNCTION_VERSION").unwrap_or_default(),
        },
        metrics: config.metrics,
        warned_of_itself: false,
        destinations: config.destinations.into_keys().collect(),
        memory_mb,
    })
}

/// Reads what a configuration refers to.
async fn read_references(config: &Config, aws: Aws) -> Result<Store, String> {
    let places: Vec<_> = config.references().collect();
    let until = Instant::now() + READING;
    let references = places.iter().map(|(_, reference)| reference);
    Store::read(aws, references, until).await.map_err(|unreadable| {
        let asked = &unreadable.reference;
        let here = |r: &Reference| (r.keeper, &r.name) == (asked.keeper, &asked.name);
        let places: Vec<_> =
            places.iter().filter(|(_, r)| here(r)).map(|(place, _)| place.as_str()).collect();
        format!("{}: {unreadable}", places.join(", "))
    })
}
