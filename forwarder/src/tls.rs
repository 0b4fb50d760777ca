//! The client side of TLS.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

/// Everything a TLS connection needs but the socket.
pub(crate) struct Tls {
    pub(crate) connector: TlsConnector,
    pub(crate) name: ServerName<'static>,
}

impl Tls {
    /// To one host, as [`client_config`] says.
    pub(crate) fn new(host: &str, ca_file: Option<&str>) -> Result<Self, String> {
        let config = client_config(ca_file)?;
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| format!("`{host}` is no host name that a certificate can be for"))?;
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }
}

/// TLS 1.2 and 1.3 with the public authorities, or only with those of a PEM file.
pub(crate) fn client_config(ca_file: Option<&str>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let refuse =
                |why: String| format!("`ca_file` {path}: {why}; give a PEM file that the function can read");
            let certificates =
                CertificateDer::pem_file_iter(path).map_err(|error| refuse(error.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
                roots.add(certificate).map_err(|error| refuse(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(refuse("there is no certificate in it".into()));
            }
        }
    }
    // ring, because aws-lc-rs costs 32 ms of CPU on its first connection.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))
        .map(|builder| builder.with_root_certificates(roots).with_no_client_auth())
}
