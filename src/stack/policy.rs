//! The IAM documents, rendered from `policies/*.json`.

use serde_json::Value;

use super::{Names, RoleScope, StackName, Target};

/// A document with its placeholders, embedded at build time.
macro_rules! template {
    ($file:literal) => {
        include_str!(concat!("../../policies/", $file))
    };
}

/// What the documents depend on besides names and target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// The ARN of the customer KMS key that encrypts the stream.
    pub kms_key_arn: Option<String>,
    /// `bucket/prefix` where quarantined records go.
    pub quarantine: Option<String>,
    /// ARN of the destination of what expires in the stream.
    pub on_failure: Option<String>,
    /// ARNs of SSM parameters with tokens.
    pub ssm_parameters: Vec<String>,
    /// ARNs of Secrets Manager secrets with tokens; the six characters that AWS adds to a name may be `??????`.
    pub secrets: Vec<String>,
    /// ARNs of the customer KMS keys that those parameters and secrets are encrypted with.
    pub secret_keys: Vec<String>,
}

/// Who may assume the role of CloudWatch Logs: the service, for log groups of this account and region only.
pub fn logs_trust(target: &Target) -> Value {
    render(template!("cwl-to-kinesis.trust.json"), &base(target))
}

/// What CloudWatch Logs may do: put records on the stream.
pub fn logs_policy(target: &Target, names: &Names, grants: &Grants) -> Value {
    let mut vars = base(target);
    vars.push(("STREAM_ARN", names.stream_arn(target)));
    let mut policy = render(template!("cwl-kinesis-write.json"), &vars);
    if let Some(key) = &grants.kms_key_arn {
        append(&mut policy, template!("cwl-kinesis-write.kms.json"), &[("KMS_KEY_ARN", key.clone())]);
    }
    policy
}

/// Who may assume the execution role: Lambda.
pub fn function_trust(target: &Target) -> Value {
    render(template!("cwl-to-logentries.trust.json"), &base(target))
}

/// What the forwarder may do: read the stream, write its own log, and what `grants` adds.
pub fn function_policy(target: &Target, names: &Names, grants: &Grants) -> Value {
    let mut vars = base(target);
    vars.push(("STREAM_ARN", names.stream_arn(target)));
    vars.push(("LOG_GROUP_ARN", target.arn("logs", format_args!("log-group:{}", names.function_log_group))));
    let mut policy = render(template!("cwl-logentries-forward.json"), &vars);
    if let Some(key) = &grants.kms_key_arn {
        append(&mut policy, template!("cwl-logentries-forward.kms.json"), &[("KMS_KEY_ARN", key.clone())]);
    }
    if let Some(place) = &grants.quarantine {
        let arn = format!("arn:{}:s3:::{}/*", target.region.partition(), place.trim_end_matches('/'));
        append(&mut policy, template!("cwl-logentries-forward.quarantine.json"), &[("QUARANTINE_ARN", arn)]);
    }
    if let Some(arn) = &grants.on_failure {
        let (statement, objects) = match arn.split(':').nth(2) {
            Some("s3") => (template!("cwl-logentries-forward.on-failure-s3.json"), format!("{arn}/*")),
            Some("sns") => (template!("cwl-logentries-forward.on-failure-sns.json"), arn.clone()),
            _ => (template!("cwl-logentries-forward.on-failure-sqs.json"), arn.clone()),
        };
        append(&mut policy, statement, &[("ON_FAILURE_ARN", arn.clone()), ("ON_FAILURE_OBJECTS", objects)]);
    }
    for arn in &grants.ssm_parameters {
        append(&mut policy, template!("cwl-logentries-forward.ssm.json"), &[("PARAMETER_ARN", arn.clone())]);
    }
    for arn in &grants.secrets {
        append(&mut policy, template!("cwl-logentries-forward.secret.json"), &[("SECRET_ARN", arn.clone())]);
    }
    for arn in &grants.secret_keys {
        let mut vars = base(target);
        vars.push(("KMS_KEY_ARN", arn.clone()));
        append(&mut policy, template!("cwl-logentries-forward.secret-kms.json"), &vars);
    }
    policy
}

/// Lets the forwarder's role write to one more log group.
pub fn also_log_to(policy: &mut Value, target: &Target, log_group: &str) {
    let arn = Value::from(target.arn("logs", format_args!("log-group:{log_group}:*")));
    let statements = policy.get_mut("Statement").and_then(Value::as_array_mut).into_iter().flatten();
    let writes = |statement: &&mut Value| {
        let actions = statement.get("Action").and_then(Value::as_array);
        actions.is_some_and(|actions| actions.iter().any(|action| action == "logs:PutLogEvents"))
    };
    for resource in statements.filter(writes).filter_map(|statement| statement.get_mut("Resource")) {
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
    let for_secrets = statements.filter(|statement| {
        statement.get("Action").is_some_and(|action| action == "kms:Decrypt")
            && statement.pointer("/Condition/StringLike/kms:ViaService").is_some()
    });
    for_secrets.filter_map(|statement| Some(statement.get("Resource")?.as_str()?.to_owned())).collect()
}

/// What a person or a pipeline needs to run every verb of cwl2le. It names the roles of both scopes, because which pair a
/// region uses is found out by looking at both.
pub fn operator_policy(target: &Target, stack: &StackName) -> Value {
    let names = Names::new(stack, &target.region, RoleScope::Plain);
    let regional = Names::new(stack, &target.region, RoleScope::Regional);
    let role = |name: &str| target.iam_arn(format_args!("role/{name}"));
    let mut vars = base(target);
    vars.push(("STREAM_ARN", names.stream_arn(target)));
    vars.push(("LOG_GROUP_ARN", target.arn("logs", format_args!("log-group:{}", names.function_log_group))));
    vars.push(("FUNCTION_ARN", names.function_arn(target)));
    vars.push(("LOGS_ROLE_ARN", role(&names.logs_role)));
    vars.push(("FUNCTION_ROLE_ARN", role(&names.function_role)));
    vars.push(("REGIONAL_LOGS_ROLE_ARN", role(&regional.logs_role)));
    vars.push(("REGIONAL_FUNCTION_ROLE_ARN", role(&regional.function_role)));
    render(template!("operator.json"), &vars)
}

fn base(target: &Target) -> Vec<(&'static str, String)> {
    vec![
        ("PARTITION", target.region.partition().to_owned()),
        ("REGION", target.region.to_string()),
        ("ACCOUNT", target.account.clone()),
    ]
}

/// Replaces `{{NAME}}` inside the strings of a template. Values are placed after parsing, so none can break the JSON.
fn render(template: &str, vars: &[(&str, String)]) -> Value {
    let mut value = serde_json::from_str(template).expect("embedded policies are JSON: checked by the tests");
    fill(&mut value, vars);
    value
}

fn fill(value: &mut Value, vars: &[(&str, String)]) {
    match value {
        Value::String(text) => {
            for (name, replacement) in vars {
                *text = text.replace(&format!("{{{{{name}}}}}"), replacement);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, vars)),
        Value::Object(fields) => fields.values_mut().for_each(|field| fill(field, vars)),
        _ => {}
    }
}

/// Adds one statement.
fn append(policy: &mut Value, statement: &str, vars: &[(&str, String)]) {
    let statement = render(statement, vars);
    if let Some(statements) = policy.get_mut("Statement").and_then(Value::as_array_mut) {
        statements.push(statement);
    }
}
