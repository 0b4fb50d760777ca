//! Ready means ready: a function that cannot start fails `setup`, and a trigger that somebody moved loses no
//! checkpoint.

use std::time::Duration;

use cwl2le_forwarder::aws::Service;
use cwl2le_local::log_service::{Fault, Line};
use serde_json::{Value, json};

use crate::support::secrets::{put_parameter, write};
use crate::support::{REGION, Ran, TOKEN, World};

const PATIENCE: Duration = Duration::from_secs(60);
const FUNCTION: &str = "cwl-to-logentries";
const GROUP: &str = "/app/a";

/// A configuration file whose token is the parameter `/token`, and `cwl2le` with it.
struct Stack {
    world: World,
    folder: tempfile::TempDir,
}

impl Stack {
    async fn start() -> Self {
        let world = World::start().await;
        world.create_log_group(GROUP).await;
        let stack = Self { world, folder: tempfile::tempdir().expect("a folder") };
        stack.write("");
        stack
    }

    fn file(&self) -> String {
        self.folder.path().join("cwl2le.toml").display().to_string()
    }

    fn write(&self, more: &str) {
        let (address, ca) = (self.world.log_service.address(), self.world.ca_file.path().display());
        let text = format!(
            "[trigger]\nbatch_window = 0\n\
             [destinations.app]\ntype = \"logentries\"\nendpoint = \"{address}\"\nca_file = \"{ca}\"\n\
             token = {{ ssm = \"/token\" }}\n{more}\n[[subscriptions]]\nlog_groups = [\"{GROUP}\"]\n"
        );
        std::fs::write(self.file(), text).expect("written");
    }

    async fn run(&self, args: &[&str]) -> Ran {
        let file = self.file();
        self.world.run(&[&["--config", &file], args].concat()).await
    }

    fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.world.config(REGION))
    }

    /// The ids of all triggers.
    async fn triggers(&self) -> Vec<String> {
        let mappings = self.lambda().list_event_source_mappings().send().await.expect("mappings");
        mappings
            .event_source_mappings
            .unwrap_or_default()
            .into_iter()
            .filter_map(|mapping| mapping.uuid)
            .collect()
    }

    async fn put(&self, messages: &[String]) {
        self.world.put_log_events(GROUP, messages).await;
    }

    async fn arrived(&self, count: usize) -> Vec<String> {
        let lines = self.world.log_service.wait_for_lines(count, PATIENCE).await;
        let lines = lines.unwrap_or_else(|few| panic!("{few}\n{}", self.world.aws().logs_tail(60)));
        let mut lines: Vec<String> = lines.iter().map(Line::text).collect();
        lines.sort();
        lines
    }
}

/// A process that cannot start answers nothing and writes no line of metrics: what it says last counts.
#[tokio::test(flavor = "multi_thread")]
async fn status_is_not_ready_after_a_start_that_failed() {
    let stack = Stack::start().await;
    put_parameter(&stack.world, "/token", TOKEN).await;
    stack.run(&["setup", "--yes"]).await.ok();
    stack.run(&["status", "--check"]).await.ok();

    put_parameter(&stack.world, "/token", "no such token").await;
    // A change of the function ends its processes.
    let ran = stack.run(&["setup", "--memory", "300", "--yes"]).await.failed(5, "cannot-start");
    let message = ran.json()["error"]["message"].as_str().expect("a message").to_owned();
    assert!(message.contains("cannot start: ") && !message.contains("errorMessage"), "{message}");
    assert!(!message.contains("Runtime."), "the forwarder gives the reason: {message}");
    // The version before has the records until the new one has started, and status says why it has not.
    let reason =
        "version 2 fails: CWL2LE_CONFIG is not valid: destinations.app: the text of SSM parameter `/token`";
    let says = |report: &Value| part(report, "function")["wrong"].to_string().contains(reason);
    let report =
        stack.until("why the new version did not start", |code, report| code == 8 && says(report)).await;
    assert!(["quiet", "flowing"].contains(&report["verdict"].as_str().unwrap_or_default()), "{report:#}");
    let report = report.to_string();
    assert!(report.contains("version: 1 -> new") && !report.contains("no such token"), "{report}");
    // It works on with the token that it has read, and that does not hide the reason.
    stack.put(&messages(0, 3)).await;
    stack.arrived(3).await;
    let delivered = |report: &Value| report["destinations"][0]["last_delivered"].is_string();
    stack.until("both", |code, report| code == 8 && delivered(report) && says(report)).await;

    put_parameter(&stack.world, "/token", TOKEN).await;
    stack.run(&["setup", "--memory", "300", "--yes"]).await.ok();
    stack.run(&["status", "--check"]).await.ok();
    stack.put(&messages(3, 6)).await;
    stack.arrived(6).await;
    let report = stack.until("nothing that fails", |code, _| code == 0).await;
    assert!(!says(&report), "{report:#}");
}

fn messages(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|n| format!("line {n:04}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_cannot_start_fails_setup_before_it_gets_a_record() {
    let stack = Stack::start().await;
    put_parameter(&stack.world, "/token", "no such token").await;
    for _ in 0..2 {
        // The second run has nothing left to do but the trigger and what comes after it.
        let ran = stack.run(&["setup", "--yes"]).await.failed(5, "cannot-start");
        let error = &ran.json()["error"];
        let message = error["message"].as_str().expect("a message");
        assert!(message.contains("the text of SSM parameter `/token` is not valid"), "{message}");
        assert!(!ran.stdout.contains("no such token") && error["resource"] == json!(FUNCTION), "{ran:?}");
        assert!(error["hint"].as_str().expect("a hint").contains("fix what the message says"), "{ran:?}");
        assert_eq!(stack.triggers().await, Vec::<String>::new());
    }
    put_parameter(&stack.world, "/token", TOKEN).await;
    stack.run(&["setup", "--yes"]).await.ok();
    stack.put(&messages(0, 3)).await;
    stack.arrived(3).await;

    // Nothing is to be changed, and the function works on with what it read. The next process could not start.
    put_parameter(&stack.world, "/token", "no such token").await;
    assert_eq!(stack.run(&["plan"]).await.ok().json()["changed"], json!(false));
    stack.run(&["setup", "--yes"]).await.failed(5, "cannot-start");
    // A change of something that the function needs comes with a test of it.
    let iam = aws_sdk_iam::Client::new(&stack.world.config(REGION));
    let delete = iam.delete_role_policy().role_name(FUNCTION).policy_name("cwl-logentries-forward");
    delete.send().await.expect("deleted");
    let plan = stack.run(&["setup", "--dry-run"]).await.ok().json();
    let verbs = plan["changes"].as_array().expect("changes").iter().map(|step| step["verb"].clone());
    assert_eq!(verbs.collect::<Vec<Value>>(), [json!("update"), json!("check")], "{plan:#}");
    stack.run(&["setup", "--yes"]).await.failed(5, "cannot-start");
    put_parameter(&stack.world, "/token", TOKEN).await;
    stack.run(&["setup", "--yes"]).await.ok();
    stack.run(&["teardown", "--yes"]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_not_there_is_refused_before_the_first_change() {
    let stack = Stack::start().await;
    for verb in [&["plan"][..], &["setup", "--yes"]] {
        let ran = stack.run(verb).await.failed(6, "not-found");
        let error = &ran.json()["error"];
        let (message, hint) = (error["message"].to_string(), error["hint"].to_string());
        assert!(message.contains("destinations.app.token: SSM parameter `/token` does not exist"), "{ran:?}");
        assert!(hint.contains("aws ssm put-parameter --name /token --type SecureString"), "{ran:?}");
    }
    let kinesis = aws_sdk_kinesis::Client::new(&stack.world.config(REGION));
    assert_eq!(kinesis.list_streams().send().await.expect("streams").stream_names, [""; 0]);

    // The name is right, and a version of it is not there.
    put_parameter(&stack.world, "/token", TOKEN).await;
    for (name, code) in [("/token:1", 0), ("/token:7", 6)] {
        let text = std::fs::read_to_string(stack.file())
            .expect("read")
            .replace("\"/token\"", &format!("\"{name}\""));
        let file = stack.folder.path().join("versioned.toml");
        std::fs::write(&file, text).expect("written");
        let path = file.to_str().expect("UTF-8");
        let ran = stack.world.run(&["--config", path, "setup", "--dry-run"]).await;
        assert_eq!(ran.code, code, "{name}: {ran:?}");
    }

    // The same of a secret: none, one without the key that is meant, one that is going.
    let secret = |name: &str| {
        let text = std::fs::read_to_string(stack.file()).expect("read");
        let text = text.replace("{ ssm = \"/token\" }", &format!("{{ secretsmanager = \"{name}\" }}"));
        std::fs::write(stack.file(), text).expect("written");
    };
    secret("le/tokens#app");
    let ran = stack.run(&["setup", "--yes"]).await.failed(6, "not-found");
    assert!(ran.stdout.contains("aws secretsmanager create-secret --name le/tokens "), "{ran:?}");
    let body = json!({"Name": "le/tokens", "SecretString": json!({"other": TOKEN}).to_string()});
    write(&stack.world, Service::SecretsManager, "CreateSecret", body).await;
    // That takes reading its value, which only the function does.
    let ran = stack.run(&["setup", "--yes"]).await.failed(5, "cannot-start");
    assert!(ran.stdout.contains("its text is no JSON object with this key"), "{ran:?}");
    let body = json!({"SecretId": "le/tokens", "SecretString": json!({"app": TOKEN}).to_string()});
    write(&stack.world, Service::SecretsManager, "PutSecretValue", body).await;
    stack.run(&["setup", "--yes"]).await.ok();
    write(&stack.world, Service::SecretsManager, "DeleteSecret", json!({"SecretId": "le/tokens"})).await;
    let ran = stack.run(&["setup", "--yes"]).await.failed(6, "not-found");
    assert!(ran.stdout.contains("aws secretsmanager restore-secret --secret-id le/tokens"), "{ran:?}");
    // A secret that is gone keeps nobody from tearing the stack down.
    stack.run(&["teardown", "--yes"]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_on_the_function_itself_moves_to_the_alias_and_no_line_comes_twice_or_is_lost() {
    let stack = Stack::start().await;
    put_parameter(&stack.world, "/token", TOKEN).await;
    stack.run(&["setup", "--yes"]).await.ok();
    stack.put(&messages(0, 20)).await;
    stack.arrived(20).await;

    // As a chain is that has no versions yet, and lines go on.
    let lambda = stack.lambda();
    let before = stack.triggers().await;
    let [uuid] = &before[..] else { panic!("one trigger: {before:?}") };
    let update = lambda.update_event_source_mapping().uuid(uuid).function_name(FUNCTION);
    update.send().await.expect("moved");
    lambda.delete_alias().function_name(FUNCTION).name("live").send().await.expect("deleted");
    lambda.delete_function().function_name(FUNCTION).qualifier("1").send().await.expect("deleted");
    stack.put(&messages(20, 40)).await;
    stack.arrived(40).await;

    let plan = stack.run(&["setup", "--dry-run"]).await.ok().json();
    let trigger =
        plan["changes"].as_array().expect("changes").iter().find(|step| step["verb"] == json!("update"));
    let fields = &trigger.unwrap_or_else(|| panic!("{plan:#}"))["fields"];
    assert_eq!(fields, &json!([{"name": "calls", "old": "$LATEST", "new": "live"}]), "{plan:#}");
    let status = stack.run(&["status", "--check"]).await;
    assert_eq!(status.code, 8, "{status:?}");
    // Lines arrive all the time, and the function changes as well.
    let (ran, ()) = tokio::join!(stack.run(&["setup", "--memory", "512", "--yes"]), async {
        for n in (40..80).step_by(5) {
            stack.put(&messages(n, n + 5)).await;
        }
    });
    ran.ok();
    stack.put(&messages(80, 90)).await;
    let mut wanted: Vec<String> =
        messages(0, 90).iter().map(|message| format!("{TOKEN} {message}")).collect();
    wanted.sort();
    assert_eq!(stack.arrived(90).await, wanted);
    assert_eq!(stack.triggers().await, before, "it is the same one");
    let is = lambda.get_event_source_mapping().uuid(uuid).send().await.expect("a mapping");
    assert!(is.function_arn.expect("an ARN").ends_with(&format!(":{FUNCTION}:live")));
    assert_eq!(stack.run(&["plan"]).await.ok().json()["changed"], json!(false));

    let live = lambda.get_alias().function_name(FUNCTION).name("live").send().await.expect("an alias");
    assert_eq!(live.function_version.as_deref(), Some("3"), "what ran is version 2, the way back");
    stack.run(&["teardown", "--yes"]).await.ok();
    assert_eq!(stack.triggers().await, Vec::<String>::new());
    assert_eq!(stack.world.log_service.line_count(), 90);
}

impl Stack {
    /// Asks `status --check` until it says what is waited for.
    async fn until(&self, what: &str, is_so: impl Fn(i32, &Value) -> bool) -> Value {
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            let ran = self.run(&["status", "--check"]).await;
            let report = ran.json();
            if is_so(ran.code, &report) {
                assert_eq!(report["ready"], json!(ran.code == 0), "{report:#}");
                return report;
            }
            let in_time = tokio::time::Instant::now() < end;
            assert!(in_time, "waited for {what}: {report:#}\n{}", self.world.aws().logs_tail(40));
        }
    }
}

fn part<'a>(report: &'a Value, kind: &str) -> &'a Value {
    let parts = report["parts"].as_array().expect("parts");
    parts.iter().find(|part| part["kind"] == json!(kind)).unwrap_or_else(|| panic!("{report:#}"))
}

/// A partial batch response is a success for Lambda: only the forwarder's own lines tell.
#[tokio::test(flavor = "multi_thread")]
async fn status_is_not_ready_while_the_log_service_refuses_everything() {
    let stack = Stack::start().await;
    put_parameter(&stack.world, "/token", TOKEN).await;
    stack.run(&["setup", "--yes"]).await.ok();
    // The test invocation has written a line, and nothing has been delivered yet.
    let report = stack.until("a new stack to be ready", |code, _| code == 0).await;
    assert_eq!(report["destinations"][0]["failure"], json!(null), "{report:#}");
    stack.put(&messages(0, 3)).await;
    stack.arrived(3).await;
    stack
        .until("a delivery", |code, report| {
            code == 0 && report["destinations"][0]["last_delivered"].is_string()
        })
        .await;

    stack.world.log_service.set_fault(Fault::Refuse);
    stack.put(&messages(3, 6)).await;
    let report = stack.until("the failure", |code, _| code == 8).await;
    assert_eq!(report["verdict"], json!("failing"), "{report:#}");
    let wrong = report["why"].to_string();
    assert!(
        wrong.contains("destination app does not accept every event") && wrong.contains("reset"),
        "{report:#}"
    );
    assert!(!report.to_string().contains(TOKEN), "{report:#}");
    assert!(report["destinations"][0]["failing_since"].is_string(), "{report:#}");
    let trigger = part(&report, "trigger");
    assert!(trigger["ready"] == json!(true) && trigger["state"].to_string().contains("OK"), "{report:#}");
    let mut text = stack.world.command();
    text.args(["--config", &stack.file(), "status"]);
    let text: Ran =
        tokio::task::spawn_blocking(move || text.output()).await.expect("no panic").expect("it runs").into();
    assert!(text.stdout.starts_with("FAILING: destination app does not accept every event: "), "{text:?}");
    // Setup could not help, and so it is not named.
    assert!(text.stdout.contains("next: cwl2le doctor") && !text.stdout.contains("cwl2le setup"), "{text:?}");

    stack.world.log_service.set_fault(Fault::None);
    stack.arrived(6).await;
    stack.until("the success after it", |code, _| code == 0).await;

    // What failed before the function was changed does not count.
    stack.world.log_service.set_fault(Fault::Refuse);
    stack.put(&messages(6, 9)).await;
    stack.until("the failure", |code, _| code == 8).await;
    stack.world.log_service.set_fault(Fault::None);
    stack.run(&["setup", "--memory", "300", "--yes"]).await.ok();
    stack.arrived(9).await;
    stack.until("a new configuration to be ready", |code, _| code == 0).await;

    // Its log group is a part of the stack.
    stack
        .world
        .logs()
        .delete_log_group()
        .log_group_name(format!("/aws/lambda/{FUNCTION}"))
        .send()
        .await
        .expect("deleted");
    let report = stack.until("the missing log group", |code, _| code == 8).await;
    assert_eq!(part(&report, "log-group")["state"], json!("missing"), "{report:#}");
}
