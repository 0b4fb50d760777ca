//! Checks of a configuration beyond its types.

use std::collections::BTreeSet;

use super::Config;
use super::names::is_destination_name;
use crate::config_error::ConfigError;
use crate::destination::Settings as Destination;
use crate::glob::Glob;
use crate::shape::config::HashKey;

impl Config {
    /// Checks what types cannot: names, references between parts, addresses.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.destinations.is_empty() {
            return Err(ConfigError::new("destinations", "at least one destination is needed"));
        }
        for name in self.names() {
            if !is_destination_name(name) {
                return Err(ConfigError::new(
                    format!("destinations.{name}"),
                    "a destination's name is 1 to 64 letters, digits, `-` or `_`",
                ));
            }
        }
        for (name, destination) in &self.destinations {
            let place = format!("destinations.{name}");
            destination.validate().map_err(|problem| ConfigError::new(place, problem))?;
        }
        if let Some(name) = self.elsewhere.iter().find(|name| self.destinations.contains_key(*name)) {
            return Err(ConfigError::new("elsewhere", format!("`{name}` has settings here")));
        }
        for (name, schedule) in &self.schedules {
            self.must_be_here(name, "schedules")?;
            schedule.validate().map_err(|problem| ConfigError::new(format!("schedules.{name}"), problem))?;
        }
        if let Some(name) = &self.default {
            self.must_exist(name, "default")?;
        }
        if self.routes_from.is_some() && !self.routes.is_empty() {
            let problem = "routes are either here or kept elsewhere; give `routes` or `routes_from`";
            return Err(ConfigError::new("routes_from", problem));
        }
        for (at, route) in self.routes.iter().enumerate() {
            if route.log_group.is_empty() {
                return Err(ConfigError::new(
                    format!("routes[{at}].log_group"),
                    "a pattern is needed; `*` matches every log group",
                ));
            }
            Glob::check(&route.log_group)
                .map_err(|bad| ConfigError::new(format!("routes[{at}].log_group"), bad.to_string()))?;
            let place = format!("routes[{at}].destination");
            let mut seen = BTreeSet::new();
            for name in route.destination.names() {
                self.must_exist(name, &place)?;
                if !seen.insert(name) {
                    return Err(ConfigError::new(place, format!("`{name}` stands here twice")));
                }
            }
            if seen.is_empty() {
                return Err(ConfigError::new(place, "at least one destination is needed"));
            }
            // What the key is makes no difference to the rules.
            self.shape(at, self.hash_key.as_ref().map(|_| HashKey::unknown()).as_ref())?;
        }
        for (name, lines) in &self.lines {
            let destination = self.must_be_here(name, "lines")?;
            lines
                .validate(destination)
                .map_err(|problem| ConfigError::new(format!("lines.{name}"), problem))?;
        }
        Ok(())
    }

    fn must_exist(&self, name: &str, place: &str) -> Result<(), ConfigError> {
        if self.has(name) { Ok(()) } else { Err(unknown(name, place, self.names())) }
    }

    /// The settings of a destination that this function serves.
    fn must_be_here(&self, name: &str, place: &str) -> Result<&Destination, ConfigError> {
        let known = self.destinations.keys().map(String::as_str);
        self.destinations.get(name).ok_or_else(|| unknown(name, place, known))
    }
}

fn unknown<'a>(name: &str, place: &str, known: impl Iterator<Item = &'a str>) -> ConfigError {
    let known = known.collect::<Vec<_>>().join(", ");
    ConfigError::new(place, format!("there is no destination `{name}`; there are: {known}"))
}
