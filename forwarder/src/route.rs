//! Which destination an event goes to.

use wildmatch::WildMatch;

use crate::config::{Config, pinned_destination};

/// Chooses destinations, by their position in [`Router::names`].
#[derive(Debug)]
pub struct Router {
    names: Vec<String>,
    routes: Vec<(WildMatch, usize)>,
    default: Option<usize>,
}

impl Router {
    /// The rules of a configuration that has been validated; a name that does not exist claims nothing.
    pub fn new(config: &Config) -> Self {
        let names: Vec<String> = config.destinations.keys().cloned().collect();
        let position = |name: &str| names.iter().position(|known| known == name);
        let routes = config
            .routes
            .iter()
            .filter_map(|route| Some((WildMatch::new(&route.log_group), position(&route.destination)?)))
            .collect();
        let default = config.default_destination().and_then(position);
        Self { names, routes, default }
    }

    /// The names of the destinations, in the order of the configuration.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The destination of what a log group's filters let through: the one that a filter pins by its name,
    /// else the first route that matches the group, else the default.
    ///
    /// # Errors
    /// Why there is none. A filter that pins a destination that does not exist is not sent elsewhere: it
    /// was meant for somebody else's log.
    pub fn choose<'f>(
        &self,
        group: &str,
        filters: impl IntoIterator<Item = &'f str>,
    ) -> Result<usize, String> {
        for filter in filters {
            if let Some(name) = pinned_destination(filter) {
                return self.names.iter().position(|known| known == name).ok_or_else(|| {
                    format!("filter `{filter}` names the destination `{name}`, which is not configured")
                });
            }
        }
        let routed = self.routes.iter().find(|(pattern, _)| pattern.matches(group)).map(|(_, at)| *at);
        routed
            .or(self.default)
            .ok_or_else(|| format!("no route matches log group `{group}` and there is no default"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(rest: &str) -> Router {
        let one = r#"{"type":"logentries","region":"eu","token":"01234567-89ab-cdef-0123-456789abcdef"}"#;
        let json = format!(r#"{{"destinations":{{"a":{one},"b":{one},"c":{one}}}{rest}}}"#);
        Router::new(&Config::from_json(&json).unwrap())
    }

    #[test]
    fn a_filter_comes_first_then_routes_then_the_default() {
        let router = router(
            r#","default":"c","routes":[{"log_group":"/aws/*/x?","destination":"b"},{"log_group":"/aws/*","destination":"a"}]"#,
        );
        assert_eq!(router.names(), ["a", "b", "c"]);
        assert_eq!(router.choose("/aws/lambda/deep/x1", ["f@a"]), Ok(0));
        assert_eq!(router.choose("/aws/lambda/deep/x1", ["f"]), Ok(1));
        assert_eq!(router.choose("/aws/lambda/y", ["f", "g"]), Ok(0));
        assert_eq!(router.choose("else", []), Ok(2));
        assert_eq!(router.choose("else", ["f", "g@b"]), Ok(1));
        assert!(
            router.choose("/aws/x", ["f@nobody"]).unwrap_err().contains("`nobody`, which is not configured")
        );
    }

    #[test]
    fn without_default_the_rest_is_unrouted() {
        assert!(router("").choose("g", ["f"]).unwrap_err().contains("no route matches"));
    }
}
