"""Reads that lag behind writes, on a running local AWS; ``account`` says how to run it."""

import json
import time
import unittest

from account import AccountTest, until

KIND = "SUBSCRIPTION_FILTER_POLICY"


class Lagging(AccountTest):
    def put_policy(self, name):
        document = {"DestinationArn": self.stream, "RoleArn": self.role, "FilterPattern": ""}
        self.logs.put_account_policy(policyName=name, policyType=KIND, policyDocument=json.dumps(document))

    def policies(self):
        found = self.logs.describe_account_policies(policyType=KIND)["accountPolicies"]
        return [policy["policyName"] for policy in found]

    def filters(self, group):
        found = self.logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
        return [found["filterName"] for found in found]

    def test_nothing_lags_unless_it_is_asked_for(self):
        self.put_policy("one")
        self.assertEqual(self.policies(), ["one"])

    def test_a_write_is_not_shown_by_the_next_answers(self):
        self.control("lag", operation="logs:DescribeAccountPolicies", answers=2)
        self.put_policy("one")
        self.assertEqual([self.policies() for _ in range(3)], [[], [], ["one"]])
        self.logs.delete_account_policy(policyName="one", policyType=KIND)
        self.assertEqual([self.policies() for _ in range(3)], [["one"], ["one"], []])

    def test_two_writes_are_hidden_together(self):
        self.control("lag", operation="logs:DescribeAccountPolicies", answers=1)
        self.put_policy("one")
        self.logs.delete_account_policy(policyName="one", policyType=KIND)
        self.put_policy("two")
        self.assertEqual([self.policies() for _ in range(2)], [[], ["two"]])

    def test_a_write_is_not_shown_for_a_time(self):
        group = self.logs.create_log_group(logGroupName="/app") and "/app"
        self.control("lag", operation="logs:DescribeSubscriptionFilters", seconds=600)
        self.logs.put_subscription_filter(
            logGroupName=group, filterName="hidden", filterPattern="", destinationArn=self.stream, roleArn=self.role
        )
        self.assertEqual(self.filters(group), [])
        self.control("lag", operation="logs:DescribeSubscriptionFilters", seconds=0.2)
        until("the filter is shown", lambda: self.filters(group) == ["hidden"])
        begun = time.monotonic()
        self.logs.delete_subscription_filter(logGroupName=group, filterName="hidden")
        until("the filter is gone", lambda: self.filters(group) == [])
        self.assertGreaterEqual(time.monotonic() - begun, 0.2)

    def test_other_operations_and_accounts_do_not_lag(self):
        self.control("lag", operation="iam:ListRoles", answers=100)
        self.iam.create_role(RoleName="new", AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[]}')
        self.assertEqual(self.iam.get_role(RoleName="new")["Role"]["RoleName"], "new")
        self.assertEqual([role["RoleName"] for role in self.iam.list_roles()["Roles"]], ["to-kinesis"])
        self.control("lag")
        self.assertEqual(len(self.iam.list_roles()["Roles"]), 2)

    def test_a_role_that_has_not_propagated_cannot_be_assumed(self):
        self.logs.create_log_group(logGroupName="/app")
        self.control("lag", operation="iam:AssumeRole", answers=1)
        new = self.make_role("new", "logs.amazonaws.com", "kinesis:PutRecord", self.stream)
        filter = {"logGroupName": "/app", "filterName": "f", "filterPattern": "", "destinationArn": self.stream, "roleArn": new}
        code, message = self.refusal(self.logs.put_subscription_filter, **filter)
        self.assertIn("permission to assume the provided role", message)
        self.logs.put_subscription_filter(**filter)

    def test_a_policy_just_after_a_deletion_can_be_one_too_many(self):
        self.put_policy("one")
        self.control("lag", operation="logs:PutAccountPolicy", answers=1)
        self.logs.delete_account_policy(policyName="one", policyType=KIND)
        self.assertEqual(self.refusal(self.put_policy, "two")[0], "LimitExceededException")
        self.put_policy("two")
        self.assertEqual(self.policies(), ["two"])


if __name__ == "__main__":
    unittest.main()
