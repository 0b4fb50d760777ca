//! The client side of TLS.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_rustls::TlsConnector;

/// Where systems keep the authorities they trust: Amazon Linux and Fedora, Debian and Ubuntu, SUSE, Alpine.
const SYSTEM: [&str; 4] = [
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Everything a TLS connection needs but the socket.
pub(crate) struct Tls {
    pub(crate) connector: TlsConnector,
    pub(crate) name: ServerName<'static>,
}

impl Tls {
    /// To one host, as [`client_config`] says.
    pub(crate) fn new(host: &str, trust: &Trust) -> Result<Self, String> {
        let config = client_config(trust)?;
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| format!("`{host}` is no host name that a certificate can be for"))?;
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }
}

/// Which authorities are trusted.
#[derive(Clone, Debug, Default)]
pub enum Trust {
    /// The public ones and those of the system.
    #[default]
    Public,
    /// Those of a PEM file.
    File(String),
    /// These.
    Own(Vec<CertificateDer<'static>>),
}

impl Trust {
    /// Those of a file, or without one the public ones.
    pub(crate) fn file(path: Option<&str>) -> Self {
        path.map_or(Self::Public, |path| Self::File(path.to_owned()))
    }
}

/// TLS 1.2 and 1.3, trusting these authorities only.
pub(crate) fn client_config(trust: &Trust) -> Result<ClientConfig, String> {
    let named = std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty()).map(PathBuf::from);
    let system = named.map_or_else(|| SYSTEM.map(PathBuf::from).to_vec(), |path| vec![path]);
    client_config_with(trust, system)
}

fn client_config_with(trust: &Trust, system: Vec<PathBuf>) -> Result<ClientConfig, String> {
    // ring, because aws-lc-rs costs 32 ms of CPU on its first connection.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    let roots = match trust {
        Trust::Public => None,
        Trust::Own(all) => {
            let mut roots = RootCertStore::empty();
            let added = all.iter().try_for_each(|one| roots.add(one.clone()));
            added.map_err(|error| format!("a certificate of `ca` cannot be used: {error}"))?;
            Some(roots)
        }
        Trust::File(path) => Some(of_file(path)?),
    };
    let Some(roots) = roots else {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let public = verifier(roots, &provider).map_err(|why| format!("TLS cannot be set up: {why}"))?;
        let verifier = Public { public, system, provider, system_verifier: OnceLock::new() };
        // It checks certificates as rustls does, twice at most.
        return Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth());
    };
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn of_file(path: &str) -> Result<RootCertStore, String> {
    let refuse = |why: String| format!("`ca_file` {path}: {why}; give a PEM file that the function can read");
    let roots = read(Path::new(path)).map_err(&refuse)?;
    if roots.is_empty() {
        return Err(refuse("there is no certificate in it".into()));
    }
    Ok(roots)
}

fn read(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    Ok(roots)
}

fn verifier(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, String> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| error.to_string())
}

/// Trusts the authorities that are compiled in, and those of the system where the former do not know the issuer. The
/// file of the system takes milliseconds to read, so it is read only then, once.
#[derive(Debug)]
struct Public {
    public: Arc<WebPkiServerVerifier>,
    /// The first of these that can be read is used.
    system: Vec<PathBuf>,
    provider: Arc<CryptoProvider>,
    system_verifier: OnceLock<Option<Arc<WebPkiServerVerifier>>>,
}

impl Public {
    fn of_system(&self) -> Option<&WebPkiServerVerifier> {
        let read = || {
            // A certificate that rustls cannot read is left out; it is no reason to do without the others.
            let certificates =
                self.system.iter().find_map(|path| CertificateDer::pem_file_iter(path).ok())?;
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(certificates.filter_map(Result::ok));
            verifier(roots, &self.provider).ok()
        };
        self.system_verifier.get_or_init(read).as_deref()
    }
}

impl ServerCertVerifier for Public {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verify = |by: &WebPkiServerVerifier| {
            by.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        match verify(&self.public) {
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
                self.of_system().map_or(Err(CertificateError::UnknownIssuer.into()), verify)
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.public.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.public.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.public.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use cwl2le_local::log_service::{Certificate, LogService, Options, Transport};

    use super::*;

    async fn connects(service: &LogService, config: ClientConfig) -> std::io::Result<()> {
        let socket = tokio::net::TcpStream::connect(service.address()).await?;
        let name = ServerName::try_from("127.0.0.1").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, socket).await.map(drop)
    }

    #[tokio::test]
    async fn authorities_of_the_system_are_trusted_beside_the_public_ones() {
        let mut bundle = tempfile::NamedTempFile::new().unwrap();
        for transport in [Transport::Tls12, Transport::Tls13] {
            let service = LogService::start(Options::with_transport(transport)).unwrap();
            bundle.write_all(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
            bundle.write_all(service.ca_pem().as_bytes()).unwrap();
            let missing = PathBuf::from("/nowhere/bundle.pem");
            let with = |system: &[PathBuf]| client_config_with(&Trust::Public, system.to_vec()).unwrap();
            let of_system = || with(&[missing.clone(), bundle.path().to_owned()]);
            connects(&service, of_system()).await.unwrap();
            connects(&service, with(std::slice::from_ref(&missing))).await.unwrap_err();
            connects(&service, with(&[])).await.unwrap_err();
            service.set_certificate(Certificate::Expired).unwrap();
            let error = connects(&service, of_system()).await.unwrap_err().to_string();
            assert!(error.contains("xpired"), "{error}");
            service.set_certificate(Certificate::WrongName).unwrap();
            let error = connects(&service, of_system()).await.unwrap_err().to_string();
            assert!(error.contains("not valid for name"), "{error}");
        }
    }
}
