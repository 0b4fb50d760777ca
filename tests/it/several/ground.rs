//! Two accounts, a role between them, and a file with an environment in each of three places.

use cwl2le_local::Options;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::account::{Account, Ground, ended};
use crate::support::{REGION, Ran, TOKEN, confirmed};

/// A second region.
pub(super) const OTHER: &str = "eu-west-1";
/// What the trust policy of the role asks for.
const EXTERNAL_ID: &str = "cwl2le-4711";

/// The accounts, and a folder with the file.
pub(super) struct Places {
    /// That of the credentials, with the environments `dev` and `test`.
    pub(super) home: Account,
    /// That of the role, with the environment `prod`.
    pub(super) away: Account,
    pub(super) folder: tempfile::TempDir,
}

impl Places {
    pub(super) async fn start() -> Self {
        Self::with(Options::default(), |_| ()).await
    }

    /// The same on another local AWS, with something else about the statement of the role's trust policy.
    pub(super) async fn with(options: Options, change: impl FnOnce(&mut Value)) -> Self {
        let ground = Ground::start(options).await;
        let (home, away) = (ground.account().await, ground.account().await);
        let mut statement = json!({
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{}:root", home.id) },
            "Action": "sts:AssumeRole",
            "Condition": { "StringEquals": { "sts:ExternalId": EXTERNAL_ID } },
        });
        change(&mut statement);
        let policy =
            |statement: Value| json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let role =
            away.iam().create_role().role_name("deploy").assume_role_policy_document(policy(statement));
        role.send().await.expect("a role");
        let all = policy(json!({ "Effect": "Allow", "Action": "*", "Resource": "*" }));
        let allow = away.iam().put_role_policy().role_name("deploy").policy_name("all").policy_document(all);
        allow.send().await.expect("a policy");
        let folder = tempfile::tempdir().expect("a folder");
        let places = Self { home, away, folder };
        places.write("");
        places
    }

    /// Writes the file, with something more behind it.
    pub(super) fn write(&self, more: &str) {
        let role = format!("arn:aws:iam::{}:role/deploy", self.away.id);
        let text = format!(
            r#"region = "{REGION}"

[destinations.app]
type = "logentries"
region = "eu"
token = {{ env = "LE_TOKEN" }}

[env.dev]
stack = "dev"

[env.test]
region = "{OTHER}"

[env.prod]
role_arn = "{role}"
external_id = "{EXTERNAL_ID}"
session_name = "from-ci"
{more}"#
        );
        std::fs::write(self.folder.path().join("cwl2le.toml"), text).expect("written");
    }

    /// `cwl2le ARGS` in the folder, with the credentials of the first account.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.home.text(&confirmed(args));
        // The region is in the file.
        command.env_remove("AWS_REGION").env("LE_TOKEN", TOKEN).current_dir(self.folder.path());
        command
    }

    pub(super) async fn run(&self, args: &[&str]) -> Ran {
        let ran = ended(self.command(args).spawn().expect("cwl2le runs")).await;
        assert!(!ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN), "a token was shown: {ran:?}");
        ran
    }

    /// What is of cwl2le in an account, in the region of its clients.
    pub(super) async fn ours(account: &Account) -> Vec<String> {
        let theirs = account.theirs();
        let seen = account.seen().await.into_iter();
        seen.filter(|line| !theirs.contains(line) && line != "role deploy with all").collect()
    }
}

/// The environments of a document by their names, each with its exit code and document.
pub(super) fn environments(document: &Value) -> Vec<(String, i64, Value)> {
    let one = |one: &Value| {
        let name = one["environment"].as_str().expect("a name").to_owned();
        (name, one["exit_code"].as_i64().expect("a number"), one["document"].clone())
    };
    document["environments"].as_array().expect("a list").iter().map(one).collect()
}
