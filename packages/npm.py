"""Packages of npm: one for each system with the program in it, which npm chooses by `os` and `cpu`, and `cwl2le`, which
starts it. Nothing is downloaded when they are installed, and no script runs.

Those for Linux have the static program. npm knows glibc from musl but not one glibc from another, and would install a
program on Amazon Linux 2 or Debian 11 that cannot start there."""

import gzip
import io
import json
import tarfile

from release import EPOCH, LICENSES, ROOT
from targets import TARGETS

HERE = ROOT / "packages/npm"


def build(release, programs, to):
    """The packages: those of the systems first, because they are published first."""
    programs = everywhere(programs)
    made = [_system(release, target, program, to) for target, program in programs.items()]
    manifest = {
        **_common(release),
        "name": release.name,
        "description": release.summary,
        "bin": {release.name: "bin/cwl2le.js"},
        "engines": {"node": ">=18"},
        "optionalDependencies": {target.npm_package: release.version for target in programs},
    }
    files = {
        "package.json": _json(manifest),
        "bin/cwl2le.js": (HERE / "cwl2le.js").read_bytes(),
        "README.md": (ROOT / "README.md").read_bytes(),
    }
    return [*made, _pack(to, manifest, files)]


def everywhere(programs):
    """One program for each system: of Linux the static one, or what there is where that was not built."""
    static = {target.npm_package for target in programs if target.libc == "musl"}
    return {
        target: program
        for target, program in programs.items()
        if target.libc != "glibc" or target.npm_package not in static
    }


def placeholders(release, to):
    """Empty packages of version 0.0.0, to have their names: a package must exist before it has a trusted publisher."""
    names = [*dict.fromkeys(target.npm_package for target in TARGETS), release.name]
    text = "Only the name; the releases come later."
    return [_pack(to, manifest, {"package.json": _json(manifest)}) for manifest in (
        {**_common(release), "name": name, "version": "0.0.0", "description": text} for name in names
    )]


def _system(release, target, program, to):
    system, cpu = target.npm
    manifest = {
        **_common(release),
        "name": target.npm_package,
        "description": f"cwl2le for {target.triple}; install the package cwl2le, which chooses this one",
        "os": [system],
        "cpu": [cpu],
        # pnpm and Yarn keep packages as archives otherwise, and nothing in an archive can be started.
        "preferUnplugged": True,
    }
    files = {"package.json": _json(manifest), f"bin/{target.file}": program.read_bytes()}
    return _pack(to, manifest, files)


def _common(release):
    return {
        "version": release.version,
        "license": f"({release.license})",
        "homepage": release.repository,
        # Provenance is refused where this is not the repository that publishes.
        "repository": {"type": "git", "url": f"git+{release.repository}.git"},
    }


def _json(value):
    return (json.dumps(value, indent=2) + "\n").encode()


def _pack(to, manifest, files):
    path = to / f"{manifest['name']}-{manifest['version']}.tgz"
    files |= {name: (ROOT / name).read_bytes() for name in LICENSES}
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size, entry.mtime = len(content), EPOCH
            entry.mode = 0o755 if name.startswith("bin/") else 0o644
            archive.addfile(entry, io.BytesIO(content))
    path.write_bytes(gzip.compress(raw.getvalue(), mtime=0))
    return path
