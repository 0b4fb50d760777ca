//! Whether CloudWatch Logs can put events into the stream, and does.

use super::super::check::{Category, Check};
use super::super::evidence::{Evidence, Judged, count, seconds, span};
use super::super::finding::{Command, Finding};
use super::shards::hot_shard;
use crate::health::{Load, Metric};
use crate::output::quantity;
use crate::resources::{
    Field, Kind, ObservedStream, ResourceId, StreamMode, StreamStatus, Unread, recursion, would_loop,
};

pub(in super::super) const CATEGORY: Category = Category {
    name: "into-the-stream",
    title: "into the stream",
    needs: &["credentials", "stack-there"],
    checks: &[
        Check::new("stream-active", "the stream exists and takes records", stream_active),
        Check::new("role-assumable", "CloudWatch Logs may assume its role", role_assumable),
        Check::new("role-can-write", "that role may put records into the stream", role_can_write)
            .needs(&["role-assumable"]),
        Check::new("kms-usable", "the key that encrypts the stream is enabled", kms_usable)
            .needs(&["stream-active"]),
        Check::new("nothing-refused", "no log event is refused by the stream and lost", nothing_refused)
            .needs(&["stream-active"]),
        Check::new("nothing-throttled", "the stream has enough shards", nothing_throttled)
            .needs(&["stream-active"]),
        Check::new("hot-shard", "no shard is much fuller than the others", hot_shard)
            .needs(&["stream-active"]),
        Check::new("no-loop", "no log group is fed by its own lines", no_loop),
    ],
};

fn stream_active(evidence: &Evidence) -> Judged {
    let chain = evidence.chain()?;
    let name = &chain.names.stream;
    let stream = evidence.read(Unread::Stream, |observed| observed.stream.as_ref())?;
    let Some(stream) = stream else {
        let found = format!("the stream {name} does not exist: CloudWatch Logs has nowhere to put events");
        return one(evidence.by_setup(Finding::fault(found)).with("stream", name.clone()));
    };
    let finding = match stream.status {
        StreamStatus::Active | StreamStatus::Updating => Finding::ok(format!("{name}, {}", capacity(stream))),
        StreamStatus::Creating => Finding::warn(format!("the stream {name} is still being created"))
            .advise("AWS takes a minute for it"),
        StreamStatus::Deleting => {
            let found = format!("the stream {name} is being deleted, with all that it holds");
            evidence.by_setup(Finding::fault(found))
        }
    };
    one(finding.with("stream", name.clone()).with("open_shards", stream.open_shards))
}

fn capacity(stream: &ObservedStream) -> String {
    let open = stream.open_shards;
    let shards = if open == 1 { "1 shard".to_owned() } else { format!("{open} shards") };
    match stream.mode {
        StreamMode::Provisioned { .. } => shards,
        StreamMode::OnDemand => format!("on demand, {shards} now"),
    }
}

fn role_assumable(evidence: &Evidence) -> Judged {
    let name = &evidence.chain()?.names.logs_role;
    let role = evidence.read(Unread::Roles, |observed| observed.logs_role.as_ref())?;
    let lost = "CloudWatch Logs cannot write, and does not try again: every event is lost";
    if role.is_none() {
        let found = format!("the role {name} does not exist: {lost}");
        return one(evidence.by_setup(Finding::fault(found)).with("role", name.clone()));
    }
    let differs = differs(evidence, name, &["trust_policy"])?;
    let finding = if differs.is_empty() {
        Finding::ok(format!("CloudWatch Logs may assume {name}"))
    } else {
        let found = format!("the trust policy of the role {name} is not as it should be: {lost}");
        evidence.by_setup(Finding::fault(found))
    };
    one(finding.with("role", name.clone()))
}

fn role_can_write(evidence: &Evidence) -> Judged {
    let names = &evidence.chain()?.names;
    let name = &names.logs_role;
    let differs = differs(evidence, name, &["inline_policy", "permissions_boundary"])?;
    let finding = if differs.is_empty() {
        Finding::ok(format!("{name} may put records into {}", names.stream))
    } else {
        let found = format!(
            "the {} of the role {name} is not as it should be: CloudWatch Logs may not put records into {}, and does not \
             try again: every event is lost",
            differs.join(" and the "),
            names.stream
        );
        evidence.by_setup(Finding::fault(found))
    };
    one(finding.with("role", name.clone()))
}

/// Which of the fields of a role that begin with these differ from what `setup` makes.
fn differs(evidence: &Evidence, role: &str, fields: &[&str]) -> Result<Vec<String>, Finding> {
    let all = evidence.differences(&ResourceId::new(Kind::ROLE, role))?;
    Ok(all.into_iter().filter(|field| fields.contains(&field.name)).map(Field::label).collect())
}

fn kms_usable(evidence: &Evidence) -> Judged {
    let Some(key) = &evidence.key else {
        return one(Finding::ok("the stream is not encrypted with a key of your own"));
    };
    let key = key.as_ref().map_err(Finding::from)?;
    let finding = match key.state.as_str() {
        "Enabled" => Finding::ok(format!("the key {} is enabled", key.id)),
        state => {
            let found = format!(
                "the key {} is {state}: nothing can be put into the stream and nothing read from it",
                key.id
            );
            let enable = || Command::aws(["kms", "enable-key", "--key-id", key.id.as_str()]);
            let finding = Finding::fault(found);
            match state {
                "Disabled" => finding.fix(enable()),
                "PendingDeletion" => {
                    let cancel = ["kms", "cancel-key-deletion", "--key-id", key.id.as_str()];
                    finding.fix(Command::aws(cancel)).fix(enable())
                }
                _ => finding.advise("encrypt the stream with another key: `cwl2le setup --kms-key ARN`"),
            }
        }
    };
    one(finding.with("key", key.id.clone()).with("key_state", key.state.clone()))
}

fn nothing_refused(evidence: &Evidence) -> Judged {
    let metrics = evidence.metrics()?;
    let sum = |metric| metrics.sum(metric, evidence.since).map_or(0, count);
    let (refused, forwarded) = (sum(Metric::DeliveryErrors), sum(Metric::Forwarded));
    let window = evidence.window();
    let last = metrics.last_above_zero(Metric::DeliveryErrors, evidence.since);
    let finding = match last {
        None => Finding::ok(format!("{forwarded} log events forwarded and none refused in {window}")),
        Some((last, _)) => {
            let lost = format!("{refused} log events were refused and are lost");
            let again = metrics.last_above_zero(Metric::Forwarded, last + 1);
            let first =
                metrics.points(Metric::DeliveryErrors, evidence.since).find(|(_, value)| *value > 0.0);
            let finding = match again {
                // The minute may have had both; what came in a later one got through.
                Some(_) => Finding::warn(format!(
                    "{lost}, the last of them {} ago; since then events get into the stream again",
                    span(evidence.now - last)
                )),
                None => evidence
                    .by_setup(Finding::fault(format!("{lost} in {window}, and none got through since"))),
            };
            let finding = finding.since(first.and_then(|(at, _)| seconds(at)));
            finding.detail("CloudWatch Logs does not try again what is refused; the log groups still have it")
        }
    };
    one(finding.with("refused_events", refused).with("forwarded_events", forwarded))
}

fn nothing_throttled(evidence: &Evidence) -> Judged {
    let metrics = evidence.metrics()?;
    let stream = evidence.read(Unread::Stream, |observed| observed.stream.as_ref())?;
    let Some(stream) = stream else { return Err(Finding::unknown("the stream was not read")) };
    let since = evidence.since;
    let (throttled_records, throttled_events) =
        (metrics.sum(Metric::StreamThrottled, since), metrics.sum(Metric::DeliveryThrottling, since));
    let busiest = Load::busiest(metrics, since).unwrap_or_default();
    let last = [Metric::StreamThrottled, Metric::DeliveryThrottling]
        .into_iter()
        .filter_map(|metric| metrics.last_above_zero(metric, since))
        .map(|(at, _)| at)
        .max();
    let throttled = throttled_records.or(throttled_events).map_or(0, count);
    let needed = busiest.needed();
    let window = evidence.window();
    let open = stream.open_shards;
    let finding = match last {
        None => Finding::ok(format!("nothing throttled in {window}, {}", capacity(stream))),
        Some(last) => {
            let found = format!(
                "the stream throttled {throttled} records in {window}, the last of them {} ago, with {}",
                span(evidence.now - last),
                capacity(stream)
            );
            let advice = "CloudWatch Logs tries again what is throttled for 24 hours; until then it is late";
            match stream.mode {
                StreamMode::OnDemand => Finding::warn(found).detail(advice).advise(
                    "an on-demand stream grows by itself, up to double its highest load of the last 30 days at once",
                ),
                StreamMode::Provisioned { .. } if open >= needed => Finding::warn(found).detail(advice).detail(format!(
                    "{open} shards are enough for the load of the busiest minute: either it was before they were added, or \
                     one shard gets more than the others"
                )),
                StreamMode::Provisioned { .. } => {
                    let shards = needed.to_string();
                    let fix = Command::own(["setup", "--shards", shards.as_str(), "--yes"]);
                    Finding::fault(found).detail(advice).fix(fix)
                }
            }
        }
    };
    one(finding
        .with("throttled_records", throttled)
        .with("open_shards", open)
        .with("needed_shards", needed)
        .with("peak_bytes_per_second", count(busiest.bytes))
        .with("peak_records_per_second", count(busiest.records)))
}

fn no_loop(evidence: &Evidence) -> Judged {
    let signals = evidence.signals()?;
    let (chain, observed) = (&signals.chain, &signals.chain.observed);
    for needed in [Unread::LogGroup, Unread::Readers, Unread::AccountPolicy] {
        evidence.read(needed, |_| ())?;
    }
    let stack = &evidence.plan.as_ref().map_err(Finding::from)?.stack;
    let stream_arn = chain.names.stream_arn(&chain.target);
    let own = [&observed.log_group].into_iter().chain(observed.isolated.values().map(|own| &own.log_group));
    let mut findings: Vec<Finding> = Vec::new();
    for group in own.flatten() {
        for filter in group.filters.iter().filter(|filter| filter.destination_arn == stream_arn) {
            let fix = ["unsubscribe", "--log-group", &group.name, "--filter-name", &filter.name, "--yes"];
            findings.push(
                Finding::fault(format!(
                    "the forwarder's own log group {} is subscribed by the filter {}: each line that it writes makes it \
                     write another",
                    group.name, filter.name
                ))
                .about(Some(&group.name))
                .with("filter", filter.name.clone())
                .fix(Command::own(fix)),
            );
        }
    }
    let is_own = |name: &str| findings.iter().any(|finding| finding.subject.as_deref() == Some(name));
    let active = signals.log_groups.as_ref().ok();
    let others: Vec<Finding> = active
        .iter()
        .flat_map(|active| &active.names)
        .filter(|name| !is_own(name))
        .filter_map(|name| {
            let why = recursion(&chain.names, &observed.readers, &observed.writers, name)?;
            let fix = Command::own(["unsubscribe", "--log-group", name, "--yes"]);
            Some(Finding::fault(format!("it is subscribed: {why}")).about(Some(name)).fix(fix))
        })
        .collect();
    findings.extend(others);
    if let Some(policy) =
        observed.account_policy.as_ref().filter(|policy| policy.destination_arn == stream_arn)
    {
        for name in would_loop(stack, observed).difference(&policy.excluded) {
            let found = format!("the account policy {} covers it, and it feeds itself", policy.name);
            findings.push(evidence.by_setup(Finding::fault(found)).about(Some(name)));
        }
    }
    if !findings.is_empty() {
        return Ok(findings);
    }
    match active {
        Some(active) => one(Finding::ok(format!(
            "the forwarder's own and {} looked at, none feeds itself",
            quantity::plural(active.names.len() as u64, "other log group")
        ))
        .with("log_groups", active.names.len())),
        None => {
            let unknown = signals.log_groups.as_ref().err().map(Finding::from);
            Err(unknown.unwrap_or_else(|| Finding::unknown("the subscribed log groups were not read")))
        }
    }
}

fn one(finding: Finding) -> Judged {
    Ok(vec![finding])
}
