//! moto, whose control plane refuses more than ministack's: for the tests of refusals.

use crate::cache::{Cache, Progress};
use crate::error::LocalError;
use crate::guarded::Guarded;
use crate::http;
use crate::python::{PythonEnv, Tool};

/// moto with its server, without what only other services and running functions need.
pub const MOTO: Tool = Tool {
    name: "moto",
    purpose: "a strict AWS control plane for tests",
    requirements: include_str!("../requirements/moto.txt"),
};

/// A running moto server. It keeps resources, and neither delivers logs nor runs functions.
#[derive(Debug)]
pub struct Moto {
    server: Guarded,
    endpoint: String,
}

impl Moto {
    /// Starts a moto of its own on a free port of 127.0.0.1, installing it first if need be.
    pub async fn start(cache: &Cache, progress: Progress<'_>) -> Result<Self, LocalError> {
        let environment = PythonEnv::of(MOTO, cache, progress).await?;
        let server = Guarded::start("moto", &environment, "moto_server.py", &[]).await?;
        let endpoint = server.endpoint();
        Ok(Self { server, endpoint })
    }

    /// The endpoint URL for every service.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Forgets everything.
    pub async fn reset(&self) -> Result<(), LocalError> {
        http::post(&self.server, "/moto-api/reset", "")
            .await
            .map(drop)
            .map_err(|error| LocalError::new("cannot reset moto", error))
    }

    /// The last `lines` of its log, for a test that failed.
    pub fn logs_tail(&self, lines: usize) -> String {
        self.server.logs_tail(lines)
    }
}
