"""Packages of Linux distributions, by nfpm: deb, rpm and Arch for glibc, apk for the static program."""

import datetime
import gzip
import json
import pathlib
import tempfile

from release import EPOCH, LICENSES, ROOT
from tools import tool

FORMATS = {"glibc": ("deb", "rpm", "archlinux"), "musl": ("apk",)}
ZSH = {"deb": "/usr/share/zsh/vendor-completions"}


def build(release, target, program, found, extras, to):
    made = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for page in extras.manuals:
            (folder / f"{page.name}.gz").write_bytes(gzip.compress(page.read_bytes(), mtime=0))
        for kind in FORMATS[target.libc]:
            config = folder / f"{kind}.yaml"
            # YAML takes JSON.
            config.write_text(json.dumps(_config(release, target, program, found, extras, folder, kind)))
            before = set(to.iterdir())
            tool("nfpm", "package", "--config", config, "--packager", kind, "--target", f"{to}/")
            made += sorted(set(to.iterdir()) - before)
    return made


def _config(release, target, program, found, extras, folder, kind):
    share = "/usr/share"
    files = {
        f"/usr/bin/{release.name}": (program, 0o755),
        **{f"{share}/man/man1/{page.name}": (page, 0o644) for page in sorted(folder.glob("*.gz"))},
        f"{share}/bash-completion/completions/cwl2le": (extras.completions / "cwl2le", 0o644),
        f"{ZSH.get(kind, f'{share}/zsh/site-functions')}/_cwl2le": (extras.completions / "_cwl2le", 0o644),
        f"{share}/fish/vendor_completions.d/cwl2le.fish": (extras.completions / "cwl2le.fish", 0o644),
        **{f"{share}/doc/cwl2le/{name}": (ROOT / name, 0o644) for name in ("README.md", "CHANGELOG.md", *LICENSES)},
    }
    time = {"mtime": _time(EPOCH)}
    return {
        "name": release.name,
        "arch": target.goarch,
        "platform": "linux",
        "version": release.version,
        "release": "1",
        "section": "utils",
        "maintainer": f"{release.owner} <{release.repository}>",
        "description": release.summary,
        "homepage": release.repository,
        "license": release.license,
        "depends": depends(found, kind),
        **time,
        "contents": [
            {"src": str(source), "dst": path, "file_info": {"mode": mode, **time}}
            for path, (source, mode) in files.items()
        ],
    }


def depends(found, kind):
    """What the executable needs, in the words of a package format. A static one needs nothing."""
    if found.glibc is None:
        return []
    glibc = ".".join(map(str, found.glibc))
    uses_gcc = any(name.startswith("libgcc_s") for name in found.libraries)
    if kind == "deb":
        return [f"libc6 (>= {glibc})", *(["libgcc-s1"] if uses_gcc else [])]
    if kind == "rpm":
        return [f"libc.so.6(GLIBC_{glibc})(64bit)", *(["libgcc_s.so.1()(64bit)"] if uses_gcc else [])]
    return [f"glibc>={glibc}", *(["gcc-libs"] if uses_gcc else [])]


def _time(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
