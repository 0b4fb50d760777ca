//! The destination of `--into`: its settings, what leads events there, and the secrets that it needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::route::Router;
use cwl2le_forwarder::secret::Store;

use crate::aws::{Session, texts};
use crate::error::{Code, Error, Result, listed};
use crate::workflow::deployed::fill_routes;

/// A destination, with what its forwarder needs.
pub(in super::super) struct Destined {
    /// Its name.
    pub(in super::super) name: String,
    /// The routes of the stack, and the settings of this destination alone.
    pub(super) config: Config,
    /// The texts that it refers to; stand-ins where nothing is sent.
    pub(super) store: Option<Store>,
}

impl Destined {
    /// Reads the routes of a destination, of the configuration of a whole stack, and its secrets where it sends.
    ///
    /// # Errors
    /// [`Code::Usage`] where there is no such destination; what the calls fail with.
    pub(in super::super) async fn read(
        session: &Arc<Session>,
        mut config: Config,
        name: &str,
        sends: bool,
    ) -> Result<Self> {
        check(&config, name)?;
        let its = format!("destinations.{name}.");
        let needed = config
            .references()
            .filter(|(place, _)| !place.starts_with("destinations.") || sends && place.starts_with(&its));
        let needed: Vec<_> = needed.map(|(_, reference)| reference).collect();
        let store = if needed.is_empty() {
            None
        } else {
            Some(texts::store(session, &needed).await.map_err(|error| denied(error.into(), name))?)
        };
        if let Some(store) = &store {
            fill_routes(&mut config, store)?;
        }
        let store = if sends { store } else { Some(Store::stand_in()) };
        Ok(Self { name: name.to_owned(), config: alone(config, name), store })
    }

    /// The routes.
    ///
    /// # Errors
    /// They are not valid.
    pub(in super::super) fn router(&self) -> Result<Router> {
        Router::without_secrets(&self.config).map_err(|problem| invalid(&problem))
    }
}

/// The configuration cannot be used.
pub(super) fn invalid(problem: &dyn std::fmt::Display) -> Error {
    Error::new(Code::Config, problem.to_string())
        .hint("`cwl2le plan` rejects the configuration as well: fix it there first")
}

/// No policy of this tool lets its holder read values of secrets.
fn denied(error: Error, name: &str) -> Error {
    if error.code != Code::AccessDenied {
        return error;
    }
    error.hint(format!(
        "records go to `{name}` from here, with its secrets: run it with permission to read them, or leave out --into"
    ))
}

/// Refuses a destination that does not exist.
fn check(config: &Config, name: &str) -> Result<()> {
    if config.destinations.contains_key(name) {
        return Ok(());
    }
    let known = listed(config.destinations.keys().map(String::as_str));
    Err(Error::usage(
        format!("the stack has no destination `{name}`; it has: {known}"),
        "give one of those with --into; without --into, records go into the stream",
    ))
}

/// Leaves the settings of one destination. The others stay known, as those that another function serves: what is routed
/// to them alone is not sent to this one.
fn alone(mut config: Config, name: &str) -> Config {
    let others: BTreeSet<String> =
        config.destinations.keys().filter(|other| *other != name).cloned().collect();
    config.destinations.retain(|other, _| other == name);
    config.lines.retain(|other, _| other == name);
    config.elsewhere.extend(others);
    config.elsewhere.remove(name);
    config.schedules.clear();
    config.isolated = false;
    // Rejected events are reported, and are still where they were read.
    config.quarantine = None;
    config
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::destination::ToDestination;
    use super::*;
    use crate::aws::testing::{Answer, FakeAws};

    fn config() -> Config {
        let one = json!({"type": "logentries", "endpoint": "127.0.0.1:1", "tls": false,
            "token": "01234567-89ab-cdef-0123-456789abcdef"});
        let config = json!({
            "destinations": {"app": one, "audit": one},
            "routes": [{"log_group": "/both", "destination": ["audit", "app"]}, {"log_group": "/app", "destination": "app"}],
        });
        Config::from_json(&config.to_string()).expect("a configuration")
    }

    #[test]
    fn the_routes_stay_those_of_the_stack() {
        let config = alone(config(), "audit");
        config.validate().expect("a valid configuration");
        let router = Router::without_secrets(&config).expect("a router");
        let names = |group: &str| {
            let chosen = router.choose(group, ["f"]).map(<[usize]>::to_vec).ok();
            chosen.map(|chosen| chosen.iter().map(|at| router.names()[*at].clone()).collect::<Vec<_>>())
        };
        assert_eq!(names("/both"), Some(vec!["audit".to_owned(), "app".to_owned()]));
        assert_eq!(names("/app"), Some(vec!["app".to_owned()]));
        // Of two destinations none is the default, also when the settings of one are gone.
        assert_eq!(names("/other"), None);
    }

    #[tokio::test]
    async fn what_is_only_looked_at_needs_no_secret() {
        let aws = FakeAws::new(|request| match request.operation.as_str() {
            "GetParameter" if request.text("Name") == "/routes" => Answer::Json(json!({"Parameter": {
                "Value": r#"[{"log_group": "/app", "destination": "app"}]"#}})),
            _ => Answer::Error(400, "AccessDeniedException", "no"),
        });
        let one = json!({"type": "logentries", "region": "eu", "token": {"ssm": "/token"}});
        let config = json!({"destinations": {"app": one}, "routes_from": {"ssm": "/routes"}});
        let config = Config::from_json(&config.to_string()).expect("a configuration");
        let session = Arc::new(aws.session());
        let read = async |sends| Destined::read(&session, config.clone(), "app", sends).await;
        assert_eq!(read(true).await.err().map(|error| error.code), Some(Code::AccessDenied));
        let destined = read(false).await.expect("a destination");
        assert!(destined.router().expect("a router").choose("/app", ["f"]).is_ok());
        ToDestination::open(
            (&*session).into(),
            destined,
            BTreeSet::from(["/own".to_owned()]),
            None,
            Vec::new(),
        )
        .expect("a sink");
    }

    #[test]
    fn a_destination_that_does_not_exist_is_a_mistake() {
        let error = check(&config(), "stream").expect_err("no such destination");
        assert_eq!(error.code, Code::Usage);
        assert!(error.message.contains("app, audit"), "{error}");
        assert!(check(&config(), "app").is_ok());
    }
}
