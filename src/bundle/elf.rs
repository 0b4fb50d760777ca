//! What a `bootstrap` executable needs from the machine that runs it, read from its ELF headers.

use std::fmt;

use object::elf::{EM_AARCH64, EM_X86_64, ET_DYN, ET_EXEC, FileHeader64, VER_FLG_WEAK};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, SectionIndex};

use crate::resources::Arch;

/// A version of the GNU C library, such as 2.34.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glibc {
    major: u16,
    minor: u16,
    patch: u16,
}

impl Glibc {
    /// What `provided.al2023` has.
    /// Source: <https://docs.aws.amazon.com/linux/al2023/ug/compare-with-al2.html> (glibc 2.34).
    pub const LAMBDA: Self = Self { major: 2, minor: 34, patch: 0 };

    /// Reads `2.34` or `2.2.5`.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| part.parse::<u16>().ok());
        let version =
            Self { major: parts.next()??, minor: parts.next()??, patch: parts.next().unwrap_or(Some(0))? };
        parts.next().is_none().then_some(version)
    }
}

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch == 0 { Ok(()) } else { write!(f, ".{}", self.patch) }
    }
}

impl serde::Serialize for Glibc {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What an executable needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Needs {
    /// The processor.
    pub(super) arch: Arch,
    /// The oldest glibc that it starts with; none if it is statically linked.
    pub(super) glibc: Option<Glibc>,
}

/// Reads what an executable needs.
///
/// # Errors
/// Why the file cannot run on Lambda, as the end of a sentence that begins with the name of the file.
pub(super) fn read(data: &[u8]) -> Result<Needs, String> {
    if !data.starts_with(b"\x7fELF") {
        return Err("is not an ELF executable".to_owned());
    }
    let file =
        FileHeader64::<Endianness>::parse(data).map_err(|_| "is not a 64-bit ELF executable".to_owned())?;
    let endian = file.endian().map_err(damaged)?;
    if endian != Endianness::Little || !matches!(file.e_type(endian), ET_EXEC | ET_DYN) {
        return Err("is not a little-endian ELF executable".to_owned());
    }
    let arch = match file.e_machine(endian) {
        EM_X86_64 => Arch::X86_64,
        EM_AARCH64 => Arch::Arm64,
        other => {
            return Err(format!("is for a processor that Lambda does not have (ELF machine {})", other.0));
        }
    };
    let mut loader = None;
    for segment in file.program_headers(endian, data).map_err(damaged)? {
        segment.data(endian, data).map_err(|()| "is cut short".to_owned())?;
        loader = loader.or(segment.interpreter(endian, data).map_err(damaged)?);
    }
    if let Some(loader) = loader
        && loader != lambda_loader(arch).as_bytes()
    {
        let loader = String::from_utf8_lossy(loader);
        return Err(format!("needs the loader `{loader}`, which Lambda does not have"));
    }
    let glibc = newest_glibc(file, endian, data)?;
    if loader.is_some() && glibc.is_none() {
        return Err("is dynamically linked, but does not say to which version of glibc".to_owned());
    }
    Ok(Needs { arch, glibc })
}

/// The dynamic loader of the runtime, as the ABI of each processor fixes it.
const fn lambda_loader(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 => "/lib64/ld-linux-x86-64.so.2",
        Arch::Arm64 => "/lib/ld-linux-aarch64.so.1",
    }
}

/// The highest version of glibc that the loader will insist on, from the section `.gnu.version_r`.
fn newest_glibc(
    file: &FileHeader64<Endianness>,
    endian: Endianness,
    data: &[u8],
) -> Result<Option<Glibc>, String> {
    let sections = file.sections(endian, data).map_err(damaged)?;
    let Some((mut libraries, link)) = sections.gnu_verneed(endian, data).map_err(damaged)? else {
        return Ok(None);
    };
    let strings = sections.strings(endian, data, SectionIndex(link.0)).map_err(damaged)?;
    let mut newest = None;
    while let Some((_, mut versions)) = libraries.next().map_err(damaged)? {
        while let Some(version) = versions.next().map_err(damaged)? {
            // The loader does without a version that is needed by weak symbols only; std has such symbols.
            if version.vna_flags.get(endian).contains(VER_FLG_WEAK) {
                continue;
            }
            let name = String::from_utf8_lossy(version.name(endian, strings).map_err(damaged)?);
            if let Some(rest) = name.strip_prefix("GLIBC_") {
                let version = match rest {
                    // Marks binaries with packed relocations, which glibc loads from 2.36 on.
                    "ABI_DT_RELR" => Some(Glibc { major: 2, minor: 36, patch: 0 }),
                    _ => Glibc::parse(rest),
                };
                let version = version.ok_or_else(|| format!("needs {name}, which Lambda may not have"))?;
                newest = newest.max(Some(version));
            }
        }
    }
    Ok(newest)
}

fn damaged(error: object::read::Error) -> String {
    format!("is damaged or cut short ({error})")
}
