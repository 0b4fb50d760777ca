"""Versions and aliases on a running local AWS: a mapping on an alias follows it.

``account`` says how to run it.
"""

import json
import unittest

from account import until
from chain_account import ChainTest


class Aliases(ChainTest):
    def logged_versions(self):
        """The versions that the function's log has lines of, in the order of their invocations."""
        group = "/aws/lambda/function"
        if not self.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            return []
        events = self.logs.filter_log_events(logGroupName=group, filterPattern="START")["events"]
        return [event["message"].rsplit(" ", 1)[-1] for event in events]

    def publish(self, **changes):
        """Publishes a version, after a change of the function where there is one."""
        if changes:
            self.functions.update_function_configuration(FunctionName="function", **changes)
        until("the function is active", lambda: self.configuration()["State"] == "Active")
        return self.functions.publish_version(FunctionName="function")["Version"]

    def configuration(self):
        return self.functions.get_function_configuration(FunctionName="function")

    def alias(self, call, version, **options):
        return call(FunctionName="function", Name="live", FunctionVersion=version, **options)

    def test_a_mapping_moves_to_an_alias_and_follows_it_from_where_it_was(self):
        self.make_function([], actions=("kinesis:*", "logs:*"))
        self.expect([0, 1, 2, 3])
        first = self.publish(Description="first")
        self.assertEqual(self.publish(), first, "nothing changed since")
        made = self.alias(self.functions.create_alias, first)
        changed = self.functions.update_event_source_mapping(UUID=self.mapping, FunctionName="function:live")
        self.assertTrue(changed["FunctionArn"].endswith(":function:function:live"))
        self.put_records(1)
        self.expect([0, 1, 2, 3], [4])
        second = self.publish(Description="second")
        self.put_records(1)
        self.expect([0, 1, 2, 3], [4], [5])
        code, _ = self.refusal(self.alias, self.functions.update_alias, second, RevisionId="another")
        self.assertEqual(code, "PreconditionFailedException")
        self.alias(self.functions.update_alias, second, RevisionId=made["RevisionId"])
        self.put_records(1)
        self.expect([0, 1, 2, 3], [4], [5], [6])
        self.alias(self.functions.update_alias, first)
        self.put_records(1)
        self.expect([0, 1, 2, 3], [4], [5], [6], [7])
        until("all is logged", lambda: self.logged_versions() == ["$LATEST", first, first, second, first])
        code, _ = self.refusal(self.functions.delete_function, FunctionName="function", Qualifier=first)
        self.assertEqual(code, "ResourceConflictException")
        self.functions.delete_function(FunctionName="function", Qualifier=second)
        self.functions.delete_function(FunctionName="function")
        self.assertEqual(self.refusal(self.functions.get_alias, FunctionName="function", Name="live")[0], "ResourceNotFoundException")

    def test_what_aws_refuses_of_versions_and_aliases_is_refused(self):
        self.make_function([])
        first = self.publish()
        code, message = self.refusal(self.alias, self.functions.create_alias, "7")
        self.assertEqual(code, "ResourceNotFoundException")
        self.assertIn("function:function:7", message)
        self.alias(self.functions.create_alias, first)
        self.assertEqual(self.refusal(self.alias, self.functions.create_alias, first)[0], "ResourceConflictException")
        self.assertEqual(self.refusal(self.alias, self.functions.update_alias, "7")[0], "ResourceNotFoundException")
        code, _ = self.refusal(self.functions.publish_version, FunctionName="function", CodeSha256="other")
        self.assertEqual(code, "InvalidParameterValueException")
        self.functions.update_function_configuration(FunctionName="function", MemorySize=256)
        self.assertEqual(self.refusal(self.functions.publish_version, FunctionName="function")[0], "ResourceConflictException")
        until("the function is active", lambda: self.configuration()["State"] == "Active")

    def test_an_alias_has_a_mapping_of_its_own_and_only_one(self):
        self.make_function([])
        self.alias(self.functions.create_alias, self.publish())
        arn = self.functions.get_function(FunctionName="function")["Configuration"]["FunctionArn"]
        create = lambda name: self.functions.create_event_source_mapping(
            FunctionName=name, EventSourceArn=self.stream, StartingPosition="LATEST", Enabled=False
        )
        made = create("function:live")
        self.assertEqual((made["FunctionArn"], made["BatchSize"]), (f"{arn}:live", 100))
        for name in ("function:live", f"{arn}:live"):
            code, message = self.refusal(create, name)
            self.assertEqual(code, "ResourceConflictException")
            self.assertIn(made["UUID"], message)
        for name in ("function", arn):
            self.assertIn(self.mapping, self.refusal(create, name)[1])

    def test_a_function_and_its_alias_have_mappings_of_their_own(self):
        self.make_function([])
        self.alias(self.functions.create_alias, self.publish())
        other = self.functions.create_event_source_mapping(
            FunctionName="function:live", EventSourceArn=self.stream, StartingPosition="TRIM_HORIZON"
        )["UUID"]
        for name, expected in [("function", self.mapping), ("function:live", other)]:
            listed = self.functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
            self.assertEqual([found["UUID"] for found in listed], [expected])
        update = self.functions.update_event_source_mapping
        code, message = self.refusal(update, UUID=self.mapping, FunctionName="function:live")
        self.assertEqual(code, "ResourceConflictException")
        self.assertIn(other, message)

    def test_concurrency_is_reserved_for_all_versions(self):
        self.make_function([])
        self.expect([0, 1, 2, 3])
        first = self.publish()
        self.functions.put_function_concurrency(FunctionName="function", ReservedConcurrentExecutions=0)
        code, _ = self.refusal(
            self.functions.invoke, FunctionName="function", Qualifier=first, Payload=json.dumps({"Records": []})
        )
        self.assertEqual(code, "TooManyRequestsException")

    def test_a_version_that_is_published_again_after_an_account_was_put_back_is_the_new_one(self):
        self.make_function([])
        self.expect([0, 1, 2, 3])
        until("the function is active", lambda: self.configuration()["State"] == "Active")
        self.control("keep/1")
        numbers = []
        for answer in ("one", "another"):
            variables = {"SEEN": self.seen_path, "SCRIPT": json.dumps([answer] * 9)}
            numbers.append(self.publish(Environment={"Variables": variables}))
            for name in (numbers[-1], "$LATEST"):
                events = json.dumps({"Records": []})
                ran = self.functions.invoke(FunctionName="function", Qualifier=name, Payload=events)
                self.assertEqual(json.load(ran["Payload"]), answer, name)
            self.control("restore/1")
        self.assertEqual(numbers[0], numbers[1])


if __name__ == "__main__":
    unittest.main()
