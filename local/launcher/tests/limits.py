"""Quotas and sizes that AWS does not go beyond; ``account`` says how to run it."""

import json
import unittest

from account import AccountTest

ZIP = {"ZipFile": b"PK\x05\x06" + bytes(18)}


class Limits(AccountTest):
    def create(self, name="f", **options):
        role = self.execution = getattr(self, "execution", None) or self.make_role("execution", "lambda.amazonaws.com", "kinesis:*", "*")
        return self.functions.create_function(
            FunctionName=name, Runtime="provided.al2023", Handler="bootstrap", Role=role, Code=ZIP, **options
        )

    def environment(self, size, character="x"):
        """A map whose JSON text has this many bytes."""
        variables = {"TOKEN": "secret-in-a-variable", "AA": ""}
        room = size - len(json.dumps(variables, separators=(",", ":")))
        each = len(json.dumps(character, ensure_ascii=False).encode()) - 2
        variables["AA"] = character * (room // each) + "y" * (room % each)
        return {"Variables": variables}

    def test_the_environment_is_counted_as_json(self):
        for character in ("x", '"', "\\", "\u00e9", "\n"):
            with self.subTest(character):
                name = f"f{ord(character)}"
                code, message = self.refusal(self.create, name, Environment=self.environment(4097, character))
                self.assertEqual(code, "InvalidParameterValueException")
                self.assertIn("exceeded the 4KB limit. String measured: {", message)
                self.assertIn("secret-in-a-variable", message, "AWS quotes all of it")
                self.create(name, Environment=self.environment(4096, character))
                self.assertEqual(
                    self.refusal(
                        self.functions.update_function_configuration, FunctionName=name, Environment=self.environment(4097)
                    )[0],
                    "InvalidParameterValueException",
                )
                self.functions.update_function_configuration(FunctionName=name, Environment=self.environment(4000))

    def test_an_update_of_the_configuration_has_5119_bytes_at_most(self):
        self.create()
        update = lambda extra: self.functions.update_function_configuration(
            FunctionName="f", Description="d" * 200, Environment={"Variables": {"AA": '"' * 1_000, "BB": "\u00e9" * extra}}
        )
        base = len(json.dumps({"Description": "d" * 200, "Environment": {"Variables": {"AA": '"' * 1_000, "BB": ""}}}))
        # botocore escapes what is not ASCII: six bytes on the way, two as Lambda measures.
        fits = (5_119 - base) // 6
        update(fits)
        code, message = self.refusal(update, fits + 1)
        self.assertEqual(code, "RequestEntityTooLargeException")
        self.assertEqual(message, "Request must be smaller than 5120 bytes for the UpdateFunctionConfiguration operation")

    def test_names_of_lambda_are_reserved(self):
        code, message = self.refusal(self.create, Environment={"Variables": {"AWS_REGION": "x", "A_": "y"}})
        self.assertEqual(code, "InvalidParameterValueException")
        self.assertIn("Reserved keys used in this request: AWS_REGION", message)
        self.create(Environment={"Variables": {"AWS_CA_BUNDLE": "x"}})

    def scale(self, target):
        self.kinesis.update_shard_count(StreamName="stream", TargetShardCount=target, ScalingType="UNIFORM_SCALING")

    def shards(self):
        return self.kinesis.describe_stream_summary(StreamName="stream")["StreamDescriptionSummary"]["OpenShardCount"]

    def test_shards_at_most_double_and_at_least_halve(self):
        code, message = self.refusal(self.scale, 3)
        self.assertEqual(code, "LimitExceededException")
        self.assertIn("over double", message)
        for target in (2, 4, 7):
            self.scale(target)
        self.assertIn("below half", self.refusal(self.scale, 3)[1])
        self.scale(4)
        self.scale(2)
        self.assertEqual(self.shards(), 2)

    def test_ten_scalings_a_day(self):
        for target in (2, 1) * 5:
            self.scale(target)
        self.assertEqual(self.refusal(self.scale, 2)[0], "LimitExceededException")
        self.assertEqual(self.shards(), 1)

    def test_two_switches_of_the_mode_a_day(self):
        switch = lambda mode: self.kinesis.update_stream_mode(StreamARN=self.stream, StreamModeDetails={"StreamMode": mode})
        mode = lambda: self.kinesis.describe_stream_summary(StreamName="stream")["StreamDescriptionSummary"]["StreamModeDetails"]
        switch("ON_DEMAND")
        self.assertEqual(mode(), {"StreamMode": "ON_DEMAND"})
        self.assertEqual(self.refusal(self.scale, 2)[0], "ValidationException")
        switch("PROVISIONED")
        self.assertEqual(self.refusal(switch, "ON_DEMAND")[0], "LimitExceededException")
        self.scale(2)

    def test_policies_are_counted_without_white_space(self):
        def policy(size, service="s3"):
            statement = {"Effect": "Allow", "Action": f"{service}:Get", "Resource": "*"}
            empty = len(json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":")))
            statement["Action"] += "x" * (size - empty)
            return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)

        create = lambda name, size: self.iam.create_policy(PolicyName=name, PolicyDocument=policy(size))
        put = lambda name, size: self.iam.put_role_policy(RoleName="role", PolicyName=name, PolicyDocument=policy(size))
        trust = lambda name, size: self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(size, "sts"))
        self.assertIn("PolicySize: 6144", self.refusal(create, "large", 6_145)[1])
        create("fits", 6_144)
        self.assertIn("ACLSizePerRole: 2048", self.refusal(trust, "role", 2_049)[1])
        trust("role", 2_048)
        put("one", 5_000)
        code, message = self.refusal(put, "two", 5_241)
        self.assertEqual((code, message), ("LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role role"))
        put("two", 5_240)
        put("two", 5_240)

    def test_two_filters_a_log_group_and_one_account_policy(self):
        self.logs.create_log_group(logGroupName="/app")
        put = lambda name: self.logs.put_subscription_filter(
            logGroupName="/app", filterName=name, filterPattern="", destinationArn=self.stream, roleArn=self.role
        )
        put("one"), put("two"), put("one")
        self.assertEqual(self.refusal(put, "three")[0], "LimitExceededException")
        document = json.dumps({"DestinationArn": self.stream, "RoleArn": self.role, "FilterPattern": ""})
        kind = "SUBSCRIPTION_FILTER_POLICY"
        policy = lambda name: self.logs.put_account_policy(policyName=name, policyType=kind, policyDocument=document)
        policy("one"), policy("one")
        self.assertEqual(self.refusal(policy, "two")[0], "LimitExceededException")

    def test_the_quotas_of_streams_are_shown_with_what_is_used(self):
        self.kinesis.create_stream(StreamName="wide", ShardCount=3)
        self.kinesis.create_stream(StreamName="free", StreamModeDetails={"StreamMode": "ON_DEMAND"})
        found = self.kinesis.describe_limits()
        self.assertEqual((found["ShardLimit"], found["OpenShardCount"]), (500, 4))
        self.assertEqual((found["OnDemandStreamCount"], found["OnDemandStreamCountLimit"]), (1, 50))


if __name__ == "__main__":
    unittest.main()
