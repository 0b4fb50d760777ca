//! The JSON document of the configuration: destinations and routes.
//!
//! The command line tool writes this type into [`CONFIG_ENV`], the function reads it from there. All
//! environment variables of a function together may take 4 KB, so what is default is not written.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::lines::Lines;
use super::metrics::Metrics;
use super::names::Names;
use super::schedule::Schedule;
use crate::aws::EndpointKind;
use crate::config_error::{ConfigError, read_json};
use crate::destination::Settings as Destination;
use crate::quarantine::Place;
use crate::secret::Secret;
use crate::secret::redactor;
use crate::secret::reference::Reference;
use crate::shape::Shape;
use crate::shape::config::{HashKey, Rules};
use crate::style::{Format, Style};

/// The environment variable of the function that holds the configuration as JSON.
pub const CONFIG_ENV: &str = "CWL2LE_CONFIG";

/// The destination that is taken when `default` is not given.
pub const DEFAULT_DESTINATION: &str = "default";

/// Where events go.
///
/// The smallest form:
///
/// ```
/// # use cwl2le_forwarder::config::Config;
/// Config::from_json(r#"{"destinations":{"default":{"type":"logentries","endpoint":"127.0.0.1:10000",
///   "tls":false,"token":"01234567-89ab-cdef-0123-456789abcdef"}}}"#)?;
/// # Ok::<(), cwl2le_forwarder::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The log services by name: at least one. Names are 1 to 64 letters, digits, `-` or `_`, because they
    /// stand in names of subscription filters.
    pub destinations: BTreeMap<String, Destination>,
    /// The destination of what no filter and no route claims; see [`Config::default_destination`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Which log groups go where; the first that matches wins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// Where the routes are kept instead, as a JSON list of the same form; the function reads them at start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routes_from: Option<Reference>,
    /// The key of what routes hash, or where it is kept; see [`crate::shape::config::Treatment::Hash`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash_key: Option<Secret<HashKey>>,
    /// How the lines of a destination look, by its name; what is not here is sent as it is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lines: BTreeMap<String, Lines>,
    /// Where records go that no retry can help; they are only named in the function's log where this is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<Place>,
    /// The account that owns the buckets of the quarantine and of the trigger's on-failure destination, 12 digits; that
    /// of the function where this is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket_owner: Option<String>,
    /// What each invocation writes to the function's log.
    #[serde(default, skip_serializing_if = "Metrics::is_default")]
    pub metrics: Metrics,
    /// Which endpoints of AWS's services the function calls.
    #[serde(default, skip_serializing_if = "EndpointKind::is_standard")]
    pub endpoints: EndpointKind,
    /// The names of the destinations that other functions of the stack serve. Routes and pins are decided over all
    /// names; the settings of these are there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub elsewhere: BTreeSet<String>,
    /// When this function serves a destination, for those that have moved between functions; the others always.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub schedules: BTreeMap<String, Schedule>,
    /// Whether this function serves isolated destinations only, beside the main function of the stack. That one sets
    /// aside what nobody can read or route, so that it is set aside once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub isolated: bool,
}

/// Log groups, and the destinations they go to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// A pattern for the names of log groups; see [`crate::glob::Glob`].
    pub log_group: String,
    /// The name of a destination, or a list of several, which all get every event.
    pub destination: Names,
    /// What happens to their events before they are framed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Rules>,
}

impl Config {
    /// One destination for everything, by the name [`DEFAULT_DESTINATION`].
    pub fn single(destination: Destination) -> Self {
        Self {
            destinations: BTreeMap::from([(DEFAULT_DESTINATION.to_owned(), destination)]),
            ..Self::default()
        }
    }

    /// Reads and validates a configuration.
    ///
    /// # Errors
    /// Not JSON, an unknown key or type, a value of the wrong type, or what [`Config::validate`] refuses.
    pub fn from_json(json: &str) -> Result<Self, ConfigError> {
        // What cannot be read as a whole, or is of a later version, has secrets all the same.
        redactor::learn_config(&serde_json::from_str(json).unwrap_or_default());
        let config: Self = read_json(json, "configuration")?;
        config.validate()?;
        Ok(config)
    }

    /// Puts routes in the place of those that are kept elsewhere, and validates the whole.
    ///
    /// # Errors
    /// As of [`Config::from_json`].
    pub fn set_routes(&mut self, json: &str) -> Result<(), ConfigError> {
        self.routes = read_json(json, "routes")?;
        self.routes_from = None;
        self.validate()
    }

    /// What the configuration refers to, each with its place.
    pub fn references(&self) -> impl Iterator<Item = (String, Reference)> {
        let routes = self.routes_from.clone().map(|routes| ("routes_from".to_owned(), routes));
        self.secrets().filter_map(|(place, kept)| Some((place, kept?))).chain(routes)
    }

    /// The places of all secrets, each with where it is kept if it does not stand there itself.
    pub fn secrets(&self) -> impl Iterator<Item = (String, Option<Reference>)> {
        let of = |(name, destination): (&String, &Destination)| {
            let place = move |(key, kept)| (format!("destinations.{name}.{key}"), kept);
            destination.secrets().into_iter().map(place).collect::<Vec<_>>()
        };
        let key = self.hash_key.iter().map(|key| ("hash_key".to_owned(), key.reference().cloned()));
        self.destinations.iter().flat_map(of).chain(key)
    }

    /// The configuration as one line of JSON, without what is default. It holds the tokens.
    pub fn to_json(&self) -> String {
        // Strings, booleans and maps with string keys: there is nothing in them that JSON cannot hold.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The rules of a route, compiled with the key for what they hash; `None` where it has none.
    ///
    /// # Errors
    /// The first rule that cannot be used, and labels that no line would show.
    pub fn shape(&self, route: usize, key: Option<&HashKey>) -> Result<Option<Shape>, ConfigError> {
        let Some((found, rules)) =
            self.routes.get(route).and_then(|route| Some((route, route.shape.as_ref()?)))
        else {
            return Ok(None);
        };
        let place = format!("routes[{route}].shape");
        let shows = |name: &str| {
            let Some(destination) = self.destinations.get(name) else { return true };
            let format = rules.format.unwrap_or(self.style(name, destination).format);
            destination.shows_labels() || format != Format::Message
        };
        if !rules.fields.is_empty()
            && let Some(name) = found.destination.names().find(|name| !shows(name))
        {
            let why = format!("lines of `{name}` show no labels; give `format` `prefix` or `json`");
            return Err(ConfigError::new(format!("{place}.fields"), why));
        }
        let shape = Shape::compile(rules, key);
        shape.map(Some).map_err(|rule| ConfigError::new(format!("{place}.{}", rule.key), rule.problem))
    }

    /// The name of the default destination: the one that `default` names; else the one called
    /// [`DEFAULT_DESTINATION`]; else the only one; else none.
    pub fn default_destination(&self) -> Option<&str> {
        if let Some(name) = &self.default {
            return Some(name);
        }
        if self.has(DEFAULT_DESTINATION) {
            return Some(DEFAULT_DESTINATION);
        }
        let mut names = self.names();
        names.next().filter(|_| names.next().is_none())
    }

    /// The names of all destinations of the stack: first those that this function serves, then those of others.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.destinations.keys().chain(&self.elsewhere).map(String::as_str)
    }

    /// Whether there is a destination of this name, here or elsewhere.
    pub fn has(&self, name: &str) -> bool {
        self.destinations.contains_key(name) || self.elsewhere.contains(name)
    }

    /// The log groups of the other functions of the stack, where `own` is that of this one: the function of an isolated
    /// destination has the name of the main one with the destination behind it.
    pub fn sibling_log_groups(&self, own: &str) -> BTreeSet<String> {
        let main = match self.isolated {
            true => self.destinations.keys().find_map(|name| own.strip_suffix(name)?.strip_suffix('-')),
            false => Some(own),
        };
        let Some(main) = main else { return BTreeSet::new() };
        let others = self.elsewhere.iter().chain(self.schedules.keys());
        let all = others.map(|name| format!("{main}-{name}")).chain([main.to_owned()]);
        all.filter(|log_group| log_group != own).collect()
    }

    /// How the lines of a destination look.
    pub fn style(&self, name: &str, destination: &Destination) -> Style {
        self.lines.get(name).cloned().unwrap_or_default().style(destination)
    }
}

#[cfg(test)]
mod tests;
