"""An account of its own on a running local AWS, for a test.

Tests that use it run with the environment of ministack (it holds botocore), ``CWL2LE_TEST_ENDPOINT``, and the number of the
first account that is theirs in ``CWL2LE_TEST_ACCOUNT``.
"""

import itertools
import json
import os
import time
import unittest
import urllib.request

import botocore.config
import botocore.session
from botocore.exceptions import ClientError

ENDPOINT = os.environ["CWL2LE_TEST_ENDPOINT"]
REGION = "ap-northeast-1"
ACCOUNTS = itertools.count(int(os.environ["CWL2LE_TEST_ACCOUNT"]))
# What this client would refuse is sent all the same: it is the local AWS that has to refuse it.
UNCHECKED = botocore.config.Config(parameter_validation=False, retries={"max_attempts": 0})

CLIENTS = {
    "functions": "lambda", "iam": "iam", "kinesis": "kinesis", "kms": "kms", "logs": "logs", "s3": "s3",
    "secrets": "secretsmanager", "trail": "cloudtrail", "ssm": "ssm", "sts": "sts", "tags": "resourcegroupstaggingapi", "topics": "sns",
    "watch": "cloudwatch",
}


def until(what, probe, limit=60.0):
    """Polls until the probe is true."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if found := probe():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {limit} s in vain until {what}")


class AccountTest(unittest.TestCase):
    """With clients, a stream, and a role that may write to it."""

    def setUp(self):
        self.account = str(next(ACCOUNTS))
        session = botocore.session.get_session()
        session.set_credentials(self.account, "test")
        for attribute, service in CLIENTS.items():
            client = session.create_client(service, region_name=REGION, endpoint_url=ENDPOINT, config=UNCHECKED)
            setattr(self, attribute, client)
        self.stream = f"arn:aws:kinesis:{REGION}:{self.account}:stream/stream"
        self.kinesis.create_stream(StreamName="stream", ShardCount=1, Tags={"made": "by a test"})
        self.role = self.make_role("to-kinesis", "logs.amazonaws.com", "kinesis:PutRecord", self.stream)

    def make_role(self, name, service, action, resource, condition=None):
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        if condition:
            statement["Condition"] = condition
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        self.iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=json.dumps(policy))
        return role

    def refusal(self, call, *arguments, **options):
        with self.assertRaises(ClientError) as refused:
            call(*arguments, **options)
        return refused.exception.response["Error"]["Code"], refused.exception.response["Error"]["Message"]

    def control(self, action, **wanted):
        """Asks the local AWS to behave in some way, in this account."""
        url = f"{ENDPOINT}/_cwl2le/accounts/{self.account}/{action}"
        urllib.request.urlopen(url, json.dumps(wanted).encode()).read()
