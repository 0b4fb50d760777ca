"""Which permissions a request needs beside the one named like it."""

import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from account_policies import EXTRACTION, SUBSCRIPTION
from dependent_actions import needed


def arn(service, resource):
    return f"arn:aws:kms:eu-west-1:1:{resource}" if service == "kms" else f"{service}:{resource}"


class DependentActions(unittest.TestCase):
    def check(self, expected, service, data, operation="", method="POST", path="/"):
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        found = needed(service, method, path, {"x-amz-target": f"X.{operation}"}, body, arn)
        self.assertEqual([(action, resource) for action, resource, _ in found], expected)

    def test_tags_on_creation(self):
        self.check([("kinesis:AddTagsToStream", "kinesis:stream/s")], "kinesis", {"StreamName": "s", "Tags": {"a": "b"}}, "CreateStream")
        self.check([], "kinesis", {"StreamName": "s"}, "CreateStream")
        self.check([("logs:TagResource", "logs:log-group:g")], "logs", {"logGroupName": "g", "tags": {"a": "b"}}, "CreateLogGroup")
        form = b"Action=CreateRole&RoleName=r&Path=%2Fteam%2F&Tags.member.1.Key=a&Tags.member.1.Value=b"
        self.check([("iam:TagRole", "iam:role/team/r")], "iam", form)
        self.check([], "iam", b"Action=CreateRole&RoleName=r")
        mappings = "/2015-03-31/event-source-mappings/"
        self.check([("lambda:TagResource", "lambda:event-source-mapping:*")], "lambda", {"Tags": {"a": "b"}}, path=mappings)

    def test_roles_that_are_passed(self):
        self.check([("iam:PassRole", "role")], "logs", {"roleArn": "role"}, "PutSubscriptionFilter")
        self.check(
            [("iam:PassRole", "role"), ("lambda:TagResource", "lambda:function:f")], "lambda",
            {"FunctionName": "f", "Role": "role", "Tags": {"a": "b"}}, path="/2015-03-31/functions",
        )
        self.check([("iam:PassRole", "role")], "lambda", {"Role": "role"}, method="PUT", path="/2015-03-31/functions/f/configuration")
        self.check(
            [("logs:PutSubscriptionFilter", "logs:log-group:*"), ("iam:PassRole", "role")], "logs",
            {"policyType": SUBSCRIPTION, "policyDocument": json.dumps({"RoleArn": "role"})}, "PutAccountPolicy",
        )

    def test_encryption_of_a_stream_needs_its_key(self):
        for operation in ("StartStreamEncryption", "StopStreamEncryption"):
            expected = [(f"kinesis:{operation}", "arn:aws:kms:eu-west-1:1:key/k"), ("kms:DescribeKey", "arn:aws:kms:eu-west-1:1:key/k")]
            self.check(expected, "kinesis", {"StreamName": "s", "KeyId": "k"}, operation)
            self.check(expected, "kinesis", {"StreamName": "s", "KeyId": "arn:aws:kms:eu-west-1:1:key/k"}, operation)
            self.check([], "kinesis", {"StreamName": "s", "KeyId": "alias/aws/kinesis"}, operation)

    def test_account_policies_need_the_actions_of_their_type(self):
        self.check([("logs:DescribeSubscriptionFilters", "logs:log-group:*")], "logs", {"policyType": SUBSCRIPTION}, "DescribeAccountPolicies")
        self.check([("logs:DeleteSubscriptionFilter", "logs:log-group:*")], "logs", {"policyType": SUBSCRIPTION}, "DeleteAccountPolicy")
        self.check([("logs:PutMetricExtractionPolicy", "logs:log-group:*")], "logs", {"policyType": EXTRACTION}, "PutAccountPolicy")
        self.check([], "logs", {"policyType": EXTRACTION}, "DescribeAccountPolicies")


if __name__ == "__main__":
    unittest.main()
