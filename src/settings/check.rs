//! What types cannot check: whether the parts of a file go together.

use std::collections::BTreeMap;
use std::ops::Range;

use cwl2le_forwarder::config::{Config, ConfigError};

use super::contents::{Contents, Subscription};
use super::document::Document;
use super::member::{CENTRAL, IN_CENTRAL};
use super::outline;
use super::problems::Problems;
use crate::documentation::page;
use crate::error::did_you_mean;
use crate::stack::limits::FUNCTION_NAME_LENGTH;
use crate::stack::{Names, RoleScope};

/// Adds what is wrong to what was found before. What depends on a part that is wrong by itself is passed over.
pub(super) fn check(document: &Document, contents: &Contents, problems: &mut Problems) {
    let mut check = Check { document, contents, problems };
    check.member();
    check.stream();
    check.accounts();
    check.alarms();
    check.destinations();
    check.isolation();
    check.subscriptions();
}

struct Check<'a> {
    document: &'a Document,
    contents: &'a Contents,
    problems: &'a mut Problems,
}

impl Check<'_> {
    fn add(&mut self, span: Range<usize>, problem: &str, hint: impl AsRef<str>) {
        self.problems.add(self.document, span, problem, hint.as_ref().to_owned());
    }

    /// A member account has subscriptions and nothing else.
    fn member(&mut self) {
        let document = self.document;
        if self.contents.member.to_destination.is_none() {
            return;
        }
        let table = document.table().unwrap_or_default();
        let is_given = |key: &&&str| {
            table.get(**key).is_some_and(|value| value.as_table().is_none_or(|keys| !keys.is_empty()))
        };
        for key in CENTRAL.iter().filter(is_given) {
            let problem = format!("`{key}` does not go with `to_destination` in [member]");
            self.add(document.span(key), &problem, IN_CENTRAL);
        }
    }

    fn stream(&mut self) {
        let stream = &self.contents.stream;
        if stream.on_demand == Some(true) && stream.shards.is_some() {
            let span = self.document.span("stream.on_demand");
            self.add(span, "a stream is on demand or has `shards`, not both", "remove one of the two");
        }
    }

    fn accounts(&mut self) {
        let accounts = &self.contents.accounts;
        if accounts.accept.is_some() && accounts.organization.is_some() {
            let span = self.document.span("accounts.organization");
            self.add(
                span,
                "a stack accepts a list of accounts or an organization, not both",
                "remove one of the two",
            );
        }
    }

    fn alarms(&mut self) {
        let alarms = &self.contents.alarms;
        if alarms.email.is_some() && alarms.notify.is_some() {
            let span = self.document.span("alarms.email");
            self.add(
                span,
                "alarms notify a topic of yours or mail to an address, not both",
                "remove one of the two",
            );
        }
    }

    /// The forwarder's own rules, with the places of this file.
    fn destinations(&mut self) {
        let contents = self.contents;
        let Some(services) = &contents.destinations else {
            let lonely = [
                ("default_destination", contents.default_destination.is_some()),
                ("routes[0]", !contents.routes.is_empty()),
                ("routes_from", contents.routes_from.is_some()),
                ("hash_key", contents.hash_key.is_some()),
            ];
            if let Some((path, _)) = lonely.into_iter().find(|(_, is_there)| *is_there)
                && self.document.services().is_empty()
            {
                let problem = "a destination is named, and the file has none";
                self.add(self.document.span(path), problem, "add a [destinations.NAME] section");
            }
            return;
        };
        // Of those that cannot be used only the names are known, as of destinations that other functions serve.
        let mut config = Config { elsewhere: self.document.services(), ..Config::default() };
        for (name, service) in services {
            let path = format!("destinations.{name}");
            if self.problems.is_within(&self.document.extent(&path)) {
                continue;
            }
            match outline::outline(self.document, name, service) {
                Ok((destination, lines)) => {
                    let alone = Config {
                        destinations: BTreeMap::from([(name.clone(), destination.clone())]),
                        lines: lines.clone().map(|lines| (name.clone(), lines)).into_iter().collect(),
                        ..Config::default()
                    };
                    match alone.validate() {
                        Ok(()) => {
                            config.elsewhere.remove(name);
                            config.destinations.insert(name.clone(), destination);
                            config.lines.extend(lines.map(|lines| (name.clone(), lines)));
                        }
                        Err(error) => self.refused(&error),
                    }
                }
                Err(error) => self.problems.push(self.document.span(&path), error),
            }
        }
        if !config.destinations.is_empty() || self.problems.is_empty() {
            outline::describe_rest(self.contents, &mut config);
            self.routes(config);
        }
    }

    /// Each route by itself, and then what they and the default destination come to.
    fn routes(&mut self, mut config: Config) {
        let routes = std::mem::take(&mut config.routes);
        let mut are_fine = true;
        for (route, place) in routes.iter().zip(&self.contents.routes) {
            let path = self.document.path_of("routes", &place.span());
            if self.problems.is_within(&self.document.extent(&path)) {
                are_fine = false;
                continue;
            }
            let one = vec![route.clone()];
            let alone = Config { routes: one, default: None, routes_from: None, ..config.clone() };
            if let Err(error) = alone.validate() {
                are_fine = false;
                let place = error.place.replacen("routes[0]", &path, 1);
                self.refused(&ConfigError { place, ..error });
            }
        }
        if are_fine {
            config.routes = routes;
        }
        if let Err(error) = config.validate() {
            self.refused(&error);
        }
    }

    /// What the forwarder's rules refuse, in the words of this file.
    fn refused(&mut self, error: &ConfigError) {
        let path = match error.place.split_once(['.', '[']).unwrap_or((&error.place, "")) {
            ("default", _) => "default_destination".to_owned(),
            ("lines", name) => format!("destinations.{name}"),
            _ => error.place.clone(),
        };
        let span = self.document.span(&path);
        if path.starts_with("destinations") && self.problems.is_within(&self.document.extent(&path)) {
            return;
        }
        if let Some((_, key)) = error.place.split_once(".shape.") {
            let hint = format!("{} explains the rules of a route", page("shaping.md"));
            return self.add(span, &format!("`shape.{key}`: {}", error.problem), hint);
        }
        if error.place.ends_with("].log_group") {
            return self.add(span, &format!("`log_group`: {}", error.problem), "fix the glob pattern");
        }
        let hint = self.meant(error).unwrap_or_else(|| {
            let examples = page("destinations.md#examples");
            format!("{examples} has an example of every type; each has its name in [destinations.NAME]")
        });
        // The same setting has another name in the function's configuration.
        let problem = error.problem.replace("`max_bytes`", "`max_line_bytes`");
        let problem = match error.place.strip_prefix("destinations.") {
            Some(name) => format!("destination `{name}`: {problem}"),
            None => problem,
        };
        self.add(span, &problem, hint);
    }

    /// The question for the destination that was probably meant, where one is named that does not exist.
    fn meant(&self, error: &ConfigError) -> Option<String> {
        let unknown = error.problem.strip_prefix("there is no destination `")?.split('`').next()?;
        let known = self.document.services();
        did_you_mean(unknown, known.iter().map(String::as_str))
    }

    /// The main function needs a destination, and the names of functions are limited.
    fn isolation(&mut self) {
        let (document, contents) = (self.document, self.contents);
        let services = || contents.destinations.iter().flatten();
        let isolated = || services().filter(|(_, service)| service.is_isolated()).map(|(name, _)| name);
        if !self.problems.is_empty() && document.services().len() != services().count() {
            return;
        }
        if let Some(name) = isolated().next_back()
            && isolated().count() == services().count()
        {
            let problem = format!(
                "every destination is isolated, the last one is `{name}`; at least one must stay in the main function"
            );
            let hint = "delete `isolated = true` from one destination: if it is the only one in the main function, it waits for no other";
            return self.add(document.span_of(name, "isolated"), &problem, hint);
        }
        let stack = contents.stack.clone().unwrap_or_default();
        // The region has no part in the name of a function.
        let region = contents.region.clone().or_else(|| "us-east-1".parse().ok());
        let names = region.map(|region| Names::new(&stack, &region, RoleScope::Plain));
        for name in isolated() {
            let function = names.as_ref().map(|names| names.isolated(name).function).unwrap_or_default();
            if function.len() > FUNCTION_NAME_LENGTH {
                let problem = format!(
                    "the function of an isolated destination would be called `{function}`, and AWS allows {FUNCTION_NAME_LENGTH} characters"
                );
                self.add(document.span_of(name, "isolated"), &problem, "give the destination a shorter name");
            }
        }
    }

    fn subscriptions(&mut self) {
        let (document, contents) = (self.document, self.contents);
        let known = document.services();
        let mut policies = 0;
        for subscription in contents.subscriptions.iter().flatten() {
            let path = document.path_of("subscriptions", &subscription.span());
            if self.problems.is_within(&document.extent(&path)) {
                continue;
            }
            if let Some((problem, hint)) = selection(subscription.get_ref(), &mut policies) {
                self.add(subscription.span(), problem, hint);
            }
            if let Some(name) = &subscription.get_ref().destination
                && contents.destinations.is_some()
                && !known.contains(name)
            {
                let there = known.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                self.add(
                    document.span(&format!("{path}.destination")),
                    &format!("there is no destination `{name}`; there are: {there}"),
                    did_you_mean(name, known.iter().map(String::as_str)).unwrap_or_else(|| {
                        "a destination is a [destinations.NAME] section of this file".to_owned()
                    }),
                );
            }
        }
    }
}

/// What is wrong with how a subscription chooses. An account policy covers everything but what it excludes, and there
/// is one: `policies` counts them.
fn selection(one: &Subscription, policies: &mut usize) -> Option<(&'static str, &'static str)> {
    let has_names = !(one.log_groups.is_empty() && one.globs.is_empty());
    if !(one.all || has_names || !one.tags.is_empty()) {
        return Some((
            "this subscription selects no log group",
            "give `log_groups`, `match`, `tags` or `all = true`",
        ));
    }
    if !one.is_account_policy() {
        return (one.per_group && !one.all).then_some((
            "`per_group` belongs to `all = true`",
            "remove it: each of these log groups gets a filter of its own",
        ));
    }
    if !one.tags.is_empty() {
        return Some((
            "`all = true` makes one account policy, which covers every log group and cannot choose by tag",
            "add `per_group = true`: a filter for each log group that carries the tags; or remove `all`",
        ));
    }
    if has_names {
        return Some((
            "`all = true` means every log group: `log_groups` and `match` say nothing beside it",
            "remove one or the other",
        ));
    }
    *policies += 1;
    (*policies > 1).then_some((
        "there is one account policy in an account and region, and this is the second subscription with `all = true`",
        "add `per_group = true` to one of them",
    ))
}
