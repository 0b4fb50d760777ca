"""What is written down of the requests, and what is left out."""

import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from recording import Recording

SIGNED = "AWS4-HMAC-SHA256 Credential=123456789012/20261130/eu-west-1/logs/aws4_request, Signature=secret"
HEADERS = {"authorization": SIGNED, "user-agent": "aws-sdk-rust/1.3", "x-amz-target": "T.O", "x-amz-security-token": "secret"}


class Written(unittest.TestCase):
    def lines(self, *requests):
        with tempfile.TemporaryDirectory() as folder:
            recording = Recording(folder)
            for headers, body in requests:
                recording.add("POST", "/", "a=b", HEADERS | headers, body)
            (file,) = pathlib.Path(folder).iterdir()
            return [json.loads(line) for line in file.read_text().splitlines()]

    def test_a_request_is_written_once_and_without_its_signature(self):
        (line,) = self.lines(({}, b"{}"), ({"x-amz-date": "later"}, b"{}"))
        expected = {
            "sender": "aws-sdk-rust", "region": "eu-west-1", "service": "logs", "method": "POST", "path": "/", "query": "a=b",
            "headers": {"user-agent": "aws-sdk-rust/1.3", "x-amz-target": "T.O"}, "body": "{}",
        }
        self.assertEqual(line, expected)

    def test_calls_without_the_sdk_have_no_name(self):
        self.assertEqual(len(self.lines(({"user-agent": ""}, b"{}"))), 1)

    def test_other_programs_and_the_tests_are_left_out(self):
        for headers in [{"user-agent": "Boto3/1.43"}, {"x-amz-user-agent": "a app/cwl2le-tests"}, {"authorization": ""}]:
            self.assertEqual(self.lines((headers, b"{}")), [])

    def test_the_zip_of_a_function_is_cut(self):
        (line,) = self.lines(({}, b'{"ZipFile": "' + b"A" * 5000 + b'", "Publish": true}'))
        self.assertEqual(json.loads(line["body"]), {"ZipFile": "UEsFBg==", "Publish": True})


if __name__ == "__main__":
    unittest.main()
