"""Holds what the tests recorded against AWS's own models: ``python checks FOLDER``. See README.md.

Ends with 1 where something is wrong, a request or policy is missing, or a planted fault is not found.
"""

import collections
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "local/launcher"))

import coverage
import models
import planted
import policies
import recorded

# A problem is shown with this many of the requests or documents that have it.
EXAMPLES = 3


def main(folder, is_partial):
    """Prints what is wrong. ``is_partial``: the recording is of some tests only."""
    faults, missed = planted.missed()
    requests, documents = recorded.requests(folder), recorded.documents(folder)
    problems, operations, senders = collections.defaultdict(list), collections.Counter(), set()
    for request in requests:
        operation, found = models.looked_at(request)
        operations[operation] += 1
        senders.add((operation, request["sender"]))
        for what in found:
            problems[f"{operation}: {what}"].append(f"{request['method']} {request['path']} {request['body'][:200]}")
        for name, document in recorded.in_request(request, operation):
            documents.setdefault(json.dumps(document, sort_keys=True), name)
    for text, name in documents.items():
        for what in policies.problems(json.loads(text)):
            problems[f"policy: {what}"].append(name)
    if not is_partial:
        gaps = coverage.gaps(HERE.parent, senders, documents.values())
        problems |= {f"coverage: {what}": [] for what in gaps}
    known = json.loads((HERE / "known.json").read_text())
    used = {entry["problem"] for entry in known for what in problems if re.fullmatch(entry["problem"], what)}
    new = {what: where for what, where in problems.items() if not any(re.fullmatch(one, what) for one in used)}
    stale = [] if is_partial else [entry["problem"] for entry in known if entry["problem"] not in used]
    for what, where in sorted(new.items()):
        print(f"error: {what}", *(f"    {place}" for place in where[:EXAMPLES]), sep="\n")
        if len(where) > EXAMPLES:
            print(f"    and {len(where) - EXAMPLES} more")
    for what in missed:
        print(f"error: the checks do not find a planted fault: {what}")
    for pattern in stale:
        print(f"error: known.json has an exception that no request needs: {pattern}")
    counts = ", ".join(f"{count:,} {name}" for name, count in sorted(models.done.items()))
    print(f"{len(requests):,} requests of {len(operations)} operations ({counts}) and {len(documents)} policies looked at")
    print(f"{faults - len(missed)} of {faults} planted faults found, {len(used)} known exceptions, {len(new)} new problems")
    return 1 if new or missed or stale else 0


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--partial"]
    if len(arguments) != 1 or not pathlib.Path(arguments[0]).is_dir():
        sys.exit("error: name the folder that CWL2LE_REQUESTS named during the tests; `.ci/run test models` does both")
    sys.exit(main(pathlib.Path(arguments[0]), "--partial" in sys.argv))
