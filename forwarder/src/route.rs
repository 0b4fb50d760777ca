//! Which destination an event goes to.

use std::borrow::Cow;

use crate::config::{Config, Schedule, pinned_destination};
use crate::config_error::ConfigError;
use crate::glob::Glob;
use crate::shape::Shape;
use crate::shape::config::HashKey;

/// Chooses destinations, by their position in [`Router::names`].
#[derive(Debug)]
pub struct Router {
    names: Vec<String>,
    routes: Vec<Rule>,
    default: Option<usize>,
    /// Every position, to lend out single ones.
    positions: Vec<usize>,
    /// Of the destinations that this function serves, which are the first ones, when it does so; `None` is always.
    served: Vec<Option<Schedule>>,
    /// Whether this function serves everything, always: the usual case.
    serves_all: bool,
    isolated: bool,
}

/// One route.
#[derive(Debug)]
struct Rule {
    pattern: Glob,
    destinations: Vec<usize>,
    shape: Option<Shape>,
}

impl Router {
    /// The rules of a configuration that has been validated; a name that does not exist claims nothing. `key` is
    /// for what routes hash.
    ///
    /// # Errors
    /// What [`Config::validate`] would refuse of the patterns of routes and of how they shape their events.
    pub fn new(config: &Config, key: Option<&HashKey>) -> Result<Self, ConfigError> {
        let names: Vec<String> = config.names().map(ToOwned::to_owned).collect();
        let position = |name: &str| names.iter().position(|known| known == name);
        let routes = config
            .routes
            .iter()
            .enumerate()
            .map(|(at, route)| {
                let pattern = Glob::new(&route.log_group)
                    .map_err(|bad| ConfigError::new(format!("routes[{at}].log_group"), bad.to_string()))?;
                Ok(Rule {
                    pattern,
                    destinations: route.destination.names().filter_map(position).collect(),
                    shape: config.shape(at, key)?,
                })
            })
            .filter(|rule| !rule.as_ref().is_ok_and(|rule| rule.destinations.is_empty()))
            .collect::<Result<_, ConfigError>>()?;
        let default = config.default_destination().and_then(position);
        let positions = (0..names.len()).collect();
        let served = config.destinations.keys().map(|name| config.schedules.get(name).cloned()).collect();
        let serves_all = config.elsewhere.is_empty() && config.schedules.is_empty();
        Ok(Self { names, routes, default, positions, served, serves_all, isolated: config.isolated })
    }

    /// The same without any key, to look at a configuration: it chooses alike, and its rules hash with a key that
    /// nobody has.
    ///
    /// # Errors
    /// As of [`Router::new`].
    pub fn without_secrets(config: &Config) -> Result<Self, ConfigError> {
        Self::new(config, config.hash_key.as_ref().map(|_| HashKey::unknown()).as_ref())
    }

    /// The names of the destinations, in the order of the configuration: those that this function serves, then those
    /// that others serve.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The destinations of what a log group's filters let through: the one that a filter pins by its name,
    /// else those of the first route that matches the group, else the default.
    ///
    /// # Errors
    /// Why there is none. A filter that pins a destination that does not exist is not sent elsewhere: it
    /// was meant for somebody else's log.
    pub fn choose<'f>(
        &self,
        group: &str,
        filters: impl IntoIterator<Item = &'f str>,
    ) -> Result<&[usize], String> {
        for filter in filters {
            if let Some(name) = pinned_destination(filter) {
                let at = self.names.iter().position(|known| known == name).ok_or_else(|| {
                    format!("filter `{filter}` names the destination `{name}`, which is not configured")
                })?;
                return Ok(self.only(at));
            }
        }
        match (self.routes.iter().find(|rule| rule.pattern.matches(group)), self.default) {
            (Some(rule), _) => Ok(&rule.destinations),
            (None, Some(default)) => Ok(self.only(default)),
            (None, None) => Err(format!("no route matches log group `{group}` and there is no default")),
        }
    }

    /// The rules for events of a log group on their way to these destinations: those of the first route that
    /// matches the group and leads there. So they hold, too, where a filter pins one of its destinations.
    pub fn shape(&self, group: &str, destinations: &[usize]) -> Option<&Shape> {
        self.routes[self.route(group, destinations)?].shape.as_ref()
    }

    /// The position of the route whose rules these are, in the configuration that has been validated.
    pub fn route(&self, group: &str, destinations: &[usize]) -> Option<usize> {
        self.routes.iter().position(|rule| {
            rule.pattern.matches(group) && destinations.iter().all(|at| rule.destinations.contains(at))
        })
    }

    /// Those of these destinations that this function serves, for a record that arrived at the time that `arrived`
    /// gives, in seconds since 1970.
    pub fn here<'d>(
        &self,
        destinations: &'d [usize],
        arrived: impl FnOnce() -> Option<f64>,
    ) -> Cow<'d, [usize]> {
        if self.serves_all {
            return Cow::Borrowed(destinations);
        }
        let arrived = arrived();
        let serves = |at: &usize| match self.served.get(*at) {
            Some(schedule) => schedule.as_ref().is_none_or(|schedule| schedule.serves(arrived)),
            None => false,
        };
        destinations.iter().copied().filter(serves).collect()
    }

    /// Whether nothing of a record that arrived at this time is this function's, whatever is in it.
    pub fn leaves(&self, arrived: impl FnOnce() -> Option<f64>) -> bool {
        if !self.isolated || self.serves_all {
            return false;
        }
        let arrived = arrived();
        self.served.iter().all(|schedule| schedule.as_ref().is_some_and(|schedule| !schedule.serves(arrived)))
    }

    /// Whether this function serves isolated destinations only.
    pub fn is_isolated(&self) -> bool {
        self.isolated
    }

    fn only(&self, at: usize) -> &[usize] {
        &self.positions[at..=at]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn router(rest: &str) -> Router {
        let one = r#"{"type":"logentries","region":"eu","token":"01234567-89ab-cdef-0123-456789abcdef"}"#;
        let json = format!(r#"{{"destinations":{{"a":{one},"b":{one},"c":{one}}}{rest}}}"#);
        Router::new(&Config::from_json(&json).unwrap(), None).unwrap()
    }

    #[test]
    fn a_filter_comes_first_then_routes_then_the_default() {
        let router = router(
            r#","default":"c","routes":[{"log_group":"/{aws,ecs}/*/x[0-9]","destination":"b"},{"log_group":"/aws/*","destination":["a","c"]}]"#,
        );
        assert_eq!(router.names(), ["a", "b", "c"]);
        assert_eq!(router.choose("/aws/lambda/deep/x1", ["f@a"]), Ok(&[0][..]));
        assert_eq!(router.choose("/aws/lambda/deep/x1", ["f"]), Ok(&[1][..]));
        assert_eq!(router.choose("/aws/lambda/y", ["f", "g"]), Ok(&[0, 2][..]));
        assert_eq!(router.choose("/ecs/x/x9", ["f"]), Ok(&[1][..]));
        assert_eq!(router.choose("else", []), Ok(&[2][..]));
        assert_eq!(router.choose("else", ["f", "g@b"]), Ok(&[1][..]));
        assert!(
            router.choose("/aws/x", ["f@nobody"]).unwrap_err().contains("`nobody`, which is not configured")
        );
    }

    #[test]
    fn rules_hold_on_the_way_that_a_route_describes() {
        let route = |group: &str, to: &str, label: &str| {
            format!(
                r#"{{"log_group":"{group}","destination":{to},"shape":{{"format":"json","fields":{{"set":{{"l":"{label}"}}}}}}}}"#
            )
        };
        let routes =
            [route("/aws/*", r#"["a","b"]"#, "first"), route("/aws/x", r#""c""#, "second")].join(",");
        let router = router(&format!(r#","default":"c","routes":[{routes}]"#));
        let label = |group: &str, filter| {
            let destinations = router.choose(group, [filter]).unwrap();
            router.shape(group, destinations).map(|shape| shape.labels(group)[0].1.clone())
        };
        assert_eq!(label("/aws/x", "f").as_deref(), Some("first"));
        assert_eq!(label("/aws/x", "f@b").as_deref(), Some("first"), "pinned to one of the route's");
        assert_eq!(label("/aws/x", "f@c").as_deref(), Some("second"), "pinned past the first route");
        assert_eq!(label("/aws/y", "f@c"), None);
        assert_eq!(label("else", "f"), None);
    }

    #[test]
    fn what_others_serve_is_decided_and_left_to_them() {
        let one = r#"{"type":"logentries","region":"eu","token":"01234567-89ab-cdef-0123-456789abcdef"}"#;
        let json = format!(
            r#"{{"destinations":{{"b":{one},"c":{one}}},"elsewhere":["a"],"default":"a","schedules":
               {{"c":{{"first":true,"changes":[100]}}}},"routes":[{{"log_group":"x","destination":["a","b","c"]}}]}}"#
        );
        let router = Router::new(&Config::from_json(&json).unwrap(), None).unwrap();
        let here = |group: &str, filter: &str, arrived: Option<f64>| {
            let chosen = router.choose(group, [filter]).unwrap();
            let here = router.here(chosen, || arrived);
            here.iter().map(|at| router.names()[*at].as_str()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(here("x", "f", Some(99.0)), "b c");
        assert_eq!(here("x", "f", Some(100.0)), "b");
        assert_eq!(here("x", "f", None), "b c");
        assert_eq!(here("x", "f@a", Some(99.0)), "", "a pin of another function's destination");
        assert_eq!(here("y", "f", Some(99.0)), "", "a default that another function serves");
        assert!(!router.leaves(|| Some(100.0)), "the main function sets aside what nobody can read");
    }

    proptest! {
        /// Against the rule as it is written down: pin, then the first route, then the default, then nobody.
        #[test]
        fn the_rule_holds_for_any_configuration(
            patterns in proptest::collection::vec(("[ab/]{0,2}(\\*|\\?|\\{a,b\\*\\}|\\[a-b\\])?[ab/]{0,2}", 0..3_usize), 0..6),
            default in proptest::option::of(0..3_usize),
            group in "[ab/]{1,4}",
            filters in proptest::collection::vec("[fg]{1,3}(@([a-d]|x y)?)?", 0..4),
        ) {
            let name = |at: usize| ["a", "b", "c"][at];
            let routes: Vec<_> = patterns
                .iter()
                .filter(|(pattern, _)| !pattern.is_empty())
                .map(|(pattern, to)| serde_json::json!({"log_group": pattern, "destination": name(*to)}))
                .collect();
            let routes = serde_json::Value::from(routes);
            let default_json = default.map(|at| format!(r#","default":"{}""#, name(at))).unwrap_or_default();
            let router = router(&format!(r#"{default_json},"routes":{routes}"#));

            let pin = filters.iter().find_map(|filter| {
                let (_, name) = filter.split_once('@')?;
                ["a", "b", "c", "d"].contains(&name).then_some(name)
            });
            let routed = patterns
                .iter()
                .filter(|(pattern, _)| !pattern.is_empty())
                .find(|(pattern, _)| Glob::new(pattern).unwrap().matches(&group))
                .map(|(_, to)| *to);
            let expected = match pin {
                Some(name) => ["a", "b", "c"].iter().position(|known| *known == name),
                None => routed.or(default),
            };
            let chosen = router.choose(&group, filters.iter().map(String::as_str)).ok();
            prop_assert_eq!(chosen, expected.as_ref().map(std::slice::from_ref));
        }
    }

    #[test]
    fn without_default_the_rest_is_unrouted() {
        assert!(router("").choose("g", ["f"]).unwrap_err().contains("no route matches"));
    }
}
