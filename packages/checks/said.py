"""What an installed program says of itself, against what it should be."""

import dataclasses
import hashlib
import json
import zipfile

from executable import read
from release import Refused
from tools import run

MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
# A closed port: whatever asks for something else than the loopback interface fails at once.
NOWHERE = "http://127.0.0.1:9"


@dataclasses.dataclass(frozen=True)
class Expected:
    """What every installed program has to be."""

    version: str
    # The architectures whose forwarder is inside.
    forwarders: set[str]
    profile: str


def clean(prefix, *path):
    """An environment with nothing of this user, and without a network."""
    home = prefix / "home"
    home.mkdir(exist_ok=True)
    proxies = {name: NOWHERE for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")}
    return {
        "HOME": str(home),
        "PATH": ":".join([*map(str, path), "/usr/local/bin", "/usr/bin", "/bin"]),
        "NO_PROXY": "127.0.0.1",
        **proxies,
    }


def problems(document, expected):
    """What is wrong with the report of `cwl2le version --output json`."""
    if document["release"] != expected.version:
        yield f"says version {document['release']}, and not {expected.version}"
    carried = {one["arch"]: one for one in document["forwarders"]}
    if missing := expected.forwarders - set(carried):
        yield f"carries no forwarder for {', '.join(sorted(missing))}"
    if document["profile"] != expected.profile:
        yield f"was built with the profile {document['profile']}, and not with {expected.profile}"


def check(command, prefix, expected, environment=None):
    """Runs an installed program: its version, its forwarders, its completions and its manual pages."""
    environment = environment or clean(prefix)
    options = {"env": environment, "cwd": prefix}
    document = json.loads(run(*command, "version", "--output", "json", **options))
    if wrong := list(problems(document, expected)):
        raise Refused(f"{' '.join(map(str, command))} {'; '.join(wrong)}")
    for arch in expected.forwarders:
        path = prefix / f"{arch}.zip"
        run(*command, "package", "--arch", arch, "--to", path, **options)
        check_forwarder(path, arch, document)
    if "cwl2le" not in run(*command, "completions", "bash", **options):
        raise Refused("the completions of bash do not name cwl2le")
    run(*command, "man", "--to", prefix / "pages", **options)
    check_manuals(prefix / "pages")


def check_forwarder(path, arch, document):
    """The zip is the one that the program says it carries, for the right processor."""
    carried = {one["arch"]: one for one in document["forwarders"]}[arch]
    if hashlib.sha256(path.read_bytes()).hexdigest() != carried["sha256"]:
        raise Refused(f"the forwarder for {arch} has another hash than `version` says")
    with zipfile.ZipFile(path) as archive:
        bootstrap = path.with_suffix("")
        bootstrap.write_bytes(archive.read("bootstrap"))
    if read(bootstrap).machine != MACHINES[arch]:
        raise Refused(f"the forwarder for {arch} is for {read(bootstrap).machine}")


def check_manuals(folder):
    names = {page.name.split(".")[0] for page in folder.iterdir()} if folder.is_dir() else set()
    if not {"cwl2le", "cwl2le-setup", "cwl2le-teardown"} <= names:
        raise Refused(f"{folder} has no manual pages of setup and teardown")
