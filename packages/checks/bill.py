"""The bill of materials: against CycloneDX's own schema, the program itself, and Cargo.lock."""

import json
import pathlib
import re
import tomllib

import cyclonedx.schema
import fastjsonschema
from release import ROOT, Refused

from .installers import unpacked

# The path of a crate's source in a message of a panic, as `.ci/paths flags` leaves it or not.
SOURCE = re.compile(rb"registry/src/[^/\0]+/([A-Za-z0-9_-]+?)-(\d+\.\d+\.\d+[^/\0]*)/")
FEWEST = 30


def checks(facts, folder):
    path = folder / "files" / f"{facts.name}-{facts.version}.cdx.json"

    def bill(prefix):
        document = json.loads(path.read_text())
        check_schema(document)
        check_names(document, unpacked(folder, prefix))

    yield "bill of materials", bill


def check_schema(document):
    schemas = pathlib.Path(cyclonedx.schema.__file__).parent / "_res"

    def load(uri):
        name = uri.rpartition("/")[2].removesuffix(".schema.json").removesuffix(".SNAPSHOT")
        return json.loads((schemas / f"{name}.SNAPSHOT.schema.json").read_text())

    schema = load(f"bom-{document['specVersion']}.schema.json")
    try:
        fastjsonschema.compile(schema, handlers={"http": load, "https": load, "": load}, use_formats=False)(document)
    except fastjsonschema.JsonSchemaException as problem:
        raise Refused(f"the bill of materials is not CycloneDX: {problem.message}") from problem


def check_names(document, program):
    """Every crate whose source the program names in its messages, each with the checksum that Cargo.lock has."""
    listed = {(one["name"], one["version"]): one for one in document["components"]}
    named = {(name.decode(), version.decode()) for name, version in SOURCE.findall(program.read_bytes())}
    if len(named) < FEWEST:
        raise Refused(f"{program} names only {len(named)} crates, which proves nothing")
    if missing := named - set(listed):
        raise Refused(f"the bill of materials does not name {sorted(missing)[:5]}, which is in the program")
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    checksums = {(one["name"], one["version"]): one.get("checksum") for one in locked}
    for key, component in listed.items():
        if key not in checksums:
            raise Refused(f"the bill of materials names {' '.join(key)}, and Cargo.lock does not")
        if checksums[key] and component["hashes"][0]["content"] != checksums[key]:
            raise Refused(f"the bill of materials has another checksum of {' '.join(key)} than Cargo.lock")
