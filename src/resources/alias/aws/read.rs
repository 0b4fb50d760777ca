//! Reads versions and aliases.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_lambda::types::{
    AliasRoutingConfiguration, Architecture, FunctionConfiguration, TracingMode, VpcConfigResponse,
};
use cwl2le_forwarder::secret::{is_telling, redactor};

use crate::aws::error::found;
use crate::aws::{Aws, AwsError};
use crate::resources::alias::observed::{ObservedAlias, ObservedVersion, Snapshot, read_description};
use crate::resources::function::bundle::Arch;
use crate::resources::function::desired::EnvValue;
use crate::resources::function::network::Network;
use crate::resources::numbers::number;

const SERVICE: &str = "lambda";

/// The published versions of a function, oldest first, and its aliases; of a function that does not exist none.
pub(crate) async fn observe(
    aws: Aws<'_>,
    function: &str,
) -> Result<(Vec<ObservedVersion>, BTreeMap<String, ObservedAlias>), AwsError> {
    tokio::try_join!(versions(aws, function), aliases(aws, function))
}

/// The published versions of a function, oldest first.
async fn versions(aws: Aws<'_>, function: &str) -> Result<Vec<ObservedVersion>, AwsError> {
    let lambda = aws.session.lambda();
    let all = aws.pages(
        SERVICE,
        "ListVersionsByFunction",
        function,
        |next| lambda.list_versions_by_function().function_name(function).set_marker(next).send(),
        |page| (page.versions.unwrap_or_default(), page.next_marker),
    );
    let all = found(all.await)?.unwrap_or_default();
    // The function itself is among them, as `$LATEST`.
    let mut versions: Vec<ObservedVersion> = all
        .into_iter()
        .filter_map(|is| {
            let number = is.version.as_deref()?.parse().ok()?;
            Some(ObservedVersion {
                number,
                modified: is.last_modified.as_deref().and_then(milliseconds),
                snapshot: snapshot(is),
            })
        })
        .collect();
    versions.sort_by_key(|version| version.number);
    Ok(versions)
}

/// The aliases of a function, by name.
pub(super) async fn aliases(
    aws: Aws<'_>,
    function: &str,
) -> Result<BTreeMap<String, ObservedAlias>, AwsError> {
    let lambda = aws.session.lambda();
    let all = aws.pages(
        SERVICE,
        "ListAliases",
        function,
        |next| lambda.list_aliases().function_name(function).set_marker(next).send(),
        |page| (page.aliases.unwrap_or_default(), page.next_marker),
    );
    let all = found(all.await)?.unwrap_or_default();
    Ok(all
        .into_iter()
        .filter_map(|is| {
            let alias = alias([is.function_version, is.revision_id, is.description], is.routing_config);
            Some((is.name?, alias))
        })
        .collect())
}

fn alias(texts: [Option<String>; 3], routing: Option<AliasRoutingConfiguration>) -> ObservedAlias {
    let [version, revision, description] = texts.map(Option::unwrap_or_default);
    let (before, run) = read_description(&description);
    let shares = routing.and_then(|routing| routing.additional_version_weights).unwrap_or_default();
    let mut shares: Vec<u64> = shares.into_keys().filter_map(|version| version.parse().ok()).collect();
    shares.sort_unstable();
    ObservedAlias { version, revision, before, run, shares }
}

/// A time as Lambda gives it: `2026-11-29T20:00:00.000+0000`.
pub(crate) fn milliseconds(time: &str) -> Option<i64> {
    let time = humantime::parse_rfc3339(&time.replace("+0000", "Z")).ok()?;
    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}

/// What a version would keep of a function, or keeps.
pub(crate) fn snapshot(is: FunctionConfiguration) -> Snapshot {
    let others = others(&is);
    // Whether AWS names the group of the function's own name or leaves it out is the same.
    let own = format!("/aws/lambda/{}", is.function_name.unwrap_or_default());
    let log_group =
        is.logging_config.and_then(|logging| logging.log_group).filter(|log_group| *log_group != own);
    let (variables, hidden) = match is.environment {
        Some(environment) => (environment.variables.unwrap_or_default(), environment.error),
        None => (HashMap::new(), None),
    };
    let hidden_environment = hidden.map(|error| {
        let [code, message] = [error.error_code, error.message].map(Option::unwrap_or_default);
        format!("{code}: {message}")
    });
    learn_secrets(&variables);
    Snapshot {
        runtime: is.runtime.map(|runtime| runtime.as_str().to_owned()).unwrap_or_default(),
        role_arn: is.role.unwrap_or_default(),
        arch: match is.architectures.unwrap_or_default().first() {
            Some(Architecture::Arm64) => Arch::Arm64,
            _ => Arch::X86_64,
        },
        memory_mb: number(is.memory_size),
        timeout_seconds: number(is.timeout),
        code_sha256: is.code_sha256.unwrap_or_default(),
        description: is.description.unwrap_or_default(),
        environment: variables.into_iter().map(|(key, value)| (key, EnvValue(value))).collect(),
        hidden_environment,
        log_group,
        network: is.vpc_config.map(network).unwrap_or_default(),
        others,
    }
}

/// The private network of a function.
pub(super) fn network(vpc: VpcConfigResponse) -> Network {
    Network {
        ipv6: vpc.ipv6_allowed_for_dual_stack == Some(true),
        subnets: vpc.subnet_ids.unwrap_or_default().into_iter().collect(),
        security_groups: vpc.security_group_ids.unwrap_or_default().into_iter().collect(),
    }
}

/// Megabytes of `/tmp` that AWS gives a function by itself.
const EPHEMERAL_MB: i32 = 512;

/// The settings that cwl2le does not make, where they differ from what AWS gives a function by itself.
fn others(is: &FunctionConfiguration) -> BTreeMap<String, String> {
    let layers = is.layers().iter().filter_map(|layer| layer.arn.clone()).collect::<Vec<_>>().join(" ");
    let files =
        is.file_system_configs().iter().map(|mount| format!("{} {}", mount.arn, mount.local_mount_path));
    let tracing = is.tracing_config.as_ref().and_then(|tracing| tracing.mode.as_ref());
    let size = is.ephemeral_storage.as_ref().map(|storage| storage.size).filter(|size| *size != EPHEMERAL_MB);
    let dead_letters = is.dead_letter_config.as_ref().and_then(|config| config.target_arn.clone());
    [
        ("layers", Some(layers)),
        ("file_systems", Some(files.collect::<Vec<_>>().join(" "))),
        (
            "tracing",
            tracing.filter(|mode| **mode == TracingMode::Active).map(|mode| mode.as_str().to_owned()),
        ),
        ("ephemeral_storage_mb", size.map(|size| size.to_string())),
        ("kms_key", is.kms_key_arn.clone()),
        ("dead_letters", dead_letters),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value.filter(|value| !value.is_empty())?)))
    .collect()
}

/// AWS quotes the variables of a function in some of its messages.
fn learn_secrets(variables: &HashMap<String, String>) {
    for (name, value) in variables {
        match serde_json::from_str(value) {
            Ok(config @ serde_json::Value::Object(_)) => redactor::learn_config(&config),
            _ if is_telling(name) => redactor::learn(value),
            _ => redactor::learn_url(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn the_time_of_the_last_change_is_read() {
        assert_eq!(milliseconds("2026-11-29T20:00:00.123+0000"), Some(1_795_982_400_123));
        assert_eq!(milliseconds("2026-11-29T20:00:00Z"), Some(1_795_982_400_000));
        assert_eq!(milliseconds("yesterday"), None);
    }
}
