//! AWS's own command-line tool, to compare with.

use crate::cache::{Cache, Progress};
use crate::error::LocalError;
use crate::python::{PythonEnv, Tool};

/// The AWS CLI, version 1: the one that is a Python package.
const AWSCLI: Tool = Tool {
    name: "awscli",
    purpose: "AWS's command-line tool, to compare with",
    requirements: include_str!("../requirements/awscli.txt"),
};

/// The Python environment of an `aws` of its own, installed first if need be: `python -m awscli` is `aws`.
///
/// # Errors
/// No Python, or no network for the first time.
pub async fn environment(cache: &Cache, progress: Progress<'_>) -> Result<PythonEnv, LocalError> {
    PythonEnv::of(AWSCLI, cache, progress).await
}
