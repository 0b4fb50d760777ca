//! Two functions of one stack that share its destinations: the main one, and that of an isolated destination.

use std::collections::{BTreeMap, BTreeSet};

use cwl2le_forwarder::config::{Config, Names, Route, Schedule};
use cwl2le_forwarder::delivery::fate::{Fate, Skip};
use cwl2le_forwarder::record::event::Invocation;
use cwl2le_forwarder::{Forwarder, Options, Outcome};
use cwl2le_local::log_service::{LogService, Transport};
use serde_json::{Value, json};

use crate::common::{
    PATIENCE, deadline, destination, gzip, invocation, messages, options, payload, record, sequence, service,
};

/// When the records of [`common::record`] arrive, in whole seconds.
const ARRIVED: u64 = 1_474_108_130;

/// A main function that serves `app`, and a function of its own for `audit`, each with its log service.
struct Pair {
    app: LogService,
    audit: LogService,
    main: Config,
    isolated: Config,
}

impl Pair {
    /// Everything of `/audit` goes to `audit`, of `/both` to both, and the rest to `app`.
    fn start() -> Self {
        let (app, audit) = (service(Transport::Plain), service(Transport::Plain));
        let route = |group: &str, destination| Route { log_group: group.into(), destination, shape: None };
        let both = Names::Several(vec!["app".into(), "audit".into()]);
        let routes = vec![route("/audit", "audit".into()), route("/both", both)];
        let config = |here: &str, service: &LogService, elsewhere: &str| Config {
            destinations: BTreeMap::from([(here.to_owned(), destination(service, Transport::Plain).0)]),
            default: Some("app".to_owned()),
            routes: routes.clone(),
            elsewhere: BTreeSet::from([elsewhere.to_owned()]),
            ..Config::default()
        };
        let main = config("app", &app, "audit");
        let isolated = Config { isolated: true, ..config("audit", &audit, "app") };
        Self { app, audit, main, isolated }
    }

    /// While `audit` moves: both functions have its settings, and opposite schedules.
    fn moving(change: u64) -> Self {
        let mut pair = Self::start();
        let schedule = Schedule { first: true, changes: vec![change] };
        pair.main.elsewhere.clear();
        pair.main.destinations.extend(pair.isolated.destinations.clone());
        pair.isolated.schedules.insert("audit".into(), schedule.opposite());
        pair.main.schedules.insert("audit".into(), schedule);
        pair
    }
}

async fn handle(config: &Config, own_log_group: &str, event: &Invocation) -> Outcome {
    config.validate().unwrap();
    let options = Options { own_log_group: Some(own_log_group.to_owned()), ..options() };
    let outcome = Forwarder::new(config, options).unwrap().handle(event, deadline()).await;
    assert_eq!(outcome.account.unbalanced, 0);
    outcome
}

async fn by_main(pair: &Pair, event: &Invocation) -> Outcome {
    handle(&pair.main, "/aws/lambda/f", event).await
}

async fn by_isolated(pair: &Pair, event: &Invocation) -> Outcome {
    handle(&pair.isolated, "/aws/lambda/f-audit", event).await
}

fn from(group: &str, n: usize, messages: &[String]) -> Value {
    record(&sequence(n), &gzip(payload(group, "f", messages).to_string().as_bytes()))
}

fn fates(outcome: &Outcome) -> Vec<Fate> {
    outcome.account.fates().map(|(fate, _)| fate.clone()).collect()
}

#[tokio::test]
async fn a_dead_isolated_destination_leaves_the_checkpoint_of_the_others_alone() {
    let pair = Pair::start();
    pair.audit.stop_listening();
    let sent = messages(3, 4, 30);
    let event = || {
        let groups = ["/audit", "/both", "/app"];
        invocation(groups.iter().zip(&sent).enumerate().map(|(n, (group, m))| from(group, n, m)).collect())
    };
    let main = by_main(&pair, &event()).await;
    assert_eq!(fates(&main), [Fate::Skipped(Skip::Elsewhere), Fate::Delivered, Fate::Delivered]);
    assert!(main.response.unwrap().batch_item_failures.is_empty(), "its checkpoint moves on");
    assert_eq!(pair.app.wait_for_lines(8, PATIENCE).await.unwrap().len(), 8);

    let isolated = by_isolated(&pair, &event()).await;
    assert_eq!(fates(&isolated), [Fate::Failed, Fate::Failed, Fate::Skipped(Skip::Elsewhere)]);
    assert_eq!(isolated.response.unwrap().batch_item_failures[0].item_identifier, sequence(0));
    pair.audit.resume();
    let isolated = by_isolated(&pair, &event()).await;
    assert_eq!(isolated.account.events.delivered, 8);
    assert_eq!(pair.audit.wait_for_lines(8, PATIENCE).await.unwrap().len(), 8);
    assert_eq!(pair.app.line_count(), 8);
}

/// Of a direct subscription no other function hears, so nothing of it may be left to one.
#[tokio::test]
async fn a_direct_subscription_is_never_left_to_the_other_function() {
    let pair = Pair::start();
    let event = |data: &[u8]| {
        let data = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, data);
        Invocation::from_json(json!({"awslogs": {"data": data}}).to_string().into_bytes()).unwrap()
    };
    let of = |group: &str| event(&gzip(payload(group, "f", &["direct".into()]).to_string().as_bytes()));
    assert!(by_main(&pair, &of("/app")).await.response.is_ok());
    assert_eq!(pair.app.wait_for_lines(1, PATIENCE).await.unwrap().len(), 1);
    assert!(by_isolated(&pair, &of("/audit")).await.response.is_ok());
    assert_eq!(pair.audit.wait_for_lines(1, PATIENCE).await.unwrap().len(), 1);
    let left = [
        by_main(&pair, &of("/audit")).await,
        by_main(&pair, &of("/both")).await,
        by_isolated(&pair, &of("/app")).await,
        by_isolated(&pair, &of("/both")).await,
        by_isolated(&pair, &event(b"not gzip")).await,
    ];
    for outcome in left {
        assert!(matches!(fates(&outcome)[0], Fate::Quarantined(_)), "{:?}", fates(&outcome));
        assert!(outcome.response.is_err(), "and nobody keeps it");
    }
    assert_eq!((pair.app.line_count(), pair.audit.line_count()), (1, 1));
}

#[tokio::test]
async fn what_nobody_can_read_or_route_is_set_aside_by_one_function() {
    let pair = Pair::start();
    let pinned = payload("/app", "f@nobody", &["x".into()]).to_string();
    let event = || {
        let aggregate = [&cwl2le_forwarder::record::aggregate::MAGIC[..], b"damaged"].concat();
        let data = [b"not gzip".to_vec(), gzip(b"not json"), gzip(pinned.as_bytes()), aggregate];
        invocation(data.iter().enumerate().map(|(n, data)| record(&sequence(n), data)).collect())
    };
    let main = by_main(&pair, &event()).await;
    let names: Vec<&str> = fates(&main)
        .iter()
        .map(|fate| match fate {
            Fate::Quarantined(poison) => poison.name(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names, ["not_gzip", "not_cloudwatch_logs", "unrouted", "broken_aggregate"]);
    let isolated = by_isolated(&pair, &event()).await;
    assert_eq!(fates(&isolated), vec![Fate::Skipped(Skip::Elsewhere); 4]);
    // How large a record may become depends on the memory of the function, so each function answers for itself.
    let bomb = || invocation(vec![record(&sequence(0), &gzip(&vec![b' '; 20 << 20]))]);
    for outcome in [by_main(&pair, &bomb()).await, by_isolated(&pair, &bomb()).await] {
        assert!(matches!(&fates(&outcome)[0], Fate::Quarantined(poison) if poison.name() == "too_large"));
    }
}

#[tokio::test]
async fn a_destination_that_moves_gets_every_record_from_one_function() {
    for change in [ARRIVED - 5, ARRIVED, ARRIVED + 1, ARRIVED + 5] {
        let pair = Pair::moving(change);
        let sent = messages(2, 3, 30);
        let event = || invocation(vec![from("/audit", 0, &sent[0]), from("/both", 1, &sent[1])]);
        let (main, isolated) = (by_main(&pair, &event()).await, by_isolated(&pair, &event()).await);
        let before = change > ARRIVED;
        let elsewhere = Fate::Skipped(Skip::Elsewhere);
        let expected = if before { Fate::Delivered } else { elsewhere.clone() };
        assert_eq!(fates(&main), [expected, Fate::Delivered], "{change}");
        let expected = if before { elsewhere } else { Fate::Delivered };
        assert_eq!(fates(&isolated), vec![expected; 2], "{change}");
        assert_eq!(pair.audit.wait_for_lines(6, PATIENCE).await.unwrap().len(), 6, "{change}");
        assert_eq!((pair.audit.line_count(), pair.app.line_count()), (6, 3), "{change}");
    }
}

#[tokio::test]
async fn a_record_without_a_time_is_served_by_both_functions() {
    let pair = Pair::moving(ARRIVED);
    let sent = messages(1, 3, 30);
    let event = || {
        let mut record = from("/audit", 0, &sent[0]);
        record["kinesis"].as_object_mut().unwrap().remove("approximateArrivalTimestamp");
        invocation(vec![record])
    };
    assert_eq!(fates(&by_main(&pair, &event()).await), [Fate::Delivered]);
    assert_eq!(fates(&by_isolated(&pair, &event()).await), [Fate::Delivered]);
    assert_eq!(pair.audit.wait_for_lines(6, PATIENCE).await.unwrap().len(), 6);
}

#[tokio::test]
async fn no_function_forwards_the_log_of_another_one_of_its_stack() {
    let sent = messages(2, 3, 30);
    for pair in [Pair::start(), Pair::moving(ARRIVED)] {
        let groups = ["/aws/lambda/f", "/aws/lambda/f-audit"];
        let event =
            || invocation(groups.iter().zip(&sent).enumerate().map(|(n, (g, m))| from(g, n, m)).collect());
        for outcome in [by_main(&pair, &event()).await, by_isolated(&pair, &event()).await] {
            let own = Fate::Skipped(Skip::OwnLogGroup);
            assert!(fates(&outcome).iter().all(|fate| *fate == own), "{:?}", fates(&outcome));
        }
    }
}

#[test]
fn a_configuration_says_what_is_elsewhere_and_when() {
    let token = crate::common::TOKEN;
    let with = |rest: &str| {
        format!(r#"{{"destinations":{{"a":{{"type":"logentries","region":"eu","token":"{token}"}}}}{rest}}}"#)
    };
    let good = with(
        r#","default":"b","routes":[{"log_group":"*","destination":["a","b"]}],"elsewhere":["b"],"schedules":{"a":{"first":false,"changes":[5,7]}},"isolated":true"#,
    );
    let config = Config::from_json(&good).unwrap();
    assert_eq!(config.to_json(), good);
    assert_eq!(config.default_destination(), Some("b"));
    assert_eq!(Config::from_json(&with(r#","elsewhere":["b"]"#)).unwrap().default_destination(), None);
    for (wrong, expected) in [
        (r#","elsewhere":["a"]"#, "`a` has settings here"),
        (r#","elsewhere":["x y"]"#, "a destination's name is"),
        (
            r#","elsewhere":["b"],"lines":{"b":{"format":"json"}}"#,
            "there is no destination `b`; there are: a",
        ),
        (r#","schedules":{"b":{"first":true,"changes":[1]}}"#, "there is no destination `b`"),
        (r#","schedules":{"a":{"first":true,"changes":[]}}"#, "at least one change"),
        (r#","schedules":{"a":{"first":true,"changes":[2,2]}}"#, "in ascending order"),
    ] {
        let error = Config::from_json(&with(wrong)).unwrap_err().to_string();
        assert!(error.contains(expected), "{wrong}: {error}");
    }
    assert!(json!(config).to_string().contains(token));
}
