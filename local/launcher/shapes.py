"""Values against the shapes of AWS's API models: required members, types, enumerations, limits and patterns.

Constraints are worded as AWS words them: ``Value 'x' at 'tags.1.member.key' failed to satisfy constraint: ...``.
"""

import collections
import functools
import itertools
import re
import sys
import unicodedata

_NUMBERS = {"integer": int, "long": int, "float": (int, float), "double": (int, float)}


class WrongType(Exception):
    """A value of a type that AWS cannot read at all, or a member that the model does not know."""


def violations(shapes, name, value, path=""):
    """What the shape of this name forbids about a value: a list of constraints as AWS words them.

    ``shapes`` are the ones of the model; ``value`` is plain JSON, with the names of the model's members.

    Raises ``WrongType``.
    """
    shape = shapes[name]
    kind = shape["type"]
    if kind == "structure":
        return _of_structure(shapes, shape, value, path)
    if kind == "list":
        _expect(value, list, path)
        found = _limits(shape, len(value), value, path, "have length")
        for number, item in enumerate(value, 1):
            found += violations(shapes, shape["member"]["shape"], item, f"{path}.{number}.member")
        return found
    if kind == "map":
        return _of_map(shapes, shape, value, path)
    if kind == "string":
        return _of_string(shape, value, path)
    if kind == "blob":
        # Base64 in JSON: four characters for three bytes.
        _expect(value, (str, bytes), path)
        size = len(value) if isinstance(value, bytes) else len(value) * 3 // 4 - value[-2:].count("=")
        return _limits(shape, size, "[binary]", path, "have length")
    if kind in _NUMBERS:
        if isinstance(value, bool):
            raise WrongType(f"{path or 'the request'} is not a number")
        _expect(value, _NUMBERS[kind], path)
        return _limits(shape, value, value, path, "have value")
    if kind == "boolean":
        _expect(value, bool, path)
    return []


def _of_structure(shapes, shape, value, path):
    _expect(value, dict, path)
    found = []
    for member in shape.get("required", []):
        if value.get(member) is None:
            found.append(f"Value null at '{_join(path, member)}' failed to satisfy constraint: Member must not be null")
    for member, of_member in value.items():
        if member not in shape["members"]:
            raise WrongType(f"the API model has no {_join(path, member)}, which AWS would ignore")
        if of_member is not None:
            found += violations(shapes, shape["members"][member]["shape"], of_member, _join(path, member))
    if shape.get("union") and sum(given is not None for given in value.values()) != 1:
        found.append(f"Value at '{path}' failed to satisfy constraint: Member must have exactly one value")
    return found


def _of_map(shapes, shape, value, path):
    _expect(value, dict, path)
    found = _limits(shape, len(value), value, path, "have length")
    for key, of_key in value.items():
        inner = [("Map keys", shape["key"]["shape"], key), ("Map value", shape["value"]["shape"], of_key)]
        for what, name, part in inner:
            constraints = [broken.partition(" constraint: ")[2] for broken in violations(shapes, name, part, path)]
            if constraints:
                text = f"{what} must satisfy constraint: [{', '.join(constraints)}]"
                found.append(_broken(shapes[name], value, path, text))
    return found


def _of_string(shape, value, path):
    _expect(value, str, path)
    found = _limits(shape, len(value), value, path, "have length")
    if "enum" in shape and value not in shape["enum"]:
        found.append(_broken(shape, value, path, f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]"))
    if "pattern" in shape and not compiled(shape["pattern"]).fullmatch(value):
        text = f"Member must satisfy regular expression pattern: {shape['pattern']}"
        found.append(_broken(shape, value, path, text))
    return found


def _limits(shape, size, value, path, what):
    found = []
    if size < shape.get("min", size):
        found.append(_broken(shape, value, path, f"Member must {what} greater than or equal to {shape['min']}"))
    if size > shape.get("max", size):
        found.append(_broken(shape, value, path, f"Member must {what} less than or equal to {shape['max']}"))
    return found


def _broken(shape, value, path, constraint):
    shown = "Value" if shape.get("sensitive") else f"Value '{value}'"
    return f"{shown} at '{path}' failed to satisfy constraint: {constraint}"


def _expect(value, kind, path):
    if not isinstance(value, kind):
        raise WrongType(f"{path or 'the request'} is of the wrong type: {type(value).__name__}")


def _join(path, member):
    member = member[:1].lower() + member[1:]
    return f"{path}.{member}" if path else member


@functools.cache
def compiled(pattern):
    """A pattern of the models, which are written for Java, as one of Python."""
    pattern = re.sub(r"\\p\{(\w+)\}", lambda found: _categories()[found.group(1)], pattern)
    # Java takes a hyphen after a class such as \w for itself.
    return re.compile(re.sub(r"(\\[wds])-", r"\1\\-", pattern), re.ASCII)


@functools.cache
def _categories():
    """For each Unicode category of one letter, such as L, its ranges for a character class."""
    ranges, begun = collections.defaultdict(str), 0
    categories = (unicodedata.category(chr(code))[0] for code in range(sys.maxunicode + 1))
    for name, run in itertools.groupby(categories):
        end = begun + sum(1 for _ in run)
        ranges[name] += f"\\U{begun:08x}-\\U{end - 1:08x}"
        begun = end
    return ranges
