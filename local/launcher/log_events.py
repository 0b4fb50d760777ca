"""Events of log groups: the ids that they have everywhere, and FilterLogEvents with pages, order and patterns.

An id is 56 digits, beginning with the event's time, so that events in the order of their ids are in the order of time.
A subscription delivers an event with the same id that FilterLogEvents shows.
"""

import base64
import bisect
import contextvars
import heapq
import itertools
import json

from patterns import PatternError, compile_pattern
from refusals import Refused, answering

# A page holds at most so many events and so many bytes of messages. More events than it may hold are never looked at for
# one page, so that a page may be empty though the next one is not, as on AWS.
PAGE_EVENTS, PAGE_BYTES = 10_000, 1_000_000
# Newest first is only for what came after the beginning of 2024.
_NEWEST_FIRST_SINCE = 1_704_067_200_000
_numbers = itertools.count()
# The ids of the events that were appended last in this context: they are forwarded right after.
_appended = contextvars.ContextVar("appended", default=())


class LogEvents:
    """Takes the place of what ministack has for events."""

    def __init__(self, logs, responses):
        self.logs, self.responses, self.append = logs, responses, logs._append_log_events

    def install(self):
        """Takes the place of ministack's functions, which are then called from here."""
        self.logs._append_log_events = self.appended
        self.handle, self.logs.handle_request = self.logs.handle_request, self.request
        self.logs._filter_log_events = answering(self.responses, self.filter)

    async def request(self, method, path, headers, body, query_params):
        """Adds TestMetricFilter."""
        if headers.get("x-amz-target", "").endswith(".TestMetricFilter"):
            return answering(self.responses, self.test)(json.loads(body or b"{}"))
        return await self.handle(method, path, headers, body, query_params)

    def test(self, data):
        """TestMetricFilter, without the values that a pattern of fields extracts."""
        matches = _matching(data)
        numbered = enumerate(data["logEventMessages"], 1)
        found = [{"eventNumber": n, "eventMessage": message} for n, message in numbered if matches(message)]
        return self.responses.json_response({"matches": found})

    def appended(self, stream, events):
        """Events come into a log stream, and get their ids."""
        for event in events:
            event["eventId"] = f"{event['timestamp']:029d}{next(_numbers):027d}"
        _appended.set(tuple(event["eventId"] for event in events))
        self.append(stream, events)

    def filter(self, data):
        """FilterLogEvents."""
        name = self.logs._resolve_log_group_name(data)
        group = self.logs._log_groups.get(name)
        if group is None:
            raise Refused("ResourceNotFoundException", f"The specified log group does not exist: {name}")
        if data.get("logStreamNames") and data.get("logStreamNamePrefix"):
            raise Refused("InvalidParameterException", "Give logStreamNames or logStreamNamePrefix, not both.")
        matches = _matching(data)
        newest_first, after = _continued(data)
        found = self._candidates(group, data, newest_first, after)
        limit, size, page, seen = data.get("limit", PAGE_EVENTS), 0, [], None
        for number, (_, event, stream) in enumerate(found):
            message = event["message"]
            if number == PAGE_EVENTS or len(page) == limit or (page and size + len(message.encode()) > PAGE_BYTES):
                token = {"nextToken": _token(data, newest_first, seen)}
                break
            seen = event["eventId"]
            if matches(message):
                size += len(message.encode())
                page.append({**event, "logStreamName": stream})
        else:
            token = {}
        return self.responses.json_response({"events": page, "searchedLogStreams": [], **token})

    def _candidates(self, group, data, newest_first, after):
        """Ids with events and the names of their streams, in order, of the time and the streams that are asked for."""
        # Ids compare as times do; the end is part of what is asked for.
        since, until = f"{data.get('startTime', 0):029d}", f"{data['endTime'] + 1:029d}" if "endTime" in data else "9" * 56
        names, prefix, runs = data.get("logStreamNames"), data.get("logStreamNamePrefix", ""), []
        with self.logs._log_events_lock:
            for name, stream in list(group["streams"].items()):
                if (names and name not in names) or not name.startswith(prefix):
                    continue
                history = stream["events"]
                first = bisect.bisect_left(history, since, key=_id)
                last = bisect.bisect_left(history, until, key=_id)
                if after and newest_first:
                    last = min(last, bisect.bisect_left(history, after, key=_id))
                elif after:
                    first = max(first, bisect.bisect_right(history, after, key=_id))
                if first < last:
                    runs.append(_run(history, name, range(first, last)[:: -1 if newest_first else 1]))
        return heapq.merge(*runs, key=lambda found: found[0], reverse=newest_first)


def just_appended(events):
    """The events that have just been appended in this context, with their ids."""
    return [{**event, "eventId": known} for event, known in zip(events, _appended.get(), strict=True)]


def _run(history, stream, places):
    for place in places:
        event = history[place]
        yield event["eventId"], event, stream


def _id(event):
    return event["eventId"]


def _asked(data):
    return [data.get(key) for key in ("logGroupName", "logGroupIdentifier", "filterPattern", "startTime", "endTime")]


def _token(data, newest_first, seen):
    return base64.urlsafe_b64encode(json.dumps([newest_first, seen, _asked(data)]).encode()).decode()


def _continued(data):
    """Whether the newest events come first, and the id of the last one that earlier pages have looked at."""
    if "nextToken" in data:
        try:
            newest_first, seen, asked = json.loads(base64.urlsafe_b64decode(data["nextToken"]))
        except (ValueError, TypeError):
            asked = None
        if asked != _asked(data):
            raise Refused("InvalidParameterException", "The specified nextToken is invalid.")
        return newest_first, seen
    newest_first = data.get("startFromHead") is False
    if newest_first and data.get("startTime", 0) < _NEWEST_FIRST_SINCE:
        raise Refused(
            "InvalidParameterException", "startFromHead may be false only with a startTime on or after January 1, 2024."
        )
    return newest_first, None


def _matching(data):
    """The predicate of a request's filter pattern."""
    try:
        return compile_pattern(data.get("filterPattern"))
    except PatternError as error:
        raise Refused("InvalidParameterException", f"Invalid filter pattern: {error}") from error
