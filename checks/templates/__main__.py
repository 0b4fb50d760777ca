"""Holds the templates of ``cwl2le export`` against the schemas of AWS and Terraform. See ../README.md.

``python checks/templates BINARY`` ends with 1 where something is wrong, or a planted fault is not found.
"""

import pathlib
import sys
import tempfile

import cases
import deployer
import exported
import linted
import planted
import terraform
import twins
import validated


def main(binary, folder):
    exports = [exported.export(binary, case, folder) for case in cases.CASES]
    problems = [*exported.taken(binary), *(problem for export in exports for problem in export.problems)]
    modules = {export.folders[name]: export.variables for export in exports for name in ("hcl", "tf.json")}
    planned = terraform.plan(folder, modules)
    problems.extend(f"{where}: {found}" for where, several in planned.problems.items() for found in several)
    missed = planted.missed_modules(exports, folder)
    for export in exports:
        case = export.case
        for check in (linted, validated):
            found = check.problems(export.texts["yaml"], case.region)
            problems.extend(f"{case.name}: {problem}" for problem in found)
        for name in ("hcl", "tf.json") if planned.modules else ():
            module = planned.modules[export.folders[name].name]
            found = twins.problems(export.template, case.region, module)
            problems.extend(f"{case.name}, {name}: {problem}" for problem in found)
    missed += planted.missed_templates(exports)
    policies = {export.case.name: deployer.policy(binary, export) for export in exports}
    rights = deployer.Deployer()
    for export in exports:
        found = rights.problems(export.template, policies[export.case.name])
        problems.extend(f"{export.case.name}: {problem}" for problem in found)
    problems.extend(rights.stale())
    missed += planted.missed_rights(exports, policies)
    if planned.modules:
        missed += planted.missed_twins(exports, planned)
    for problem in problems:
        print(f"error: {problem}")
    for fault in missed:
        print(f"error: the checks do not find a planted fault: {fault}")
    print(f"{len(exports)} stacks in {len({case.region for case in cases.CASES})} partitions looked at")
    print(f"{planted.COUNT - len(missed)} of {planted.COUNT} planted faults found, {len(problems)} problems")
    return 1 if problems or missed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or not pathlib.Path(sys.argv[1]).is_file():
        sys.exit("error: name the binary of cwl2le; `.ci/run test models` does it")
    with tempfile.TemporaryDirectory(prefix="cwl2le-templates-") as folder:
        sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(folder)))
