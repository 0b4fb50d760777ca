"""The workflows: each action is pinned by the hash of its commit, with the version that this is."""

import re

from release import ROOT, Refused

USES = re.compile(r"^\s*-?\s*uses:\s*(.+)$", re.MULTILINE)
PINNED = re.compile(r"[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*")


def checks():
    yield "actions are pinned", lambda _: check_pins(ROOT / ".github/workflows")


def check_pins(folder):
    found = [(path.name, use) for path in sorted(folder.glob("*.yml")) for use in USES.findall(path.read_text())]
    if not found:
        raise Refused(f"{folder} uses no action, which proves nothing")
    for name, use in found:
        if not PINNED.fullmatch(use.strip()):
            raise Refused(f"{name} uses {use}, which is not pinned by a hash with its version behind it")
