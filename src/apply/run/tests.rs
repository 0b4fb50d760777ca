//! Stages, failures and stops, against an AWS of our own making.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::aws::testing::{Answer, FakeAws};
use crate::aws::{Options, Stop};
use crate::flags::CommandLine;
use crate::resources::{Action, Kind, ResourceId, Stage, Verb, filter, log_group};

fn step(stage: Stage, kind: Kind, name: &str, actions: Vec<Action>) -> Step {
    let resource = ResourceId::new(kind, name);
    Step { stage, resource, verb: Verb::Update, fields: Vec::new(), actions }
}

fn retention(name: &str) -> Action {
    log_group::Action::SetRetention { name: name.to_owned(), days: 30 }.into()
}

fn unsubscribe(log_group: &str) -> Step {
    let action = filter::Action::Delete { log_group: log_group.to_owned(), name: "f".to_owned() }.into();
    step(Stage::RemoveFilters, Kind::SUBSCRIPTION_FILTER, log_group, vec![action])
}

fn plan(steps: Vec<Step>) -> Plan {
    Plan { steps, ..Plan::default() }
}

/// Denies what concerns a log group whose name contains `bad`.
fn denying() -> FakeAws {
    FakeAws::new(|request| {
        if request.text("logGroupName").contains("bad") {
            Answer::Error(400, "AccessDeniedException", "not authorized to perform: logs:X")
        } else {
            Answer::ok()
        }
    })
}

#[tokio::test(start_paused = true)]
async fn stages_come_in_order_and_every_event_is_told() {
    let aws = denying();
    let steps = plan(vec![
        step(Stage::Foundations, Kind::LOG_GROUP, "/a", vec![retention("/a"), retention("/a2")]),
        step(Stage::Foundations, Kind::LOG_GROUP, "/b", vec![retention("/b")]),
        step(Stage::Function, Kind::LOG_GROUP, "/c", vec![retention("/c")]),
    ]);
    let told = Mutex::new(Vec::new());
    let applied = apply(&aws.session(), &steps, &|event| {
        let what = match event.what {
            What::Started => "started",
            What::Waiting { .. } => "waiting",
            What::GivesWay { .. } => "gives way",
            What::Done { .. } => "done",
            What::Failed { .. } => "failed",
        };
        told.lock().expect("no panic").push((event.index, what));
    })
    .await
    .expect("all is done");
    assert_eq!(applied.done.len(), 3);
    let told = told.into_inner().expect("no panic");
    assert_eq!(told.iter().filter(|(_, what)| *what == "started").count(), 3);
    assert_eq!(told.last(), Some(&(2, "done")));
    let third = told.iter().position(|t| *t == (2, "started")).expect("the second stage");
    assert_eq!(
        told[..third].iter().filter(|(_, what)| *what == "done").count(),
        2,
        "the first stage ended before"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_keeps_later_stages_from_beginning_and_says_what_is_done() {
    let aws = denying();
    let steps = plan(vec![
        step(Stage::Foundations, Kind::LOG_GROUP, "/a", vec![retention("/a")]),
        step(
            Stage::Foundations,
            Kind::LOG_GROUP,
            "/bad",
            vec![retention("/x"), retention("/bad"), retention("/y")],
        ),
        step(Stage::Function, Kind::FUNCTION, "f", vec![retention("/c")]),
    ]);
    let failure = apply(&aws.session(), &steps, &|_| ()).await.expect_err("denied");
    let Applied { done, failed, not_begun } = &failure.applied;
    assert_eq!((done.len(), failed.len(), not_begun.len()), (1, 1, 1));
    assert_eq!((failed[0].actions_done, failed[0].actions), (1, 3));
    let error = failure.into_error("setup", &CommandLine::new(["setup", "--stack", "nine"]));
    assert_eq!(error.code, Code::AccessDenied);
    let hint = error.hint.expect("a hint");
    assert!(hint.contains("1 done, 2 not; fix the cause, then run the command again"), "{hint}");
    assert!(!aws.requests().iter().any(|r| r.text("logGroupName") == "/c" || r.text("logGroupName") == "/y"));
}

/// Whether AWS carried out a call whose answer is lost, nobody knows.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_not_counted_as_not_done() {
    let aws = FakeAws::new(|request| match request.text("logGroupName") {
        "/lost" => Answer::Silent,
        _ => Answer::ok(),
    });
    let retention = |group: &str| vec![retention(group)];
    let steps = plan(vec![
        step(Stage::Foundations, Kind::LOG_GROUP, "/lost", retention("/lost")),
        step(Stage::Function, Kind::FUNCTION, "f", retention("/c")),
    ]);
    let failure = apply(&aws.session(), &steps, &|_| ()).await.expect_err("no answer");
    let error = failure.into_error("setup", &CommandLine::new(["setup"]));
    let hint = error.hint.expect("a hint");
    assert!(hint.contains("0 done, 1 perhaps, 1 not; run `cwl2le setup` again"), "{:?} {hint}", error.code);
}

#[tokio::test(start_paused = true)]
async fn one_log_groups_failure_does_not_keep_the_others_from_being_done() {
    let groups = (0..40).map(|i| if i % 10 == 3 { format!("/bad{i}") } else { format!("/good{i}") });
    let mut steps: Vec<Step> = groups.map(|name| unsubscribe(&name)).collect();
    steps.push(step(Stage::RemoveTrigger, Kind::TRIGGER, "t", vec![retention("/later")]));
    let aws = denying();
    let failure = apply(&aws.session(), &plan(steps), &|_| ()).await.expect_err("some failed");
    assert_eq!(failure.applied.done.len(), 36);
    assert_eq!(failure.applied.failed.len(), 4);
    assert_eq!(failure.applied.not_begun.len(), 1, "what the filters need stays");
    assert_eq!(failure.error.code, Code::Partial);
    assert!(failure.error.message.starts_with("4 of 40 subscription filters failed"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn a_single_filters_failure_keeps_its_own_code() {
    let failure =
        apply(&denying().session(), &plan(vec![unsubscribe("/bad")]), &|_| ()).await.expect_err("denied");
    assert_eq!(failure.error.code, Code::AccessDenied);
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_are_not_tried_on_every_log_group() {
    let aws = FakeAws::new(|_| Answer::Error(400, "ExpiredTokenException", "The security token is expired"));
    let steps = plan((0..200).map(|i| unsubscribe(&format!("/g{i}"))).collect());
    let failure = apply(&aws.session(), &steps, &|_| ()).await.expect_err("expired");
    assert_eq!(failure.error.code, Code::BadCredentials);
    assert!(aws.requests().len() <= STEPS_AT_ONCE, "{} calls", aws.requests().len());
    assert_eq!(failure.applied.failed.len() + failure.applied.not_begun.len(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_stop_finishes_the_calls_in_flight_and_begins_no_other() {
    let stop = Stop::new();
    let (asked, calls) = (stop.clone(), std::sync::Arc::new(AtomicUsize::new(0)));
    let counted = calls.clone();
    let aws = FakeAws::new(move |_| {
        if counted.fetch_add(1, Ordering::Relaxed) == 9 {
            asked.request();
        }
        Answer::ok()
    });
    let session = aws.session_with(&Options { stop, ..Options::default() });
    let steps = plan((0..300).map(|i| unsubscribe(&format!("/g{i}"))).collect());
    let failure = apply(&session, &steps, &|_| ()).await.expect_err("stopped");
    assert_eq!(failure.error.code, Code::Interrupted);
    assert_eq!(calls.load(Ordering::Relaxed), 10);
    let Applied { done, failed, not_begun } = &failure.applied;
    assert_eq!(done.len(), 10, "what was in flight counts as done");
    assert_eq!(done.len() + failed.len() + not_begun.len(), 300);
    let hint =
        failure.clone().into_error("unsubscribe", &CommandLine::new(["unsubscribe"])).hint.expect("a hint");
    assert!(hint.contains("10 done, 290 not; run `cwl2le unsubscribe` again"), "{hint}");
    assert!(!hint.contains("teardown"), "{hint}");
    let hint =
        failure.into_error("setup", &CommandLine::new(["setup", "--stack", "nine"])).hint.expect("a hint");
    assert!(
        hint.ends_with(
            "run `cwl2le setup --stack nine` again to go on, or `cwl2le teardown --stack nine` to remove the stack"
        ),
        "{hint}"
    );
}

#[tokio::test(start_paused = true)]
async fn two_thousand_log_groups_under_throttling_are_all_done_once() {
    let quota = 20.0;
    let bucket = Mutex::new((quota, Instant::now()));
    let aws = FakeAws::new(move |_| {
        let mut bucket = bucket.lock().expect("no panic");
        bucket.0 = (bucket.0 + bucket.1.elapsed().as_secs_f64() * quota).min(quota);
        bucket.1 = Instant::now();
        if bucket.0 < 1.0 {
            return Answer::Error(400, "ThrottlingException", "Rate exceeded");
        }
        bucket.0 -= 1.0;
        Answer::ok()
    });
    // Ten times as many as AWS takes.
    let options = Options { rate: Some(200), ..Options::default() };
    let (session, begun) = (aws.session_with(&options), Instant::now());
    let steps = plan((0..2_000).map(|i| unsubscribe(&format!("/g{i}"))).collect());
    let applied = apply(&session, &steps, &|_| ()).await.expect("all are done");
    assert_eq!(applied.done.len(), 2_000);
    assert!(session.calls() < 2_100, "{} calls for 2,000 groups", session.calls());
    assert!(begun.elapsed() < Duration::from_secs(240), "{:?} at 20 calls a second", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_a_step_made_is_told_from_what_it_found() {
    let aws = FakeAws::new(|request| match (request.operation.as_str(), request.text("logGroupName")) {
        ("CreateLogGroup", "/found") => Answer::Error(400, "ResourceAlreadyExistsException", "It exists."),
        ("CreateLogGroup", "/denied") | ("PutRetentionPolicy", "/half") => {
            Answer::Error(400, "AccessDeniedException", "not authorized to perform: logs:X")
        }
        ("CreateLogGroup", "/lost") => Answer::Refused,
        _ => Answer::ok(),
    });
    let create = |name: &str| Step {
        verb: Verb::Create,
        ..step(
            Stage::Foundations,
            Kind::LOG_GROUP,
            name,
            vec![
                log_group::Action::Create { name: name.to_owned(), retention_days: 30, tags: [].into() }
                    .into(),
            ],
        )
    };
    for (one, creation) in [
        (create("/made"), Some(Creation::Made)),
        (create("/found"), Some(Creation::Found)),
        (create("/denied"), None),
        (create("/half"), Some(Creation::Made)),
        (create("/lost"), Some(Creation::Unclear)),
        (step(Stage::Foundations, Kind::LOG_GROUP, "/updated", vec![retention("/updated")]), None),
    ] {
        let id = one.resource.clone();
        let applied = apply(&aws.session(), &plan(vec![one]), &|_| ()).await;
        let applied = applied.unwrap_or_else(|failure| failure.applied);
        let creations: Vec<(&ResourceId, Creation)> = applied.creations().collect();
        assert_eq!(creations, creation.map(|became| (&id, became)).into_iter().collect::<Vec<_>>(), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_the_last_stage_leaves_nothing_else_undone() {
    let aws = denying();
    let failure = async |bad: Stage| {
        let name = |stage| if stage == bad { "/bad" } else { "/good" };
        let steps = [Stage::Live, Stage::Alarms, Stage::Prune]
            .map(|stage| step(stage, Kind::LOG_GROUP, name(stage), vec![retention(name(stage))]));
        apply(&aws.session(), &plan(steps.into()), &|_| {}).await.expect_err("denied")
    };
    assert!(failure(Stage::Prune).await.only_concerns(Stage::Prune));
    assert!(!failure(Stage::Alarms).await.only_concerns(Stage::Prune));
}
