//! What Lambda answers of versions and aliases.

use serde_json::{Value, json};

use super::aws as alias;
use super::observed::{Before, ObservedAlias};
use super::{Action, From, Settings, Version};
use crate::aws::tests::*;
use crate::error::Code;

fn published(version: &str, code_sha256: &str) -> Value {
    json!({"Version": version, "CodeSha256": code_sha256, "LastModified": "2026-11-29T20:00:00.123+0000",
           "Description": "Forwards CloudWatch Logs from Kinesis to a log service: cwl2le 0.2.0 (source abc)"})
}

async fn act(aws: &FakeAws, action: &Action) -> crate::error::Result<()> {
    alias::act((&aws.session()).into(), action).await
}

fn moving(version: Version, from: From) -> Action {
    Action::Move { function: "f".to_owned(), version, from, before: None }
}

fn publishing(memory_mb: u32) -> Action {
    let settings = Settings { memory_mb: Some(memory_mb), ..Settings::default() };
    Action::Publish { function: "f".to_owned(), code_sha256: "a".to_owned(), settings }
}

fn live(version: &str) -> ObservedAlias {
    let run = Some("2026-11-01T00:00:00Z".to_owned());
    ObservedAlias { version: version.to_owned(), revision: "r".to_owned(), run, ..ObservedAlias::default() }
}

#[tokio::test(start_paused = true)]
async fn versions_come_from_all_pages_without_the_function_itself() {
    let aws = FakeAws::new(|request| {
        Answer::Json(match (request.operation.as_str(), request.uri.contains("Marker")) {
            ("ListAliases", _) => json!({"Aliases": [
                {"Name": "live", "FunctionVersion": "10", "RevisionId": "r",
                 "Description": "replaced version 9, cwl2le run of 2026-11-30T11:20:05Z"},
                {"Name": "prod", "FunctionVersion": "9", "RoutingConfig": {"AdditionalVersionWeights": {"10": 0.5}}},
            ]}),
            (_, false) => {
                json!({"Versions": [published("$LATEST", "c"), published("10", "b")], "NextMarker": "m"})
            }
            (_, true) => json!({"Versions": [published("9", "a")]}),
        })
    });
    let (versions, aliases) = alias::observe((&aws.session()).into(), "f").await.expect("read");
    assert_eq!(versions.iter().map(|version| version.number).collect::<Vec<_>>(), [9, 10]);
    let newest = &versions[1];
    assert_eq!((newest.modified, newest.snapshot.code_sha256.as_str()), (Some(1_795_982_400_123), "b"));
    assert_eq!(newest.snapshot.release().expect("a release").version.to_string(), "0.2.0");
    let is = &aliases["live"];
    assert_eq!((is.number(), is.before), (Some(10), Some(Before::Replaced(9))));
    assert_eq!(is.run.as_deref(), Some("2026-11-30T11:20:05Z"));
    assert_eq!((&aliases["prod"].shares[..], aliases["prod"].before), (&[10][..], None));
}

#[tokio::test(start_paused = true)]
async fn what_others_set_on_a_function_counts_and_what_aws_sets_does_not() {
    let read = async |more: Value| {
        let aws = FakeAws::new(move |request| {
            let mut is = published("1", "a");
            is.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            Answer::Json(match request.operation.as_str() {
                "ListAliases" => json!({}),
                _ => json!({"Versions": [is]}),
            })
        });
        let (versions, _) = alias::observe((&aws.session()).into(), "f").await.expect("read");
        versions[0].snapshot.clone()
    };
    let plain = read(json!({})).await;
    let default = json!({"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": ""}, "EphemeralStorage": {"Size": 512},
                         "TracingConfig": {"Mode": "PassThrough"}, "Layers": [], "RevisionId": "x"});
    assert_eq!(read(default).await, plain);
    for other in [
        json!({"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}),
        json!({"Layers": [{"Arn": "arn:layer:1"}]}),
        json!({"TracingConfig": {"Mode": "Active"}}),
        json!({"EphemeralStorage": {"Size": 1024}}),
        json!({"KMSKeyArn": "arn:key"}),
        json!({"MemorySize": 512}),
    ] {
        assert_ne!(read(other.clone()).await, plain, "{other}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_is_published_of_this_code_and_waited_for() {
    let aws = FakeAws::new(|request| {
        Answer::Json(match (request.operation.as_str(), request.before) {
            ("PublishVersion", _) => json!({"Version": "8", "State": "Pending", "MemorySize": 256}),
            ("GetFunctionConfiguration", 0 | 3..) => {
                json!({"State": "Active", "LastUpdateStatus": "Successful"})
            }
            _ => json!({"State": "Pending"}),
        })
    });
    act(&aws, &publishing(256)).await.expect("published");
    let requests = aws.requests();
    let at = requests.iter().position(|request| request.operation == "PublishVersion").expect("a call");
    assert_eq!(requests[at].body["CodeSha256"], json!("a"));
    let looks = &requests[at + 1..];
    assert_eq!(looks.len(), 3);
    assert!(looks.iter().all(|look| look.uri.contains("f:8") || look.uri.contains("f%3A8")), "{looks:?}");
}

#[tokio::test(start_paused = true)]
async fn an_alias_moves_only_from_where_this_run_saw_it() {
    let aws = FakeAws::new(|_| Answer::ok());
    act(&aws, &moving(Version::Number(8), From::Alias(live("7")))).await.expect("moved");
    let requests = aws.requests();
    let moved = requests.iter().find(|request| request.operation == "UpdateAlias").expect("a call");
    assert_eq!((moved.text("FunctionVersion"), moved.text("RevisionId")), ("8", "r"));
    assert!(moved.text("Description").starts_with("replaced version 7, cwl2le run of 20"), "{moved:?}");
    assert_eq!(moved.body["RoutingConfig"], json!({"AdditionalVersionWeights": {}}));

    // A version that is taken back keeps the run that brought it.
    let back = Action::Move {
        function: "f".to_owned(),
        version: Version::Number(7),
        from: From::Alias(live("8")),
        before: Some(Before::RolledBackFrom(8)),
    };
    act(&aws, &back).await.expect("moved");
    let requests = aws.requests();
    let moved = requests.iter().rfind(|request| request.operation == "UpdateAlias").expect("a call");
    assert_eq!(moved.text("Description"), "rolled back from version 8, cwl2le run of 2026-11-01T00:00:00Z");
}

/// Another run publishes version 9 with the same code and other settings right after this one has published 8.
#[tokio::test(start_paused = true)]
async fn what_a_run_has_published_is_what_it_starts_and_makes_live() {
    let aws = FakeAws::new(|request| {
        Answer::Json(match request.operation.as_str() {
            "PublishVersion" => json!({"Version": "8", "State": "Active"}),
            "ListVersionsByFunction" => json!({"Versions": [published("8", "a"), published("9", "a")]}),
            "GetFunctionConfiguration" => json!({"State": "Active", "LastUpdateStatus": "Successful"}),
            _ => json!({}),
        })
    });
    let session = aws.session();
    let start = Action::Start { function: "f".to_owned(), version: Version::Published };
    let moves = moving(Version::Published, From::Alias(live("7")));
    let act = async |action: &Action| alias::act((&session).into(), action).await;
    assert_eq!(act(&moves).await.expect_err("published nothing yet").code, Code::Internal);
    for action in [&publishing(256), &start, &moves] {
        act(action).await.expect("done");
    }
    let requests = aws.requests();
    let of =
        |operation: &str| requests.iter().find(|request| request.operation == operation).expect("a call");
    assert!(of("Invoke").uri.contains("f:8") || of("Invoke").uri.contains("f%3A8"), "{requests:?}");
    assert_eq!(of("UpdateAlias").text("FunctionVersion"), "8");
}

#[tokio::test(start_paused = true)]
async fn a_version_with_the_settings_of_another_run_is_not_used() {
    let aws = FakeAws::new(|request| {
        Answer::Json(match request.operation.as_str() {
            "PublishVersion" => json!({"Version": "8", "State": "Active", "MemorySize": 512}),
            _ => json!({"State": "Active", "LastUpdateStatus": "Successful"}),
        })
    });
    let error = act(&aws, &publishing(256)).await.expect_err("changed");
    assert!(error.code == Code::Changed && error.message.contains("its settings"), "{error:?}");
    act(&aws, &publishing(512)).await.expect("published");
}

#[tokio::test(start_paused = true)]
async fn an_alias_that_another_run_moved_is_left_where_it_is() {
    for (is_at, ok) in [("8", true), ("9", false)] {
        let aws = FakeAws::new(move |request| match request.operation.as_str() {
            "UpdateAlias" => {
                Answer::Error(412, "PreconditionFailedException", "The RevisionId provided does not match")
            }
            "CreateAlias" => Answer::Error(409, "ResourceConflictException", "Alias already exists"),
            _ => Answer::Json(json!({"Aliases": [{"Name": "live", "FunctionVersion": is_at}]})),
        });
        for from in [From::Nothing, From::Alias(live("7")), From::Earlier] {
            let moved = act(&aws, &moving(Version::Number(8), from)).await;
            // The answer to the first attempt may have been lost.
            assert_eq!(moved.is_ok(), ok, "{moved:?}");
            assert!(moved.err().is_none_or(|error| error.code == Code::Changed));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_version_may_show_late() {
    let aws = FakeAws::new(|request| match (request.operation.as_str(), request.before) {
        ("CreateAlias", 0..3) => Answer::Error(404, "ResourceNotFoundException", "Function not found: f:1"),
        _ => Answer::ok(),
    });
    act(&aws, &moving(Version::Number(1), From::Nothing)).await.expect("made");
    assert_eq!(aws.requests().iter().filter(|request| request.operation == "CreateAlias").count(), 4);
}
