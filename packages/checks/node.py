"""The packages of npm, from a registry on the loopback interface: `npx`, and `npm install` into an empty project."""

import base64
import hashlib
import json
import shutil
import signal
import subprocess
import tarfile
import urllib.parse

import npm
import publish
from executable import read
from release import Refused
from targets import TARGETS
from tools import run

from . import said
from .loopback import serving


def checks(facts, folder, expected):
    packages = folder / "npm"

    def install(prefix):
        if not shutil.which("npm"):
            return "npm is not installed"
        with serving(registry(packages)) as address:
            environment = settings(prefix, address)
            wanted = f"{facts.name}@{facts.version}"
            run("npm", "install", "--no-audit", "--no-fund", wanted, cwd=prefix, env=environment)
        command = [prefix / "node_modules/.bin/cwl2le"]
        said.check(command, prefix, expected, environment)
        check_exit_code(command, prefix, environment)
        check_signal(command, prefix, environment)

    def npx(prefix):
        if not shutil.which("npx"):
            return "npx is not installed"
        with serving(registry(packages)) as address:
            environment = settings(prefix, address)
            said.check(["npx", "--yes", f"{facts.name}@{facts.version}"], prefix, expected, environment)

    def static(prefix):
        if any(target.libc == "musl" and (folder / "files" / target.archive).exists() for target in TARGETS):
            check_static(packages, prefix)

    def publishing(prefix):
        if not shutil.which("npm"):
            return "npm is not installed"
        check_publish(facts, packages, prefix)

    yield "npm install", install
    yield "npx", npx
    yield "npm packages of Linux are static", static
    yield "npm publish", publishing


def settings(prefix, address):
    """An empty cache, no configuration of this user, and the one registry."""
    return said.clean(prefix) | {
        "npm_config_cache": str(prefix / "cache"),
        "npm_config_userconfig": str(prefix / "npmrc"),
        "npm_config_globalconfig": str(prefix / "npmrc-global"),
        "npm_config_registry": f"{address}/",
        "npm_config_update_notifier": "false",
        "npm_config_fetch_retries": "0",
        "npm_config_noproxy": "127.0.0.1",
    }


def registry(packages):
    """Answers as a registry with exactly these packages would."""
    documents, files = {}, {}
    for path in packages.glob("*.tgz"):
        content = path.read_bytes()
        with tarfile.open(path) as archive:
            manifest = json.load(archive.extractfile("package/package.json"))
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
        documents[manifest["name"]] = manifest, path.name, integrity
        files[path.name] = content

    def answer(address, path):
        name = urllib.parse.unquote(path.strip("/"))
        if name in documents:
            manifest, file, integrity = documents[name]
            tarball = {"tarball": f"{address}/{file}", "integrity": integrity}
            version = manifest["version"]
            versions = {version: manifest | {"dist": tarball}}
            return json.dumps({"name": name, "dist-tags": {"latest": version}, "versions": versions}).encode()
        return files.get(name.rpartition("/")[2])

    return answer


def check_static(packages, prefix):
    """npm cannot tell one glibc from another, so what it installs on Linux must need none."""
    for path in packages.glob("cwl2le-linux-*.tgz"):
        with tarfile.open(path) as archive:
            archive.extractall(prefix / path.stem, filter="data")
        if needs := read(prefix / path.stem / "package/bin/cwl2le").glibc:
            raise Refused(f"{path.name} needs glibc {needs[0]}.{needs[1]}, which npm does not look at")


def check_publish(facts, packages, prefix):
    """What is missing is published, the program's own package last; what is there is left alone."""
    names, taken = prefix / "names", {}
    names.mkdir()
    npm.placeholders(facts, names)

    def put(path, content):
        taken[urllib.parse.unquote(path.strip("/"))] = json.loads(content)

    # Only the names are there.
    with serving(registry(names), put=put) as address:
        publish.npm(facts, packages, publisher(prefix, address), provenance=False)
    made = {path.name.removesuffix(f"-{facts.version}.tgz"): path for path in packages.glob("*.tgz")}
    if set(taken) != set(made) or list(taken)[-1] != facts.name:
        raise Refused(f"published are {', '.join(taken)}, and the packages are {', '.join(made)}")
    for name, document in taken.items():
        if document["versions"][facts.version]["dist"]["integrity"] != publish.integrity(made[name]):
            raise Refused(f"{name} is published with another hash than its file has")
    taken.clear()
    with serving(registry(packages), put=put) as address:
        publish.npm(facts, packages, publisher(prefix, address), provenance=False)
    if taken:
        raise Refused(f"published again: {', '.join(taken)}")


def publisher(prefix, address):
    """Who may publish on a registry."""
    environment = settings(prefix, address)
    (prefix / "npmrc").write_text(f"{address.removeprefix('http:')}/:_authToken=none\n")
    return environment


def check_exit_code(command, prefix, environment):
    """What the program ends with is what the shim ends with."""
    done = subprocess.run([*command, "no-such-command"], cwd=prefix, env=environment, capture_output=True, check=False)
    if done.returncode != 2:
        raise Refused(f"an unknown command ends with {done.returncode}, and not with 2")


def check_signal(command, prefix, environment):
    """A signal to the shim reaches the program, which ends by itself."""
    program = prefix / "waits"
    program.write_text("#!/bin/sh\ntrap 'exit 42' TERM\necho ready\nfor i in $(seq 300); do sleep 0.1; done\n")
    program.chmod(0o755)
    shim = command[0].resolve()
    script = shim.read_text().replace("spawn(program(),", f"spawn({json.dumps(str(program))},")
    copy = shim.with_name("waits.js")
    copy.write_text(script)
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    child = subprocess.Popen(["node", copy], env=environment, **pipes)
    try:
        child.stdout.readline()
        child.send_signal(signal.SIGTERM)
        code = child.wait(timeout=20)
    finally:
        child.kill()
        child.stdout.close()
    if code != 42:
        raise Refused(f"after SIGTERM the shim ends with {code}, and the program with 42")
