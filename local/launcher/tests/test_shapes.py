"""Values against the shapes of the API models, and requests as the models name their members."""

import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import inputs
import operations
import shapes
from strictness import refusal

SHAPES = {
    "Request": {"type": "structure", "required": ["Name"], "members": {"Name": {"shape": "Name"}, "Tags": {"shape": "Tags"}, "Size": {"shape": "Size"}, "On": {"shape": "On"}, "Data": {"shape": "Data"}, "Either": {"shape": "Either"}}},
    "Name": {"type": "string", "min": 2, "max": 4, "pattern": "[a-z]+"},
    "Tags": {"type": "map", "max": 2, "key": {"shape": "Name"}, "value": {"shape": "Secret"}},
    "Secret": {"type": "string", "max": 3, "sensitive": True},
    "Size": {"type": "integer", "min": 1, "max": 9},
    "On": {"type": "boolean"},
    "Data": {"type": "blob", "max": 3},
    "Either": {"type": "structure", "union": True, "members": {"A": {"shape": "On"}, "B": {"shape": "On"}}},
}


class Shapes(unittest.TestCase):
    def check(self, value, *expected):
        found = shapes.violations(SHAPES, "Request", {"Name": "name", **value})
        self.assertEqual(len(found), len(expected), found)
        for text, part in zip(found, expected):
            self.assertIn(part, text)

    def test_values_within_the_limits(self):
        self.check({"Name": "ab", "Tags": {"ab": "", "cd": "xyz"}, "Size": 9, "On": False, "Data": "QUJD", "Either": {"A": True, "B": None}})
        self.check({"Tags": None, "Size": None})

    def test_values_beyond_them(self):
        self.check({"Name": None}, "Value null at 'name' failed to satisfy constraint: Member must not be null")
        self.check({"Name": "a"}, "Value 'a' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 2")
        self.check({"Name": "ABCDE"}, "less than or equal to 4", "regular expression pattern: [a-z]+")
        self.check({"Name": "ab\n"}, "pattern")
        self.check({"Size": 0}, "value greater than or equal to 1")
        self.check({"Size": 10}, "value less than or equal to 9")
        self.check({"Data": "QUJDRA=="}, "length less than or equal to 3")
        self.check({"Tags": {"ab": "", "cd": "", "ef": ""}}, "less than or equal to 2")
        self.check({"Tags": {"A!": ""}}, "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-z]+]")
        self.check({"Either": {"A": True, "B": True}}, "exactly one")
        self.check({"Either": {}}, "exactly one")

    def test_secrets_are_not_repeated(self):
        found = shapes.violations(SHAPES, "Request", {"Name": "name", "Tags": {"ab": "secret"}})
        self.assertEqual(len(found), 1)
        self.assertNotIn("secret", found[0])

    def test_values_of_another_type(self):
        for value in [{"Name": 1}, {"Size": "1"}, {"Size": True}, {"Size": 1.5}, {"On": "true"}, {"Tags": []}, {"Either": []}, {"Nmae": "x"}]:
            with self.subTest(value), self.assertRaises(shapes.WrongType):
                shapes.violations(SHAPES, "Request", {"Name": "name", **value})

    def test_every_pattern_of_the_models_compiles(self):
        for service in operations.SERVICES:
            for shape in operations.model(service)["shapes"].values():
                if "pattern" in shape:
                    shapes.compiled(shape["pattern"])

    def test_letters_of_every_script(self):
        tag = shapes.compiled(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+")
        for value in ["a", "\u00fc", "\u65e5\u672c", "\u00a0", "\u0663", "\U00010400", "a-b", "=+@"]:
            self.assertTrue(tag.fullmatch(value), value)
        for value in ["!", "\t", "*", "\N{ROCKET}", "a\n", ""]:
            self.assertFalse(tag.fullmatch(value), value)
        # Java's \w knows ASCII only.
        self.assertFalse(shapes.compiled(r"[\w+=,.@-]+").fullmatch("\u00fc"))


class Requests(unittest.TestCase):
    def test_every_protocol_gives_the_names_of_the_model(self):
        body = json.dumps({"logGroupName": "g", "tags": {"a": "b"}}).encode()
        self.assertEqual(inputs.given("logs", "CreateLogGroup", "POST", "/", {}, body, {}), {"logGroupName": "g", "tags": {"a": "b"}})
        form = b"Action=CreateRole&Version=2010-05-08&RoleName=r&MaxSessionDuration=3600&Tags.member.1.Key=a&Tags.member.1.Value=&Tags.member.2.Key=b"
        expected = {"RoleName": "r", "MaxSessionDuration": 3600, "Tags": [{"Key": "a", "Value": ""}, {"Key": "b"}]}
        self.assertEqual(inputs.given("iam", "CreateRole", "POST", "/", {}, form, {}), expected)
        path = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Af/invocations"
        found = inputs.given("lambda", "Invoke", "POST", path, {"x-amz-log-type": "Tail"}, b"not looked at", {"Qualifier": ["live"]})
        self.assertEqual(found, {"FunctionName": "arn:aws:lambda:eu-west-1:1:function:f", "LogType": "Tail", "Qualifier": "live"})

    def test_operations_of_lambda_are_told_by_method_and_path(self):
        for method, path, operation in [
            ("POST", "/2015-03-31/functions", "CreateFunction"), ("GET", "/2015-03-31/functions/", "ListFunctions"),
            ("GET", "/2015-03-31/functions/f", "GetFunction"), ("PUT", "/2015-03-31/functions/f/code", "UpdateFunctionCode"),
            ("GET", "/2015-03-31/functions/f/configuration", "GetFunctionConfiguration"),
            ("PUT", "/2015-03-31/functions/arn:aws:lambda:r:1:function:f/configuration", "UpdateFunctionConfiguration"),
            ("GET", "/2015-03-31/event-source-mappings/u", "GetEventSourceMapping"),
            ("GET", "/2017-03-31/tags/arn%3Aaws%3Alambda%3Ar%3A1%3Afunction%3Af", "ListTags"), ("GET", "/elsewhere", None),
        ]:
            self.assertEqual(operations.called("lambda", method, path, {}, b""), operation, path)

    def test_operations_of_s3_are_told_apart_by_what_they_need(self):
        for method, path, headers, query, operation in [
            ("GET", "/bucket", {}, {"list-type": ["2"], "prefix": ["a"]}, "ListObjectsV2"),
            ("GET", "/bucket", {}, {"prefix": ["a"]}, "ListObjects"), ("PUT", "/bucket/a/b", {}, {}, "PutObject"),
            ("PUT", "/bucket/a/b", {"x-amz-copy-source": "/c/d"}, {}, "CopyObject"),
            ("PUT", "/bucket/a", {}, {"partNumber": ["1"], "uploadId": ["u"]}, "UploadPart"),
            ("GET", "/bucket/a", {}, {}, "GetObject"), ("DELETE", "/bucket/a", {}, {}, "DeleteObject"),
        ]:
            self.assertEqual(operations.called("s3", method, path, headers, b"", query), operation, (method, path))
        headers = {"x-amz-meta-run": "7", "x-amz-expected-bucket-owner": "123456789012"}
        found = inputs.given("s3", "PutObject", "PUT", "/bucket/a/b%20c", headers, b"not looked at", {})
        expected = {"Bucket": "bucket", "Key": "a/b c", "ExpectedBucketOwner": "123456789012", "Metadata": {"run": "7"}}
        self.assertEqual(found, expected)

    def test_what_cannot_be_read_is_refused_by_the_code_of_the_service(self):
        self.assertEqual(refusal("logs", "CreateLogGroup", "POST", "/", {}, b"{", {})[0], "SerializationException")
        form = b"Action=CreateRole&RoleName=r&AssumeRolePolicyDocument={}&MaxSessionDuration=long"
        self.assertEqual(refusal("iam", "CreateRole", "POST", "/", {}, form, {})[0], "MalformedInput")


if __name__ == "__main__":
    unittest.main()
