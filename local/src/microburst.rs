//! microburst: a proxy that injects throttling and other faults in the very form in which AWS answers.

use serde_json::Value;

use crate::cache::{Cache, Progress};
use crate::error::LocalError;
use crate::guarded::Guarded;
use crate::http;
use crate::python::{PythonEnv, Tool};

/// microburst and what it needs.
pub const MICROBURST: Tool = Tool {
    name: "microburst",
    purpose: "injects AWS faults in tests",
    requirements: include_str!("../requirements/microburst.txt"),
};

/// A running microburst in front of another endpoint.
#[derive(Debug)]
pub struct Microburst {
    server: Guarded,
    endpoint: String,
}

impl Microburst {
    /// Starts one in front of `upstream`, for example the endpoint of a [`crate::LocalAws`], with `rules`:
    /// a list such as `[{"service":"logs","probability":0.3,"error":{"code":"ThrottlingException"}}]`.
    pub async fn start(
        cache: &Cache,
        upstream: &str,
        rules: &Value,
        progress: Progress<'_>,
    ) -> Result<Self, LocalError> {
        let environment = PythonEnv::of(MICROBURST, cache, progress).await?;
        let arguments = ["--upstream", upstream];
        let server = Guarded::start("microburst", &environment, "microburst_proxy.py", &arguments).await?;
        let endpoint = server.endpoint();
        let microburst = Self { server, endpoint };
        microburst.set_rules(rules).await?;
        Ok(microburst)
    }

    /// The endpoint URL to call instead of the upstream's.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Replaces all rules.
    pub async fn set_rules(&self, rules: &Value) -> Result<(), LocalError> {
        http::post(&self.server, "/_microburst/rules", &rules.to_string())
            .await
            .map(drop)
            .map_err(|error| LocalError::new("cannot set the rules of microburst", error))
    }

    /// The faults injected so far, each with its service, operation and action.
    pub async fn fired(&self) -> Result<Value, LocalError> {
        const WHAT: &str = "cannot read the faults of microburst";
        let answer = http::get(&self.server, "/_microburst/fired?limit=100000")
            .await
            .map_err(|error| LocalError::new(WHAT, error))?;
        serde_json::from_str(&answer).map_err(|error| LocalError::new(WHAT, error))
    }

    /// The last `lines` of its log, for a test that failed.
    pub fn logs_tail(&self, lines: usize) -> String {
        self.server.logs_tail(lines)
    }
}
