//! What time it is for AWS: the clock of this machine may be wrong by minutes, and the SDK corrects its signatures for
//! that without telling.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use aws_sdk_sts::config::SharedHttpClient;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use super::trace;

/// How far AWS's clock is ahead of that of this machine, by the `Date` of its latest answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// Seconds since 1970, exact to about a second.
    pub(super) fn now(&self) -> u64 {
        here().saturating_add_signed(self.ahead())
    }

    /// How many seconds it is ahead of the clock of this machine.
    pub(super) fn ahead(&self) -> i64 {
        self.ahead.load(Ordering::Relaxed)
    }

    /// The client, with an eye on the `Date` of every answer.
    pub(super) fn watch(&self, client: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Watched { inner: client, clock: self.clone() })
    }

    fn set(&self, date: &str) {
        let Ok(there) = DateTime::from_str(date, Format::HttpDate) else { return };
        let ahead = there.secs() - i64::try_from(here()).unwrap_or_default();
        self.ahead.store(ahead, Ordering::Relaxed);
    }
}

fn here() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[derive(Debug)]
struct Watched<T> {
    inner: T,
    clock: Clock,
}

impl HttpClient for Watched<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Watched { inner, clock: self.clock.clone() })
    }
}

impl HttpConnector for Watched<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (uri, begun) = (request.uri().to_owned(), Instant::now());
        let (answer, clock) = (self.inner.call(request), self.clock.clone());
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            let status = answer.as_ref().ok().map(|answer| answer.status().as_u16());
            trace::credentials(&uri, begun.elapsed(), status);
            let answer = answer?;
            trace::note(&answer);
            if let Some(date) = answer.headers().get("date") {
                clock.set(date);
            }
            Ok(answer)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_that_of_the_latest_answer() {
        let clock = Clock::default();
        assert!(clock.now().abs_diff(here()) <= 1);
        clock.set("Sun, 06 Nov 2044 08:49:37 GMT");
        assert!(clock.now().abs_diff(2_362_034_977) <= 1, "{}", clock.now());
        clock.set("no date");
        assert!(clock.now().abs_diff(2_362_034_977) <= 1, "what cannot be read changes nothing");
    }
}
