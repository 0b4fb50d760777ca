"""Publishes the packages of npm. What the registry has already is left alone if it is the same file, and refused if
not: a version can be published only once, and whoever installs it would get the other file."""

import base64
import hashlib
import json
import subprocess

from release import Refused
from tools import run


def npm(release, folder, environment=None, provenance=True):
    """Publishes those of the systems first, because `cwl2le` must not be there without them. Returns what it did."""
    suffix = f"-{release.version}.tgz"
    paths = {path.name.removesuffix(suffix): path for path in folder.glob(f"*{suffix}")}
    if release.name not in paths:
        raise Refused(f"{folder} has no package {release.name}{suffix}")
    done = []
    for name in sorted(paths, key=lambda name: (name == release.name, name)):
        there, here = published(name, release.version, environment), integrity(paths[name])
        if there == here:
            done.append(f"{name} {release.version} already exists")
            continue
        if there is not None:
            raise Refused(f"the registry has another {name} {release.version}: {there}, and {paths[name]} is {here}")
        options = ["--provenance"] if provenance else []
        run("npm", "publish", paths[name].resolve(), "--access", "public", *options, env=environment)
        done.append(f"{name} {release.version} is published")
    return done


def published(name, version, environment=None):
    """The hash of a version that the registry has; none if it does not have it."""
    command = ["npm", "view", f"{name}@{version}", "dist.integrity", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout) if done.stdout.strip() else None
    if done.returncode == 0:
        return answer
    # Anything else than "there is none" decides nothing.
    if isinstance(answer, dict) and answer.get("error", {}).get("code") == "E404":
        return None
    raise Refused(f"`{' '.join(command)}` ends with {done.returncode}:\n{done.stdout}{done.stderr}")


def integrity(path):
    return "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
