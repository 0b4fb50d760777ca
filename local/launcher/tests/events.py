"""FilterLogEvents on a running local AWS; ``account`` says how to run it."""

import time
import unittest

from chain_account import ChainTest

NOW = int(time.time() * 1000) - 60_000


class Events(ChainTest):
    def append(self, group, stream, *pairs):
        """Writes events, each a time in milliseconds after the beginning and a message."""
        events = [{"timestamp": NOW + after, "message": message} for after, message in pairs]
        self.logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def make(self, *streams):
        self.logs.create_log_group(logGroupName="/app")
        for stream in streams:
            self.logs.create_log_stream(logGroupName="/app", logStreamName=stream)

    def page(self, **options):
        return self.logs.filter_log_events(**{"logGroupName": "/app", "startTime": NOW, **options})

    def pages(self, **options):
        """The messages of each page."""
        found = []
        while True:
            page = self.page(**options)
            found.append([event["message"] for event in page["events"]])
            if "nextToken" not in page:
                return found
            options["nextToken"] = page["nextToken"]

    def test_streams_are_interleaved_in_either_order_and_by_pages(self):
        self.make("one", "two")
        self.append("/app", "one", (0, "a"), (20, "c"), (40, "e"))
        self.append("/app", "two", (10, "b"), (20, "d"))
        self.assertEqual(self.pages(), [["a", "b", "c", "d", "e"]])
        self.assertEqual(self.pages(limit=2), [["a", "b"], ["c", "d"], ["e"]])
        self.assertEqual(self.pages(startFromHead=False, limit=2), [["e", "d"], ["c", "b"], ["a"]])
        self.assertEqual(self.pages(startTime=NOW + 10, endTime=NOW + 20), [["b", "c", "d"]], "the end is included")
        self.assertEqual(self.pages(logStreamNames=["two"], startFromHead=False), [["d", "b"]])
        self.assertEqual(self.pages(logStreamNamePrefix="on"), [["a", "c", "e"]])
        self.assertEqual(self.pages(logStreamNamePrefix="none"), [[]])

    def test_a_pattern_is_tried_on_messages(self):
        tried = self.logs.test_metric_filter(filterPattern="{ $.a > 1 }", logEventMessages=['{"a":1}', '{"a":2}', "a"])
        self.assertEqual([(match["eventNumber"], match["eventMessage"]) for match in tried["matches"]], [(2, '{"a":2}')])
        with self.assertRaisesRegex(self.logs.exceptions.InvalidParameterException, "Invalid filter pattern: .*ends too early"):
            self.logs.test_metric_filter(filterPattern="{ $.a > }", logEventMessages=["a"])

    def test_events_that_come_between_two_pages_are_neither_lost_nor_shown_twice(self):
        self.make("one")
        self.append("/app", "one", (0, "a"), (10, "b"), (10, "c"))
        first = self.page(limit=2)
        newest = self.page(limit=1, startFromHead=False)
        self.append("/app", "one", (10, "d"), (20, "e"))
        self.assertEqual(self.pages(nextToken=first["nextToken"]), [["c", "d", "e"]])
        self.assertEqual(self.pages(nextToken=newest["nextToken"]), [["b", "a"]])

    def test_a_page_may_be_empty_though_the_next_is_not(self):
        self.make("one")
        for batch in range(3):
            self.append("/app", "one", *((batch, "no") for _ in range(4_000)))
        self.append("/app", "one", (5, "yes"))
        self.assertEqual(self.pages(filterPattern="yes"), [[], ["yes"]])
        self.assertEqual([len(page) for page in self.pages()], [10_000, 2_001])

    def test_a_page_holds_at_most_a_megabyte(self):
        self.make("one")
        for number in range(5):
            self.append("/app", "one", (number, "x" * 240_000), (number, "y" * 10))
        self.assertEqual([len(page) for page in self.pages()], [8, 2])

    def test_patterns_are_the_ones_of_subscriptions(self):
        self.make("one")
        self.append("/app", "one", (0, '{"n": 5, "s": "one"}'), (1, '{"n": 6, "s": "two"}'), (2, "ERROR three"), (3, "WARN four"))
        self.assertEqual(self.pages(filterPattern="{ $.n = 5 }"), [['{"n": 5, "s": "one"}']])
        self.assertEqual(self.pages(filterPattern="?ERROR ?WARN"), [["ERROR three", "WARN four"]])
        self.assertEqual(self.pages(filterPattern="-one -two -three"), [["WARN four"]])
        self.assertEqual(self.pages(filterPattern="ERROR", startFromHead=False), [["ERROR three"]])

    def test_what_aws_refuses_is_refused(self):
        self.make("one")
        self.append("/app", "one", (0, "a"), (10, "b"))
        token = self.page(limit=1)["nextToken"]
        for options in [
            {"nextToken": "other"}, {"nextToken": token, "filterPattern": "b"}, {"filterPattern": "{ $.n ~ 1 }"},
            {"startFromHead": False, "startTime": 1_700_000_000_000}, {"limit": 0},
            {"logStreamNames": ["one"], "logStreamNamePrefix": "o"},
        ]:
            with self.subTest(**options):
                self.assertEqual(self.refusal(self.page, **options)[0], "InvalidParameterException")
        self.assertEqual(self.refusal(self.page, logGroupName="/none")[0], "ResourceNotFoundException")

    def test_an_event_has_one_id_wherever_it_is_seen(self):
        self.make("one")
        self.subscribe("/app", pattern="yes")
        self.append("/app", "one", (0, "no"), (1, "yes"), (2, "yes too"))
        delivered = [event["id"] for event in self.payloads()[1]["logEvents"]]
        self.assertEqual([event["eventId"] for event in self.page(filterPattern="yes")["events"]], delivered)
        self.assertEqual({len(known) for known in delivered}, {56})


if __name__ == "__main__":
    unittest.main()
