//! Reads what the checks judge by: each part by itself, so that one that is denied or hangs does not hide the others.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::around::Around;
use super::checks::kept;
use super::evidence::{Caller, Change, Evidence, Key, Planned};
use super::look_around::{look_around, reached, scope_of};
use super::look_before::look_before;
use super::look_network::look_network;
use super::tries::tries;
use crate::aws::ask::{CLOUDTRAIL, KMS};
use crate::aws::{Aws, Session, configured_region};
use crate::error::{Code, Error, Result};
use crate::health::{Chain, Probe, Unknown};
use crate::resources::{TriggerState, whole_config};
use crate::settings::{Wanted, accepted_by};
use crate::signals::{Ask, Look, Reader, probe};
use crate::stack::StackName;
use crate::workflow::Context;
use crate::workflow::plan_stack::plan_as_it_is;

/// Maximum time for a read that is good to have.
const LIMIT: Duration = Duration::from_secs(5);

/// Opens the session.
///
/// # Errors
/// What keeps the command itself from running: a flag that cannot be used, or a stop. That AWS does not accept the
/// caller is a finding.
pub(super) async fn open(context: Context<'_>) -> Result<Result<Session, Error>> {
    match context.session().await {
        Err(error) if matches!(error.code, Code::Usage | Code::Environment | Code::Interrupted) => Err(error),
        opened => Ok(opened),
    }
}

/// Reads everything.
///
/// # Errors
/// A stop.
pub(super) async fn gather(
    context: Context<'_>,
    session: Result<&Session, &Error>,
    name: &StackName,
    since: Duration,
    is_probing: bool,
) -> Result<Evidence> {
    let (evidence, session) = who(context, session).await;
    let Some(session) = session else { return Ok(evidence) };
    let ask = Ask {
        window: since.as_secs(),
        deep: false,
        groups: false,
        shards: Look::IfBusy,
        senders: true,
        replayed: Some(kept::NEW),
    };
    let signals = Reader { aws: session.into(), stack: name, ask }.all().await?;
    let plan = plan(session, name, &signals.chain);
    let tried = async { if is_probing { tries(session, &signals.chain).await.map(Some) } else { Ok(None) } };
    let in_force = signals.chain.observed.in_force();
    let network = in_force.function.as_ref().map(|function| &function.network);
    let config = whole_config(&in_force).ok().flatten().map(|whole| whole.config);
    let (key, changes, tried, around, placed) = tokio::try_join!(
        key(session, &signals.chain),
        changes(session, &signals.chain),
        tried,
        look_around(context, session, name, &signals.chain),
        look_network(session, network, config),
    )?;
    let window = i64::try_from(since.as_millis()).unwrap_or_default();
    Ok(Evidence {
        now: signals.now,
        since: signals.now - window,
        signals: Ok(signals),
        plan,
        accepted: accepted_by(context.file, name),
        key,
        changes,
        tried,
        around,
        placed,
        ..evidence
    })
}

/// Reads what can be known before a stack is set up.
///
/// # Errors
/// A stop.
pub(super) async fn gather_before(
    context: Context<'_>,
    session: Result<&Session, &Error>,
    settings: &Wanted,
) -> Result<Evidence> {
    let (evidence, session) = who(context, session).await;
    let Some(session) = session else { return Ok(evidence) };
    let before = look_before(context, session, settings).await?;
    let now = i64::try_from(session.time()).unwrap_or_default() * 1000;
    let config = before.planned.as_ref().ok().and_then(|planned| planned.stack.function.config.as_ref());
    let network = before.planned.as_ref().ok().map(|planned| &planned.stack.function.network.value);
    let placed = look_network(session, network, config.cloned()).await?;
    let reached = match config {
        Some(config) => reached(config).await,
        None => Vec::new(),
    };
    let around = Around { reached, ..Around::default() };
    Ok(Evidence { now, since: now, around, placed, before: Some(before), ..evidence })
}

/// The region and who is asking; the session if AWS accepts it.
async fn who<'s>(
    context: Context<'_>,
    session: Result<&'s Session, &Error>,
) -> (Evidence, Option<&'s Session>) {
    let region = match (session, configured_region(context.aws).await) {
        (Ok(session), _) => Ok(session.target.region.to_string()),
        (Err(error), _) if matches!(error.code, Code::NoRegion | Code::BadRegion) => Err(error.clone()),
        (Err(_), Ok(Some(region))) => Ok(region.to_string()),
        (Err(error), Ok(None)) => Err(error.clone()),
        (Err(_), Err(error)) => Err(error),
    };
    let session = match session {
        Ok(session) => session,
        Err(error) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let now = i64::try_from(now.as_millis()).unwrap_or_default();
            return (Evidence { now, region, caller: Err(error.clone()), ..Evidence::default() }, None);
        }
    };
    let caller = Caller {
        account: session.target.account.clone(),
        identity: session.identity.clone(),
        clock_ahead: session.clock_ahead(),
    };
    (Evidence { region, caller: Ok(caller), ..Evidence::default() }, Some(session))
}

/// What `setup` would change, without any flag and without the file.
fn plan(session: &Session, name: &StackName, chain: &Chain) -> Probe<Planned> {
    let planned = plan_as_it_is(session, name, scope_of(name, chain), &chain.observed);
    planned
        .map(|(stack, plan)| Planned { stack, plan })
        .map_err(|error| Unknown::because(format!("what `setup` would change is not known: {error}")))
}

/// The key that the stream is encrypted with.
async fn key(session: &Session, chain: &Chain) -> Result<Option<Probe<Key>>> {
    let key = chain.observed.stream.as_ref().and_then(|stream| stream.kms_key.as_deref());
    // AWS manages its own.
    let Some(id) = key.filter(|key| !key.ends_with("alias/aws/kinesis")) else { return Ok(None) };
    let read = async {
        let answer = Aws::from(session).ask(KMS, "DescribeKey", id, None, &json!({"KeyId": id})).await?;
        let state = answer["KeyMetadata"]["KeyState"].as_str().unwrap_or("in an unknown state").to_owned();
        Ok(Key { id: id.to_owned(), state })
    };
    probe(session.attempt(LIMIT), read).await.map(Some)
}

/// Who changed the triggers that are disabled. Nothing where CloudTrail may not be asked: who it was is good to know and
/// changes no judgement.
async fn changes(session: &Session, chain: &Chain) -> Result<Vec<Change>> {
    let observed = &chain.observed;
    let triggers = observed.triggers.iter().chain(observed.isolated.values().flat_map(|own| &own.triggers));
    let disabled: Vec<&str> = triggers
        .filter(|trigger| trigger.state == TriggerState::Disabled)
        .map(|trigger| trigger.uuid.as_str())
        .collect();
    if disabled.is_empty() {
        return Ok(Vec::new());
    }
    let read = async {
        let call =
            [json!({"AttributeKey": "EventName", "AttributeValue": "UpdateEventSourceMapping20150331"})];
        let body = json!({"LookupAttributes": call, "MaxResults": 50});
        let aws = Aws::from(session);
        Ok(aws.ask(CLOUDTRAIL, "LookupEvents", "the event source mappings", None, &body).await?)
    };
    let Ok(answer) = probe(session.attempt(LIMIT), read).await? else { return Ok(Vec::new()) };
    let changes = changed(&answer);
    // CloudTrail lists the newest first.
    Ok(disabled
        .iter()
        .filter_map(|uuid| changes.iter().find(|change| change.uuid == *uuid).cloned())
        .collect())
}

/// The changes of event source mappings in an answer of CloudTrail.
fn changed(answer: &Value) -> Vec<Change> {
    let events = answer["Events"].as_array().into_iter().flatten();
    let changes = events.filter_map(|event| {
        let record: Value = serde_json::from_str(event["CloudTrailEvent"].as_str()?).ok()?;
        let parameters = &record["requestParameters"];
        let uuid = ["uUID", "uuid", "UUID"].iter().find_map(|name| parameters[name].as_str())?;
        let arn = record["userIdentity"]["arn"].as_str().and_then(|arn| arn.splitn(6, ':').nth(5));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds since 1970 fit")]
        let at = event["EventTime"].as_f64()?.max(0.0) as u64;
        Some(Change {
            uuid: uuid.to_owned(),
            who: arn.or_else(|| event["Username"].as_str())?.to_owned(),
            at,
            call: "UpdateEventSourceMapping".to_owned(),
        })
    });
    changes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_changed_a_trigger_is_read_of_cloudtrail() {
        let event = |uuid: &str, at: f64| {
            let record = json!({
                "userIdentity": {"arn": "arn:aws:sts::123456789012:assumed-role/admin/kim"},
                "requestParameters": {"uUID": uuid, "enabled": false},
            });
            json!({"EventTime": at, "Username": "kim", "CloudTrailEvent": record.to_string()})
        };
        let answer =
            json!({"Events": [event("b", 20.5), event("a", 10.0), {"CloudTrailEvent": "no JSON"}, {}]});
        let found = changed(&answer);
        assert_eq!(
            found.iter().map(|change| (change.uuid.as_str(), change.at)).collect::<Vec<_>>(),
            [("b", 20), ("a", 10)]
        );
        assert_eq!(found[0].who, "assumed-role/admin/kim");
        assert!(changed(&json!({})).is_empty() && changed(&json!(5)).is_empty());
    }
}
