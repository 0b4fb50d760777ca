"""The wheel: by pip into a fresh virtual environment, by uvx, by pipx."""

import sys

from tools import TOOLS, run

from . import said


def checks(facts, folder, expected):
    wheels = folder / "wheels"

    def pip(prefix):
        run(sys.executable, "-m", "venv", prefix / "venv")
        environment = said.clean(prefix)
        pip = [prefix / "venv/bin/python", "-m", "pip", "install", "--quiet", "--no-index", "--find-links", wheels]
        run(*pip, f"{facts.name}=={facts.version}", env=environment)
        said.check([prefix / "venv/bin/cwl2le"], prefix, expected)
        said.check_manuals(prefix / "venv/share/man/man1")

    def uvx(prefix):
        environment = said.clean(prefix) | {"UV_PYTHON": sys.executable, "UV_OFFLINE": "1"}
        uvx = [TOOLS / "uvx", "--quiet", "--no-index", "--find-links", wheels]
        said.check([*uvx, f"{facts.name}@{facts.version}"], prefix, expected, environment)

    def pipx(prefix):
        environment = said.clean(prefix) | {
            "PIPX_HOME": str(prefix / "pipx"),
            "PIPX_BIN_DIR": str(prefix / "bin"),
            "PIPX_MAN_DIR": str(prefix / "man"),
            "PIPX_DEFAULT_PYTHON": sys.executable,
            # Its other backend fetches a newer pip first.
            "PIPX_DEFAULT_BACKEND": "uv",
            "PATH": f"{TOOLS}:/usr/bin:/bin",
            "UV_OFFLINE": "1",
            "UV_NO_INDEX": "1",
            "UV_FIND_LINKS": str(wheels),
        }
        run(TOOLS / "pipx", "install", f"{facts.name}=={facts.version}", env=environment)
        said.check([prefix / "bin/cwl2le"], prefix, expected)
        said.check_manuals(prefix / "man/man1")

    yield "pip install", pip
    yield "uvx", uvx
    yield "pipx install", pipx
