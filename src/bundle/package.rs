//! What `cwl2le package` writes and reports.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::elf::Glibc;
use super::forwarder::{BundleInfo, inspect};
use crate::error::{Code, Error, Result};
use crate::output::visible;
use crate::resources::Bundle;
use crate::write::{self, Existing};

/// A zip that was written, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Package {
    /// Where the zip is.
    pub path: String,
    /// What it is and needs.
    #[serde(flatten)]
    pub info: BundleInfo,
}

impl Package {
    /// Writes the zip of a bundle, replacing a file that is there.
    ///
    /// # Errors
    /// `environment` if the file cannot be written, `bad-bundle` as [`inspect`].
    pub fn write(bundle: &Bundle, path: &Path) -> Result<Self> {
        let info = inspect(bundle)?;
        write::whole(path, &bundle.zip, Existing::Replace).map_err(|cause| {
            let otherwise = "`--to` takes the path of the file to write, in a directory that exists";
            Error::new(Code::Environment, format!("cannot write the forwarder zip: {cause}"))
                .on(path.display().to_string())
                .hint(write::advice(&cause, otherwise))
        })?;
        Ok(Self { path: path.display().to_string(), info })
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BundleInfo { arch, glibc, size, zip_size, sha256, code_sha256 } = &self.info;
        writeln!(f, "wrote {}", visible(&self.path))?;
        writeln!(f, "  architecture  {arch}")?;
        match glibc {
            Some(glibc) => writeln!(f, "  needs         glibc {glibc} (Lambda has {})", Glibc::LAMBDA)?,
            None => writeln!(f, "  needs         no glibc (statically linked)")?,
        }
        writeln!(f, "  size          {zip_size} bytes, {size} unpacked")?;
        writeln!(f, "  SHA-256       {sha256}")?;
        write!(f, "  CodeSha256    {code_sha256}")
    }
}
