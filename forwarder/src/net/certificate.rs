//! Why the certificate of a server was refused, in words.

use std::error::Error;
use std::io;

use rustls::CertificateError;

/// Why the certificate of a server was refused; `None` where this is not among the causes of an error.
pub fn refusal(error: &(dyn Error + 'static)) -> Option<String> {
    std::iter::successors(Some(error), cause).find_map(|error| match error.downcast_ref() {
        Some(rustls::Error::InvalidCertificate(why)) => Some(words(why)),
        Some(rustls::Error::NoCertificatesPresented) => Some("the server has no certificate".to_owned()),
        _ => None,
    })
}

/// The cause of an error. An I/O error calls what it wraps its own self, and names only the cause of that.
pub(crate) fn cause<'e>(error: &&'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    wrapped.map(|inner| inner as _).or_else(|| (**error).source())
}

fn words(why: &CertificateError) -> String {
    match why {
        CertificateError::UnknownIssuer => {
            "the certificate is not trusted: its issuer is unknown (UnknownIssuer)".to_owned()
        }
        CertificateError::Other(other) => match other.0.to_string() {
            code if code == "CaUsedAsEndEntity" => format!(
                "the certificate is self-signed as an authority's own, and cannot be a server's ({code}); give the server \
                 a certificate with `basicConstraints = CA:FALSE`"
            ),
            code => format!("the certificate is not valid ({code})"),
        },
        why => why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::OtherError;

    use super::*;

    #[derive(Debug)]
    struct Code(&'static str);

    impl std::fmt::Display for Code {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Code {}

    #[test]
    fn the_reason_is_found_below_other_errors_and_readable() {
        let other = |code| CertificateError::Other(OtherError(Arc::new(Code(code))));
        for (why, said) in [
            (CertificateError::UnknownIssuer, "the certificate is not trusted"),
            (other("CaUsedAsEndEntity"), "self-signed"),
            (other("PathLenConstraintViolated"), "the certificate is not valid (PathLenConstraintViolated)"),
            (CertificateError::Revoked, "Revoked"),
        ] {
            let error = io::Error::other(io::Error::new(
                io::ErrorKind::InvalidData,
                rustls::Error::InvalidCertificate(why),
            ));
            let words = refusal(&error).unwrap();
            assert!(words.contains(said) && !words.contains("Other("), "{words}");
        }
        assert_eq!(refusal(&io::Error::other("something else")), None);
    }
}
