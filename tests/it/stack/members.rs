//! Log groups of a member account, sent to the destination of a central one: two accounts on the local AWS.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::PolicyType;
use cwl2le_local::log_service::Line;
use serde_json::{Value, json};

use crate::support::destination::Destination;
use crate::support::{self, REGION, World};

const PATIENCE: Duration = Duration::from_secs(60);
const ORGANIZATION: &str = "o-a1b2c3d4e5";
const FILTER: &str = "cloudwatchLogsToDestination";

/// A central account with a stack and a destination, and a member with log groups.
struct Accounts {
    central: World,
    member: World,
    destination: Destination,
}

impl Accounts {
    async fn start() -> Self {
        let central = World::start().await;
        let member = central.beside();
        central.setup(&[]).await.ok();
        for name in ["/app/a", "/app/b", "/aws/lambda/cwl-to-logentries"] {
            member.create_log_group(name).await;
        }
        let members = [member.home.account.as_str()];
        let (account, stream) = (&central.home.account, "cloudwatch-logs-stream");
        let destination = Destination::make(central.config(REGION), account, stream, &members).await;
        Self { central, member, destination }
    }

    async fn accept_member(&self) {
        self.destination.accept_account(&self.member.home.account).await;
    }

    async fn accept_organization(&self) {
        self.destination.accept_organization(ORGANIZATION).await;
        let joined = self.member.aws().set_organization(&self.member.home.account, Some(ORGANIZATION), true);
        joined.await.expect("a member of the organization");
    }

    /// Runs a verb of the member for the destination.
    async fn run(&self, args: &[&str]) -> support::Ran {
        self.member.run(&[args, &["--to-destination", &self.destination.arn]].concat()).await
    }

    async fn has_run(&self, args: &[&str]) -> Value {
        self.run(args).await.ok().json()
    }

    /// What the member has of subscriptions: the names and roles of filters, the account policy, and the role.
    async fn seen(&self) -> Vec<String> {
        let logs = self.member.logs();
        let mut seen = Vec::new();
        for group in ["/app/a", "/app/b", "/aws/lambda/cwl-to-logentries"] {
            let filters =
                logs.describe_subscription_filters().log_group_name(group).send().await.expect("filters");
            seen.extend(filters.subscription_filters().iter().map(|filter| {
                let role = filter
                    .role_arn()
                    .and_then(|arn| arn.rsplit('/').next())
                    .filter(|name| !name.is_empty())
                    .unwrap_or("no role");
                let name = filter.filter_name().unwrap_or_default();
                assert_eq!(filter.destination_arn(), Some(self.destination.arn.as_str()));
                format!("{group} {name} {role}")
            }));
        }
        let kind = PolicyType::SubscriptionFilterPolicy;
        let policies = logs.describe_account_policies().policy_type(kind).send().await.expect("policies");
        seen.extend(
            policies
                .account_policies()
                .iter()
                .map(|policy| format!("account policy {}", policy.policy_name().unwrap_or_default())),
        );
        let iam = aws_sdk_iam::Client::new(&self.member.config(REGION));
        let roles = iam.list_roles().send().await.expect("roles").roles;
        seen.extend(roles.into_iter().map(|role| format!("role {}", role.role_name)));
        seen
    }

    /// Writes a line to each log group of the member, and waits for those that arrive.
    async fn arrived(&self, count: usize) -> Vec<String> {
        for group in ["/app/a", "/app/b", "/aws/lambda/cwl-to-logentries"] {
            self.member.put_log_events(group, &[format!("line of {group}")]).await;
        }
        let arrived = self.central.log_service.wait_for_lines(count, PATIENCE).await;
        let arrived = arrived.unwrap_or_else(|few| panic!("{few}\n{}", self.central.aws().logs_tail(40)));
        let mut lines: Vec<String> = arrived.iter().map(Line::text).collect();
        lines.sort();
        lines.into_iter().map(|line| line.replace(support::TOKEN, "").trim().to_owned()).collect()
    }
}

fn changes(report: &Value) -> Vec<String> {
    let steps = report["changes"].as_array().expect("a list of changes");
    let verb = |step: &Value| step["verb"].as_str().unwrap_or_default().to_owned();
    steps.iter().map(|step| format!("{} {}", verb(step), support::named(&step["resource"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn log_groups_of_a_member_arrive_in_the_central_account() {
    let accounts = Accounts::start().await;
    // The destination does not accept anybody yet.
    let refused = accounts.run(&["subscribe", "/app/a"]).await.failed(4, "access-denied").json();
    let hint = refused["error"]["hint"].as_str().expect("a hint");
    let (central, member) = (&accounts.central.home.account, &accounts.member.home.account);
    assert!(hint.contains(&format!("in account {central}, run")), "{hint}");
    // As it stands it would cut off the other members, so it is not accepted as it stands.
    let command = hint.split('`').find_map(|part| part.strip_prefix("AWS_PROFILE=CENTRAL cwl2le "));
    let command: Vec<&str> = command.expect("a command").split(' ').collect();
    let list = format!("{member},ACCEPTED_ALREADY");
    assert_eq!(command, ["setup", "--region", REGION, "--accept-accounts", &list], "{hint}");
    accounts.central.run(&command).await.failed(2, "usage");
    assert!(hint.contains("policies everyday") && hint.contains("--to-destination"), "{hint}");
    assert_eq!(accounts.seen().await, [""; 0]);

    accounts.accept_member().await;
    let nothing = accounts.has_run(&["status"]).await;
    assert_eq!(nothing["verdict"], "nothing");
    let select = ["subscribe", "*", "--exclude", "/app/x*"];
    let planned = accounts.has_run(&[&select[..], &["--dry-run"]].concat()).await;
    assert_eq!(accounts.seen().await, [""; 0], "a dry run changes nothing");
    let done = accounts.has_run(&select).await;
    assert_eq!(changes(&planned), changes(&done));
    let filters = [format!("/app/a {FILTER} no role"), format!("/app/b {FILTER} no role")];
    assert_eq!(accounts.seen().await, filters, "the log group of a forwarder is left out");
    assert_eq!(accounts.has_run(&select).await["changed"], json!(false));
    assert_eq!(accounts.arrived(2).await, ["line of /app/a", "line of /app/b"]);

    let status = accounts.has_run(&["status"]).await;
    assert_eq!(status["verdict"], "sending", "{status:#}");
    assert_eq!(status["events"]["forwarded"], json!(2), "{status:#}");
    assert_eq!(status["subscriptions"][0]["log_group"], json!("/app/a"));
    assert_eq!(accounts.run(&["status", "--check"]).await.ok().json()["role"], Value::Null);

    accounts.has_run(&["unsubscribe", "/app/a"]).await;
    assert_eq!(accounts.seen().await, filters[1..]);
    accounts.has_run(&["teardown"]).await;
    assert_eq!(accounts.seen().await, [""; 0]);
    assert_eq!(accounts.has_run(&["teardown"]).await["changed"], json!(false));
}

/// Sets the central account up for members, with lines that say which account they come from.
async fn set_up_for(central: &World, members: &[&str]) -> Value {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let text = format!(
        "[trigger]\nbatch_window = 0\n[destinations.default]\ntype = \"logentries\"\nendpoint = \"{}\"\nca_file = \"{}\"\n\
         token = \"{}\"\nformat = \"prefix\"\n",
        central.log_service.address(),
        central.ca_file.path().display(),
        support::TOKEN,
    );
    std::fs::write(file.path(), text).expect("written");
    let path = file.path().display().to_string();
    central.run(&[&["setup", "--config", &path], members].concat()).await.ok().json()
}

/// Runs in the member what `setup` of the central account printed for it, with more flags.
async fn run_what_was_printed(member: &World, made: &Value, more: &[&str]) -> support::Ran {
    let command = made["next"][0]["command"].as_str().expect("a command");
    let words: Vec<&str> = command.split(' ').map(|word| word.trim_matches('\'')).collect();
    let (program, args) = words.split_first().expect("a command");
    assert_eq!(*program, "cwl2le");
    member.run(&[args, more].concat()).await
}

/// What arrives behind the token, once there are so many lines.
async fn lines_of(central: &World, count: usize) -> Vec<String> {
    let arrived = central.log_service.wait_for_lines(count, PATIENCE).await;
    let arrived = arrived.unwrap_or_else(|few| panic!("{few}\n{}", central.aws().logs_tail(40)));
    arrived.iter().map(|line| line.text().replace(support::TOKEN, "").trim().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_runs_what_setup_of_the_central_account_printed() {
    let central = World::start().await;
    let (member, group) = (central.beside(), "/aws/lambda/shop");
    member.create_log_group(group).await;
    let account = &member.home.account;
    let made = set_up_for(&central, &["--accept-accounts", account]).await;
    // A name of one's own is counted as well.
    run_what_was_printed(&member, &made, &["--filter-name", "mine"]).await.ok();
    member.put_log_events(group, &["paid 17".to_owned()]).await;
    let arrived = lines_of(&central, 1).await;
    assert!(
        arrived[0].contains(&format!("account={account}")) && arrived[0].ends_with("paid 17"),
        "{arrived:?}"
    );
    let command = made["next"][0]["command"].as_str().expect("a command");
    let arn = command.split(' ').find(|word| word.starts_with("arn:")).expect("an ARN");
    let status = member.run(&["status", "--to-destination", arn]).await.ok().json();
    assert_eq!((&status["verdict"], &status["events"]["forwarded"]), (&json!("sending"), &json!(1)));

    let seen = central.run(&["status"]).await.ok().json();
    assert_eq!(seen["accounts"]["senders"][0]["account"], json!(account), "{seen:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_an_organization_runs_what_setup_of_the_central_account_printed() {
    let central = World::start().await;
    let (member, group) = (central.beside(), "/aws/lambda/shop");
    member.create_log_group(group).await;
    let account = &member.home.account;
    central.aws().set_organization(account, Some(ORGANIZATION), true).await.expect("a member");
    let made = set_up_for(&central, &["--accept-organization", ORGANIZATION]).await;
    run_what_was_printed(&member, &made, &[]).await.ok();
    let roles = aws_sdk_iam::Client::new(&member.config(REGION)).list_roles().send().await.expect("roles");
    assert_eq!(roles.roles[0].role_name, "cwl-to-destination", "AWS wants one for an organization");
    member.put_log_events(group, &["paid 18".to_owned()]).await;
    let arrived = lines_of(&central, 1).await;
    assert!(
        arrived[0].contains(&format!("account={account}")) && arrived[0].ends_with("paid 18"),
        "{arrived:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_of_an_organization_needs_a_role() {
    let accounts = Accounts::start().await;
    accounts.accept_organization().await;
    let refused = accounts.run(&["subscribe", "/app/a", "/app/b"]).await.failed(2, "usage").json();
    let hint = refused["error"]["hint"].as_str().expect("a hint");
    let command = format!("subscribe /app/a /app/b --to-destination {}", accounts.destination.arn);
    assert!(hint.contains(&command) && hint.contains("--member-role`"), "{hint}");
    assert_eq!(accounts.seen().await, [""; 0]);

    let done = accounts.has_run(&["subscribe", "/app/a", "--member-role"]).await;
    let wanted =
        ["create role cwl-to-destination", &format!("create subscription-filter /app/a -> {FILTER}")];
    assert_eq!(changes(&done), wanted);
    // The role is used from now on.
    accounts.has_run(&["subscribe", "/app/b"]).await;
    let role = "cwl-to-destination";
    let seen = [format!("/app/a {FILTER} {role}"), format!("/app/b {FILTER} {role}"), format!("role {role}")];
    assert_eq!(accounts.seen().await, seen);
    assert_eq!(accounts.arrived(2).await, ["line of /app/a", "line of /app/b"]);
    let status = accounts.has_run(&["status", "--check"]).await;
    assert_eq!(status["role"], json!({ "name": role, "is_right": true }), "{status:#}");

    // Somebody changes what it may do: that is seen, and repaired.
    let iam = aws_sdk_iam::Client::new(&accounts.member.config(REGION));
    iam.delete_role_policy()
        .role_name(role)
        .policy_name("cwl-destination-write")
        .send()
        .await
        .expect("deleted");
    let broken = accounts.run(&["status", "--check"]).await;
    assert_eq!((broken.code, &broken.json()["verdict"]), (8, &json!("broken")), "{}", broken.stderr);
    let repaired = accounts.has_run(&["subscribe", "/app/a"]).await;
    assert_eq!(changes(&repaired), ["update role cwl-to-destination"]);

    accounts.has_run(&["unsubscribe", "/app/a"]).await;
    assert_eq!(accounts.seen().await, seen[1..], "the role is still needed");
    accounts.has_run(&["unsubscribe", "/app/b"]).await;
    assert_eq!(accounts.seen().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_policy_sends_log_groups_to_come() {
    let accounts = Accounts::start().await;
    accounts.accept_member().await;
    accounts.has_run(&["subscribe", "--all", "--exclude", "/app/b"]).await;
    assert_eq!(accounts.seen().await, [format!("account policy {FILTER}")]);
    assert_eq!(
        accounts.has_run(&["subscribe", "--all", "--exclude", "/app/b"]).await["changed"],
        json!(false)
    );
    accounts.member.create_log_group("/made/later").await;
    accounts.member.put_log_events("/made/later", &["line of /made/later".to_owned()]).await;
    assert_eq!(accounts.arrived(2).await, ["line of /app/a", "line of /made/later"]);
    let status = accounts.has_run(&["status"]).await;
    assert_eq!(status["verdict"], "sending", "{status:#}");
    let left_out = json!(["/app/b", "/aws/lambda/cwl-to-logentries"]);
    assert_eq!(status["account_policy"]["leaves_out"], left_out, "{status:#}");
    accounts.has_run(&["unsubscribe", "--all"]).await;
    assert_eq!(accounts.seen().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_describes_a_member() {
    let accounts = Accounts::start().await;
    accounts.accept_organization().await;
    let file = tempfile::NamedTempFile::new().expect("a file");
    let write = |text: &str| {
        let member = format!("[member]\nto_destination = \"{}\"\nrole = true\n", accounts.destination.arn);
        std::fs::write(file.path(), format!("{member}{text}")).expect("written");
    };
    let path = file.path().display().to_string();
    let run = async |args: &[&str]| accounts.member.run(&[args, &["--config", &path]].concat()).await;
    write("[[subscriptions]]\nmatch = [\"/app/*\"]\n[tags]\nteam = \"a\"\n");
    let planned = run(&["plan"]).await;
    assert_eq!(planned.code, 8, "{}", planned.stderr);
    let all = [
        "create role cwl-to-destination".to_owned(),
        format!("create subscription-filter /app/a -> {FILTER}"),
        format!("create subscription-filter /app/b -> {FILTER}"),
    ];
    assert_eq!(changes(&planned.json()), all);
    assert_eq!(changes(&run(&["setup"]).await.ok().json()), all);
    assert_eq!(run(&["setup"]).await.ok().json()["changed"], json!(false));
    assert_eq!(accounts.arrived(2).await, ["line of /app/a", "line of /app/b"]);
    // What the file does not name any more goes.
    write("[[subscriptions]]\nlog_groups = [\"/app/a\"]\n");
    let done = run(&["setup"]).await.ok().json();
    assert_eq!(changes(&done), [format!("delete subscription-filter /app/b -> {FILTER}")]);
    assert_eq!(
        run(&["status", "--check"]).await.ok().json()["subscriptions"][0]["log_group"],
        json!("/app/a")
    );
    run(&["setup", "--shards", "2"]).await.failed(2, "usage");
    run(&["setup", "--test"]).await.failed(2, "usage");
    write("[stream]\nshards = 2\n");
    let refused = run(&["plan"]).await.failed(2, "config");
    assert!(refused.stdout.contains("`stream` does not go with `to_destination`"), "{}", refused.stdout);
    write("");
    run(&["teardown"]).await.ok();
    assert_eq!(accounts.seen().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_cannot_be_meant_is_refused() {
    let member = World::start().await;
    member.create_log_group("/app/a").await;
    let own = format!("arn:aws:logs:{REGION}:{}:destination:cwl-from-accounts", member.home.account);
    for (destination, said) in [
        ("arn:aws:logs:eu-west-1:111111111111:destination:cwl2le", "the same region only"),
        ("arn:aws-cn:logs:cn-north-1:111111111111:destination:cwl2le", "partition"),
        (own.as_str(), "is in this account"),
    ] {
        for verb in ["subscribe", "unsubscribe"] {
            let ran = member.run(&[verb, "/app/a", "--to-destination", destination]).await.failed(2, "usage");
            assert!(ran.stdout.contains(said), "{}", ran.stdout);
        }
        for verb in ["plan", "setup", "teardown", "status"] {
            member.run(&[verb, "--to-destination", destination]).await.failed(2, "usage");
        }
    }
    let wrong = member.run(&["subscribe", "/app/a", "--to-destination", "arn:aws:kinesis:x"]).await;
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
    member.run(&["subscribe", "/app/a", "--member-role"]).await.failed(2, "usage");
}
