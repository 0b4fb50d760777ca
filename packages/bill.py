"""The bill of materials: what the program is linked from, as CycloneDX, by `cargo metadata` and Cargo.lock.

The forwarder inside the program is one of the crates that the program depends on, so its crates are in the list.
`cargo cyclonedx` and `cargo auditable` write the same, but only after minutes of compiling them.
"""

import functools
import json
import tomllib
import uuid

from release import ROOT
from tools import run

SPEC = "1.6"


def build(release, to):
    path = to / f"{release.name}-{release.version}.cdx.json"
    path.write_text(json.dumps(document(release), indent=2) + "\n")
    return path


def document(release):
    metadata = json.loads(run("cargo", "metadata", "--format-version=1", "--locked", cwd=ROOT))
    packages = {package["id"]: package for package in metadata["packages"]}
    # Metadata has what tests and other crates of the workspace switch on as well, and `cargo tree` what this one links.
    linked = {key for key, package in packages.items() if (package["name"], package["version"]) in _linked(release)}
    nodes = {node["id"]: set(node["dependencies"]) & linked for node in metadata["resolve"]["nodes"]}
    root = next(key for key, package in packages.items() if package["name"] == release.name and not package["source"])
    checksums = {
        (package["name"], package["version"]): package.get("checksum")
        for package in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    }
    reached, waiting = {root}, [root]
    while waiting:
        for other in nodes[waiting.pop()]:
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    components = sorted((packages[key] for key in reached - {root}), key=lambda one: (one["name"], one["version"]))
    serial = uuid.uuid5(uuid.NAMESPACE_URL, f"{release.downloads}#{len(components)}")
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": _component(packages[root], checksums, "application")},
        "components": [_component(package, checksums, "library") for package in components],
        "dependencies": [
            {"ref": _purl(packages[key]), "dependsOn": sorted(_purl(packages[other]) for other in nodes[key])}
            for key in sorted(reached, key=lambda one: _purl(packages[one]))
        ],
    }


@functools.cache
def _linked(release):
    """Name and version of each crate that is linked on any system: not those of tests and build scripts."""
    tree = run(
        "cargo", "tree", "--locked", "--package", release.name, "--edges", "normal", "--target", "all",
        "--prefix", "none", "--format", "{p}", cwd=ROOT,
    )
    return {(line.split()[0], line.split()[1].removeprefix("v")) for line in tree.splitlines() if line.strip()}


def _component(package, checksums, kind):
    checksum = checksums.get((package["name"], package["version"]))
    links = {"website": package["homepage"], "vcs": package["repository"]}
    return {
        "type": kind,
        "bom-ref": _purl(package),
        "name": package["name"],
        "version": package["version"],
        **({"description": package["description"].strip()} if package["description"] else {}),
        "scope": "required",
        **({"hashes": [{"alg": "SHA-256", "content": checksum}]} if checksum else {}),
        # Some crates still write `/` where SPDX has OR.
        **({"licenses": [{"expression": package["license"].replace("/", " OR ")}]} if package["license"] else {}),
        "purl": _purl(package),
        "externalReferences": [{"type": name, "url": url} for name, url in links.items() if url],
    }


def _purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"
