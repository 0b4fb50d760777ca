//! Reading the texts that AWS keeps.

use std::fmt;
use std::pin::Pin;

use tokio::time::Instant;

use super::reference::{Keeper, Reference};
use crate::aws::{Aws, AwsError, Cause, Text};
use crate::net::FailureKind;

/// Reads texts where they are kept: the function with the rights of its role, the command-line tool with its caller's.
pub trait Reader {
    /// Reads one text.
    ///
    /// # Errors
    /// Why it cannot be read before `until`.
    fn read<'r>(&'r self, keeper: Keeper, name: &'r str, until: Instant) -> Reading<'r>;
}

/// A text that is being read.
pub type Reading<'r> = Pin<Box<dyn Future<Output = Result<String, AwsError>> + 'r>>;

impl Reader for Aws {
    fn read<'r>(&'r self, keeper: Keeper, name: &'r str, until: Instant) -> Reading<'r> {
        Box::pin(async move { self.text(request(keeper, name), until).await })
    }
}

/// A text that cannot be read, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Which.
    pub reference: Reference,
    /// Why.
    pub error: AwsError,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be read: {}", self.reference, self.error)?;
        match self.advice() {
            "" => Ok(()),
            advice => write!(f, "; {advice}"),
        }
    }
}

impl Unreadable {
    fn advice(&self) -> &'static str {
        let code = self.error.code();
        if code.contains("NotFound") {
            "create it in the function's region, or correct its name"
        } else if ["AccessDenied", "Decrypt", "Kms", "KMS", "InvalidKeyId"]
            .iter()
            .any(|part| code.contains(part))
        {
            "the function's role may not read it: where a customer-managed key encrypts it, give the key's ARN as \
             `kms_key`; otherwise `cwl2le plan` shows what changed in the role's policy, and a permissions boundary or a \
             policy of the organization may deny it"
        } else if matches!(&self.error.cause, Cause::Unreachable(failure) if failure.kind == FailureKind::Dns)
        {
            "the host has no address: not every region has FIPS and dual-stack endpoints, see `endpoints` in [function]; a VPC \
             needs DNS support"
        } else if matches!(self.error.cause, Cause::Unreachable(_)) {
            "a function in a VPC needs a NAT gateway or an interface endpoint of this service; the next invocation \
             tries again"
        } else {
            ""
        }
    }
}

/// The request for a text.
pub fn request(keeper: Keeper, name: &str) -> Text<'_> {
    match keeper {
        Keeper::Ssm => Text::parameter(name),
        Keeper::SecretsManager => Text::secret(name),
    }
}
