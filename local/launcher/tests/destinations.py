"""Destinations between accounts, on a running local AWS; ``account`` says how to run it."""

import json
import unittest

import botocore.session

from account import ENDPOINT, REGION, until
from chain_account import ChainTest

NOT_VALID = "Could not deliver test message to specified destination. Check if the destination is valid."
KIND = "SUBSCRIPTION_FILTER_POLICY"
ORGANIZATION = "o-1234567890"


class Destinations(ChainTest):
    def setUp(self):
        super().setUp()
        # Another account, with the same clients and helpers.
        self.member = ChainTest("setUp")
        self.member.setUp()
        self.arn = f"arn:aws:logs:{REGION}:{self.account}:destination:central"
        sources = [f"arn:aws:logs:{REGION}:{account}:*" for account in (self.account, self.member.account)]
        self.trusting = self.make_role(
            "to-stream", "logs.amazonaws.com", "kinesis:PutRecord", self.stream, {"StringLike": {"aws:SourceArn": sources}}
        )

    def make_destination(self, policy=None, **changes):
        options = {"destinationName": "central", "targetArn": self.stream, "roleArn": self.trusting, **changes}
        made = self.logs.put_destination(**options)["destination"]
        if policy:
            self.logs.put_destination_policy(destinationName=options["destinationName"], accessPolicy=policy)
        return made

    def policy(self, principal=None, condition=None, **changes):
        statement = {
            "Effect": "Allow", "Principal": principal or {"AWS": self.member.account},
            "Action": ["logs:PutSubscriptionFilter", "logs:PutAccountPolicy"], "Resource": self.arn, **changes,
        }
        if condition:
            statement["Condition"] = condition
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def of_organization(self):
        return self.policy("*", {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}})

    def subscribe_member(self, group="/app/shop", **changes):
        if not self.member.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            self.member.make_group(group)
        self.member.logs.put_subscription_filter(
            **{"logGroupName": group, "filterName": "central", "filterPattern": "", "destinationArn": self.arn, **changes}
        )

    def lines(self):
        return [
            (payload["owner"], event["message"])
            for payload in self.payloads() if payload["messageType"] == "DATA_MESSAGE" for event in payload["logEvents"]
        ]

    def join(self, member, **more):
        member.control("organization", organization=ORGANIZATION, **more)

    def set_trust(self, condition):
        statement = {"Effect": "Allow", "Principal": {"Service": "logs.amazonaws.com"}, "Action": "sts:AssumeRole", "Condition": condition}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.iam.update_assume_role_policy(RoleName="to-stream", PolicyDocument=document)

    # -- the destination ---------------------------------------------------

    def test_a_destination_is_made_shown_tagged_and_deleted(self):
        made = self.make_destination()
        self.assertEqual((made["arn"], made.get("accessPolicy")), (self.arn, None))
        self.assertEqual(self.payloads()[0]["messageType"], "CONTROL_MESSAGE")
        self.logs.tag_resource(resourceArn=self.arn, tags={"cwl2le:stack": "one"})
        self.logs.put_destination_policy(destinationName="central", accessPolicy=self.policy())
        self.make_destination()
        self.assertEqual(self.logs.list_tags_for_resource(resourceArn=self.arn)["tags"], {"cwl2le:stack": "one"})
        found = self.logs.describe_destinations()["destinations"]
        self.assertEqual([(one["destinationName"], one["accessPolicy"], "tags" in one) for one in found], [("central", self.policy(), False)])
        tagged = self.tags.get_resources(TagFilters=[{"Key": "cwl2le:stack"}])["ResourceTagMappingList"]
        self.assertEqual([one["ResourceARN"] for one in tagged], [self.arn])
        self.assertEqual(self.member.logs.describe_destinations()["destinations"], [])
        self.logs.untag_resource(resourceArn=self.arn, tagKeys=["cwl2le:stack"])
        self.assertEqual(self.logs.list_tags_for_resource(resourceArn=self.arn)["tags"], {})
        self.logs.delete_destination(destinationName="central")
        self.assertEqual(self.refusal(self.logs.delete_destination, destinationName="central")[0], "ResourceNotFoundException")

    def test_destinations_come_on_pages(self):
        for number in range(7):
            self.make_destination(destinationName=f"d{number}")
        first = self.logs.describe_destinations(limit=4)
        second = self.logs.describe_destinations(limit=4, nextToken=first["nextToken"])
        names = [one["destinationName"] for page in (first, second) for one in page["destinations"]]
        self.assertEqual((names, "nextToken" in second), ([f"d{number}" for number in range(7)], False))
        self.assertEqual(len(self.logs.describe_destinations(DestinationNamePrefix="d3")["destinations"]), 1)

    def test_the_role_must_be_trusted_on_the_recipients_behalf_and_the_stream_must_take_the_test_message(self):
        only_member = self.make_role(
            "only-member", "logs.amazonaws.com", "kinesis:PutRecord", self.stream,
            {"StringLike": {"aws:SourceArn": f"arn:aws:logs:{REGION}:{self.member.account}:*"}},
        )
        powerless = self.make_role("powerless", "logs.amazonaws.com", "kinesis:PutRecord", self.stream + "-other")
        for changes in ({"roleArn": only_member}, {"roleArn": powerless}, {"targetArn": self.stream + "-none"}, {"tags": {"a": "b"}}):
            with self.subTest(changes):
                self.assertEqual(self.refusal(self.make_destination, **changes), ("InvalidParameterException", NOT_VALID))
        self.assertEqual(self.logs.describe_destinations()["destinations"], [])

    def test_a_stream_with_a_key_needs_a_role_that_may_use_it(self):
        key = self.kms.create_key()["KeyMetadata"]["Arn"]
        self.kinesis.start_stream_encryption(StreamName="stream", EncryptionType="KMS", KeyId=key)
        until("the stream is active", lambda: self.kinesis.describe_stream(StreamName="stream")["StreamDescription"]["StreamStatus"] == "ACTIVE")
        self.assertEqual(self.refusal(self.make_destination), ("InvalidParameterException", NOT_VALID))
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:GenerateDataKey", "Resource": key}]}
        self.iam.put_role_policy(RoleName="to-stream", PolicyName="key", PolicyDocument=json.dumps(document))
        self.make_destination()

    def test_an_access_policy_is_checked(self):
        put = self.logs.put_destination_policy
        self.assertEqual(self.refusal(put, destinationName="central", accessPolicy=self.policy())[0], "InvalidParameterException")
        self.make_destination()
        refused = {
            "{": "is not JSON", '{"Statement": []}': "no statement",
            self.policy({"AWS": f"arn:aws:iam::{self.member.account}:root"}): "Principal section of policy contains ARN instead of account ID",
            self.policy(Resource="*"): self.arn,
            self.policy({"AWS": [f"{number:012}" for number in range(400)]}): "5120",
        }
        for policy, part in refused.items():
            with self.subTest(part):
                code, message = self.refusal(put, destinationName="central", accessPolicy=policy)
                self.assertEqual(code, "InvalidParameterException")
                self.assertIn(part, message)
        put(destinationName="central", accessPolicy=self.policy())
        self.assertIn("forceUpdate", self.refusal(put, destinationName="central", accessPolicy=self.of_organization())[1])
        put(destinationName="central", accessPolicy=self.of_organization(), forceUpdate=True)
        put(destinationName="central", accessPolicy=self.policy())

    # -- members -----------------------------------------------------------

    def test_lines_of_a_member_arrive_with_its_account(self):
        self.make_destination(self.policy())
        self.subscribe_member()
        self.member.put("/app/shop", "paid 17")
        self.assertEqual(self.lines(), [(self.member.account, "paid 17")])
        document = json.dumps({"DestinationArn": self.arn, "FilterPattern": ""})
        self.member.logs.delete_subscription_filter(logGroupName="/app/shop", filterName="central")
        self.member.logs.put_account_policy(policyName="central", policyType=KIND, policyDocument=document)
        self.member.put("/app/shop", "paid 18")
        self.assertEqual(self.payloads()[-1]["policyLevel"], "ACCOUNT_LEVEL_POLICY")
        self.assertEqual(self.lines()[1:], [(self.member.account, "paid 18")])

    def test_who_is_not_in_the_access_policy_is_refused(self):
        denied = f"User with accountId: {self.member.account} is not authorized to perform: logs:PutSubscriptionFilter on resource: {self.arn}"
        self.assertEqual(self.refusal(self.subscribe_member), ("AccessDeniedException", denied))
        self.make_destination()
        self.assertEqual(self.refusal(self.subscribe_member), ("AccessDeniedException", denied))
        self.logs.put_destination_policy(destinationName="central", accessPolicy=self.policy({"AWS": self.account}))
        self.assertEqual(self.refusal(self.subscribe_member), ("AccessDeniedException", denied))
        elsewhere = self.arn.replace(REGION, "eu-west-1")
        code, message = self.refusal(self.subscribe_member, destinationArn=elsewhere)
        self.assertEqual((code, "region" in message), ("InvalidParameterException", True))
        document = json.dumps({"DestinationArn": self.arn, "FilterPattern": ""})
        code, message = self.refusal(self.member.logs.put_account_policy, policyName="p", policyType=KIND, policyDocument=document)
        self.assertEqual((code, message), ("AccessDeniedException", denied))

    def test_lines_are_lost_without_a_word_when_the_role_does_not_trust_the_member(self):
        self.make_destination(self.policy())
        self.set_trust({"StringEquals": {"aws:SourceAccount": self.account}})
        self.subscribe_member()
        self.member.put("/app/shop", "lost")
        self.assertEqual(self.lines(), [])
        self.set_trust({"StringEquals": {"aws:SourceAccount": [self.account, self.member.account]}})
        self.member.put("/app/shop", "kept")
        self.assertEqual(self.lines(), [(self.member.account, "kept")])

    def test_lines_stop_when_the_policy_no_longer_names_the_member_or_the_destination_is_gone(self):
        self.make_destination(self.policy())
        self.subscribe_member()
        self.logs.put_destination_policy(destinationName="central", accessPolicy=self.policy({"AWS": self.account}))
        self.member.put("/app/shop", "no longer")
        self.logs.put_destination_policy(destinationName="central", accessPolicy=self.policy())
        self.member.put("/app/shop", "again")
        self.logs.delete_destination(destinationName="central")
        self.member.put("/app/shop", "gone")
        self.assertEqual(self.lines(), [(self.member.account, "again")])

    def test_an_organization_needs_a_role_of_the_member(self):
        self.make_destination(self.of_organization())
        self.assertEqual(self.refusal(self.subscribe_member)[0], "AccessDeniedException")
        self.join(self.member)
        code, message = self.refusal(self.subscribe_member)
        self.assertEqual(code, "InvalidParameterException")
        self.assertIn("Role ARN is required when creating subscription filter against destination with Organization access policy", message)
        stranger = self.member.make_role("stranger", "ec2.amazonaws.com", "logs:PutLogEvents", "*")
        self.assertEqual(self.refusal(self.subscribe_member, roleArn=stranger)[0], "ValidationException")
        powerless = self.member.make_role("powerless", "logs.amazonaws.com", "logs:PutLogEvents", "arn:aws:logs:*:*:log-group:/other:*")
        self.subscribe_member(roleArn=powerless)
        self.member.put("/app/shop", "lost")
        able = self.member.make_role("able", "logs.amazonaws.com", "logs:PutLogEvents", f"arn:aws:logs:{REGION}:{self.member.account}:log-group:*:*")
        self.subscribe_member(roleArn=able)
        self.member.put("/app/shop", "kept")
        self.assertEqual(self.lines(), [(self.member.account, "kept")])

    def test_whether_the_trust_sees_the_organization_is_up_to_the_test(self):
        self.join(self)
        self.set_trust({"StringEquals": {"aws:SourceOrgID": ORGANIZATION}})
        self.make_destination(self.of_organization())
        role = self.member.make_role("able", "logs.amazonaws.com", "logs:PutLogEvents", "*")
        self.join(self.member)
        self.subscribe_member(roleArn=role)
        self.member.put("/app/shop", "seen")
        self.join(self.member, source=False)
        self.member.put("/app/shop", "not seen")
        self.assertEqual(self.lines(), [(self.member.account, "seen")])
        self.member.control("organization")
        self.member.put("/app/shop", "left")
        self.assertEqual(self.lines(), [(self.member.account, "seen")])

    def test_what_a_throttled_stream_makes_wait_comes_later(self):
        self.make_destination(self.policy())
        self.subscribe_member()
        self.control("throttle", region=REGION, stream="stream", throttled=True)
        self.member.put("/app/shop", "waits")
        self.assertEqual(self.lines(), [])
        self.control("throttle", region=REGION, stream="stream", throttled=False)
        self.assertEqual(self.lines(), [(self.member.account, "waits")])

    def test_a_template_makes_a_destination(self):
        cloudformation = botocore.session.get_session()
        cloudformation.set_credentials(self.account, "test")
        client = cloudformation.create_client("cloudformation", region_name=REGION, endpoint_url=ENDPOINT)
        properties = {"DestinationName": "central", "TargetArn": self.stream, "RoleArn": self.trusting, "DestinationPolicy": self.policy()}
        template = json.dumps({"Resources": {"It": {"Type": "AWS::Logs::Destination", "Properties": properties}}})
        client.create_stack(StackName="s", TemplateBody=template)
        until("the stack is made", lambda: client.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE")
        self.subscribe_member()
        self.member.put("/app/shop", "by template")
        self.assertEqual(self.lines(), [(self.member.account, "by template")])
        client.delete_stack(StackName="s")
        until("it is gone", lambda: not self.logs.describe_destinations()["destinations"])


if __name__ == "__main__":
    unittest.main()
