//! The resources of the chain, and how each of them is.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::report::{MISSING, NOT_READ, Part};
use crate::aws::Session;
use crate::health::Unknown;
use crate::resources::{
    Field, Kind, Observed, ObservedForwarder, ObservedFunction, ObservedLogGroup, ObservedRole,
    ObservedTrigger, Plan, Recorded, ResourceId, Stack, Unread, isolated_functions, remaining, retention,
};
use crate::settings::destinations;
use crate::stack::{Names, Tags, owns};

/// Maximum length of a field that is shown with its values, in bytes.
const LONGEST_FIELD: usize = 100;

/// What the resources of a stack are judged by.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) session: &'a Session,
    pub(super) stack: &'a Stack,
    /// What `setup` would change. It alone decides what is as it should be. None where something could not be read.
    pub(super) plan: Option<&'a Plan>,
    /// What could not be read.
    pub(super) unread: &'a BTreeMap<Unread, Unknown>,
}

/// The state of a resource that exists, in words, and whether it carries the tags of this stack; none where it takes no
/// tags. Then the same state as data.
type Found = Option<(String, Option<bool>, Value)>;

impl Judge<'_> {
    /// Every resource of the stack, in the order in which a log line passes them. Those of isolated destinations
    /// follow.
    pub(super) fn parts(self, observed: &Observed) -> Vec<Part> {
        let names = &self.stack.names;
        let stream_arn = names.stream_arn(&self.stack.target);
        let trigger = observed.triggers.iter().find(|trigger| trigger.source_arn == stream_arn);
        let expired = trigger.and_then(|trigger| trigger.on_failure.as_ref());
        let expired = expired.map(|arn| format!(", what expires goes to {arn}")).unwrap_or_default();
        let stream = observed.stream.as_ref().map(|s| {
            let state = format!("{:?}, {}, {} h", s.status, s.mode, s.retention_hours).to_lowercase();
            let data = json!({
                "mode": s.mode.name(),
                "shards": s.open_shards,
                "retention_hours": s.retention_hours,
            });
            (state, self.is_ours(&s.tags), data)
        });
        let mut parts = vec![
            self.role(&names.logs_role, observed.logs_role.as_ref()),
            self.part(ResourceId::new(Kind::STREAM, &names.stream), stream),
            self.trigger(names, trigger, &expired),
            self.function(names, observed.function.as_ref(), |_| {
                let place = destinations::current(observed).and_then(|config| config.quarantine);
                place.map(|place| format!(", quarantine {place}")).unwrap_or_default()
            }),
            self.role(&names.function_role, observed.function_role.as_ref()),
            self.log_group(names, observed.log_group.as_ref()),
        ];
        parts.extend(self.isolated_parts(observed));
        parts.extend(self.accounts_parts(observed));
        parts
    }

    /// Trigger, function and log group of each isolated destination: those that are configured, and those that still
    /// exist.
    fn isolated_parts(self, observed: &Observed) -> Vec<Part> {
        let existing = isolated_functions(self.stack, observed).into_keys();
        let mut destinations: Vec<String> =
            self.stack.isolation.destinations.iter().cloned().chain(existing).collect();
        destinations.sort();
        destinations.dedup();
        let nothing = ObservedForwarder::default();
        let parts = destinations.iter().flat_map(|destination| {
            let own = observed.isolated.get(destination).unwrap_or(&nothing);
            let names = &self.stack.names.isolated(destination);
            let work = |function: &ObservedFunction| {
                let work = remaining(function, destination);
                format!(", {}", work.unwrap_or_else(|| format!("serves `{destination}`")))
            };
            [
                self.trigger(names, own.triggers.first(), ""),
                self.function(names, own.function.as_ref(), work),
                self.log_group(names, own.log_group.as_ref()),
            ]
        });
        parts.collect()
    }

    /// The destination for other accounts and its role, where there is one or has to be.
    fn accounts_parts(self, observed: &Observed) -> Vec<Part> {
        let names = &self.stack.names;
        let is_ours = observed.destination.as_ref().is_some_and(|is| is.is_ours(self.stack));
        // A role without its destination: somebody deleted that, or a run was interrupted.
        let has_role =
            observed.accounts_role.as_ref().is_some_and(|role| self.is_ours(&role.tags) == Some(true));
        if !is_ours && !has_role && self.stack.accounts.senders().is_none() {
            return Vec::new();
        }
        let found = observed.destination.as_ref().map(|is| {
            let accepted = is.accepted().map(|accepted| accepted.shown());
            let state = match (&accepted, &is.policy) {
                (Some(who), _) => format!("accepts {who}"),
                (None, Some(_)) => "accepts ?".to_owned(),
                (None, None) => "accepts nobody".to_owned(),
            };
            (state, Some(is_ours), json!({ "arn": is.arn, "accepts": accepted }))
        });
        let mut destination = self.part(ResourceId::new(Kind::LOGS_DESTINATION, &names.destination), found);
        if observed.destination.as_ref().is_some_and(|is| is.policy.is_none()) {
            destination.wrong.push("no account may send to it: set up with --accept-accounts".to_owned());
            destination.ready = Some(false);
        }
        vec![destination, self.role(&names.accounts_role, observed.accounts_role.as_ref())]
    }

    fn role(self, name: &str, role: Option<&ObservedRole>) -> Part {
        let found = role.map(|role| {
            let state = if role.policies.is_empty() { "without its policy" } else { "with its policy" };
            (state.to_owned(), self.is_ours(&role.tags), json!({"has_policy": !role.policies.is_empty()}))
        });
        self.part(ResourceId::new(Kind::ROLE, name), found)
    }

    /// `expired` says what happens to records that expire in the stream.
    fn trigger(self, names: &Names, trigger: Option<&ObservedTrigger>, expired: &str) -> Part {
        let result = trigger.and_then(|trigger| trigger.last_result.as_ref());
        let found = trigger.map(|t| {
            let state = format!("{:?}", t.state).to_lowercase();
            let result = result.map(|result| format!(", {result}")).unwrap_or_default();
            let data = json!({
                "batch_size": t.batch_size,
                "on_failure": t.on_failure,
                "last_result": t.last_result,
            });
            (format!("{state}, batch {}{expired}{result}", t.batch_size), None, data)
        });
        let mut part = self.part(ResourceId::trigger(names), found);
        // Where a function answers and reports a failure, its own log has the reason.
        if result.is_some_and(|result| result.starts_with("PROBLEM")) {
            let tail = self.session.show_log("1h");
            part.wrong.push(format!("the last invocation failed: `{tail}` shows its log"));
            part.ready = Some(false);
        }
        part
    }

    /// `more` is what to say besides of a function that is up to date.
    fn function(
        self,
        names: &Names,
        function: Option<&ObservedFunction>,
        more: impl Fn(&ObservedFunction) -> String,
    ) -> Part {
        let found = function.map(|f| {
            let runs = f.in_force();
            let state = match (&f.failure, f.settled) {
                (Some(failure), _) => failure.to_string(),
                (None, true) => {
                    let version = f.live().map(|live| format!("version {}, ", live.version));
                    let version = version.unwrap_or_default();
                    let settings =
                        format!("{}, {} MB, {} s", runs.arch, runs.memory_mb, runs.timeout_seconds);
                    format!("{version}{settings}{}", more(f))
                }
                (None, false) => "being updated".to_owned(),
            };
            let data = json!({
                "architecture": runs.arch.as_str(),
                "memory_mb": runs.memory_mb,
                "timeout_seconds": runs.timeout_seconds,
                "version": f.live().map(|live| live.version.as_str()),
            });
            (state, self.is_ours(&f.tags), data)
        });
        let release = function.and_then(|function| match function.live_version() {
            Some(version) => version.snapshot.release(),
            None => Recorded::read(&function.tags).release(),
        });
        let part = self.part(ResourceId::new(Kind::FUNCTION, &names.function), found);
        // The alias is a part of its function.
        let alias = ResourceId::alias(names);
        let mut wrong = part.wrong;
        wrong.extend(self.differences(&alias).into_iter().filter(|_| function.is_some()));
        let ready = part.ready.map(|ready| ready && !self.concerns(&alias));
        Part { release, wrong, ready, ..part }
    }

    fn log_group(self, names: &Names, group: Option<&ObservedLogGroup>) -> Part {
        let found = group.map(|g| {
            let data = json!({"retention_days": g.retention_days});
            (format!("kept {}", retention(g.retention_days)), self.is_ours(&g.tags), data)
        });
        self.part(ResourceId::new(Kind::LOG_GROUP, &names.function_log_group), found)
    }

    fn part(self, resource: ResourceId, found: Found) -> Part {
        let kind = resource.kind;
        if found.is_none() && self.unread.contains_key(&read_of(kind)) {
            return Part {
                resource,
                state: NOT_READ.to_owned(),
                data: Map::new(),
                ready: None,
                wrong: Vec::new(),
                ours: None,
                release: None,
            };
        }
        // Nothing can be wrong with what does not exist.
        let wrong = if found.is_some() { self.differences(&resource) } else { Vec::new() };
        let ready = match self.plan {
            _ if found.is_none() => Some(false),
            None => None,
            Some(_) => Some(wrong.is_empty() && !self.concerns(&resource)),
        };
        let (state, ours, data) = found.unwrap_or_else(|| (MISSING.to_owned(), None, Value::Null));
        let data = data.as_object().cloned().unwrap_or_default();
        Part { resource, state, data, ready, wrong, ours, release: None }
    }

    fn is_ours(self, tags: &Tags) -> Option<bool> {
        Some(owns(&self.stack.name, &self.stack.target.region, tags))
    }

    /// Whether the plan changes a resource or refuses to.
    fn concerns(self, resource: &ResourceId) -> bool {
        self.plan.is_some_and(|plan| {
            plan.steps.iter().any(|step| step.resource == *resource)
                || plan.refused.iter().any(|refusal| refusal.resource == *resource)
        })
    }

    /// What `setup` would change about a resource, or cannot.
    fn differences(self, resource: &ResourceId) -> Vec<String> {
        let steps = self.plan.iter().flat_map(|plan| &plan.steps).filter(|step| step.resource == *resource);
        let refused = self.plan.iter().flat_map(|plan| &plan.refused);
        let refused = refused.filter(|refusal| refusal.resource == *resource);
        steps
            .flat_map(|step| &step.fields)
            .map(short)
            .chain(refused.map(|refusal| refusal.reason.clone()))
            .collect()
    }
}

/// The read that finds resources of a kind.
fn read_of(kind: Kind) -> Unread {
    match kind {
        Kind::ROLE => Unread::Roles,
        Kind::STREAM => Unread::Stream,
        Kind::TRIGGER => Unread::Triggers,
        Kind::FUNCTION => Unread::Function,
        Kind::LOGS_DESTINATION => Unread::Destination,
        _ => Unread::LogGroup,
    }
}

/// A field in one line. A long one, such as a policy, is only named: `cwl2le plan` shows how it differs.
fn short(field: &Field) -> String {
    let text = field.to_string();
    if text.len() <= LONGEST_FIELD { text } else { format!("{} differs", field.label()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted() {
        let said = [None, Some(1), Some(14)].map(retention);
        assert_eq!(said, ["forever", "1 day", "14 days"]);
    }
}
