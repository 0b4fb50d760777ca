"""Archives, installers for shells and PowerShell, and Homebrew's formula: all by cargo-dist.

cargo-dist is given finished programs instead of sources (its "generic" project), so it packs those of every system on
one machine, and writes the checksums of the archives into the installers.
"""

import json
import pathlib
import shutil
import tempfile

import sums
import verifying
from release import LICENSES, ROOT
from tools import tool

VERSION = "0.33.0"
# What an archive has beside the program.
DOCUMENTS = ("README.md", "CHANGELOG.md", *LICENSES)


def build(release, programs, found, extras, to):
    with tempfile.TemporaryDirectory() as folder:
        project = pathlib.Path(folder)
        for target, program in programs.items():
            (project / "programs" / target.triple).mkdir(parents=True)
            shutil.copy(program, project / "programs" / target.triple / target.file)
        for name in DOCUMENTS:
            shutil.copy(ROOT / name, project)
        shutil.copytree(extras.folder / "man", project / "man")
        shutil.copytree(extras.completions, project / "completions")
        (project / "dist.toml").write_text(_toml({"package": _package(release)}))
        glibc = {target.triple: _dotted(one.glibc) for target, one in found.items() if one.glibc}
        settings = {"workspace": {"members": ["dist:./"]}, "dist": _settings(release, programs, glibc)}
        (project / "dist-workspace.toml").write_text(_toml(settings))
        triples = ",".join(target.triple for target in programs)
        tool("dist", "build", "--artifacts=all", f"--target={triples}", f"--tag={release.tag}", cwd=project)
        made = [path for path in sorted((project / "target/distrib").iterdir()) if path.is_file()]
        for path in made:
            # `sums` writes those of all files, and not of archives only.
            if path.suffix != ".sha256" and path.name != sums.NAME:
                shutil.copy(path, to)
    verifying.patch(to)


def _package(release):
    return {
        "name": release.name,
        "version": release.version,
        "description": release.summary,
        "repository": release.repository,
        "homepage": release.repository,
        "license": release.license,
        "readme": "README.md",
        "changelog": "CHANGELOG.md",
        "license-files": list(LICENSES),
        "binaries": [release.name],
        "build-command": ["sh", "-c", "cp programs/$CARGO_DIST_TARGET/* ."],
    }


def _settings(release, programs, glibc):
    settings = {
        "cargo-dist-version": VERSION,
        "hosting": "github",
        "ci": [],
        "installers": ["shell", "powershell", "homebrew"],
        "tap": f"{release.owner}/homebrew-tap",
        "publish-jobs": [],
        "targets": [target.triple for target in programs],
        "include": ["man", "completions"],
        "unix-archive": ".tar.gz",
        "windows-archive": ".zip",
        "checksum": "sha256",
        "source-tarball": False,
        "install-path": "~/.local/bin",
        "install-updater": False,
    }
    # Older systems get the static program.
    return {**settings, **({"min-glibc-version": glibc} if glibc else {})}


def _dotted(version):
    return ".".join(map(str, version))


def _toml(tables):
    """Tables of values, as TOML. Texts, numbers, booleans and lists of JSON are those of TOML."""
    text = ""
    for name, table in tables.items():
        inner = {key: value for key, value in table.items() if isinstance(value, dict)}
        text += f"[{name}]\n"
        text += "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items() if key not in inner)
        text += _toml({f"{name}.{key}": value for key, value in inner.items()})
    return text
