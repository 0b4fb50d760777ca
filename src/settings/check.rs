//! What types cannot check: whether the parts of a file go together.

use std::ops::Range;

use cwl2le_forwarder::config::ConfigError;
use toml::Spanned;

use super::destinations;
use super::file::{File, Subscription};
use super::service::Service;
use crate::documentation::page;
use crate::error::Result;
use crate::stack::limits::FUNCTION_NAME_LENGTH;
use crate::stack::{Names, RoleScope};

pub(super) fn check(file: &File) -> Result<()> {
    stream(file)?;
    destinations(file)?;
    isolation(file)?;
    subscriptions(file)
}

fn stream(file: &File) -> Result<()> {
    let stream = &file.settings.stream;
    match &stream.on_demand {
        Some(on_demand) if *on_demand.get_ref() && stream.shards.is_some() => Err(file.error(
            &on_demand.span(),
            "a stream is on demand or has `shards`, not both",
            "remove one of the two",
        )),
        _ => Ok(()),
    }
}

/// The forwarder's own rules, with the places of this file.
fn destinations(file: &File) -> Result<()> {
    let settings = &file.settings;
    let Some(config) = destinations::outline(file)? else {
        let lonely = settings.default_destination.as_ref().map(Spanned::span);
        let lonely = lonely.or_else(|| settings.routes.first().map(Spanned::span));
        let lonely = lonely.or_else(|| settings.routes_from.as_ref().map(Spanned::span));
        let lonely = lonely.or_else(|| settings.hash_key.as_ref().map(Spanned::span));
        return match lonely {
            Some(span) => Err(file.error(
                &span,
                "a destination is named, and the file has none",
                "add a [destinations.NAME] section",
            )),
            None => Ok(()),
        };
    };
    config.validate().map_err(|error| {
        if let Some((_, key)) = error.place.split_once(".shape.") {
            let problem = format!("`shape.{key}`: {}", error.problem);
            return file.error(
                &span_of(file, &error),
                &problem,
                format!("{} explains the rules of a route", page("shaping.md")),
            );
        }
        if error.place.ends_with("].log_group") {
            let problem = format!("`log_group`: {}", error.problem);
            return file.error(&span_of(file, &error), &problem, "fix the glob pattern");
        }
        let examples = page("destinations.md#examples");
        let hint =
            format!("{examples} has an example of every type; their names stand in [destinations.NAME]");
        // The same setting has another name in the function's configuration.
        let problem = error.problem.replace("`max_bytes`", "`max_line_bytes`");
        let problem = match error.place.strip_prefix("destinations.") {
            Some(name) => format!("destination `{name}`: {problem}"),
            None => problem,
        };
        file.error(&span_of(file, &error), &problem, &hint)
    })
}

/// The main function needs a destination, and the names of functions are limited.
fn isolation(file: &File) -> Result<()> {
    let services = || file.settings.destinations.iter().flatten();
    let isolated = || services().filter(|(_, service)| service.get_ref().is_isolated());
    let span =
        |service: &Spanned<Service>| service.get_ref().isolated_span().unwrap_or_else(|| service.span());
    if let Some((name, service)) = isolated().next_back()
        && isolated().count() == services().count()
    {
        return Err(file.error(
            &span(service),
            &format!(
                "every destination is isolated, the last one is `{name}`; at least one must stay in the main function"
            ),
            "delete `isolated = true` from one destination: if it is the only one in the main function, it waits for no other",
        ));
    }
    let stack = file.stack().cloned().unwrap_or_default();
    // The region has no part in the name of a function.
    let region = file.region().cloned().or_else(|| "us-east-1".parse().ok());
    let names = region.map(|region| Names::new(&stack, &region, RoleScope::Plain));
    for (name, service) in isolated() {
        let function = names.as_ref().map(|names| names.isolated(name).function).unwrap_or_default();
        if function.len() > FUNCTION_NAME_LENGTH {
            let problem = format!(
                "the function of an isolated destination would be called `{function}`, and AWS allows {FUNCTION_NAME_LENGTH} characters"
            );
            return Err(file.error(&span(service), &problem, "give the destination a shorter name"));
        }
    }
    Ok(())
}

/// The part of the file that the forwarder's rules speak of.
fn span_of(file: &File, error: &ConfigError) -> Range<usize> {
    let settings = &file.settings;
    let (part, rest) = error.place.split_once(['.', '[']).unwrap_or((&error.place, ""));
    let span = match part {
        "destinations" => settings.destinations.as_ref().and_then(|all| all.get(rest)).map(Spanned::span),
        "lines" => settings.destinations.as_ref().and_then(|all| all.get(rest)).map(Spanned::span),
        "default" => settings.default_destination.as_ref().map(Spanned::span),
        "hash_key" => settings.hash_key.as_ref().map(Spanned::span),
        "routes_from" => settings.routes_from.as_ref().map(Spanned::span),
        "routes" => {
            let index = rest.split_once(']').and_then(|(index, _)| index.parse::<usize>().ok());
            let route = index.and_then(|index| settings.routes.get(index));
            let shape =
                route.filter(|_| rest.contains("].shape")).and_then(|route| route.get_ref().shape.as_ref());
            shape.map(Spanned::span).or_else(|| route.map(Spanned::span))
        }
        _ => None,
    };
    span.unwrap_or(0..0)
}

fn subscriptions(file: &File) -> Result<()> {
    let mut policies = 0;
    for subscription in file.settings.subscriptions.iter().flatten() {
        let one = subscription.get_ref();
        let selects = one.all || !(one.log_groups.is_empty() && one.globs.is_empty() && one.tags.is_empty());
        if !selects {
            return Err(file.error(
                &subscription.span(),
                "this subscription selects no log group",
                "give `log_groups`, `match`, `tags` or `all = true`",
            ));
        }
        account_policy(file, subscription, &mut policies)?;
        if let (Some(name), Some(known)) = (&one.destination, &file.settings.destinations)
            && !known.contains_key(name.get_ref())
        {
            let known: Vec<&str> = known.keys().map(String::as_str).collect();
            return Err(file.error(
                &name.span(),
                &format!("there is no destination `{}`; there are: {}", name.get_ref(), known.join(", ")),
                "a destination is a [destinations.NAME] section of this file",
            ));
        }
    }
    Ok(())
}

/// An account policy covers everything but what it excludes, and there is one.
fn account_policy(file: &File, subscription: &Spanned<Subscription>, policies: &mut usize) -> Result<()> {
    let one = subscription.get_ref();
    let (problem, hint) = if !one.is_account_policy() {
        if one.all || !one.per_group {
            return Ok(());
        }
        (
            "`per_group` belongs to `all = true`",
            "remove it: each of these log groups gets a filter of its own",
        )
    } else if !one.tags.is_empty() {
        (
            "`all = true` makes one account policy, which covers every log group and cannot choose by tag",
            "add `per_group = true`: a filter for each log group that carries the tags; or remove `all`",
        )
    } else if !one.log_groups.is_empty() || !one.globs.is_empty() {
        (
            "`all = true` means every log group: `log_groups` and `match` say nothing beside it",
            "remove one or the other",
        )
    } else if *policies > 0 {
        (
            "there is one account policy in an account and region, and this is the second subscription with `all = true`",
            "add `per_group = true` to one of them",
        )
    } else {
        *policies += 1;
        return Ok(());
    };
    Err(file.error(&subscription.span(), problem, hint))
}
