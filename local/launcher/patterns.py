"""Filter patterns of CloudWatch Logs: terms, JSON comparisons and space-delimited fields.

What is not understood is refused (``PatternError``): a pattern that silently matched something else
than on AWS would be worse than one that cannot be tried here.
"""

import json
import re


class PatternError(ValueError):
    """The pattern is wrong, or is of a kind that is not imitated here."""


def compile_pattern(pattern):
    """A predicate on messages for a filter pattern; raises PatternError for what is not understood."""
    pattern = (pattern or "").strip()
    if not pattern:
        return lambda message: True
    if pattern.startswith("{"):
        return _json_pattern(pattern)
    if pattern.startswith("["):
        return _fields_pattern(pattern)
    return _terms_pattern(pattern)


_TERM = re.compile(r'([?-]?)(?:"((?:\\.|[^"\\])*)"|(\w+))(?=\s|$)')


def _terms_pattern(pattern):
    """Terms that must occur, ``-`` terms that must not, ``?`` terms of which one must."""
    wanted, unwanted, optional = [], [], []
    at = 0
    while at < len(pattern):
        if pattern[at].isspace():
            at += 1
            continue
        term = _TERM.match(pattern, at)
        if not term:
            raise PatternError(f"Invalid character(s) in term '{pattern[at:].split()[0]}'")
        sign, quoted, bare = term.groups()
        text = bare if quoted is None else _unquote(quoted)
        {"": wanted, "-": unwanted, "?": optional}[sign].append(text)
        at = term.end()
    # Beside other terms AWS ignores the optional ones.
    any_of = [] if wanted or unwanted else optional

    def matches(message):
        return (
            all(term in message for term in wanted)
            and not any(term in message for term in unwanted)
            and (not any_of or any(term in message for term in any_of))
        )

    return matches


def _unquote(quoted):
    return re.sub(r"\\(.)", r"\1", quoted)


_TOKEN = re.compile(
    r"\s*(?:(?P<symbol>&&|\|\||!=|<=|>=|[=<>()])"
    r"|(?P<selector>\$(?:\.[\w-]+|\.?\[(?:\d+|\*|'[^']*'|\"[^\"]*\")\])+)"
    r'|"(?P<quoted>(?:\\.|[^"\\])*)"'
    r"|(?P<word>[^\s()&|=!<>\"%$\[\]{},]+))"
)
_PATH_STEP = re.compile(r"\.?\[(?:(\d+)|(\*)|'([^']*)'|\"([^\"]*)\")\]|\.([\w-]+)")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ORDER = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class _Expression:
    """A boolean expression over comparisons: ``a = x && (b != y || c >= 3)``.

    ``operand`` turns the left side of a comparison (a token) into a function from the thing that
    is tested to the list of values to compare.
    """

    def __init__(self, text, operand):
        self.text = text
        self.operand = operand
        self.tokens = self._tokens(text)
        self.at = 0

    @staticmethod
    def _tokens(text):
        tokens, at, text = [], 0, text.rstrip()
        while at < len(text):
            token = _TOKEN.match(text, at)
            if not token:
                raise PatternError(f"cannot understand {text[at:].strip()!r}")
            tokens.append((token.lastgroup, token.group(token.lastgroup)))
            at = token.end()
        return tokens

    def compile(self):
        test = self._any()
        if self.at != len(self.tokens):
            raise PatternError(f"unexpected {self.tokens[self.at][1]!r} in {self.text.strip()!r}")
        return test

    def _next(self):
        if self.at == len(self.tokens):
            raise PatternError(f"{self.text.strip()!r} ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def _accept(self, *words):
        """Takes the next tokens if they are these symbols or keywords."""
        following = [
            value if kind == "symbol" else value.upper() if kind == "word" else None
            for kind, value in self.tokens[self.at : self.at + len(words)]
        ]
        if following != list(words):
            return False
        self.at += len(words)
        return True

    def _any(self):
        tests = [self._all()]
        while self._accept("||"):
            tests.append(self._all())
        return lambda thing: any(test(thing) for test in tests)

    def _all(self):
        tests = [self._one()]
        while self._accept("&&"):
            tests.append(self._one())
        return lambda thing: all(test(thing) for test in tests)

    def _one(self):
        if self._accept("("):
            test = self._any()
            if not self._accept(")"):
                raise PatternError(f"a parenthesis is not closed in {self.text.strip()!r}")
            return test
        values = self.operand(*self._next())
        if self._accept("NOT", "EXISTS"):
            return lambda thing: not values(thing)
        for word, literal in (("NULL", None), ("TRUE", True), ("FALSE", False)):
            if self._accept("IS", word):
                return lambda thing: any(value is literal for value in values(thing))
        compare = self._comparison()
        return lambda thing: any(compare(value) for value in values(thing))

    def _comparison(self):
        kind, operator = self._next()
        if kind != "symbol" or operator not in ("=", "!=", *_ORDER):
            raise PatternError(f"expected a comparison instead of {operator!r}")
        kind, literal = self._next()
        if kind not in ("quoted", "word"):
            raise PatternError(f"expected a value instead of {literal!r}")
        number = float(literal) if kind == "word" and _NUMBER.fullmatch(literal) else None
        if operator in _ORDER:
            if number is None:
                raise PatternError(f"{operator} needs a number instead of {literal!r}")
            ordered = _ORDER[operator]
            return lambda value: (actual := _number(value)) is not None and ordered(actual, number)
        text = _unquote(literal) if kind == "quoted" else literal
        glob = re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)

        def equal(value):
            if number is not None and _number(value) is not None:
                return _number(value) == number
            return isinstance(value, str) and glob.fullmatch(value) is not None

        def comparable(value):
            return isinstance(value, str) or _number(value) is not None

        if operator == "=":
            return equal
        return lambda value: comparable(value) and not equal(value)


class _Field(str):
    """A field of a space-delimited message: text that also compares as the number it spells."""


def _number(value):
    if isinstance(value, _Field):
        return float(value) if _NUMBER.fullmatch(value) else None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return None


def _json_pattern(pattern):
    """``{ $.level > 0 && $.name = "web*" }`` on messages that are JSON objects."""
    if not pattern.endswith("}"):
        raise PatternError("a JSON pattern ends with }")
    test = _Expression(pattern[1:-1], _json_operand).compile()

    def matches(message):
        try:
            document = json.loads(message)
        except ValueError:
            return False
        return isinstance(document, (dict, list)) and test(document)

    return matches


def _json_operand(kind, selector):
    if kind != "selector":
        raise PatternError(f"expected a selector such as $.level instead of {selector!r}")
    steps = [
        (int(index) if index else "*" if star else None, single or double or name)
        for index, star, single, double, name in _PATH_STEP.findall(selector[1:])
    ]

    def values(document):
        found = [document]
        for index, key in steps:
            if index == "*":
                found = [item for value in found if isinstance(value, list) for item in value]
            elif index is not None:
                found = [value[index] for value in found if isinstance(value, list) and index < len(value)]
            else:
                found = [value[key] for value in found if isinstance(value, dict) and key in value]
        return found

    return values


_FIELD_NAME = re.compile(r"\s*([A-Za-z_]\w*)\s*")
# A comma with an even number of quotes behind it is not inside of any.
_COMMA = re.compile(r',(?=[^"]*(?:"[^"]*"[^"]*)*$)')
_MESSAGE_FIELD = re.compile(r'\[([^\]]*)\]|"([^"]*)"|(\S+)')


def _fields_pattern(pattern):
    """``[timestamp=*Z, request_id="*-*", event]``: conditions on the fields of a message.

    Brackets and quotes hold a field together; the last field takes the rest of the message.
    """
    if not pattern.endswith("]"):
        raise PatternError("a pattern of fields ends with ]")
    fields = _COMMA.split(pattern[1:-1])
    tests = [None if field.strip() == "..." else _field_test(field) for field in fields]
    if tests.count(None) > 1:
        raise PatternError("... may stand only once")

    def matches(message):
        found = list(_MESSAGE_FIELD.finditer(message))
        if None in tests:
            before, after = tests[: tests.index(None)], tests[tests.index(None) + 1 :]
            if len(found) < len(before) + len(after):
                return False
            ends = found[: len(before)] + (found[-len(after) :] if after else [])
            values = [_field_value(field) for field in ends]
        else:
            before, after = tests, []
            if len(found) < len(tests):
                return False
            values = [_field_value(field) for field in found[: len(tests)]]
            if len(found) > len(tests):
                values[-1] = _Field(message[found[len(tests) - 1].start() :].rstrip())
        return all(test(value) for test, value in zip(before + after, values))

    return matches


def _field_value(field):
    return _Field(next(group for group in field.groups() if group is not None))


def _field_test(field):
    name = _FIELD_NAME.match(field)
    if not name:
        raise PatternError(f"expected the name of a field instead of {field.strip()!r}")
    if name.end() == len(field):
        return lambda value: True

    def operand(kind, text):
        if kind != "word" or text != name.group(1):
            raise PatternError(f"the conditions of field {name.group(1)!r} cannot test {text!r}")
        return lambda value: [value]

    return _Expression(field, operand).compile()
