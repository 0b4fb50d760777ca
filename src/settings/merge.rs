//! Flags and environment over the file: what no flag gives is taken from the file, as if it had been a flag.

use std::fmt::Display;

use super::file::File;
use super::origin::{self, first};
use crate::flags::{FunctionArgs, ResourceArgs, StreamArgs, TriggerArgs, Wanted};
use crate::resources::HeadRow;

/// The flags, filled up from the file, and where each setting comes from that was given. Destinations and subscriptions are
/// not flags, and stay in the file.
pub(super) fn with_file(args: &Wanted, file: Option<&File>) -> (Wanted, Vec<HeadRow>) {
    let mut args = args.clone();
    let mut merge = Merge { file, given: Vec::new() };
    merge.stream(&mut args.stream);
    merge.function(&mut args.function);
    merge.trigger(&mut args.trigger);
    merge.resources(&mut args.resources);
    (args, merge.given)
}

struct Merge<'f> {
    file: Option<&'f File>,
    given: Vec<HeadRow>,
}

impl Merge<'_> {
    /// Takes a setting from the first place that gives it. The name is that of the flag.
    fn fill<T: Display>(&mut self, name: &str, flag: &mut Option<T>, file: Option<T>) {
        let places = [(origin::flag(name), flag.take()), (origin::file(self.file), file)];
        if let Some((value, origin)) = first(places) {
            self.given.push(HeadRow { name: name.to_owned(), value: Some(value.to_string()), origin });
            *flag = Some(value);
        }
    }

    fn stream(&mut self, args: &mut StreamArgs) {
        let file = self.file.map(|file| &file.settings.stream);
        // The two ways to pay exclude each other: a flag for one hides the file's other.
        let by_flag = args.on_demand || args.shards.is_some();
        let of_file = file.filter(|_| !by_flag);
        let on_demand =
            of_file.and_then(|stream| stream.on_demand.as_ref()).map(|on_demand| *on_demand.get_ref());
        let mut flag = args.on_demand.then_some(true);
        self.fill("on-demand", &mut flag, on_demand);
        args.on_demand = flag.unwrap_or_default();
        self.fill("shards", &mut args.shards, of_file.and_then(|stream| stream.shards));
        self.fill(
            "retention-hours",
            &mut args.retention_hours,
            file.and_then(|stream| stream.retention_hours),
        );
        self.fill("kms-key", &mut args.kms_key, file.and_then(|stream| stream.kms_key.clone()));
    }

    fn function(&mut self, args: &mut FunctionArgs) {
        let file = self.file.map(|file| &file.settings.function);
        self.fill("arch", &mut args.arch, file.and_then(|function| function.arch));
        self.fill("memory", &mut args.memory, file.and_then(|function| function.memory));
        self.fill("timeout", &mut args.timeout, file.and_then(|function| function.timeout));
        let reserved = file.and_then(|function| function.reserved_concurrency);
        self.fill("reserved-concurrency", &mut args.reserved_concurrency, reserved);
        let days = file.and_then(|function| function.log_retention_days);
        self.fill("log-retention-days", &mut args.log_retention_days, days);
        self.fill("quarantine", &mut args.quarantine, file.and_then(|function| function.quarantine.clone()));
        let owner = file.and_then(|function| function.bucket_owner.clone());
        self.fill("bucket-owner", &mut args.bucket_owner, owner);
        // Neither is a setting of both.
        self.fill("metrics", &mut None, file.and_then(|function| function.metrics));
        self.fill("handover", &mut args.handover, None);
        let mut zip = args.forwarder_zip.as_ref().map(|path| path.display().to_string());
        self.fill("forwarder-zip", &mut zip, None);
    }

    fn trigger(&mut self, args: &mut TriggerArgs) {
        let file = self.file.map(|file| &file.settings.trigger);
        self.fill("batch-size", &mut args.batch_size, file.and_then(|trigger| trigger.batch_size));
        self.fill("batch-window", &mut args.batch_window, file.and_then(|trigger| trigger.batch_window));
        self.fill(
            "parallelization",
            &mut args.parallelization,
            file.and_then(|trigger| trigger.parallelization),
        );
        self.fill("on-failure", &mut args.on_failure, file.and_then(|trigger| trigger.on_failure.clone()));
    }

    fn resources(&mut self, args: &mut ResourceArgs) {
        let roles = self.file.map(|file| &file.settings.roles);
        self.fill("role-path", &mut args.role_path, roles.and_then(|roles| roles.path.clone()));
        let boundary = roles.and_then(|roles| roles.permissions_boundary.clone());
        self.fill("permissions-boundary", &mut args.permissions_boundary, boundary);
        // The last flag of a key wins.
        let mut by_flag: Vec<(String, String)> = Vec::new();
        for (key, value) in std::mem::take(&mut args.tags) {
            by_flag.retain(|(known, _)| *known != key);
            by_flag.push((key, value));
        }
        let of_file = self.file.map(|file| file.settings.tags.clone()).unwrap_or_default();
        let mut keys: Vec<&String> = of_file.keys().chain(by_flag.iter().map(|(key, _)| key)).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            let mut flag = by_flag.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
            self.fill(&format!("tag {key}"), &mut flag, of_file.get(key).cloned());
            args.tags.extend(flag.map(|value| (key.clone(), value)));
        }
    }
}
