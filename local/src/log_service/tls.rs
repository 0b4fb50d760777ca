//! Certificates and TLS of a local log service.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::fault::{Certificate, Transport};

/// An authority of its own, and what is needed to greet the next client.
pub(super) struct Tls {
    transport: Transport,
    authority: Authority,
    acceptor: Mutex<Option<TlsAcceptor>>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("transport", &self.transport).finish_non_exhaustive()
    }
}

impl Tls {
    pub(super) fn new(transport: Transport, authority_key: Option<&str>) -> io::Result<Self> {
        let authority = match authority_key {
            Some(key) => Authority::of(KeyPair::from_pem(key).map_err(io::Error::other)?)?,
            None => Authority::new()?,
        };
        let tls = Self { transport, authority, acceptor: Mutex::new(None) };
        tls.set_certificate(Certificate::Valid)?;
        Ok(tls)
    }

    pub(super) fn ca_pem(&self) -> &str {
        &self.authority.pem
    }

    pub(super) fn authority_key(&self) -> String {
        self.authority.issuer.key().serialize_pem()
    }

    pub(super) fn set_certificate(&self, certificate: Certificate) -> io::Result<()> {
        let version = match self.transport {
            Transport::Plain => return Ok(()),
            Transport::Tls12 => &rustls::version::TLS12,
            Transport::Tls13 => &rustls::version::TLS13,
        };
        let stranger;
        let authority = if certificate == Certificate::UnknownAuthority {
            stranger = Authority::new()?;
            &stranger
        } else {
            &self.authority
        };
        let (chain, key) = authority.issue(certificate)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![chain], key)
            .map_err(io::Error::other)?;
        // Clients that never read trip over these; see `Transport::Tls13`.
        config.send_tls13_tickets = 2;
        *self.acceptor.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(config).into());
        Ok(())
    }

    /// Greets clients; `None` on a plain service.
    pub(super) fn acceptor(&self) -> Option<TlsAcceptor> {
        self.acceptor.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> io::Result<Self> {
        Self::of(KeyPair::generate().map_err(io::Error::other)?)
    }

    fn of(key: KeyPair) -> io::Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "cwl2le local test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let pem = params.self_signed(&key).map_err(io::Error::other)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }

    fn issue(
        &self,
        certificate: Certificate,
    ) -> io::Result<(rustls::pki_types::CertificateDer<'static>, PrivateKeyDer<'static>)> {
        let names = if certificate == Certificate::WrongName {
            vec!["elsewhere.example".to_owned()]
        } else {
            vec!["127.0.0.1".to_owned(), "localhost".to_owned()]
        };
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        if certificate == Certificate::Expired {
            params.not_before = date_time_ymd(2000, 1, 1);
            params.not_after = date_time_ymd(2001, 1, 1);
        }
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let signed = params.signed_by(&key, &self.issuer).map_err(io::Error::other)?;
        Ok((signed.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
    }
}
