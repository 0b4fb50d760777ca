//! Ways from the operator's policy to more than it says. With a permissions boundary all of them end at the boundary;
//! without one some of them lead to everything, which is why the policy is printed with a warning.

use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::types::PolicyType;
use aws_sdk_lambda::types::FunctionCode;
use cwl2le_local::Options;
use serde_json::json;

use super::cases::{BOUNDARY, Case, act, allowed, bounded, employ, operator, policy};
use crate::support::REGION;
use crate::support::account::{Account, Ground};

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const THEIR_ROLE: &str = "their-role";

/// An account with a stack that its operator has set up, and the operator's clients.
struct Operator {
    ground: Ground,
    account: Account,
    config: SdkConfig,
    path: &'static str,
}

impl Operator {
    async fn of(case: impl FnOnce(&std::path::Path, &str) -> Case, path: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let ground = Ground::start(Options { auth: true, ..Options::default() }).await;
        let mut account = ground.account().await;
        let case = Case { more: &[], ..case(folder.path(), &account.id) };
        let document = policy(&account, &case).await;
        employ(&mut account, &case, &document).await;
        let (_, refused) = act(&account, &case.deeds[..1], &case.stack).await;
        assert!(refused.is_none(), "{refused:?}");
        let config = ground.config(&account.keys);
        Self { ground, account, config, path }
    }

    fn iam(&self) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::new(&self.config)
    }

    fn role_arn(&self, name: &str) -> String {
        let path = if name == THEIR_ROLE { "/" } else { self.path };
        format!("arn:aws:iam::{}:role{path}{name}", self.account.id)
    }

    /// Gives a role every right, lets everybody of the account assume it, and says whether that role can then do what
    /// only an administrator can.
    async fn becomes_administrator(&self, role: &str) -> bool {
        let everything = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "*", "Resource": "*" }
        ] });
        let trust = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{}:root", self.account.id) },
              "Action": "sts:AssumeRole" }
        ] });
        let put = self.iam().put_role_policy().role_name(role).policy_name("more");
        assert!(allowed("PutRolePolicy", put.policy_document(everything.to_string()).send().await));
        let set = self.iam().update_assume_role_policy().role_name(role);
        assert!(allowed("UpdateAssumeRolePolicy", set.policy_document(trust.to_string()).send().await));
        // The operator has no identity policy for this call, which the local AWS asks for and AWS does not, where the
        // trust policy names the user. A function with this role needs no such call at all.
        let sts = aws_sdk_sts::Client::new(&self.account.config);
        let assume =
            sts.assume_role().role_arn(self.role_arn(role)).role_session_name("session").send().await;
        let keys = assume.expect("assumed").credentials.expect("credentials");
        let session =
            self.ground.config_of_session(&keys.access_key_id, &keys.secret_access_key, &keys.session_token);
        let stream = aws_sdk_kinesis::Client::new(&session).describe_stream_summary();
        let stream = stream.stream_name("cloudwatch-logs-stream").send().await;
        assert!(allowed("what the role is for", stream), "the role can do nothing at all");
        allowed("CreateUser", aws_sdk_iam::Client::new(&session).create_user().user_name("u").send().await)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_boundary_the_operator_can_become_administrator() {
    let operator = Operator::of(|folder, _| operator(folder), "/").await;
    assert!(operator.becomes_administrator("cwl-to-logentries").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_ends_at_the_boundary() {
    let operator = Operator::of(bounded, "/service/").await;
    let (iam, root) = (operator.iam(), operator.account.iam());
    assert!(!operator.becomes_administrator("cwl-to-logentries").await);

    let remove = iam.delete_role_permissions_boundary().role_name("cwl-to-logentries").send().await;
    assert!(!allowed("removing the boundary", remove));
    let other = iam.put_role_permissions_boundary().role_name("cwl-to-logentries");
    assert!(!allowed("another boundary", other.permissions_boundary(ADMINISTRATOR).send().await));
    let boundary = format!("arn:aws:iam::{}:policy/{BOUNDARY}", operator.account.id);
    let everything = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "*", "Resource": "*" }
    ] })
    .to_string();
    let version = iam.create_policy_version().policy_arn(&boundary).policy_document(&everything);
    assert!(!allowed("another version of the boundary", version.set_as_default(true).send().await));
    let attach = iam.attach_role_policy().role_name("cwl-to-logentries").policy_arn(ADMINISTRATOR);
    assert!(!allowed("a managed policy", attach.send().await));

    // The names of another region's pair are allowed, too.
    let regional = format!("cwl-to-logentries-{REGION}");
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" }
    ] })
    .to_string();
    let create = |boundary: Option<&str>| {
        let create =
            iam.create_role().role_name(&regional).path("/service/").assume_role_policy_document(&trust);
        create.set_permissions_boundary(boundary.map(ToOwned::to_owned)).send()
    };
    assert!(!allowed("a role without a boundary", create(None).await));
    assert!(!allowed("a role with another boundary", create(Some(ADMINISTRATOR)).await));
    let unbounded =
        root.create_role().role_name(&regional).path("/service/").assume_role_policy_document(&trust);
    unbounded.send().await.expect("a role of the name, without a boundary");
    let put = iam.put_role_policy().role_name(&regional).policy_name("more").policy_document(&everything);
    assert!(!allowed("rights for a role without a boundary", put.send().await));
    let set = iam.update_assume_role_policy().role_name(&regional).policy_document(&trust);
    assert!(!allowed("trust in a role without a boundary", set.send().await));

    passes_no_other_role(&operator).await;
    touches_nothing_of_others(&operator).await;
}

/// Roles of others, and the own ones to the wrong service.
async fn passes_no_other_role(operator: &Operator) {
    let lambda = aws_sdk_lambda::Client::new(&operator.config);
    let zip = std::fs::read(crate::support::account::other_zip().path()).expect("a zip");
    for role in [THEIR_ROLE, "cwl-to-kinesis"] {
        let code = FunctionCode::builder().zip_file(zip.clone().into()).build();
        let create = lambda.create_function().function_name("cwl-to-logentries-own").handler("x").code(code);
        let create = create.runtime("provided.al2023".into()).role(operator.role_arn(role)).send().await;
        assert!(!allowed("own code with another role", create), "{role}");
        let update = lambda.update_function_configuration().function_name("cwl-to-logentries");
        assert!(!allowed("another role", update.role(operator.role_arn(role)).send().await), "{role}");
    }
    let logs = aws_sdk_cloudwatchlogs::Client::new(&operator.config);
    for role in [THEIR_ROLE, "cwl-to-logentries"] {
        let put =
            logs.put_subscription_filter().log_group_name(crate::support::account::GROUP).filter_name("f");
        let stream =
            format!("arn:aws:kinesis:{REGION}:{}:stream/cloudwatch-logs-stream", operator.account.id);
        let put =
            put.filter_pattern("").destination_arn(stream).role_arn(operator.role_arn(role)).send().await;
        assert!(!allowed("a filter with another role", put), "{role}");
    }
}

/// Functions, tags and policies of others.
async fn touches_nothing_of_others(operator: &Operator) {
    let (lambda, root) = (
        aws_sdk_lambda::Client::new(&operator.config),
        aws_sdk_lambda::Client::new(&operator.account.config),
    );
    let zip = std::fs::read(crate::support::account::other_zip().path()).expect("a zip");
    let code = FunctionCode::builder().zip_file(zip.clone().into()).build();
    let theirs = root.create_function().function_name("theirs").handler("x").code(code);
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" }
    ] });
    let role = operator.account.iam().create_role().role_name("of-theirs");
    let role = role.assume_role_policy_document(trust.to_string()).send().await.expect("a role").role;
    let theirs = theirs.runtime("provided.al2023".into()).set_role(role.map(|role| role.arn));
    let arn = theirs.send().await.expect("a function").function_arn.expect("an ARN");
    let tag = lambda.tag_resource().resource(arn).tags("team", "a").send().await;
    assert!(!allowed("tags of others", tag));
    let update = lambda.update_function_code().function_name("theirs").zip_file(zip.into()).send().await;
    assert!(!allowed("code of others", update));
    let invoke = lambda.invoke().function_name("theirs").send().await;
    assert!(!allowed("a call of others", invoke));
    let logs = aws_sdk_cloudwatchlogs::Client::new(&operator.config);
    let put = logs.put_account_policy().policy_name("p").policy_type(PolicyType::DataProtectionPolicy);
    assert!(!allowed("an account policy", put.policy_document("{}").send().await));
    let user = operator.iam().create_user().user_name("u").send().await;
    assert!(!allowed("a user", user));
}
