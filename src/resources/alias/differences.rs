//! How two versions of a function differ.

use serde_json::Value;

use super::observed::Snapshot;
use crate::resources::Field;
use crate::resources::function::environment::config_fields;

/// The differences of two versions besides their configurations.
pub(super) fn differences(now: &Snapshot, then: &Snapshot) -> Vec<Field> {
    let code = |snapshot: &Snapshot| match snapshot.release() {
        Some(release) => {
            serde_json::json!({"version": release.version.to_string(), "source": release.source})
        }
        None => Value::from(snapshot.code_sha256.as_str()),
    };
    let mut fields = Vec::new();
    let mut differ = |name, old: Value, new: Value| {
        if old != new {
            fields.push(Field::change(name, old, new));
        }
    };
    if now.code_sha256 != then.code_sha256 {
        differ("code", code(now), code(then));
    }
    differ("architecture", now.arch.as_str().into(), then.arch.as_str().into());
    differ("memory_mb", now.memory_mb.into(), then.memory_mb.into());
    differ("timeout_seconds", now.timeout_seconds.into(), then.timeout_seconds.into());
    differ("role", now.role_arn.as_str().into(), then.role_arn.as_str().into());
    fields.extend(now.network.changes(&then.network));
    fields
}

/// The differences of two versions in their settings, as far as this version of cwl2le can read them.
pub(super) fn settings(now: &Snapshot, then: &Snapshot) -> Vec<Field> {
    let same_code = Snapshot { code_sha256: now.code_sha256.clone(), arch: now.arch, ..then.clone() };
    let config = now.config().zip(then.config()).map(|(now, then)| config_fields(Some(&now), &then));
    differences(now, &same_code).into_iter().chain(config.into_iter().flatten()).collect()
}
