//! Whose certificates a log service may have.

use std::fmt;
use std::rc::Rc;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::net::tls::Trust;
use crate::secret::{Held, REDACTED, Secret, Sensitive, Store};

/// Certificates of authorities, in PEM. Anything else that stands between them, such as a private key, is left out.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificates {
    pem: Box<str>,
    all: Vec<CertificateDer<'static>>,
}

impl FromStr for Certificates {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
        let all = read.map_err(|error| format!("it is not valid PEM: {error}"))?;
        if all.is_empty() {
            return Err(
                "there is no certificate in it: it must be in PEM, with `BEGIN CERTIFICATE`".to_owned()
            );
        }
        let mut pem = String::new();
        for (at, one) in all.iter().enumerate() {
            let added = RootCertStore::empty().add(one.clone());
            added.map_err(|error| format!("certificate {} of it cannot be used: {error}", at + 1))?;
            let body = STANDARD.encode(one);
            pem.push_str(&format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"));
        }
        Ok(Self { pem: pem.into(), all })
    }
}

/// A certificate is public, and too long for a message.
impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Sensitive for Certificates {
    fn expose(&self) -> &str {
        &self.pem
    }

    /// Nothing that only looks at lines connects.
    fn stand_in() -> Self {
        Self { pem: "".into(), all: Vec::new() }
    }
}

/// The keys `ca_file` and `ca` of a destination.
#[derive(Clone, Copy)]
pub(super) struct Authority<'a> {
    pub(super) file: Option<&'a String>,
    pub(super) own: Option<&'a Secret<Certificates>>,
}

impl Authority<'_> {
    /// Checks them, for a connection with or without TLS.
    pub(super) fn check(self, has_tls: bool) -> Result<(), String> {
        match (self.file, self.own) {
            (Some(_), Some(_)) => {
                Err("`ca` and `ca_file` say the same in two ways; remove one of them".into())
            }
            (Some(_), None) if !has_tls => {
                Err("`ca_file` has no effect without `tls`; remove one of them".into())
            }
            (None, Some(_)) if !has_tls => Err("`ca` has no effect without `tls`; remove one of them".into()),
            _ => Ok(()),
        }
    }

    /// What they say, with the text of a reference from the store.
    ///
    /// # Errors
    /// A text that was not read, or that holds no certificate.
    pub(super) fn trust(self, store: &Rc<Store>) -> Result<Trust, String> {
        let Some(own) = self.own else { return Ok(Trust::file(self.file.map(String::as_str))) };
        let held = Held::new(own, store).map_err(|why| format!("`ca`: {why}"))?;
        Ok(Trust::Own(held.value().all.clone()))
    }

    /// What they say, unless that stands elsewhere.
    pub(super) fn known(self) -> Option<Trust> {
        match self.own {
            None => Some(Trust::file(self.file.map(String::as_str))),
            Some(own) => own.inline().map(|own| Trust::Own(own.all.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use cwl2le_local::log_service::{LogService, Options, Transport};

    use super::*;

    #[test]
    fn certificates_are_kept_and_a_key_beside_them_is_not() {
        let service = LogService::start(Options::with_transport(Transport::Tls13)).unwrap();
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        let text = format!("Issuer: me\n{key}{}", service.ca_pem());
        let read: Certificates = text.parse().unwrap();
        assert_eq!(read.all.len(), 1);
        assert!(!read.expose().contains("KEY") && !read.expose().contains("Issuer"), "{}", read.expose());
        let again: Certificates = read.expose().parse().unwrap();
        assert!(again == read && again.expose() == read.expose());
        for (wrong, says) in [
            ("", "no certificate"),
            (key, "no certificate"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate 1"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n", "not valid PEM"),
        ] {
            let error = wrong.parse::<Certificates>().unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
