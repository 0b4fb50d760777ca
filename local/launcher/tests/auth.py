"""With AUTH=true: a policy that lacks an action is refused, and the error names the action.

Run with the environment of ministack (it holds botocore) and ``CWL2LE_TEST_ENDPOINT``.
"""

import json
import os
import unittest

import botocore.session
from botocore.exceptions import ClientError

ENDPOINT = os.environ["CWL2LE_TEST_ENDPOINT"]
ROLE = "arn:aws:iam::000000000000:role/"
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}

METRIC = {"Namespace": "AWS/Lambda", "MetricName": "Errors"}
QUERY = {"Id": "errors", "MetricStat": {"Metric": METRIC, "Period": 60, "Stat": "Sum"}}


def client(name, key="test", secret="test"):
    session = botocore.session.get_session()
    session.set_credentials(key, secret)
    return session.create_client(name, region_name="eu-west-1", endpoint_url=ENDPOINT)


class Permissions(unittest.TestCase):
    def test_every_action_is_needed(self):
        iam = client("iam")
        trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        iam.create_role(RoleName="passed", AssumeRolePolicyDocument=trust)
        iam.create_user(UserName="person")
        key = iam.create_access_key(UserName="person")["AccessKey"]
        services = ("cloudwatch", "iam", "kinesis", "lambda", "logs", "resourcegroupstaggingapi")
        person = {name: client(name, key["AccessKeyId"], key["SecretAccessKey"]) for name in services}
        to_stream = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": "*"}]}
        iam.create_role(RoleName="to-stream", AssumeRolePolicyDocument=trust.replace("lambda.amazonaws", "logs.amazonaws"))
        iam.put_role_policy(RoleName="to-stream", PolicyName="policy", PolicyDocument=json.dumps(to_stream))
        destination = "arn:aws:logs:eu-west-1:000000000000:destination:d"
        put_destination = {"destinationName": "d", "roleArn": f"{ROLE}to-stream",
                           "targetArn": "arn:aws:kinesis:eu-west-1:000000000000:stream/s"}
        access = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "logs:*", "Resource": destination}]}
        calls = [
            ({"kinesis:CreateStream": "arn:aws:kinesis:eu-west-1:000000000000:stream/s",
              "kinesis:AddTagsToStream": "arn:aws:kinesis:eu-west-1:000000000000:stream/s"},
             lambda: person["kinesis"].create_stream(StreamName="s", ShardCount=1, Tags={"a": "b"})),
            ({"iam:CreateRole": f"{ROLE}team/made", "iam:TagRole": f"{ROLE}team/made"},
             lambda: person["iam"].create_role(
                 RoleName="made", Path="/team/", AssumeRolePolicyDocument=trust, Tags=[{"Key": "a", "Value": "b"}])),
            ({"iam:GetRole": f"{ROLE}team/made"}, lambda: person["iam"].get_role(RoleName="made")),
            ({"logs:CreateLogGroup": "*", "logs:TagResource": "arn:aws:logs:eu-west-1:000000000000:log-group:/g"},
             lambda: person["logs"].create_log_group(logGroupName="/g", tags={"a": "b"})),
            ({"lambda:CreateFunction": "arn:aws:lambda:eu-west-1:000000000000:function:f", "iam:PassRole": f"{ROLE}passed"},
             lambda: person["lambda"].create_function(
                 FunctionName="f", Runtime="provided.al2023", Handler="bootstrap", Role=f"{ROLE}passed",
                 Code={"ZipFile": b"PK\x05\x06" + bytes(18)})),
            ({"logs:FilterLogEvents": "arn:aws:logs:eu-west-1:000000000000:log-group:/g"},
             lambda: person["logs"].filter_log_events(logGroupName="/g")),
            ({"logs:PutDestination": destination, "iam:PassRole": f"{ROLE}to-stream"},
             lambda: person["logs"].put_destination(**put_destination)),
            ({"logs:PutDestinationPolicy": destination},
             lambda: person["logs"].put_destination_policy(destinationName="d", accessPolicy=json.dumps(access))),
            ({"logs:TagResource": destination},
             lambda: person["logs"].tag_resource(resourceArn=destination, tags={"a": "b"})),
            ({"logs:ListTagsForResource": destination},
             lambda: person["logs"].list_tags_for_resource(resourceArn=destination)),
            ({"logs:DescribeDestinations": "*"}, lambda: person["logs"].describe_destinations()),
            ({"logs:PutSubscriptionFilter": ["arn:aws:logs:eu-west-1:000000000000:log-group:/g", destination]},
             lambda: person["logs"].put_subscription_filter(
                 logGroupName="/g", filterName="f", filterPattern="", destinationArn=destination)),
            ({"logs:DeleteDestination": destination},
             lambda: person["logs"].delete_destination(destinationName="d")),
            ({"logs:DescribeAccountPolicies": "*"},
             lambda: person["logs"].describe_account_policies(policyType="RETENTION_POLICY")),
            ({"cloudwatch:GetMetricData": "*"},
             lambda: person["cloudwatch"].get_metric_data(MetricDataQueries=[QUERY], StartTime=0, EndTime=60)),
            ({"cloudwatch:ListMetrics": "*"}, lambda: person["cloudwatch"].list_metrics()),
            ({"cloudwatch:DescribeAlarms": "*"}, lambda: person["cloudwatch"].describe_alarms()),
            ({"tag:GetResources": "*"}, lambda: person["resourcegroupstaggingapi"].get_resources()),
            ({"kinesis:DescribeLimits": "*"}, lambda: person["kinesis"].describe_limits()),
        ]
        for grants, call in calls:
            for missing in [*grants, None]:
                statements = [
                    {"Effect": "Allow", "Action": action, "Resource": resource}
                    for action, resource in {"sts:GetSessionToken": "*", **grants}.items() if action != missing
                ]
                policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
                iam.put_user_policy(UserName="person", PolicyName="policy", PolicyDocument=policy)
                with self.subTest(missing=missing):
                    if missing is None:
                        call()
                    else:
                        with self.assertRaises(ClientError) as refused:
                            call()
                        self.assertIn(f"is not authorized to perform: {missing} ", str(refused.exception))

    def test_a_boundary_is_a_condition_key(self):
        iam = client("iam")
        trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        nothing = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
        boundary, other = (iam.create_policy(PolicyName=name, PolicyDocument=nothing)["Policy"]["Arn"] for name in ("b", "o"))
        iam.create_user(UserName="bounded")
        statement = {"Effect": "Allow", "Action": "iam:*", "Resource": "*", "Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary}}}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName="bounded", PolicyName="policy", PolicyDocument=policy)
        key = iam.create_access_key(UserName="bounded")["AccessKey"]
        person = client("iam", key["AccessKeyId"], key["SecretAccessKey"])
        iam.create_role(RoleName="free", AssumeRolePolicyDocument=trust)
        iam.create_role(RoleName="elsewhere", AssumeRolePolicyDocument=trust, PermissionsBoundary=other)
        put = lambda name: person.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=nothing)
        make = lambda name, **more: person.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **more)
        for refused in [
            lambda: make("x"), lambda: make("x", PermissionsBoundary=other), lambda: put("free"), lambda: put("elsewhere"),
            lambda: person.update_assume_role_policy(RoleName="free", PolicyDocument=trust),
            lambda: person.attach_role_policy(RoleName="free", PolicyArn=other),
            lambda: person.put_role_permissions_boundary(RoleName="free", PermissionsBoundary=other),
            lambda: person.list_role_policies(RoleName="free"),
        ]:
            with self.assertRaises(ClientError) as denied:
                refused()
            self.assertEqual(denied.exception.response["Error"]["Code"], "AccessDenied")
        make("within", PermissionsBoundary=boundary)
        put("within")
        person.update_assume_role_policy(RoleName="within", PolicyDocument=trust)
        person.put_role_permissions_boundary(RoleName="free", PermissionsBoundary=boundary)

    def test_a_trust_policy_that_names_a_user_is_enough(self):
        iam = client("iam")
        iam.create_user(UserName="trusted")
        key = iam.create_access_key(UserName="trusted")["AccessKey"]
        sts = client("sts", key["AccessKeyId"], key["SecretAccessKey"])
        account = "arn:aws:iam::000000000000:"
        for number, (principal, assumed) in enumerate([
            ({"AWS": f"{account}user/trusted"}, True), ({"AWS": f"{account}root"}, False),
            ({"AWS": f"{account}user/person"}, False), ({"Service": "lambda.amazonaws.com"}, False),
        ]):
            statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
            trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            role = iam.create_role(RoleName=f"trusting{number}", Path="/team/", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
            with self.subTest(principal):
                if assumed:
                    sts.assume_role(RoleArn=role, RoleSessionName="session")
                    continue
                with self.assertRaises(ClientError) as denied:
                    sts.assume_role(RoleArn=role, RoleSessionName="session")
                self.assertEqual(denied.exception.response["Error"]["Code"], "AccessDenied")


if __name__ == "__main__":
    unittest.main()
