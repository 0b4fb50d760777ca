"""The chain on a running local AWS: filters deliver to Kinesis, a mapping invokes and retries a function.

``account`` says how to run it.
"""

import base64
import json
import os
import time
import unittest

from account import REGION, until
from chain_account import ChainTest


class Chain(ChainTest):
    # -- subscriptions -----------------------------------------------------

    def test_a_filter_delivers_what_matches_as_cloudwatch_logs_does(self):
        group = self.make_group("/app/service")
        self.subscribe(group, "{ $.level > 20 }", name="cloudwatchLogsFilter")
        self.put(group, '{"level":20,"msg":"no"}', '{"level":30,"msg":"yes"}', '{"level":50,"msg":"as well"}')
        control, data = self.payloads()
        self.assertEqual(control["messageType"], "CONTROL_MESSAGE")
        self.assertEqual((control["owner"], control["logGroup"], control["subscriptionFilters"]), ("CloudwatchLogs", "", []))
        self.assertTrue(control["logEvents"][0]["message"].startswith("CWL CONTROL MESSAGE"))
        events = data.pop("logEvents")
        self.assertEqual(data, {
            "messageType": "DATA_MESSAGE", "owner": self.account, "logGroup": group, "logStream": "one",
            "subscriptionFilters": ["cloudwatchLogsFilter"],
        })
        self.assertEqual([event["message"] for event in events], ['{"level":30,"msg":"yes"}', '{"level":50,"msg":"as well"}'])
        self.assertTrue(all(isinstance(event["id"], str) and len(event["id"]) == 56 for event in events))
        self.assertEqual(len({event["id"] for event in events}), 2)
        self.assertEqual(self.kinesis.list_tags_for_stream(StreamName="stream")["Tags"], [{"Key": "made", "Value": "by a test"}])

    def test_what_is_too_large_for_a_record_is_split(self):
        group = self.make_group("/app/large")
        self.subscribe(group)
        messages = [base64.b64encode(os.urandom(180_000)).decode() for _ in range(4)]
        self.put(group, *messages)
        self.put(group, *messages)
        records = self.records()[1:]
        self.assertTrue(all(len(record["Data"]) <= 1024 * 1024 for record in records))
        texts = [event["message"] for payload in self.payloads()[1:] for event in payload["logEvents"]]
        self.assertEqual(texts, messages * 2)

    def test_distribution_decides_on_the_partition_key(self):
        group = self.make_group("/app/keys")
        self.subscribe(group, name="by stream")
        self.subscribe(group, name="at random", distribution="Random")
        for number in range(3):
            self.put(group, f"message {number}")
        keys = {"by stream": set(), "at random": set()}
        for record, payload in zip(self.records(), self.payloads()):
            if payload["messageType"] == "DATA_MESSAGE":
                keys[payload["subscriptionFilters"][0]].add(record["PartitionKey"])
        self.assertEqual((len(keys["by stream"]), len(keys["at random"])), (1, 3))

    def test_a_filter_is_checked_as_on_aws(self):
        group = self.make_group("/app/checked")
        rare = self.make_group("/app/rare", logGroupClass="INFREQUENT_ACCESS")
        missing = self.stream.replace("stream/stream", "stream/missing")
        stranger = self.make_role("stranger", "ec2.amazonaws.com", "kinesis:PutRecord", "*")
        powerless = self.make_role("powerless", "logs.amazonaws.com", "kinesis:PutRecord", missing)
        elsewhere = self.make_role(
            "elsewhere", "logs.amazonaws.com", "kinesis:*", "*", {"StringLike": {"aws:SourceArn": "arn:aws:logs:us-east-1:*"}}
        )
        own = self.make_role(
            "own", f"logs.{REGION}.amazonaws.com", "kinesis:*", "*",
            {"StringLike": {"aws:SourceArn": f"arn:aws:logs:{REGION}:{self.account}:*"},
             "StringEquals": {"aws:SourceAccount": self.account}},
        )
        self.assertEqual(self.refusal(self.subscribe, "/none")[0], "ResourceNotFoundException")
        code, message = self.refusal(self.subscribe, group, "{ $.level ~ 1 }")
        self.assertEqual(code, "InvalidParameterException")
        self.assertIn("filter pattern", message)
        self.assertEqual(self.refusal(self.subscribe, rare)[0], "ValidationException")
        self.assertEqual(self.refusal(self.logs.describe_subscription_filters, logGroupName=rare)[0], "ValidationException")
        for role in [stranger, elsewhere, f"arn:aws:iam::{self.account}:role/none"]:
            code, message = self.refusal(self.subscribe, group, roleArn=role)
            self.assertEqual(code, "ValidationException")
            self.assertIn("permission to assume the provided role", message)
        for changes in [{"roleArn": powerless}, {"destinationArn": missing, "roleArn": own}]:
            code, message = self.refusal(self.subscribe, group, **changes)
            self.assertEqual(code, "InvalidParameterException")
            self.assertIn("Could not deliver test message", message)
        self.subscribe(group, name="first", roleArn=own)
        self.subscribe(group, name="second")
        self.assertEqual(self.refusal(self.subscribe, group, name="third"), ("LimitExceededException", "Resource limit exceeded."))
        self.subscribe(group, name="second", pattern="ERROR")

    def test_an_account_policy_subscribes_every_group_but_the_excluded(self):
        document = json.dumps({"DestinationArn": self.stream, "RoleArn": self.role, "FilterPattern": "", "Distribution": "Random"})
        policy = {"policyName": "all", "policyDocument": document, "policyType": "SUBSCRIPTION_FILTER_POLICY"}
        self.logs.put_account_policy(**policy, selectionCriteria='LogGroupName NOT IN ["/aws/lambda/own"]', scope="ALL")
        for name in ["/app/one", "/aws/lambda/own"]:
            self.put(self.make_group(name), "text")
        delivered = [payload for payload in self.payloads() if payload["messageType"] == "DATA_MESSAGE"]
        self.assertEqual([payload["logGroup"] for payload in delivered], ["/app/one"])
        self.assertEqual(delivered[0]["policyLevel"], "ACCOUNT_LEVEL_POLICY")
        described = self.logs.describe_account_policies(policyType="SUBSCRIPTION_FILTER_POLICY")["accountPolicies"]
        self.assertEqual([found["policyName"] for found in described], ["all"])
        code, _ = self.refusal(self.logs.put_account_policy, **{**policy, "policyName": "second"})
        self.assertEqual(code, "LimitExceededException")
        code, _ = self.refusal(self.logs.put_account_policy, **policy, selectionCriteria="LogGroupName IN [1]")
        self.assertEqual(code, "InvalidParameterException")
        self.logs.delete_account_policy(policyName="all", policyType="SUBSCRIPTION_FILTER_POLICY")
        self.put("/app/one", "text")
        self.assertEqual(len([p for p in self.payloads() if p["messageType"] == "DATA_MESSAGE"]), 1)

    # -- mappings ----------------------------------------------------------

    def test_a_partial_response_is_retried_from_its_lowest_number(self):
        self.make_function([[3, 1], [0], [], None])
        self.expect([0, 1, 2, 3], [1, 2, 3], [1, 2, 3])
        self.put_records(1)
        self.expect([0, 1, 2, 3], [1, 2, 3], [1, 2, 3], [4])
        found = self.functions.get_event_source_mapping(UUID=self.mapping)
        until("the mapping is well", lambda: self.functions.get_event_source_mapping(UUID=self.mapping)["LastProcessingResult"] == "OK")
        self.assertEqual(found["State"], "Enabled")

    def test_a_failed_function_gets_the_batch_again(self):
        self.make_function(["fail", {"batchItemFailures": [{"itemIdentifier": ""}]}, {"odd": "shape"}])
        self.expect([0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3])
        self.put_records(1)
        self.expect([0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3], [4])

    def test_a_failed_batch_is_bisected_and_given_up_after_the_retries(self):
        self.make_function(["fail", "fail", "fail", "fail"], BisectBatchOnFunctionError=True, MaximumRetryAttempts=1)
        self.expect([0, 1, 2, 3], [0, 1], [0], [0], [1], [2, 3])

    def test_what_is_given_up_is_kept_in_s3_as_a_whole_invocation(self):
        bucket = f"bucket-{self.account}"
        self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        destination = {"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}}
        script, options = [[1], [0], None], {"MaximumRetryAttempts": 1, "DestinationConfig": destination}
        self.make_function(script, actions=["kinesis:*", "s3:PutObject"], **options)
        self.expect([0, 1, 2, 3], [1, 2, 3])
        keys = until("it is kept", lambda: self.s3.list_objects_v2(Bucket=bucket).get("Contents"))
        self.assertEqual(len(keys), 1)
        self.assertTrue(keys[0]["Key"].startswith(f"aws/lambda/{self.mapping}/shardId-000000000000/"), keys)
        kept = json.load(self.s3.get_object(Bucket=bucket, Key=keys[0]["Key"])["Body"])
        self.assertEqual(kept["requestContext"]["condition"], "RetryAttemptsExhausted")
        batch = kept["KinesisBatchInfo"]
        numbers = [record["SequenceNumber"] for record in self.records()]
        self.assertEqual((batch["startSequenceNumber"], batch["endSequenceNumber"], batch["batchSize"]), (numbers[1], numbers[3], 3))
        data = [base64.b64decode(record["kinesis"]["data"]) for record in json.loads(kept["payload"])["Records"]]
        self.assertEqual(data, [b"1", b"2", b"3"])

    def test_without_partial_responses_any_answer_is_a_success(self):
        self.make_function([[0], None], FunctionResponseTypes=[], BatchSize=2)
        self.expect([0, 1], [2, 3])

    def test_the_batching_window_gathers_records(self):
        self.make_function([], MaximumBatchingWindowInSeconds=1)
        self.put_records(2)
        self.expect([0, 1, 2, 3, 4, 5])

    def test_a_disabled_mapping_waits_and_goes_on_where_it_was(self):
        self.make_function([])
        self.expect([0, 1, 2, 3])
        self.functions.update_event_source_mapping(UUID=self.mapping, Enabled=False)
        self.put_records(2)
        self.functions.update_event_source_mapping(UUID=self.mapping, Enabled=True)
        until("both are seen", lambda: [4, 5] == sum(self.seen()[1:], []))
        wanted = [{"AttributeKey": "EventName", "AttributeValue": "UpdateEventSourceMapping20150331"}]
        told = [json.loads(one["CloudTrailEvent"]) for one in self.trail.lookup_events(LookupAttributes=wanted)["Events"]]
        changes = [(one["requestParameters"]["uUID"], one["requestParameters"]["Enabled"]) for one in told]
        self.assertEqual(changes, [(self.mapping, True), (self.mapping, False)], "the newest first")
        self.assertTrue(told[0]["userIdentity"]["arn"].startswith(f"arn:aws:iam::{self.account}:user/"))

    def test_a_mapping_begins_at_a_time_that_has_passed(self):
        self.make_function([])
        self.expect([0, 1, 2, 3])
        self.functions.delete_event_source_mapping(UUID=self.mapping)
        # Times are sent in whole seconds.
        before = int(self.records()[-1]["ApproximateArrivalTimestamp"].timestamp())
        until("the next second has begun", lambda: int(time.time()) > before)
        since = int(time.time())
        self.put_records(2)
        position = {"StartingPosition": "AT_TIMESTAMP", "EventSourceArn": self.stream, "FunctionName": "function"}
        code, message = self.refusal(
            self.functions.create_event_source_mapping, StartingPositionTimestamp=since + 3600, **position
        )
        self.assertEqual(code, "InvalidParameterValueException")
        self.assertIn("cannot be in the future", message)
        self.functions.create_event_source_mapping(StartingPositionTimestamp=since, **position)
        until("the rest is seen", lambda: sum(self.seen()[1:], []) == [4, 5])

    def test_functions_and_mappings_need_roles_and_write_logs(self):
        group = self.make_group("/aws/lambda/function")
        self.make_function([])
        self.expect([0, 1, 2, 3])
        read = lambda: self.logs.filter_log_events(logGroupName=group)["events"]
        texts = [event["message"] for event in until("the function has logged", read)]
        self.assertIn("invocation 1", texts)
        code, message = self.refusal(
            self.functions.create_event_source_mapping, FunctionName="function", EventSourceArn=self.stream,
            StartingPosition="LATEST",
        )
        self.assertEqual(code, "ResourceConflictException")
        self.assertIn(self.mapping, message)
        self.logs.delete_log_group(logGroupName=group)
        self.put_records(1)
        self.expect([0, 1, 2, 3], [4])
        self.assertEqual(self.logs.describe_log_groups()["logGroups"], [])
        code, message = self.refusal(
            self.functions.create_function, FunctionName="other", Runtime="provided.al2023", Handler="bootstrap",
            Role=self.role, Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
        )
        self.assertIn("cannot be assumed by Lambda", message)
        self.functions.delete_event_source_mapping(UUID=self.mapping)
        self.iam.delete_role_policy(RoleName="execution", PolicyName="policy")
        code, message = self.refusal(
            self.functions.create_event_source_mapping, FunctionName="function", EventSourceArn=self.stream,
            StartingPosition="LATEST",
        )
        self.assertIn("ensure the role can perform", message)

    def test_a_change_ends_no_function_of_the_same_name_in_another_account(self):
        self.make_function([])
        self.expect([0, 1, 2, 3])
        others = self.functions
        self.setUp()
        # A process that started again would take the first step of its script again.
        self.make_function([None, "fail", None])
        self.expect([0, 1, 2, 3])
        others.update_function_configuration(FunctionName="function", Timeout=6)
        self.put_records(1)
        self.expect([0, 1, 2, 3], [4], [4])

    def test_the_key_of_a_stream_is_used_by_the_roles(self):
        key = f"arn:aws:kms:{REGION}:{self.account}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        group = self.make_group("/app/secret")
        self.kinesis.start_stream_encryption(StreamName="stream", EncryptionType="KMS", KeyId=key)
        self.assertIn("Could not deliver test message", self.refusal(self.subscribe, group)[1])
        self.allow_key("to-kinesis", "kms:GenerateDataKey", key, "kinesis.eu-west-1.amazonaws.com")
        self.assertIn("Could not deliver test message", self.refusal(self.subscribe, group)[1])
        self.allow_key("to-kinesis", "kms:GenerateDataKey", key, f"kinesis.{REGION}.amazonaws.com")
        self.subscribe(group)
        self.make_function([])
        problem = "PROBLEM: KMS access denied"
        result = lambda: self.functions.get_event_source_mapping(UUID=self.mapping)["LastProcessingResult"]
        until("the mapping reports the key", lambda: result() == problem)
        self.allow_key("execution", "kms:Decrypt", key, f"kinesis.{REGION}.amazonaws.com")
        self.put_records(1)
        until("the records are read", lambda: sum(self.seen(), []) == [0, 1, 2, 3, 4, 5])

    def test_a_disabled_key_stops_what_needs_it(self):
        key = self.kms.create_key()["KeyMetadata"]["Arn"]
        group = self.make_group("/app/secret")
        self.kinesis.start_stream_encryption(StreamName="stream", EncryptionType="KMS", KeyId=key)
        self.allow_key("to-kinesis", "kms:GenerateDataKey", key, f"kinesis.{REGION}.amazonaws.com")
        self.subscribe(group)
        self.kms.disable_key(KeyId=key)
        self.put(group, "lost")
        self.assertIn("Could not deliver test message", self.refusal(self.subscribe, group)[1])
        self.kms.enable_key(KeyId=key)
        self.put(group, "text")
        self.assertEqual([event["message"] for event in self.payloads()[-1]["logEvents"]], ["text"])

    def allow_key(self, role, action, key, via):
        condition = {"StringEquals": {"kms:ViaService": via, "kms:EncryptionContext:aws:kinesis:arn": self.stream}}
        statement = {"Effect": "Allow", "Action": action, "Resource": key, "Condition": condition}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.iam.put_role_policy(RoleName=role, PolicyName="key", PolicyDocument=policy)


if __name__ == "__main__":
    unittest.main()
