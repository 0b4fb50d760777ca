"""Exports a configuration in every format, without AWS, and looks for secrets in what comes out."""

import json
import os
import re
import subprocess
import typing

import cases
import yaml

# What cwl2le puts in the place of a secret until it writes the template.
STAND_IN = "c5121e00-57a0"
FORMATS = {"cloudformation": ["yaml", "json"], "terraform": ["hcl", "tf.json"]}
FILES = {"yaml": "cwl2le.yaml", "json": "cwl2le.json", "hcl": "cwl2le.tf", "tf.json": "cwl2le.tf.json"}


class Export(typing.NamedTuple):
    case: cases.Case
    # The flags that say for where it is, and from which file.
    place: list
    # The folders, by format.
    folders: dict
    # The text of the template, by format.
    texts: dict
    # What is wrong with them.
    problems: list

    @property
    def template(self):
        return json.loads(self.texts["json"])

    @property
    def variables(self):
        return list(json.loads(self.texts["tf.json"]).get("variable", {}))


def export(binary, case, folder):
    """Writes the templates of a configuration below the folder."""
    work = folder / f"{case.name}-work"
    work.mkdir(parents=True)
    (work / "cwl2le.toml").write_text(case.file)
    place = ["--account", cases.ACCOUNT, "--region", case.region, "--config", str(work / "cwl2le.toml")]
    done = Export(case, place, {}, {}, [])
    for tool, formats in FORMATS.items():
        for name in formats:
            to = done.folders[name] = folder / f"{case.name}-{name.replace('.', '-')}"
            command = [binary, "export", tool, "--format", name, "--to", to, *place, *case.arguments]
            ran = subprocess.run(command, env=environment(), cwd=work, capture_output=True, text=True)
            if ran.returncode != 0:
                raise SystemExit(f"error: {case.name} is not exported as {name}:\n{ran.stderr}")
            text = done.texts[name] = (to / FILES[name]).read_text()
            done.problems.extend(f"{case.name}, {name}: {found}" for found in told(text + ran.stdout + ran.stderr))
    if yaml.safe_load(done.texts["yaml"]) != done.template:
        done.problems.append(f"{case.name}: its YAML and its JSON differ")
    done.problems.extend(f"{case.name}: {found}" for found in places(done.texts["json"], case))
    return done


def taken(binary):
    """Stacks that CloudFormation would refuse and that are exported all the same."""
    place = ["--account", cases.ACCOUNT, "--region", "eu-west-1"]
    for reason, arguments in cases.REFUSED.items():
        command = [binary, "export", "cloudformation", *place, *arguments]
        ran = subprocess.run(command, env=environment(), capture_output=True, text=True)
        if ran.returncode == 0 or reason not in " ".join(ran.stderr.split()):
            yield f"a stack is not refused because {reason}: {ran.stderr}"


def environment():
    """That of the caller without settings of its own, and with the secrets."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CWL2LE_"))}
    return own | cases.ENVIRONMENT


def told(text):
    """The secrets that a text tells."""
    return [f"a secret is in it, {secret[:4]}..." for secret in [*cases.SECRETS, STAND_IN] if secret in text]


def places(text, case):
    """Where a template of CloudFormation is not for any account and region."""
    places = re.finditer(rf".{{0,30}}({cases.ACCOUNT}|{case.region}).{{0,10}}", text)
    return [f"it is for one account or region only: {place.group(0).strip()}" for place in places]
