"""Filter patterns, by the examples of the CloudWatch Logs guide and the ones that cwl2le is used with."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from patterns import PatternError, compile_pattern

ACCESS = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
LAMBDA = "2016-09-17T10:28:49.663Z\t85c6cfcc-7cbf-11e6-9b8e-1b3f0f1d2b9b\t{ nonfield: null }\n"
SERVICE = '{"name":"web-1","level":30,"ok":true,"gone":null,"user":{"id":"a b"},"tags":["x","y"],"msg":"hi"}'


class Patterns(unittest.TestCase):
    def check(self, message, matching, others):
        for pattern in matching:
            self.assertTrue(compile_pattern(pattern)(message), pattern)
        for pattern in others:
            self.assertFalse(compile_pattern(pattern)(message), pattern)

    def test_terms(self):
        self.check(
            "[ERROR 401] UNAUTHORIZED REQUEST",
            ["", "  ", "ERROR", "ERROR REQUEST", '"ERROR 401"', "?WARN ?ERROR", "ERROR -WARN", '-"ERROR 400"', "ERROR ?no"],
            ["error", "ERROR WARN", '"401 ERROR"', "?WARN ?INFO", "ERROR -REQUEST", '-"ERROR 401"'],
        )

    def test_json(self):
        self.check(
            SERVICE,
            [
                "{ $.level > 0 }", "{$.level>=30}", "{ $.level = 30.0 }", "{ $.level != 3e2 }", "{ $.name = web* }",
                '{ $.name = "*-1" && ($.level < 10 || $.ok IS TRUE) }', '{ $.user.id = "a b" }', "{ $.tags[1] = y }",
                '{ $.tags[*] = "x" }', "{ $['name'] = web-1 }", "{ $.gone IS NULL }", "{ $.none NOT EXISTS }",
                "{ $.level = 1 || $.level = 30 && $.msg = hi }", '{ $.msg != "bye" }',
            ],
            [
                "{ $.level > 30 }", "{ $.name = web }", '{ $.none != "x" }', "{ $.user = x }", "{ $.ok = 1 }",
                "{ ($.level = 1 || $.level = 30) && $.msg = bye }", "{ $.name NOT EXISTS }", "{ $.none IS NULL }",
                "{ $.tags[7] = y }", '{ $.level != "30*" && $.level < 0 }',
            ],
        )
        for message in ["plain text", '"text"', "30", "{broken", ""]:
            self.check(message, [], ["{ $.level > 0 }", "{ $.level NOT EXISTS }"])

    def test_the_pattern_of_the_article(self):
        pattern = '[timestamp=*Z, request_id="*-*", event]'
        self.check(LAMBDA, [pattern], [])
        for message in ["START RequestId: 85c6cfcc-7cbf Version: $LATEST", "REPORT RequestId: a-b\tDuration: 1 ms", "Z -"]:
            self.check(message, [], [pattern])

    def test_fields(self):
        self.check(
            ACCESS,
            [
                "[ip, id, user, time, request, status, bytes]", "[ip, id, user, time, request, status=4*, bytes>1000]",
                "[..., status=404, bytes]", "[ip=127.0.0.1, ...]", "[ip, ..., bytes = 1534]", "[ip, rest = *1534]",
                "[..., request=*html*, status = 404 || status = 4?4, bytes]", '[..., time="10/Oct*", request, status, bytes]',
                "[ip, id, user, time, request=*.html*, status>=400 && status<500, bytes]",
            ],
            [
                "[ip, id, user, time, request, status, bytes, more]", "[..., status=2*, bytes]", "[ip=10.*, ...]",
                "[ip, id, user, time, request, status, bytes<1000]", "[ip, id>0, ...]", "[..., status!=404, bytes]",
            ],
        )

    def test_what_is_not_understood_is_refused(self):
        for pattern in [
            "foo-bar", '"open', "%regex%", "{ }", "{ $.a }", "{ $.a = }", "{ $.a > x }", "{ a = 1 }", "{ $.a = 1",
            "{ ($.a = 1 }", "{ $.a = 1 $.b = 2 }", "{ $.a = %x% }", "{ $.a = 1 && }", "{ $.a ~ 1 }", "[a, b", "[]",
            "[a,,b]", "[..., a, ...]", "[a, b=%x%]", "[a, b c]", "[a, b=1 || c=2]", "[1a]", "{ $ = 1 }", "a | b",
        ]:
            with self.subTest(pattern), self.assertRaises(PatternError):
                compile_pattern(pattern)


if __name__ == "__main__":
    unittest.main()
