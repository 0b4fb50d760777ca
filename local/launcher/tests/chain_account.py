"""A chain on a running local AWS: a function that answers by a script, log groups with filters, and a mapping."""

import gzip
import io
import json
import os
import sys
import tempfile
import time
import zipfile

from account import AccountTest, until

# Notes what it is invoked with, and answers with the next line of its script: null when that ends.
BOOTSTRAP = f"""#!{sys.executable}
import json, os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
count = 0
while True:
    with urllib.request.urlopen(api + "next") as invocation:
        event, request_id = json.load(invocation), invocation.headers["Lambda-Runtime-Aws-Request-Id"]
    numbers = [record["kinesis"]["sequenceNumber"] for record in event["Records"]]
    with open(os.environ["SEEN"], "a") as seen:
        seen.write(json.dumps(numbers) + "\\n")
    script = json.loads(os.environ["SCRIPT"])
    step = script[count] if count < len(script) else None
    count += 1
    print("invocation", count, flush=True)
    answer, outcome = step, "response"
    if step == "fail":
        answer, outcome = {{"errorMessage": "told to", "errorType": "Told"}}, "error"
    elif isinstance(step, list):
        answer = {{"batchItemFailures": [{{"itemIdentifier": numbers[index]}} for index in step]}}
    urllib.request.urlopen(api + request_id + "/" + outcome, json.dumps(answer).encode()).read()
"""


class ChainTest(AccountTest):
    """With what makes the parts of a chain, and looks at what passed through them."""

    def make_group(self, name, **options):
        self.logs.create_log_group(logGroupName=name, **options)
        if options.get("logGroupClass", "STANDARD") == "STANDARD":
            self.logs.create_log_stream(logGroupName=name, logStreamName="one")
        return name

    def subscribe(self, group, pattern="", name="filter", **changes):
        self.logs.put_subscription_filter(
            **{"logGroupName": group, "filterName": name, "filterPattern": pattern, "destinationArn": self.stream,
               "roleArn": self.role, **changes}
        )

    def put(self, group, *messages):
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": message} for message in messages]
        self.logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)

    def records(self, stream="stream"):
        found = []
        for shard in self.kinesis.list_shards(StreamName=stream)["Shards"]:
            iterator = self.kinesis.get_shard_iterator(
                StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            found += self.kinesis.get_records(ShardIterator=iterator)["Records"]
        return found

    def payloads(self):
        return [json.loads(gzip.decompress(record["Data"])) for record in self.records()]

    def make_function(self, script, actions=("kinesis:*", "logs:PutLogEvents"), **mapping):
        self.execution = self.make_role("execution", "lambda.amazonaws.com", list(actions), "*")
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as zipped:
            bootstrap = zipfile.ZipInfo("bootstrap")
            bootstrap.external_attr = 0o755 << 16
            zipped.writestr(bootstrap, BOOTSTRAP)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.seen_path = os.path.join(folder.name, "seen")
        self.functions.create_function(
            FunctionName="function", Runtime="provided.al2023", Handler="bootstrap", Role=self.execution, Timeout=5,
            Code={"ZipFile": archive.getvalue()},
            Environment={"Variables": {"SEEN": self.seen_path, "SCRIPT": json.dumps(script)}},
        )
        self.put_records(4)
        options = {"StartingPosition": "TRIM_HORIZON", "FunctionResponseTypes": ["ReportBatchItemFailures"], **mapping}
        self.mapping = self.functions.create_event_source_mapping(
            FunctionName="function", EventSourceArn=self.stream, BatchSize=options.pop("BatchSize", 10), **options
        )["UUID"]

    def put_records(self, count):
        records = [{"Data": f"{number}".encode(), "PartitionKey": "key"} for number in range(count)]
        self.kinesis.put_records(StreamName="stream", Records=records)

    def seen(self):
        """What the function was invoked with so far: positions in the stream, per invocation."""
        order = {record["SequenceNumber"]: index for index, record in enumerate(self.records())}
        try:
            with open(self.seen_path) as lines:
                return [[order[number] for number in json.loads(line)] for line in lines]
        except FileNotFoundError:
            return []

    def expect(self, *invocations):
        until(f"the function has seen {invocations}", lambda: len(self.seen()) >= len(invocations))
        self.assertEqual(self.seen(), list(invocations))
