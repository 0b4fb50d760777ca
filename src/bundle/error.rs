//! What is wrong with a forwarder, and how to get a better one.

use std::io;
use std::path::Path;

use super::elf::Glibc;
use crate::error::{Code, Error};
use crate::resources::{Arch, RUNTIME};

/// The binary carries none for this architecture.
pub(super) fn none(arch: Arch, available: impl Iterator<Item = Arch>) -> Error {
    let message = format!("this build of cwl2le has no forwarder for {arch}");
    let variable = match arch {
        Arch::X86_64 => "CWL2LE_FORWARDER_X86_64",
        Arch::Arm64 => "CWL2LE_FORWARDER_ARM64",
    };
    let others: String = available.map(|other| format!("use `--arch {other}`, ")).collect();
    Error::new(Code::NoBundle, message).hint(format!(
        "{others}install a release of cwl2le, which carries both architectures, pass one with `--forwarder-zip FILE`, \
         or build cwl2le with {variable} set to the path of a `bootstrap` (CONTRIBUTING.md)"
    ))
}

/// The zip file cannot be read.
pub(super) fn unreadable(path: &Path, cause: &io::Error) -> Error {
    Error::new(Code::Environment, format!("cannot read the forwarder zip: {cause}"))
        .on(path.display().to_string())
        .hint(
            "`--forwarder-zip` takes the path of a zip file; `cwl2le package --arch ARCH --to FILE` \
             writes the bundled one",
        )
}

/// The file itself is refused.
pub(super) fn bad(name: &str, reason: &str, path: &Path) -> Error {
    unusable(name, reason).on(path.display().to_string())
}

/// The zip or the executable in it is not what Lambda starts.
pub(super) fn unusable(name: &str, reason: &str) -> Error {
    Error::new(Code::BadBundle, format!("{name} {reason}")).hint(
        "the zip must hold a Linux executable named `bootstrap` with mode 0755 at its top; \
         `cwl2le package --arch ARCH --to FILE` writes one to compare with",
    )
}

/// It is for the other processor.
pub(super) fn other_arch(name: &str, found: Arch, wanted: Arch) -> Error {
    Error::new(
        Code::BadBundle,
        format!("{name} is built for {found}, but the function is to run on {wanted}"),
    )
    .hint(format!("pass `--arch {found}`, or a forwarder that is built for {wanted}"))
}

/// It needs a newer glibc than Lambda has.
pub(super) fn too_new(name: &str, needed: Glibc) -> Error {
    let has = Glibc::LAMBDA;
    Error::new(Code::BadBundle, format!("{name} needs glibc {needed}, but Lambda's {RUNTIME} has {has}")).hint(format!(
        "build it on a distribution with glibc {has} or older, such as Debian 11 or Ubuntu 20.04, or with \
         `cargo zigbuild --target x86_64-unknown-linux-gnu.{has}`"
    ))
}
