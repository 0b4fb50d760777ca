"""Streams that take nothing for a while because too much was written, where a test asks for it.

``POST /_cwl2le/accounts/ID/throttle`` with ``{"region": ..., "stream": ..., "throttled": true}``: PutRecord and PutRecords are
refused, and what CloudWatch Logs would deliver waits, as it does on AWS, until the same request with ``false``.
"""

import json
import re

_PATH = re.compile(r"/_cwl2le/accounts/(\d{12})/throttle")
CODE = "ProvisionedThroughputExceededException"


class Throttling:
    """The streams that are throttled, each with the deliveries that wait for it."""

    def __init__(self, responses, measured):
        self.responses, self.measured = responses, measured
        self.waiting = responses.AccountRegionScopedDict()

    def refuses(self, stream, records):
        """Whether a stream of this name refuses records now, which is counted."""
        if stream not in self.waiting:
            return False
        self.measured.write_refused(stream, records)
        return True

    def holds_back(self, stream, deliver):
        """Makes a delivery to a throttled stream wait until it takes records again; whether it waits."""
        waits = self.refuses(stream, 1)
        if waits:
            self.waiting[stream].append(deliver)
        return waits

    def answer(self, method, path, body):
        """The answer to a request to throttle a stream or to end it, or None where it is not for here."""
        match = _PATH.fullmatch(path)
        if match is None or method != "POST":
            return None
        wanted = json.loads(body)
        with self.responses.request_scope(match.group(1), wanted["region"]):
            if wanted["throttled"]:
                self.waiting.setdefault(wanted["stream"], [])
            else:
                for deliver in self.waiting.pop(wanted["stream"], []):
                    deliver()
        return {}
