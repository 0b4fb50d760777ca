//! Flags and environment over the file: what no flag gives is taken from the file, as if it had been a flag.

use super::file::File;
use crate::cli::{FunctionArgs, ResourceArgs, StreamArgs, TriggerArgs, Wanted};

/// The flags, filled up from the file. Destinations and subscriptions are not flags, and stay in the file.
pub(super) fn with_file(args: &Wanted, file: Option<&File>) -> Wanted {
    let mut args = args.clone();
    let Some(settings) = file.map(|file| &file.settings) else { return args };
    stream(&mut args.stream, &settings.stream);
    function(&mut args.function, &settings.function);
    trigger(&mut args.trigger, &settings.trigger);
    let ResourceArgs { role_path, permissions_boundary, tags } = &mut args.resources;
    fill(role_path, &settings.roles.path);
    fill(permissions_boundary, &settings.roles.permissions_boundary);
    // The last of a key wins, and flags stand last.
    let mut all: Vec<(String, String)> = settings.tags.clone().into_iter().collect();
    all.append(tags);
    *tags = all;
    args
}

fn stream(args: &mut StreamArgs, file: &super::file::Stream) {
    // The two ways to pay exclude each other: a flag for one hides the file's other.
    if !args.on_demand && args.shards.is_none() {
        args.on_demand = file.on_demand.as_ref().is_some_and(|on_demand| *on_demand.get_ref());
        args.shards = file.shards;
    }
    fill(&mut args.retention_hours, &file.retention_hours);
    fill(&mut args.kms_key, &file.kms_key);
}

fn function(args: &mut FunctionArgs, file: &super::file::Function) {
    fill(&mut args.arch, &file.arch);
    fill(&mut args.memory, &file.memory);
    fill(&mut args.timeout, &file.timeout);
    fill(&mut args.reserved_concurrency, &file.reserved_concurrency);
    fill(&mut args.log_retention_days, &file.log_retention_days);
    fill(&mut args.quarantine, &file.quarantine);
}

fn trigger(args: &mut TriggerArgs, file: &super::file::Trigger) {
    fill(&mut args.batch_size, &file.batch_size);
    fill(&mut args.batch_window, &file.batch_window);
    fill(&mut args.parallelization, &file.parallelization);
    fill(&mut args.on_failure, &file.on_failure);
}

fn fill<T: Clone>(flag: &mut Option<T>, file: &Option<T>) {
    if flag.is_none() {
        flag.clone_from(file);
    }
}
