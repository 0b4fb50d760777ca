"""Reads that lag behind writes, where a test asks for it.

AWS answers many reads from copies that learn of a write later, IAM's for minutes. A test says which operation lags, in
which account, and by how much:

- ``POST /_cwl2le/accounts/ID/lag`` with ``{"operation": "logs:DescribeAccountPolicies", "answers": 3}``: the next three
  answers of the operation do not show a write yet. ``{"seconds": 1.5}`` in place of answers: none shows it for that time.
- ``{}`` ends all lags of the account.

The operations are those of ``logs``, ``kinesis``, ``lambda`` and ``iam`` that read, and two that look at something before
they act on it: ``logs:PutAccountPolicy`` counts the policies that there seem to be, so that it may refuse one more just
after a deletion, and ``iam:AssumeRole`` stands for what other services see of a role and its policies.

A lagging operation sees the whole account as it was before the write. What is written meanwhile is in force all the
same: events are delivered, and other operations see it.
"""

import collections
import contextlib
import contextvars
import json
import re
import time

import operations

_PATH = re.compile(r"/_cwl2le/accounts/(\d{12})/lag")
# Data passes through them, and what there is stays the same.
_FLOW = {"PutRecord", "PutRecords", "PutLogEvents", "Invoke", "InvokeAsync"}
# What the stores show while a lagging operation reads, by the id of the store; None is what there is.
_view = contextvars.ContextVar("view", default=None)


class Lag:
    """The lags of every account, and the accounts as they were before the latest writes."""

    def __init__(self, responses):
        self.responses, self.copy_of = responses, None
        self.lags = collections.defaultdict(dict)
        self.before = collections.defaultdict(list)

    def install(self, services, copy_of):
        """Puts the services' handlers behind the lag; ``copy_of`` gives pairs of store and contents of an account."""
        self.copy_of = copy_of
        for kind in (self.responses.AccountScopedDict, self.responses.AccountRegionScopedDict):
            _show_view(kind)
        for service, module in services.items():
            module.handle_request = self._lagging(service, module.handle_request)

    def answer(self, method, path, body):
        """The answer to a request for a lag, or None where it is not for here."""
        match = _PATH.fullmatch(path)
        if match is None or method != "POST":
            return None
        account, wanted = match.group(1), json.loads(body or b"{}")
        if wanted:
            self.lags[account][wanted["operation"]] = (wanted.get("answers"), wanted.get("seconds"))
        else:
            self.lags.pop(account, None)
            self.before.pop(account, None)
        return {}

    @contextlib.contextmanager
    def seen_by(self, operation):
        """What the operation sees, in the current account."""
        token = _view.set(self._view(self.responses.get_account_id(), operation))
        try:
            yield
        finally:
            _view.reset(token)

    def reset(self):
        """Ends all lags of all accounts."""
        self.lags.clear()
        self.before.clear()

    def _lagging(self, service, handle):
        async def lagging(method, path, headers, body, query_params):
            account = self.responses.get_account_id()
            if account not in self.lags:
                return await handle(method, path, headers, body, query_params)
            operation = operations.called(service, method, path, headers, body)
            if operation and operations.reads(operation):
                with self.seen_by(f"{service}:{operation}"):
                    return await handle(method, path, headers, body, query_params)
            if operation not in _FLOW:
                self.before[account].append(_Before(self.copy_of(account)))
            return await handle(method, path, headers, body, query_params)

        return lagging

    def _view(self, account, operation):
        """The account before the oldest write that the operation does not show yet."""
        answers, seconds = self.lags.get(account, {}).get(operation, (None, None))
        hiding = []
        if answers is not None:
            hiding = [before for before in self.before[account] if before.hidden[operation] < answers]
            for before in hiding:
                before.hidden[operation] += 1
        elif seconds is not None:
            since = time.monotonic() - seconds
            hiding = [before for before in self.before[account] if before.time > since]
        return {id(store): entries for store, entries in hiding[0].contents} if hiding else None


class _Before:
    """An account as it was before a write, and how often each operation has shown it since."""

    def __init__(self, contents):
        self.time, self.contents, self.hidden = time.monotonic(), contents, collections.Counter()


def _show_view(kind):
    """Makes the stores of a kind show the view where there is one."""
    own = kind._data

    def data(store):
        view = _view.get()
        there = own.__get__(store) if view is None else view.get(id(store))
        return own.__get__(store) if there is None else there

    kind._data = property(data, own.__set__)
