//! What the roles of a stack may do, and who may assume them.

use serde_json::Value;

use crate::resources::kept::MAPPINGS;
use crate::stack::arn::Arn;
use crate::stack::template::{Values, statements, template};
use crate::stack::{Names, Target};

/// What the documents depend on besides names and target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// The ARN of the customer KMS key that encrypts the stream.
    pub kms_key_arn: Option<String>,
    /// `bucket/prefix` where quarantined records go.
    pub quarantine: Option<String>,
    /// ARN of the destination of what expires in the stream.
    pub on_failure: Option<String>,
    /// Account that owns the buckets of both; by default the account of the stack.
    pub bucket_owner: Option<String>,
    /// ARNs of SSM parameters with tokens.
    pub ssm_parameters: Vec<String>,
    /// ARNs of Secrets Manager secrets with tokens; the six characters that AWS adds to a name may be `??????`.
    pub secrets: Vec<String>,
    /// ARNs of the customer KMS keys that those parameters and secrets are encrypted with.
    pub secret_keys: Vec<String>,
    /// Whether the functions are, or were, in a VPC: then Lambda makes and deletes network interfaces with the role.
    pub network: bool,
}

impl Grants {
    /// The buckets in which records are kept: expired and quarantined ones.
    pub fn buckets(&self) -> impl Iterator<Item = &str> {
        let expired = self.on_failure.as_deref().and_then(Arn::parse).filter(|arn| arn.service == "s3");
        let quarantined = self.quarantine.as_deref().and_then(|place| place.split('/').next());
        expired.map(|arn| arn.resource).into_iter().chain(quarantined)
    }

    /// What is kept in them of the records of a stream, as `BUCKET/PREFIX/*`.
    pub fn kept(&self, stream: &str) -> impl Iterator<Item = String> {
        let expired = self.on_failure.as_deref().and_then(Arn::parse).filter(|arn| arn.service == "s3");
        let expired = expired.map(|arn| format!("{}/{MAPPINGS}*", arn.resource));
        expired.into_iter().chain(self.quarantine.as_ref().map(|place| format!("{place}/{stream}/*")))
    }
}

/// Who may assume the role of CloudWatch Logs: the service, for log groups of this account and region only.
pub fn logs_trust(target: &Target) -> Value {
    Values::new(target).render(template!("cwl-to-kinesis.trust.json"))
}

/// What CloudWatch Logs may do in a member account: send the events of its log groups to a destination that another
/// account opens to its organization.
pub fn member_policy(target: &Target) -> Value {
    Values::new(target).render(template!("cwl-destination-write.json"))
}

/// What CloudWatch Logs may do: put records on the stream.
pub fn logs_policy(target: &Target, names: &Names, grants: &Grants) -> Value {
    let values = Values::new(target).with("STREAM_ARN", names.stream_arn(target));
    let mut policy = values.render(template!("cwl-kinesis-write.json"));
    if let Some(key) = &grants.kms_key_arn {
        let statement = values.with("KMS_KEY_ARN", key).render(template!("cwl-kinesis-write.kms.json"));
        statements(&mut policy).push(statement);
    }
    policy
}

/// Who may assume the execution role: Lambda.
pub fn function_trust(target: &Target) -> Value {
    Values::new(target).render(template!("cwl-to-logentries.trust.json"))
}

/// What the forwarder may do: read the stream, write its own log, and what `grants` adds.
pub fn function_policy(target: &Target, names: &Names, grants: &Grants) -> Value {
    let log_group = target.arn("logs", format_args!("log-group:{}", names.function_log_group));
    let values = Values::new(target)
        .with("STREAM_ARN", names.stream_arn(target))
        .with("LOG_GROUP_ARN", log_group)
        .with("FUNCTION_ARN", names.function_arn(target))
        .with("BUCKET_OWNER", grants.bucket_owner.as_ref().unwrap_or(&target.account));
    let mut policy = values.render(template!("cwl-logentries-forward.json"));
    let mut add = |template: &str, name: &'static str, value: &str| {
        statements(&mut policy).push(values.clone().with(name, value).render(template));
    };
    if let Some(key) = &grants.kms_key_arn {
        add(template!("cwl-logentries-forward.kms.json"), "KMS_KEY_ARN", key);
    }
    if let Some(place) = &grants.quarantine {
        let arn = format!("arn:{}:s3:::{}/*", target.region.partition(), place.trim_end_matches('/'));
        add(template!("cwl-logentries-forward.quarantine.json"), "QUARANTINE_ARN", &arn);
    }
    if let Some(arn) = &grants.on_failure {
        let template = match Arn::parse(arn).map(|arn| arn.service) {
            Some("s3") => template!("cwl-logentries-forward.on-failure-s3.json"),
            Some("sns") => template!("cwl-logentries-forward.on-failure-sns.json"),
            _ => template!("cwl-logentries-forward.on-failure-sqs.json"),
        };
        add(template, "ON_FAILURE_ARN", arn);
    }
    for arn in &grants.ssm_parameters {
        add(template!("cwl-logentries-forward.ssm.json"), "PARAMETER_ARN", arn);
    }
    for arn in &grants.secrets {
        add(template!("cwl-logentries-forward.secret.json"), "SECRET_ARN", arn);
    }
    for arn in &grants.secret_keys {
        add(template!("cwl-logentries-forward.secret-kms.json"), "KMS_KEY_ARN", arn);
    }
    if grants.network {
        // The second statement is AWS's advice: Lambda may do it, and the code of the function may not.
        for template in [
            template!("cwl-logentries-forward.network.json"),
            template!("cwl-logentries-forward.network-code.json"),
        ] {
            statements(&mut policy).push(values.render(template));
        }
    }
    policy
}

/// Lets the forwarder's role write to one more log group.
pub fn also_log_to(policy: &mut Value, target: &Target, log_group: &str) {
    let arn = Value::from(target.arn("logs", format_args!("log-group:{log_group}:*")));
    let writes = |statement: &&mut Value| {
        let actions = statement.get("Action").and_then(Value::as_array);
        actions.is_some_and(|actions| actions.iter().any(|action| action == "logs:PutLogEvents"))
    };
    for resource in
        statements(policy).iter_mut().filter(writes).filter_map(|statement| statement.get_mut("Resource"))
    {
        match resource {
            Value::Array(all) => all.push(arn.clone()),
            one => *one = Value::Array(vec![one.take(), arn.clone()]),
        }
    }
}

/// Whether a policy of [`function_policy`] lets the forwarder read the parameter or secret with this ARN.
pub fn may_read(policy: &Value, arn: &str) -> bool {
    // The six characters that Secrets Manager adds to a name are question marks.
    let covers = |pattern: &str| {
        pattern.len() == arn.len()
            && pattern.bytes().zip(arn.bytes()).all(|(wanted, is)| wanted == is || wanted == b'?')
    };
    let statements = policy.get("Statement").and_then(Value::as_array).into_iter().flatten();
    let reads = |statement: &&Value| {
        let action = statement.get("Action").and_then(Value::as_str);
        matches!(action, Some("ssm:GetParameter" | "secretsmanager:GetSecretValue"))
    };
    statements.filter(reads).filter_map(|statement| statement.get("Resource")?.as_str()).any(covers)
}

/// The keys that a policy of [`function_policy`] lets the forwarder read secrets with.
pub fn secret_keys(policy: &Value) -> Vec<String> {
    let statements = policy.get("Statement").and_then(Value::as_array).into_iter().flatten();
    // The key of the stream has a statement that names another service.
    let for_secrets = statements.filter(|statement| {
        let services = statement.pointer("/Condition/StringLike/kms:ViaService").and_then(Value::as_array);
        let is_for_secrets =
            |service: &Value| service.as_str().is_some_and(|s| s.starts_with("secretsmanager."));
        statement.get("Action").is_some_and(|action| action == "kms:Decrypt")
            && services.is_some_and(|services| services.iter().any(is_for_secrets))
    });
    for_secrets.filter_map(|statement| Some(statement.get("Resource")?.as_str()?.to_owned())).collect()
}
