//! Whether what could not be delivered is kept, and whether somebody has to look at it.

use super::super::check::{Category, Check};
use super::super::evidence::{Evidence, Forwarder, Judged, seconds, span};
use super::super::finding::{Command, Finding};
use super::words::{count, one_line};
use crate::documentation::page;
use crate::health::{Kept, KeptPlace, KeptWhy, Line, Metric};
use crate::journal::Entry;
use crate::resources::Unread;

pub(in super::super) const CATEGORY: Category = Category {
    name: "kept",
    title: "kept",
    needs: &["credentials", "stack-there"],
    checks: &[
        Check::new("quarantine-works", "S3 takes the records that no retry can help", quarantine_works),
        Check::new("quarantined", "no record waits in the quarantine", quarantined),
        Check::new("on-failure-set", "what expires is kept", on_failure_set),
        Check::new("on-failure-works", "the on-failure destination takes what expires", on_failure_works),
        Check::new("expired-waiting", "nothing that expired waits to be sent again", expired_waiting),
    ],
};

/// Age of objects that are new, in milliseconds: a week. Older ones have been seen or do not matter to anybody.
pub(in super::super) const NEW: i64 = 7 * 86_400_000;

/// The places that keep records for this reason.
fn places(evidence: &Evidence, why: KeptWhy) -> Result<Vec<&KeptPlace>, Finding> {
    evidence.read(Unread::Function, |_| ())?;
    Ok(evidence.signals()?.kept.iter().filter(|place| place.why == why).collect())
}

/// Where the triggers hand what expires, each once.
fn on_failure(evidence: &Evidence) -> Result<Vec<Option<&str>>, Finding> {
    evidence.read(Unread::Triggers, |_| ())?;
    let forwarders = evidence.forwarders()?;
    let triggers = forwarders.iter().flat_map(Forwarder::living);
    let mut all: Vec<Option<&str>> = triggers.map(|trigger| trigger.on_failure.as_deref()).collect();
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// The last word of a log on the quarantine: when and why it failed, if it has taken nothing since.
fn quarantine_failure(lines: &[Line]) -> Option<(i64, String)> {
    let mut failure = None;
    for (at, entry) in lines {
        match entry {
            Entry::Invocation(invocation) => {
                let Some(quarantine) = &invocation.quarantine else { continue };
                match &quarantine.failure {
                    Some(why) => failure = Some((*at, why.clone())),
                    None if quarantine.kept.is_some_and(|kept| kept > 0) => failure = None,
                    None => {}
                }
            }
            Entry::Note(note) if note.text("quarantine").is_some() => {
                failure = Some((*at, note.detail().unwrap_or(&note.message).to_owned()));
            }
            _ => {}
        }
    }
    failure
}

fn quarantine_works(evidence: &Evidence) -> Judged {
    let places = places(evidence, KeptWhy::Quarantined)?;
    let Some(place) = places.first() else { return Ok(Vec::new()) };
    let signals = evidence.signals()?;
    let lines = signals.logs.iter().filter_map(|log| log.lines.as_ref().ok());
    let newest = lines.filter_map(|lines| quarantine_failure(&lines.lines)).max_by_key(|(at, _)| *at);
    let metrics = evidence.metrics().ok();
    let not_kept = metrics.and_then(|metrics| metrics.sum(Metric::RecordsNotKept, evidence.since));
    Ok(vec![match (newest, &place.objects) {
        (Some((at, why)), _) => {
            let finding = refused(evidence, &place.place, &one_line(&why)).since(seconds(at));
            match not_kept.filter(|records| *records > 0.0) {
                Some(records) => finding
                    .detail(format!("{records:.0} records are in the stream only, until its retention ends")),
                None => finding,
            }
        }
        (None, Err(unknown)) if unknown.why.contains("NoSuchBucket") => {
            refused(evidence, &place.place, &unknown.why)
        }
        (None, Err(unknown)) => Finding::from(unknown),
        (None, Ok(_)) => Finding::ok(format!("{} is there, and has refused nothing", place.place)),
    }])
}

/// S3 does not take what the quarantine should keep.
fn refused(evidence: &Evidence, place: &str, why: &str) -> Finding {
    let finding = Finding::fault(format!("{place} does not take records: {why}")).with("place", place);
    if why.contains("NoSuchBucket") {
        let bucket = place.trim_start_matches("s3://").split('/').next().unwrap_or_default();
        return finding.advise("make the bucket, or name another one with --quarantine").fix(Command::aws([
            "s3",
            "mb",
            &format!("s3://{bucket}"),
        ]));
    }
    evidence.by_setup(finding.detail(
        "`setup` gives the forwarder's role the right to write; the bucket's policy, its owner and the policy of its key \
         must allow it, too",
    ))
}

fn quarantined(evidence: &Evidence) -> Judged {
    let places = places(evidence, KeptWhy::Quarantined)?;
    Ok(places.into_iter().map(|place| waiting(place, evidence.now, "quarantine")).collect())
}

fn expired_waiting(evidence: &Evidence) -> Judged {
    let places = places(evidence, KeptWhy::Expired)?;
    // Of a queue or a topic there is no list.
    let buckets = places.into_iter().filter(|place| place.place.starts_with("s3://"));
    Ok(buckets.map(|place| waiting(place, evidence.now, "on-failure")).collect())
}

/// Objects of a place that somebody should look at; `now` is in milliseconds since 1970, and `from` what `replay` calls
/// the place.
fn waiting(place: &KeptPlace, now: i64, from: &str) -> Finding {
    let Kept { objects, bytes, newest, is_whole, replayed, .. } = match &place.objects {
        Ok(kept) => kept,
        Err(unknown) => return Finding::from(unknown),
    };
    let finding = |finding: Finding| {
        finding.with("place", place.place.clone()).with("objects", *objects).with("bytes", *bytes)
    };
    if *objects == 0 {
        return finding(Finding::ok(format!("nothing in {}", place.place)));
    }
    let (sent, newest) = match replayed {
        Some(Ok(replayed)) => (replayed.objects, &replayed.newest_left),
        _ => (0, newest),
    };
    let finding = |of: Finding| if sent == 0 { finding(of) } else { finding(of).with("sent_again", sent) };
    if sent == *objects && *is_whole {
        let found =
            format!("{} objects in {}: `replay` has sent all of them again", count(sent), place.place);
        return finding(Finding::ok(found));
    }
    let more = if *is_whole { "" } else { " or more" };
    let age = newest.map(|newest| now - newest);
    let ago = age.map(|age| format!(", the newest {} ago", span(age.max(0))));
    let left = *objects - sent;
    let whose = if left == 0 { "of them" } else { "others" };
    let others =
        if sent == 0 { String::new() } else { format!("; `replay` has sent {} {whose}", count(sent)) };
    let found = match left {
        0 => format!("more than {} objects in {}", count(sent), place.place),
        _ => format!("{}{more} objects in {}{}", count(left), place.place, ago.unwrap_or_default()),
    };
    // A listing that is cut says nothing about the newest object.
    if *is_whole && age.is_some_and(|age| age > NEW) {
        return finding(Finding::ok(format!("{found}: none in the last 7 days{others}")));
    }
    let found = Finding::warn(format!("{found}{others}"))
        .advise(format!("look at them, send them again, then delete them: {}", page("replay.md#replay")))
        .fix(Command::own(["replay", "--from", from, "--list"]));
    finding(match replayed {
        Some(Err(unknown)) => {
            found.detail(format!("whether `replay` has sent them again is not known: {}", unknown.why))
        }
        _ => found,
    })
}

fn on_failure_set(evidence: &Evidence) -> Judged {
    let hours =
        evidence.read(Unread::Stream, |observed| observed.stream.as_ref().map(|s| s.retention_hours))?;
    let Some(hours) = hours else { return Ok(Vec::new()) };
    let all = on_failure(evidence)?;
    if all.is_empty() {
        return Ok(Vec::new());
    }
    if !all.contains(&None) {
        let all: Vec<&str> = all.into_iter().flatten().collect();
        return Ok(vec![Finding::ok(format!("what expires goes to {}", all.join(", ")))]);
    }
    let longest = span(i64::from(hours) * 3_600_000);
    Ok(vec![
        Finding::warn(format!("an outage of a log service that lasts longer than {longest} loses lines"))
            .with("retention_hours", hours)
            .advise("let Lambda write expired records to an S3 bucket of yours")
            .fix(Command::own(["setup", "--on-failure", "arn:aws:s3:::BUCKET", "--yes"])),
    ])
}

fn on_failure_works(evidence: &Evidence) -> Judged {
    let all: Vec<&str> = on_failure(evidence)?.into_iter().flatten().collect();
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let metrics = evidence.metrics()?;
    let lost = metrics.sum(Metric::OnFailureErrors, evidence.since).unwrap_or_default();
    let places = places(evidence, KeptWhy::Expired)?;
    let gone = places
        .iter()
        .find(|place| place.objects.as_ref().is_err_and(|unknown| unknown.why.contains("NoSuchBucket")));
    let all = all.join(", ");
    let finding = match gone {
        _ if lost > 0.0 => {
            Finding::fault(format!("{lost:.0} batches could not be handed to {all}: they are lost"))
                .with("lost", lost)
        }
        Some(place) => {
            let place = &place.place;
            let bucket = place.trim_start_matches("s3://").split('/').next().unwrap_or_default();
            return Ok(vec![
                Finding::fault(format!("s3://{bucket} does not exist: what expires would be lost"))
                    .fix(Command::aws(["s3", "mb", &format!("s3://{bucket}")])),
            ]);
        }
        None => return Ok(vec![Finding::ok(format!("{all} has refused nothing"))]),
    };
    Ok(vec![evidence.by_setup(finding.detail(
        "`setup` gives the forwarder's role the right to write; see also that the destination exists and its own policy \
         allows it",
    ))])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::finding::State;
    use super::*;
    use crate::health::{Replayed, Unknown};

    const NOW: i64 = 1_790_000_000_000;

    #[test]
    fn the_newest_word_on_the_quarantine_counts() {
        let line = |kept: u64, failure: Option<&str>| {
            json!({"_aws": {}, "Destinations": {}, "Quarantine": {"Kept": kept, "Failure": failure}})
                .to_string()
        };
        let (fails, works) = (line(0, Some("NoSuchBucket")), line(1, None));
        let of = |lines: &[&String]| {
            let lines: Vec<Line> = lines.iter().zip(1..).map(|(line, at)| (at, Entry::read(line))).collect();
            quarantine_failure(&lines).map(|(at, _)| at)
        };
        assert_eq!(of(&[&fails, &works]), None);
        assert_eq!(of(&[&works, &fails]), Some(2));
        assert_eq!(of(&[&fails, &line(0, None)]), Some(1), "it had nothing to keep");
        let text = r#"ERROR S3 rejected the quarantined records quarantine="s3://b" why="AccessDenied""#;
        assert_eq!(quarantine_failure(&[(1, Entry::read(text))]), Some((1, "AccessDenied".to_owned())));
    }

    #[test]
    fn the_bucket_that_is_gone_is_made_and_the_right_that_is_gone_is_given() {
        let fix = |why: &str| refused(&Evidence::default(), "s3://poison/a/b", why).fix;
        assert_eq!(fix("NoSuchBucket: no"), [Command::aws(["s3", "mb", "s3://poison"])]);
        assert_eq!(fix("AccessDenied"), [Command::setup()]);
    }

    #[test]
    fn objects_of_a_week_wait_for_somebody() {
        let of = |objects: u64, days: i64, is_whole: bool| {
            let newest = Some(NOW - days * 86_400_000);
            let kept = Kept { objects, bytes: 10, oldest: newest, newest, is_whole, replayed: None };
            let place = KeptPlace { why: KeptWhy::Expired, place: "s3://b".to_owned(), objects: Ok(kept) };
            waiting(&place, NOW, "on-failure")
        };
        assert_eq!([of(0, 0, true), of(3, 8, true)].map(|finding| finding.state), [State::Ok; 2]);
        let finding = of(1200, 2, true);
        assert_eq!(
            (finding.state, finding.found.as_str()),
            (State::Warn, "1 200 objects in s3://b, the newest 2 days ago")
        );
        assert_eq!(of(1000, 8, false).state, State::Warn, "the newest is not known");
        let unknown = Unknown { why: "denied".to_owned(), action: Some("s3:ListBucket".to_owned()) };
        let place = KeptPlace { why: KeptWhy::Expired, place: "s3://b".to_owned(), objects: Err(unknown) };
        assert_eq!(waiting(&place, NOW, "on-failure").state, State::Unknown);
    }

    #[test]
    fn what_replay_has_sent_waits_for_nobody() {
        let of = |sent: u64, days_left: Option<i64>, is_whole: bool| {
            let newest_left = days_left.map(|days| NOW - days * 86_400_000);
            let replayed = Some(Ok(Replayed { objects: sent, newest_left }));
            let kept = Kept { objects: 5, bytes: 10, oldest: None, newest: Some(NOW), is_whole, replayed };
            let place = KeptPlace { why: KeptWhy::Expired, place: "s3://b".to_owned(), objects: Ok(kept) };
            let finding = waiting(&place, NOW, "on-failure");
            (finding.state, finding.found)
        };
        let is = |state, found: &str| (state, found.to_owned());
        assert_eq!(
            of(5, None, true),
            is(State::Ok, "5 objects in s3://b: `replay` has sent all of them again")
        );
        let some = "3 objects in s3://b, the newest 2 days ago; `replay` has sent 2 others";
        assert_eq!(of(2, Some(2), true), is(State::Warn, some));
        assert_eq!(of(2, Some(8), true).0, State::Ok, "the newest has been sent, and the others are old");
        assert_eq!(of(0, Some(0), true).0, State::Warn);
        assert_eq!(of(5, None, false).0, State::Warn, "there are more");
    }

    #[test]
    fn what_replay_has_sent_may_not_be_known() {
        let denied = Unknown { why: "denied".to_owned(), action: Some("s3:GetObject".to_owned()) };
        let (newest, replayed) = (Some(NOW), Some(Err(denied)));
        let kept = Kept { objects: 5, bytes: 10, oldest: newest, newest, is_whole: true, replayed };
        let place = KeptPlace { why: KeptWhy::Expired, place: "s3://b".to_owned(), objects: Ok(kept) };
        let finding = waiting(&place, NOW, "on-failure");
        assert_eq!(finding.state, State::Warn);
        assert!(finding.details.iter().any(|detail| detail.contains("is not known: denied")), "{finding:?}");
    }
}
