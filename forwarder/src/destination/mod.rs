//! Log services: one trait, one file per service.

#[macro_use]
pub mod types;

pub(crate) mod authority;
mod contract;
mod defaults;
mod dry;
mod endpoint;
mod headers;
pub mod probe;
mod region;
mod request;
mod stream;
mod timeouts;
mod verdicts;

pub use authority::Certificates;
pub use contract::{
    Destination, Outlet, Rejected, Session, Sink, Surroundings, Taken, Traffic, Verdict, Wait,
};
pub use endpoint::{ServiceUrl, is_public_http};
pub use stream::Receipt;
pub use timeouts::Timeouts;

// Every type of log service: its name in the configuration, its file, and the type in it that holds its keys.
types! {
    /// Logentries, today Rapid7 InsightOps / Log Search, by Token TCP.
    "logentries" => logentries::Logentries,
    /// Rapid7's HTTPS ingestion of Log Search.
    "insight-webhook" => insight_webhook::InsightWebhook,
    /// Loggly, by its bulk endpoint.
    "loggly" => loggly::Loggly,
    /// OpenTelemetry's logs over HTTP.
    "otlp" => otlp::Otlp,
    /// Syslog over TLS.
    "syslog" => syslog::Syslog,
    /// Any service that takes newline-delimited JSON over HTTP.
    "http" => ndjson::Http,
}
