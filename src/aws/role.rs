//! The role that a session assumes: with whose credentials, and why it could not.

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::SharedCredentialsProvider;
use serde_json::{Value, json};

use super::AwsError;
use super::credentials::{Kept, learned};
use super::options::RoleOptions;
use crate::error::{Code, Error};

/// The name of the session, as CloudTrail shows it.
const SESSION_NAME: &str = "cwl2le";

/// Gives the credentials of the role, by `sts:AssumeRole` in the region of `config` with the `base` credentials.
pub(super) async fn assumed(
    role: &RoleOptions,
    arn: &str,
    config: &SdkConfig,
    base: Kept,
) -> SharedCredentialsProvider {
    // Nothing else repeats these calls.
    let config = config.to_builder().retry_config(RetryConfig::standard()).build();
    let mut provider = AssumeRoleProvider::builder(arn)
        .session_name(role.session_name.as_deref().unwrap_or(SESSION_NAME))
        .configure(&config);
    if let Some(region) = config.region() {
        provider = provider.region(region.clone());
    }
    if let Some(id) = &role.external_id {
        provider = provider.external_id(id);
    }
    learned(provider.build_from_provider(base).await)
}

/// The error for a role that could not be assumed: which, by whom, and the statement that its trust policy lacks.
pub(super) fn not_assumed(error: AwsError, role: &RoleOptions, arn: &str, caller: Option<&str>) -> Error {
    let (code, said) = match error.message.split_once(": ") {
        Some((code, said)) if !code.contains(' ') => (code.to_owned(), said.to_owned()),
        _ => (error.code.clone(), error.message.clone()),
    };
    let is_denied = code.starts_with("AccessDenied");
    let by = caller.map(|caller| format!(" as {caller}")).unwrap_or_default();
    let message = format!("cannot assume the role {arn}{by}: {}", said.trim_end_matches('.'));
    let kind = if is_denied { Code::AccessDenied } else { Code::BadCredentials };
    let hint = if is_denied {
        let trust = trust(role, caller.unwrap_or("arn:aws:iam::ACCOUNT:role/NAME"));
        let id = match &role.external_id {
            Some(_) => "",
            None => "; if the policy asks for an external ID, set external_id",
        };
        format!(
            "check that the role exists, allow the caller sts:AssumeRole on it, and add this statement to its trust policy: \
             `{trust}`{id}"
        )
    } else {
        "check role_arn, external_id and session_name, and whether STS is enabled in this region".to_owned()
    };
    let aws = AwsError { operation: "AssumeRole", code, message: said, resource: arn.to_owned(), ..error };
    Error { aws: Some(Box::new(aws)), ..Error::new(kind, message) }.on(arn).hint(hint)
}

/// The statement of a trust policy that lets the caller assume the role.
fn trust(role: &RoleOptions, caller: &str) -> Value {
    let mut statement = json!({
        "Effect": "Allow",
        "Principal": {"AWS": principal(caller)},
        "Action": "sts:AssumeRole",
    });
    if let Some(id) = &role.external_id {
        statement["Condition"] = json!({"StringEquals": {"sts:ExternalId": id}});
    }
    statement
}

/// The principal to name for a caller: a session of a role is named by its role. The ARN of a session lacks the path
/// that the role may have.
fn principal(caller: &str) -> String {
    let parts: Vec<&str> = caller.splitn(6, ':').collect();
    let [arn, partition, "sts", region, account, resource] = parts[..] else { return caller.to_owned() };
    match resource.split('/').collect::<Vec<_>>()[..] {
        ["assumed-role", role, ..] => format!("{arn}:{partition}:iam:{region}:{account}:role/{role}"),
        _ => format!("{arn}:{partition}:iam:{region}:{account}:root"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::FAILED_CREDENTIALS;
    use super::*;

    const ROLE: &str = "arn:aws:iam::222222222222:role/cwl2le";

    fn error(message: &str, role: &RoleOptions, caller: Option<&str>) -> Error {
        let error = AwsError {
            service: "sts",
            operation: "GetCallerIdentity",
            code: FAILED_CREDENTIALS.to_owned(),
            message: message.to_owned(),
            request_id: None,
            resource: "sts".to_owned(),
        };
        not_assumed(error, role, ROLE, caller)
    }

    #[test]
    fn a_role_that_is_denied_says_by_whom_and_what_its_trust_policy_lacks() {
        let role = RoleOptions { external_id: Some("x-1".to_owned()), ..RoleOptions::default() };
        let caller = "arn:aws:sts::111111111111:assumed-role/Deploy/me";
        let denied = error("AccessDenied: User: me is not authorized.", &role, Some(caller));
        assert_eq!(denied.code, Code::AccessDenied);
        assert_eq!(
            denied.message,
            format!("cannot assume the role {ROLE} as {caller}: User: me is not authorized")
        );
        let hint = denied.hint.expect("a hint");
        let statement = hint.split('`').nth(1).expect("a statement");
        let statement: Value = serde_json::from_str(statement).expect("JSON");
        assert_eq!(statement["Principal"]["AWS"], "arn:aws:iam::111111111111:role/Deploy");
        assert_eq!(statement["Condition"]["StringEquals"]["sts:ExternalId"], "x-1");
        let aws = denied.aws.expect("what AWS said");
        assert_eq!(
            (aws.operation, aws.code.as_str(), aws.resource.as_str()),
            ("AssumeRole", "AccessDenied", ROLE)
        );
    }

    #[test]
    fn what_else_keeps_a_role_from_being_assumed_is_no_matter_of_trust() {
        let other = error("RegionDisabledException: STS is not activated", &RoleOptions::default(), None);
        assert_eq!(other.code, Code::BadCredentials);
        assert!(!other.hint.expect("a hint").contains("trust policy"));
        let odd = error("no reply came", &RoleOptions::default(), None);
        assert!(odd.message.ends_with(": no reply came"), "{odd}");
    }

    #[test]
    fn a_trust_policy_names_users_and_roots_as_they_are() {
        for same in ["arn:aws:iam::111111111111:user/path/me", "arn:aws-cn:iam::111111111111:root"] {
            assert_eq!(principal(same), same);
        }
        assert_eq!(principal("arn:aws:sts::1:federated-user/me"), "arn:aws:iam::1:root");
    }
}
