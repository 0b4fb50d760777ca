//! The HTTP client of all services, and the proxy that it goes through.

use aws_sdk_sts::config::{SharedAsyncSleep, SharedHttpClient};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::HttpConnectorSettings;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::error::{Code, Error, Result};

/// The variables that name the proxy of what goes by HTTPS, the first that is set counts; as curl and the AWS CLI read
/// them.
const VARIABLES: &[&str] = &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// Those that name the hosts that are reached without it.
const EXCEPTIONS: &[&str] = &["NO_PROXY", "no_proxy"];
/// What is never reached through a proxy: an AWS of this machine.
const HERE: &str = "localhost,127.0.0.0/8,::1";

/// The first of these variables that is set.
fn first<'a>(names: &[&'a str], variable: impl Fn(&str) -> Option<String>) -> Option<(&'a str, String)> {
    names.iter().find_map(|name| Some((*name, variable(name).filter(|value| !value.trim().is_empty())?)))
}

/// Whether a proxy is named: then names are resolved there, and nothing is to be learned from resolving them here.
pub(super) fn names_proxy() -> bool {
    first(VARIABLES, |name| std::env::var(name).ok()).is_some()
}

/// The proxy that the environment names. Every endpoint of AWS is HTTPS: what goes by plain HTTP (an own endpoint, the
/// credentials of an instance or a container) is on this machine or beside it, and is reached without.
///
/// # Errors
///
/// [`Code::Usage`]: it is no URL. It is not shown, since a password may stand in it.
pub(super) fn proxy(variable: impl Fn(&str) -> Option<String>) -> Result<ProxyConfig> {
    let Some((name, url)) = first(VARIABLES, &variable) else { return Ok(ProxyConfig::disabled()) };
    let url = url.trim();
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let proxy = ProxyConfig::https(url.as_str()).map_err(|_| {
        Error::new(Code::Usage, format!("{name} is not the URL of a proxy")).on(name).hint(
            "give http://HOST:PORT or https://HOST:PORT, with USER:PASSWORD@ before HOST where it wants them",
        )
    })?;
    let besides = first(EXCEPTIONS, &variable).map(|(_, hosts)| format!(",{hosts}")).unwrap_or_default();
    Ok(proxy.no_proxy(format!("{HERE}{besides}")))
}

/// How AWS is connected to: with pooled connections, TLS by rustls that trusts certain authorities, and a proxy where
/// one is configured. Everything that reaches AWS is made here.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    pub(super) proxy: ProxyConfig,
    pub(super) trust: TlsContext,
}

impl Connections {
    /// The client of the SDK's services and of those that give credentials.
    pub(super) fn client(self) -> SharedHttpClient {
        Builder::new().build_with_connector_fn(move |settings, components| {
            self.connector(settings.cloned(), components.and_then(RuntimeComponents::sleep_impl))
        })
    }

    /// A connector for requests that no client of the SDK makes.
    pub(super) fn connector(
        &self,
        settings: Option<HttpConnectorSettings>,
        sleep: Option<SharedAsyncSleep>,
    ) -> Connector {
        let mut connector = Connector::builder()
            .proxy_config(self.proxy.clone())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(self.trust.clone());
        connector.set_connector_settings(settings);
        connector.set_sleep_impl(sleep);
        connector.build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_proxy_is_refused_by_the_name_of_its_variable() {
        for variable in VARIABLES {
            for url in ["socks5://me:hunter2@host:1", "http://me:hunter2@a b", "http://"] {
                let error = proxy(|name| (name == *variable).then(|| url.to_owned())).expect_err(url);
                assert_eq!((error.code, error.resource.as_deref()), (Code::Usage, Some(*variable)));
                assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
            }
        }
    }

    #[test]
    fn a_proxy_needs_no_scheme_and_an_empty_one_is_none() {
        let of = |url: &str| proxy(|name| (name == "HTTPS_PROXY").then(|| url.to_owned())).expect("a proxy");
        assert!(of("").is_disabled());
        assert!(!of("proxy:3128").is_disabled());
        assert!(!of("http://me:hunter2@proxy:3128").is_disabled());
    }
}
