//! What the user wants: flags, environment and what exists already -> [`Stack`].

use std::io::Read;
use std::path::Path;

use cwl2le_forwarder::config::{CONFIG_ENV, Config, DEFAULT_DESTINATION, Destination, Logentries, Region};
use cwl2le_forwarder::secret::{Secret, Token};

use crate::cli::{DestinationArgs, ResourceArgs, Setup, StreamArgs};
use crate::error::{Code, Error, Result};
use crate::plan::{Observed, ObservedRole};
use crate::stack::policy::{self, Grants};
use crate::stack::{
    Arch, FunctionSpec, LogGroupSpec, Names, RoleScope, RoleSpec, Setting, Stack, StackName, StreamMode,
    StreamSpec, Tags, Target, TriggerSpec, tags,
};

/// A stack with nothing asked for but its name: what `subscribe`, `status` and `teardown` work on.
pub fn bare_stack(name: &StackName, target: &Target, scope: RoleScope, observed: &Observed) -> Stack {
    Builder { name, target, scope, observed }.stack(
        Wishes::default(),
        &ResourceArgs::default(),
        &Grants::default(),
    )
}

/// The stack that `setup` wants. The bundle is not in it yet: it depends on the architecture, which is settled here.
pub fn wanted_stack(args: &Setup, target: &Target, scope: RoleScope, observed: &Observed) -> Result<Stack> {
    let wishes = Wishes {
        stream_mode: stream_mode(&args.stream),
        retention_hours: args.stream.retention_hours,
        kms_key: args.stream.kms_key.as_deref().map(|key| kms_key(key, target)).transpose()?,
        arch: args.function.arch,
        memory_mb: args.function.memory,
        timeout_seconds: args.function.timeout,
        reserved_concurrency: args.function.reserved_concurrency,
        log_retention_days: args.function.log_retention_days,
        config: forwarder_config(&args.destination, observed)?,
        batch_size: args.trigger.batch_size,
        window_seconds: args.trigger.batch_window,
        parallelization: args.trigger.parallelization,
        on_failure: args.trigger.on_failure.as_deref().map(on_failure).transpose()?,
    };
    check_path(args.resources.role_path.as_deref())?;
    let kms = wishes.kms_key.clone().unwrap_or_else(|| current_key(observed, target));
    let on_failure = wishes.on_failure.clone().unwrap_or_else(|| {
        observed.triggers.iter().find_map(|trigger| trigger.on_failure.clone())
    });
    let grants = Grants { kms_key_arn: kms, on_failure, ..Grants::default() };
    Ok(Builder { name: &args.stack.stack, target, scope, observed }.stack(wishes, &args.resources, &grants))
}

/// What was asked for.
#[derive(Default)]
struct Wishes {
    stream_mode: Option<StreamMode>,
    retention_hours: Option<u32>,
    kms_key: Option<Option<String>>,
    arch: Option<Arch>,
    memory_mb: Option<u32>,
    timeout_seconds: Option<u32>,
    reserved_concurrency: Option<u32>,
    log_retention_days: Option<u32>,
    config: Option<Config>,
    batch_size: Option<u32>,
    window_seconds: Option<u32>,
    parallelization: Option<u32>,
    on_failure: Option<Option<String>>,
}

struct Builder<'a> {
    name: &'a StackName,
    target: &'a Target,
    scope: RoleScope,
    observed: &'a Observed,
}

impl Builder<'_> {
    fn stack(&self, wishes: Wishes, resources: &ResourceArgs, grants: &Grants) -> Stack {
        let (target, names) = (self.target, Names::new(self.name, &self.target.region, self.scope));
        Stack {
            stream: StreamSpec {
                mode: Setting::or_default(wishes.stream_mode, StreamMode::Provisioned { shards: 1 }),
                retention_hours: Setting::or_default(wishes.retention_hours, 24),
                kms_key: Setting::or_default(wishes.kms_key, None),
            },
            logs_role: RoleSpec {
                description: "CloudWatch Logs writes to the stream of cwl2le with it".to_owned(),
                trust: policy::logs_trust(target),
                policy_name: names.logs_policy.clone(),
                policy: policy::logs_policy(target, &names, grants),
                ..self.role(&names.logs_role, self.observed.logs_role.as_ref(), resources)
            },
            function_role: RoleSpec {
                description: "The forwarder of cwl2le runs with it".to_owned(),
                trust: policy::function_trust(target),
                policy_name: names.function_policy.clone(),
                policy: policy::function_policy(target, &names, grants),
                ..self.role(&names.function_role, self.observed.function_role.as_ref(), resources)
            },
            log_group: LogGroupSpec { retention_days: Setting::or_default(wishes.log_retention_days, 14) },
            function: FunctionSpec {
                bundle: None,
                // An existing function keeps its processor unless another one is asked for.
                arch: Setting::or_default(
                    wishes.arch,
                    self.observed.function.as_ref().map_or(Arch::X86_64, |function| function.arch),
                ),
                memory_mb: Setting::or_default(wishes.memory_mb, 256),
                timeout_seconds: Setting::or_default(wishes.timeout_seconds, 60),
                config: wishes.config,
                reserved_concurrency: wishes.reserved_concurrency,
            },
            trigger: TriggerSpec {
                batch_size: Setting::or_default(wishes.batch_size, 1000),
                window_seconds: Setting::or_default(wishes.window_seconds, 1),
                parallelization: Setting::or_default(wishes.parallelization, 1),
                // A crash is narrowed down to the record that causes it: delivery depends on it.
                bisect: Setting::asked(true),
                on_failure: Setting::or_default(wishes.on_failure, None),
            },
            tags: tags(self.name, &target.region, &resources.tags.iter().cloned().collect::<Tags>()),
            name: self.name.clone(),
            target: target.clone(),
            names,
        }
    }

    /// Name, path, ARN and boundary; an existing role keeps its path, which AWS cannot change.
    fn role(&self, name: &str, is: Option<&ObservedRole>, resources: &ResourceArgs) -> RoleSpec {
        let path = match (is, &resources.role_path) {
            (Some(is), _) => is.path.clone(),
            (None, Some(path)) => path.clone(),
            (None, None) => "/".to_owned(),
        };
        RoleSpec {
            arn: is.map_or_else(
                || self.target.iam_arn(format_args!("role{path}{name}")),
                |is| is.arn.clone(),
            ),
            name: name.to_owned(),
            path,
            boundary: resources.permissions_boundary.clone(),
            description: String::new(),
            trust: serde_json::Value::Null,
            policy_name: String::new(),
            policy: serde_json::Value::Null,
        }
    }
}

fn stream_mode(args: &StreamArgs) -> Option<StreamMode> {
    if args.on_demand {
        Some(StreamMode::OnDemand)
    } else {
        args.shards.map(|shards| StreamMode::Provisioned { shards })
    }
}

/// A key as its ARN, because policies name keys by ARN; an alias could change its key under the policy.
fn kms_key(key: &str, target: &Target) -> Result<Option<String>> {
    if key == "none" {
        Ok(None)
    } else if key.starts_with("arn:") && key.contains(":key/") {
        Ok(Some(key.to_owned()))
    } else if !key.contains(['/', ':']) {
        Ok(Some(target.arn("kms", format_args!("key/{key}"))))
    } else {
        Err(Error::new(Code::Usage, format!("--kms-key takes a key id or a key ARN, not `{key}`"))
            .on(key)
            .hint("find the key behind an alias: aws kms describe-key --key-id ALIAS --query KeyMetadata.Arn"))
    }
}

fn current_key(observed: &Observed, target: &Target) -> Option<String> {
    let key = observed.stream.as_ref()?.kms_key.as_deref()?;
    // The AWS managed key `alias/aws/kinesis` needs no grant of ours.
    kms_key(key, target).ok().flatten()
}

fn on_failure(arn: &str) -> Result<Option<String>> {
    match arn.split(':').nth(2) {
        _ if arn == "none" => Ok(None),
        Some("s3" | "sns" | "sqs") if arn.starts_with("arn:") => Ok(Some(arn.to_owned())),
        _ => Err(Error::new(
            Code::Usage,
            format!("--on-failure takes the ARN of a bucket, queue or topic, not `{arn}`"),
        )
        .on(arn)
        .hint("for a bucket: arn:aws:s3:::NAME")),
    }
}

fn check_path(path: Option<&str>) -> Result<()> {
    match path {
        Some(path) if !(path.starts_with('/') && path.ends_with('/')) => {
            Err(Error::new(Code::Usage, format!("--role-path begins and ends with a slash, and `{path}` does not"))
                .on(path)
                .hint("for example --role-path /service/"))
        }
        _ => Ok(()),
    }
}

/// The forwarder's configuration: what it has, with the default destination replaced where flags say so.
fn forwarder_config(args: &DestinationArgs, observed: &Observed) -> Result<Option<Config>> {
    let current = observed
        .function
        .as_ref()
        .and_then(|function| function.environment.get(CONFIG_ENV))
        .and_then(|value| Config::from_json(&value.0).ok());
    let token = token(args)?;
    let name = current.as_ref().and_then(Config::default_destination).unwrap_or(DEFAULT_DESTINATION).to_owned();
    let before = current.as_ref().and_then(|config| config.destinations.get(&name)).map(
        |Destination::Logentries(logentries)| logentries.clone(),
    );
    let moves = args.logentries_region.is_some()
        || args.logentries_endpoint.is_some()
        || args.logentries_plain
        || args.logentries_ca_file.is_some();
    let destination = match (before, token) {
        (None, None) if moves => {
            return Err(Error::new(Code::Usage, "the log service is given without the token of a log")
                .hint("add --token, --token-file or CWL2LE_TOKEN"));
        }
        (None, None) => return Ok(None),
        (Some(_), None) if !moves => return Ok(current),
        (before, token) => {
            let asked = Logentries {
                endpoint: args.logentries_endpoint.clone(),
                region: args.logentries_region,
                tls: !args.logentries_plain,
                ca_file: args.logentries_ca_file.clone(),
                token: token.map_or_else(|| before.as_ref().map(|b| b.token.clone()), |t| Some(Secret::Inline(t)))
                    .ok_or_else(|| Error::new(Code::Internal, "no token, though it was checked"))?,
            };
            match before {
                Some(before) if !moves => Logentries { token: asked.token, ..before },
                _ if asked.endpoint.is_none() && asked.region.is_none() => {
                    Logentries { region: Some(Region::Us), ..asked }
                }
                _ => asked,
            }
        }
    };
    let mut config = current.unwrap_or_default();
    config.destinations.insert(name, Destination::Logentries(destination));
    config.validate().map_err(|error| {
        Error::new(Code::Usage, error.to_string()).hint("see `cwl2le setup --help`, section Log service")
    })?;
    Ok(Some(config))
}

fn token(args: &DestinationArgs) -> Result<Option<Token>> {
    let text = match (&args.token, &args.token_file) {
        (_, Some(file)) => read_token(file)?,
        (Some(token), None) => token.clone(),
        (None, None) => return Ok(None),
    };
    text.trim().parse().map(Some).map_err(|error| {
        Error::new(Code::Usage, format!("the token cannot be used: {error}"))
            .hint("in Logentries: Add Data, Token TCP")
    })
}

fn read_token(file: &Path) -> Result<String> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    text.map_err(|error| {
        Error::new(Code::Usage, format!("the token file cannot be read: {error}"))
            .on(file.display().to_string())
            .hint("write the token, and nothing else, into a file that only you can read")
    })
}
