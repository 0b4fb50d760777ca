//! What was asked for, by flags, environment or file: what nobody asked for is none.

use std::collections::BTreeSet;

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::secret::redact_uuids;

use super::forms;
use crate::error::{Code, Error, Result};
use crate::flags::{StreamArgs, Wanted};
use crate::resources::{Arch, Observed, StreamMode};
use crate::stack::Target;

/// What was asked for.
#[derive(Default)]
pub(super) struct Wishes {
    pub(super) stream_mode: Option<StreamMode>,
    pub(super) retention_hours: Option<u32>,
    pub(super) kms_key: Option<Option<String>>,
    pub(super) arch: Option<Arch>,
    pub(super) memory_mb: Option<u32>,
    pub(super) timeout_seconds: Option<u32>,
    pub(super) reserved_concurrency: Option<u32>,
    pub(super) log_retention_days: Option<u32>,
    pub(super) config: Option<Config>,
    pub(super) batch_size: Option<u32>,
    pub(super) window_seconds: Option<u32>,
    pub(super) parallelization: Option<u32>,
    pub(super) on_failure: Option<Option<String>>,
    pub(super) isolated: BTreeSet<String>,
    pub(super) handover_seconds: Option<u32>,
}

impl Wishes {
    /// Reads the flags, filled up from the file, together with the forwarder's configuration.
    ///
    /// # Errors
    /// A value that has not the form it needs. Those of the file have been checked where they stand.
    pub(super) fn new(args: &Wanted, config: Option<Config>, target: &Target) -> Result<Self> {
        // What is refused may be a token in the wrong place.
        let usage = |flag: &str, problem: String| {
            Error::new(Code::Usage, redact_uuids(&format!("{flag}: {problem}")))
        };
        let key = |text: &String| forms::key(text).map_err(|problem| usage("--kms-key", problem).on(text));
        let on_failure = |text: &String| {
            forms::on_failure(text).map_err(|problem| usage("--on-failure", problem).on(redact_uuids(text)))
        };
        Ok(Self {
            stream_mode: stream_mode(&args.stream),
            retention_hours: args.stream.retention_hours,
            kms_key: args.stream.kms_key.as_ref().map(key).transpose()?.map(|key| key.arn(target)),
            arch: args.function.arch,
            memory_mb: args.function.memory,
            timeout_seconds: args.function.timeout,
            reserved_concurrency: args.function.reserved_concurrency,
            log_retention_days: args.function.log_retention_days,
            config,
            batch_size: args.trigger.batch_size,
            window_seconds: args.trigger.batch_window,
            parallelization: args.trigger.parallelization,
            on_failure: args.trigger.on_failure.as_ref().map(on_failure).transpose()?,
            isolated: BTreeSet::new(),
            handover_seconds: args.function.handover,
        })
    }
}

fn stream_mode(args: &StreamArgs) -> Option<StreamMode> {
    if args.on_demand {
        Some(StreamMode::OnDemand)
    } else {
        args.shards.map(|shards| StreamMode::Provisioned { shards })
    }
}

/// The customer key that the stream has.
pub(super) fn current_key(observed: &Observed, target: &Target) -> Option<String> {
    let key = observed.stream.as_ref()?.kms_key.as_deref()?;
    // The AWS managed key `alias/aws/kinesis` needs no grant of ours.
    forms::key(key).ok()?.arn(target)
}
