"""The checksums of all files on a release's page, as `sha256sum --check` reads them."""

import hashlib
import re

NAME = "sha256.sum"
LINE = re.compile(r"^([0-9a-f]{64}) [ *](.+)$", re.MULTILINE)


def write(folder):
    """Last of all: whatever is written later has no checksum."""
    lines = [f"{digest(path)} *{path.name}\n" for path in sorted(folder.iterdir()) if path.name != NAME]
    (folder / NAME).write_text("".join(lines))


def read(folder):
    """The checksum of each name."""
    return {name: value for value, name in LINE.findall((folder / NAME).read_text())}


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
