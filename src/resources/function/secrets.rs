//! Secrets that a configuration refers to: a function whose secrets are not there does not start.

use cwl2le_forwarder::secret::reference::{Keeper, Reference};

use crate::error::Code;
use crate::resources::role::documents::{may_read, secret_keys};
use crate::resources::{Kind, Plan, ResourceId, Stack};
use crate::stack::arn::Arn;

/// A parameter or secret that the configuration refers to, as far as it could be looked at without reading its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedSecret {
    /// Where the configuration refers to it, such as `destinations.app.token`.
    pub place: String,
    /// By which name.
    pub reference: Reference,
    /// What was found.
    pub state: SecretState,
}

/// What was found of a parameter or secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretState {
    /// It is there.
    There {
        /// Its ARN, where AWS says it.
        arn: Option<String>,
        /// The id, alias or ARN of the customer-managed key that encrypts it.
        kms_key: Option<String>,
    },
    /// It is not there.
    Missing,
    /// The parameter is there, and has no such version.
    NoVersion,
    /// The secret is there and has no value.
    Empty,
    /// The secret is marked for deletion and cannot be read.
    Deleting,
    /// It could not be looked at, for this reason.
    Unknown(String),
}

/// Refuses a plan whose secrets are not there or would not be readable for the function's role; notes what could not be
/// found out. What only reading shows, such as a key that is missing inside of a secret, the test invocation finds.
#[must_use]
pub fn check_secrets(stack: &Stack, secrets: &[ObservedSecret], mut plan: Plan) -> Plan {
    let function = ResourceId::new(Kind::FUNCTION, &stack.names.function);
    let policy = &stack.function_role.policy;
    for ObservedSecret { place, reference, state } in secrets {
        // What is looked at is the whole of it, not one key in it.
        let whole = Reference { key: None, ..reference.clone() };
        let mut refuse = |code: Code, why: &str, hint: String| {
            plan.refuse(function.clone(), code, format!("{place}: {whole} {why}"), hint);
        };
        let (name, region) = (&reference.name, region(reference));
        match state {
            SecretState::Missing => refuse(Code::NotFound, "does not exist", creation(reference)),
            SecretState::NoVersion => refuse(
                Code::NotFound,
                "has no such version",
                format!(
                    "see its versions with `aws ssm get-parameter-history --name {}{region}`",
                    name.rsplit_once(':').map_or(name.as_str(), |(name, _)| name)
                ),
            ),
            SecretState::Empty => refuse(
                Code::NotFound,
                "has no value",
                format!(
                    "give it one: `aws secretsmanager put-secret-value --secret-id {name}{region} --secret-string \
                     file://FILE`"
                ),
            ),
            SecretState::Deleting => refuse(
                Code::NotFound,
                "is scheduled for deletion and cannot be read",
                format!("restore it: `aws secretsmanager restore-secret --secret-id {name}{region}`"),
            ),
            SecretState::There { arn: Some(arn), .. } if !may_read(policy, arn) => refuse(
                Code::Config,
                &format!("is {arn}, and the function's role could not read it by the name you gave"),
                format!("use its full ARN: {arn}"),
            ),
            SecretState::There { kms_key: Some(key), .. } if !is_granted(key, &secret_keys(policy)) => {
                plan.notes.push(format!(
                    "warning: {place}: {whole} is encrypted with {key}: give the ARN of that key as `kms_key`, unless \
                     the key's own policy lets the function's role decrypt with it"
                ));
            }
            SecretState::There { .. } => {}
            SecretState::Unknown(why) => plan.notes.push(format!(
                "warning: {place}: cannot check whether {whole} exists: {why}; the test invocation of `setup` \
                 reads it"
            )),
        }
    }
    plan
}

/// Whether one of these keys is the one that encrypts it, as far as its name tells.
fn is_granted(key: &str, granted: &[String]) -> bool {
    // An alias may stand for any of them.
    let is_alias = key.contains("alias/");
    granted.iter().any(|arn| is_alias || arn == key || arn.rsplit('/').next() == Some(key))
}

/// The flag of the AWS CLI for a reference by the ARN of another region.
fn region(reference: &Reference) -> String {
    let region = Arn::region_of(&reference.name);
    region.map(|region| format!(" --region {region}")).unwrap_or_default()
}

/// The command that makes it.
fn creation(reference: &Reference) -> String {
    let (name, region) = (&reference.name, region(reference));
    let fields =
        reference.key.as_ref().map(|key| format!("; the file holds a JSON object with the key `{key}`"));
    let fields = fields.unwrap_or_default();
    let command = match reference.keeper {
        Keeper::Ssm => {
            // A version or label is not part of the name to create, and neither is the rest of an ARN.
            let name = name.split_once(":parameter").map_or(name.as_str(), |(_, name)| name);
            let name = name.split(':').next().unwrap_or(name);
            format!("aws ssm put-parameter --name {name}{region} --type SecureString --value file://FILE")
        }
        Keeper::SecretsManager => {
            let name = name.split_once(":secret:").map_or(name.as_str(), |(_, name)| name);
            format!("aws secretsmanager create-secret --name {name}{region} --secret-string file://FILE")
        }
    };
    format!("create it: `{command}`, or fix its name{fields}")
}
