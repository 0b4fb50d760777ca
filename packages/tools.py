"""The programs that make packages, and what the program itself writes for them."""

import dataclasses
import os
import pathlib
import subprocess
import sys

from release import Refused

# The tools of requirements.txt are beside the Python that has them.
TOOLS = pathlib.Path(sys.executable).parent


def run(*command, **options):
    """Runs a program, and refuses with what it said when it fails. Returns what it prints."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    done = subprocess.run([str(part) for part in command], check=False, **options)
    if done.returncode != 0:
        said = "\n".join(filter(None, [(done.stdout or "").strip(), (done.stderr or "").strip()]))
        raise Refused(f"`{' '.join(map(str, command))}` ends with {done.returncode}:\n{said}")
    return done.stdout


def tool(name, *arguments, **options):
    """Runs one of the tools of requirements.txt."""
    return run(TOOLS / name, *arguments, **options)


@dataclasses.dataclass(frozen=True)
class Extras:
    """What a package has beside the program."""

    folder: pathlib.Path

    @property
    def manuals(self):
        return sorted((self.folder / "man").iterdir())

    @property
    def completions(self):
        return self.folder / "completions"


def write_extras(program, folder):
    """Has the program write its manual pages and completions."""
    extras = Extras(folder)
    extras.completions.mkdir(parents=True)
    run(program, "man", "--to", folder / "man")
    for shell, name in {"bash": "cwl2le", "zsh": "_cwl2le", "fish": "cwl2le.fish", "powershell": "_cwl2le.ps1"}.items():
        (extras.completions / name).write_text(run(program, "completions", shell))
    return extras


def here():
    """The processor of this machine, as targets name it; none on another system than Linux."""
    return os.uname().machine if sys.platform == "linux" else None
