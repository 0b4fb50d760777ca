//! Makes the source and the sink that the flags mean.

use super::args::{From, Replay};
use super::chosen::Chosen;
use super::ground::Ground;
use super::reading::Reading;
use super::sink::destination::ToDestination;
use super::sink::stream::ToStream;
use super::sink::{Destined, Sink};
use super::source::log_groups::{LogGroups, Subscribed};
use super::source::objects::{Objects, Shelf};
use super::source::stream::Stream;
use super::source::{Source, expired, quarantine};
use super::time::rfc3339;
use crate::aws::Aws;
use crate::documentation::page;
use crate::error::{Code, Error, Result, listed};
use crate::resources::kept::Why;
use crate::signals::replayed::{Manifest, STREAM};

/// How much later than now AWS's clock may be, in milliseconds: the time of a session is exact to about a second, and
/// begins a second. So what has just arrived is sent, too.
const JUST_NOW: i64 = 3000;

/// The source.
///
/// # Errors
/// [`Code::NotFound`] where nothing is kept; what the calls fail with.
pub(super) async fn source(
    aws: Aws<'_>,
    args: &Replay,
    ground: &Ground,
    chosen: Chosen,
    into: Option<&Destined>,
) -> Result<Box<dyn Source>> {
    let now = i64::try_from(aws.session.time()).unwrap_or_default() * 1000;
    let stream = ground.names.stream.as_str();
    if args.from == From::LogGroups {
        let subscribed = ground.subscribed(aws, &chosen).await?;
        let subscribed = match into {
            Some(destined) => led_to(destined, subscribed, &chosen)?,
            None => subscribed,
        };
        return Ok(Box::new(LogGroups::new(&ground.target.account, subscribed, chosen.span(now))));
    }
    let reading = match into {
        Some(destined) => Reading::for_destination(&destined.name, destined.router()?),
        None => Reading::new(ground.memory_mb(), ground.router()),
    };
    if args.from == From::Stream {
        let span = chosen.span(now + JUST_NOW);
        let kept = i64::from(ground.retention_hours()) * 3_600_000;
        return Ok(Box::new(Stream::open(aws, stream, (span, kept), chosen, reading).await?));
    }
    let shelf = shelf(args.from, ground)?;
    let begun = rfc3339(now);
    let identity = &aws.session.identity;
    let into = into.map_or_else(|| STREAM.to_owned(), |destined| format!("destination:{}", destined.name));
    let manifest = Manifest::new(ground.stack.as_str(), args.from.name(), &into, identity, &begun);
    Ok(Box::new(Objects::open(aws, shelf, (chosen, args.again), reading, (stream, manifest)).await?))
}

/// Those of the subscriptions whose events the routes lead to a destination.
///
/// # Errors
/// [`Code::Usage`] for a log group that is named and does not lead there.
fn led_to(destined: &Destined, mut subscribed: Vec<Subscribed>, chosen: &Chosen) -> Result<Vec<Subscribed>> {
    let router = destined.router()?;
    let leads = |of: &Subscribed| {
        let chosen = router.choose(&of.log_group, [of.filter.as_str()]).unwrap_or_default();
        chosen.iter().any(|at| router.names().get(*at) == Some(&destined.name))
    };
    let is_astray = |name: &&String| !subscribed.iter().any(|of| of.log_group == **name && leads(of));
    // Where none is named, some of them have to lead there.
    let first = subscribed.first().filter(|_| !subscribed.iter().any(leads)).map(|of| &of.log_group);
    if let Some(name) = chosen.names().iter().find(is_astray).or(first) {
        let message = format!("no route leads from the log group to `{}`", destined.name);
        return Err(
            Error::usage(message, "leave it out, or give the destination that its route names").on(name)
        );
    }
    subscribed.retain(leads);
    Ok(subscribed)
}

/// The sink.
///
/// # Errors
/// A rate that cannot be used; what the calls fail with.
pub(super) async fn sink(
    aws: Aws<'_>,
    args: &Replay,
    ground: &Ground,
    into: Option<Destined>,
) -> Result<Box<dyn Sink>> {
    let rate = args.records_per_second;
    match into {
        Some(destined) => {
            let own = ground.own_log_groups().clone();
            let now = i64::try_from(aws.session.time()).unwrap_or_default() * 1000;
            let notes = notes_of_destination(args, ground, now);
            Ok(Box::new(ToDestination::open(aws, destined, own, rate, notes)?))
        }
        None => {
            let notes = notes(args.from, ground);
            Ok(Box::new(ToStream::open(aws, &ground.names.stream, rate, notes).await?))
        }
    }
}

/// What the sink needs to send records to a destination.
fn notes_of_destination(args: &Replay, ground: &Ground, now: i64) -> Vec<String> {
    let twice = match args.from {
        From::Expired => {
            "events that it got before their batch expired, or from a replay into the stream, are delivered twice"
        }
        From::LogGroups | From::Stream => "events that it got before are delivered twice",
        From::Quarantine => {
            "the other events of a record that was `refused`, and what it got from a replay into the stream, are \
             delivered twice"
        }
    };
    let alone = "it gets only what the routes lead to it; other destinations get nothing";
    let mut notes = vec![alone.to_owned(), twice.to_owned()];
    let kept = ground.retention_hours();
    let since = args.since.map(|since| since.in_milliseconds(now));
    if args.from == From::Stream && since.is_some_and(|since| now - since > i64::from(kept) * 3_600_000) {
        notes.push(format!(
            "the stream keeps records for {kept} hours; older events may still be in their log groups: \
             `--from log-groups`"
        ));
    }
    notes
}

/// What somebody who sends records into the stream has to know.
fn notes(from: From, ground: &Ground) -> Vec<String> {
    let mut notes = vec!["records get a new arrival time; events keep their own times".to_owned()];
    notes.push(match from {
        From::Expired => {
            "events that were delivered before their batch expired are delivered twice".to_owned()
        }
        From::LogGroups | From::Stream => {
            "events that were delivered before are delivered twice; give --since and --until for those that were not"
                .to_owned()
        }
        From::Quarantine => "the other events of a record that was `refused` are delivered twice".to_owned(),
    });
    let isolated = ground.isolated();
    if !isolated.is_empty() {
        notes.push(format!(
            "every function of the stack reads the stream: a destination of another function than the one that gave \
             a record up ({} with a function of its own, or the rest) gets it twice",
            listed(isolated)
        ));
    }
    notes
}

/// Where the objects are.
fn shelf(from: From, ground: &Ground) -> Result<Shelf> {
    let (why, contents): (Why, super::source::objects::ReadContents) = match from {
        From::Expired => (Why::Expired, expired::contents),
        From::Quarantine | From::LogGroups | From::Stream => (Why::Quarantined, quarantine::contents),
    };
    let places = ground.places(why);
    let mut buckets: Vec<&str> =
        places.iter().filter_map(|place| Some(place.bucket.as_ref()?.0.as_str())).collect();
    buckets.sort_unstable();
    buckets.dedup();
    let bucket = match (buckets.as_slice(), places.first()) {
        ([bucket], _) => (*bucket).to_owned(),
        ([], None) => return Err(not_kept(from, ground)),
        ([], Some(place)) => {
            let message =
                "the on-failure destination is no bucket: only a bucket gets the records themselves";
            return Err(Error::new(Code::NotFound, message)
                .on(&place.place)
                .hint(format!("see {}", page("replay.md#what-expires"))));
        }
        (several, _) => {
            let message = format!(
                "the event source mappings have several on-failure buckets: {}",
                listed(several.iter().copied())
            );
            return Err(
                Error::new(Code::Unreadable, message).hint("`cwl2le setup` gives all of them the same one")
            );
        }
    };
    let prefixes = places.into_iter().filter_map(|place| Some(place.bucket?.1)).collect();
    Ok(Shelf { bucket, owner: ground.owner().to_owned(), prefixes, contents })
}

/// Nothing is kept.
fn not_kept(from: From, ground: &Ground) -> Error {
    let (what, flag) = match from {
        From::Expired => ("what expires", "--on-failure arn:aws:s3:::BUCKET"),
        From::Quarantine | From::LogGroups | From::Stream => {
            ("what no retry can deliver", "--quarantine s3://BUCKET/PREFIX")
        }
    };
    let stack = &ground.stack;
    if from == From::Quarantine && !ground.has_config() {
        let message = format!(
            "the configuration of the forwarder of stack `{stack}`, which names the quarantine, cannot be read"
        );
        return Error::new(Code::Unreadable, message).hint("`cwl2le status` says why");
    }
    Error::new(Code::NotFound, format!("stack `{stack}` does not keep {what}"))
        .hint(format!("from now on it does after `cwl2le setup {flag}`"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clap::Parser;
    use cwl2le_forwarder::config::Config;
    use serde_json::json;

    use super::*;
    use crate::aws::testing::FakeAws;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        replay: Replay,
    }

    async fn led(groups: &[&str], flags: &[&str]) -> Result<Vec<String>> {
        let one = json!({"type": "logentries", "endpoint": "127.0.0.1:1", "tls": false,
            "token": "01234567-89ab-cdef-0123-456789abcdef"});
        let config = json!({
            "destinations": {"app": one, "audit": one},
            "routes": [{"log_group": "/both", "destination": ["audit", "app"]}, {"log_group": "/app", "destination": "app"}],
        });
        let config = Config::from_json(&config.to_string()).expect("a configuration");
        let session = Arc::new(FakeAws::new(|request| panic!("{request:?}")).session());
        let destined = Destined::read(&session, config, "audit", true).await.expect("no secret is read");
        let line = [&["replay", "--from", "log-groups"], flags].concat();
        let chosen = Chosen::of(&Line::try_parse_from(line).expect("flags").replay, 0).expect("chosen");
        let of = |group: &&str| {
            let (group, filter) = group.split_once(' ').unwrap_or((group, "f"));
            Subscribed::new(group, filter, "")
        };
        let led = led_to(&destined, groups.iter().map(of).collect(), &chosen)?;
        Ok(led.into_iter().map(|of| format!("{} {}", of.log_group, of.filter)).collect())
    }

    #[tokio::test]
    async fn only_log_groups_are_read_whose_events_lead_to_the_destination() {
        let all = ["/app", "/both", "/app f@audit", "/unrouted"];
        assert_eq!(led(&all, &[]).await.expect("some"), ["/both f", "/app f@audit"]);
        assert_eq!(led(&["/app", "/app f@audit"], &["-g", "/app"]).await.expect("one"), ["/app f@audit"]);
        assert_eq!(led(&[], &[]).await.expect("none"), Vec::<String>::new());
        for (groups, flags) in [(&["/app", "/both"][..], &["-g", "/app"][..]), (&["/app", "/unrouted"], &[])]
        {
            let error = led(groups, flags).await.expect_err("astray");
            assert_eq!((error.code, error.resource.as_deref()), (Code::Usage, Some("/app")), "{error}");
        }
    }
}
