"""Who may do what and who is told, on a running local AWS; ``account`` says how to run it."""

import json
import unittest

from account import REGION, AccountTest


class People(AccountTest):
    def decisions(self, arn, actions, resources, **options):
        found = self.iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=actions, ResourceArns=resources, **options)
        return [(one["EvalActionName"], one["EvalResourceName"], one["EvalDecision"]) for one in found["EvaluationResults"]], found

    def test_a_simulation_is_about_every_action_on_every_resource(self):
        other = self.stream.replace("stream/stream", "stream/other")
        pairs, _ = self.decisions(self.role, ["kinesis:PutRecord", "kinesis:GetRecords"], [self.stream, other])
        self.assertEqual(pairs, [
            ("kinesis:PutRecord", self.stream, "allowed"), ("kinesis:PutRecord", other, "implicitDeny"),
            ("kinesis:GetRecords", self.stream, "implicitDeny"), ("kinesis:GetRecords", other, "implicitDeny"),
        ])
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        boundary = self.iam.create_policy(PolicyName="only-s3", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
        self.iam.put_role_permissions_boundary(RoleName="to-kinesis", PermissionsBoundary=boundary)
        pairs, _ = self.decisions(self.role, ["kinesis:PutRecord"], [self.stream])
        self.assertEqual(pairs, [("kinesis:PutRecord", self.stream, "implicitDeny")])
        self.assertEqual(self.refusal(self.decisions, self.role + "-none", ["s3:GetObject"], ["*"])[0], "NoSuchEntity")

    def test_a_simulation_comes_on_pages(self):
        actions = [f"kinesis:A{number}" for number in range(150)]
        first, page = self.decisions(self.role, actions, ["*"])
        self.assertEqual((len(first), page["IsTruncated"]), (100, True))
        second, page = self.decisions(self.role, actions, ["*"], Marker=page["Marker"])
        self.assertEqual((len(second), page["IsTruncated"]), (50, False))
        self.assertEqual([action for action, _, _ in first + second], actions)

    def test_a_subscription_by_mail_waits_to_be_confirmed(self):
        topic = self.topics.create_topic(Name="oncall")["TopicArn"]
        self.assertEqual(self.topics.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"], [])
        self.topics.subscribe(TopicArn=topic, Protocol="email", Endpoint="oncall@example.com")
        self.topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{self.account}:queue")
        found = self.topics.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        self.assertEqual([one["SubscriptionArn"] == "PendingConfirmation" for one in found], [True, False])


if __name__ == "__main__":
    unittest.main()
