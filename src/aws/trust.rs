//! Which authorities are trusted: those of the system, and those of a bundle.

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::profile::Profile;
use crate::error::{Code, Error, Result};

/// The variable that names the bundle, as the AWS CLI reads it.
const VARIABLE: &str = "AWS_CA_BUNDLE";
/// The setting of a profile that does.
const SETTING: &str = "ca_bundle";

/// What is trusted: the authorities of the system, and those of the PEM file that `AWS_CA_BUNDLE` or else `ca_bundle`
/// of the profile names.
///
/// # Errors
///
/// [`Code::Environment`]: the file cannot be read, or there is no certificate in it.
pub(super) fn context(profile: &Profile) -> Result<TlsContext> {
    let given = std::env::var(VARIABLE).ok().filter(|path| !path.trim().is_empty());
    let setting = || {
        Some((format!("`{SETTING}` of the profile `{}`", profile.name()), profile.get(SETTING)?.to_owned()))
    };
    let given = given.map(|path| (VARIABLE.to_owned(), path)).or_else(setting);
    let store = match given {
        None => TrustStore::default(),
        Some((from, path)) => TrustStore::default().with_pem_certificate(bundle(&from, &path)?),
    };
    TlsContext::builder()
        .with_trust_store(store)
        .build()
        .map_err(|error| Error::new(Code::Internal, format!("TLS cannot be set up: {error}")))
}

/// The certificates of a file, as PEM. One that cannot be that of an authority is left out: the HTTP client would
/// panic.
fn bundle(from: &str, path: &str) -> Result<String> {
    let refused = |why: &dyn std::fmt::Display| {
        Error::new(Code::Environment, format!("{from} names `{path}`, which cannot be used: {why}"))
            .on(path)
            .hint(
                "give the path of a PEM file with the certificates of the authorities to trust, or unset it",
            )
    };
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| refused(&error))?;
    let (mut pem, mut roots) = (String::new(), RootCertStore::empty());
    for certificate in certificates {
        let certificate = certificate.map_err(|error| refused(&error))?;
        if roots.add(certificate.clone()).is_ok() {
            pem += &format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
                STANDARD.encode(&certificate)
            );
        }
    }
    if pem.is_empty() { Err(refused(&"it has no certificate of an authority")) } else { Ok(pem) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_bundle_is_refused_by_where_it_stands() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bundle.pem");
        let shown = path.display().to_string();
        for content in [
            None,
            Some(""),
            Some("hunter2"),
            Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ] {
            if let Some(content) = content {
                std::fs::write(&path, content).expect("written");
            }
            let error = bundle(VARIABLE, &shown).expect_err("no bundle");
            assert_eq!(error.code, Code::Environment);
            assert!(error.message.starts_with(&format!("AWS_CA_BUNDLE names `{shown}`")), "{error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
