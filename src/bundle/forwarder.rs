//! The forwarder of this binary, or one from a file, checked.
//!
//! `build.rs` builds the forwarder and embeds it as a finished zip; where it could not, [`bundled`] says how to get
//! one.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::elf::{self, Glibc};
use super::{error, unpack};
use crate::error::Result;
use crate::resources::{Arch, Bundle};

// Defines `X86_64` and `ARM64`: the zips that `build.rs` made, or none.
include!(concat!(env!("OUT_DIR"), "/bundles.rs"));

/// Maximum size of a zip that Lambda accepts in one request, in bytes.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html> (50 MB zipped, uploaded directly).
pub const MAX_ZIP: u64 = 50 * 1024 * 1024;

/// What a bundle is and needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BundleInfo {
    /// The processor it was built for.
    pub arch: Arch,
    /// The oldest glibc that it runs with; none if it is statically linked.
    pub glibc: Option<Glibc>,
    /// The size of the executable in bytes.
    pub size: u64,
    /// The size of the zip in bytes.
    pub zip_size: u64,
    /// The SHA-256 of the zip in hex, as `sha256sum` prints it.
    pub sha256: String,
    /// The same in base64, as Lambda returns it as `CodeSha256`.
    pub code_sha256: String,
}

/// The architectures whose forwarder this binary carries.
pub fn available() -> impl Iterator<Item = Arch> {
    [Arch::X86_64, Arch::Arm64].into_iter().filter(|arch| embedded(*arch).is_some())
}

/// The processor of a new stack: arm64, which Lambda charges a fifth less for, or what this binary carries in its place.
pub fn preferred() -> Arch {
    let has = |arch: &Arch| embedded(*arch).is_some();
    [Arch::Arm64, Arch::X86_64].into_iter().find(has).unwrap_or(Arch::Arm64)
}

/// The processor of this machine, if Lambda has it.
pub fn of_this_machine() -> Option<Arch> {
    match std::env::consts::ARCH {
        "x86_64" => Some(Arch::X86_64),
        "aarch64" => Some(Arch::Arm64),
        _ => None,
    }
}

/// The forwarder that this binary carries for an architecture, checked.
///
/// # Errors
/// `no-bundle` if it carries none, with the ways to get one; `bad-bundle` if it would not run on Lambda.
pub fn bundled(arch: Arch) -> Result<Bundle> {
    let zip = embedded(arch).ok_or_else(|| error::none(arch, available()))?;
    checked(&format!("the bundled {arch} forwarder"), zip.into(), Some(arch))
}

/// The user's own forwarder, from a zip with an executable `bootstrap` at its top; other files may be in it. Without an
/// architecture it may be for either, and says itself for which.
///
/// # Errors
/// `environment` if the file cannot be read; `bad-bundle` if it is larger than [`MAX_ZIP`], is not such a zip, is for
/// another architecture, or would not run on Lambda.
pub fn from_zip_file(path: &Path, arch: Option<Arch>) -> Result<Bundle> {
    let mut zip = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_ZIP + 1).read_to_end(&mut zip))
        .map_err(|cause| error::unreadable(path, &cause))?;
    let name = format!("`{}`", path.display());
    if zip.len() as u64 > MAX_ZIP {
        return Err(error::bad(
            &name,
            "is larger than 50 MiB, the most that Lambda takes in one request",
            path,
        ));
    }
    checked(&name, zip.into(), arch).map_err(|error| error.on(path.display().to_string()))
}

/// What a bundle is and needs.
///
/// # Errors
/// `bad-bundle` if it would not run on Lambda. One from [`bundled`] or [`from_zip_file`] has been checked already.
pub fn inspect(bundle: &Bundle) -> Result<BundleInfo> {
    let name = format!("the {} forwarder", bundle.arch);
    let bootstrap = unpack::bootstrap(&bundle.zip).map_err(|reason| error::unusable(&name, &reason))?;
    let needs = needs_of(&name, &bootstrap, Some(bundle.arch))?;
    let digest = Sha256::digest(&bundle.zip);
    Ok(BundleInfo {
        arch: needs.arch,
        glibc: needs.glibc,
        size: bootstrap.len() as u64,
        zip_size: bundle.zip.len() as u64,
        sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        code_sha256: STANDARD.encode(digest),
    })
}

const fn embedded(arch: Arch) -> Option<&'static [u8]> {
    match arch {
        Arch::X86_64 => X86_64,
        Arch::Arm64 => ARM64,
    }
}

/// Checks a zip and makes it a bundle.
fn checked(name: &str, zip: Arc<[u8]>, arch: Option<Arch>) -> Result<Bundle> {
    let bootstrap = unpack::bootstrap(&zip).map_err(|reason| error::unusable(name, &reason))?;
    let arch = needs_of(name, &bootstrap, arch)?.arch;
    let sha256 = STANDARD.encode(Sha256::digest(&zip));
    Ok(Bundle { arch, zip, sha256 })
}

/// What an executable needs, if Lambda has it.
fn needs_of(name: &str, bootstrap: &[u8], arch: Option<Arch>) -> Result<elf::Needs> {
    let needs = elf::read(bootstrap)
        .map_err(|reason| error::unusable(name, &format!("has a `bootstrap` that {reason}")))?;
    if let Some(wanted) = arch.filter(|wanted| *wanted != needs.arch) {
        return Err(error::other_arch(name, needs.arch, wanted));
    }
    match needs.glibc {
        Some(glibc) if glibc > Glibc::LAMBDA => Err(error::too_new(name, glibc)),
        _ => Ok(needs),
    }
}
