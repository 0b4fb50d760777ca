//! Whether anyone is notified when the chain fails, and what blinds those who watch it.

use super::super::check::{Category, Check};
use super::super::evidence::{Evidence, Judged, seconds};
use super::super::finding::{Command, Finding};
use crate::health::{Alarm, Alarms};
use crate::resources::Unread;

pub(in super::super) const CATEGORY: Category = Category {
    name: "watching",
    title: "watching",
    needs: &["credentials", "stack-there"],
    checks: &[
        Check::new("alarms-there", "an alarm tells when lines are late", alarms_there),
        Check::new("alarms-notify", "every alarm notifies someone", alarms_notify),
        Check::new("alarms-quiet", "no alarm is on", alarms_quiet),
        Check::new(
            "metric-extraction-policy",
            "CloudWatch makes metrics of the forwarder's log",
            metric_extraction,
        ),
        Check::new(
            "retention-policy-overrides",
            "nothing but setup decides how long the log is kept",
            retention,
        ),
    ],
};

fn alarms(evidence: &Evidence) -> Result<&Alarms, Finding> {
    evidence.signals()?.alarms.as_ref().map_err(Finding::from)
}

fn alarms_there(evidence: &Evidence) -> Judged {
    let alarms = alarms(evidence)?;
    let number = alarms.alarms.len();
    if number > 0 {
        return Ok(vec![Finding::ok(format!("{number} alarms on this stack")).with("alarms", number)]);
    }
    if !alarms.is_whole {
        return Err(Finding::unknown("none among the first alarms of the account; there are more"));
    }
    Ok(vec![
        Finding::warn("no alarm: nobody is told when lines are late")
            .advise("this makes alarms that notify the SNS topic TOPIC_ARN")
            .fix(Command::own(["setup", "--alarms", "TOPIC_ARN", "--yes"])),
    ])
}

fn alarms_notify(evidence: &Evidence) -> Judged {
    let alarms = &alarms(evidence)?.alarms;
    if alarms.is_empty() {
        return Ok(Vec::new());
    }
    let silent = alarms.iter().filter(|alarm| !alarm.notifies);
    let names: Vec<String> = silent.map(|alarm| alarm.name.clone()).collect();
    let mut found = mails(evidence)?;
    if names.is_empty() {
        if found.is_empty() {
            found.push(Finding::ok("every alarm has an action that is enabled"));
        }
        return Ok(found);
    }
    let args = ["cloudwatch", "enable-alarm-actions", "--alarm-names"].map(ToOwned::to_owned);
    found.push(
        Finding::warn(format!("{} alarms tell nobody: {}", names.len(), names.join(", ")))
            .with("alarms", names.clone())
            .advise(
                "enable their actions; an alarm without any needs one: `--alarm-actions` of put-metric-alarm",
            )
            .fix(Command::aws(args.into_iter().chain(names))),
    );
    Ok(found)
}

/// What keeps the topic of the stack from mailing, if the alarms notify it.
fn mails(evidence: &Evidence) -> Judged {
    evidence.read(Unread::Alarms, |_| ())?;
    let observed = evidence.read(Unread::Topic, |observed| observed)?;
    let again = |finding: Finding| {
        finding
            .advise("this has AWS send a mail to confirm the address; put yours in place of ADDRESS")
            .fix(Command::own(["setup", "--email", "ADDRESS", "--yes"]))
    };
    let Some(topic) = &observed.topic else {
        let Ok(planned) = &evidence.plan else { return Ok(Vec::new()) };
        let arn = planned.stack.alarm_topic_arn();
        let is_notified = observed.alarms.values().any(|alarm| alarm.rule.notify.contains(&arn));
        let gone = || again(Finding::warn(format!("the alarms notify {arn}, which does not exist")));
        return Ok(is_notified.then(gone).into_iter().collect());
    };
    if topic.subscriptions.is_empty() {
        return Ok(vec![again(Finding::warn(format!(
            "the alarms notify {}, which tells nobody",
            topic.arn
        )))]);
    }
    let pending = topic.mails().filter(|mail| !mail.is_confirmed);
    let pending = pending.map(|mail| {
        Finding::warn(format!("{} gets no mail: nobody has confirmed the address", mail.endpoint))
            .with("address", mail.endpoint.clone())
            .advise(
                "open the link in the mail from AWS; after two days, `cwl2le setup --email ADDRESS` has it send another",
            )
    });
    Ok(pending.collect())
}

fn alarms_quiet(evidence: &Evidence) -> Judged {
    let alarms = &alarms(evidence)?.alarms;
    if alarms.is_empty() {
        return Ok(Vec::new());
    }
    let on: Vec<&Alarm> = alarms.iter().filter(|alarm| alarm.state == "ALARM").collect();
    if on.is_empty() {
        return Ok(vec![Finding::ok("no alarm is on")]);
    }
    let findings = on.into_iter().map(|alarm| {
        Finding::warn("it is on")
            .about(Some(&alarm.name))
            .since(alarm.since.and_then(seconds))
            .fix(Command::own(["status"]))
    });
    Ok(findings.collect())
}

fn metric_extraction(evidence: &Evidence) -> Judged {
    let policies = evidence.around.policies.as_ref().map_err(Clone::clone)?;
    let Some(policy) = &policies.metric_extraction else {
        return Ok(vec![Finding::ok("no account policy on metric extraction")]);
    };
    let names = ["--policy-type", "METRIC_EXTRACTION_POLICY", "--policy-name", &policy.name];
    let command = Command::aws([&["logs", "delete-account-policy"][..], &names].concat());
    if policy.document.contains("ENABLED") && !policy.document.contains("DISABLED") {
        return Ok(vec![Finding::ok(format!("account policy {} enables it", policy.name))]);
    }
    Ok(vec![
        Finding::warn(format!(
            "account policy {} keeps CloudWatch from making metrics of logs: alarms on the forwarder's metrics are blind",
            policy.name
        ))
        .with("policy", policy.name.clone())
        .advise("have it leave out the forwarder's log group, or delete it")
        .fix(command),
    ])
}

fn retention(evidence: &Evidence) -> Judged {
    let policies = evidence.around.policies.as_ref().map_err(Clone::clone)?;
    let Some(policy) = &policies.retention else {
        return Ok(vec![Finding::ok("no account policy on retention")]);
    };
    let names = ["--policy-type", "RETENTION_POLICY", "--policy-name", &policy.name];
    Ok(vec![
        Finding::warn(format!(
            "account policy {} sets how long logs are kept: what `setup` sets for the forwarder's log group does not last",
            policy.name
        ))
        .with("policy", policy.name.clone())
        .advise("have it leave out the forwarder's log group, or delete it")
        .fix(Command::aws([&["logs", "delete-account-policy"][..], &names].concat())),
    ])
}
