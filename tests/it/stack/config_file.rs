//! `cwl2le.toml`, `plan` and `init` through the `cwl2le` process, on the local AWS.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{self, Ran, TOKEN, World};

/// A folder with a configuration file, and `cwl2le` in it.
struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("cwl2le.toml"), config).expect("written");
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("cwl2le.toml")
    }

    /// Runs `cwl2le --output json ARGS` in the folder, with the token in `LE_TOKEN`.
    async fn run(&self, world: &World, args: &[&str]) -> Ran {
        let mut command = world.command();
        // The region is in the file.
        command.env_remove("AWS_REGION").env("LE_TOKEN", TOKEN).current_dir(self.folder.path());
        command.args(["--output", "json"]).args(support::confirmed(args));
        tokio::task::spawn_blocking(move || command.output().expect("cwl2le runs").into())
            .await
            .expect("no panic")
    }
}

fn config(world: &World, rest: &str) -> String {
    let address = world.log_service.address();
    format!(
        r#"
region = "ap-northeast-1"
[function]
memory = 320
[tags]
team = "platform"
[destinations.app]
type = "logentries"
endpoint = "{address}"
token = {{ env = "LE_TOKEN" }}
{rest}
"#
    )
}

fn changes(report: &Value) -> Vec<String> {
    let steps = report["changes"].as_array().expect("a list of changes");
    steps
        .iter()
        .map(|step| format!("{} {}", step["verb"], support::place(&step["resource"])).replace('"', ""))
        .collect()
}

fn code(ran: &Ran, code: i32) -> Value {
    assert_eq!(ran.code, code, "stdout:\n{}\nstderr:\n{}", ran.stdout, ran.stderr);
    assert!(!ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN), "a token was shown: {ran:?}");
    ran.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn setup_brings_the_account_to_the_file() {
    let world = World::start().await;
    for name in ["/app/a", "/app/b", "/app/noisy", "/other/x"] {
        world.create_log_group(name).await;
    }
    let subscriptions =
        "[[subscriptions]]\nmatch = [\"/app/*\"]\nexclude = [\"*noisy\"]\nfilter_pattern = \"ERROR\"\n";
    let folder = Folder::new(&config(&world, subscriptions));

    // The plan says what setup does, and changes nothing.
    let planned = code(&folder.run(&world, &["plan"]).await, 8);
    let made = folder.run(&world, &["setup"]).await;
    assert!(made.stderr.contains("configuration cwl2le.toml"), "{}", made.stderr);
    let made = code(&made, 0);
    // Both say where each setting comes from, and of a token no more than that.
    for (name, value, origin) in [
        ("region", json!("ap-northeast-1"), ("file", Some("cwl2le.toml:2:10"))),
        ("stack", json!("default"), ("default", None)),
        (
            "destination app",
            json!(format!("logentries {}", world.log_service.address())),
            ("file", Some("cwl2le.toml:7:1")),
        ),
        ("token of app", Value::Null, ("environment", Some("LE_TOKEN"))),
        ("memory", json!("320"), ("file", Some("cwl2le.toml:4:10"))),
    ] {
        for report in [&planned, &made] {
            let settings = report["settings"].as_array().expect("settings");
            let setting = settings.iter().find(|setting| setting["name"] == name).expect(name);
            assert_eq!(
                (&setting["value"], &setting["origin"]),
                (&value, &json!({"kind": origin.0, "name": origin.1})),
                "{name}"
            );
        }
    }
    assert_eq!(changes(&planned), changes(&made));
    assert_eq!(changes(&made).len(), 9, "{made:#}");
    assert_eq!(
        changes(&made)[7..],
        ["create /app/a -> cloudwatchLogsFilter", "create /app/b -> cloudwatchLogsFilter"]
    );
    assert_eq!(code(&folder.run(&world, &["plan"]).await, 0)["changed"], json!(false));

    // A log group on top of the file, by flag.
    let by_flag = ["setup", "--log-group", "/other/x"];
    assert_eq!(
        changes(&code(&folder.run(&world, &by_flag).await, 0)),
        ["create /other/x -> cloudwatchLogsFilter"]
    );

    // Another file: one group stays with another pattern, one moves to a destination, the rest goes.
    let other = "[[subscriptions]]\nlog_groups = [\"/app/a\"]\nfilter_pattern = \"WARN\"\n\
                 [[subscriptions]]\nmatch = [\"/app/b\", \"/nothing/*\"]\ndestination = \"app\"\n";
    std::fs::write(folder.path(), config(&world, other).replace("320", "384")).expect("written");
    let ran = folder.run(&world, &["setup", "--dry-run"]).await;
    let dry = code(&ran, 0);
    assert!(dry["notes"].to_string().contains("`/nothing/*` matches no log group"), "{dry:#}");
    assert_eq!(dry["dry_run"], json!(true));
    assert_eq!(
        changes(&dry),
        [
            "delete /other/x -> cloudwatchLogsFilter",
            "update cwl-to-logentries",
            "update cwl-to-logentries:live",
            "update /app/a -> cloudwatchLogsFilter",
            "create /app/b -> cloudwatchLogsFilter@app",
        ]
    );
    assert_eq!(dry["changes"][1]["fields"], json!([{"name": "memory_mb", "old": 320, "new": 384}]));
    assert_eq!(changes(&code(&folder.run(&world, &["setup"]).await, 0)), changes(&dry));
    assert_eq!(code(&folder.run(&world, &["plan"]).await, 0)["changed"], json!(false));

    let status = code(&folder.run(&world, &["status", "--deep"]).await, 0);
    let led: Vec<&Value> =
        status["subscriptions"].as_array().expect("a list").iter().map(|s| &s["filter"]).collect();
    assert_eq!(led, ["cloudwatchLogsFilter", "cloudwatchLogsFilter@app"]);

    // Without any section nobody is unsubscribed.
    std::fs::write(folder.path(), config(&world, "").replace("320", "384")).expect("written");
    assert_eq!(code(&folder.run(&world, &["plan"]).await, 0)["changed"], json!(false));
    code(&folder.run(&world, &["teardown", "--yes"]).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_init_writes_from_an_account_changes_nothing_in_it() {
    let world = World::start().await;
    for name in ["/app/a", "/app/b", "/app/c", "/audit/x"] {
        world.create_log_group(name).await;
    }
    let rest = r#"
[destinations.audit]
type = "logentries"
region = "eu"
token = { env = "LE_TOKEN" }
[[routes]]
log_group = "/audit/*"
destination = "audit"
[[subscriptions]]
match = ["/app/*"]
filter_pattern = "{ $.level > 0 }"
[[subscriptions]]
log_groups = ["/audit/x", "/app/c"]
destination = "audit"
distribution = "random"
"#;
    let text = config(&world, rest).replace("[function]", "default_destination = \"app\"\n[function]");
    let folder = Folder::new(&format!("stack = \"blue\"\n{text}"));
    code(&folder.run(&world, &["setup"]).await, 0);

    let described = folder.folder.path().join("described.toml");
    let init =
        ["init", "--from-account", "--stack", "blue", "--region", support::REGION, "--to", "described.toml"];
    let report = code(&folder.run(&world, &init).await, 0);
    assert_eq!(report["tokens"], json!(["CWL2LE_TOKEN_APP", "CWL2LE_TOKEN_AUDIT"]));
    folder.run(&world, &init).await.failed(2, "usage");
    let text = std::fs::read_to_string(&described).expect("written");
    assert!(!text.contains(TOKEN), "{text}");

    // The variable that it expects the token in is not set: the error names the place.
    let plan = ["plan", "--config", "described.toml"];
    let unset = folder.run(&world, &plan).await.failed(2, "config").json();
    let message = unset["error"]["message"].as_str().expect("a message");
    assert!(message.starts_with("described.toml:") && message.contains("CWL2LE_TOKEN_APP"), "{message}");
    std::fs::write(
        &described,
        text.replace("CWL2LE_TOKEN_APP", "LE_TOKEN").replace("CWL2LE_TOKEN_AUDIT", "LE_TOKEN"),
    )
    .expect("written");
    let planned = code(&folder.run(&world, &plan).await, 0);
    assert_eq!(planned["changed"], json!(false), "{planned:#}\n{text}");
    code(&folder.run(&world, &["teardown", "--yes"]).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_plan_is_in_the_document_of_the_error() {
    let world = World::start().await;
    let folder = Folder::new(&config(&world, "[[subscriptions]]\nlog_groups = [\"/no/such/group\"]\n"));
    for verb in ["plan", "setup"] {
        let document = folder.run(&world, &[verb]).await.failed(6, "unknown-log-group").json();
        assert_eq!(document["plan"]["refused"][0]["code"], json!("unknown-log-group"), "{document:#}");
        assert_eq!(document["plan"]["steps"].as_array().map(Vec::len), Some(7), "{document:#}");
    }
    let status = code(&folder.run(&world, &["status", "--deep"]).await, 0);
    assert_eq!(status["ready"], json!(false));
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_refused_before_aws_is_asked() {
    let folder = Folder::new("[function]\nmemroy = 512\n");
    let run = |args: &[&str]| -> Ran {
        support::cwl2le()
            .args(["--output", "json"])
            .args(args)
            .current_dir(folder.folder.path())
            .output()
            .expect("it runs")
            .into()
    };
    let error = run(&["plan"]).failed(2, "config").json()["error"].clone();
    assert_eq!(error["message"], json!("cwl2le.toml:2:1: unknown key `memroy` in `function`"));
    assert_eq!(error["hint"], json!("did you mean `memory`?"));
    run(&["status", "--config", "elsewhere.toml"]).failed(2, "config");

    // `init` writes beside it what every command reads, and never over a file.
    run(&["init"]).failed(2, "usage");
    run(&["init", "--force", "--stack", "blue"]).ok();
    let text = std::fs::read_to_string(folder.path()).expect("written");
    assert!(text.contains("\nstack = \"blue\"\n"), "{text}");
    run(&["plan"]).failed(4, "no-region");
}

#[test]
fn the_documents_for_review_are_those_of_the_file() {
    let folder = Folder::new(
        "region = \"eu-west-1\"\nstack = \"blue\"\n[destinations.app]\ntype = \"logentries\"\nregion = \"eu\"\n\
         token = { secretsmanager = \"le/app\" }\n[destinations.other]\ntype = \"logentries\"\nregion = \"eu\"\n\
         token = { env = \"NOT_SET\" }\n",
    );
    let ran: Ran = support::cwl2le()
        .args(["--output", "json", "policies", "forwarder", "--account", "123456789012"])
        .current_dir(folder.folder.path())
        .output()
        .expect("it runs")
        .into();
    let policy = ran.ok().json()["policies"]["forwarder"].clone();
    let statements = policy["Statement"].as_array().expect("statements").clone();
    assert_eq!(statements.len(), 4, "{policy:#}");
    assert_eq!(
        statements[3]["Resource"],
        json!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:le/app-??????")
    );
    assert!(statements[0]["Resource"].to_string().contains("blue-cloudwatch-logs-stream"), "{policy:#}");
}
