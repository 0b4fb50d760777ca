//! The HTTP client of the function, for AWS's own services and for log services that take HTTP.
//!
//! HTTP/1.1 and 2, connections kept between invocations, TLS as [`crate::net::tls`] says, a proxy where the
//! environment names one (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`). Redirects are not followed: a request
//! carries a secret, and it is for the host that was asked.

use std::error::Error;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode};
use reqwest::redirect;
use rustls::ClientConfig;
use tokio::time::{Instant, timeout_at};

use crate::net::certificate::{self, cause};
use crate::net::tls::{self, Trust};
use crate::net::{Failure, FailureKind};

/// Maximum time for one address to take a connection.
pub(crate) const CONNECT: Duration = Duration::from_secs(5);

/// Maximum bytes of an answer's body to read.
const LONGEST_ANSWER: usize = 1 << 20;

/// Maximum time for the peer's TCP to acknowledge bytes that were sent (`TCP_USER_TIMEOUT`), and to answer an HTTP/2
/// ping. A kept connection may have died while the function was frozen.
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);

/// Interval of HTTP/2 pings while a request waits for its answer. Some servers hang up on more than a few of them.
const BETWEEN_PINGS: Duration = Duration::from_secs(10);

/// Maximum time that a kept connection may be idle and still be used. Load balancers close after a minute or more, some
/// servers earlier; and the clock may have stood still while the function was frozen.
const KEPT: Duration = Duration::from_secs(20);

/// A client with its connections. A clone shares them.
#[derive(Clone, Debug)]
pub struct Client {
    client: reqwest::Client,
    tls: ClientConfig,
}

/// What a server answered, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The host that answered.
    pub host: String,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, or the first 1,048,576 bytes of it.
    pub body: Bytes,
    /// Whether the body is complete.
    pub is_whole: bool,
}

impl Client {
    /// Makes a client that trusts the public authorities, or only those of a PEM file. Nothing is connected to.
    ///
    /// # Errors
    /// A certificate file that cannot be read or has no certificate in it; a proxy that is no URL.
    pub fn new(ca_file: Option<&str>) -> Result<Self, String> {
        Self::trusting(&Trust::file(ca_file))
    }

    /// Makes a client that trusts these authorities. Nothing is connected to.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub(crate) fn trusting(trust: &Trust) -> Result<Self, String> {
        let mut tls = tls::client_config(trust)?;
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self::with(tls)
    }

    /// A client with the same settings, and without the connections of this one.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn fresh(&self) -> Result<Self, String> {
        Self::with(self.tls.clone())
    }

    fn with(tls: ClientConfig) -> Result<Self, String> {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(CONNECT)
            .pool_idle_timeout(KEPT)
            .http2_keep_alive_interval(BETWEEN_PINGS)
            .http2_keep_alive_timeout(UNACKNOWLEDGED)
            .user_agent(concat!("cwl2le/", env!("CARGO_PKG_VERSION")));
        #[cfg(target_os = "linux")]
        let builder = builder.tcp_user_timeout(UNACKNOWLEDGED);
        builder
            .build()
            .map(|client| Self { client, tls })
            .map_err(|error| format!("the HTTP client cannot be made: {}", causes(&error)))
    }

    /// Sends a request and waits for the whole answer: for `patience`, and not beyond `until`.
    ///
    /// # Errors
    /// [`FailureKind::Stalled`] after `patience`, [`FailureKind::Deadline`] at `until`, or what broke. Any HTTP status
    /// counts as an answer. The text holds neither path nor query, where services have their tokens.
    pub async fn send(
        &self,
        request: Request<Bytes>,
        patience: Duration,
        until: Instant,
    ) -> Result<Answer, Failure> {
        let host = request.uri().authority().map(|host| host.host().to_owned()).unwrap_or_default();
        let limit = until.min(Instant::now() + patience);
        match timeout_at(limit, self.exchange(request)).await {
            Ok(result) => result.map_err(|error| classified(&host, &error.without_url())),
            Err(_) if limit == until => {
                let why = format!("the time of the invocation is used up while waiting for {host}");
                Err(Failure::new(FailureKind::Deadline, why))
            }
            Err(_) => {
                Err(Failure::new(FailureKind::Stalled, format!("{host}: no answer within {patience:?}")))
            }
        }
    }

    async fn exchange(&self, request: Request<Bytes>) -> reqwest::Result<Answer> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let mut response = self.client.execute(request.try_into()?).await?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let (mut body, mut is_whole) = (BytesMut::new(), true);
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST_ANSWER {
                body.truncate(LONGEST_ANSWER);
                is_whole = false;
                break;
            }
        }
        Ok(Answer { host, status, headers, body: body.freeze(), is_whole })
    }
}

/// The kind of a failure, from the innermost causes that say something.
fn classified(host: &str, error: &reqwest::Error) -> Failure {
    let chain: Vec<_> = std::iter::successors(Some(error as &(dyn Error + 'static)), cause).collect();
    let tls = chain.iter().find_map(|error| error.downcast_ref::<rustls::Error>());
    let io =
        chain.iter().filter_map(|error| error.downcast_ref::<io::Error>()).next_back().map(io::Error::kind);
    let kind = match (tls, io) {
        (Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented), _) => {
            FailureKind::Certificate
        }
        (Some(_), _) => FailureKind::Handshake,
        _ if error.is_connect() && chain.iter().any(|error| error.to_string() == "dns error") => {
            FailureKind::Dns
        }
        _ if error.is_connect() => FailureKind::Connect,
        _ if error.is_builder() => FailureKind::Unsupported,
        (None, Some(io::ErrorKind::UnexpectedEof) | None) => FailureKind::Closed,
        (None, Some(_)) => FailureKind::Reset,
    };
    let why = certificate::refusal(error).unwrap_or_else(|| causes(error));
    Failure::new(kind, format!("{host}: {why}"))
}

/// The words of an error and of what caused it.
fn causes(error: &reqwest::Error) -> String {
    let mut words = error.to_string();
    for next in std::iter::successors(error.source(), cause) {
        let more = next.to_string();
        // Some repeat their cause in their own words.
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
    }
    words
}

#[cfg(test)]
mod tests;
