"""What the local AWS refuses by AWS's API models, and what it accepts; ``account`` says how to run it."""

import json
import unittest
import urllib.error
import urllib.request

from account import ENDPOINT, AccountTest

TRUST = '{"Version":"2012-10-17","Statement":[]}'
ZIP = {"ZipFile": b"PK\x05\x06" + bytes(18)}


class Strict(AccountTest):
    def test_what_the_models_forbid_is_refused(self):
        filter = {"logGroupName": "g", "filterName": "f", "filterPattern": "", "destinationArn": self.stream}
        mapping = {"FunctionName": "f", "EventSourceArn": self.stream, "StartingPosition": "LATEST"}
        role = {"RoleName": "r", "AssumeRolePolicyDocument": TRUST}
        tag = lambda key, value="v": [{"Key": key, "Value": value}]
        cases = [
            # Required members.
            (self.kinesis.create_stream, {"ShardCount": 1}, "ValidationException", "Value null at 'streamName'"),
            (self.logs.create_log_group, {}, "InvalidParameterException", "Member must not be null"),
            (self.iam.create_role, {"RoleName": "r"}, "ValidationError", "'assumeRolePolicyDocument'"),
            (self.functions.create_function, {"FunctionName": "f", "Code": ZIP}, "ValidationException", "'role'"),
            # Lengths, in characters, and numbers.
            (self.kinesis.create_stream, {"StreamName": "s" * 129}, "ValidationException", "less than or equal to 128"),
            (self.logs.put_subscription_filter, {**filter, "filterName": ""}, "InvalidParameterException", "greater than or equal to 1"),
            (self.logs.put_subscription_filter, {**filter, "filterName": "f" * 513}, "InvalidParameterException", "512"),
            (self.logs.put_subscription_filter, {**filter, "filterPattern": "f" * 1025}, "InvalidParameterException", "1024"),
            (self.iam.create_role, {**role, "RoleName": "r" * 65}, "ValidationError", "64"),
            (self.iam.create_role, {**role, "PermissionsBoundary": "boundary"}, "ValidationError", "20"),
            (self.iam.create_role, {**role, "Tags": tag("k" * 129)}, "ValidationError", "'tags.1.member.key'"),
            (self.iam.create_role, {**role, "Tags": tag("k", "v" * 257)}, "ValidationError", "256"),
            (self.iam.create_role, {**role, "Tags": [tag(f"k{n}")[0] for n in range(51)]}, "ValidationError", "50"),
            (self.functions.create_event_source_mapping, {**mapping, "BatchSize": 10001}, "ValidationException", "10000"),
            (self.functions.create_event_source_mapping, {**mapping, "ParallelizationFactor": 0}, "ValidationException", "value greater than or equal to 1"),
            # Patterns.
            (self.logs.create_log_group, {"logGroupName": "a b"}, "InvalidParameterException", "regular expression pattern"),
            (self.logs.put_subscription_filter, {**filter, "filterName": "a:b"}, "InvalidParameterException", "[^:*]*"),
            (self.logs.list_tags_for_resource, {"resourceArn": "arn:aws:logs:x:1:log-group:/a#b"}, "InvalidParameterException", "'resourceArn'"),
            (self.logs.create_log_group, {"logGroupName": "g", "tags": {"k!": "v"}}, "InvalidParameterException", "Map keys must satisfy constraint: [Member must satisfy regular"),
            (self.logs.create_log_group, {"logGroupName": "g", "tags": {"k": "v*"}}, "InvalidParameterException", "Map value must satisfy"),
            (self.iam.create_role, {**role, "Tags": tag("k\t")}, "ValidationError", "'tags.1.member.key'"),
            (self.iam.create_role, {**role, "Tags": tag("k", "\N{ROCKET}")}, "ValidationError", "'tags.1.member.value'"),
            (self.iam.create_role, {**role, "Path": "/\u00fc/"}, "ValidationError", "'path'"),
            (self.functions.create_function, {"FunctionName": "f", "Code": ZIP, "Role": "role"}, "ValidationException", "'role'"),
            (self.functions.list_event_source_mappings, {"EventSourceArn": "stream"}, "ValidationException", "'eventSourceArn'"),
            (self.functions.get_function, {"FunctionName": "a b"}, "ValidationException", "'functionName'"),
            (self.secrets.get_secret_value, {"SecretId": ""}, "ValidationException", "'secretId'"),
            (self.ssm.get_parameter, {"Name": ""}, "ValidationException", "'name'"),
            # Enumerations.
            (self.logs.put_subscription_filter, {**filter, "distribution": "Even"}, "InvalidParameterException", "enum value set: [Random, ByLogStream]"),
            (self.functions.create_event_source_mapping, {**mapping, "StartingPosition": "FIRST"}, "ValidationException", "'startingPosition'"),
            (self.kinesis.update_shard_count, {"StreamName": "stream", "TargetShardCount": 2, "ScalingType": "X"}, "ValidationException", "'scalingType'"),
            (self.sts.assume_role, {"RoleArn": "arn:aws:iam::1:role/r", "RoleSessionName": "a b"}, "ValidationError", "'roleSessionName'"),
        ]
        for call, options, code, part in cases:
            with self.subTest(call.__name__, options=str(options)[:80]):
                found, message = self.refusal(call, **options)
                self.assertEqual(found, code, message)
                self.assertRegex(message, r"^\d+ validation errors? detected: ")
                self.assertIn(part, message)

    def test_what_aws_cannot_read_is_refused(self):
        for body in [b"{", b"[]", b'{"StreamName":1}', b'{"StreamName":"s","ShardCount":"1"}', b'{"StreamName":"s","Shards":1}']:
            with self.subTest(body):
                status, answer = self.send("kinesis", "Kinesis_20131202.CreateStream", body)
                self.assertEqual((status, answer["__type"]), (400, "SerializationException"), answer)
        self.assertEqual(self.kinesis.list_streams()["StreamNames"], ["stream"])

    def test_what_aws_accepts_is_accepted(self):
        self.kinesis.create_stream(StreamName="s" * 128, ShardCount=1, Tags={"any!": "kinesis has no pattern"})
        self.logs.create_log_group(logGroupName="/a#b/" + "c" * 507, tags={"K \u00fc_.:/=+-@": "\u65e5\u672c \u00a0"})
        tags = [{"Key": f"{number} \u00e9_.:/=+-@", "Value": ""} for number in range(50)]
        self.iam.create_role(
            RoleName="r" * 64, Path="/service/a/", AssumeRolePolicyDocument=TRUST, Tags=tags, Description="d\u00e9", MaxSessionDuration=3600
        )
        self.assertEqual(len(self.iam.list_role_tags(RoleName="r" * 64)["Tags"]), 50)
        self.logs.create_log_group(logGroupName="/app")
        self.logs.put_subscription_filter(
            logGroupName="/app", filterName="f" * 512, filterPattern="f" * 1024, destinationArn=self.stream, roleArn=self.role,
            distribution="Random",
        )
        execution = self.make_role("execution", "lambda.amazonaws.com", "kinesis:*", self.stream)
        self.functions.create_function(
            FunctionName="f", Runtime="provided.al2023", Handler="bootstrap", Role=execution, Code=ZIP, Tags={"k": "v \u00fc"},
            Architectures=["arm64"], LoggingConfig={"LogFormat": "JSON"},
        )
        arn = self.functions.get_function(FunctionName=f"arn:aws:lambda:ap-northeast-1:{self.account}:function:f")["Configuration"]["FunctionArn"]
        self.assertEqual(self.functions.list_tags(Resource=arn)["Tags"], {"k": "v \u00fc"})
        made = self.functions.create_event_source_mapping(
            FunctionName="f", EventSourceArn=self.stream, StartingPosition="TRIM_HORIZON", BatchSize=10000,
            MaximumRetryAttempts=-1, MaximumRecordAgeInSeconds=-1, DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::b"}},
        )
        self.functions.update_event_source_mapping(UUID=made["UUID"], DestinationConfig={"OnFailure": {}}, Enabled=False)
        self.assertEqual(len(self.functions.list_event_source_mappings(EventSourceArn=self.stream, MaxItems=100)["EventSourceMappings"]), 1)
        self.ssm.put_parameter(Name="/a/b.c-d_e", Value="v", Type="SecureString")
        self.assertEqual(self.ssm.get_parameter(Name="/a/b.c-d_e", WithDecryption=True)["Parameter"]["Value"], "v")
        self.secrets.create_secret(Name="a/b", SecretString="v")
        self.assertEqual(self.secrets.get_secret_value(SecretId="a/b")["SecretString"], "v")
        self.sts.get_caller_identity()

    def test_a_bucket_belongs_to_whom_the_caller_expects(self):
        bucket = f"bucket-{self.account}"
        self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
        put = lambda **owner: self.s3.put_object(Bucket=bucket, Key="a/b", Body=b"x", **owner)
        self.assertEqual(self.refusal(put, ExpectedBucketOwner="999999999999"), ("AccessDenied", "Access Denied"))
        put(ExpectedBucketOwner=self.account)
        put()
        self.assertEqual(self.refusal(self.s3.head_bucket, Bucket=bucket, ExpectedBucketOwner="999999999999")[0], "403")

    def send(self, service, target, body):
        """A request that no client would make."""
        authorization = f"AWS4-HMAC-SHA256 Credential={self.account}/20260101/ap-northeast-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1", "Authorization": authorization}
        try:
            answer = urllib.request.urlopen(urllib.request.Request(ENDPOINT, body, headers))
        except urllib.error.HTTPError as error:
            answer = error
        return answer.status, json.loads(answer.read())


if __name__ == "__main__":
    unittest.main()
