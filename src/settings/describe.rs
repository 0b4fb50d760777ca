//! Writes the file that describes what is in the account.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Write};

use cwl2le_forwarder::config::{Config, DEFAULT_DESTINATION, Format, Names, pinned_destination};
use cwl2le_forwarder::destination::is_public_http;
use cwl2le_forwarder::secret::Secret;
use cwl2le_forwarder::secret::reference::Reference;

use super::accounts::Accounts;
use super::alarms::Alarms;
use super::dashboard::Dashboard;
use super::destinations;
use super::function::Function;
use super::roles::Roles;
use super::section::Section;
use super::service::{has_url, is_telling};
use super::stream::Stream;
use super::trigger::Trigger;
use super::values::KmsKey;
use crate::resources::{Distribution, Stack};
use crate::resources::{Observed, ObservedFilter, is_own_filter, is_own_policy, would_loop};
use crate::stack::Tags;

/// The file that describes a stack as it is: what `plan` finds nothing to change with. Tokens that stand in the
/// function's environment become references to environment variables; the names of these come second.
pub fn describe(stack: &Stack, observed: &Observed) -> (String, Vec<String>) {
    let mut out = Writer::default();
    out.comment(&format!("What is in account {}, as cwl2le found it.", stack.target.account));
    out.set("stack", &stack.name);
    out.set("region", &stack.target.region);
    let config = destinations::current(observed).unwrap_or_default();
    if let Some(default) = &config.default {
        out.set("default_destination", default);
    }
    let mut places = Places::new(stack, observed);
    if let Some(routes) = &config.routes_from {
        out.raw("routes_from", places.next(routes));
    }
    if let Some(key) = config.hash_key.as_ref().and_then(Secret::reference) {
        out.raw("hash_key", places.next(key));
    } else if config.hash_key.is_some() {
        out.comment("The key for hashes is in the function's environment: keep it elsewhere, as hash_key.");
    }
    resources(&mut out, &config, stack, observed);
    let isolated = destinations::isolated(None, observed);
    let tokens = log_services(&mut out, &config, &isolated, &mut places);
    subscriptions(&mut out, stack, observed);
    account_policy(&mut out, stack, observed);
    (out.text, tokens)
}

fn resources(out: &mut Writer, config: &Config, stack: &Stack, observed: &Observed) {
    out.settings("[stream]", Stream::observed(observed));
    if let Some(key) = observed.stream.as_ref().and_then(|stream| stream.kms_key.as_ref())
        && key.parse::<KmsKey>().is_err()
    {
        out.comment(&format!("Encrypted with {key}, which needs no grant and no setting."));
    }
    out.settings("[function]", Function::observed(observed, config));
    out.settings("[trigger]", Trigger::observed(stack, observed));
    out.settings("[accounts]", Accounts::observed(stack, observed));
    out.settings("[alarms]", Alarms::observed(stack, observed));
    out.settings("[dashboard]", Dashboard::observed(stack, observed));
    out.settings("[roles]", Roles::observed(observed));
    let tags = common_tags(observed);
    if !tags.is_empty() {
        out.section("[tags]");
        tags.iter().for_each(|(key, value)| out.set(&quoted(key), value));
    }
}

/// The user's tags that everything carries. Others were put there for one resource, and not by us.
fn common_tags(observed: &Observed) -> Tags {
    let all = [
        observed.stream.as_ref().map(|stream| &stream.tags),
        observed.logs_role.as_ref().map(|role| &role.tags),
        observed.function_role.as_ref().map(|role| &role.tags),
        observed.log_group.as_ref().map(|group| &group.tags),
        observed.function.as_ref().map(|function| &function.tags),
    ];
    let mut all = all.into_iter().flatten();
    let mut common = all.next().cloned().unwrap_or_default();
    for tags in all {
        common.retain(|key, value| tags.get(key) == Some(value));
    }
    common.retain(|key, _| crate::stack::limits::tag_key(key).is_ok());
    common
}

fn log_services(
    out: &mut Writer,
    config: &Config,
    isolated: &BTreeSet<String>,
    places: &mut Places,
) -> Vec<String> {
    let mut tokens = Vec::new();
    for (name, destination) in &config.destinations {
        out.section(&format!("[destinations.{name}]"));
        out.set("type", destination.type_name());
        let mut secrets = Vec::new();
        for (key, kept) in destination.secrets() {
            let place = kept.map(|reference| places.next(&reference));
            secrets.push((key, place));
        }
        let keys = serde_json::to_value(destination).unwrap_or_default();
        // In an order that does not depend on the build.
        let sorted: BTreeMap<_, _> = keys.as_object().into_iter().flatten().collect();
        for (key, value) in sorted.into_iter().filter(|(key, _)| *key != "type") {
            let under =
                |secret: &str| secret == key || secret.split_once('.').is_some_and(|(table, _)| table == key);
            if !secrets.iter().any(|(secret, _)| under(secret)) {
                out.raw(key, as_toml(value));
            }
        }
        let is_public = |key| keys.get(key).and_then(|url| url.as_str()).is_some_and(is_public_http);
        if has_url(destination.type_name()) && ["url", "endpoint"].into_iter().any(is_public) {
            out.raw("tls", false);
        }
        if isolated.contains(name) {
            out.raw("isolated", true);
        }
        if let Some(lines) = config.lines.get(name) {
            match lines.format {
                None => {}
                Some(Format::Message) => out.set("format", "message"),
                Some(Format::Prefix) => out.set("format", "prefix"),
                Some(Format::Json) => out.set("format", "json"),
            }
            if let Some(bytes) = lines.max_bytes {
                out.raw("max_line_bytes", bytes);
            }
        }
        for (key, place) in secrets {
            let inline = keys.pointer(&format!("/{}", key.replacen('.', "/", 1)));
            let place = match (place, inline) {
                (Some(place), _) => place,
                (None, Some(value)) if !is_telling(&key, value.as_str().unwrap_or_default()) => {
                    as_toml(value)
                }
                (None, _) => {
                    let variable = variable(&key, name);
                    out.comment(&format!(
                        "Set {variable} to {} before you run `cwl2le plan`.",
                        what_it_is(&key)
                    ));
                    tokens.push(variable.clone());
                    format!("{{ env = {} }}", quoted(&variable))
                }
            };
            match key.split_once('.') {
                None => out.raw(&key, place),
                Some((table, entry)) => out.raw(&format!("{table}.{}", quoted_key(entry)), place),
            }
        }
    }
    for route in &config.routes {
        out.section("[[routes]]");
        out.set("log_group", &route.log_group);
        match &route.destination {
            Names::One(name) => out.set("destination", name),
            Names::Several(names) => {
                let names = names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
                out.raw("destination", format_args!("[{names}]"));
            }
        }
        // Rules are texts, numbers, lists and tables: there is nothing in them that TOML cannot hold.
        if let Some(Ok(rules)) = route.shape.as_ref().map(toml::Value::try_from) {
            out.raw("shape", rules);
        }
    }
    tokens
}

/// What the function reads itself, as the file names it. Which key belongs to which text, the policy does not say. What
/// counts is that each key is named once.
struct Places {
    keys: Vec<String>,
    used: usize,
}

impl Places {
    fn new(stack: &Stack, observed: &Observed) -> Self {
        let policies = observed.function_role.as_ref().map(|role| &role.policies);
        let policy = policies.and_then(|policies| policies.get(&stack.names.function_policy));
        Self { keys: policy.map(crate::resources::role::documents::secret_keys).unwrap_or_default(), used: 0 }
    }

    fn next(&mut self, reference: &Reference) -> String {
        let key = self.keys.get(self.used).or(self.keys.last());
        let key = key.map(|key| format!(", kms_key = {}", quoted(key))).unwrap_or_default();
        self.used += 1;
        format!("{{ {} = {}{key} }}", reference.keeper.key(), quoted(&reference.text()))
    }
}

/// The environment variable for a secret of a destination. `CWL2LE_TOKEN` is the token of the default one everywhere.
fn variable(key: &str, destination: &str) -> String {
    let key = key.rsplit('.').next().unwrap_or(key);
    let name = match destination {
        DEFAULT_DESTINATION => format!("CWL2LE_{key}"),
        other => format!("CWL2LE_{key}_{other}"),
    };
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// What a secret is, in words.
fn what_it_is(key: &str) -> String {
    match key.split_once('.') {
        None if key == "token" => "the token of this log".to_owned(),
        None => format!("the {key} of this log service"),
        Some((_, header)) => format!("the header {header} of this log"),
    }
}

/// A value of the function's configuration as TOML writes it: texts, numbers, lists and tables of them.
pub(super) fn as_toml(value: &serde_json::Value) -> String {
    toml::Value::try_from(value).map(|value| value.to_string()).unwrap_or_default()
}

/// One section for all log groups whose filters are equal.
fn subscriptions(out: &mut Writer, stack: &Stack, observed: &Observed) {
    let mut equal: BTreeMap<(Option<&str>, &str, bool), Vec<&str>> = BTreeMap::new();
    for (log_group, group) in &observed.groups {
        for filter in group.filters.iter().filter(|filter| is_own_filter(stack, filter, None)) {
            equal.entry(settings(filter)).or_default().push(log_group);
        }
    }
    for ((destination, pattern, random), log_groups) in equal {
        out.section("[[subscriptions]]");
        out.list("log_groups", log_groups.into_iter().map(quoted).collect());
        out.set("filter_pattern", pattern);
        out.set("distribution", if random { Distribution::Random } else { Distribution::ByLogStream });
        if let Some(destination) = destination {
            out.set("destination", destination);
        }
    }
}

/// The section for the account policy: what it leaves out by itself need not be said.
fn account_policy(out: &mut Writer, stack: &Stack, observed: &Observed) {
    let Some(policy) = observed.account_policy.as_ref().filter(|policy| is_own_policy(stack, policy, None))
    else {
        return;
    };
    let loops = would_loop(stack, observed);
    let stream = stack.names.stream_arn(&stack.target);
    let has_filter = |name: &String| {
        let filters = observed.groups.get(name).map(|group| group.filters.as_slice()).unwrap_or_default();
        filters.iter().any(|filter| filter.destination_arn == stream)
    };
    let excluded = policy.excluded.iter().filter(|name| !loops.contains(*name) && !has_filter(name));
    out.section("[[subscriptions]]");
    out.raw("all", true);
    out.list("exclude", excluded.map(|name| quoted(name)).collect());
    out.set("filter_pattern", &policy.pattern);
    out.set("distribution", policy.distribution);
    if let Some(destination) = pinned_destination(&policy.name) {
        out.set("destination", destination);
    }
}

fn settings(filter: &ObservedFilter) -> (Option<&str>, &str, bool) {
    (pinned_destination(&filter.name), &filter.pattern, filter.distribution == Distribution::Random)
}

/// Text of a file, line by line.
#[derive(Default)]
struct Writer {
    text: String,
}

impl Writer {
    fn section(&mut self, header: &str) {
        self.line(format_args!("\n{header}"));
    }

    /// A section with its settings, if it is there.
    fn settings<T: Section>(&mut self, header: &str, section: Option<T>) {
        if let Some(section) = section {
            self.section(header);
            section.given().iter().for_each(|(key, value)| self.raw(key, as_toml(value)));
        }
    }

    fn comment(&mut self, text: &str) {
        self.line(format_args!("# {text}"));
    }

    /// A text in quotes.
    fn set(&mut self, key: &str, value: impl Display) {
        self.raw(key, quoted(&value.to_string()));
    }

    fn raw(&mut self, key: &str, value: impl Display) {
        self.line(format_args!("{key} = {value}"));
    }

    /// A list of what is written already as TOML has it; nothing where it is empty.
    fn list(&mut self, key: &str, items: Vec<String>) {
        match &items[..] {
            [] => {}
            [one] => self.raw(key, format_args!("[{one}]")),
            many => self.raw(key, format_args!("[\n  {},\n]", many.join(",\n  "))),
        }
    }

    fn line(&mut self, line: impl Display) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{line}");
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A key, in quotes where it needs them.
fn quoted_key(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if !key.is_empty() && key.chars().all(is_bare) { key.to_owned() } else { quoted(key) }
}
