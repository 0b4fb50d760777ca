"""Wheels with nothing in them but the program: `uvx cwl2le`, `pipx install cwl2le`, `pip install cwl2le`.

maturin makes the same, but only from a build of its own: the program would be compiled twice.
"""

import base64
import hashlib
import re
import time
import zipfile

from release import EPOCH, LICENSES, ROOT

# The oldest glibc that a wheel may name without a wheel for 32-bit systems of 2014.
OLDEST_GLIBC = (2, 17)


def platforms(found, target):
    """The platform tags, by what the executable needs."""
    machine = target.machine
    if found.system == "macos":
        major, minor = found.macos
        return [f"macosx_{major}_{0 if major > 10 else minor}_{'arm64' if machine == 'aarch64' else machine}"]
    if found.system == "windows":
        return [{"x86_64": "win_amd64", "aarch64": "win_arm64"}[machine]]
    if found.glibc is None:
        # A static file runs with any libc; pip takes a wheel for glibc first where there is one for its version.
        return [f"manylinux2014_{machine}", f"manylinux_2_17_{machine}", f"musllinux_1_1_{machine}"]
    major, minor = max(found.glibc, OLDEST_GLIBC)
    return [f"manylinux_{major}_{minor}_{machine}"]


def build(release, target, program, found, extras, to):
    tags = platforms(found, target)
    stem = f"{release.name}-{release.version}"
    info, data = f"{stem}.dist-info", f"{stem}.data"
    path = to / f"{stem}-py3-none-{'.'.join(tags)}.whl"
    wheel = ["Wheel-Version: 1.0", "Generator: cwl2le", "Root-Is-Purelib: false"]
    wheel += [f"Tag: py3-none-{tag}" for tag in tags]
    files = {
        f"{data}/scripts/{target.file}": program.read_bytes(),
        **{f"{data}/data/share/man/man1/{page.name}": page.read_bytes() for page in extras.manuals},
        **{f"{info}/licenses/{name}": (ROOT / name).read_bytes() for name in LICENSES},
        f"{info}/METADATA": _metadata(release).encode(),
        f"{info}/WHEEL": "\n".join([*wheel, ""]).encode(),
    }
    record = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, time.gmtime(EPOCH)[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if "/scripts/" in name else 0o100644) << 16
            archive.writestr(entry, content)
    return path


def _metadata(release):
    readme = (ROOT / "README.md").read_text()
    # Pictures and links of the repository, as seen from elsewhere.
    readme = re.sub(r"(!\[[^\]]*\]\()(?=docs/)", rf"\1{release.repository}/raw/{release.tag}/", readme)
    readme = re.sub(r"(\]\()(?=docs/|[A-Z])", rf"\1{release.repository}/blob/{release.tag}/", readme)
    head = [
        "Metadata-Version: 2.4",
        f"Name: {release.name}",
        f"Version: {release.version}",
        f"Summary: {release.summary}",
        f"Project-URL: Repository, {release.repository}",
        f"Project-URL: Changelog, {release.repository}/blob/{release.tag}/CHANGELOG.md",
        f"License-Expression: {release.license}",
        *(f"License-File: {name}" for name in LICENSES),
        "Requires-Python: >=3.8",
        "Description-Content-Type: text/markdown",
    ]
    return "\n".join([*head, "", readme])


def _digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
