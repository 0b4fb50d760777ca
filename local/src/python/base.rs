//! The Python of the machine that environments are made with.

use std::path::{Path, PathBuf};
use std::process::Output;

use super::command::{isolated, last_line};
use crate::cache::CACHE_DIR_VARIABLE;
use crate::error::LocalError;

/// Names the Python to use instead of the `python3` or `python` on the path.
pub const PYTHON_VARIABLE: &str = "CWL2LE_PYTHON";

/// The oldest Python that everything installed here runs on.
const OLDEST: (u32, u32) = (3, 10);

/// Prints the version, whether `ensurepip` (which venv needs) is there, and where this Python is.
pub(super) const PROBE: &str = "import sys, importlib.util as u; \
    print(*sys.version_info[:2], int(u.find_spec('ensurepip') is not None and u.find_spec('venv') is not None), sys.executable)";

/// The Python of the machine.
pub(super) struct BasePython {
    pub(super) path: PathBuf,
    pub(super) version: (u32, u32),
}

impl BasePython {
    pub(super) async fn find() -> Result<Self, LocalError> {
        const WHAT: &str = "cannot find a Python to run the local AWS with";
        if let Some(named) = std::env::var_os(PYTHON_VARIABLE).filter(|value| !value.is_empty()) {
            return Self::probe(Path::new(&named)).await.map_err(|refusal| {
                LocalError::new(
                    WHAT,
                    format!("{PYTHON_VARIABLE} is {}: {}", named.to_string_lossy(), refusal.cause),
                )
                .with_hint(refusal.hint)
            });
        }
        let mut refusals = Vec::new();
        for name in ["python3", "python"] {
            match Self::probe(Path::new(name)).await {
                Ok(found) => return Ok(found),
                Err(refusal) => refusals.push((name, refusal)),
            }
        }
        let cause = refusals
            .iter()
            .map(|(name, refusal)| format!("{name}: {}", refusal.cause))
            .collect::<Vec<_>>()
            .join("; ");
        // The first candidate that exists tells best what is missing.
        let hint = refusals
            .into_iter()
            .map(|(_, refusal)| refusal)
            .max_by_key(|refusal| refusal.exists)
            .map(|refusal| refusal.hint)
            .unwrap_or_default();
        Err(LocalError::new(WHAT, cause).with_hint(hint))
    }

    async fn probe(path: &Path) -> Result<Self, Refusal> {
        let output = isolated(path).arg("-c").arg(PROBE).output().await;
        let output = match output {
            Ok(output) if output.status.success() => output,
            Ok(output) => return Err(Refusal::missing(last_line(&output))),
            Err(error) => return Err(Refusal::missing(error.to_string())),
        };
        Self::judge(&String::from_utf8_lossy(&output.stdout))
    }

    pub(super) fn judge(probed: &str) -> Result<Self, Refusal> {
        let mut words = probed.trim().splitn(4, ' ');
        let (Some(major), Some(minor), Some(venv), Some(path)) =
            (number(words.next()), number(words.next()), number(words.next()), words.next())
        else {
            return Err(Refusal::missing(format!("it answered {probed:?}")));
        };
        let version = (major, minor);
        if version < OLDEST {
            return Err(Refusal {
                cause: format!("Python {major}.{minor} is older than {}.{}", OLDEST.0, OLDEST.1),
                hint: install_hint(),
                exists: true,
            });
        }
        if venv == 0 {
            return Err(Refusal {
                cause: format!("Python {major}.{minor} comes without venv and ensurepip"),
                hint: "install Python's venv module; on Debian and Ubuntu: apt install python3-venv".into(),
                exists: true,
            });
        }
        Ok(Self { path: PathBuf::from(path), version })
    }

    pub(super) async fn create_environment(&self, root: &Path) -> Result<(), LocalError> {
        let what = "cannot create a Python environment";
        let made = isolated(&self.path).arg("-m").arg("venv").arg(root).output().await;
        let output = made.map_err(|error| LocalError::new(what, error))?;
        if output.status.success() {
            return Ok(());
        }
        let (cause, hint) = venv_failure(&output, root);
        Err(LocalError::new(what, cause).with_hint(hint))
    }
}

/// Why no environment could be made, and what to do. Its last line says only that another process failed.
pub(super) fn venv_failure(output: &Output, root: &Path) -> (String, String) {
    let all = [&output.stderr[..], &output.stdout].map(String::from_utf8_lossy).concat();
    if let Some(line) =
        all.lines().find(|line| line.contains("No space left") || line.contains("quota exceeded"))
    {
        let hint = format!(
            "free space in {}, or set {CACHE_DIR_VARIABLE} to a folder on another disk",
            root.parent().unwrap_or(root).display()
        );
        return (line.trim().to_owned(), hint);
    }
    let hint = "install Python's venv module; on Debian and Ubuntu: apt install python3-venv";
    (last_line(output), hint.to_owned())
}

/// Why a Python is not taken.
pub(super) struct Refusal {
    pub(super) cause: String,
    pub(super) hint: String,
    exists: bool,
}

impl Refusal {
    fn missing(cause: String) -> Self {
        Self { cause, hint: install_hint(), exists: false }
    }
}

fn install_hint() -> String {
    format!(
        "install Python {}.{} or newer with its venv module, or set {PYTHON_VARIABLE} to one",
        OLDEST.0, OLDEST.1
    )
}

fn number(word: Option<&str>) -> Option<u32> {
    word?.parse().ok()
}
