//! The function's environment: what changes in it, without showing a token, and whether Lambda takes it.

use std::collections::{BTreeMap, BTreeSet};

use cwl2le_forwarder::config::{CONFIG_ENV, Config};
use cwl2le_forwarder::secret::shown_url;
use serde_json::Value;

use crate::error::Code;
use crate::output::quantity::plural;
use crate::plan::HIDDEN;
use crate::resources::Draft;
use crate::resources::function::configuration::current_config;
use crate::resources::kind::Part;
use crate::resources::{EnvValue, Field, ObservedFunction, Refusal, ResourceId};

/// Maximum size of a function's environment, in bytes: a quota of Lambda, which counts the variables as one JSON
/// object.
const ENVIRONMENT_LIMIT: usize = 4096;

/// The environment to change to, where the configuration differs from what the function has.
pub(crate) fn changed_environment(
    draft: &mut Draft,
    config: Option<&Config>,
    is: &ObservedFunction,
) -> Option<BTreeMap<String, EnvValue>> {
    let config = config?;
    let current = current_config(is);
    if current.as_ref() == Some(config) {
        return None;
    }
    draft.fields(config_fields(current.as_ref(), config));
    Some(environment(&is.environment, config))
}

/// The function's variables with our configuration in its place; other people's variables stay.
pub(crate) fn environment(
    current: &BTreeMap<String, EnvValue>,
    config: &Config,
) -> BTreeMap<String, EnvValue> {
    let mut environment = current.clone();
    environment.insert(CONFIG_ENV.to_owned(), EnvValue(config.to_json()));
    environment
}

/// Bytes of a text as Lambda counts it: in quotes, and every quote in it twice.
fn counted(text: &str) -> usize {
    serde_json::Value::from(text).to_string().len()
}

/// Refuses an environment that is too large, and says what takes how much of it.
pub(crate) fn check_size(
    id: &ResourceId,
    config: Option<&Config>,
    environment: &BTreeMap<String, EnvValue>,
) -> Part {
    let size = |(key, value): (&String, &EnvValue)| counted(key) + ":".len() + counted(&value.0);
    // An entry is followed by a comma or by the closing brace.
    let total = "{".len() + environment.iter().map(|entry| size(entry) + 1).sum::<usize>();
    if total <= ENVIRONMENT_LIMIT {
        return Ok(());
    }
    let mut sizes: Vec<String> = environment.iter().map(|e| format!("{} {} bytes", e.0, size(e))).collect();
    if let Some(config) = config {
        let whole = counted(&config.to_json());
        let without_routes = counted(&Config { routes: Vec::new(), ..config.clone() }.to_json());
        sizes.push(format!(
            "of it {} {without_routes} and {} {} bytes",
            plural(config.destinations.len() as u64, "destination"),
            plural(config.routes.len() as u64, "route"),
            whole.saturating_sub(without_routes)
        ));
        sizes.extend(largest(config));
    }
    Err(Refusal {
        resource: id.clone(),
        code: Code::Config,
        reason: format!(
            "its environment would be {total} bytes, and Lambda allows {ENVIRONMENT_LIMIT}, as JSON, in which each quote \
             counts twice: {}",
            sizes.join(", ")
        ),
        hint: way_out(config),
    })
}

/// The destination that takes most, where there are several.
fn largest(config: &Config) -> Option<String> {
    let size = |destination| serde_json::to_string(destination).map_or(0, |json| counted(&json));
    let sizes = config.destinations.iter().map(|(name, destination)| (size(destination), name));
    let (size, name) = sizes.max().filter(|_| config.destinations.len() > 1)?;
    Some(format!("the largest destination `{name}` {size} bytes"))
}

/// What makes an environment smaller: the routes are read from elsewhere, where there are any.
fn way_out(config: Option<&Config>) -> String {
    let spread = "give destinations `isolated = true`, so that each has a function and 4 KB of its own, or spread them over \
                  stacks with --stack NAME";
    if config.is_none_or(|config| config.routes.is_empty()) {
        return format!(
            "remove variables that the function does not need, keep long tokens, headers, URLs and certificates in SSM or Secrets Manager \
             as {{ ssm = \"/NAME\" }} or {{ secretsmanager = \"NAME#KEY\" }}, {spread}"
        );
    }
    format!(
        "keep the routes in Secrets Manager, which holds 64 KB: write them into routes.json, like \
         [{{\"log_group\": \"/audit/*\", \"destination\": \"audit\"}}], run `aws secretsmanager create-secret --name \
         cwl2le-routes --secret-string file://routes.json`, put `routes_from = {{ secretsmanager = \"cwl2le-routes\" }}` \
         instead of [[routes]] at the top of cwl2le.toml, and run `cwl2le setup` again. \
         Or join routes by wider patterns, {spread}"
    )
}

/// The configuration field by field, tokens left out, so that a plan shows which destination changes. A route is one
/// field: the order of routes matters, and half of one says nothing.
pub(crate) fn config_fields(old: Option<&Config>, new: &Config) -> Vec<Field> {
    let (old, new) = (old.map(leaves).unwrap_or_default(), leaves(new));
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    paths
        .into_iter()
        .filter(|path| old.get(*path) != new.get(*path))
        .map(|path| {
            let (old, new) = (old.get(path).map(Leaf::show), new.get(path).map(Leaf::show));
            // The two would read the same: say that they are not.
            let why = (old == new).then(|| SECRET_CHANGED.to_owned());
            let route = path.strip_prefix(ROUTE);
            let (name, key) = route.map_or(("config", path.as_str()), |number| ("route", number));
            Field { name, key: Some(key.to_owned()), old, new, why }
        })
        .collect()
}

/// What is said of a secret that changes.
pub(crate) const SECRET_CHANGED: &str = "changed, not shown";

/// What the place of a route begins with; its number follows.
const ROUTE: &str = "route ";

/// A value of the configuration.
#[derive(PartialEq, Eq)]
struct Leaf {
    value: Value,
    is_secret: bool,
}

impl Leaf {
    /// A URL shows where it leads.
    fn show(&self) -> Value {
        match self.value.as_str() {
            _ if !self.is_secret => self.value.clone(),
            Some(url) if url.contains("://") => shown_url(url).into(),
            _ => HIDDEN.into(),
        }
    }
}

fn leaves(config: &Config) -> BTreeMap<String, Leaf> {
    let mut leaves = BTreeMap::new();
    let rest = Config { routes: Vec::new(), ..config.clone() };
    let secrets = rest.secrets().map(|(place, _)| place).collect();
    flatten("", &serde_json::from_str(&rest.to_json()).unwrap_or_default(), &secrets, &mut leaves);
    for (at, route) in config.routes.iter().enumerate() {
        let value = serde_json::to_value(route).unwrap_or_default();
        // Two digits keep the order of the first hundred; an environment holds no more.
        leaves.insert(format!("{ROUTE}{:02}", at + 1), Leaf { value, is_secret: false });
    }
    leaves
}

fn flatten(path: &str, value: &Value, secrets: &BTreeSet<String>, into: &mut BTreeMap<String, Leaf>) {
    let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, v)| flatten(&join(key), v, secrets, into));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| flatten(&join(&i.to_string()), v, secrets, into));
        }
        // A reference to a secret is an object, and none itself.
        value => {
            into.insert(path.to_owned(), Leaf { value: value.clone(), is_secret: secrets.contains(path) });
        }
    }
}
